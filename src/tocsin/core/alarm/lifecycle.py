"""The life of one metric alarm: created, updated, evaluated, forced, switched on and off.

Rule: values in, values out; nothing is changed in place, and nothing else changes an alarm's state.
Backtest, rule tests and the live service go through these functions alike. Spec: AL-5.7, AL-8.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.decision import Datapoint, DecisionRule
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.evaluation import Evaluation, explain
from tocsin.core.alarm.parameter import Violation, refuse_violations
from tocsin.core.alarm.reason import WARMING_UP_REASON
from tocsin.core.alarm.state import AlarmState, StateValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.alarm.evaluator import AlarmEvaluator, Reading

_LONGEST_REASON, _LONGEST_REASON_DATA = 1023, 4000


class WarmUpRun(msgspec.Struct, frozen=True, kw_only=True):
    """A warm-up that was started, and whether it is over. It is never started again (AL-5.7)."""

    started_at: datetime
    over: bool = False


class AlarmRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm as a store keeps it: definition and state side by side.

    `configuration_updated_at` is AlarmConfigurationUpdatedTimestamp (AL-8.6). `warm_up` is there as
    long as the definition has a WarmUpConfiguration.
    """

    definition: MetricAlarm
    state: AlarmState
    configuration_updated_at: datetime
    warm_up: WarmUpRun | None = None

    @property
    def warm_up_ends_at(self) -> datetime | None:
        """When the warm-up that is running ends at the latest; None when none is."""
        settings, run = self.definition.warm_up, self.warm_up
        if settings is None or run is None or run.over:
            return None
        return run.started_at + timedelta(minutes=settings.minutes)


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state at the moment `at` (aware), for history and notifications.

    `action_list` is the list that belongs to the new state, `actions` what of it runs: none while
    actions are disabled or the alarm warms up. `evaluation` is None for a state that was set.
    """

    at: datetime
    old: AlarmState
    new: AlarmState
    action_list: str
    actions: tuple[str, ...]
    evaluation: Evaluation | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one operation made of an alarm: the record afterwards, and the transition if there was one.

    `is_changed` tells whether there is anything to store.
    """

    record: AlarmRecord
    is_changed: bool
    transition: Transition | None = None


def create_alarm(alarm: MetricAlarm, *, at: datetime) -> AlarmRecord:
    """A new alarm: INSUFFICIENT_DATA, which is not a transition (AL-8.1); a warm-up begins (AL-5.7)."""
    return AlarmRecord(
        definition=alarm,
        state=AlarmState.initial(at),
        configuration_updated_at=at,
        warm_up=None if alarm.warm_up is None else WarmUpRun(started_at=at),
    )


def update_alarm(record: AlarmRecord, alarm: MetricAlarm, *, at: datetime) -> Step:
    """PutMetricAlarm on an alarm that exists (AL-8.2).

    The whole definition is replaced, but for the tags, which stay; state, reason and timestamps of
    the state stay too. An identical one changes nothing. An update that introduces a warm-up puts
    the alarm into INSUFFICIENT_DATA without actions (AL-5.7, our choice).
    """
    definition = msgspec.structs.replace(alarm, tags=record.definition.tags)
    if definition == record.definition:
        return Step(record=record, is_changed=False)
    introduces = definition.warm_up is not None and record.warm_up is None
    run = record.warm_up if definition.warm_up is not None else None
    updated = AlarmRecord(
        definition=definition,
        state=record.state,
        configuration_updated_at=at,
        warm_up=WarmUpRun(started_at=at) if introduces else run,
    )
    if not introduces or record.state.state_value is StateValue.INSUFFICIENT_DATA:
        return Step(record=updated, is_changed=True)
    return _enter(updated, StateValue.INSUFFICIENT_DATA, WARMING_UP_REASON, None, at=at, runs_actions=False)


def evaluate_alarm(
    record: AlarmRecord,
    evaluator: AlarmEvaluator,
    reading: Reading,
    *,
    at: datetime,
    queried_at: datetime | None = None,
    units: Sequence[str] = (),
) -> Step:
    """Evaluate the alarm at the instant `at` on what `evaluator`, made of its definition, has read.

    Without a change of state the record is the same one: reason and timestamps stay (AL-8.5).
    """
    old = record.state.state_value
    run, ends_at = record.warm_up, record.warm_up_ends_at
    if run is not None and ends_at is not None:
        if not _warm_up_is_over(record, evaluator, reading, ends_at=ends_at, at=at):
            return _keep_warm(record, evaluator, reading, at=at, queried_at=queried_at)
        ended = msgspec.structs.replace(record, warm_up=msgspec.structs.replace(run, over=True))
        step = evaluate_alarm(ended, evaluator, reading, at=at, queried_at=queried_at, units=units)
        return msgspec.structs.replace(step, is_changed=True)
    if evaluator.decide_reading(reading, old) is old:
        return Step(record=record, is_changed=False)
    decision = evaluator.judge(reading, old)
    evaluation = explain(evaluator, reading, decision, old=old, at=at, queried_at=queried_at, units=units)
    return _enter_evaluated(record, evaluation, queried_at or at, runs_actions=True)


