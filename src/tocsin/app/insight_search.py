"""The Insights of an archive: calls are counted while its files are read, and judged afterwards. Spec: CT-17, IF-1.

Rule: the answer depends on the records alone, ids included. What does not fit into memory ends the search with an
error, never with fewer Insights; of more Insights than a report holds the later ones are counted.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.app.report import InsightReading
from tocsin.core.insight.call import CALL_PATHS, InsightKey, call_of
from tocsin.core.insight.course import insights_of
from tocsin.core.insight.record import end_record, insight_id, shares_of, start_record
from tocsin.core.insight.tally import CallTally
from tocsin.core.tally import Room
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.core.insight.call import Api, Call
    from tocsin.core.insight.course import InsightSpan
    from tocsin.core.insight.judgement import InsightRules
    from tocsin.core.insight.tally import ApiCalls

_MIB = 1024 * 1024

# Memory for the cells of one task and of all, and for the names of callers.
_ROOM_OF_A_TASK, _WORDS_OF_A_TASK = 96 * _MIB, 24 * _MIB
_ROOM_OF_ALL, _WORDS_OF_ALL = 256 * _MIB, 64 * _MIB

MOST_INSIGHTS = 10_000
"""Insights that a report holds, the earliest ones."""


def new_tally(*, is_whole: bool = False) -> CallTally:
    """A tally for the calls of a task, or for those of all."""
    if is_whole:
        return CallTally(Room(_ROOM_OF_ALL), Room(_WORDS_OF_ALL))
    return CallTally(Room(_ROOM_OF_A_TASK), Room(_WORDS_OF_A_TASK))


class CallTap:
    """Is shown every record that a reader selects, and gives on the calls among them."""

    def __init__(self, take: Callable[[int, Call, str], None], *, with_ids: bool = False) -> None:
        """`take` is given the second, the call and, if asked for, the eventID, empty where there is none."""
        self._take = take
        self._with_ids = with_ids
        self.paths = (*CALL_PATHS, ("eventID",)) if with_ids else CALL_PATHS

    def see(self, second: int, values: Sequence[object]) -> None:
        """A record of that second, with its values at `paths`."""
        ident: object = ""
        if self._with_ids:
            *values, ident = values
        call = call_of(values)
        if call is not None:
            self._take(second, call, ident if type(ident) is str else "")


class _Found(NamedTuple):
    """An Insight: what its place in a report depends on, and its records."""

    first: int
    api: Api
    error_code: str
    records: list[dict[str, Any]]


def find_insights(
    tally: CallTally, rules: InsightRules, *, most: int = MOST_INSIGHTS
) -> tuple[list[dict[str, Any]], InsightReading]:
    """The Insights records of an archive, by their time, and what they were found in. The tally is used up.

    `most` Insights at most. InputError when the tally is full.
    """
    if tally.is_full:
        raise InputError(
            "--insights: the calls lie in more minutes, or are of more APIs and callers, than fit into memory",
            hint="scan a shorter span (--since, --until), or one account or region at a time (--account, --region)",
        )
    waiting = rules.waiting_minutes
    reading = InsightReading(
        calls=tally.calls,
        apis=len(tally),
        accounts=len(tally.spans),
        too_short=sorted(account for account, (first, last) in tally.spans.items() if last + 1 - first < waiting),
        unclassified=tally.unclassified,
        min_hours=rules.min_hours,
    )
    kept: list[_Found] = []
    total = 0
    horizon: tuple[int, Api, str] | None = None
    for calls in tally.apis():
        first, last = tally.spans[calls.api.account]
        for code, counts in calls.counts():
            key = InsightKey(calls.api, code)
            for span in insights_of(counts, since=first + waiting, until=last + 1, data_from=first, rules=rules):
                total += 1
                place = (span.opened.first, calls.api, code or "")
                if horizon is None or place < horizon:
                    kept.append(_Found(*place, _records(key, span, calls)))
            if len(kept) >= 2 * most:
                kept = heapq.nsmallest(most, kept, key=_place)
                horizon = _place(kept[-1])
    kept = heapq.nsmallest(most, kept, key=_place)
    reading.found, reading.omitted = total, total - len(kept)
    return sorted((record for one in kept for record in one.records), key=_time), reading


def _place(found: _Found) -> tuple[int, Api, str]:
    return found[:3]


def _time(record: dict[str, Any]) -> str:
    return str(record["eventTime"])


def _records(key: InsightKey, span: InsightSpan, calls: ApiCalls) -> list[dict[str, Any]]:
    """The Start of an Insight, and its End if it has come."""
    opened, closed = span
    shared_id = insight_id(key, opened, "shared")
    baseline = shares_of(key, calls.callers(opened.first - opened.baseline_minutes, opened.first))
    records = [
        start_record(
            key,
            opened,
            event_id=insight_id(key, opened, "Start"),
            shared_id=shared_id,
            shares=shares_of(key, calls.callers(opened.first, opened.opened_at)),
            baseline_shares=baseline,
        )
    ]
    if closed is not None:
        records.append(
            end_record(
                key,
                opened,
                closed,
                event_id=insight_id(key, opened, "End"),
                shared_id=shared_id,
                shares=shares_of(key, calls.callers(opened.first, opened.first + closed.minutes)),
                baseline_shares=baseline,
            )
        )
    return records
