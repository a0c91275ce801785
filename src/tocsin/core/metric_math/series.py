"""Series of points, and what is done with them point by point. Spec: AL-4.1, AL-4.2.

Rule: a missing point is None, never 0. A result that is not a finite number, whether from a division by zero,
an overflow or a root of a negative number, is a point that is dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.metric_math.error import Refusal
from tocsin.core.metric_math.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Point = float | None


class Series(msgspec.Struct, frozen=True):
    """One point or None per slot, oldest first; the period in seconds; the id or label of its query."""

    values: tuple[float | None, ...]
    period: int
    name: str = ""


class SeriesArray(tuple[Series, ...]):
    """The result TS[] of an expression: a tuple that stays an array also when it holds one series only."""

    __slots__ = ()


Value = Point | Series | tuple[Series, ...]
"""A single number (None: a missing one), a time series, or an array of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What an expression is evaluated over: see `Expression.evaluate`."""

    queries: Mapping[str, Series | tuple[Series, ...]]
    slots: Sequence[int]
    period: int
    metrics: Sequence[str]
    band: Callable[[Series, float], tuple[Series, Series]] | None
    search: Callable[[str, str, int | None], Sequence[Series]] | None

    def series(self, values: Iterable[Point], *, name: str = "") -> Series:
        """A series over the slots; points that are not finite numbers are dropped."""
        return Series(tuple(finite(value) for value in values), self.period, name)

    def query(self, name: str) -> Series | tuple[Series, ...]:
        """The result of the query `name`, which there is; a plain tuple of one is a series."""
        found = self.queries[name]
        if isinstance(found, Series):
            return self.checked(found, name)
        if len(found) == 1 and not isinstance(found, SeriesArray):
            return self.checked(found[0], name)
        return tuple(self.checked(series, name) for series in found)

    def checked(self, series: Series, name: str) -> Series:
        """A series that somebody else has made: one point per slot, no points that are not finite, a name."""
        if len(series.values) != len(self.slots):
            raise Refusal(f"'{name}' has {len(series.values)} points, not one for each of the {len(self.slots)} slots")
        return Series(tuple(finite(value) for value in series.values), series.period, series.name or name)


def finite(value: Point) -> Point:
    """`value`, or None if it is not a finite number."""
    return value if value is not None and math.isfinite(value) else None


def kind_of(value: Value) -> Kind:
    """Which of the three types `value` has."""
    if isinstance(value, Series):
        return Kind.SERIES
    return Kind.ARRAY if isinstance(value, tuple) else Kind.SCALAR


def present(series: Series) -> list[float]:
    """The points that there are, oldest first."""
    return [value for value in series.values if value is not None]


def map_series(function: Callable[[Series], Series], value: Value) -> Series | tuple[Series, ...]:
    """`function` of a series, or of each series of an array."""
    if isinstance(value, tuple):
        return tuple(function(series) for series in value)
    assert isinstance(value, Series)
    return function(value)


def lift(window: Window, function: Callable[..., Point], operands: Sequence[Value]) -> Value:
    """`function` of single numbers, applied to operands slot by slot: None is a missing point.

    Arrays are combined by position, and every series of an array with a series or a number.
    """
    arrays = [operand for operand in operands if isinstance(operand, tuple)]
    if not arrays:
        return _lift_flat(window, function, operands)
    length = len(arrays[0])
    if any(len(array) != length for array in arrays):
        raise Refusal(
            "arrays of different lengths cannot be combined: " + ", ".join(str(len(array)) for array in arrays)
        )
    made = []
    for place in range(length):
        row = [operand[place] if isinstance(operand, tuple) else operand for operand in operands]
        series = _lift_flat(window, function, row)
        assert isinstance(series, Series)
        made.append(Series(series.values, series.period, arrays[0][place].name))
    return tuple(made)


def _lift_flat(window: Window, function: Callable[..., Point], operands: Sequence[Value]) -> Value:
    series = [operand for operand in operands if isinstance(operand, Series)]
    if not series:
        return finite(function(*operands))
    count = len(window.slots)
    columns = [operand.values if isinstance(operand, Series) else (operand,) * count for operand in operands]
    name = series[0].name if len(series) == 1 else ""
    return window.series((function(*row) for row in zip(*columns, strict=True)), name=name)
