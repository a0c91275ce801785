"""What an evaluation hands to its message (AL-18.6)."""

from __future__ import annotations

import pytest
from alarm_message import AT, SCOPE
from msgspec.structs import replace

from tocsin.core.alarm import lifecycle
from tocsin.core.alarm.evaluation import Evaluation
from tocsin.core.alarm.slot import SlotValue
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.composite_alarm import network
from tocsin.core.composite_alarm.reason import reason_data
from tocsin.core.notification.state_change import StateChange, TriggeringChild, triggering_children
from tocsin.core.notification.subject import Occasion

SLOT = SlotValue(start=AT, value=1.0, sample_count=1.0)
EVALUATION = Evaluation(
    old=StateValue.OK,
    new=StateValue.ALARM,
    reason="r",
    reason_data="{}",
    at=AT,
    evaluation_range=3,
    rule="newest-points",
    points=((AT, 1.0),),
    slots=(SLOT,),
)
SET = StateChange(scope=SCOPE, old=StateValue.OK, new=StateValue.ALARM, reason="r", at=AT, configuration_updated_at=AT)
EVALUATED = replace(SET, rule="newest-points", evaluation_range=3, points=((AT, 1.0),), slots=(SLOT,))


def state(value: StateValue, reason: str) -> AlarmState:
    """A state since AT."""
    return AlarmState(state_value=value, reason=reason, updated_at=AT, transitioned_at=AT)


@pytest.mark.parametrize("occasion", list(Occasion))
def test_of_evaluation(occasion: Occasion) -> None:
    made = StateChange.of_evaluation(EVALUATION, scope=SCOPE, configuration_updated_at=AT, occasion=occasion)
    assert made == replace(EVALUATED, occasion=occasion)


@pytest.mark.parametrize(("evaluation", "wanted"), [(EVALUATION, EVALUATED), (None, SET)])
def test_of_transition(evaluation: Evaluation | None, wanted: StateChange) -> None:
    transition = lifecycle.Transition(
        at=AT,
        old=state(StateValue.OK, "before"),
        new=state(StateValue.ALARM, "r"),
        action_list="AlarmActions",
        actions=(),
        evaluation=evaluation,
    )
    assert StateChange.of_transition(transition, scope=SCOPE, configuration_updated_at=AT) == wanted


def test_of_composite() -> None:
    data = reason_data([(SCOPE.arn("a"), state(StateValue.ALARM, ""))])
    transition = network.Transition(
        alarm_name="c", old=StateValue.OK, new=StateValue.ALARM, reason="r", reason_data=data, at=AT
    )
    made = StateChange.of_composite(transition, scope=SCOPE, configuration_updated_at=AT)
    assert made == replace(SET, children=(TriggeringChild(arn=SCOPE.arn("a"), state=StateValue.ALARM, at=AT),))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{}",
        "null",
        "[" * 100_000,
        "\ud800",
        '{"triggeringAlarms":7}',
        '{"triggeringAlarms":[{"arn":"a","state":{"value":"ODD","timestamp":"2026-09-14T11:18:44.252+0000"}}]}',
        '{"triggeringAlarms":[{"arn":"a","state":{"value":"OK","timestamp":"yesterday"}}]}',
        '{"triggeringAlarms":[{"arn":"a","state":{"value":"OK","timestamp":"2026-09-14T11:18:44"}}]}',
    ],
)
def test_data_that_somebody_set_name_no_children(data: str) -> None:
    assert triggering_children(data) == ()
