"""The alarms that ring now, those that need somebody most first. Spec: CON-4.2.

Rule: twenty are shown and the rest is counted; of many it is said what they share, as that is where to look.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.by_version import ByVersion
from tocsin.app.metric_filter import FILTERS
from tocsin.app.told import Told, told_of
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.alarm_severity import severity_rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

SHOWN: Final = 20

# So many that share something, as a part of all that ring, say that the reason is there.
_SHARE = 0.5


class RingingAlarm(NamedTuple):
    """An alarm that rings, and who was told."""

    line: AlarmLine
    told: Told

    @property
    def transition(self) -> int:
        """When it went to ALARM, in milliseconds since the epoch, as whoever acknowledges that names it."""
        return millisecond_of(self.line.since)


class Shared(NamedTuple):
    """What many of those that ring have in common: `log group`, `topic`, `pack` or `account`, its name, how many do."""

    kind: str
    name: str
    alarms: int


class Ringing(NamedTuple):
    """The first of those that ring, how many there are, and, where these are more than are shown, what they share."""

    first: Sequence[RingingAlarm]
    total: int
    shared: Shared | None = None


class FilterGroups:
    """The log groups whose filters publish a metric: `service.part(FilterGroups)`."""

    def __init__(self, _service: Service) -> None:
        self._known: ByVersion[Scope, Mapping[tuple[str, str], frozenset[str]]] = ByVersion(FILTERS.kind)

    def of(self, store: StoreReader, line: AlarmLine) -> frozenset[str]:
        """The groups behind the metrics that an alarm looks at."""
        if not isinstance(line.alarm, MetricAlarm):
            return frozenset()
        by_metric = self._known.get(store, line.scope, lambda: _by_metric(store, line.scope))
        found = (by_metric.get((key.namespace, key.metric_name), frozenset()) for key in line.alarm.keys)
        return frozenset().union(*found)


def _by_metric(store: StoreReader, scope: Scope) -> Mapping[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for _, kept in FILTERS.scan(store, scope):
        for one in kept.filter.metric_transformations:
            found.setdefault((one.metric_namespace, one.metric_name), set()).add(kept.log_group)
    return {metric: frozenset(groups) for metric, groups in found.items()}


def ringing_now(service: Service, store: StoreReader, lines: Sequence[AlarmLine], *, most: int = SHOWN) -> Ringing:
    """Those of these alarms that ring: by severity, those that nobody has taken on first, then the newest."""
    found = sorted((line for line in lines if line.is_ringing), key=_rank)
    first = [RingingAlarm(line, told_of(store, line)) for line in found[:most]]
    return Ringing(first, len(found), _shared(service, store, found) if len(found) > most else None)


def _rank(line: AlarmLine) -> tuple[int, bool, int, str]:
    return -severity_rank(line.severity), line.acknowledged is not None, -millisecond_of(line.since), line.name


def _shared(service: Service, store: StoreReader, found: Sequence[AlarmLine]) -> Shared | None:
    counts: Counter[tuple[str, str]] = Counter()
    for line in found:
        counts.update(set(_traits(service, store, line)))
    if not counts:
        return None
    (kind, name), count = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return Shared(kind, name, count) if count >= _SHARE * len(found) else None


def _traits(service: Service, store: StoreReader, line: AlarmLine) -> Iterator[tuple[str, str]]:
    for group in service.part(FilterGroups).of(store, line):
        yield "log group", group
    if line.pack:
        yield "pack", line.pack
    for arn in line.reach.topics:
        yield "topic", arn.rpartition(":")[2]
