"""Axes: where lines and ticks stand, and what they say. Spec: CON-5.3."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tocsin.console.charts import Window, counts_scale, time_ticks, values_scale, window_to
from tocsin.console.charts.lane_axis import lane_axis
from tocsin.console.charts.tick_row import tick_row
from tocsin.console.charts.time_axis import STEPS, moment_text, span_text, tick_step
from tocsin.console.charts.value_axis import axis_number, nice, number

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("starts", "shown"),
    [
        # Beside a first label with a day in it there is no room for the second of those shown.
        ("2026-03-13T04:00:00Z", ["13 Mar 04:00", "20:00", "04:00"]),
        ("2026-03-13T00:00:00Z", ["13 Mar", "08:00", "16:00", "14 Mar"]),
    ],
)
def test_the_labels_of_a_narrow_row_do_not_run_into_each_other(starts: str, shown: list[str]) -> None:
    row = str(tick_row(time_ticks(Window(at(starts), at(starts) + DAY))))
    assert re.findall(r'<text class="tx"[^>]*>([^<]*)</text>', row) == shown


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (8 * MINUTE, MINUTE), (30 * MINUTE, 5 * MINUTE), (HOUR, 10 * MINUTE), (2 * HOUR, 15 * MINUTE),
        (3 * HOUR, 30 * MINUTE), (8 * HOUR, HOUR), (12 * HOUR, 2 * HOUR), (DAY, 4 * HOUR), (2 * DAY, 6 * HOUR),
        (4 * DAY, 12 * HOUR), (7 * DAY, DAY), (30 * DAY, 7 * DAY), (365 * DAY, 7 * DAY),
    ],
)  # fmt: skip
def test_ticks_are_nine_at_most(length: int, step: int) -> None:
    assert tick_step(length) == step
    assert step in STEPS


@pytest.mark.parametrize(
    ("now", "length", "start", "end"),
    [
        ("2026-11-23T02:14:20Z", 3 * HOUR, "2026-11-22T23:30:00Z", "2026-11-23T02:30:00Z"),
        # A tick that is just reached has not passed: the window shifts with the next one.
        ("2026-11-23T02:30:00Z", 3 * HOUR, "2026-11-23T00:00:00Z", "2026-11-23T03:00:00Z"),
        ("2026-11-23T02:29:59Z", 3 * HOUR, "2026-11-22T23:30:00Z", "2026-11-23T02:30:00Z"),
        # Four hours and days are those of the wall clock: Berlin is an hour ahead.
        ("2026-11-23T02:14:20Z", DAY, "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"),
        ("2026-11-23T02:14:20Z", 7 * DAY, "2026-11-16T23:00:00Z", "2026-11-23T23:00:00Z"),
        # Weeks end on Monday.
        ("2026-11-23T02:14:20Z", 30 * DAY, "2026-10-30T23:00:00Z", "2026-11-29T23:00:00Z"),
    ],
)
def test_a_window_ends_at_the_next_tick(now: str, length: int, start: str, end: str) -> None:
    assert window_to(at(now), length, BERLIN) == Window(at(start), at(end))


def test_the_first_tick_and_midnight_say_the_date() -> None:
    window = window_to(at("2026-11-23T02:14:20Z"), DAY, BERLIN)
    assert [tick.label for tick in time_ticks(window, BERLIN)] == [
        "22 Nov 04:00", "08:00", "12:00", "16:00", "20:00", "23 Nov", "04:00",
    ]  # fmt: skip
    days = window_to(at("2026-11-23T02:14:20Z"), 7 * DAY)
    assert [tick.label for tick in time_ticks(days)][:2] == ["17 Nov", "18 Nov"]


def test_ticks_follow_the_wall_clock_through_the_end_of_summer_time() -> None:
    window = Window(at("2026-10-24T22:00:00Z"), at("2026-10-25T11:00:00Z"))
    told = [((tick.at - window.start) // HOUR, tick.label) for tick in time_ticks(window, BERLIN)]
    # The hour from 02:00 comes twice.
    assert told[:4] == [(0, "25 Oct"), (2, "02:00"), (3, "02:00"), (5, "04:00")]
    assert told[-1] == (13, "12:00")


def test_ticks_of_a_zone_with_half_an_hour_stand_at_its_hours() -> None:
    window = window_to(at("2026-11-23T02:14:20Z"), 3 * HOUR, ZoneInfo("Asia/Kolkata"))
    assert [tick.label for tick in time_ticks(window, ZoneInfo("Asia/Kolkata"))][1:3] == ["05:30", "06:00"]


@pytest.mark.parametrize(
    ("values", "threshold", "lines"),
    [
        ([2.0, 1.0], 1.0, [0, 1, 2, 3]),
        ([], None, [0, 1, 2]),
        ([], 1.0, [0, 1, 2]),
        ([4.0], 1.0, [0, 1, 2, 3, 4, 5]),
        ([5.0], 1.0, [0, 2, 4, 6]),
        ([7.0], 8.0, [0, 5, 10, 15, 20]),
        ([80.0], None, [0, 20, 40, 60, 80, 100]),
        ([1990.0], None, [0, 1000, 2000, 3000]),
        ([15.0], None, [0, 5, 10, 15, 20]),
        ([0.5], 0.5, [0, 1, 2]),
    ],
)
def test_a_count_begins_at_nought_and_has_whole_lines(
    values: list[float], threshold: float | None, lines: list[int]
) -> None:
    scale = counts_scale(values, threshold)
    assert list(scale.lines) == lines
    assert (scale.bottom, scale.top) == (lines[0], lines[-1])


@pytest.mark.parametrize(
    ("values", "threshold", "lines"),
    [
        ([62.5, 99.9], 75.0, [40, 60, 80, 100, 120]),
        ([14.0], None, [12, 13, 14, 15, 16]),
        ([], None, [0, 0.5, 1]),
        ([0.0], 0.0, [0, 0.5, 1]),
        ([-5.0, 5.0], None, [-10, -5, 0, 5, 10]),
        ([0.01, 0.02], 0.015, [0.005, 0.01, 0.015, 0.02, 0.025]),
    ],
)
def test_other_values_have_the_threshold_within(
    values: list[float], threshold: float | None, lines: list[float]
) -> None:
    assert values_scale(values, threshold).lines == pytest.approx(lines)


@pytest.mark.parametrize("power", range(-9, 13))
@pytest.mark.parametrize("digit", [1, 2, 3, 4, 5, 6, 8])
def test_a_nice_number_is_its_own_top(digit: int, power: int) -> None:
    value = digit * 10.0**power
    assert nice(value) == pytest.approx(value)
    assert nice(value * 1.001) > value * 1.0001


@pytest.mark.parametrize(
    ("value", "axis", "sentence"),
    [
        (0.0, "0", "0"),
        (9_999.0, "9,999", "9,999"),
        (10_000.0, "10 k", "10,000"),
        (12_500.0, "12.5 k", "12,500"),
        (2_000_000.0, "2 M", "2,000,000"),
        (3e9, "3 G", "3,000,000,000"),
        (4e12, "4 T", "4,000,000,000,000"),
        (-20_000.0, "-20 k", "-20,000"),
        (0.125, "0.125", "0.125"),
        (float("inf"), "inf T", "inf"),
    ],
)
def test_numbers(value: float, axis: str, sentence: str) -> None:
    assert axis_number(value) == axis
    assert number(value) == sentence


def test_the_day_stands_wherever_it_is_not_today() -> None:
    now = at("2026-11-23T02:14:20Z")
    assert moment_text(at("2026-11-23T02:11:00Z"), now=now, zone=BERLIN) == "03:11"
    assert moment_text(at("2026-11-23T02:11:20Z"), now=now, zone=BERLIN) == "03:11:20"
    assert moment_text(at("2025-11-23T02:11:00Z"), now=now, zone=UTC) == "23 Nov 02:11"
    told = span_text(at("2026-11-22T22:55:00Z"), at("2026-11-22T23:00:00Z"), now=now, zone=BERLIN)
    assert told == "22 Nov 23:55 to 00:00"


# ---------------------------------------------------------------- under lanes


def test_the_axis_under_lanes_has_every_tick_inside() -> None:
    day = Window(1_800_000_000 - 1_800_000_000 % 86_400, 1_800_000_000 - 1_800_000_000 % 86_400 + 86_400)
    drawn = str(lane_axis(day))
    assert drawn.count("<text") == 7
    assert 'text-anchor="start" x="0.00%"' in drawn
    assert 'text-anchor="end" x="100.00%"' in drawn
    assert 'text-anchor="middle" x="50.00%"' in drawn
    assert drawn.count('class="tx o"') == 3, "every second one is only shown where there is room"
