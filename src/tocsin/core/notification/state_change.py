"""What an alarm has to tell: the change of its state, and on what it rests.

Rule: everything that a message depends on is here or in the definition; nothing is read from a clock.
Spec: AL-17.3, AL-17.4, AL-18.6.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tocsin.core.alarm.slot import SlotValue
from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.notification.subject import Occasion

if TYPE_CHECKING:
    from tocsin.core.alarm import lifecycle
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.composite_alarm import network


class TriggeringChild(msgspec.Struct, frozen=True, kw_only=True):
    """A child that makes the rule of a composite alarm have its value (AL-9.10). `at`: since when it is in `state`."""

    arn: str
    state: StateValue
    at: datetime


class Contributor(msgspec.Struct, frozen=True, kw_only=True):
    """The contributor that a notification is about (AL-16.1)."""

    id: str
    attributes: dict[str, str] = {}


class UntoldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the same alarm that no message has told of."""

    at: datetime
    value: StateValue


class StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state as it is told. Datetimes are aware.

    `rule` is the rule of AL-7 that decided, `evaluation_range` R, `points` the decisive points (slot
    start, value) and `slots` all that were looked at, newest first; `children` belong to composite
    alarms. `after_mute_window`: the notification was held by a mute rule until now (AL-14.2).
    A message that is not sent because of the change itself, a reminder say, is sent at `told_at`; it may have to name
    changes that were not told, and `untold_more` further ones (AL-19.6).
    """

    scope: AlarmScope
    old: StateValue
    new: StateValue
    reason: str
    at: datetime
    configuration_updated_at: datetime
    occasion: Occasion = Occasion.CHANGE
    after_mute_window: bool = False
    contributor: Contributor | None = None
    rule: str = ""
    evaluation_range: int | None = None
    points: tuple[tuple[datetime, float], ...] = ()
    slots: tuple[SlotValue, ...] = ()
    children: tuple[TriggeringChild, ...] = ()
    untold: tuple[UntoldChange, ...] = ()
    untold_more: int = 0
    told_at: datetime | None = None

    @classmethod
    def of_evaluation(
        cls,
        evaluation: Evaluation,
        *,
        scope: AlarmScope,
        configuration_updated_at: datetime,
        occasion: Occasion = Occasion.CHANGE,
    ) -> StateChange:
        """What an evaluation of a metric alarm gave, also one that changed nothing: a late breach (AL-18.5)."""
        return cls(
            scope=scope,
            old=evaluation.old,
            new=evaluation.new,
            reason=evaluation.reason,
            at=evaluation.at,
            configuration_updated_at=configuration_updated_at,
            occasion=occasion,
            rule=evaluation.rule,
            evaluation_range=evaluation.evaluation_range,
            points=evaluation.points,
            slots=evaluation.slots,
        )

    @classmethod
    def of_transition(
        cls, transition: lifecycle.Transition, *, scope: AlarmScope, configuration_updated_at: datetime
    ) -> StateChange:
        """A transition of a metric alarm, evaluated or set."""
        change = cls(
            scope=scope,
            old=transition.old.state_value,
            new=transition.new.state_value,
            reason=transition.new.reason,
            at=transition.at,
            configuration_updated_at=configuration_updated_at,
        )
        evaluation = transition.evaluation
        if evaluation is None:
            return change
        return replace(
            change,
            rule=evaluation.rule,
            evaluation_range=evaluation.evaluation_range,
            points=evaluation.points,
            slots=evaluation.slots,
        )

    @classmethod
    def of_composite(
        cls, transition: network.Transition, *, scope: AlarmScope, configuration_updated_at: datetime
    ) -> StateChange:
        """A transition of a composite alarm, with the children that its reason data name."""
        return cls(
            scope=scope,
            old=transition.old,
            new=transition.new,
            reason=transition.reason,
            at=transition.at,
            configuration_updated_at=configuration_updated_at,
            children=triggering_children(transition.reason_data),
        )


class _ChildState(msgspec.Struct, frozen=True):
    value: StateValue
    timestamp: str


class _Child(msgspec.Struct, frozen=True):
    arn: str
    state: _ChildState


class _ReasonData(msgspec.Struct, frozen=True, rename="camel"):
    triggering_alarms: tuple[_Child, ...]


def triggering_children(reason_data: str) -> tuple[TriggeringChild, ...]:
    """The children in the reason data of a composite alarm (AL-9.10); none where somebody set other data."""
    try:
        found = msgspec.json.decode(reason_data.encode("utf-8", "replace"), type=_ReasonData).triggering_alarms
        return tuple(
            TriggeringChild(arn=child.arn, state=child.state.value, at=_aware(child.state.timestamp)) for child in found
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ()


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(text)
    return at
