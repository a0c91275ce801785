"""The functions of metric math, one by one (AL-4.2, AL-4.4, AL-4.6)."""

from __future__ import annotations

import math

import pytest

from tocsin.core.metric_math import Expression, MathError, Series

Points = tuple[float | None, ...]

N = None
SLOTS = (0, 60, 120, 180, 240)
A: Points = (N, 2, N, 5, N)
B: Points = (4, N, N, 1, N)
FULL: Points = (1, 2, 3, 4, 5)
EMPTY: Points = (N,) * 5
QUERIES: dict[str, Series | tuple[Series, ...]] = {
    "a": Series(A, 60),
    "b": Series(B, 60),
    "full": Series(FULL, 60),
    "empty": Series(EMPTY, 60),
    "signs": Series((-1.5, 0, 2.5, N, -0.0), 60),
    "huge": Series((1e308, 1.7e308, -1.7e308, 1e308, 1e308), 60),
    "none": (),
}
METRICS = ("a", "b", "full", "empty")


def evaluate(source: str, **options) -> tuple[Series, ...]:
    return Expression.parse(source).evaluate(QUERIES, **{"slots": SLOTS, "period": 60, "metrics": METRICS, **options})


def points(source: str, **options) -> Points:
    (series,) = evaluate(source, **options)
    return series.values


