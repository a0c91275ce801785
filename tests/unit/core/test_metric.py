"""Metrics and what their data add up to (AL-1.1, AL-1.3, AL-1.4, AL-18.2)."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest

from tocsin.core.metric import UNITS, MetricDatum, MetricKey, StatisticSet


def test_order_of_dimensions_does_not_matter() -> None:
    one = MetricKey.of("N", "m", {"b": "2", "a": "1"})
    assert one == MetricKey.of("N", "m", {"a": "1", "b": "2"})
    assert one.dimensions == (("a", "1"), ("b", "2"))


def test_other_dimensions_are_another_metric() -> None:
    keys = {MetricKey.of("N", "m"), MetricKey.of("N", "m", {"a": "1"}), MetricKey.of("N", "m", {"a": "1", "b": "2"})}
    assert len(keys) == 3
    assert min(keys) == MetricKey("N", "m")


def test_there_are_27_units() -> None:
    assert len(UNITS) == len(set(UNITS)) == 27


def test_a_datum_has_no_unit_and_a_resolution_of_a_minute_by_default() -> None:
    datum = MetricDatum(key=MetricKey("N", "m"), timestamp=60, statistics=StatisticSet.of(1))
    assert (datum.unit, datum.storage_resolution) == ("None", 60)


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (StatisticSet.of(3.0, 1.0, 3.0), StatisticSet(3, 7, 1.0, 3.0, {1.0: 1, 3.0: 2})),
        (StatisticSet.of(0.5, 0.5), StatisticSet(2, 1, 0.5, 0.5, {0.5: 2})),
        (StatisticSet.of(-0.0), StatisticSet(1, 0, 0.0, 0.0, {0.0: 1})),
        (StatisticSet.weighted({2.0: 0.5}), StatisticSet(Fraction(1, 2), 1, 2.0, 2.0, {2.0: Fraction(1, 2)})),
        # AL-1.3: a weight of 0 takes part in minimum and maximum.
        (StatisticSet.weighted({9.0: 0, 2.0: 1}), StatisticSet(1, 2, 2.0, 9.0, {2.0: 1})),
        (StatisticSet.of(), StatisticSet(0, 0, math.inf, -math.inf, {})),
    ],
)
def test_values_are_added_up_exactly(made: StatisticSet, wanted: StatisticSet) -> None:
    assert made == wanted
    assert repr(made) == repr(wanted)


@pytest.mark.parametrize(
    ("count", "total", "minimum", "maximum", "weights"),
    [
        (1, 5.0, 5.0, 5.0, {5.0: 1}),
        (4, 20.0, 5.0, 5.0, {5.0: 4}),
        (4, 21.0, 5.0, 5.0, None),
        (4, 20.0, 4.0, 6.0, None),
        (1, 5.0, 4.0, 6.0, None),
    ],
)
def test_raw_values_of_a_statistic_set_are_known_if_there_is_one(
    count: float, total: float, minimum: float, maximum: float, weights: dict[float, int] | None
) -> None:
    made = StatisticSet.stated(sample_count=count, sum=total, minimum=minimum, maximum=maximum)
    assert made == StatisticSet(count, int(total), minimum, maximum, weights)


def test_the_empty_set_changes_nothing() -> None:
    empty, made = StatisticSet.of(), StatisticSet.of(1.0, 2.5)
    assert empty.is_empty
    assert not made.is_empty
    assert not StatisticSet.weighted({1.0: 0}).is_empty
    assert made.merge(empty) == empty.merge(made) == made
    assert StatisticSet.merged([]) == empty
    unknown = made.without_weights()
    assert unknown.merge(empty) == unknown


def test_merging_adds_up_to_the_same_bits_in_every_order() -> None:
    parts = [StatisticSet.of(value) for value in (1e16, 1.0, -1e16, 0.1, 0.2, 2.0**360, -0.0)]
    wanted = repr(StatisticSet.merged(parts))
    for order in itertools.permutations(parts, len(parts)):
        assert repr(StatisticSet.merged(order)) == wanted


def test_unknown_raw_values_stay_unknown() -> None:
    known, unknown = StatisticSet.of(1.0, 2.0), StatisticSet.stated(sample_count=3, sum=9, minimum=1, maximum=7)
    merged = known.merge(unknown)
    assert merged == unknown.merge(known) == StatisticSet(5, 12, 1.0, 7.0, None)
    assert merged.merge(known).weights is None
