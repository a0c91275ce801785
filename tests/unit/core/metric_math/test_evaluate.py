"""Evaluating expressions over the slots of a window (AL-4.1, AL-4.2, AL-4.5, AL-4.6)."""

from __future__ import annotations

import math

import pytest

from tocsin.core.metric_math import Expression, MathError, Series, SeriesArray

Points = tuple[float | None, ...]

N = None
SLOTS = (0, 60, 120, 180)
M1: Points = (2, N, 4, N)
M2: Points = (9, 3, N, N)
QUERIES = {
    "m1": Series(M1, 60, "first"),
    "m2": Series(M2, 60),
    "empty": Series((N, N, N, N), 60),
    "zero": Series((0, 0, 0, 0), 60),
    "one": Series((1, 1, 1, 1), 60),
    "big": Series((1e308, 1e308, -1e308, 2), 60),
    "broken": Series((math.nan, math.inf, -math.inf, 1), 60),
    "hourly": Series((1, 2, 3, 4), 3600),
    "pair": (Series(M1, 60, "x"), Series(M2, 60, "y")),
    "three": (Series(M1, 60), Series(M2, 60), Series(M1, 60)),
    "single": (Series(M1, 60),),
    "lone": SeriesArray((Series(M1, 60),)),
    "nothing": (),
}
METRICS = ("m1", "m2", "empty")


def evaluate(source: str, **options) -> tuple[Series, ...]:
    options = {"slots": SLOTS, "period": 60, "metrics": METRICS, **options}
    return Expression.parse(source).evaluate(QUERIES, **options)


def points(source: str, **options) -> Points:
    (series,) = evaluate(source, **options)
    return series.values


def refused(source: str, **options) -> MathError:
    with pytest.raises(MathError) as caught:
        evaluate(source, **options)
    return caught.value


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("m1", M1),
        # AL-4.2: missing next to present counts as 0, both missing is no point
        ("m1+m2", (11, 3, 4, N)),
        ("m1-m2", (-7, -3, 4, N)),
        ("m1*m2", (18, 0, 0, N)),
        ("m1/m2", (2 / 9, 0, N, N)),
        ("m2/m1", (4.5, N, 0, N)),
        ("m1^m2", (512, 0, 1, N)),
        ("m1+1", (3, N, 5, N)),
        ("1-m1", (-1, N, -3, N)),
        ("m1/0", (N, N, N, N)),
        ("-m1", (-2, N, -4, N)),
        ("--m1", M1),
        ("m1-1-1", (0, N, 2, N)),
        ("m1-(1-1)", M1),
        ("m1^3^0", M1),
        ("(m1^3)^0", (1, N, 1, N)),
        ("-m1^2", (4, N, 16, N)),
        ("2^-m1", (0.25, N, 0.0625, N)),
        # Comparison and logic (AL-4.3)
        ("m1>3", (0, N, 1, N)),
        ("m1>=2", (1, N, 1, N)),
        ("m1<4", (1, N, 0, N)),
        ("m1<=2", (1, N, 0, N)),
        ("m1==2", (1, N, 0, N)),
        ("m1!=2", (0, N, 1, N)),
        ("m1>m2", (0, 0, 1, N)),
        ("m1>1 AND m2>1", (1, 0, 0, N)),
        ("m1>1 OR m2>1", (1, 1, 1, N)),
        ("m1-2 && 1", (0, N, 1, N)),
        ("m1>1 OR m2>1 AND 0", (1, 0, 1, N)),
        # What is no finite number is dropped
        ("big*10", (N, N, N, 20)),
        ("big+big", (N, N, N, 4)),
        ("big^big", (N, N, 0, 4)),
        ("(0-one)^0.5", (N, N, N, N)),
        ("zero^-1", (N, N, N, N)),
        ("broken", (N, N, N, 1)),
        ("broken+1", (N, N, N, 2)),
        # Single numbers that are missing
        ("TIME_SERIES(1/0)", (N, N, N, N)),
        ("TIME_SERIES(1/0+2)", (N, N, N, N)),
        ("TIME_SERIES(2+1/0)", (N, N, N, N)),
        ("TIME_SERIES(1/0+1/0)", (N, N, N, N)),
        ("TIME_SERIES(-(1/0))", (N, N, N, N)),
        ("m1+AVG(empty)", (N, N, N, N)),
        ("9^9^9^9*one", (N, N, N, N)),
        # Results of other queries
        ("single+0", M1),
        ("SUM(lone)", M1),
        ("TIME_SERIES(SUM(single))", (6, 6, 6, 6)),
        # AL-4.5
        ("TIME_SERIES(0)", (0, 0, 0, 0)),
        ("FIRST(REMOVE_EMPTY(nothing))", (N, N, N, N)),
        ("FIRST(pair)-LAST(pair)", (-7, -3, 4, N)),
    ],
)
def test_point_by_point(source: str, wanted: Points) -> None:
    found = points(source)
    assert found == wanted
    assert all(value is None or isinstance(value, float | int) for value in found)


