"""Metric data, as use cases see them. Adapters implement it. Spec: AL-1, AR-5.

Rule: old data become coarser, and go, when those of AWS do (AL-1.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.metric import MetricDatum, MetricKey
    from tocsin.core.metric_history import HistoryPoint
    from tocsin.core.scope import Scope


class MetricReader(Protocol):
    """Metric data. Times are seconds since the epoch."""

    def data(
        self, scope: Scope, key: MetricKey, *, unit: str | None = None, start: int, end: int
    ) -> list[HistoryPoint]:
        """What is known of start <= second < end, by time: as fine as it is still kept (AL-1.8).

        With `unit` of that unit alone, else all units together, a point for each.
        """
        ...

    def units(self, scope: Scope, key: MetricKey, *, start: int, end: int) -> list[str]:
        """The units of those data, in the order of `core.metric.UNITS`."""
        ...

    def list(
        self,
        scope: Scope,
        *,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Sequence[tuple[str, str | None]] = (),
        active_since: int,
        after: MetricKey | None = None,
        limit: int,
    ) -> list[tuple[MetricKey, int]]:
        """Metrics with data at or after `active_since`, in the order of their keys, each with the newest second.

        `dimensions` are names, each with a value or None for any, that a metric must have.
        """
        ...


class MetricWriter(MetricReader, Protocol):
    """The same, being changed."""

    def add(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        """Merge data into their buckets."""
        ...

    def roll_up(self, *, at: int, buckets: int = 10_000) -> int:
        """Make old data coarser and drop what is too old (AL-1.8), so many buckets at most; how many were done."""
        ...
