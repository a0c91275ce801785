"""The way from what happens to the people, as one alarm sees it: trail, group, filter, alarm, topic, people.

Rule: a link is well only where the next one is reached; where the chain breaks, nothing behind it is called well.
Spec: CON-4.4, AL-19.8, CON-1.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.alarm_event import FeedingFilters
from tocsin.app.alarm_reach import Reach, ReachSurvey
from tocsin.app.log_group_feed import GroupFeed, group_feed
from tocsin.core.alarm.definition import MetricAlarm

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.metric import MetricKey
    from tocsin.core.scope import Scope

MOST_LINKS: Final = 5
"""Groups and filters that are told one by one."""

_DAY: Final = 86_400

# Metrics of the same name and dimensions, and others besides, among which one is looked for.
_MOST_METRICS: Final = 100


class FilterLink(msgspec.Struct, frozen=True, kw_only=True):
    """A metric filter that feeds an alarm; `default_value` is published while nothing matches, None for none."""

    group: str
    name: str
    pattern: str
    default_value: float | None


class AlarmChain(msgspec.Struct, frozen=True, kw_only=True):
    """The chain of one alarm. `matches` are the samples of its metric within a day, None for one that is not fed here.

    `newest` is the newest datum of its metrics in seconds since the epoch, None where there never was one.
    """

    groups: tuple[GroupFeed, ...] = ()
    filters: tuple[FilterLink, ...] = ()
    more_filters: int = 0
    matches: int | None = None
    newest: int | None = None
    reach: Reach = Reach()


def chain_of(
    service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm | CompositeAlarm, *, now: int
) -> AlarmChain:
    """The chain of an alarm at `now`, in milliseconds since the epoch."""
    reach = ReachSurvey(service, store, scope, now=now).of(alarm)
    if not isinstance(alarm, MetricAlarm):
        return AlarmChain(reach=reach)
    feeding = service.part(FeedingFilters).of(store, scope, alarm.keys)
    links = [
        FilterLink(
            group=group,
            name=one.definition.filter_name,
            pattern=one.pattern.source,
            default_value=one.transformation.default_value,
        )
        for group, filters in sorted(feeding.items())
        for one in sorted(filters, key=lambda one: one.definition.filter_name)
    ]
    second = now // 1000
    points = [
        point
        for key in alarm.keys
        for point in store.metrics.data(scope, key, unit=alarm.unit, start=second - _DAY, end=second + 1)
    ]
    newest = [at for key in alarm.keys if (at := _newest(store, scope, key)) is not None]
    return AlarmChain(
        groups=tuple(
            group_feed(store, scope, group, now=now, interval=service.settings.trail_delivery_interval)
            for group in sorted(feeding)[:MOST_LINKS]
        ),
        filters=tuple(links[:MOST_LINKS]),
        more_filters=max(0, len(links) - MOST_LINKS),
        matches=int(sum(point.statistics.sample_count for point in points)) if links else None,
        newest=max(newest, default=None),
        reach=reach,
    )


def _newest(store: StoreReader, scope: Scope, key: MetricKey) -> int | None:
    """When a metric last had data."""
    found = store.metrics.list(
        scope,
        namespace=key.namespace,
        name=key.metric_name,
        dimensions=key.dimensions,
        active_since=0,
        limit=_MOST_METRICS,
    )
    return next((second for one, second in found if one == key), None)
