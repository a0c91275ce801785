"""The data of one metric over an archive (AL-6.2, AL-18.2, AL-18.5)."""

from __future__ import annotations

import pytest

from tocsin.core.metric import StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory
from tocsin.core.statistic import Statistic


def point(second: int, *values: float, arrival: int | None = None) -> HistoryPoint:
    return HistoryPoint(second, arrival, StatisticSet.of(*values))


TIMELY = MetricHistory([point(120, 5.0), point(60, 1.0, 2.0), point(180, -1.0)])
LATE = MetricHistory([point(60, 1.0), point(120, 2.0, arrival=400), point(120, 4.0, arrival=130)])


@pytest.mark.parametrize(
    ("start", "end", "values"),
    [
        (60, 120, (1.0, 2.0)),  # the start is in, the end is not (AL-6.2)
        (61, 121, (5.0,)),
        (60, 181, (1.0, 2.0, 5.0, -1.0)),
        (0, 60, None),
        (181, 10_000, None),
        (120, 120, None),
    ],
)
def test_what_lies_in_a_stretch(start: int, end: int, values: tuple[float, ...] | None) -> None:
    expected = None if values is None else StatisticSet.of(*values)
    assert TIMELY.between(start, end, at=end) == expected
    assert TIMELY.totals_with_weights(start, end) == expected
    found = TIMELY.totals(start, end)
    assert (found is None) == (expected is None)
    for name in ("Sum", "SampleCount", "Average", "Minimum", "Maximum"):
        statistic = Statistic.parse(name)
        assert found is None or statistic.of(found) == statistic.of(expected)


@pytest.mark.parametrize(
    ("at", "total"),
    [(129, None), (130, 4.0), (399, 4.0), (400, 6.0), (10_000, 6.0)],
)
def test_a_datum_is_seen_from_its_arrival_on(at: int, total: float | None) -> None:
    found = LATE.between(120, 180, at=at)
    assert (None if found is None else found.sum) == total


def test_data_without_an_arrival_are_known_at_any_time() -> None:
    assert TIMELY.between(60, 61, at=0) == StatisticSet.of(1.0, 2.0)
    assert LATE.between(60, 61, at=0) == StatisticSet.of(1.0)


def test_times_and_arrivals_are_told_apart() -> None:
    assert (list(TIMELY.seconds), list(TIMELY.late), TIMELY.is_late) == ([60, 120, 180], [], False)
    assert (list(LATE.seconds), list(LATE.late), LATE.is_late) == ([60], [(120, 130), (120, 400)], True)


def test_points_of_a_stretch_come_by_time_and_arrival() -> None:
    found = LATE.within(0, 1000, at=1000)
    assert [(one.second, one.arrival) for one in found] == [(60, None), (120, 130), (120, 400)]
    assert [one.arrival for one in LATE.within(0, 1000, at=200)] == [None, 130]


def test_slots_lie_between_edges() -> None:
    assert TIMELY.slots((0, 60, 120, 180), at=180) == (None, StatisticSet.of(1.0, 2.0), StatisticSet.of(5.0))
    assert TIMELY.slots((0,), at=0) == ()
    assert MetricHistory(()).slots((0, 60), at=60) == (None,)


def test_origin_of_a_point_is_kept_and_decides_nothing() -> None:
    points = [HistoryPoint(60, None, StatisticSet.of(1.0), {"any": "thing"}), point(60, 1.0)]
    assert MetricHistory(points).between(60, 61, at=61) == StatisticSet.of(1.0, 1.0)
    assert MetricHistory(points).points[0].origin == {"any": "thing"}


def test_totals_and_merged_sets_agree_to_the_last_bit() -> None:
    hard = (0.1, -0.1, 1e300, -1e300, 3.0, 2.0**-1000, 1e16)
    values = [hard[place * place % len(hard)] for place in range(60)]
    history = MetricHistory([point(second, value) for second, value in enumerate(values)])
    for start in range(60):
        for end in range(start + 1, 61):
            merged = history.between(start, end, at=end)
            totals = history.totals(start, end)
            assert merged is not None
            assert totals is not None
            assert totals.without_weights() == merged.without_weights()


# ---------------------------------------------------------------- running totals


def test_running_totals_are_those_of_the_first_points() -> None:
    history = MetricHistory(
        [HistoryPoint(60, None, StatisticSet.of(1.0, 2.0)), HistoryPoint(0, None, StatisticSet.of(5.0))]
    )
    assert history.running("Sum") == [0, 5, 8]
    assert history.running("SampleCount") == [0, 1, 3]
    assert history.running("Average") is None
    assert MetricHistory([HistoryPoint(0, None, StatisticSet.of())]).running("Sum") is None
    assert MetricHistory(()).running("Sum") == [0]


@pytest.mark.parametrize("seed", range(5))
def test_places_are_right_in_whatever_order_they_are_asked_for(seed: int) -> None:
    seconds = sorted((seed * 7919 + number * number * 31) % 5000 for number in range(60))
    history = MetricHistory(HistoryPoint(second, None, StatisticSet.of(1.0)) for second in seconds)
    stretches = [((seed + number * 613) % 5200, (number * 97) % 900) for number in range(200)]
    for start, length in [*stretches, *sorted(stretches)]:
        first, last = history.places(start, start + length)
        found = seconds[first:last]
        assert found == [second for second in seconds if start <= second < start + length]
