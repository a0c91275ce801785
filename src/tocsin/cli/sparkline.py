"""A sparkline: the course of a count over time in one line of text."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_MARKS = ":-=+*#%@"
_NOTHING = "·"
_ASCII_NOTHING = "."


def sparkline(values: Sequence[float], *, unicode: bool) -> str:
    """One character a value, its height relative to the largest one; a dot where the value is zero.

    The smallest value above zero is still seen: it gets the lowest block, never the dot.
    """
    largest = max(values, default=0.0)
    levels = _BLOCKS if unicode else _MARKS
    nothing = _NOTHING if unicode else _ASCII_NOTHING
    return "".join(
        nothing if value <= 0 else levels[max(0, ceil(value / largest * len(levels)) - 1)] for value in values
    )


def into_bins(points: Iterable[tuple[float, float]], *, start: float, end: float, bins: int) -> list[float]:
    """The sums of the points' sizes in `bins` equal stretches of [start, end].

    Points are (time, value); the size of a value is its magnitude. Points outside are left out.
    """
    sums = [0.0] * bins
    span = end - start
    for time, value in points:
        if start <= time <= end:
            place = int((time - start) / span * bins) if span > 0 else 0
            sums[min(place, bins - 1)] += abs(value)
    return sums
