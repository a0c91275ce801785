"""Statistics: the words that CloudWatch has for them, and their value over the data of one period.

Rule: everything is worked out exactly and rounded once, so a statistic depends on the data alone, not on
how they were put together. No datapoint is None; it is never 0. Spec: AL-2.

AWS keeps a logarithmic histogram, so its percentiles between the ends are approximate; ours come from the
raw values (AL-2.3, our choice).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.metric import Exact, exact
from tocsin.core.wording import printable
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.core.metric import StatisticSet

PLAIN_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
"""The statistics that need no raw values: those that an alarm names as its Statistic."""

_DECIMAL = r"[0-9]{1,120}(?:\.[0-9]{1,10})?"
_ONE_NUMBER = re.compile(rf"(p|tm|tc|ts|wm)({_DECIMAL})\Z")
_IN_PERCENT = re.compile(rf"(TM|TC|TS|WM)\((?:({_DECIMAL})%)?:(?:({_DECIMAL})%)?\)\Z")
_IN_VALUES = re.compile(rf"(TM|TC|TS|WM|PR)\((-?{_DECIMAL})?:(-?{_DECIMAL})?\)\Z")
_LONGEST_SHOWN = 100

_HALF = Fraction(1, 2)


class StatisticError(InputError):
    """A statistic that CloudWatch does not know, in AWS's words (AL-2.2)."""

    code = "statistic"
    aws_code = "InvalidParameterValue"


