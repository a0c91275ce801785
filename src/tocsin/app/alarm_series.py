"""The values of an alarm's metric slot by slot, and the states it was in: what a chart of it shows. Spec: CON-5.2.

Rule: slots are anchored at the deciding evaluation, so that its points are the ones that are drawn; a slot without data
is missing and not zero. How many slots are made is bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.metric_query import Query, run_queries
from tocsin.core.alarm.comparison import leaves_band, static_test
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.metric_history import MetricHistory

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.alarm_record import AlarmStanding
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.state import StateValue
    from tocsin.core.scope import Scope

MOST_SLOTS: Final = 12_000
"""Slots of one chart: a week of minutes."""

MOST_CHANGES: Final = 1_000
"""Changes of state that are read for one chart."""

_MINUTE: Final = 60


class SeriesSlot(NamedTuple):
    """One slot, from `start` to `end` in seconds since the epoch: value, edges of the band, whether it breaches."""

    start: int
    end: int
    value: float | None
    lower: float | None = None
    upper: float | None = None
    is_breaching: bool = False


class StateTime(NamedTuple):
    """A time in one state, in seconds since the epoch."""

    start: int
    end: int
    state: StateValue


def series_of(
    service: Service, scope: Scope, alarm: MetricAlarm, *, start: int, end: int, anchor: int, period: int | None = None
) -> tuple[SeriesSlot, ...]:
    """The slots that cover start <= t < end, oldest first; one of them ends at `anchor`, or would.

    `period` is that of the alarm unless it is given. The newest slot may not be over yet.
    """
    width = period or alarm.period
    first = anchor - -(-(anchor - start) // width) * width
    count = min(MOST_SLOTS, -(-(end - first) // width))
    first = max(first, first + (-(-(end - first) // width) - count) * width)
    starts = range(first, first + count * width, width)
    if alarm.key is None:
        return _computed(service, scope, alarm, starts)
    assert alarm.statistic is not None
    with service.store.read() as store:
        points = store.metrics.data(scope, alarm.key, unit=alarm.unit, start=starts.start, end=starts.stop)
    history = MetricHistory(points)
    is_percentile = alarm.statistic.percentile is not None
    totals = history.totals_with_weights if is_percentile else history.totals
    breaches = static_test(alarm.comparison_operator)
    threshold = alarm.threshold if alarm.threshold is not None else 0.0
    slots = []
    for at in starts:
        found = totals(at, at + width)
        value = None if found is None or found.is_empty else alarm.statistic.of(found)
        slots.append(SeriesSlot(at, at + width, value, is_breaching=value is not None and breaches(value, threshold)))
    return tuple(slots)


def _computed(service: Service, scope: Scope, alarm: MetricAlarm, starts: range) -> tuple[SeriesSlot, ...]:
    """The slots of an alarm on expressions: each point as GetMetricData gives it, the band where there is one."""
    queries = [
        Query(
            id=query.id,
            key=None if query.metric_stat is None else query.metric_stat.key,
            statistic=None if query.metric_stat is None else query.metric_stat.stat,
            unit=None if query.metric_stat is None else query.metric_stat.unit,
            expression=query.expression,
            period=starts.step if query.metric_stat is not None else None,
            label=query.label,
            is_returned=query.return_data or query.id == alarm.threshold_metric_id,
        )
        for query in alarm.metrics
    ]
    results = run_queries(service, scope, queries, start=starts.start, end=starts.stop)
    band = [dict(one.points) for one in results if one.id == alarm.threshold_metric_id]
    values = next((dict(one.points) for one in results if one.id != alarm.threshold_metric_id), {})
    upper, lower = (band[0], band[1]) if len(band) == 2 else ({}, {})
    return tuple(
        _slot(alarm, SeriesSlot(at, at + starts.step, values.get(at), lower.get(at), upper.get(at))) for at in starts
    )


def _slot(alarm: MetricAlarm, slot: SeriesSlot) -> SeriesSlot:
    """The slot with its verdict."""
    breaches = False
    if slot.value is not None and slot.lower is not None and slot.upper is not None and alarm.is_anomaly:
        breaches = leaves_band(alarm.comparison_operator, slot.value, slot.lower, slot.upper)
    elif slot.value is not None and alarm.threshold is not None:
        breaches = static_test(alarm.comparison_operator)(slot.value, alarm.threshold)
    return slot._replace(is_breaching=breaches)


def states_of(
    store: StoreReader, scope: Scope, name: str, standing: AlarmStanding, *, start: int, end: int, now: int
) -> tuple[StateTime, ...]:
    """The states of an alarm in start <= t < end, by time; seconds since the epoch. Nothing before it was made."""
    steps = store.history.changes(scope, alarm_name=name, start=start * 1000, limit=MOST_CHANGES)
    last = min(end, now)
    found: list[StateTime] = []
    state = standing.state.state_value
    for step in steps:
        at = step.at // 1000
        if at < last:
            found.append(StateTime(at, last, state))
        last, state = min(last, at), step.old
    if last > start:
        found.append(StateTime(start, last, state))
    return tuple(reversed(found))


def anchor_of(at: datetime | None, now: int) -> int:
    """What slots are anchored at: the deciding evaluation; without one the end of the last whole minute."""
    if at is not None:
        return second_of(at)
    return now - now % _MINUTE
