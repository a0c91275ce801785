from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from alarms import NOON, TOPIC, metric_alarm

from tocsin.core.alarm import AlarmError, AlarmEvaluator, AlarmRecord, StateValue, Step
from tocsin.core.alarm.lifecycle import create_alarm, enable_actions, evaluate_alarm, set_alarm_state, update_alarm
from tocsin.core.alarm.slot import fill_slots
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.metric import StatisticSet

LISTS = {"OKActions": [TOPIC + ":ok"], "AlarmActions": [TOPIC], "InsufficientDataActions": [TOPIC + ":none"]}


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def new(**changes: Any) -> AlarmRecord:
    return create_alarm(metric_alarm(**{**LISTS, **changes}), at=NOON)


def run(record: AlarmRecord, number: float, *values: tuple[float, float]) -> Step:
    """Evaluate at a minute, on values by the minute they stand at."""
    evaluator = AlarmEvaluator(record.definition)
    edges = evaluator.edges(second_of(minute(number)))
    data = [(second_of(minute(at)), StatisticSet.of(value)) for at, value in values]
    return evaluate_alarm(record, evaluator, evaluator.read(fill_slots(edges, data), edges), at=minute(number))


# AL-8.1
def test_creation_is_no_transition() -> None:
    state = new().state
    assert (state.state_value, state.reason) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert (state.reason_data, state.updated_at, state.transitioned_at) == (None, NOON, NOON)


# AL-8.5: nothing of an unchanged state moves, neither reason nor time.
def test_an_evaluation_without_a_change_changes_nothing() -> None:
    record = new()
    step = run(record, 1)
    assert step == Step(record=record, is_changed=False)
    assert step.record is record


# AL-8.3, AL-7.d: the first OK runs OKActions.
def test_a_transition() -> None:
    record = new()
    step = run(record, 1, (0, 0))
    assert step.is_changed
    assert step.transition is not None
    assert (step.transition.old, step.transition.new) == (record.state, step.record.state)
    assert (step.transition.at, step.transition.action_list) == (minute(1), "OKActions")
    assert step.transition.actions == (TOPIC + ":ok",)
    state = step.record.state
    assert (state.state_value, state.updated_at, state.transitioned_at) == (StateValue.OK, minute(1), minute(1))
    evaluation = step.transition.evaluation
    assert evaluation is not None
    assert (state.reason, state.reason_data) == (evaluation.reason, evaluation.reason_data)
    assert (evaluation.old, evaluation.new) == (StateValue.INSUFFICIENT_DATA, StateValue.OK)


def test_the_moment_of_the_query_can_be_later_than_the_instant() -> None:
    record = new()
    evaluator = AlarmEvaluator(record.definition)
    edges = evaluator.edges(second_of(minute(1)))
    reading = evaluator.read([None, None, StatisticSet.of(9.0)], edges)
    queried = minute(1) + timedelta(seconds=10)
    step = evaluate_alarm(record, evaluator, reading, at=minute(1), queried_at=queried)
    assert step.transition is not None
    assert step.transition.at == step.record.state.updated_at == queried
    assert step.transition.evaluation is not None
    assert step.transition.evaluation.at == minute(1)
    assert '"queryDate":"2026-09-14T12:01:10.000+0000"' in step.transition.evaluation.reason_data


# AL-8.4
def test_disabled_actions_do_not_run_and_are_not_made_up_for() -> None:
    disabled = enable_actions(new(), enabled=False, at=minute(1))
    assert disabled.is_changed
    assert disabled.transition is None
    assert disabled.record.configuration_updated_at == minute(1)
    step = run(disabled.record, 2, (1, 9))
    assert step.transition is not None
    assert (step.transition.action_list, step.transition.actions) == ("AlarmActions", ())
    enabled = enable_actions(step.record, enabled=True, at=minute(3)).record
    assert enabled.definition.actions_enabled
    assert run(enabled, 3, (1, 9)).transition is None


