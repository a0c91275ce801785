"""Numbers that people type into forms. Spec: CON-7.2."""

from __future__ import annotations

import math


def finite_number(text: str) -> float | None:
    """The number that a text is; None for what is none, and for infinity.

    >>> finite_number("1e3"), finite_number("inf"), finite_number("one")
    (1000.0, None, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def shortest(value: float) -> int | float:
    """The same number as people would type it: whole ones without a point, where their digits are exact.

    >>> shortest(3.0), shortest(0.5), shortest(1e300)
    (3, 0.5, 1e+300)
    """
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value