def scalar(source: str) -> float | None:
    found = points(f"TIME_SERIES({source})")
    assert len(set(found)) == 1
    return found[0]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("ABS(signs)", (1.5, 0, 2.5, N, 0)),
        ("CEIL(signs)", (-1, 0, 3, N, 0)),
        ("FLOOR(signs)", (-2, 0, 2, N, 0)),
        ("LOG(signs)", (N, N, math.log(2.5), N, N)),
        ("LOG10(full*10)", tuple(math.log10(value * 10) for value in (1, 2, 3, 4, 5))),
        # IF: true and missing is 0; false and missing or left out, and a missing condition, give no point
        ("IF(full>3,a,b)", (4, N, N, 5, 0)),
        ("IF(full>3,a)", (N, N, N, 5, 0)),
        ("IF(a>3,1,0)", (N, 0, N, 1, N)),
        ("IF(1,a)", (0, 2, 0, 5, 0)),
        ("IF(0,1,a)", A),
        ("IF(1/0,full)", EMPTY),
        ("IF(full>1,3)", (N, 3, 3, 3, 3)),
        # Along a series: nothing is known from before the window
        ("DIFF(a)", (N, N, N, 3, N)),
        ("DIFF(full)", (N, 1, 1, 1, 1)),
        ("DIFF_TIME(a)", (N, N, N, 120, N)),
        ("RATE(a)", (N, N, N, 3 / 120, N)),
        ("DIFF(huge)", (N, 0.7e308, N, N, 0)),
        ("RUNNING_SUM(a)", (N, 2, N, 7, N)),
        ("RUNNING_SUM(huge)", (1e308, N, N, N, N)),
        ("FILL(a,0)", (0, 2, 0, 5, 0)),
        ("FILL(a,-1.5)", (-1.5, 2, -1.5, 5, -1.5)),
        ("FILL(a,1/0)", A),
        ("FILL(a,REPEAT)", (N, 2, 2, 5, 5)),
        ("FILL(a,LINEAR)", (N, 2, 3.5, 5, N)),
        ("FILL(b,LINEAR)", (4, 3, 2, 1, N)),
        ("FILL(empty,LINEAR)", EMPTY),
        ("FILL(a,b)", (4, 2, N, 5, N)),
        ("FILL(empty,0)", (0, 0, 0, 0, 0)),
        ("TIME_SERIES(3)", (3, 3, 3, 3, 3)),
        # Across series
        ("SUM([a,b])", (4, 2, N, 6, N)),
        ("AVG([a,b])", (2, 1, N, 3, N)),  # absent members count as 0
        ("MIN([a,b])", (4, 2, N, 1, N)),  # absent members are left out
        ("MAX([a,b])", (4, 2, N, 5, N)),
        ("STDDEV([a,b])", (2, 1, N, 2, N)),
        ("DATAPOINT_COUNT([a,b])", (1, 1, N, 2, N)),
        ("SUM(none)", EMPTY),
        ("AVG(none)", EMPTY),
        ("DATAPOINT_COUNT(none)", EMPTY),
        ("SUM([huge,huge])", EMPTY),
        # Arrays
        ("FIRST([a,b])", A),
        ("LAST([a,b])", B),
        ("LAST(none)", EMPTY),
        ("SUM(METRICS())", (5, 4, 3, 10, 5)),
        ('SUM(METRICS("f"))', FULL),
        ("SUM(METRICS('zzz'))", EMPTY),
        # Clocks have a point in every slot (AL-4.6)
        ("MINUTE(a)", (0, 1, 2, 3, 4)),
        ("HOUR(empty)", (0, 0, 0, 0, 0)),
        ("EPOCH(a)", (0, 60, 120, 180, 240)),
        ("a/PERIOD(a)", (N, 2 / 60, N, 5 / 60, N)),
    ],
)
def test_series_that_functions_give(source: str, wanted: Points) -> None:
    assert points(source) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("SUM(a)", 7),
        ("AVG(a)", 3.5),
        ("MIN(a)", 2),
        ("MAX(a)", 5),
        ("STDDEV(a)", 1.5),
        ("STDDEV(full)", math.sqrt(2)),
        ("DATAPOINT_COUNT(a)", 2),
        ("DATAPOINT_COUNT(empty)", 0),
        ("SUM(empty)", None),
        ("AVG(empty)", None),
        ("MAX(empty)", None),
        ("STDDEV(empty)", None),
        ("SUM(huge)", None),
        ("AVG(huge)", None),
        ("STDDEV(huge)", None),
        ("STDDEV(huge/2)", None),
        ("METRIC_COUNT(METRICS())", 4),
        ("METRIC_COUNT(none)", 0),
        ("METRIC_COUNT(REMOVE_EMPTY(METRICS()))", 3),
        ("PERIOD(a)", 60),
        ("ABS(-3)", 3),
        ("IF(1,2,3)", 2),
        ("IF(0,2)", None),
        ("LOG10(0)", None),
    ],
)
def test_numbers_that_functions_give(source: str, wanted: float | None) -> None:
    found = scalar(source)
    assert found == (wanted if wanted is None else pytest.approx(wanted))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("METRICS()", ["a", "b", "full", "empty"]),
        ("REMOVE_EMPTY(METRICS())", ["a", "b", "full"]),
        ("SORT(METRICS(),SUM,ASC)", ["b", "a", "full", "empty"]),
        ("SORT(METRICS(),SUM,DESC)", ["full", "a", "b", "empty"]),
        ("SORT(METRICS(),AVG,DESC)", ["a", "full", "b", "empty"]),
        ("SORT(METRICS(),MIN,ASC)", ["b", "full", "a", "empty"]),
        ("SORT(METRICS(),MAX,DESC,2)", ["a", "full"]),
        ("SORT(METRICS(),MAX,ASC,0)", []),
        ("SORT(METRICS(),MAX,ASC,1e30)", ["b", "a", "full", "empty"]),
        ("SORT([huge,a,huge,b],SUM,ASC)", ["b", "a", "huge", "huge"]),
        ("SLICE(METRICS(),1)", ["b", "full", "empty"]),
        ("SLICE(METRICS(),1,3)", ["b", "full"]),
        ("SLICE(METRICS(),1.9,-2)", []),
        ("SLICE(METRICS(),1/0,1)", ["a"]),
        ("SLICE(METRICS(),9)", []),
        ("RATE([full])", ["full"]),
    ],
)
def test_arrays_that_functions_give(source: str, wanted: list[str]) -> None:
    assert [series.name for series in evaluate(source)] == wanted


def test_series_that_are_equal_keep_their_order() -> None:
    names = [series.name for series in evaluate("SORT([a,full*0,b*0,empty],SUM,DESC)")]
    assert names == ["a", "full", "b", "empty"]


