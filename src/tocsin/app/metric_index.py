"""From matches to metrics: the data of every metric that filters feed, and the events behind them.

Rule: a metric's data are those of all filters that publish under its name with exactly its dimensions.
Spec: AL-1.1, AL-5.4, FP-9.13 to 9.17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.alarm_data import AT_ITS_TIME, Cell
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.app.alarm_data import AlarmData
    from tocsin.core.metric_filter import CompiledFilter

ANY_UNIT: None = None
"""In place of a unit: the data of all units together, as an alarm without Unit sees them."""

_MINUTE = 60


class MetricIndex:
    """The metrics that some filters feed, with what an archive held for them.

    `histories` are by metric and unit, and by metric and ANY_UNIT.
    """

    def __init__(self, filters: Sequence[CompiledFilter], data: AlarmData) -> None:
        points: dict[tuple[MetricKey, str | None], list[HistoryPoint]] = {}
        for place, compiled in enumerate(filters):
            transformation = compiled.transformation
            unit = transformation.unit or "None"
            for key, point in _published(place, compiled, data):
                points.setdefault((key, unit), []).append(point)
                points.setdefault((key, ANY_UNIT), []).append(point)
        self.histories = {key: MetricHistory(found) for key, found in points.items()}

    @staticmethod
    def cells(points: Iterable[HistoryPoint]) -> list[Cell]:
        """The matches behind the data of metrics, each once; none behind a default value."""
        return list({id(point.origin): point.origin for point in points if isinstance(point.origin, Cell)}.values())


def _published(place: int, compiled: CompiledFilter, data: AlarmData) -> Iterator[tuple[MetricKey, HistoryPoint]]:
    transformation = compiled.transformation
    for (dimensions, minute, arrival), cell in data.cells[place].items():
        key = MetricKey.of(transformation.metric_namespace, transformation.metric_name, dict(dimensions))
        known_at = None if arrival == AT_ITS_TIME else arrival
        yield key, HistoryPoint(minute * _MINUTE, known_at, StatisticSet.weighted(cell.weights), cell)
    if transformation.default_value is not None:
        key = MetricKey.of(transformation.metric_namespace, transformation.metric_name)
        statistics = StatisticSet.of(transformation.default_value)
        for minute, known_at in _quiet_minutes(place, data):
            yield key, HistoryPoint(minute * _MINUTE, known_at, statistics)


def _quiet_minutes(place: int, data: AlarmData) -> Iterator[tuple[int, int | None]]:
    """The minutes for which a filter publishes its default value, and when that is known (FP-9.16, 9.17).

    It is published once the minute is over, or when the first record of the minute arrives later;
    not when a match of the minute is known by then.
    """
    matched: dict[int, int] = {}
    for _, minute, arrival in data.cells[place]:
        matched[minute] = min(arrival, matched.get(minute, arrival))
    for minute, arrival in data.broken[place]:
        matched[minute] = min(arrival, matched.get(minute, arrival))
    present: dict[int, int] = {}
    for minute, arrival in data.present:
        present[minute] = min(arrival, present.get(minute, arrival))
    for minute, arrival in present.items():
        if arrival == AT_ITS_TIME:
            if minute not in matched:
                yield minute, None
            continue
        published = max((minute + 1) * _MINUTE, arrival)
        if matched.get(minute, published + 1) > published:
            yield minute, published
