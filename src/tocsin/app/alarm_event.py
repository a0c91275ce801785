"""The records behind an alarm: those that its metric filters matched in the slots that decided. Spec: AL-19.1, AL-18.6.

Rule: what is looked at is bounded, and what is not shown is counted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.metric_filter import FILTERS
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.event import Event
from tocsin.core.event_time import parse_event_time
from tocsin.core.message_projection import MessageProjection
from tocsin.core.metric import MetricKey
from tocsin.core.metric_filter import CompiledFilter
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.folding import fold_events
from tocsin.core.pattern import tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.log_event import EventPlace, LogEvent
    from tocsin.core.notification.folding import Folding
    from tocsin.core.notification.state_change import StateChange
    from tocsin.core.scope import Scope

EVENTS_KEPT = 100
"""Events that are given; further ones are counted."""

MOST_EXAMINED = 20_000
"""Log events that are looked at for one change of one alarm. Beyond that the samples of the slots tell how many."""

LATEST_ARRIVAL = 3_600
"""Seconds after which an event that comes late is no more looked for."""

_AT_ONCE = 1_000
_MINUTE = 60

MOST_RECORD_BYTES = 64 * 1024
"""Of raw records that go with a mail: more than that is looked for in the log group."""


class Contribution(NamedTuple):
    """The first events behind a change by time, and how many there are. `events` is None where no filter feeds it.

    `records` are all of them raw, as NDJSON; empty where they are too many or no JSON. Where there was too much to
    look at, `is_complete` is false and `total` what was found.
    """

    events: tuple[EventSummary, ...] | None = None
    total: int = 0
    records: bytes = b""
    is_complete: bool = True

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The eventIDs of those that have one."""
        return tuple(event.event_id for event in self.events or () if event.event_id)

    @property
    def folding(self) -> Folding | None:
        """The events with equal ones folded; None where no filter feeds the alarm."""
        return None if self.events is None else fold_events(self.events, total=self.total)


class FeedingFilters:
    """Which metric filters feed a metric, compiled once for each version of them: `service.part(FeedingFilters)`."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._known: dict[Scope, dict[tuple[str, str], dict[str, list[CompiledFilter]]]] = {}

    def of(self, store: StoreReader, scope: Scope, keys: Sequence[MetricKey]) -> dict[str, list[CompiledFilter]]:
        """The filters by group that publish under the namespace and the name of one of these metrics."""
        version = store.version(FILTERS.kind)
        with self._lock:
            if version != self._version:
                self._version, self._known = version, {}
            by_metric = self._known.get(scope)
            if by_metric is None:
                by_metric = self._known[scope] = _by_metric(store, scope)
        found: dict[str, list[CompiledFilter]] = {}
        for named in dict.fromkeys((key.namespace, key.metric_name) for key in keys):
            for group, filters in by_metric.get(named, {}).items():
                found.setdefault(group, []).extend(filters)
        return found


def _by_metric(store: StoreReader, scope: Scope) -> dict[tuple[str, str], dict[str, list[CompiledFilter]]]:
    found: dict[tuple[str, str], dict[str, list[CompiledFilter]]] = {}
    for _, kept in FILTERS.scan(store, scope):
        compiled = CompiledFilter(kept.filter)
        named = (compiled.transformation.metric_namespace, compiled.transformation.metric_name)
        if compiled.sees(scope.account, scope.region):
            found.setdefault(named, {}).setdefault(kept.log_group, []).append(compiled)
    return found


def contribution(
    service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm, told: Evaluation | StateChange
) -> Contribution:
    """The events in the slots that decided, of the metrics that the alarm reads, their dimensions included."""
    seconds = sorted(second_of(start) for start, _ in told.points)
    # The datum of a minute's events stands at its start (FP-9.13), also where a slot is shorter than a minute.
    spans = [_Span(second * 1000, (second + max(alarm.period, _MINUTE)) * 1000) for second in seconds]
    found = _behind(service, store, scope, alarm, spans)
    return found if found.is_complete else found._replace(total=max(found.total, _samples(told)))


def contribution_since(
    service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm, *, since: int, until: int
) -> Contribution:
    """The events that came or happened since an instant, up to another, whatever was decided about them.

    Instants are seconds since the epoch. What came in time but had happened up to `LATEST_ARRIVAL` before is among
    them: CloudTrail is minutes late.
    """
    begin = since * 1000
    late = _Span(begin - LATEST_ARRIVAL * 1000, begin, arrived=begin)
    return _behind(service, store, scope, alarm, [_Span(begin, until * 1000), late])


class _Span(NamedTuple):
    """Events of a time to look for, in milliseconds; of these only what arrived at `arrived` or later."""

    start: int
    stop: int
    arrived: int = 0


def _behind(
    service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm, spans: Sequence[_Span]
) -> Contribution:
    feeding = service.part(FeedingFilters).of(store, scope, alarm.keys)
    if not feeding:
        return Contribution()
    found: list[EventSummary] = []
    raw = _RawRecords()
    count, left = 0, MOST_EXAMINED
    for span in spans:
        for group, filters in feeding.items():
            for page in _pages(store, scope, group, span, left):
                left -= len(page)
                arrived = [event for event in page if event.ingestion_time >= span.arrived]
                for kept, event in matching_events(arrived, filters, alarm.keys, scope):
                    count += 1
                    raw.add(event.text)
                    if len(found) < EVENTS_KEPT:
                        found.append(EventSummary.of(event, second_of_event(event, kept.timestamp)))
            if left <= 0:
                return Contribution(_by_time(found), count, is_complete=False)
    return Contribution(_by_time(found), count, raw.ndjson)


class _RawRecords:
    """Records, one a line, as long as all of them are few."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._fits = True

    def add(self, text: str) -> None:
        """One more record."""
        if not self._fits:
            return
        try:
            line = msgspec.json.format(text.encode("utf-8", "surrogatepass"), indent=-1)
        except msgspec.DecodeError:
            line = b""
        self._size += len(line) + 1
        self._fits = bool(line) and self._size <= MOST_RECORD_BYTES
        self._lines.append(line)

    @property
    def ndjson(self) -> bytes:
        """All records; nothing unless all of them fit."""
        return b"".join(line + b"\n" for line in self._lines) if self._fits else b""


