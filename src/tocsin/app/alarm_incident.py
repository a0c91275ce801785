"""What happened, who did it, and from where: the records behind an alarm, put together. Spec: CON-4.4, AL-19.1, R-1.

Rule: bounded, and what is not known is said. The records are those in the slots that decided and those that were
counted since; of the actors the most frequent one is told in full, the others are counted.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.alarm_event import second_of_event
from tocsin.app.alarm_match import Match, find_matches
from tocsin.app.earlier_change import change_before
from tocsin.core.alarm.timestamp import millisecond_of, moment, second_of
from tocsin.core.change import Before, Change, ChangeLine, Sign, change_of
from tocsin.core.log_event import Term
from tocsin.core.notification.call import DENIED, DONE, FAILED, Call
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.folding import Folding, fold_events
from tocsin.core.record_term import actor_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.app.alarm_evidence import Evidence
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.event import Event
    from tocsin.core.scope import Scope

MOST_RECORDS: Final = 200
"""Records that are read for the answers; further ones are counted where that is possible."""

MOST_LINES: Final = 6
"""Lines of changes that are told in the answer; further ones are counted (CON-4.4)."""

NEW_WITHIN: Final = timedelta(hours=24)
"""An address is new for so long after an actor was first seen there."""

# Blocks that may be opened to find what was there before a change.
_BLOCKS_FOR_CHANGES: Final = 8

_MINUTE_MS: Final = 60_000


class CountedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A record that an alarm counted.

    `logged_at` is the time of its log event in milliseconds, which is what it is found near; `decided` says that it
    was in a slot that decided. `actor` is what its actor is looked up by, `message` the record as it is stored.
    """

    summary: EventSummary
    changes: tuple[Change, ...]
    logged_at: int
    group: str
    decided: bool
    actor: str
    at: datetime
    message: str

    @property
    def event_id(self) -> str:
        """Its eventID; empty where it has none."""
        return self.summary.event_id


class WhatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: how many records, what became of them, and the lines of their changes.

    `deeds` are sentences without their subject, for what has no lines. `resources` are what it was about.
    """

    total: int
    is_more: bool
    results: tuple[tuple[str, int], ...]
    lines: tuple[ChangeLine, ...]
    more_lines: int
    deeds: tuple[tuple[str, int], ...]
    resources: tuple[str, ...]
    first: datetime | None

    @property
    def are_changes(self) -> bool:
        """Whether every one of them is told by lines."""
        return bool(self.lines) and not self.deeds


class WhoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it: the most frequent actor, and how many others there are.

    `seen_since` is when the store first saw them, None where it did not. `never_before` are the event names that they
    had not called before.
    """

    name: str
    actor: str
    summary: EventSummary
    count: int
    others: int
    seen_since: datetime | None
    never_before: tuple[str, ...] = ()


class WhereAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """From where: the most frequent address of the actor. `is_new`: first seen there within a day before."""

    address: str
    user_agent: str
    regions: tuple[str, ...]
    others: int
    seen_since: datetime | None
    is_new: bool


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """The records behind an alarm, newest first, and the first three answers. `what` is None where none is known."""

    events: tuple[CountedEvent, ...] = ()
    folding: Folding = Folding()
    is_complete: bool = True
    what: WhatAnswer | None = None
    who: WhoAnswer | None = None
    where: WhereAnswer | None = None

    @property
    def newest(self) -> CountedEvent | None:
        """The newest record."""
        return self.events[0] if self.events else None


def incident_of(
    service: Service,
    store: StoreReader,
    scope: Scope,
    alarm: MetricAlarm,
    evidence: Evidence,
    *,
    until: datetime,
) -> Incident:
    """The records in the slots that decided about the present state, and those counted since then up to `until`."""
    deciding = evidence.deciding
    if deciding is None:
        return Incident()
    evaluation = deciding.evaluation
    # The datum of a minute's events stands at its start, also where a slot is shorter.
    width = max(alarm.period, 60)
    starts = [second_of(start) for start, _ in evaluation.points]
    since = millisecond_of(evaluation.at)
    found: dict[tuple[str, int], tuple[Match, bool]] = {}
    is_complete = True
    if starts:
        decisive = find_matches(
            service,
            store,
            scope,
            alarm,
            start=min(starts) * 1000,
            end=max(min(starts) + width, max(starts) + width) * 1000,
            limit=MOST_RECORDS,
        )
        slots = [(start * 1000, (start + width) * 1000) for start in starts]
        for match in decisive.found:
            if any(start <= match.kept.timestamp < end for start, end in slots):
                found[match.kept.group, match.kept.sequence] = match, True
        is_complete = decisive.is_complete
    later = find_matches(service, store, scope, alarm, start=since, end=millisecond_of(until) + 1, limit=MOST_RECORDS)
    for match in later.found:
        found.setdefault((match.kept.group, match.kept.sequence), (match, False))
    matches = sorted(found.values(), key=lambda pair: pair[0].kept.place, reverse=True)
    if not matches:
        return Incident(is_complete=is_complete and later.is_complete)
    return _told(store, scope, matches, is_complete=is_complete and later.is_complete)


