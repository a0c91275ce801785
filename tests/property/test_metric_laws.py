"""Datapoints merge to the same bits however they were put together (AL-18.2), and statistics keep their bounds (AL-2)."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.metric import LARGEST_VALUE, StatisticSet
from tocsin.core.statistic import Statistic

values = st.one_of(
    st.floats(-LARGEST_VALUE, LARGEST_VALUE),
    st.integers(-5, 5).map(float),
    st.sampled_from([0.1, 0.2, 1e16, -1e16, 1e-320, 0.0, -0.0]),
)
weights = st.one_of(st.integers(0, 5).map(float), st.floats(0, 1e300), st.sampled_from([0.5, 0.1]))
parts = st.one_of(
    st.lists(values, max_size=4).map(lambda found: StatisticSet.of(*found)),
    st.dictionaries(values, weights, max_size=3).map(StatisticSet.weighted),
    st.tuples(st.floats(1, 1e9), values, values, values).map(
        lambda found: StatisticSet.stated(sample_count=found[0], sum=found[1], minimum=min(found[2:]), maximum=max(found[2:]))
    ),
)  # fmt: skip
NAMES = (
    "SampleCount Sum Average Minimum Maximum p0 p50 p99.9 p100 IQM tm90 tc10 ts50 wm33.3 TM(1:4) TC(:0.1) TS(-1:) "
    "WM(10%:) WM(-2:3) PR(0:2)"
)
statistics = st.sampled_from(NAMES.split()).map(Statistic.parse)


def bits(made: StatisticSet) -> str:
    """The value, the type and the sign of everything in it, in its order."""
    return repr(made)


@given(parts, parts, parts)
def test_merging_is_associative_and_commutative_to_the_last_bit(
    one: StatisticSet, two: StatisticSet, three: StatisticSet
) -> None:
    assert bits(one.merge(two)) == bits(two.merge(one))
    assert bits(one.merge(two).merge(three)) == bits(one.merge(two.merge(three)))
    assert bits(StatisticSet.merged([three, one, two])) == bits(one.merge(two).merge(three))


@given(parts)
def test_the_empty_set_is_neutral(one: StatisticSet) -> None:
    assert bits(one.merge(StatisticSet.of())) == bits(StatisticSet.of().merge(one)) == bits(StatisticSet.merged([one]))


@given(st.lists(st.tuples(values, st.integers(0, 2)), min_size=1, max_size=12), st.permutations(range(3)), statistics)
def test_any_partition_gives_the_same_set_and_the_same_statistics(
    placed: list[tuple[float, int]], order: list[int], statistic: Statistic
) -> None:
    whole = StatisticSet.of(*(value for value, _ in placed))
    pieces = [StatisticSet.of(*(value for value, place in placed if place == number)) for number in order]
    merged = StatisticSet.merged(pieces)
    assert bits(merged) == bits(whole)
    assert repr(statistic.of(merged)) == repr(statistic.of(whole))


@given(parts, statistics)
def test_statistics_are_total(made: StatisticSet, statistic: Statistic) -> None:
    found = statistic.of(made)
    assert found is None or isinstance(found, float)


@given(st.dictionaries(values.filter(lambda value: value >= 0), st.integers(1, 4), min_size=1, max_size=6), st.data())
def test_percentiles_ascend_from_minimum_to_maximum(counted: dict[float, int], data: st.DataObject) -> None:
    made = StatisticSet.weighted(counted)
    places = sorted(data.draw(st.lists(st.integers(0, 1000), min_size=2, max_size=5)))
    found = [Statistic.parse(f"p{place / 10}").of(made) for place in (0, *places, 1000)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (made.minimum, made.maximum)


@given(st.dictionaries(values, st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 100), st.integers(0, 100))
def test_selections_are_those_of_the_expanded_list(counted: dict[float, int], one: int, other: int) -> None:
    a, b = min(one, other), max(one, other)
    expanded = sorted(value for value, count in counted.items() for _ in range(count))
    n = len(expanded)
    i0, i1 = ((2 * n * bound + 100) // 200 for bound in (a, b))  # halves up
    selected = expanded[i0:i1]
    made = StatisticSet.weighted(counted)
    assert Statistic.parse(f"TC({a}%:{b}%)").of(made) == len(selected)
    mean = float(sum(map(Fraction, selected)) / len(selected)) if selected else None
    assert Statistic.parse(f"TM({a}%:{b}%)").of(made) == mean
    clamped = [min(max(value, selected[0]), selected[-1]) for value in expanded] if selected else []
    mean = float(sum(map(Fraction, clamped)) / n) if clamped else None
    assert Statistic.parse(f"WM({a}%:{b}%)").of(made) == mean
