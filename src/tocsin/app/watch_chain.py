"""The chain from the event to the person: each link with its facts. Spec: CON-4.2, AL-19.8, CON-1.10.

Rule: a link from which the next one is not reached says so; nothing is called well that would tell nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import METRIC_ALARMS
from tocsin.app.by_version import ByVersion
from tocsin.app.evaluator import Evaluator
from tocsin.app.log_group import GROUPS
from tocsin.app.metric_filter import FILTERS
from tocsin.app.people import Audiences
from tocsin.app.topic import TOPICS, topic_arn
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.app.trail import trails_seen
from tocsin.app.trail_status import status_of
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

# Groups whose newest event is looked up; the age of the newest of many is that of these.
_MOST_GROUPS = 100

# Metrics with data in the last hour that are compared with those of filters.
_MOST_METRICS = 1_000

_TURN_MS = 60_000
_HOUR_S = 3_600


class TrailsLink(NamedTuple):
    """Trails: how many log, when one last delivered (milliseconds), those of which a delivery failed."""

    total: int = 0
    logging: int = 0
    delivered_at: int | None = None
    failing: tuple[str, ...] = ()
    digests_failing: bool = False


class GroupsLink(NamedTuple):
    """Log groups, and when an event last came to one (milliseconds)."""

    total: int = 0
    newest: int | None = None


class FiltersLink(NamedTuple):
    """Metric filters, how many published in the last hour, and values that could not be used since the start."""

    total: int = 0
    active: int = 0
    unusable: int = 0


class AlarmsLink(NamedTuple):
    """Alarms, up to which second all were evaluated, and how many instants came too late since the start.

    `unfed` look at a metric that no filter publishes, in a namespace of filters; `unheard` reach nobody.
    """

    total: int = 0
    evaluated_at: int | None = None
    late: int = 0
    unfed: int = 0
    unheard: int = 0


class OutboxLink(NamedTuple):
    """Deliveries that are on their way, and since when the oldest is (milliseconds)."""

    waiting: int = 0
    oldest: int | None = None


class TopicsLink(NamedTuple):
    """Topics, and those among them that alarms rely on and that tell nobody."""

    total: int = 0
    deaf: tuple[str, ...] = ()


class PeopleLink(NamedTuple):
    """Endpoints that hear alarms, and subscriptions that nobody has confirmed."""

    hearing: int = 0
    total: int = 0
    pending: int = 0


class WatchChain(NamedTuple):
    """All links, from the first to the last."""

    trails: TrailsLink
    groups: GroupsLink
    filters: FiltersLink
    alarms: AlarmsLink
    outbox: OutboxLink
    topics: TopicsLink
    people: PeopleLink


class _Built(NamedTuple):
    """What of a scope changes with definitions alone."""

    groups: tuple[str, ...]
    filters: int
    metrics: frozenset[tuple[str, str]]
    namespaces: frozenset[str]
    topics: tuple[str, ...]


class WatchChains:
    """The chains of scopes: `service.part(WatchChains)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._built: ByVersion[Scope, _Built] = ByVersion(GROUPS.kind, FILTERS.kind, TOPICS.kind)
        self._unfed: ByVersion[Scope, int] = ByVersion(METRIC_ALARMS.kind, FILTERS.kind)
        self._active: ByVersion[Scope, int] = ByVersion(FILTERS.kind)

    def of(self, store: StoreReader, scopes: Sequence[Scope], lines: Sequence[AlarmLine], *, now: int) -> WatchChain:
        """The chain of some scopes at `now`, in milliseconds; `lines` are their alarms."""
        built = {scope: self._built.get(store, scope, lambda scope=scope: _build(store, scope)) for scope in scopes}  # type: ignore[misc]  # that of this turn
        audience = self._service.part(Audiences).of_all(store, scopes, now=now)
        evaluated = self._service.part(Evaluator).last_instant
        counters = self._service.counters
        waiting = store.outbox.count(DeliveryStatus.PENDING)
        first = store.outbox.first_pending() if waiting else None
        return WatchChain(
            trails=_trails(store, scopes),
            groups=GroupsLink(
                sum(len(one.groups) for one in built.values()),
                max((at for scope in scopes if (at := _newest(store, scope, built[scope])) is not None), default=None),
            ),
            filters=FiltersLink(
                sum(one.filters for one in built.values()),
                sum(self._active_of(store, scope, built[scope], now) for scope in scopes),
                counters.count("filter_values_unusable"),
            ),
            alarms=AlarmsLink(
                total=len(lines),
                evaluated_at=evaluated,
                late=counters.count("late_ticks"),
                unfed=sum(self._unfed_of(store, scope, built[scope], lines) for scope in scopes),
                unheard=sum(bool(line.unheard) for line in lines),
            ),
            outbox=OutboxLink(waiting, None if first is None else first.created_at),
            topics=TopicsLink(
                sum(len(one.topics) for one in built.values()),
                tuple(name for scope in scopes for name in self._deaf(store, scope, built[scope], now)),
            ),
            people=PeopleLink(audience.hearing, len(audience.people), audience.pending),
        )

    def _unfed_of(self, store: StoreReader, scope: Scope, built: _Built, lines: Sequence[AlarmLine]) -> int:
        """How many alarms look for a metric of filters that none of them publishes."""

        def count() -> int:
            return sum(line.scope == scope and _is_unfed(line, built) for line in lines)

        return self._unfed.get(store, scope, count)

    def _active_of(self, store: StoreReader, scope: Scope, built: _Built, now: int) -> int:
        """How many metrics of filters had data in the last hour."""

        def count() -> int:
            since = now // 1000 - _HOUR_S
            found = {
                (key.namespace, key.metric_name)
                for key, _ in store.metrics.list(scope, active_since=since, limit=_MOST_METRICS)
            }
            return len(found & built.metrics)

        return self._active.get(store, scope, count, turn=now // _TURN_MS) if built.metrics else 0

    def _deaf(self, store: StoreReader, scope: Scope, built: _Built, now: int) -> list[str]:
        people = self._service.part(Audiences).of(store, scope, now=now).people
        heard = {topic for person in people if not person.is_deaf and not person.is_failing for topic in person.topics}
        telling = self._service.part(TopicAlarms)
        return [
            name for name in built.topics if (scope, name) not in heard and telling.of(store, topic_arn(scope, name))
        ]


def _build(store: StoreReader, scope: Scope) -> _Built:
    filters = [kept.filter.metric_transformations[0] for _, kept in FILTERS.scan(store, scope)]
    return _Built(
        groups=tuple(name for name, _ in store.scan(GROUPS.kind, scope)),
        filters=len(filters),
        metrics=frozenset((one.metric_namespace, one.metric_name) for one in filters),
        namespaces=frozenset(one.metric_namespace for one in filters),
        topics=tuple(name for name, _ in store.scan(TOPICS.kind, scope)),
    )


def _is_unfed(line: AlarmLine, filters: _Built) -> bool:
    if not isinstance(line.alarm, MetricAlarm):
        return False
    keys = line.alarm.keys
    return any(key.namespace in filters.namespaces for key in keys) and not any(
        (key.namespace, key.metric_name) in filters.metrics for key in keys
    )


def _trails(store: StoreReader, scopes: Sequence[Scope]) -> TrailsLink:
    places = [(scope, trail) for scope in scopes for trail in trails_seen(store, scope.account, scope.partition)]
    seen = {trail.arn: (scope, trail) for scope, trail in places if trail.is_in(scope.region)}
    statuses = {trail.name: status_of(store, trail, scope.region) for scope, trail in seen.values()}
    delivered = (
        at for one in statuses.values() for at in (one.files.succeeded_at, one.logs.succeeded_at) if at is not None
    )
    return TrailsLink(
        total=len(seen),
        logging=sum(trail.is_logging for _, trail in seen.values()),
        delivered_at=max(delivered, default=None),
        failing=tuple(name for name, one in statuses.items() if one.files.error or one.logs.error),
        digests_failing=any(one.digests.error for one in statuses.values()),
    )


def _newest(store: StoreReader, scope: Scope, built: _Built) -> int | None:
    newest: int | None = None
    for group in built.groups[:_MOST_GROUPS]:
        for stream in store.logs.streams_by_last_event(scope, group, descending=True, limit=1):
            at = stream.last_ingestion
            newest = at if newest is None or (at is not None and at > newest) else newest
    return newest
