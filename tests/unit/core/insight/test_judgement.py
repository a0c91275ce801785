"""When Insights open and close: the vectors of CT-17.4 to 17.8."""

from __future__ import annotations

import pytest

from tocsin.core.insight.course import MinuteCounts, insights_of
from tocsin.core.insight.judgement import (
    Direction,
    InsightRules,
    baseline_minutes,
    close,
    opening,
)
from tocsin.core.insight.poisson import at_least, at_most

DAY = 1440
MIDNIGHT = 20_000 * DAY


def clock(text: str) -> int:
    hour, minute = text.split(":")
    return MIDNIGHT + 60 * int(hour) + int(minute)


@pytest.mark.parametrize(("time", "minutes"), [("16:52", 11092), ("20:56", 11336), ("01:42", 10182), ("00:00", 10080)])
def test_a_baseline_begins_at_midnight_seven_days_before(time: str, minutes: int) -> None:
    assert baseline_minutes(clock(time)) == minutes


@pytest.mark.parametrize(
    ("mean", "fewest"),
    [(5 / 11336, 3), (0.01, 3), (0.05, 4), (0.1, 5), (0.5, 8), (1, 10), (2, 13), (5, 20), (10, 29), (20, 46)],
)
def test_the_fewest_calls_that_open_a_rise(mean: float, fewest: int) -> None:
    # The tail decides from CT-17.8's count on; below it either the tail is too likely or the calls are too few.
    assert at_least(fewest, mean) < 1e-6
    assert fewest == 3 or at_least(fewest - 1, mean) >= 1e-6


@pytest.mark.parametrize(("count", "opens"), [(0, True), (2, True), (3, False)])
def test_the_most_calls_that_open_a_fall_at_a_mean_of_20(count: int, opens: bool) -> None:
    assert (at_most(count, 20) < 1e-6) is opens


@pytest.mark.parametrize(
    ("before", "window", "opens"),
    [
        (0, 2, False),
        (0, 3, True),
        (1, 3, True),  # three calls in five minutes against one in eight days (CT-17.6)
        (20, 3, True),  # mu 0.0088
        (114, 3, False),  # mu 0.05
        (114, 4, True),
        (2270, 9, False),  # mu 1.0
        (2270, 10, True),
    ],
)
def test_rises_against_a_baseline(before: int, window: int, opens: bool) -> None:
    at = clock("20:57")
    counts = MinuteCounts({at - 5000: before, at - 1: window} if before else {at - 1: window})
    found = opening(counts, at)
    assert (found is not None) is opens
    if found is not None:
        assert (found.direction, found.first, found.opened_at) == (Direction.RISE, at - 1, at)
        assert (found.count, found.baseline_count, found.baseline_minutes) == (window, before, 11336)


def test_a_rise_is_at_least_twice_its_baseline() -> None:
    # 1,000 calls a minute before, 1,500 now: most improbable, and less than twice as many.
    minute = clock("00:00")
    steady = dict.fromkeys(range(minute - 10080, minute), 1000)
    assert opening(MinuteCounts(steady | dict.fromkeys(range(minute, minute + 5), 1999)), minute + 5) is None
    assert opening(MinuteCounts(steady | dict.fromkeys(range(minute, minute + 5), 2000)), minute + 5) is not None


@pytest.mark.parametrize(
    ("rate", "window", "opens"),
    [(4, 0, True), (4, 2, True), (4, 3, False), (3, 0, False), (20, 0, True), (20, 50, True), (20, 60, False)],
)
def test_falls_are_judged_where_twenty_calls_are_due(rate: int, window: int, opens: bool) -> None:
    minute = clock("00:00")
    counts = dict.fromkeys(range(minute - 10080, minute), rate) | ({minute + 2: window} if window else {})
    found = opening(MinuteCounts(counts), minute + 5)
    assert (found is not None) is opens
    if found is not None:
        assert (found.direction, found.first, found.mean) == (Direction.FALL, minute, 5 * rate)


def test_what_lies_before_the_baseline_does_not_count() -> None:
    minute = clock("00:00")
    found = opening(MinuteCounts({minute - 10081: 10**6, minute - 10080: 1, minute: 9}), minute + 1)
    assert found is not None
    assert found.baseline_count == 1


def test_the_example_of_the_specification() -> None:
    first = clock("01:42")
    (span,) = insights_of(MinuteCounts({first: 6}), since=0, until=first + 1000)
    opened, closed = span
    assert (opened.opened_at, opened.first, opened.count) == (clock("01:43"), first, 6)
    assert (opened.baseline_minutes, opened.baseline, opened.mean) == (10182, 0, pytest.approx(4.91e-4, rel=1e-3))
    assert opened.tail(6) == pytest.approx(1.9e-23, rel=0.05)
    assert closed is not None
    assert (closed.closed_at, closed.minutes, closed.count) == (clock("01:52"), 1, 6)


def test_an_insight_lasts_as_long_as_its_calls_do() -> None:
    first = clock("10:00")
    counts = MinuteCounts(dict.fromkeys(range(first, first + 30), 4))
    (span,) = insights_of(counts, since=0, until=first + 1000)
    assert span.closed is not None
    assert (span.closed.minutes, span.closed.count, span.closed.closed_at) == (30, 120, first + 39)


def test_an_insight_keeps_the_mean_that_it_was_opened_with() -> None:
    # It goes on for a week: by then most of its baseline are its own calls, and it is still open.
    first = clock("10:00")
    counts = MinuteCounts(dict.fromkeys(range(first, first + 7 * DAY), 4))
    (span,) = insights_of(counts, since=0, until=first + 7 * DAY)
    assert (span.opened.count, span.closed) == (4, None)