def _told(store: StoreReader, scope: Scope, matches: Sequence[tuple[Match, bool]], *, is_complete: bool) -> Incident:
    events = tuple(_counted(store, scope, matches))
    folding = fold_events(event.summary for event in events)
    who = _who(store, scope, events, folding)
    return Incident(
        events=events,
        folding=folding,
        is_complete=is_complete,
        what=_what(events, is_complete=is_complete),
        who=who,
        where=_where(store, scope, [event for event in events if event.actor == who.actor]),
    )


def _counted(store: StoreReader, scope: Scope, matches: Sequence[tuple[Match, bool]]) -> Iterable[CountedEvent]:
    blocks = _BLOCKS_FOR_CHANGES
    told: dict[str, int] = {}
    for (kept, event), decided in matches:
        second = second_of_event(event, kept.timestamp)
        summary = EventSummary.of(event, second)
        changes = change_of(Call(event))
        # What was there before is looked up for what would be shown, as long as that is cheap.
        alike = f"{summary.event_name} {summary.resource}"
        if blocks and not told.get(alike) and any(change.before is Before.NOT_IN_RECORD for change in changes):
            changes = change_before(store, scope, event, blocks=min(blocks, 4))
            blocks -= min(blocks, 4)
            told[alike] = 1
        yield CountedEvent(
            summary=summary,
            changes=changes,
            logged_at=kept.timestamp,
            group=kept.group,
            decided=decided,
            actor=_actor(event),
            at=moment(second),
            message=kept.message,
        )


def _actor(event: Event) -> str:
    user = event.get("userIdentity")
    return actor_of(user) if isinstance(user, dict) else ""


def _what(events: Sequence[CountedEvent], *, is_complete: bool) -> WhatAnswer:
    results = Counter(event.summary.result for event in events)
    lines: dict[ChangeLine, None] = {}
    deeds: Counter[str] = Counter()
    resources: dict[str, None] = {}
    for event in reversed(events):
        told = [line for change in event.changes for line in change.lines if line.sign is not Sign.SAME]
        lines.update(dict.fromkeys(told))
        if not told:
            deeds[event.summary.deed] += 1
        if event.summary.resource:
            resources[event.summary.resource] = None
    return WhatAnswer(
        total=len(events),
        is_more=not is_complete,
        results=tuple((result, results[result]) for result in (DONE, DENIED, FAILED) if results[result]),
        lines=tuple(lines)[:MOST_LINES],
        more_lines=max(0, len(lines) - MOST_LINES),
        deeds=tuple(deeds.most_common(MOST_LINES)),
        resources=tuple(resources),
        first=min(event.at for event in events),
    )


def _who(store: StoreReader, scope: Scope, events: Sequence[CountedEvent], folding: Folding) -> WhoAnswer:
    counts = Counter(event.actor for event in events)
    # Of equally frequent ones the latest, which is the one that stands first.
    actor = max(counts, key=lambda one: counts[one])
    own = [event for event in events if event.actor == actor]
    first = min(event.logged_at for event in own)
    seen = store.logs.sighting(scope, Term("actor", actor)) if actor else None
    never = []
    if actor and seen is not None and seen.first < first:
        for name in sorted({event.summary.event_name for event in own}):
            term = store.logs.sighting(scope, Term("actor", actor), beside=Term("event_name", name))
            if term is not None and term.first >= first - _MINUTE_MS:
                never.append(name)
    return WhoAnswer(
        name=own[0].summary.actor,
        actor=actor,
        summary=own[0].summary,
        count=len(own),
        others=len(folding.actors) - 1,
        seen_since=None if seen is None else _moment(seen.first),
        never_before=tuple(never),
    )


def _where(store: StoreReader, scope: Scope, own: Sequence[CountedEvent]) -> WhereAnswer:
    addresses = Counter(event.summary.source_address for event in own)
    address = max(addresses, key=lambda one: addresses[one])
    there = [event for event in own if event.summary.source_address == address]
    first = min(event.logged_at for event in there)
    actor = own[0].actor
    seen = None
    if actor and address:
        seen = store.logs.sighting(scope, Term("actor", actor), beside=Term("address", address))
    return WhereAnswer(
        address=address,
        user_agent=there[0].summary.user_agent,
        regions=tuple(dict.fromkeys(event.summary.region for event in own if event.summary.region)),
        others=len(addresses) - 1,
        seen_since=None if seen is None else _moment(seen.first),
        is_new=seen is not None and first - seen.first < NEW_WITHIN.total_seconds() * 1000,
    )


def _moment(milliseconds: int) -> datetime:
    return moment(milliseconds // 1000)
