"""What values a statistic can have over what filters publish. Rule: an interval that surely holds them all.

Spec: AL-2.1, AL-19.8.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.comparison import Comparison, static_test
from tocsin.core.alarm.number_text import number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.lint.feed import Feed
    from tocsin.core.statistic import Statistic

_BETWEEN = frozenset({"Average", "Minimum", "Maximum", "p", "TM", "WM"})
_UPWARD = frozenset({Comparison.GREATER_THAN, Comparison.GREATER_THAN_OR_EQUAL})


def plain_number(value: float) -> str:
    """A number as a person writes it: `3`, `0.5`."""
    return number_text(value).removesuffix(".0")


class Reach(msgspec.Struct, frozen=True):
    """The least and the greatest value in a period that has data; infinite where there is no bound."""

    least: float
    most: float

    @property
    def text(self) -> str:
        """The interval in words: `1`, `at least 1`, `between 0 and 1`."""
        if self.least == self.most:
            return plain_number(self.least)
        if self.most == math.inf:
            return f"at least {plain_number(self.least)}"
        if self.least == -math.inf:
            return f"at most {plain_number(self.most)}"
        return f"between {plain_number(self.least)} and {plain_number(self.most)}"

    def can_breach(self, comparison: Comparison, threshold: float) -> bool:
        """Whether some value in the interval breaches; False is a proof."""
        extreme = self.most if comparison in _UPWARD else self.least
        return static_test(comparison)(extreme, threshold)

    def can_hold_back(self, comparison: Comparison, threshold: float) -> bool:
        """Whether some value in the interval does not breach; False is a proof."""
        extreme = self.least if comparison in _UPWARD else self.most
        return not static_test(comparison)(extreme, threshold)


def stays_between(statistic: Statistic) -> bool:
    """Whether the statistic lies between the least and the greatest value, however many there are.

    A winsorised mean over absolute bounds counts the bounds themselves, so it may not (AL-2.3).
    """
    return statistic.name in _BETWEEN and (statistic.name != "WM" or statistic.in_percent)


def reach_of(alarm: MetricAlarm, seen: Sequence[Feed]) -> Reach | None:
    """The reach of the statistic of an alarm on one metric over its feeds; None where nothing can be said."""
    assert alarm.statistic is not None
    name = alarm.statistic.name
    if name == "SampleCount":
        return Reach(1, math.inf)
    if name == "PR":
        return Reach(0, 100)
    values = [feed.value for feed in seen] + [feed.default for feed in seen if feed.default is not None]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    least, most = min(known), max(known)
    if stays_between(alarm.statistic):
        return Reach(least, most)
    if name != "Sum" or least < 0 < most:
        return None
    return Reach(least if least >= 0 else -math.inf, most if most <= 0 else math.inf)
