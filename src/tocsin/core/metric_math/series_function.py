"""The functions that work along a series or on its points. Spec: AL-4.2, AL-4.4, AL-4.6.

Rule: the slots of the window are all there is. What looks back, `DIFF`, `RATE`, `RUNNING_SUM` and
`FILL(…, REPEAT)`, sees nothing older than the first of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tocsin.core.metric_math.function import (
    ANY,
    NUMBER,
    SERIES_OR_ARRAY,
    Function,
    Parameter,
    as_number,
    as_value,
    gives,
    gives_same,
    gives_widest,
)
from tocsin.core.metric_math.kind import RESULT, Kind
from tocsin.core.metric_math.series import Series, lift, map_series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.core.metric_math.function import Argument
    from tocsin.core.metric_math.series import Point, Value, Window


# ---------------------------------------------------------------- point by point


def _per_point(compute: Callable[[float], Point]) -> Function:
    def apply(window: Window, arguments: Sequence[Argument]) -> Value:
        return lift(window, lambda point: None if point is None else compute(point), [as_value(arguments[0])])

    return Function((ANY,), 1, gives_same, apply)


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], Point]:
    return lambda point: compute(point) if point > 0 else None


def _if(window: Window, arguments: Sequence[Argument]) -> Value:
    """`IF(cond, a [, b])`: true and `a` missing gives 0; false and `b` missing, and `cond` missing, give no point."""

    def choose(condition: Point, then: Point, otherwise: Point = None) -> Point:
        if condition is None:
            return None
        if condition != 0:
            return 0.0 if then is None else then
        return otherwise

    return lift(window, choose, [as_value(argument) for argument in arguments])


# ---------------------------------------------------------------- along a series


def _along(compute: Callable[[Window, Series], list[Point]]) -> Function:
    def apply(window: Window, arguments: Sequence[Argument]) -> Value:
        return map_series(
            lambda series: window.series(compute(window, series), name=series.name), as_value(arguments[0])
        )

    return Function((SERIES_OR_ARRAY,), 1, gives_same, apply)


def _steps(window: Window, series: Series, compute: Callable[[float, int], Point]) -> list[Point]:
    """For each reported point but the first: `compute` of the change and the seconds since the one before."""
    found: list[Point] = []
    last: tuple[float, int] | None = None
    for value, slot in zip(series.values, window.slots, strict=True):
        if value is None or last is None:
            found.append(None)
        else:
            found.append(compute(value - last[0], slot - last[1]))
        if value is not None:
            last = (value, slot)
    return found


def _difference(window: Window, series: Series) -> list[Point]:
    return _steps(window, series, lambda change, _seconds: change)


def _time_difference(window: Window, series: Series) -> list[Point]:
    return _steps(window, series, lambda _change, seconds: float(seconds))


def _rate(window: Window, series: Series) -> list[Point]:
    return _steps(window, series, lambda change, seconds: change / seconds if seconds > 0 else None)


def _running_sum(_window: Window, series: Series) -> list[Point]:
    total = 0.0
    found: list[Point] = []
    for value in series.values:
        total += 0.0 if value is None else value
        found.append(None if value is None else total)
    return found


# ---------------------------------------------------------------- FILL and TIME_SERIES


def _fill(window: Window, arguments: Sequence[Argument]) -> Value:
    value, filling = as_value(arguments[0]), arguments[1]

    def fill(series: Series) -> Series:
        filled = zip(series.values, _filling(series, filling), strict=True)
        return window.series((other if point is None else point for point, other in filled), name=series.name)

    return map_series(fill, value)


def _filling(series: Series, filling: Argument) -> Sequence[Point]:
    """What stands in each slot if the series has no point there; at points that there are anything."""
    if isinstance(filling, Series):
        return filling.values
    if filling == "REPEAT":
        return list(_repeated(series))
    if filling == "LINEAR":
        return _interpolated(series)
    return (as_number(filling),) * len(series.values)


def _repeated(series: Series) -> Iterator[Point]:
    last: Point = None
    for value in series.values:
        last = last if value is None else value
        yield last


def _interpolated(series: Series) -> list[Point]:
    """On the line between the points on both sides; nothing before the first and behind the last one."""
    found: list[Point] = [None] * len(series.values)
    left: int | None = None
    for right, value in enumerate(series.values):
        if value is None:
            continue
        if left is not None:
            first = series.values[left]
            assert first is not None
            for place in range(left + 1, right):
                part = (place - left) / (right - left)
                found[place] = first * (1 - part) + value * part
        left = right
    return found


def _time_series(window: Window, arguments: Sequence[Argument]) -> Value:
    return window.series([as_number(arguments[0])] * len(window.slots))


SERIES_FUNCTIONS = {
    "ABS": _per_point(abs),
    "CEIL": _per_point(lambda point: float(math.ceil(point))),
    "FLOOR": _per_point(lambda point: float(math.floor(point))),
    "LOG": _per_point(_logarithm(math.log)),
    "LOG10": _per_point(_logarithm(math.log10)),
    "IF": Function((ANY, ANY, ANY), 2, gives_widest, _if),
    "DIFF": _along(_difference),
    "DIFF_TIME": _along(_time_difference),
    "RATE": _along(_rate),
    "RUNNING_SUM": _along(_running_sum),
    "FILL": Function(
        (SERIES_OR_ARRAY, Parameter(Kind.SCALAR | Kind.SERIES | Kind.WORD, ("REPEAT", "LINEAR"))),
        2,
        lambda kinds: kinds[0] & RESULT,
        _fill,
    ),
    "TIME_SERIES": Function((NUMBER,), 1, gives(Kind.SERIES), _time_series),
}
