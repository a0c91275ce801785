"""One boundary of the live service: which Insights open there, which go on, which close. Spec: CT-17.1, CT-17.7.

Rule: who gets an Insight is asked of each trail: it has that kind on for as long as the waiting period, and selects
such calls as the Insight is about; the call rate is that of writes. What was called of a key before any such trail
counted is not known, and is no silence.

A silence is looked for in the first minutes after the last call, and at each full hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.definition import Definitions
from tocsin.core.insight.call import Api, InsightKey, InsightType
from tocsin.core.insight.judgement import LONGEST_BASELINE, WINDOW, OpenInsight, advance, close, opening
from tocsin.core.insight.record import Shares, end_record, insight_id, shares_of, start_record
from tocsin.core.scope import Scope
from tocsin.core.trail.routing import trails_of

if TYPE_CHECKING:
    from tocsin.app.call_port import CallReader
    from tocsin.app.store_port import StoreReader
    from tocsin.core.insight.judgement import InsightRules
    from tocsin.core.trail.definition import Trail

_HOUR: Final = 60

MOST_KEYS: Final = 5_000
"""Keys that are judged at a boundary; only records that somebody forged have more. The rest are counted."""

# More callers than these are not told apart: then nothing is said of who called.
_MOST_CALLERS: Final = 50_000

Kind = tuple[str, str]
"""The type of Insights, and the category of events that they are on."""


class LiveInsight(msgspec.Struct, frozen=True, kw_only=True):
    """An Insight that is open: what it is about, how it began and stands, and who called in its baseline."""

    api: Api
    error_code: str | None
    standing: OpenInsight
    baseline_shares: Shares | None

    @property
    def key(self) -> InsightKey:
        """What it is about."""
        return InsightKey(self.api, self.error_code)


OPEN_INSIGHTS: Final = Definitions("insight", LiveInsight)


class ActiveWatch(NamedTuple):
    """A trail that is logging, and since which minute it has which Insights on."""

    trail: Trail
    since: dict[Kind, int]


class _KeyCounts:
    """The calls of one key in one view of the store."""

    def __init__(self, calls: CallReader, key: InsightKey) -> None:
        self._calls = calls
        self._key = key
        self._known: tuple[int, int, int] | None = None  # the baseline that was counted last: start, end, calls

    def between(self, start: int, end: int) -> int:
        """The calls in start <= minute < end."""
        if self._known is None or self._known[0] != start:
            total = self._calls.total(self._key, start=start, end=end)
        else:
            # The baselines of a rise and of a fall begin together, and end a few minutes apart.
            _, until, total = self._known
            if end >= until:
                total += self._calls.total(self._key, start=until, end=end)
            else:
                total -= self._calls.total(self._key, start=end, end=until)
        if end - start > WINDOW:
            self._known = start, end, total
        return total

    def first(self, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        return self._calls.first(self._key, start=start, end=end)

    def last(self, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        return self._calls.last(self._key, start=start, end=end)


class Boundary:
    """What the boundary `at` brings.

    `records` are the Insights records with the trails that they go to; `changed` says by scope and name how an open
    Insight stands after it, None for one that is over. `left_out` counts APIs of which not all was judged.
    """

    def __init__(self, at: int, watches: list[ActiveWatch], rules: InsightRules, *, most_keys: int = MOST_KEYS) -> None:
        self.at = at
        self._most_keys = most_keys
        self.records: list[tuple[dict[str, Any], list[Trail]]] = []
        self.changed: dict[tuple[Scope, str], LiveInsight | None] = {}
        self.opened = 0
        self.closed = 0
        self.left_out = 0
        self._watches = watches
        self._rules = rules

    def judge(self, store: StoreReader) -> None:
        """Look at the open Insights, and at what may open."""
        open_keys: set[InsightKey] = set()
        for scope, name, insight in OPEN_INSIGHTS.scan_all(store):
            open_keys.add(insight.key)
            self._go_on(store.calls, scope, name, insight)
        if self._watches:
            for key in self._keys(store.calls):
                if key not in open_keys:
                    self._open(store.calls, key)

    def _keys(self, calls: CallReader) -> list[InsightKey]:
        """What is looked at: what was called a short while ago; now and then, all that was called in a week."""
        waited = self.at - self._rules.waiting_minutes
        is_thorough = self.at % _HOUR == 0 or any(waited in watch.since.values() for watch in self._watches)
        start = self.at - (LONGEST_BASELINE if is_thorough else WINDOW) - WINDOW
        keys: list[InsightKey] = []
        for api in calls.active(start=start, end=self.at):
            room = self._most_keys - len(keys)
            found = calls.keys(api, start=start, end=self.at, limit=room + 1)
            self.left_out += len(found) > room
            keys += found[:room]
        return keys

    def _shares(self, calls: CallReader, key: InsightKey, start: int, end: int) -> Shares | None:
        """Who called in start <= minute < end; None where that is not known in full."""
        callers = calls.callers(key.api, start=start, end=end, limit=_MOST_CALLERS + 1)
        return None if len(callers) > _MOST_CALLERS else shares_of(key, callers)

    def _open(self, calls: CallReader, key: InsightKey) -> None:
        recipients = self._recipients(key)
        if not recipients:
            return
        kind = (str(key.insight_type), key.api.category)
        data_from = min(watch.since[kind] for watch in recipients)
        found = opening(_KeyCounts(calls, key), self.at, self._rules, data_from=data_from)
        if found is None:
            return
        baseline = self._shares(calls, key, found.first - found.baseline_minutes, found.first)
        shared_id = insight_id(key, found, "shared")
        record = start_record(
            key,
            found,
            event_id=insight_id(key, found, "Start"),
            shared_id=shared_id,
            shares=self._shares(calls, key, found.first, self.at),
            baseline_shares=baseline,
        )
        self.opened += 1
        self.records.append((record, [watch.trail for watch in recipients]))
        self.changed[Scope(key.api.account, key.api.region), shared_id] = LiveInsight(
            api=key.api, error_code=key.error_code, standing=found, baseline_shares=baseline
        )

    def _go_on(self, calls: CallReader, scope: Scope, name: str, insight: LiveInsight) -> None:
        key = insight.key
        recipients = self._recipients(key)
        if not recipients:
            # Nobody counts any more, so nobody can say when it ends (CT-17.2).
            self.changed[scope, name] = None
            return
        if self.at <= insight.standing.opened_at:
            return
        counts = _KeyCounts(calls, key)
        standing = advance(insight.standing, counts, self.at, self._rules)
        if not standing.is_over:
            if standing != insight.standing:
                self.changed[scope, name] = msgspec.structs.replace(insight, standing=standing)
            return
        closed = close(standing, counts, self.at)
        record = end_record(
            key,
            standing,
            closed,
            event_id=insight_id(key, standing, "End"),
            shared_id=name,
            shares=self._shares(calls, key, standing.first, standing.first + closed.minutes),
            baseline_shares=insight.baseline_shares,
        )
        self.closed += 1
        self.records.append((record, [watch.trail for watch in recipients]))
        self.changed[scope, name] = None

    def _recipients(self, key: InsightKey) -> list[ActiveWatch]:
        """Who gets Insights of a key: whoever has waited long enough, and selects such calls."""
        kind = (str(key.insight_type), key.api.category)
        waited = self.at - self._rules.waiting_minutes
        return [
            watch
            for watch in self._watches
            if watch.since.get(kind, self.at + 1) <= waited and _selects_calls_of(watch.trail, key)
        ]


def _selects_calls_of(trail: Trail, key: InsightKey) -> bool:
    api = key.api
    if api.trail:
        return api.trail == trail.arn
    call = {
        "eventSource": api.event_source,
        "eventName": api.event_name,
        "awsRegion": api.region,
        "recipientAccountId": api.account,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
    }
    reads = (False,) if key.insight_type is InsightType.CALL_RATE else (False, True)
    return any(trails_of(call | {"readOnly": one}, [trail]) for one in reads)
