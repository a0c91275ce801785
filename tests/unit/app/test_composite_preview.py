"""What a composite would have done lately (CON-4.8): judged by the changes of its children that are kept."""

from __future__ import annotations

import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.composite_preview import DAYS, CompositePreview, preview_composite
from tocsin.app.metric_alarm import describe_alarms, set_state
from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.past import ChildChange

OK, ALARM = StateValue.OK, StateValue.ALARM
DAY = 86_400


@pytest.fixture
def bench() -> RuleBench:
    made = RuleBench()
    for name in ("a", "b"):
        made.alarm(name, name)
        turn(made, name, OK)
    return made


def turn(bench: RuleBench, name: str, state: StateValue) -> None:
    set_state(bench.service, HERE, name, state, reason="test", reason_data=None)


def preview(bench: RuleBench, rule: str) -> CompositePreview:
    with bench.store.read() as store:
        return preview_composite(store, HERE, AlarmRule.parse(rule), now=bench.now_ms)


def test_it_would_have_rung_while_its_rule_held(bench: RuleBench) -> None:
    bench.clock.advance(DAY)
    turn(bench, "a", ALARM)
    bench.clock.advance(600)
    turn(bench, "b", ALARM)
    began = bench.now_ms
    bench.clock.advance(900)
    turn(bench, "a", OK)
    bench.clock.advance(60)
    found = preview(bench, "ALARM(a) AND ALARM(b)")
    (ring,) = found.rings
    assert (ring.start, ring.end - ring.start) == (began, 900_000)
    assert ring.because == (ChildChange(began, "b", ALARM),)
    assert found.holds is False
    assert found.states == {"a": OK, "b": ALARM}
    assert not found.is_cut


def test_nothing_is_told_of_what_was_before_its_children(bench: RuleBench) -> None:
    born = bench.now_ms
    bench.clock.advance(DAY)
    found = preview(bench, "OK(a)")
    assert found.until - found.since == DAYS * DAY * 1000
    (ring,) = found.rings
    assert ring.start == born


def test_a_child_that_is_not_there_leaves_open_what_depends_on_it(bench: RuleBench) -> None:
    bench.clock.advance(60)
    found = preview(bench, "ALARM(a) OR ALARM(nobody)")
    assert found.holds is None
    assert found.stays == ()
    assert [(one.name, one.state) for one in found.children] == [("a", OK), ("nobody", None)]


def test_a_composite_is_a_child_like_others(bench: RuleBench) -> None:
    bench.composite("both", "ALARM(a) AND ALARM(b)")
    turn(bench, "a", ALARM)
    turn(bench, "b", ALARM)
    bench.clock.advance(60)
    assert preview(bench, "ALARM(both)").holds is True


def test_whom_children_tell_themselves_is_known(bench: RuleBench) -> None:
    topic = bench.topic()
    bench.alarm("a", "a", actions=(topic,))
    bench.alarm("b", "b", actions=(topic,), ActionsEnabled=False)
    assert [one.actions for one in preview(bench, "ALARM(a) OR ALARM(b)").children] == [(topic,), ()]


def test_where_a_child_changed_too_often_only_the_end_is_judged(bench: RuleBench) -> None:
    for _ in range(400):
        bench.clock.advance(60)
        turn(bench, "a", ALARM)
        bench.clock.advance(60)
        turn(bench, "a", OK)
    found = preview(bench, "ALARM(a)")
    assert found.is_cut
    assert 290 <= len(found.rings) <= 300
    assert found.since >= bench.now_ms - 601 * 60_000


def test_the_rule_of_a_live_composite_comes_to_what_it_came_to(bench: RuleBench) -> None:
    bench.composite("either", "ALARM(a) OR ALARM(b)")
    for name, state in (("a", ALARM), ("b", ALARM), ("a", OK), ("b", OK), ("b", ALARM)):
        bench.clock.advance(3600)
        turn(bench, name, state)
    bench.clock.advance(60)
    found = preview(bench, "ALARM(a) OR ALARM(b)")
    ((live,), _) = describe_alarms(bench.service, HERE, names=["either"], types=["CompositeAlarm"], limit=1)
    assert found.holds is True
    assert live.standing.state.state_value is ALARM
    with bench.store.read() as store:
        steps = store.history.changes(HERE, alarm_name="either", limit=10)[::-1]
    assert [one.start for one in found.rings] == [step.at for step in steps if step.new is ALARM]