def test_example_of_the_specification() -> None:  # AL-4.a
    queries = {"m1": Series((2, N, 3), 60), "m2": Series((9, 9, N), 60)}

    def found(source: str) -> Points:
        return Expression.parse(source).evaluate(queries, slots=SLOTS[:3], period=60)[0].values

    assert found("m1-m2")[:2] == (-7, -9)
    assert found("m1/m2")[1] == 0
    assert found("m2/m1")[1] is None
    assert found("IF(m1>5,m1)")[2] is None
    assert found("FILL(m1,0)") == (2, 0, 3)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("pair", [M1, M2]),
        ("pair+1", [(3, N, 5, N), (10, 4, N, N)]),
        ("1+pair", [(3, N, 5, N), (10, 4, N, N)]),
        ("pair+m1", [(4, N, 8, N), (11, 3, 4, N)]),
        ("pair*pair", [(4, N, 16, N), (81, 9, N, N)]),
        ("-pair", [(-2, N, -4, N), (-9, -3, N, N)]),
        ("[m1,m2*2]", [M1, (18, 6, N, N)]),
        ("IF(pair>3,1,0)", [(0, N, 1, N), (1, 0, N, N)]),
        ("nothing", []),
        ("nothing+1", []),
    ],
)
def test_arrays(source: str, wanted: list[Points]) -> None:
    found = evaluate(source)
    assert [series.values for series in found] == wanted
    assert isinstance(found, SeriesArray)


def test_a_result_can_be_put_into_another_expression() -> None:
    chain = {"m1": QUERIES["m1"]}
    for name, source in {"e1": "m1+0", "e2": "[e1]", "e3": "SUM(e2)", "e4": "e3/MAX(e1)"}.items():
        chain[name] = Expression.parse(source).evaluate(chain, slots=SLOTS, period=60)
    assert [type(chain[name]) for name in ("e1", "e2", "e3")] == [tuple, SeriesArray, tuple]
    assert chain["e4"][0].values == (0.5, N, 1, N)


def test_names_and_periods_of_results() -> None:
    assert evaluate("m1")[0] == Series(M1, 60, "first")
    assert evaluate("m2")[0].name == "m2"
    assert evaluate("m1*2", period=60)[0].name == "first"
    assert evaluate("m1+m2")[0].name == ""
    assert [series.name for series in evaluate("pair*2+m1")] == ["x", "y"]
    assert [series.name for series in evaluate("FILL(METRICS(), 0)")] == ["first", "m2", "empty"]
    assert evaluate("hourly")[0].period == 3600
    assert evaluate("hourly+1", period=300)[0].period == 300


def test_a_window_without_slots_has_no_points() -> None:
    made = Expression.parse("FILL(m1, 0) + AVG([m1]) + RUNNING_SUM(m1)")
    assert made.evaluate({"m1": Series((), 60)}, slots=(), period=60) == (Series((), 60),)


@pytest.mark.parametrize(
    ("source", "position", "says"),
    [
        ("m1 + m3", 5, "there is no query with the id 'm3'"),
        ("AVG(m1)", 0, "the result is a single number"),
        ("IF(AVG(m1), SUM(m1))", 0, "the result is a single number"),
        ("FIRST(m1)", 6, "FIRST takes an array of time series here, not a time series"),
        ("HOUR(pair)", 5, "HOUR takes a time series here, not an array"),
        ("FILL(m1, pair)", 9, "FILL takes a single number or a time series or REPEAT or LINEAR here, not an array"),
        ("SLICE(pair, AVG(pair))", 12, "SLICE takes a single number here, not a time series"),
        ("[m1, pair]", 5, "an array is made of time series, not of an array of time series"),
        ("[m1, AVG(m1)]", 5, "an array is made of time series, not of a single number"),
        ("m1 + (pair - three)", 6, "arrays of different lengths cannot be combined: 2, 3"),
        ("m1/PERIOD(hourly)", 10, "PERIOD takes the id of a metric, and 'hourly' is none"),
        ("1 + short", 4, "'short' has 2 points, not one for each of the 4 slots"),
        ("1 + shorts", 4, "'shorts' has 2 points, not one for each of the 4 slots"),
    ],
)
def test_what_is_refused_at_evaluation(source: str, position: int, says: str) -> None:
    short = Series((1, 2), 60)
    queries = {**QUERIES, "short": short, "shorts": (QUERIES["m1"], short)}
    with pytest.raises(MathError) as caught:
        Expression.parse(source).evaluate(queries, slots=SLOTS, period=60, metrics=METRICS)
    assert says in caught.value.message
    assert (caught.value.position, caught.value.source) == (position, source)


def test_an_unknown_id_gets_a_suggestion() -> None:
    assert refused("emty").hint == "did you mean 'empty'?"


def test_the_deepest_expressions_are_evaluated_printed_and_hashed() -> None:
    for source in ("-" * 64 + "m1", "ABS(" * 64 + "m1" + ")" * 64, "SUM([" * 32 + "m1" + "])" * 32):
        made = Expression.parse(source)
        assert hash(made) == hash(Expression.parse(str(made)))
        assert made.evaluate(QUERIES, slots=SLOTS, period=60)[0].values == M1


def test_power_of_huge_numbers_does_not_hang() -> None:
    assert points("^".join(["9"] * 500) + "+one") == (N, N, N, N)
