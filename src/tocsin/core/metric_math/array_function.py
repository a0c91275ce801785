"""The functions that sum up a series or an array, and those that pick series out of an array. Spec: AL-4.4.

Rule: of a series they give one number over the whole window, of an array a series across its members, with a
point wherever a member has one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tocsin.core.metric_math.function import (
    ARRAY,
    NUMBER,
    SERIES_OR_ARRAY,
    Function,
    Parameter,
    as_array,
    as_number,
    as_text,
    gives,
    gives_reduced,
)
from tocsin.core.metric_math.kind import Kind
from tocsin.core.metric_math.series import Series, finite, present

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.core.metric_math.function import Argument
    from tocsin.core.metric_math.series import Point, Value, Window


# ---------------------------------------------------------------- aggregates


def _total(values: Sequence[float]) -> Point:
    """The sum, rounded once; None where no double can hold it."""
    try:
        return math.fsum(values)
    except OverflowError:
        return None


def _average(values: Sequence[float]) -> Point:
    total = _total(values)
    return None if total is None else total / len(values)


def _deviation(values: Sequence[float]) -> Point:
    """The standard deviation of the values themselves, not of a population that they are a sample of (our choice)."""
    mean = _average(values)
    if mean is None:
        return None
    squares = _total([(value - mean) * (value - mean) for value in values])
    return None if squares is None else math.sqrt(squares / len(values))


def _aggregate(compute: Callable[[Sequence[float]], Point], *, counts_absent: bool) -> Function:
    """`compute` over the reported points; across series an absent member is 0 if it counts, else left out."""

    def across(column: Sequence[Point]) -> Point:
        reported = [value for value in column if value is not None]
        if reported and counts_absent:
            reported += [0.0] * (len(column) - len(reported))
        return compute(reported) if reported else None

    def apply(window: Window, arguments: Sequence[Argument]) -> Value:
        value = arguments[0]
        if isinstance(value, Series):
            points = present(value)
            return finite(compute(points)) if points else None
        return window.series(across(column) for column in _columns(window, as_array(value)))

    return Function((SERIES_OR_ARRAY,), 1, gives_reduced, apply)


def _columns(window: Window, array: Sequence[Series]) -> list[tuple[Point, ...]]:
    """The points of each slot, one for each member."""
    return list(zip(*(series.values for series in array), strict=True)) if array else [()] * len(window.slots)


def _datapoint_count(window: Window, arguments: Sequence[Argument]) -> Value:
    """How many points there are; across series no point where no member has one (our choice)."""
    value = arguments[0]
    if isinstance(value, Series):
        return float(len(present(value)))
    counts = (sum(point is not None for point in column) for column in _columns(window, as_array(value)))
    return window.series(float(count) if count > 0 else None for count in counts)


def _metric_count(_window: Window, arguments: Sequence[Argument]) -> Value:
    return float(len(as_array(arguments[0])))


# ---------------------------------------------------------------- series out of an array


def _first(window: Window, arguments: Sequence[Argument]) -> Value:
    """The first series, the upper one of a band; of an empty array a series without points (AL-4.5)."""
    array = as_array(arguments[0])
    return array[0] if array else window.series([None] * len(window.slots))


def _last(window: Window, arguments: Sequence[Argument]) -> Value:
    return _first(window, [as_array(arguments[0])[::-1]])


def _slice(_window: Window, arguments: Sequence[Argument]) -> Value:
    """`SLICE(array, start [, end])`: from place `start`, counting from 0, up to `end`, which is excluded."""
    array = as_array(arguments[0])
    return array[slice(*(_place(as_number(argument), len(array)) for argument in _with_end(arguments[1:])))]


def _with_end(places: Sequence[Argument]) -> Sequence[Argument]:
    return places if len(places) > 1 else [*places, math.inf]


def _place(number: float | None, length: int) -> int:
    """A place in an array: a missing number counts as 0, parts of one are dropped, beyond an end is the end."""
    return 0 if number is None else int(min(max(number, 0.0), length))


def _sort(_window: Window, arguments: Sequence[Argument]) -> Value:
    """`SORT(array, AVG|MIN|MAX|SUM, ASC|DESC [, n])`: series without points come last, equal ones keep their order."""
    array, measure = as_array(arguments[0]), _MEASURES[as_text(arguments[1])]
    measured: list[tuple[float, Series]] = []
    unmeasured: list[Series] = []
    for series in array:
        points = present(series)
        value = measure(points) if points else None
        if value is None:
            unmeasured.append(series)
        else:
            measured.append((value, series))
    measured.sort(key=lambda pair: pair[0], reverse=as_text(arguments[2]) == "DESC")
    ordered = (*(series for _, series in measured), *unmeasured)
    return ordered[: _place(as_number(arguments[3]), len(ordered))] if len(arguments) > 3 else ordered


def _remove_empty(_window: Window, arguments: Sequence[Argument]) -> Value:
    return tuple(series for series in as_array(arguments[0]) if present(series))


_MEASURES: dict[str, Callable[[Sequence[float]], Point]] = {"AVG": _average, "MIN": min, "MAX": max, "SUM": _total}

ARRAY_FUNCTIONS = {
    "AVG": _aggregate(_average, counts_absent=True),
    "MIN": _aggregate(min, counts_absent=False),
    "MAX": _aggregate(max, counts_absent=False),
    "SUM": _aggregate(_total, counts_absent=False),
    "STDDEV": _aggregate(_deviation, counts_absent=True),
    "DATAPOINT_COUNT": Function((SERIES_OR_ARRAY,), 1, gives_reduced, _datapoint_count),
    "METRIC_COUNT": Function((ARRAY,), 1, gives(Kind.SCALAR), _metric_count),
    "FIRST": Function((ARRAY,), 1, gives(Kind.SERIES), _first),
    "LAST": Function((ARRAY,), 1, gives(Kind.SERIES), _last),
    "SLICE": Function((ARRAY, NUMBER, NUMBER), 2, gives(Kind.ARRAY), _slice),
    "SORT": Function(
        (ARRAY, Parameter(Kind.WORD, tuple(_MEASURES)), Parameter(Kind.WORD, ("ASC", "DESC")), NUMBER),
        3,
        gives(Kind.ARRAY),
        _sort,
    ),
    "REMOVE_EMPTY": Function((ARRAY,), 1, gives(Kind.ARRAY), _remove_empty),
}