class Statistic(msgspec.Struct, frozen=True):
    """A statistic that was accepted: made by `parse`, never changed.

    `name` is one of `PLAIN_STATISTICS`, `p`, `TM`, `TC`, `TS`, `WM` or `PR`: the lower-case forms and IQM are
    kept as what they stand for (AL-2.1). The lower bound is excluded, the upper one included, None is open;
    `in_percent` says that bounds are percentiles, not values. A `p` has its percentile as `upper`.
    """

    source: str
    name: str
    lower: Fraction | None = None
    upper: Fraction | None = None
    in_percent: bool = False

    @classmethod
    def parse(cls, text: str, *, parameter: str = "ExtendedStatistic") -> Statistic:
        """Read a statistic such as `Sum`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)` or `IQM` (AL-2.1, AL-2.2).

        `StatisticError`, with `parameter` as the name of the request's member, for anything else.
        """
        if text in PLAIN_STATISTICS:
            return cls(text, text)
        if text == "IQM":
            return cls(text, "TM", Fraction(25), Fraction(75), in_percent=True)
        found = _ONE_NUMBER.match(text)
        if found is not None and (number := Fraction(found[2])) <= 100:
            return cls(text, "p" if found[1] == "p" else found[1].upper(), None, number, in_percent=True)
        found = _IN_PERCENT.match(text) or _IN_VALUES.match(text)
        if found is not None and (found[2] or found[3]):
            made = cls(text, found[1], _bound(found[2]), _bound(found[3]), in_percent="%" in text)
            if made._has_sane_bounds():
                return made
        shown = printable(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
        raise StatisticError(
            f"The value {shown} for parameter {parameter} is not supported.",
            hint="write Sum, p99.9, tm90, TM(10%:90%), TC(2:8), PR(:300), IQM, …; percentiles are from 0 to 100",
        )

    def _has_sane_bounds(self) -> bool:
        if self.in_percent and any(bound is not None and bound > 100 for bound in (self.lower, self.upper)):
            return False
        return self.lower is None or self.upper is None or self.lower <= self.upper

    def __str__(self) -> str:
        return self.source

    @property
    def needs_weights(self) -> bool:
        """Whether it can only be worked out from raw values (AL-2.4)."""
        return self.name not in PLAIN_STATISTICS

    @property
    def percentile(self) -> float | None:
        """The NN of `pNN`, 0 to 100; None for every other statistic (AL-5.6)."""
        return float(self.upper) if self.name == "p" and self.upper is not None else None

    def of(self, data: StatisticSet) -> float | None:
        """The value over the data of one period.

        None, no datapoint, where there are no data, where raw values are needed and not known (AL-2.4),
        for a mean over nothing, for a percentile of data of which any is negative (AL-2.1), and for a
        result that no double can hold.
        """
        if data.is_empty:
            return None
        if not self.needs_weights:
            return self._plain(data)
        weights = _raw_weights(data)
        if weights is None:
            return None
        ranked = _Ranked(weights)
        if self.name == "p":
            return self._percentile(data, ranked)
        return _double(self._selected(ranked))

    def _plain(self, data: StatisticSet) -> float | None:
        match self.name:
            case "SampleCount":
                return _double(data.sample_count)
            case "Sum":
                return _double(data.sum)
            case "Average":
                return _double(_ratio(data.sum, data.sample_count))
            case "Minimum":
                return data.minimum
        return data.maximum

    def _percentile(self, data: StatisticSet, ranked: _Ranked) -> float | None:
        """Linear interpolation at NN/100 * (n - 1); the ends are minimum and maximum themselves (AL-2.3)."""
        assert self.upper is not None
        if data.minimum < 0 or not ranked.count:
            return None
        if self.upper in (0, 100):
            return data.maximum if self.upper else data.minimum
        position = max(self.upper / 100 * (ranked.count - 1), Fraction(0))
        below = math.floor(position)
        part = position - below
        value: Exact = exact(ranked.at(below))
        if part:
            value += part * (exact(ranked.at(below + 1)) - value)
        return _double(value)

    def _selected(self, ranked: _Ranked) -> Exact | None:
        """The statistics over a selection of the values (AL-2.3)."""
        start, end = self._span(ranked)
        count = end - start if end > start else 0
        match self.name:
            case "TC":
                return count
            case "TS":
                return ranked.sum(start, end)
            case "TM":
                return _ratio(ranked.sum(start, end), count)
            case "PR":
                return _ratio(100 * count, ranked.count)
        return self._winsorised(ranked, start, end)

    def _span(self, ranked: _Ranked) -> tuple[Exact, Exact]:
        """Which ranks are selected. The whole range up to an open bound or 100 %, also for fractional counts."""
        lower, upper = self.lower, self.upper
        if not self.in_percent:
            return (
                0 if lower is None else ranked.count_up_to(lower),
                ranked.count if upper is None else ranked.count_up_to(upper),
            )
        start = 0 if lower is None else _round(ranked.count * lower / 100)
        if upper is None or upper == 100:
            return start, ranked.count
        return start, min(_round(ranked.count * upper / 100), ranked.count)

    def _winsorised(self, ranked: _Ranked, start: Exact, end: Exact) -> Exact | None:
        """The mean in which values outside of the bounds count as the bound: all values take part."""
        lower, upper = self.lower, self.upper
        lowest: Exact = 0  # where nothing lies outside of a bound its value does not matter
        highest: Exact = 0
        if self.in_percent:
            if start >= end:
                return None
            lowest = exact(ranked.at(start))
            highest = exact(ranked.at(end - 1)) if end < ranked.count else 0
        else:
            lowest = 0 if lower is None else lower
            highest = 0 if upper is None else upper
        outside = start * lowest + (ranked.count - end) * highest
        return _ratio(ranked.sum(start, end) + outside, ranked.count)


class _Ranked:
    """Raw values in order: value k of n is the one whose stretch of the added-up weights contains k (AL-2.3)."""

    def __init__(self, weights: dict[float, Exact]) -> None:
        self.values = sorted(value for value, weight in weights.items() if weight > 0)
        self.weights = [weights[value] for value in self.values]
        self.ends = list(accumulate(self.weights))
        self.count: Exact = self.ends[-1] if self.ends else 0

    def at(self, rank: Exact) -> float:
        """The value at that rank, counting from 0; the rank is less than the count."""
        return self.values[bisect_right(self.ends, rank)]

    def sum(self, start: Exact, end: Exact) -> Exact:
        """The sum of the values from rank `start` up to `end`, parts of a weight included."""
        total: Exact = 0
        for value, weight, high in zip(self.values, self.weights, self.ends, strict=True):
            covered = min(high, end) - max(high - weight, start)
            if covered > 0:
                total += exact(value) * covered
        return total

    def count_up_to(self, bound: Fraction) -> Exact:
        """How much weight the values up to and including `bound` have."""
        place = bisect_right(self.values, bound)
        return self.ends[place - 1] if place else 0


def _raw_weights(data: StatisticSet) -> dict[float, Exact] | None:
    """The raw values; also those of a set that can hold one value only (AL-2.4)."""
    if data.weights is not None:
        return data.weights
    is_single = data.minimum == data.maximum and data.sum == exact(data.minimum) * data.sample_count
    return {data.minimum: data.sample_count} if is_single else None


def _bound(text: str | None) -> Fraction | None:
    return Fraction(text) if text else None


def _round(value: Exact) -> int:
    """To the nearest whole number, halves up (AL-2.3)."""
    return math.floor(value + _HALF)


def _ratio(total: Exact, count: Exact) -> Exact | None:
    return Fraction(total) / Fraction(count) if count else None


def _double(value: Exact | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None
