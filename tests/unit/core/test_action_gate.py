"""Which actions run at an instant, beside suppressors and mute rules (AL-13, AL-14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.core.action_gate import MUTED, ActionGate, GateDecision
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.composite_alarm import CompositeAlarm
from tocsin.core.composite_alarm.suppression import replace_suppressor
from tocsin.core.mute_rule import MuteRule

if TYPE_CHECKING:
    from collections.abc import Mapping

OK, ALARM = StateValue.OK, StateValue.ALARM
START = datetime(2026, 1, 5, 2, tzinfo=UTC)
NIGHT = {"Name": "n", "Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT1H"}}}
COMPOSITE = {
    "AlarmName": "c",
    "AlarmRule": "ALARM(a)",
    "ActionsSuppressor": "s",
    "ActionsSuppressorWaitPeriod": 60,
    "ActionsSuppressorExtensionPeriod": 60,
}


def second(minutes: float) -> int:
    """Seconds since the epoch, so many minutes after two o'clock."""
    return int((START + timedelta(minutes=minutes)).timestamp())


def states(**values: StateValue) -> dict[str, AlarmState]:
    return {
        name: AlarmState(state_value=value, reason="", updated_at=START, transitioned_at=START)
        for name, value in values.items()
    }


def gate(mutes: Mapping[str, str] | None = None, *, suppressed: bool = False) -> ActionGate:
    """A gate with the mute rule `NIGHT` for some alarms, and with the composite `c` if asked for."""
    rule = MuteRule.from_aws(NIGHT)
    return ActionGate(
        {"c": CompositeAlarm.from_aws(COMPOSITE)},
        {name: [(rule, UTC)] for name in mutes or ()},
        suppressed={"c": replace_suppressor(OK, suppressor=OK)} if suppressed else {},
        held={},
    )


def test_what_nothing_holds_runs() -> None:
    found = gate().decide(second(0), {"a": OK}, states(a=ALARM))
    assert found == [GateDecision(name="a", runs=True)]


def test_a_window_holds_and_lets_go_at_its_end() -> None:
    made = gate({"a": "n"})
    assert made.decide(second(10), {"a": OK}, states(a=ALARM)) == [
        GateDecision(name="a", held_by=MUTED, muted_until=second(60))
    ]
    assert made.due("a", second(10)) == second(60)
    assert made.decide(second(60), {}, states(a=ALARM)) == [GateDecision(name="a", runs=True, is_after_window=True)]
    assert (made.held, made.due("a", second(60))) == ({}, None)


def test_what_is_as_the_window_found_it_tells_nothing_at_its_end() -> None:
    made = gate({"a": "n"})
    made.decide(second(10), {"a": OK}, states(a=ALARM))
    made.decide(second(20), {"a": ALARM}, states(a=OK))
    assert made.decide(second(60), {}, states(a=OK)) == []


def test_a_rule_that_went_early_lets_go_at_once() -> None:
    made = gate({"a": "n"})
    made.decide(second(10), {"a": OK}, states(a=ALARM))
    rest = ActionGate({}, {}, suppressed={}, held=made.held)
    assert rest.due("a", second(11)) == second(11)
    assert rest.decide(second(11), {}, states(a=ALARM)) == [GateDecision(name="a", runs=True, is_after_window=True)]


def test_a_suppressor_is_waited_for_and_then_the_actions_run() -> None:
    made = gate(suppressed=True)
    assert made.decide(second(0), {"c": OK}, states(c=ALARM, s=OK)) == [GateDecision(name="c", held_by="WaitPeriod")]
    assert made.due("c", second(0)) == second(1)
    assert made.decide(second(0.5), {"a": OK}, states(a=ALARM, c=ALARM, s=OK)) == [GateDecision(name="a", runs=True)]
    assert made.decide(second(1), {}, states(c=ALARM, s=OK)) == [GateDecision(name="c", runs=True)]
    assert made.due("c", second(1)) is None


def test_a_suppressor_that_rings_holds_until_it_no_longer_does() -> None:
    made = gate(suppressed=True)
    made.decide(second(0), {"s": OK}, states(c=OK, s=ALARM))
    assert made.decide(second(1), {"c": OK}, states(c=ALARM, s=ALARM)) == [GateDecision(name="c", held_by="Alarm")]
    assert made.decide(second(2), {"s": ALARM}, states(c=ALARM, s=OK))[-1].name == "c"
    assert made.decide(second(3), {}, states(c=ALARM, s=OK)) == [GateDecision(name="c", runs=True)]


def test_what_a_suppressor_lets_go_a_window_may_still_hold() -> None:
    made = gate({"c": "n"}, suppressed=True)
    made.decide(second(0), {"c": OK}, states(c=ALARM, s=OK))
    found = made.decide(second(1), {}, states(c=ALARM, s=OK))
    assert found == [GateDecision(name="c", held_by=MUTED, muted_until=second(60))]
    assert made.due("c", second(1)) == second(60)
