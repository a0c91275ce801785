"""The times that an alarm was in its states (CON-5.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import AlarmStep
from tocsin.core.alarm.stay import Gathered, Stay, gather, stays_of, time_in

OK, ALARM, NO_DATA = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("steps", "now_in", "since", "created", "stays"),
    [
        ([], OK, 10, 0, [Stay(100, 200, OK)]),
        ([], NO_DATA, 150, 150, [Stay(150, 200, NO_DATA)]),
        ([], ALARM, 150, 0, [Stay(150, 200, ALARM)]),
        ([(120, OK, ALARM)], ALARM, 120, 0, [Stay(100, 120, OK), Stay(120, 200, ALARM)]),
        ([(120, NO_DATA, OK)], OK, 120, 110, [Stay(110, 120, NO_DATA), Stay(120, 200, OK)]),
        (
            [(120, OK, ALARM), (120, ALARM, OK), (130, OK, ALARM)],
            ALARM,
            130,
            0,
            [Stay(100, 120, OK), Stay(120, 130, OK), Stay(130, 200, ALARM)],
        ),
        ([(200, OK, ALARM)], ALARM, 200, 0, [Stay(100, 200, OK)]),
    ],
    ids=["no-change", "made-meanwhile", "change-not-kept", "one", "first", "at-once", "at-the-end"],
)
def test_stays_follow_each_other(steps, now_in, since, created, stays) -> None:
    told = [AlarmStep(at, "a", old, new) for at, old, new in steps]
    found = stays_of(told, start=100, end=200, now_in=now_in, since=since, created_at=created)
    assert found == stays


def test_time_is_added_up_by_state() -> None:
    stays = [Stay(0, 10, ALARM), Stay(10, 30, OK), Stay(30, 35, ALARM)]
    assert (time_in(stays, ALARM), time_in(stays, OK), time_in(stays, NO_DATA)) == (15, 20, 0)


def alarms(*spans: tuple[int, int]) -> list[Stay]:
    return [Stay(start, end, ALARM) for start, end in spans]


@pytest.mark.parametrize(
    ("stays", "gathered"),
    [
        ([], Gathered([], [])),
        ([Stay(0, 9, OK)], Gathered([], [])),
        (alarms((0, 1), (5, 6)), Gathered(alarms((0, 1), (5, 6)), [])),
        (alarms((0, 1), (5, 6), (7, 8)), Gathered(alarms((0, 1)), [(5, 8)])),
        (alarms((0, 1), (2, 3), (9, 10), (20, 21)), Gathered(alarms((20, 21)), [(0, 10)])),
        ([Stay(0, 4, NO_DATA), *alarms((4, 5))], Gathered([Stay(0, 4, NO_DATA), *alarms((4, 5))], [])),
        (
            [Stay(0, 1, NO_DATA), Stay(2, 3, NO_DATA), Stay(9, 10, NO_DATA)],
            Gathered([Stay(0, 3, NO_DATA), Stay(9, 10, NO_DATA)], []),
        ),
    ],
)
def test_what_is_closest_together_is_gathered(stays: list[Stay], gathered: Gathered) -> None:
    assert gather(stays, most=2) == gathered


@given(st.lists(st.integers(0, 10_000), max_size=60, unique=True), st.integers(1, 9))
def test_no_time_in_alarm_is_lost(edges: list[int], most: int) -> None:
    edges = sorted(edges[: len(edges) // 2 * 2])
    stays = alarms(*zip(edges[::2], edges[1::2], strict=True))
    found = gather(stays, most=most)
    drawn = [(one.start, one.end) for one in found.stays] + found.flapping
    assert len(drawn) <= most
    assert all(any(start <= one.start and one.end <= end for start, end in drawn) for one in stays)
    assert {one.start for one in stays} >= {start for start, _ in drawn}
