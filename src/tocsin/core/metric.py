"""What a metric is, and what its data add up to.

Rule: statistic sets merge associatively and commutatively to the last bit, so that neither order of
arrival nor batching nor the number of workers can change a statistic (AL-18.2). Counts and sums are
therefore kept exactly and rounded once, by `core.statistic`. Spec: AL-1, AL-2.4, AL-18.2.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.tally import Exact, exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LARGEST_VALUE", "UNITS", "Exact", "MetricDatum", "MetricKey", "StatisticSet", "exact"]

LARGEST_VALUE = 2.0**360
"""CloudWatch takes no value beyond this, in either direction (AL-1.2)."""

UNITS = (
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
)
"""The units of observations, in AWS's order (AL-1.2)."""

_NO_DIMENSIONS: Mapping[str, str] = MappingProxyType({})


class MetricKey(msgspec.Struct, frozen=True, order=True):
    """The identity of a metric: namespace, name and the exact set of dimensions, sorted by name (AL-1.1).

    Data with other dimensions belong to another metric; nothing is aggregated across them.
    """

    namespace: str
    metric_name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, metric_name: str, dimensions: Mapping[str, str] = _NO_DIMENSIONS) -> MetricKey:
        """The key with these dimensions, in whatever order they come."""
        return cls(namespace, metric_name, tuple(sorted(dimensions.items())))


class StatisticSet(msgspec.Struct, frozen=True):
    """What the data of one metric in one stretch of time add up to (AL-1.4, AL-18.2).

    `weights` holds the raw values, value -> how often, ascending; None where they are not known, as
    after a statistic set that somebody else has counted (AL-2.4). `StatisticSet.of()`, over no value
    at all, is the empty element: merging it changes nothing, and no statistic has a value for it.
    """

    sample_count: Exact
    sum: Exact
    minimum: float
    maximum: float
    weights: dict[float, Exact] | None = None

    @classmethod
    def of(cls, *values: float) -> StatisticSet:
        """The set of these values, finite doubles, each counted once."""
        weights: dict[float, int] = {}
        for value in values:
            weights[value] = weights.get(value, 0) + 1
        return cls.weighted(weights)

    @classmethod
    def weighted(cls, weights: Mapping[float, float]) -> StatisticSet:
        """The set of finite values with their weights: finite, not negative, perhaps no whole numbers.

        A value whose weight is 0 takes part in minimum and maximum only (AL-1.3).
        """
        pairs = sorted((_plus_zero(value), exact(float(weight))) for value, weight in weights.items())
        return cls(
            _reduced(sum(weight for _, weight in pairs)),
            _reduced(sum(exact(value) * weight for value, weight in pairs)),
            pairs[0][0] if pairs else math.inf,
            pairs[-1][0] if pairs else -math.inf,
            {value: weight for value, weight in pairs if weight},
        )

    @classmethod
    def stated(cls, *, sample_count: float, sum: float, minimum: float, maximum: float) -> StatisticSet:  # noqa: A002 - AWS's word
        """The set that somebody else has counted, in finite doubles; raw values are known if all are equal (AL-2.4).

        A Sum that is inconsistent with the rest stays as it is (AL-1.4).
        """
        count, total = exact(float(sample_count)), exact(float(sum))
        lowest, highest = _plus_zero(minimum), _plus_zero(maximum)
        is_single = lowest == highest and total == exact(lowest) * count
        return cls(count, total, lowest, highest, {lowest: count} if is_single else None)

    @classmethod
    def merged(cls, parts: Iterable[StatisticSet]) -> StatisticSet:
        """All of `parts` in one: the same as merging one by one, in time linear in their raw values."""
        count: Exact = 0
        total: Exact = 0
        minimum, maximum = math.inf, -math.inf
        weights: dict[float, Exact] | None = {}
        for part in parts:
            count += part.sample_count
            total += part.sum
            minimum, maximum = min(minimum, part.minimum), max(maximum, part.maximum)
            if weights is None or part.weights is None:
                weights = None
                continue
            for value, weight in part.weights.items():
                weights[value] = weights.get(value, 0) + weight
        return cls(
            _reduced(count),
            _reduced(total),
            _plus_zero(minimum),
            _plus_zero(maximum),
            None if weights is None else {_plus_zero(value): _reduced(weights[value]) for value in sorted(weights)},
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no datum in it: not the same as a sum or a sample count of 0."""
        return self.minimum > self.maximum

    def merge(self, other: StatisticSet) -> StatisticSet:
        """Both in one. To put many together, `merged` copies the raw values only once."""
        return StatisticSet.merged((self, other))

    def without_weights(self) -> StatisticSet:
        """The same without raw values: all that is to be kept where no statistic asks for them (AL-18.2)."""
        return StatisticSet(self.sample_count, self.sum, self.minimum, self.maximum)


class MetricDatum(msgspec.Struct, frozen=True, kw_only=True):
    """One observation that was accepted.

    `timestamp` is in seconds since the epoch, truncated to `storage_resolution`: 1 or 60 seconds (AL-1.6, AL-1.7).
    """

    key: MetricKey
    timestamp: int
    statistics: StatisticSet
    unit: str = "None"
    storage_resolution: int = 60


def _plus_zero(value: float) -> float:
    """`value` as a double, and 0.0 for -0.0: which of the two a minimum or a key is must not depend on order."""
    return float(value) + 0.0


def _reduced(value: Exact) -> Exact:
    """An exact number as an int if it is a whole one, so that equal numbers have one form."""
    return value.numerator if value.denominator == 1 else value