@pytest.mark.parametrize(
    ("slot", "wanted"),
    [
        # 2026-01-04 is a Sunday
        (1_767_571_199, {"MINUTE": 59, "HOUR": 23, "DAY": 7, "DATE": 4, "MONTH": 1, "YEAR": 2026}),
        (1_767_571_200, {"MINUTE": 0, "HOUR": 0, "DAY": 1, "DATE": 5, "MONTH": 1, "YEAR": 2026}),
        (-1, {"MINUTE": 59, "HOUR": 23, "DAY": 3, "DATE": 31, "MONTH": 12, "YEAR": 1969}),
        (10**15, {"DAY": N, "DATE": N, "MONTH": N, "YEAR": N}),
        (-(10**15), {"DAY": N, "YEAR": N}),
    ],
)
def test_clocks_are_in_utc(slot: int, wanted: dict[str, float | None]) -> None:
    queries = {"a": Series((N,), 60)}
    for name, value in wanted.items():
        (series,) = Expression.parse(f"{name}(a)").evaluate(queries, slots=[slot], period=60)
        assert series.values == (value,), name


@pytest.mark.parametrize(("source", "wanted"), [("full", 2.0), ("full, 3.5", 3.5)])
def test_a_band_comes_from_the_caller(source: str, wanted: float) -> None:
    asked: list[tuple[Points, float]] = []

    def band(series: Series, deviations: float) -> tuple[Series, Series]:
        asked.append((series.values, deviations))
        return Series((9,) * 5, 60), Series((1,) * 5, 60)

    found = evaluate(f"ANOMALY_DETECTION_BAND({source})", band=band)
    assert asked == [(FULL, wanted)]
    assert [series.values for series in found] == [(9,) * 5, (1,) * 5]
    first, last = (evaluate(f"{name}(ANOMALY_DETECTION_BAND({source}))", band=band) for name in ("FIRST", "LAST"))
    assert (first[0].values, last[0].values) == ((9,) * 5, (1,) * 5)


def test_a_band_of_missing_width_is_none() -> None:
    found = evaluate("ANOMALY_DETECTION_BAND(full, 1/0)", band=lambda series, _deviations: (series, series))
    assert [series.values for series in found] == [EMPTY, EMPTY]


def test_a_search_is_done_by_the_caller() -> None:
    asked: list[tuple[str, str, int | None]] = []

    def search(text: str, statistic: str, period: int | None) -> list[Series]:
        asked.append((text, statistic, period))
        return [Series(FULL, 60, "found")]

    assert evaluate("SEARCH('{N,d} x', 'Sum', 300)", search=search) == (Series(FULL, 60, "found"),)
    assert points("SUM(SEARCH('x', 'p90'))", search=search) == FULL
    assert asked == [("{N,d} x", "Sum", 300), ("x", "p90", None)]


@pytest.mark.parametrize(
    ("source", "options", "position", "says"),
    [
        ("a + FIRST(ANOMALY_DETECTION_BAND(a))", {}, 10, "no model of an anomaly detection band is at hand here"),
        ("SUM(SEARCH('x', 'Sum'))", {}, 4, "SEARCH cannot be evaluated here"),
        ("SEARCH('x', 'Sum')", {"search": lambda *_: [Series((1,), 60)]}, 0, "'search result' has 1 points"),
        ("SUM(METRICS())", {"metrics": ("a", "gone")}, 4, "METRICS() needs the data of 'gone'"),
        ("SUM(METRICS())", {"metrics": ("none",)}, 4, "'none' is not the id of a metric"),
    ],
)
def test_what_is_not_at_hand_is_refused(source: str, options: dict, position: int, says: str) -> None:
    with pytest.raises(MathError) as caught:
        evaluate(source, **options)
    assert says in caught.value.message
    assert caught.value.position == position


def test_period_takes_every_id_where_the_metrics_are_not_told() -> None:
    assert points("full/PERIOD(full)", metrics=()) == pytest.approx(tuple(value / 60 for value in (1, 2, 3, 4, 5)))
