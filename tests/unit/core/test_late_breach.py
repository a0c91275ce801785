"""Which breaches nobody was told of (AL-18.5)."""

from __future__ import annotations

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.late_breach import Stretch, late_problem, rings_late, stretches_in_alarm, untold

OK, ALARM, NO_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("changes", "stretches"),
    [
        ([], []),
        ([(0, OK)], []),
        ([(0, OK), (60, ALARM), (120, OK)], [(60, 120)]),
        ([(0, ALARM), (60, ALARM), (120, NO_DATA), (180, ALARM)], [(0, 120), (180, 600)]),
        ([(600, ALARM)], [(600, 601)]),
    ],
)
def test_times_in_alarm(changes: list[tuple[int, StateValue]], stretches: list[tuple[int, int]]) -> None:
    assert stretches_in_alarm(changes, until=600) == stretches


@pytest.mark.parametrize(
    ("known", "is_told"),
    [
        ([], True),
        ([Stretch(0, 60)], True),
        ([Stretch(120, 180)], True),
        ([Stretch(0, 61)], False),
        ([Stretch(119, 180)], False),
        ([Stretch(0, 180)], False),
        ([Stretch(80, 90)], False),
    ],
)
def test_who_was_told_of_a_part_was_told(known: list[Stretch], *, is_told: bool) -> None:
    assert untold([Stretch(60, 120)], known) == ([Stretch(60, 120)] if is_told else [])


@pytest.mark.parametrize(
    ("tags", "rings"),
    [
        ({}, False),
        ({"tocsin:late": "ring"}, True),
        ({"tocsin:rule": "cis/x"}, True),
        ({"tocsin:rule": "cis/x", "tocsin:late": "off"}, False),
        ({"tocsin:late": "?"}, False),
    ],
)
def test_who_asks_for_it(tags: dict[str, str], *, rings: bool) -> None:
    assert rings_late(tags) is rings


def test_values_of_the_tag() -> None:
    assert (late_problem("ring"), late_problem("off")) == ("", "")
    assert late_problem("Ring") == "tocsin:late takes ring or off"