# AL-8.2
def test_an_update_replaces_the_definition_and_keeps_the_state_and_the_tags() -> None:
    record = run(new(Tags=[{"Key": "k", "Value": "v"}]), 1, (0, 9)).record
    step = update_alarm(record, metric_alarm(Threshold=5, Tags=[{"Key": "x", "Value": "y"}]), at=minute(2))
    assert (step.is_changed, step.transition) == (True, None)
    assert step.record.state == record.state
    assert step.record.configuration_updated_at == minute(2)
    assert (step.record.definition.threshold, step.record.definition.alarm_actions) == (5.0, ())
    assert step.record.definition.tags == {"k": "v"}


def test_an_identical_update_changes_nothing() -> None:
    record = new()
    other_tags = metric_alarm(**LISTS, Tags=[{"Key": "x", "Value": "y"}])
    for alarm in (record.definition, metric_alarm(**LISTS), other_tags):
        assert update_alarm(record, alarm, at=minute(1)) == Step(record=record, is_changed=False)


# AL-8.7
def test_setting_the_state() -> None:
    record = run(new(), 1, (0, 0)).record
    step = set_alarm_state(record, StateValue.ALARM, reason="", reason_data="[1, 2]", at=minute(1.5))
    assert step.transition is not None
    assert (step.transition.actions, step.transition.evaluation) == ((TOPIC,), None)
    state = step.record.state
    assert (state.state_value, state.reason, state.reason_data) == (StateValue.ALARM, "", "[1, 2]")
    assert (state.updated_at, state.transitioned_at) == (minute(1.5), minute(1.5))
    # It returns at its next evaluation, which is a second transition.
    back = run(step.record, 2, (0, 0))
    assert back.transition is not None
    assert back.transition.actions == (TOPIC + ":ok",)


def test_without_reason_data_the_old_ones_go() -> None:
    record = run(new(), 1, (0, 0)).record
    assert record.state.reason_data is not None
    assert set_alarm_state(record, StateValue.ALARM, reason="r", at=minute(2)).record.state.reason_data is None


def test_setting_the_state_that_it_has_is_no_operation() -> None:
    record = new()
    step = set_alarm_state(record, StateValue.INSUFFICIENT_DATA, reason="r", reason_data="{}", at=minute(1))
    assert step == Step(record=record, is_changed=False)


@pytest.mark.parametrize("data", ["{}", "[1,2]", "null", ' {"a" : 1} ', '"x"', "x" * 0 + "1"])
def test_any_json_will_do(data: str) -> None:
    assert set_alarm_state(new(), StateValue.OK, reason="", reason_data=data, at=NOON).record.state.reason_data == data


@pytest.mark.parametrize(
    ("reason", "data", "code", "parameter"),
    [
        ("r" * 1024, None, "ValidationError", "StateReason"),
        ("", " " * 4001, "ValidationError", "StateReasonData"),
        ("", "{", "InvalidFormat", "StateReasonData"),
        ("", "", "InvalidFormat", "StateReasonData"),
        ("", "NaN", "InvalidFormat", "StateReasonData"),
        ("", "[" * 4000, "InvalidFormat", "StateReasonData"),
        ("", '"\ud800"', "InvalidFormat", "StateReasonData"),
    ],
)
def test_reasons_that_are_refused(reason: str, data: str | None, code: str, parameter: str) -> None:
    with pytest.raises(AlarmError) as caught:
        set_alarm_state(new(), StateValue.OK, reason=reason, reason_data=data, at=NOON)
    assert (caught.value.aws_code, caught.value.parameter) == (code, parameter)


def test_the_longest_reasons() -> None:
    step = set_alarm_state(new(), StateValue.OK, reason="r" * 1023, reason_data=f'"{"x" * 3998}"', at=NOON)
    assert step.is_changed


# ---------------------------------------------------------------- warm-up (AL-5.7)


