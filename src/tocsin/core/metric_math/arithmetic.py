"""The operators of metric math. Spec: AL-4.2, AL-4.3.

Rule: a missing point next to a present one counts as 0; where both are missing there is no point. A single
number is no point: it makes none by itself, so `m1 + 1` has points where m1 has, and a missing one, such as
the average of nothing, leaves nothing of what it is combined with (our choice).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tocsin.core.metric_math.kind import Kind
from tocsin.core.metric_math.series import kind_of, lift
from tocsin.core.metric_math.tree import Op

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.metric_math.series import Point, Value, Window


def apply_operator(window: Window, op: Op, left: Value, right: Value) -> Value:
    """`left op right`, point by point."""
    compute = _OPERATIONS[op]
    are_points = Kind.SCALAR not in (kind_of(left), kind_of(right))

    def combine(one: Point, other: Point) -> Point:
        if are_points:
            if one is None and other is None:
                return None
            return compute(0.0 if one is None else one, 0.0 if other is None else other)
        return None if one is None or other is None else compute(one, other)

    return lift(window, combine, (left, right))


def negate(window: Window, value: Value) -> Value:
    """`-value`, point by point."""
    return lift(window, lambda point: None if point is None else -point, (value,))


def _divide(left: float, right: float) -> Point:
    return left / right if right != 0 else None


def _power(left: float, right: float) -> Point:
    try:
        return math.pow(left, right)
    except (OverflowError, ValueError):  # too large; a root of a negative number, or 0 to a negative power
        return None


_OPERATIONS: dict[Op, Callable[[float, float], Point]] = {
    Op.OR: lambda left, right: float(left != 0 or right != 0),
    Op.AND: lambda left, right: float(left != 0 and right != 0),
    Op.EQ: lambda left, right: float(left == right),
    Op.NE: lambda left, right: float(left != right),
    Op.LT: lambda left, right: float(left < right),
    Op.GT: lambda left, right: float(left > right),
    Op.LE: lambda left, right: float(left <= right),
    Op.GE: lambda left, right: float(left >= right),
    Op.ADD: lambda left, right: left + right,
    Op.SUBTRACT: lambda left, right: left - right,
    Op.MULTIPLY: lambda left, right: left * right,
    Op.DIVIDE: _divide,
    Op.POWER: _power,
}
