"""Periods, slots, retention, and the reads that are refused (AL-3, AL-6.2)."""

from __future__ import annotations

import pickle

import pytest

from tocsin.core.period import (
    ReadError,
    check_read,
    finest_period,
    is_read_period,
    oldest_age,
    round_start,
    slot_start,
    slots_before,
    slots_between,
)

HOUR, DAY = 3600, 86_400
NOW = 1_800_000_000 - 1_800_000_000 % DAY + 12 * HOUR + 34 * 60 + 56


@pytest.mark.parametrize("period", [1, 5, 10, 20, 30, 60, 120, 300, 86_400])
def test_periods_of_reads(period: int) -> None:
    assert is_read_period(period)


@pytest.mark.parametrize("period", [0, -60, 2, 15, 45, 61, 90])
def test_other_periods_are_none(period: int) -> None:
    assert not is_read_period(period)


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        (-HOUR, 1),
        (3 * HOUR, 1),
        (3 * HOUR + 1, 60),
        (15 * DAY, 60),
        (15 * DAY + 1, 300),
        (63 * DAY, 300),
        (63 * DAY + 1, HOUR),
        (455 * DAY, HOUR),
        (455 * DAY + 1, None),
    ],
)
def test_older_data_are_readable_at_coarser_periods(age: int, wanted: int | None) -> None:
    assert finest_period(age) == wanted


@pytest.mark.parametrize(
    ("period", "wanted"),
    [
        (0, 0),
        (1, 3 * HOUR),
        (30, 3 * HOUR),
        (60, 15 * DAY),
        (240, 15 * DAY),
        (300, 63 * DAY),
        (HOUR, 455 * DAY),
        (DAY, 455 * DAY),
    ],
)
def test_a_coarser_period_reads_older_data(period: int, wanted: int) -> None:
    assert oldest_age(period) == wanted


@pytest.mark.parametrize(
    ("age", "period", "step"),
    [
        (HOUR, 1, 1),
        (HOUR, 20, 20),
        (HOUR, 60, 60),
        (HOUR, 300, 60),
        (DAY, 10, 60),
        (DAY, 60, 60),
        (20 * DAY, 60, 300),
        (100 * DAY, 60, HOUR),
        (500 * DAY, 60, HOUR),
    ],
)
def test_start_rounds_down_by_age(age: int, period: int, step: int) -> None:
    start = NOW - age
    assert round_start(start, period=period, now=NOW) == start // step * step


def test_slots_hold_their_start_and_not_their_end() -> None:
    assert [slot_start(second, 60) for second in (119, 120, 179, 180)] == [60, 120, 120, 180]
    assert [slot_start(second, 300, anchor=120) for second in (119, 120, 419, 420)] == [-180, 120, 120, 420]


def test_an_alarm_of_five_minutes_at_minute_6_sees_minutes_1_to_5() -> None:
    assert list(slots_before(6 * 60, period=300, count=2)) == [-240, 60]


def test_slots_of_a_read_are_anchored_at_its_start() -> None:
    assert list(slots_between(7, 140, period=60)) == [7, 67, 127]


def test_reads_that_are_within_the_limit() -> None:
    check_read(0, 1440 * 60, period=60)
    check_read(0, 100_800, period=1, most_points=100_800)


@pytest.mark.parametrize(
    ("start", "end", "period", "code", "message"),
    [
        (0, 60, 7, "InvalidParameterValue", "The value 7 for parameter Period is invalid."),
        (60, 60, 60, "InvalidParameterValue", "The parameter StartTime must not equal parameter EndTime."),
        (61, 60, 60, "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."),
        (
            *(0, 86_400, 1, "InvalidParameterCombination"),
            (
                "You have requested up to 86400 datapoints, which exceeds the limit of 1440. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            ),
        ),
    ],
)
def test_reads_that_are_refused_in_awss_words(start: int, end: int, period: int, code: str, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        check_read(start, end, period=period)
    copy = pickle.loads(pickle.dumps(caught.value))
    for error in (caught.value, copy):
        assert (error.aws_code, error.message) == (code, message)
    assert copy.hint == caught.value.hint
