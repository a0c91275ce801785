"""The operators of an alarm. Rule: the value is the left operand, the band is left only across its edge.

Spec: AL-5.3, AL-15.2.
"""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Comparison(StrEnum):
    """ComparisonOperator, in the order of AWS's model: four against a threshold, three against a band."""

    GREATER_THAN_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    GREATER_THAN = "GreaterThanThreshold"
    LESS_THAN = "LessThanThreshold"
    LESS_THAN_OR_EQUAL = "LessThanOrEqualToThreshold"
    OUTSIDE_BAND = "LessThanLowerOrGreaterThanUpperThreshold"
    BELOW_BAND = "LessThanLowerThreshold"
    ABOVE_BAND = "GreaterThanUpperThreshold"

    @property
    def needs_band(self) -> bool:
        """Whether values are compared with a band, and not with a number."""
        return self in _BAND

    @property
    def needs_lower(self) -> bool:
        """Whether the lower edge of the band takes part."""
        return self in {Comparison.OUTSIDE_BAND, Comparison.BELOW_BAND}

    @property
    def needs_upper(self) -> bool:
        """Whether the upper edge of the band takes part."""
        return self in {Comparison.OUTSIDE_BAND, Comparison.ABOVE_BAND}


_BAND = frozenset({Comparison.OUTSIDE_BAND, Comparison.BELOW_BAND, Comparison.ABOVE_BAND})

_STATIC: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.GREATER_THAN_OR_EQUAL: operator.ge,
    Comparison.GREATER_THAN: operator.gt,
    Comparison.LESS_THAN: operator.lt,
    Comparison.LESS_THAN_OR_EQUAL: operator.le,
}


def static_test(comparison: Comparison) -> Callable[[float, float], bool]:
    """What tells of (value, threshold) whether the value breaches; for the four static operators."""
    return _STATIC[comparison]


def leaves_band(comparison: Comparison, value: float, lower: float, upper: float) -> bool:
    """Whether `value` breaches the band from `lower` to `upper`. On the edge is inside (AL-5.3)."""
    below = comparison.needs_lower and value < lower
    return below or (comparison.needs_upper and value > upper)
