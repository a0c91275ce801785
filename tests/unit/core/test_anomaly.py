from __future__ import annotations

import pytest

from tocsin.core.anomaly import DEFAULT_MODEL, HourOfWeekModel

HOUR, DAY, WEEK = 3600, 86_400, 604_800
SLOT = 100 * WEEK + 12 * HOUR + 120


def band(
    history: list[tuple[int, float]], slot: int = SLOT, deviations: float = 2
) -> tuple[float | None, float | None]:
    made = HourOfWeekModel().band(sorted(history), [slot], deviations=deviations)
    assert made.model == DEFAULT_MODEL.name == "hour-of-week-median"
    return made.lower[0], made.upper[0]


def at(weeks: int, minutes: int) -> int:
    """A minute of the slot's hour, so many weeks before."""
    return SLOT - SLOT % HOUR - weeks * WEEK + minutes * 60


# AL-15.3: the median 12, deviations from it 0, 1, 1, 2, 8: their median is 1.
def test_median_and_deviation_of_the_hour() -> None:
    history = [(at(1, n), value) for n, value in enumerate([11, 12, 13, 14, 20])]
    lower, upper = band(history)
    assert (lower, upper) == pytest.approx((13 - 2 * 1.4826, 13 + 2 * 1.4826))
    assert band(history, deviations=0) == (13, 13)


def test_other_hours_and_older_weeks_take_no_part() -> None:
    inside = [(at(1, 0), 10.0), (at(1, 59), 10.0), (at(2, 3), 10.0), (at(0, 0), 10.0)]
    outside = [
        (at(1, -1), 99.0),
        (at(1, 60), 99.0),
        (at(3, 3), 99.0),
        (at(2, 1), 99.0),
        (at(0, 2), 99.0),
        (at(0, 3), 99.0),
    ]
    assert band([*inside, *outside]) == (10, 10)


# Of an even number the mean of the two in the middle.
def test_two_values_in_the_middle() -> None:
    assert band([(at(1, 0), 10.0), (at(1, 1), 14.0)], deviations=0) == (12, 12)


@pytest.mark.parametrize(
    ("history", "has_band"),
    [
        ([], False),
        ([(at(0, 0), 1.0), (at(0, 1), 1.0)], False),
        ([(at(0, 0), 1.0), (SLOT - 3 * DAY + 1, 1.0)], False),
        ([(at(0, 0), 1.0), (SLOT - 3 * DAY, 1.0)], True),
        ([(SLOT - 4 * DAY, 1.0), (SLOT - 5 * DAY, 1.0)], False),  # never this hour of the week
        ([(SLOT - 3 * WEEK, 1.0), (at(0, 0), 1.0)], False),  # data of three weeks ago do not count
    ],
)
def test_three_days_of_data_are_needed(history: list[tuple[int, float]], has_band: bool) -> None:
    assert (band(history) != (None, None)) is has_band


# The lower edge of what was never negative is not negative; what comes later does not count.
def test_counts_do_not_become_negative() -> None:
    history = [(at(1, n), float(n)) for n in range(5)]
    assert band(history)[0] == 0
    assert band([*history, (SLOT, -5.0)])[0] == 0
    assert band([*history, (at(1, 30) - DAY, -5.0)])[0] < 0


def test_one_entry_for_each_slot() -> None:
    history = [(at(1, 0), 10.0)]
    made = HourOfWeekModel().band(history, [SLOT, SLOT + 60, SLOT + DAY], deviations=2)
    assert made.upper == (10, 10, None)
