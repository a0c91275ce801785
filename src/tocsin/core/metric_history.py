"""The data of one metric over an archive, and what stands in a stretch of it.

Rule: a datum is seen from its arrival on, and never counts in a slot that it does not lie in
(AL-6.2, AL-18.5).
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.metric import Exact, StatisticSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class HistoryPoint(NamedTuple):
    """Data of one moment. `second` is its timestamp, `arrival` when it became known: both seconds since the epoch.

    `arrival` is None for data that are known at their own time (delay 0, AL-6.4). `origin` is whatever
    the maker of the point wants to find again behind it.
    """

    second: int
    arrival: int | None
    statistics: StatisticSet
    origin: object = None


class MetricHistory:
    """All data of one metric with one unit, or with several where an alarm names none (AL-5.4)."""

    def __init__(self, points: Iterable[HistoryPoint]) -> None:
        self.points = sorted(points, key=_order)
        self._seconds = [point.second for point in self.points]
        self.is_late = any(point.arrival is not None for point in self.points)
        """Whether some of the data became known after their own time."""
        self._sums: list[Exact] | None = None  # of the first n points; made when totals are asked for
        self._counts: list[Exact] = []
        self._last_places = (0, 0)
        self._minima: list[float] = []
        self._maxima: list[float] = []

    @property
    def seconds(self) -> Sequence[int]:
        """The times of the data that are known at their own time, ascending."""
        return [point.second for point in self.points if point.arrival is None] if self.is_late else self._seconds

    @property
    def late(self) -> Iterator[tuple[int, int]]:
        """Time and arrival of the other data."""
        return ((point.second, point.arrival) for point in self.points if point.arrival is not None)

    def between(self, start: int, end: int, *, at: int) -> StatisticSet | None:
        """What lies in start <= second < end and is known at the instant `at`; None where nothing does."""
        return _merged(point.statistics for point in self.within(start, end, at=at))

    def totals(self, start: int, end: int) -> StatisticSet | None:
        """What lies in start <= second < end, however late it came; None where nothing does.

        Raw values may be left out. For many stretches that overlap: counts and sums are those up to the
        end less those up to the start.
        """
        first, last = self.places(start, end)
        if first == last:
            return None
        if first + 1 == last:
            return self.points[first].statistics
        if self._sums is None:
            sets = [point.statistics for point in self.points]
            self._sums = list(accumulate((one.sum for one in sets), initial=0))
            self._counts = list(accumulate((one.sample_count for one in sets), initial=0))
            self._minima, self._maxima = [one.minimum for one in sets], [one.maximum for one in sets]
        return StatisticSet(
            self._counts[last] - self._counts[first],
            self._sums[last] - self._sums[first],
            min(self._minima[first:last]),
            max(self._maxima[first:last]),
        )

    def totals_with_weights(self, start: int, end: int) -> StatisticSet | None:
        """The same with raw values, which percentiles need."""
        first, last = self.places(start, end)
        return _merged(point.statistics for point in self.points[first:last])

    def running(self, name: str) -> list[Exact] | None:
        """The Sum or SampleCount of the first n points, for n from 0 on; None for any other statistic.

        None as well where a point is an empty set, which is no datum.
        """
        if name not in ("Sum", "SampleCount") or any(point.statistics.is_empty for point in self.points):
            return None
        sets = (point.statistics for point in self.points)
        parts = (one.sum for one in sets) if name == "Sum" else (one.sample_count for one in sets)
        return list(accumulate(parts, initial=0))

    def places(self, start: int, end: int) -> tuple[int, int]:
        """Where in `points` the stretch begins and ends. Most are asked for in order, a few points on from the last."""
        seconds, (first, last) = self._seconds, self._last_places
        if first and seconds[first - 1] >= start:
            first, last = bisect_left(seconds, start), bisect_left(seconds, end)
        else:
            count = len(seconds)
            while first < count and seconds[first] < start:
                first += 1
            last = max(first, last)
            if last > first and seconds[last - 1] >= end:
                last = bisect_left(seconds, end, first, last)
            while last < count and seconds[last] < end:
                last += 1
        self._last_places = first, last
        return first, last

    def within(self, start: int, end: int, *, at: int) -> list[HistoryPoint]:
        """The data of that stretch which are known at the instant `at`, by time."""
        first, last = bisect_left(self._seconds, start), bisect_left(self._seconds, end)
        return [point for point in self.points[first:last] if point.arrival is None or point.arrival <= at]

    def slots(self, edges: Sequence[int], *, at: int) -> tuple[StatisticSet | None, ...]:
        """The data in each of the slots between `edges`, oldest first."""
        return tuple(self.between(start, end, at=at) for start, end in itertools.pairwise(edges))


def _order(point: HistoryPoint) -> tuple[int, int]:
    return point.second, -1 if point.arrival is None else point.arrival


def _merged(parts: Iterable[StatisticSet]) -> StatisticSet | None:
    found = list(parts)
    if not found:
        return None
    return found[0] if len(found) == 1 else StatisticSet.merged(found)
