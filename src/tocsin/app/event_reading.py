"""One record of a log group with what stands around it. Spec: CON-4.5, CON-4.0 (X3).

Rule: a record that has expired is not shown, whether it is still there or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.event_search import FoundEvent, Retention
from tocsin.core.event import Event
from tocsin.core.event_time import parse_event_time
from tocsin.core.log_event import Term
from tocsin.core.record_term import event_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.core.log_event import LogEvent
    from tocsin.core.scope import Scope

AROUND_MS: Final = 300_000
"""What counts as around a record, before and after it (CON-4.5)."""

MOST_AROUND: Final = 20
_MOST_BLOCKS: Final = 20


class RecordCopies(msgspec.Struct, frozen=True, kw_only=True):
    """A record wherever it was found, in the order of the log events.

    `has_expired` says that it was found too old, or that no log group keeps anything from that time.
    """

    copies: tuple[FoundEvent, ...] = ()
    has_expired: bool = False


def find_record(
    service: Service, scopes: Sequence[Scope], event_id: str, *, near_ms: int | None = None
) -> RecordCopies:
    """The record with that eventID, in the first of these scopes that has it; `near_ms` is a time close to it."""
    has_expired = False
    with service.store.read() as store:
        retention = Retention(service, store)
        for scope in scopes:
            found = store.logs.find_record(scope, event_id, near=near_ms)
            if not found and near_ms is not None:
                found = store.logs.find_record(scope, event_id)
            alive = [event for event in found if retention.keeps(scope, event)]
            if alive:
                copies = tuple(_found(scope, event, Event(event.message)) for event in alive)
                return RecordCopies(copies=copies)
            oldest = min(retention.oldest(scope).values(), default=0)
            has_expired = has_expired or bool(found) or (near_ms is not None and near_ms < oldest)
    return RecordCopies(has_expired=has_expired)


def around(service: Service, found: FoundEvent, *, limit: int = MOST_AROUND) -> tuple[list[FoundEvent], bool]:
    """What the same actor did five minutes before and after a record, by eventTime; and whether that is all.

    Where the record names nobody, what anybody did.
    """
    actor = found.value("actor")
    terms = [Term("actor", actor)] if actor else []
    at = _time_of(found.record, found.event)
    low, high = min(at, found.event.timestamp), max(at, found.event.timestamp)
    with service.store.read() as store:
        for before, after in _MARGINS:
            near = store.logs.look_up(
                found.scope, terms, start=low - before, end=high + after, limit=_MOST_READ, blocks=_MOST_BLOCKS
            )
            if near.searched_back_to is None:
                break
        retention = Retention(service, store)
        # The same record may lie in several groups; it is not around itself.
        others = [
            event
            for event in near.events
            if event.message != found.event.message and retention.keeps(found.scope, event)
        ]
    timed: list[tuple[int, LogEvent, Event]] = []
    for event in others:
        record = Event(event.message)
        time = _time_of(record, event)
        if abs(time - at) <= AROUND_MS:
            timed.append((time, event, record))
    timed.sort(key=lambda one: (one[0], one[1].place))
    earlier = [one for one in timed if (one[0], one[1].place) < (at, found.place)]
    later = timed[len(earlier) :]
    shown_later = later[: max(limit // 2, limit - len(earlier))]
    room = limit - len(shown_later)
    shown = [*earlier[max(0, len(earlier) - room) :], *shown_later]
    is_all = len(shown) == len(timed) and near.searched_back_to is None and (before, after) == _MARGINS[0]
    return [_found(found.scope, event, record) for _, event, record in shown], is_all


def _found(scope: Scope, event: LogEvent, record: Event) -> FoundEvent:
    return FoundEvent(scope, event, event_terms(record), record)


# Log events of a trail are dated by their delivery, minutes after the call (CT-12.3), so more is read than is told of;
# less where that is too much.
_DELIVERY_MS: Final = 900_000
_MARGINS: Final = ((AROUND_MS, AROUND_MS + _DELIVERY_MS), (60_000, 120_000), (10_000, 10_000))
_MOST_READ: Final = 1_000


def _time_of(record: Event, event: LogEvent) -> int:
    """When a record's call was made, in milliseconds."""
    time = record.get("eventTime")
    second = parse_event_time(time) if isinstance(time, str) else None
    return event.timestamp if second is None else second * 1000
