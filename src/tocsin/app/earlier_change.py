"""What a call changed, compared with what earlier records say of the same thing. Spec: CON-4.5, CON-4.4.

Rule: bounded. So many earlier records are looked at and no more; where they do not reach back far enough less is
known, and the change says how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.change import Change, Effect, Known, Subject, change_of, effects_of, known_from
from tocsin.core.event import Event
from tocsin.core.event_time import parse_event_time
from tocsin.core.log_event import Term
from tocsin.core.notification.call import DONE, Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

MOST_RECORDS = 200
"""Earlier records that are looked at for one subject."""

MOST_BLOCKS = 20
"""Blocks of the store that are opened for one call."""

# Log events of a trail are dated by their delivery, which is minutes after the call (CT-12.3).
_DELIVERY = 3_600

# Subjects of one call that are looked for; of further ones its own lines are told.
_MOST_SUBJECTS = 4


def change_before(store: StoreReader, scope: Scope, event: Event, *, blocks: int = MOST_BLOCKS) -> tuple[Change, ...]:
    """What the call of a record changed, one for each thing that it is about.

    `blocks` are opened at most, shared among the things. A record without a time that can be read is compared with
    nothing.
    """
    call = Call(event)
    second = _second(event)
    subjects = {effect.subject: effect for effect in effects_of(call) if not effect.begins}
    if second is None or not subjects:
        return change_of(call)
    own_id = call.text("eventID")
    known: dict[Subject, Known] = {}
    for effect in list(subjects.values())[:_MOST_SUBJECTS]:
        share = max(1, blocks // min(len(subjects), _MOST_SUBJECTS))
        earlier = _earlier(store, scope, effect, second=second, own_id=own_id, blocks=share)
        found = known_from((at, one) for at, _, one in sorted(earlier, key=lambda pair: pair[:2]))
        if found is not None:
            known[effect.subject] = found
    return change_of(call, known)


def _earlier(
    store: StoreReader, scope: Scope, effect: Effect, *, second: int, own_id: str, blocks: int
) -> Iterator[tuple[int, int, Effect]]:
    """Effects of done calls on the same subject that came before: second, sequence in the store, effect."""
    seen: set[str] = set()
    for name in effect.names:
        found = store.logs.look_up(
            scope,
            (Term("resource", name),),
            end=(second + _DELIVERY) * 1000,
            limit=MOST_RECORDS,
            blocks=max(1, blocks // len(effect.names)),
        )
        for kept in found.events:
            event = Event(kept.message)
            at = _second(event)
            call = Call(event)
            ident = call.text("eventID")
            # The same record may lie in several groups. Of two calls in one second nobody knows which came first.
            if at is None or at >= second or (ident and (ident == own_id or ident in seen)):
                continue
            seen.add(ident)
            if call.result == DONE:
                yield from ((at, kept.sequence, one) for one in effects_of(call) if one.subject == effect.subject)


def _second(event: Event) -> int | None:
    time = event.get("eventTime")
    return parse_event_time(time) if isinstance(time, str) else None
