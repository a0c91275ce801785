"""The times that an alarm was in its states (CON-5.5)."""

from __future__ import annotations

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import AlarmStep
from tocsin.core.alarm.stay import Stay, stays_of, time_in

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