def test_what_lasts_for_eight_days_is_usual() -> None:
    first = clock("10:00")
    counts = MinuteCounts(dict.fromkeys(range(first, first + 20 * DAY), 4) | {first + 15 * DAY: 100})
    rise, more = insights_of(counts, since=0, until=first + 20 * DAY)
    assert rise.closed is not None
    assert (rise.closed.closed_at, rise.closed.minutes) == (first + 8 * DAY, 8 * DAY)
    assert (more.opened.opened_at, more.opened.baseline) == (first + 15 * DAY + 1, 4)


def test_a_pause_shorter_than_the_calm_does_not_close() -> None:
    first = clock("10:00")
    # The window is empty at four boundaries, 10:06 to 10:09.
    (one,) = insights_of(MinuteCounts({first: 5, first + 9: 5}), since=0, until=first + 100)
    assert one.closed is not None
    assert (one.closed.minutes, one.closed.count) == (10, 10)
    two = list(insights_of(MinuteCounts({first: 5, first + 10: 5}), since=0, until=first + 100))
    assert [span.opened.first - first for span in two] == [0, 10]


def test_a_fall_ends_with_the_last_minute_below_the_baseline() -> None:
    first = clock("00:00")
    counts = dict.fromkeys([*range(first - 10080, first), *range(first + 60, first + 200)], 20)
    (span,) = insights_of(MinuteCounts(counts), since=first, until=first + 200)
    opened, closed = span
    assert (opened.direction, opened.opened_at - first, opened.count) == (Direction.FALL, 3, 40)
    assert opened.first == first - 2
    assert closed is not None
    # From two minutes before the silence: the window that opened it began there.
    assert (closed.minutes, closed.count) == (62, 40)


def test_a_silence_without_end_stays_open_for_eight_days() -> None:
    first = clock("00:00")
    counts = MinuteCounts(dict.fromkeys(range(first - 10080, first), 20))
    (span,) = insights_of(counts, since=first, until=first + 7 * DAY)
    assert span.closed is None
    (span,) = insights_of(counts, since=first, until=first + 400 * DAY)
    assert span.closed is not None
    assert (span.closed.minutes, span.closed.count) == (8 * DAY, 40)


def test_an_end_without_a_known_call_is_that_of_its_first_minute() -> None:
    first = clock("10:00")
    opened = opening(MinuteCounts({first: 5}), first + 1)
    assert opened is not None
    assert close(opened, MinuteCounts({}), first + 10).minutes == 1


def test_thresholds_are_settings() -> None:
    first = clock("10:00")
    counts = MinuteCounts({first - 100: 114, first: 3})
    assert opening(counts, first + 1) is None
    assert opening(counts, first + 1, InsightRules(open=1e-3)) is not None
    assert InsightRules(min_hours=1.5).waiting_minutes == 90


def test_boundaries_without_calls_enough_are_passed_over() -> None:
    first = clock("10:00")
    counts = MinuteCounts({first: 1, first + 3: 1, first + 20: 2, first + 24: 1, first + 60: 1})
    (span,) = insights_of(counts, since=first - DAY, until=first + 300)
    assert (span.opened.first, span.opened.opened_at) == (first + 20, first + 25)
    assert list(insights_of(counts, since=first + 30, until=first + 300)) == []


def test_a_steady_api_is_nothing_unusual() -> None:
    first = clock("10:00")
    counts = MinuteCounts(dict.fromkeys(range(first - 2 * DAY, first), 1))
    assert list(insights_of(counts, since=first - DAY, until=first, data_from=first - 2 * DAY)) == []


def test_an_api_that_was_busy_once_is_looked_at_again_when_it_is_called() -> None:
    # A burst so large that the silence after it is a fall, for as long as the burst is in the baseline.
    first = clock("10:00")
    counts = MinuteCounts({first: 50_000, first + 30 * DAY: 5})
    found = insights_of(counts, since=0, until=first + 31 * DAY)
    assert [(span.opened.direction, span.opened.first - first) for span in found] == [
        (Direction.RISE, 0),
        (Direction.FALL, 6),
        (Direction.RISE, 30 * DAY),
    ]


def test_days_before_the_first_record_are_no_days_without_calls() -> None:
    # Four calls a minute for a day and a half, then the same: against a whole week that would be five times as many.
    first = clock("00:00")
    counts = MinuteCounts(dict.fromkeys(range(first - 36 * 60, first + 300), 4))
    assert opening(counts, first + 5) is not None
    assert opening(counts, first + 5, data_from=first - 36 * 60) is None
    span = insights_of(counts, since=first, until=first + 300, data_from=first - 36 * 60)
    assert list(span) == []
    # A silence is found as well.
    (fall,) = insights_of(counts, since=first, until=first + 400, data_from=first - 36 * 60)
    assert (fall.opened.direction, fall.opened.first - first) == (Direction.FALL, 300)
    assert fall.opened.mean == pytest.approx(20)


def test_a_key_that_is_new_opens_at_three_calls_however_short_the_data_are() -> None:
    first = clock("10:00")
    for data_from in (first, first - 1, first - 36 * 60, first - 30 * DAY):
        found = opening(MinuteCounts({first: 3}), first + 1, data_from=data_from)
        assert found is not None
        assert found.mean == 5 / 10680
        assert found.baseline_minutes == 10680