def set_alarm_state(
    record: AlarmRecord, state: StateValue, *, reason: str, reason_data: str | None = None, at: datetime
) -> Step:
    """SetAlarmState (AL-8.7): a transition with actions at once, or nothing at all for the state that it has.

    Raises AlarmError for a reason or reason data that are too long, `InvalidFormat` for reason data
    that are not JSON.
    """
    _check_length("StateReason", reason, _LONGEST_REASON)
    if reason_data is not None:
        _check_length("StateReasonData", reason_data, _LONGEST_REASON_DATA)
        if not _is_json(reason_data):
            raise AlarmError(
                "StateReasonData is not valid JSON.",
                parameter="StateReasonData",
                aws_code="InvalidFormat",
                hint="any JSON text will do: {}, [1,2], null",
            )
    if record.state.state_value is state:
        return Step(record=record, is_changed=False)
    return _enter(record, state, reason, reason_data, at=at, runs_actions=record.warm_up_ends_at is None)


def enable_actions(record: AlarmRecord, enabled: bool, *, at: datetime) -> Step:
    """EnableAlarmActions and DisableAlarmActions: nothing is made up for (AL-8.4)."""
    definition = msgspec.structs.replace(record.definition, actions_enabled=enabled)
    updated = msgspec.structs.replace(record, definition=definition, configuration_updated_at=at)
    return Step(record=updated, is_changed=True)


def _warm_up_is_over(
    record: AlarmRecord, evaluator: AlarmEvaluator, reading: Reading, *, ends_at: datetime, at: datetime
) -> bool:
    """Its time is up, or the window is full: N real points, unless it is to last (AL-5.7, our choice)."""
    if at >= ends_at:
        return True
    settings = record.definition.warm_up
    assert settings is not None
    if settings.only_start_after:
        return False
    real = sum(point is not Datapoint.MISSING for point in evaluator.points(reading))
    return real >= record.definition.evaluation_periods


def _keep_warm(
    record: AlarmRecord, evaluator: AlarmEvaluator, reading: Reading, *, at: datetime, queried_at: datetime | None
) -> Step:
    """An alarm that warms up is in INSUFFICIENT_DATA; one that was set to another state returns, without actions."""
    old = record.state.state_value
    if old is StateValue.INSUFFICIENT_DATA:
        return Step(record=record, is_changed=False)
    decision = evaluator.kept(evaluator.points(reading), DecisionRule.WARMING_UP, StateValue.INSUFFICIENT_DATA)
    evaluation = explain(evaluator, reading, decision, old=old, at=at, queried_at=queried_at)
    return _enter_evaluated(record, evaluation, queried_at or at, runs_actions=False)


def _enter_evaluated(record: AlarmRecord, evaluation: Evaluation, at: datetime, *, runs_actions: bool) -> Step:
    step = _enter(record, evaluation.new, evaluation.reason, evaluation.reason_data, at=at, runs_actions=runs_actions)
    assert step.transition is not None
    return msgspec.structs.replace(step, transition=msgspec.structs.replace(step.transition, evaluation=evaluation))


def _enter(
    record: AlarmRecord, state: StateValue, reason: str, reason_data: str | None, *, at: datetime, runs_actions: bool
) -> Step:
    """The alarm in another state, and the list of that state if actions run (AL-8.3, AL-8.4)."""
    new = AlarmState(state_value=state, reason=reason, reason_data=reason_data, updated_at=at, transitioned_at=at)
    name = ACTION_LISTS[state]
    runs = runs_actions and record.definition.actions_enabled
    transition = Transition(
        at=at,
        old=record.state,
        new=new,
        action_list=name,
        actions=record.definition.actions(name) if runs else (),
    )
    return Step(record=msgspec.structs.replace(record, state=new), is_changed=True, transition=transition)


def _check_length(name: str, text: str, most: int) -> None:
    if len(text) > most:
        constraint = f"Member must have length less than or equal to {most}"
        refuse_violations([Violation(parameter=name, value=f"'{text}'", constraint=constraint)])


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True
