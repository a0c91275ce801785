"""The value axis: how far it reaches, where its lines stand, and how its numbers read. Spec: CON-5.3, CON-1.4."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_NICE: Final = (1, 2, 3, 4, 5, 6, 8, 10)

# Of a top with that leading digit, from line to line. Three to five of them, the axis not counted.
_STEPS: Final = {1: 0.2, 2: 0.5, 3: 1, 4: 1, 5: 1, 6: 2, 8: 2, 10: 2}

_FROM_THOUSANDS: Final = 10_000
_UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Scale(NamedTuple):
    """The value axis from `bottom` to `top`, with lines at `lines` (the ends among them, lowest first)."""

    bottom: float
    top: float
    lines: tuple[float, ...]

    def share(self, value: float) -> float:
        """How high a value stands: 0 at the bottom, 1 at the top; what lies outside at the nearer end."""
        return min(1.0, max(0.0, (value - self.bottom) / (self.top - self.bottom)))


def nice(value: float) -> float:
    """The smallest of 1, 2, 3, 4, 5, 6, 8 times a power of ten that is not below `value` (> 0).

    >>> nice(1.5), nice(7), nice(81), nice(0.012)
    (2.0, 8.0, 100.0, 0.02)
    """
    power = math.floor(math.log10(value))
    # The logarithm may be off by a hair at powers of ten.
    digits = value / 10.0**power
    step = next(step for step in _NICE if step >= digits * (1 - 1e-12))
    return float(_times_ten(step, power))


def counts_scale(values: Iterable[float], threshold: float | None) -> Scale:
    """The axis of a count: from 0, with whole numbers alone at its lines."""
    highest = max(values, default=0.0)
    reach = max(1.2 * highest, 1.5 * (threshold or 0.0), 2.0)
    top = nice(reach)
    power = math.floor(math.log10(top) + 1e-9)
    digit = round(top / 10.0**power)
    step = max(1.0, float(_times_ten(_STEPS[digit], power)))
    return Scale(0.0, top, _lines(0.0, step, round(top / step)))


def values_scale(values: Iterable[float], threshold: float | None) -> Scale:
    """The axis of any other statistic: from its data, with the threshold inside."""
    seen = [*values, *([] if threshold is None else [threshold])]
    if not seen:
        return Scale(0.0, 1.0, (0.0, 0.5, 1.0))
    lowest, highest = min(seen), max(seen)
    room = 0.1 * (highest - lowest) or 0.1 * abs(highest) or 1.0
    bottom, top = lowest - room, highest + room
    if lowest >= 0:
        bottom = max(0.0, bottom)
    step = _line_step(top - bottom)
    first = math.floor(bottom / step)
    count = math.ceil(top / step) - first
    return Scale(first * step, (first + count) * step, _lines(first * step, step, count))


def _line_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, for at most five lines above the lowest."""
    power = math.floor(math.log10(span / 4))
    digits = span / 4 / 10.0**power
    step = next(step for step in (1, 2, 5, 10) if step >= digits * (1 - 1e-12))
    return float(_times_ten(step, power))


def _times_ten(digits: float, power: int) -> float:
    return digits * 10.0**power if power >= 0 else digits / 10.0**-power


def _lines(bottom: float, step: float, count: int) -> tuple[float, ...]:
    return tuple(bottom + step * index for index in range(count + 1))


def axis_number(value: float) -> str:
    """A number at the axis, short.

    >>> axis_number(0), axis_number(2500), axis_number(12_000), axis_number(1_500_000), axis_number(0.2)
    ('0', '2,500', '12 k', '1.5 M', '0.2')
    """
    for size, unit in _UNITS:
        if abs(value) >= max(size, _FROM_THOUSANDS):
            return f"{value / size:.4g} {unit}"
    return number(value)


def number(value: float) -> str:
    """A number in a sentence: comma for thousands, four digits where it is not whole.

    >>> number(1990), number(0.12345), number(2.0), number(1234.567), number(1e20)
    ('1,990', '0.1235', '2', '1,234.6', '1e+20')
    """
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:g}"
    if value == round(value):
        return f"{round(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    return f"{value:.4g}"
