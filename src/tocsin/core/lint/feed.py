"""What filters publish, by metric. Rule: what is not certain about a value is None. Spec: FP-9.5 to FP-9.15."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.number import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.metric import MetricKey
    from tocsin.core.metric_filter import MetricFilter, MetricTransformation


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What one filter publishes to a metric.

    `dimensions` are names, sorted; `value` is that of a match where it is a constant, else None;
    `default` is what a minute without a match gets while records arrive, None for nothing.
    """

    dimensions: tuple[str, ...]
    value: float | None
    default: float | None
    unit: str


class Feeds:
    """The feeds of every metric, by namespace and name."""

    def __init__(self, filters: Iterable[MetricFilter]) -> None:
        self._feeds: dict[tuple[str, str], list[Feed]] = {}
        for definition in filters:
            for one in definition.metric_transformations:
                names = tuple(sorted((*(one.dimensions or ()), *definition.emit_system_field_dimensions)))
                feed = Feed(dimensions=names, value=_constant(one), default=one.default_value, unit=one.unit or "None")
                self._feeds.setdefault((one.metric_namespace, one.metric_name), []).append(feed)

    def named(self, key: MetricKey) -> list[Feed]:
        """The feeds of the metric of that namespace and name, whatever the dimensions."""
        return self._feeds.get((key.namespace, key.metric_name), [])

    def of(self, key: MetricKey) -> list[Feed]:
        """The feeds that can publish to exactly this metric.

        A match without a usable value for a dimension is published without any (FP-9.15).
        """
        names = tuple(name for name, _ in key.dimensions)
        return [feed for feed in self.named(key) if not names or feed.dimensions == names]


def _constant(transformation: MetricTransformation) -> float | None:
    text = transformation.metric_value
    if not is_number(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