def _pages(store: StoreReader, scope: Scope, group: str, span: _Span, most: int) -> Iterator[list[LogEvent]]:
    """The events of a group in a span of milliseconds, by time, `most` of them at most."""
    after: EventPlace | None = None
    while most > 0:
        limit = min(_AT_ONCE, most)
        page = store.logs.events(scope, group, start=span.start, end=span.stop, after=after, limit=limit)
        if page:
            yield page
        if len(page) < limit:
            return
        most -= len(page)
        after = page[-1].place


def matching_events(
    events: Sequence[LogEvent], filters: Sequence[CompiledFilter], keys: Collection[MetricKey], scope: Scope
) -> Iterator[tuple[LogEvent, Event]]:
    """Those of these log events that one of the filters counts in one of the metrics, each decoded."""
    messages = [event.message for event in events]
    places: Sequence[int] = range(len(messages))
    if all(isinstance(one.pattern.tree, tree.Json) for one in filters):
        places = MessageProjection(one.pattern for one in filters).candidates(messages)
    for place in places:
        event = Event(messages[place])
        if any(one.pattern.matches_event(event) and _key(one, event, scope) in keys for one in filters):
            yield events[place], event


def second_of_event(event: Event, timestamp: int) -> int:
    """When it happened: a trail's log events are dated by their delivery (CT-12.3)."""
    time = event.get("eventTime")
    second = parse_event_time(time) if isinstance(time, str) else None
    return timestamp // 1000 if second is None else second


def _key(compiled: CompiledFilter, event: Event, scope: Scope) -> MetricKey | None:
    """The metric that a filter publishes for an event; None where the event has no usable value."""
    datum = compiled.datum(event, account=scope.account, region=scope.region)
    if datum is None:
        return None
    transformation = compiled.transformation
    return MetricKey.of(transformation.metric_namespace, transformation.metric_name, dict(datum.dimensions))


def _by_time(found: list[EventSummary]) -> tuple[EventSummary, ...]:
    return tuple(sorted(found, key=lambda event: event.second))


def _samples(told: Evaluation | StateChange) -> int:
    """How many samples the slots that decided hold: with filters, one for each match."""
    decided = {start for start, _ in told.points}
    return int(sum(slot.sample_count or 0 for slot in told.slots if slot.start in decided))
