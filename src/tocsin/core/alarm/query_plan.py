"""The queries of an alarm with `Metrics`, made ready to be evaluated over its slots.

Rule: total. What cannot be worked out has no points; expressions see exactly the R slots (AL-4.6).
Spec: AL-4, AL-6.6, AL-15.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.query_reader import order_of
from tocsin.core.anomaly import Band
from tocsin.core.metric import StatisticSet
from tocsin.core.metric_math import MathError, Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.alarm.definition import MetricAlarm

Slots = Sequence[StatisticSet | None]
"""The data of each slot, oldest first; None where there are none."""

Bands = Callable[[str, float], Band]
"""The band of the query of that id, so many deviations wide, over the slots that are evaluated."""

Values = tuple[float | None, ...]


class QueryPlan:
    """The metrics and expressions of one alarm, the expressions in the order in which they can be evaluated."""

    def __init__(self, alarm: MetricAlarm) -> None:
        self._period = alarm.period
        self._stats = {query.id: query.metric_stat for query in alarm.metrics if query.metric_stat is not None}
        self._expressions = order_of(alarm.metrics)
        self._band = alarm.threshold_metric_id
        self._watched = next(query.id for query in alarm.metrics if query.return_data and query.id != self._band)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The ids of the queries that are metrics, in the order of the definition."""
        return tuple(self._stats)

    def evaluate(
        self, slots: Mapping[str, Slots], edges: Sequence[int], *, bands: Bands | None
    ) -> tuple[Values, Band | None]:
        """The values that the alarm watches, and the band that it compares them with where it has one.

        `slots` holds the data of each slot for the ids of metrics; one that is not there has none.
        """
        for name, given in slots.items():
            if name not in self._stats:
                raise AlarmError(
                    f"There is no metric {name} among Metrics.",
                    parameter=name,
                    hint=f"data are those of {', '.join(self._stats) or 'no query'}",
                )
            check_length(given, len(edges) - 1, name)
        results: dict[str, Series | tuple[Series, ...]] = {
            name: self._series(name, slots.get(name, ()), len(edges) - 1) for name in self._stats
        }
        source = _BandSource(bands, self._period, len(edges) - 1)
        for name, expression in self._expressions:
            try:
                results[name] = expression.evaluate(
                    results, slots=edges[:-1], period=self._period, metrics=self.metrics, band=source.series
                )
            except MathError:
                results[name] = ()  # types that depend on the data and do not fit: no points
        values = self._only(results[self._watched], len(edges) - 1)
        return values, (None if self._band is None else source.made(results[self._band]))

    def _series(self, name: str, slots: Slots, count: int) -> Series:
        stat = self._stats[name].stat
        values = [None if slot is None else stat.of(slot) for slot in slots] or [None] * count
        return Series(tuple(values), self._period, name)

    def _only(self, result: Series | tuple[Series, ...], count: int) -> Values:
        """The points of a result that is one series; of anything else none (AL-4.5)."""
        series = (result,) if isinstance(result, Series) else result
        return series[0].values if len(series) == 1 else (None,) * count


def check_length(slots: Slots, count: int, name: str) -> None:
    """Raise AlarmError unless there is one entry for each slot of the evaluation range."""
    if len(slots) != count:
        raise AlarmError(
            f"The evaluation range is {count} slots, but {len(slots)} are given.",
            parameter=name,
            hint="one entry for each slot, oldest first, None for an empty one",
        )


class _BandSource:
    """Hands bands to expressions as a pair of series, and remembers which model made them."""

    def __init__(self, bands: Bands | None, period: int, count: int) -> None:
        self._bands = bands
        self._period = period
        self._none = (None,) * count
        self._model = ""

    def series(self, watched: Series, deviations: float) -> tuple[Series, Series]:
        """Upper and lower edge of the band of a series."""
        if self._bands is None:
            return self._of(self._none), self._of(self._none)
        band = self._bands(watched.name, deviations)
        self._model = band.model
        return self._of(band.upper), self._of(band.lower)

    def made(self, result: Series | tuple[Series, ...]) -> Band:
        """The band out of the result of its query: two series, upper and lower."""
        edges = [series.values for series in result] if isinstance(result, tuple) else []
        upper, lower = edges if len(edges) == 2 else (self._none, self._none)
        return Band(lower=lower, upper=upper, model=self._model)

    def _of(self, values: Values) -> Series:
        return Series(values, self._period)
