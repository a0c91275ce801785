"""The time in ALARM that a page is about: the present one, or the last one there was. Spec: CON-4.4, AL-18.6.

Rule: found by a fixed number of look-ups.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.alarm_evidence import Evidence
from tocsin.core.alarm.evaluation_record import EvaluationRecord, unpack_evaluation
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import millisecond_of, moment

if TYPE_CHECKING:
    from tocsin.app.alarm_record import AlarmStanding
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

MOST_CHANGES: Final = 20
"""Changes back from now among which the last one to ALARM is looked for."""

MOST_RECORDS: Final = 20
"""Evaluation records of an episode that are looked at, the newest."""

# Records among which the deciding one is looked for, back from the change.
_MOST_BEFORE: Final = 3


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """A time in ALARM, from `began` (aware) to `ended`, None where it lasts.

    `reason` is the StateReason. `evidence` is what it rests on; without a deciding evaluation where somebody set the
    state, where it is a composite's, or the record is no longer kept.
    """

    began: datetime
    ended: datetime | None
    reason: str
    evidence: Evidence

    @property
    def is_present(self) -> bool:
        """Whether the alarm is in it now."""
        return self.ended is None


def episode_of(store: StoreReader, scope: Scope, name: str, standing: AlarmStanding) -> Episode | None:
    """The present time in ALARM of an alarm, or the last one; None where it never was, or that is not known."""
    state = standing.state
    if state.state_value is StateValue.ALARM:
        return _episode(
            store, scope, name, began=millisecond_of(state.transitioned_at), ended=None, reason=state.reason
        )
    ended = millisecond_of(state.transitioned_at)
    for step in store.history.changes(scope, alarm_name=name, limit=MOST_CHANGES):
        if step.new is StateValue.ALARM:
            return _episode(store, scope, name, began=step.at, ended=ended, reason=_reason(store, scope, name, step.at))
        ended = step.at
    return None


def deciding_record(store: StoreReader, scope: Scope, name: str, standing: AlarmStanding) -> EvaluationRecord | None:
    """The evaluation that made the present state of a metric alarm; None where it is not known."""
    state = standing.state
    return _deciding(
        store, scope, name, at=millisecond_of(state.transitioned_at), to=state.state_value, reason=state.reason
    )


def _episode(store: StoreReader, scope: Scope, name: str, *, began: int, ended: int | None, reason: str) -> Episode:
    deciding = _deciding(store, scope, name, at=began, to=StateValue.ALARM, reason=reason)
    evidence = Evidence()
    if deciding is not None:
        decided = millisecond_of(deciding.evaluation.at)
        later = store.history.evaluations(scope, name, start=decided + 1, end=ended, limit=MOST_RECORDS)
        evidence = Evidence(deciding=deciding, since=tuple(unpack_evaluation(body) for _, body in later))
    return Episode(
        began=_moment(began), ended=None if ended is None else _moment(ended), reason=reason, evidence=evidence
    )


def _deciding(
    store: StoreReader, scope: Scope, name: str, *, at: int, to: StateValue, reason: str
) -> EvaluationRecord | None:
    """The evaluation that led to a state; where somebody has set that, the reason is another one (AL-8.7)."""
    for _, body in store.history.evaluations(scope, name, end=at + 1, limit=_MOST_BEFORE):
        record = unpack_evaluation(body)
        found = record.evaluation
        if found.new is to and found.old is not to and found.reason == reason:
            return record
    return None


class _NewState(msgspec.Struct, rename="camel"):
    state_reason: str = ""


class _Update(msgspec.Struct, rename="camel"):
    new_state: _NewState = msgspec.field(default_factory=_NewState)


def _reason(store: StoreReader, scope: Scope, name: str, at: int) -> str:
    """The StateReason of a change, from the history."""
    kind = HistoryItemType.STATE_UPDATE
    found = store.history.items(scope, alarm_name=name, item_type=kind, start=at, end=at + 1, limit=1)
    if not found:
        return ""
    return msgspec.json.decode(found[0][1].history_data.encode(), type=_Update).new_state.state_reason


def _moment(milliseconds: int) -> datetime:
    return moment(milliseconds // 1000).replace(microsecond=milliseconds % 1000 * 1000)
