"""Metric math, whatever text there may be (AL-4): reading, printing and evaluating never fail in another way."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.core.metric_math import Expression, MathError, Series, SeriesArray

SLOTS = (0, 60, 120, 180)
METRICS = ("m1", "m2")

# ---------------------------------------------------------------- texts

TOKENS = (
    "m1 m2 e1 x 1 2.5 .5 1e9 9e999 + - * / ^ == != < <= > >= && || AND OR ( ) [ ] , IF( FILL( AVG( SUM( SORT( SLICE( "
    "METRICS( REPEAT LINEAR ASC DESC 'x' \"m\" TIME_SERIES( FIRST( RATE( HOUR( PERIOD( SEARCH( = % ' é"
)
soups = st.lists(st.sampled_from(TOKENS.split()), max_size=25).map(" ".join)
any_text = st.one_of(soups, st.text(max_size=30), st.text("m1+-*/^(),[]<>=&|'\" AVG", max_size=40))

points = st.one_of(
    st.none(), st.integers(-3, 3).map(float), st.floats(allow_nan=True, allow_infinity=True), st.just(1e308)
)
series = st.lists(points, min_size=len(SLOTS), max_size=len(SLOTS)).map(lambda found: Series(tuple(found), 60))


def queries_of(m1: Series, m2: Series) -> dict[str, Series | tuple[Series, ...]]:
    return {"m1": m1, "m2": m2, "e1": (m2, m1), "e2": SeriesArray((m1, m2)), "e3": ()}


def evaluate(made: Expression, m1: Series, m2: Series) -> tuple[Series, ...]:
    return made.evaluate(queries_of(m1, m2), slots=SLOTS, period=60, metrics=METRICS, band=lambda one, _: (one, one))


def parsed(source: str) -> Expression | MathError:
    """The expression, or why it is refused; any other exception is a failure."""
    try:
        return Expression.parse(source)
    except MathError as error:
        return error


def evaluated(made: Expression, m1: Series, m2: Series) -> tuple[Series, ...] | MathError:
    """The result, or why there is none; any other exception is a failure."""
    try:
        return evaluate(made, m1, m2)
    except MathError as error:
        return error


@given(any_text, series, series)
@example("(" * 2048, Series((None,) * 4, 60), Series((None,) * 4, 60))
@example("-" * 2047 + "m1", Series((None,) * 4, 60), Series((None,) * 4, 60))
@example("9" * 2048, Series((None,) * 4, 60), Series((None,) * 4, 60))
def test_no_text_raises_anything_but_math_error(source: str, m1: Series, m2: Series) -> None:
    made = parsed(source)
    found = made if isinstance(made, MathError) else evaluated(made, m1, m2)
    if isinstance(made, Expression):
        assert Expression.parse(str(made)) == made
    if isinstance(found, MathError):
        assert 0 <= found.position <= len(source)
        assert found.message in str(found)
    else:
        assert all(isinstance(one, Series) for one in found)


# ---------------------------------------------------------------- well-typed expressions


def call(name: str, *arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*arguments).map(lambda found: f"{name}({', '.join(found)})")


def choice(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


operators = choice("+", "-", "*", "/", "^", "==", "!=", "<", "<=", ">", ">=", " AND ", " OR ", "&&", "||")


def joined(left: st.SearchStrategy[str], right: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(left, operators, right).map(lambda found: f"({found[0]}{found[1]}{found[2]})")


def per_point(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(choice("ABS", "CEIL", "FLOOR", "LOG", "LOG10"), inner).map(lambda found: f"{found[0]}({found[1]})"),
        inner.map(lambda text: f"-{text}"),
    )


def along(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(choice("DIFF", "DIFF_TIME", "RATE", "RUNNING_SUM"), inner).map(lambda f: f"{f[0]}({f[1]})")


def aggregate(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = choice("AVG", "MIN", "MAX", "SUM", "STDDEV", "DATAPOINT_COUNT")
    return st.tuples(names, inner).map(lambda found: f"{found[0]}({found[1]})")


def typed(depth: int) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str], st.SearchStrategy[str]]:
    """Numbers, series and arrays. Arrays are never combined with each other: their lengths may differ."""
    numbers: st.SearchStrategy[str] = choice("0", "1", "2.5", "9e99")
    single: st.SearchStrategy[str] = choice("m1", "m2")
    arrays: st.SearchStrategy[str] = choice("e1", "e2", "e3", "METRICS()", 'METRICS("1")')
    for _ in range(depth):
        numbers, single, arrays = (
            st.one_of(numbers, joined(numbers, numbers), per_point(numbers), aggregate(single), call("PERIOD", choice("m1"))),
            st.one_of(
                *(single, joined(single, single), joined(single, numbers), joined(numbers, single), per_point(single)),
                *(along(single), aggregate(arrays), call("TIME_SERIES", numbers), call("IF", single, numbers, single)),
                *(call("IF", numbers, single), call("FILL", single, st.one_of(single, numbers, choice("REPEAT", "LINEAR")))),
                *(call("FIRST", arrays), call("LAST", arrays), call("HOUR", single), call("EPOCH", single)),
            ),
            st.one_of(
                *(arrays, joined(arrays, single), joined(numbers, arrays), per_point(arrays), along(arrays)),
                *(call("FILL", arrays, choice("LINEAR", "0")), call("REMOVE_EMPTY", arrays), call("SLICE", arrays, numbers)),
                *(call("SORT", arrays, choice("AVG", "MIN", "MAX", "SUM"), choice("ASC", "DESC"), numbers),),
                *(call("ANOMALY_DETECTION_BAND", single, numbers), call("IF", arrays, single, numbers)),
                single.map(lambda text: f"[{text}, m2]"),
            ),
        )  # fmt: skip
    return numbers, single, arrays


_, SINGLE, ARRAYS = typed(3)


@given(SINGLE, series, series)
def test_evaluation_of_a_series_is_total(source: str, m1: Series, m2: Series) -> None:
    made = Expression.parse(source)
    assert Expression.parse(str(made)) == made
    (found,) = evaluate(made, m1, m2)
    assert len(found.values) == len(SLOTS)
    assert all(value is None or math.isfinite(value) for value in found.values)


@given(ARRAYS, series, series)
def test_evaluation_of_an_array_is_total(source: str, m1: Series, m2: Series) -> None:
    made = Expression.parse(source)
    found = evaluate(made, m1, m2)
    assert isinstance(found, SeriesArray)
    for one in found:
        assert len(one.values) == len(SLOTS)
        assert all(value is None or math.isfinite(value) for value in one.values)


@given(SINGLE, SINGLE, series, series)
def test_canonical_text_means_the_same(source: str, other: str, m1: Series, m2: Series) -> None:
    made = Expression.parse(f"{source}-{other}*2")
    assert evaluate(Expression.parse(str(made)), m1, m2) == evaluate(made, m1, m2)


@given(series, series)
def test_addition_does_not_mind_the_order(m1: Series, m2: Series) -> None:
    one, other = (evaluate(Expression.parse(source), m1, m2)[0] for source in ("m1+m2", "m2+m1"))
    assert one.values == other.values
