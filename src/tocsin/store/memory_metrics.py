"""Metric data in memory. Spec: AL-1.1, AL-1.7, AL-1.8, AL-2."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from tocsin.core.metric import UNITS, StatisticSet
from tocsin.core.metric_history import HistoryPoint
from tocsin.core.period import finest_period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.metric import MetricDatum, MetricKey
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo


class _Series:
    """The data of one metric with one unit: bucket by start, and width of each bucket in seconds."""

    def __init__(self) -> None:
        self.buckets: dict[int, StatisticSet] = {}
        self.widths: dict[int, int] = {}
        self.seconds: list[int] = []


class MemoryMetrics:
    """`MetricWriter` over dictionaries."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._metrics: dict[Scope, dict[MetricKey, dict[str, _Series]]] = {}

    def data(
        self, scope: Scope, key: MetricKey, *, unit: str | None = None, start: int, end: int
    ) -> list[HistoryPoint]:
        """What is known of start <= second < end, by time."""
        by_second: dict[int, list[StatisticSet]] = {}
        for name, series in self._metrics.get(scope, {}).get(key, {}).items():
            if unit is None or unit == name:
                for second in series.seconds[bisect_left(series.seconds, start) : bisect_left(series.seconds, end)]:
                    by_second.setdefault(second, []).append(series.buckets[second])
        return [
            HistoryPoint(second, None, sets[0] if len(sets) == 1 else StatisticSet.merged(sets))
            for second, sets in sorted(by_second.items())
        ]

    def units(self, scope: Scope, key: MetricKey, *, start: int, end: int) -> list[str]:
        """The units of those data."""
        found = self._metrics.get(scope, {}).get(key, {})
        return [
            unit
            for unit in UNITS
            if unit in found and bisect_left(found[unit].seconds, start) < bisect_left(found[unit].seconds, end)
        ]

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
        """Metrics in the order of their keys, each with the newest second."""
        found: list[tuple[MetricKey, int]] = []
        metrics = self._metrics.get(scope, {})
        keys = sorted(metrics)
        for key in keys[0 if after is None else bisect_right(keys, after) :]:
            if len(found) >= limit:
                break
            newest = max((series.seconds[-1] for series in metrics[key].values() if series.seconds), default=None)
            if newest is None or newest < active_since:
                continue
            has = dict(key.dimensions)
            if namespace not in (None, key.namespace) or name not in (None, key.metric_name):
                continue
            if all(wanted in has and value in (None, has[wanted]) for wanted, value in dimensions):
                found.append((key, newest))
        return found

    def add(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        """Merge data into their buckets."""
        for datum in data:
            units = self._metrics.setdefault(scope, {}).setdefault(datum.key, {})
            if datum.unit not in units:
                self._undo.put(units, datum.unit, _Series())
            self._merge(units[datum.unit], datum.timestamp, datum.storage_resolution, datum.statistics)

    def roll_up(self, *, at: int, buckets: int = 10_000) -> int:
        """Make old data coarser and drop what is too old."""
        done = 0
        for metrics in self._metrics.values():
            for units in metrics.values():
                for series in units.values():
                    for second in list(series.seconds):
                        if done >= buckets:
                            return done
                        width = finest_period(at - second)
                        if width is not None and width <= series.widths[second]:
                            continue
                        done += 1
                        statistics = self._take(series, second)
                        if width is not None:
                            self._merge(series, second - second % width, width, statistics)
        return done

    def reset(self, scope: Scope | None) -> None:
        """Remove the data of a scope, or all."""
        before = self._metrics
        self._undo.note(lambda: setattr(self, "_metrics", before))
        self._metrics = {} if scope is None else {key: one for key, one in before.items() if key != scope}

    def _merge(self, series: _Series, second: int, width: int, statistics: StatisticSet) -> None:
        known = series.buckets.get(second)
        if known is None:
            insort(series.seconds, second)
            self._undo.note(lambda: series.seconds.remove(second))
        else:
            statistics = known.merge(statistics)
            # A second and the minute that begins with it share a bucket.
            width = max(width, series.widths[second])
        self._undo.put(series.buckets, second, statistics)
        self._undo.put(series.widths, second, width)

    def _take(self, series: _Series, second: int) -> StatisticSet:
        series.seconds.remove(second)
        self._undo.note(lambda: insort(series.seconds, second))
        self._undo.remove(series.widths, second)
        return self._undo.remove(series.buckets, second)
