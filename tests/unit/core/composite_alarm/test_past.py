"""What a composite would have done, by how its children stood (CON-4.8, AL-12.6)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.stay import Stay
from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.outline import outcome
from tocsin.core.composite_alarm.past import ChildChange, CompositeStay, composite_past

OK, ALARM, INSUFFICIENT_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
BOTH = AlarmRule.parse("ALARM(a) AND ALARM(b)")


def test_a_ring_begins_and_ends_with_the_changes_that_made_it() -> None:
    children = {
        "a": [Stay(0, 10, OK), Stay(10, 40, ALARM), Stay(40, 100, OK)],
        "b": [Stay(0, 20, OK), Stay(20, 100, ALARM)],
    }
    assert composite_past(BOTH, children, start=0, end=100) == [
        CompositeStay(0, 20, OK, ()),
        CompositeStay(20, 40, ALARM, (ChildChange(20, "b", ALARM),)),
        CompositeStay(40, 100, OK, (ChildChange(40, "a", OK),)),
    ]


def test_children_that_change_at_one_instant_are_looked_at_together() -> None:
    children = {
        "a": [Stay(0, 10, OK), Stay(10, 20, ALARM)],
        "b": [Stay(0, 10, ALARM), Stay(10, 20, OK)],
    }
    assert [one.stay for one in composite_past(BOTH, children, start=0, end=20)] == [Stay(0, 20, OK)]


def test_what_was_before_is_no_change() -> None:
    children = {"a": [Stay(0, 100, ALARM)], "b": [Stay(0, 100, ALARM)]}
    assert composite_past(BOTH, children, start=50, end=100) == [CompositeStay(50, 100, ALARM, ())]


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        ("ALARM(a) AND ALARM(b)", [Stay(10, 60, OK)]),
        ("ALARM(a) OR ALARM(b)", []),
        ("OK(a) OR ALARM(b)", [Stay(10, 60, ALARM)]),
        ("NOT ALARM(b)", []),
    ],
)
def test_of_what_depends_on_an_unknown_child_nothing_is_told(source: str, stays: Sequence[Stay]) -> None:
    children = {"a": [Stay(10, 30, OK), Stay(30, 60, OK)]}
    found = composite_past(AlarmRule.parse(source), children, start=0, end=100)
    assert [one.stay for one in found] == stays


def test_a_rule_without_children_is_what_it_is() -> None:
    assert composite_past(AlarmRule.parse("TRUE"), {}, start=0, end=5) == [CompositeStay(0, 5, ALARM, ())]
    assert composite_past(AlarmRule.parse("TRUE"), {}, start=5, end=5) == []


_LENGTHS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([*StateValue, None])), max_size=8)


def _stays(lengths: list[tuple[int, StateValue | None]]) -> list[Stay]:
    at, found = 0, []
    for length, state in lengths:
        if state is not None:
            found.append(Stay(at, at + length, state))
        at += length
    return found


@given(
    source=st.sampled_from(
        ["ALARM(a) AND NOT OK(b)", "ALARM(a) OR INSUFFICIENT_DATA(b)", "AT_LEAST(1, ALARM, (a, b)) AND NOT OK(a)"]
    ),
    a=_LENGTHS,
    b=_LENGTHS,
    start=st.integers(0, 10),
)
def test_at_every_instant_it_is_what_the_rule_says(
    source: str, a: list[tuple[int, StateValue | None]], b: list[tuple[int, StateValue | None]], start: int
) -> None:
    rule, children = AlarmRule.parse(source), {"a": _stays(a), "b": _stays(b)}
    found = composite_past(rule, children, start=start, end=30)
    for at in range(start, 30):
        states = {name: one.state for name, stays in children.items() for one in stays if one.start <= at < one.end}
        holds = outcome(rule, states)
        expected = [] if holds is None else [ALARM if holds else OK]
        assert [one.state for one in found if one.start <= at < one.end] == expected
