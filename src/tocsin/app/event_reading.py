"""One record of a log group with what stands around it. Spec: CON-4.5, CON-4.0 (X3).

Rule: a record that has expired is not shown, whether it is still there or not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.event_search import FoundEvent, Retention
from tocsin.core.log_event import Term
from tocsin.core.record_term import record_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
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
                copies = tuple(FoundEvent(scope, event, record_terms(event.message)) for event in alive)
                return RecordCopies(copies=copies)
            oldest = min(retention.oldest(scope).values(), default=0)
            has_expired = has_expired or bool(found) or (near_ms is not None and near_ms < oldest)
    return RecordCopies(has_expired=has_expired)


def around(service: Service, found: FoundEvent, *, limit: int = MOST_AROUND) -> tuple[list[FoundEvent], bool]:
    """What the same actor did five minutes before and after a record, in the order of time; and whether that is all.

    Where the record names nobody, what anybody did.
    """
    actor = found.value("actor")
    terms = [Term("actor", actor)] if actor else []
    time, half = found.event.timestamp, limit // 2
    with service.store.read() as store:
        look_up = partial(store.logs.look_up, found.scope, terms, limit=_MOST_READ, blocks=_MOST_BLOCKS // 4)
        earlier = look_up(start=time - AROUND_MS, end=time)
        # The store gives what is newest; of what comes after a record the oldest is wanted.
        for span in _SPANS_AFTER:
            later = look_up(start=time, end=time + span)
            if len(later.events) > half:
                break
        retention = Retention(service, store)
        # The same record may lie in several groups; it is not around itself.
        before, after = (
            [
                event
                for event in one.events
                if event.message != found.event.message and retention.keeps(found.scope, event)
            ]
            for one in (earlier, later)
        )
        after.reverse()
    shown_after = after[: max(half, limit - len(before))]
    shown_before = before[: limit - len(shown_after)]
    is_all = (
        len(shown_after) == len(after)
        and len(shown_before) == len(before)
        and earlier.searched_back_to is None
        and later.searched_back_to is None
        and span == AROUND_MS
    )
    events = [*reversed(shown_before), *shown_after]
    return [FoundEvent(found.scope, event, record_terms(event.message)) for event in events], is_all


_MOST_READ: Final = 400
_SPANS_AFTER: Final = (15_000, 60_000, AROUND_MS)