def warm(minutes: int = 5, *, only_after: bool = False) -> dict[str, Any]:
    return {
        "WarmUpConfiguration": {
            "WarmUpPeriodDurationInMinutes": minutes,
            "OnlyStartEvaluatingAfterWarmUpPeriodEnds": only_after,
        }
    }


def test_an_alarm_that_warms_up_stays_without_data() -> None:
    record = new(**warm(), EvaluationPeriods=2, TreatMissingData="breaching")
    assert record.warm_up_ends_at == minute(5)
    for number in (1, 2, 4):
        assert run(record, number, (0, 9)) == Step(record=record, is_changed=False)
    step = run(record, 5, (0, 9))
    assert step.record.state.state_value is StateValue.ALARM
    assert step.record.warm_up_ends_at is None
    assert step.transition is not None
    assert step.transition.actions == (TOPIC,)


def test_a_full_window_ends_it_early() -> None:
    record = new(**warm(), EvaluationPeriods=2)
    assert not run(record, 1, (0, 9)).is_changed
    step = run(record, 2, (0, 9), (1, 9))
    assert step.record.state.state_value is StateValue.ALARM
    assert step.record.warm_up_ends_at is None


def test_unless_it_is_to_last() -> None:
    record = new(**warm(only_after=True))
    assert not run(record, 4, (3, 9)).is_changed
    assert run(record, 5, (4, 9)).record.state.state_value is StateValue.ALARM


def test_its_end_is_stored_also_when_the_state_stays() -> None:
    step = run(new(**warm()), 5)
    assert (step.is_changed, step.transition) == (True, None)
    assert step.record.warm_up_ends_at is None


# Our choice: an update that introduces one puts the alarm into INSUFFICIENT_DATA, without actions.
def test_an_update_that_introduces_it_starts_it() -> None:
    record = run(new(), 1, (0, 9)).record
    step = update_alarm(record, metric_alarm(**LISTS, **warm()), at=minute(2))
    assert step.record.warm_up_ends_at == minute(7)
    assert step.record.state.state_value is StateValue.INSUFFICIENT_DATA
    assert step.record.state.reason.startswith("Warming up:")
    assert step.transition is not None
    assert (step.transition.action_list, step.transition.actions) == ("InsufficientDataActions", ())


def test_introduced_into_an_alarm_without_data_it_changes_no_state() -> None:
    step = update_alarm(new(), metric_alarm(**LISTS, **warm()), at=minute(2))
    assert (step.record.warm_up_ends_at, step.transition) == (minute(7), None)


def test_another_length_counts_from_the_same_start() -> None:
    step = update_alarm(new(**warm()), metric_alarm(**LISTS, **warm(9)), at=minute(2))
    assert step.record.warm_up_ends_at == minute(9)


def test_once_over_it_does_not_start_again() -> None:
    over = run(new(**warm()), 5).record
    again = update_alarm(over, metric_alarm(**LISTS, **warm(60)), at=minute(6)).record
    assert again.warm_up_ends_at is None
    without = update_alarm(again, metric_alarm(**LISTS), at=minute(7)).record
    assert without.warm_up is None
    assert update_alarm(without, metric_alarm(**LISTS, **warm()), at=minute(8)).record.warm_up_ends_at == minute(13)


def test_a_state_that_is_set_meanwhile_runs_nothing_and_returns() -> None:
    record = new(**warm())
    forced = set_alarm_state(record, StateValue.ALARM, reason="by hand", at=minute(1))
    assert forced.transition is not None
    assert forced.transition.actions == ()
    back = run(forced.record, 2)
    assert back.record.state.state_value is StateValue.INSUFFICIENT_DATA
    assert back.transition is not None
    assert back.transition.actions == ()
    assert back.transition.evaluation is not None
    assert back.transition.evaluation.rule == "warming-up"
    assert back.record.warm_up_ends_at == minute(5)


def test_records_can_be_stored_in_parts() -> None:
    state = run(new(), 1, (0, 9)).record.state
    assert msgspec.json.decode(msgspec.json.encode(state), type=type(state)) == state
