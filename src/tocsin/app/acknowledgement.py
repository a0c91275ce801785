"""Acknowledging an alarm: somebody says that they have taken it on. Spec: CON-4.4, AL-19.6.

Rule: it is a record of ours, tied to one change to ALARM. It never touches the state, nor what AWS's API tells of the
alarm; it stops reminders that come because time passes, and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.app.alarm_record import (
    ACKNOWLEDGEMENTS,
    COMPOSITES,
    METRIC_ALARMS,
    Acknowledgement,
    AlarmStanding,
    KeptAcknowledgements,
    standing_of,
)
from tocsin.app.alarm_transition import AlarmChanges
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.errors import ConflictError, InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

LONGEST_NOTE: Final = 1_000
"""Characters of a note."""

MOST_KEPT: Final = 100
"""Acknowledgements that are kept of one alarm."""


def acknowledge(
    service: Service, scope: Scope, name: str, *, by: str, note: str = "", transitioned_at: int | None = None
) -> Acknowledgement:
    """Acknowledge the present ALARM of an alarm, as `by`. A second one stands beside the first.

    `transitioned_at` is the change that was looked at, in milliseconds since the epoch: of another one nothing is
    known to whoever acknowledges.

    Raises:
        NotFoundError: there is no such alarm.
        ConflictError: it is not in ALARM, or has changed since.
        InvalidParameterError: the note is too long.
    """
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidParameterError(f"a note has at most {LONGEST_NOTE:,} characters; this one has {len(note):,}")
    now = service.now()

    def work(store: StoreWriter) -> Acknowledgement:
        standing = _standing(store, scope, name)
        if standing.state.state_value is not StateValue.ALARM:
            raise ConflictError(f"{name} is {standing.state.state_value}: there is nothing to acknowledge")
        at = standing.state.transitioned_at
        if transitioned_at is not None and transitioned_at != millisecond_of(at):
            raise ConflictError(f"{name} has changed since this page was made: look at it again")
        made = Acknowledgement(by=by, note=note, at=now, transitioned_at=at)
        kept = ACKNOWLEDGEMENTS.get(store, scope, name) or KeptAcknowledgements()
        ACKNOWLEDGEMENTS.put(store, scope, name, KeptAcknowledgements(items=(made, *kept.items)[:MOST_KEPT]))
        AlarmChanges(service, store, scope).acknowledge(name, now)
        return made

    return service.store.write(work)


def acknowledgements_of(store: StoreReader, scope: Scope, name: str) -> tuple[Acknowledgement, ...]:
    """All acknowledgements of an alarm that are kept, the newest first."""
    kept = ACKNOWLEDGEMENTS.get(store, scope, name)
    return () if kept is None else kept.items


def current_acknowledgement(
    store: StoreReader, scope: Scope, name: str, standing: AlarmStanding
) -> Acknowledgement | None:
    """The newest acknowledgement of the state that an alarm is in; None where nobody has taken it on."""
    if standing.state.state_value is not StateValue.ALARM:
        return None
    found = acknowledgements_of(store, scope, name)
    return found[0] if found and _is_of(found[0], standing.state.transitioned_at) else None


def _is_of(one: Acknowledgement, transitioned_at: datetime) -> bool:
    return millisecond_of(one.transitioned_at) == millisecond_of(transitioned_at)


def _standing(store: StoreReader, scope: Scope, name: str) -> AlarmStanding:
    kept = METRIC_ALARMS.get(store, scope, name) or COMPOSITES.get(store, scope, name)
    if kept is None:
        raise NotFoundError(f"there is no alarm {name}", resource="alarm")
    return standing_of(store, scope, name, created_at=kept.created_at)
