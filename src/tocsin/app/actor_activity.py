"""What an actor did around a time: how many calls, how many denied, and which of them tell most. Spec: CON-4.4.

Rule: bounded by blocks and by time; what was not looked at is said. Calls that changed something come before those that
only read, and among both those that the actor had never made before.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.alarm_event import second_of_event
from tocsin.core.alarm.timestamp import moment
from tocsin.core.event import ABSENT, Event
from tocsin.core.log_event import Term
from tocsin.core.notification.call import DENIED, DONE, Call
from tocsin.core.notification.event import EventSummary
from tocsin.core.record.read_only import is_read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tocsin.app.store_port import StoreReader
    from tocsin.core.log_event import EventPlace, LogEvent
    from tocsin.core.scope import Scope

MOST_CALLS: Final = 1_000
"""Calls that are looked at; further ones are said to be there."""

MOST_TELLING: Final = 3
"""Calls that are told one by one (CON-4.4)."""

# Blocks that are opened between two looks at the clock, and in all.
_BLOCKS_AT_ONCE: Final = 4
_MOST_BLOCKS: Final = 40

# Records that are read between two looks at the clock.
_LOOK_AT_CLOCK: Final = 50

# Names of which it is asked whether they were called before.
_MOST_NAMES: Final = 8


class TellingCall(NamedTuple):
    """Calls of one name, told by the newest: how often, what became of it, and whether the actor had never made it."""

    summary: EventSummary
    logged_at: int
    times: int
    is_new: bool


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What an actor did from `since` to `until`.

    `is_cut` says that there was more than was looked at. `latest` is the newest call of all, None where there is none;
    `later` are the calls after the instant that was asked for, `reads` those that only read.
    """

    since: datetime
    until: datetime
    calls: int
    denied: int
    is_cut: bool
    latest: EventSummary | None
    latest_logged_at: int
    telling: tuple[TellingCall, ...]
    reads: int
    later: int


def activity_of(
    store: StoreReader,
    scope: Scope,
    actor: str,
    *,
    since: int,
    until: int,
    after: int,
    known: Collection[str] = (),
    has_time: Callable[[], bool] = lambda: True,
) -> Activity | None:
    """What an actor did in since <= time < until; None where there was no time to look at it.

    Times are milliseconds since the epoch. Calls later than `after` are counted apart; those whose eventIDs are
    `known` are told elsewhere, and only counted here.
    """
    found, is_cut = _calls(store, scope, actor, since=since, until=until, has_time=has_time)
    if found is None:
        return None
    counts = _Counts(after)
    for place, kept in enumerate(found):
        if place % _LOOK_AT_CLOCK == 0 and not has_time():
            return None
        counts.add(kept, known)
    names = counts.names_to_ask()
    new = set()
    for name in names:
        if not has_time():
            return None
        seen = store.logs.sighting(scope, Term("actor", actor), beside=Term("event_name", name))
        if seen is not None and seen.first >= since:
            new.add(name)
    newest = found[0] if found else None
    return Activity(
        since=moment(since // 1000),
        until=moment(until // 1000),
        calls=len(found),
        denied=counts.denied,
        is_cut=is_cut,
        latest=None if newest is None else _summary(newest),
        latest_logged_at=0 if newest is None else newest.timestamp,
        telling=counts.telling(new),
        reads=counts.reads,
        later=counts.later,
    )


def _calls(
    store: StoreReader, scope: Scope, actor: str, *, since: int, until: int, has_time: Callable[[], bool]
) -> tuple[list[LogEvent] | None, bool]:
    """The newest calls, and whether there are more; no calls where time was up before it was done."""
    found: list[LogEvent] = []
    before: EventPlace | None = None
    for _ in range(_MOST_BLOCKS // _BLOCKS_AT_ONCE):
        step = store.logs.look_up(
            scope,
            (Term("actor", actor),),
            start=since,
            end=until,
            before=before,
            limit=MOST_CALLS - len(found),
            blocks=_BLOCKS_AT_ONCE,
        )
        found += step.events
        before = step.searched_back_to
        if before is None or len(found) >= MOST_CALLS:
            break
        if not has_time():
            return None, True
    return found, before is not None


def _summary(kept: LogEvent) -> EventSummary:
    event = Event(kept.message)
    return EventSummary.of(event, second_of_event(event, kept.timestamp))


class _Counts:
    """Adds up calls by name and result."""

    def __init__(self, after: int) -> None:
        self._after = after
        self.denied = self.reads = self.later = 0
        self._by_name: dict[tuple[str, str, str], list[LogEvent]] = {}
        self._writes: Counter[tuple[str, str, str]] = Counter()

    def add(self, kept: LogEvent, known: Collection[str]) -> None:
        """One more call, older than the ones before."""
        call = Call(Event(kept.message))
        result = call.result
        self.denied += result == DENIED
        self.later += kept.timestamp > self._after
        reads = _reads(call)
        self.reads += reads
        if call.text("eventID") in known:
            return
        key = (call.event_source, call.event_name, result)
        self._by_name.setdefault(key, []).append(kept)
        self._writes[key] += not reads

    def names_to_ask(self) -> list[str]:
        """Event names of which it matters whether they are new: those that changed something first."""
        ranked = sorted(self._by_name, key=lambda key: (-(self._writes[key] > 0), len(self._by_name[key])))
        return list(dict.fromkeys(name for _, name, _ in ranked))[:_MOST_NAMES]

    def telling(self, new: Collection[str]) -> tuple[TellingCall, ...]:
        """The calls that tell most: writes, what is new, what was done; then the rarer ones."""
        ranked = sorted(
            self._by_name.items(),
            key=lambda item: (
                not self._writes[item[0]],
                item[0][1] not in new,
                item[0][2] != DONE,
                len(item[1]),
                item[0],
            ),
        )
        return tuple(
            TellingCall(_summary(kept[0]), kept[0].timestamp, len(kept), name in new)
            for (_, name, _), kept in ranked[:MOST_TELLING]
        )


def _reads(call: Call) -> bool:
    """Whether a call only read: as its record says, else as its name does."""
    said = call.event.get("readOnly")
    if said is not ABSENT and said is not None:
        return said is True or said == "true"
    return is_read_only(call.service, call.name)
