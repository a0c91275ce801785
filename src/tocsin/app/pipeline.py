"""PutLogEvents: from events to metric data, in one transaction. Spec: FP-9.12 to FP-9.17, FP-12, AR-5.

Rule: an event is acknowledged when it and what the metric filters made of it are committed together. So
neither is lost, and neither is counted twice.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.ingest_rate import IngestRates
from tocsin.app.late_breach import note_late_data
from tocsin.app.log_group import LogGroup, require_group
from tocsin.app.log_stream import require_stream_in
from tocsin.app.metric_filter import FILTERS
from tocsin.core.event import Event
from tocsin.core.message_projection import MessageProjection
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric_filter import CompiledFilter, FilterSet, MetricFilter
from tocsin.core.pattern import tree
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
BYTES_PER_EVENT = 26
"""What an event counts on top of its message."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_AHEAD_MS = 2 * HOUR_MS
_BEHIND_MS = 14 * DAY_MS

MINUTES_KIND = "default-minute"
"""Minutes of filters with a default value that are not settled: `group\\0filter\\0minute` (FP-9.16)."""


class PutOutcome(NamedTuple):
    """What became of a batch: the places, from 0, of events that were left out (FP-12.3), and the last sequence.

    `too_new` is where they start, `too_old` and `expired` where they end; None where there are none.
    """

    last_sequence: int
    too_new: int | None = None
    too_old: int | None = None
    expired: int | None = None
    stored: int = 0


class _GroupFilters:
    """The metric filters of one group, ready to run."""

    def __init__(self, filters: Sequence[CompiledFilter]) -> None:
        by_json = [one for one in filters if isinstance(one.pattern.tree, tree.Json)]
        self._json = FilterSet(by_json)
        self._projection = MessageProjection(one.pattern for one in by_json)
        self._others = [one for one in filters if not isinstance(one.pattern.tree, tree.Json)]
        self.with_default = [one for one in filters if one.transformation.default_value is not None]

    def matches(self, messages: Sequence[str]) -> Iterable[tuple[int, Event, CompiledFilter]]:
        """Each match: the place of the message, the event, and the filter."""
        events: dict[int, Event] = {}
        if self._json.filters:
            for place in self._projection.candidates(messages):
                event = events[place] = Event(messages[place])
                for number in self._json.match(event):
                    yield place, event, self._json.filters[number]
        for other in self._others:
            matches = other.pattern.matches_event
            for place, message in enumerate(messages):
                event = events.get(place) or Event(message)
                if matches(event):
                    yield place, event, other


class Pipeline:
    """Takes events. One for a service: `service.part(Pipeline)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._version = -1
        self._groups: dict[tuple[Scope, str], _GroupFilters] = {}

    def put(
        self,
        scope: Scope,
        group: str,
        stream: str,
        events: Sequence[tuple[int, str]],
        *,
        writer: StoreWriter | None = None,
        checked: bool = True,
    ) -> PutOutcome:
        """Keep events of a stream: (milliseconds since the epoch, message), and publish what filters make of them.

        With `writer` inside its transaction. Without `checked` the limits of the call do not hold, and events
        of any age are kept: a file is read as it is.

        Raises:
            NotFoundError: there is no such group or stream.
            InvalidParameterError: the batch is too large, not in order, or too long in time (FP-12.1, FP-12.2).
        """
        if checked:
            _check_size(events)
        if writer is None:
            outcome = self._service.store.write(
                lambda one: self._put(one, scope, group, stream, events, checked=checked)
            )
        else:
            outcome = self._put(writer, scope, group, stream, events, checked=checked)
        counters = self._service.counters
        counters.add("events_received", outcome.stored)
        counters.add("events_rejected", len(events) - outcome.stored)
        self._service.part(IngestRates).note(scope, group, outcome.stored, at=self._service.now_ms())
        return outcome

    def _put(
        self,
        store: StoreWriter,
        scope: Scope,
        group: str,
        stream: str,
        events: Sequence[tuple[int, str]],
        *,
        checked: bool,
    ) -> PutOutcome:
        kept_group = require_group(store, scope, group)
        require_stream_in(store, scope, group, stream)
        now = self._service.now_ms()
        outcome = PutOutcome(0)
        kept: Sequence[tuple[int, str]] = events
        if checked:
            _check_order(events)
            kept, outcome = _of_age(events, kept_group, now)
            _check_span(kept)
        if kept:
            made = store.logs.append(scope, group, stream, kept, ingested_at=now)
            outcome = outcome._replace(last_sequence=made.stop - 1, stored=len(kept))
            self._publish(store, scope, group, kept)
        return outcome

    def _publish(self, store: StoreWriter, scope: Scope, group: str, events: Sequence[tuple[int, str]]) -> None:
        filters = self._filters(store, scope, group)
        weights: dict[tuple[MetricKey, int, str], dict[float, int]] = {}
        noisy: set[tuple[str, int]] = set()  # filter and minute with a match
        matched = unusable = 0
        for place, event, compiled in filters.matches([message for _, message in events]):
            if not compiled.sees(scope.account, scope.region):
                continue
            matched += 1
            minute = events[place][0] // 60_000
            noisy.add((compiled.definition.filter_name, minute))
            datum = compiled.datum(event, account=scope.account, region=scope.region)
            if datum is None:
                unusable += 1
                continue
            transformation = compiled.transformation
            key = MetricKey.of(transformation.metric_namespace, transformation.metric_name, dict(datum.dimensions))
            weighed = weights.setdefault((key, minute * 60, transformation.unit or "None"), {})
            weighed[datum.value] = weighed.get(datum.value, 0) + 1
        if weights:
            data = [
                MetricDatum(key=key, timestamp=second, statistics=StatisticSet.weighted(weighed), unit=unit)
                for (key, second, unit), weighed in weights.items()
            ]
            store.metrics.add(scope, data)
            note_late_data(self._service, store, scope, data)
        if filters.with_default:
            minutes = {timestamp // 60_000 for timestamp, _ in events}
            _note_minutes(store, scope, group, filters.with_default, minutes=minutes, noisy=noisy)
        counters = self._service.counters
        counters.add("filter_matches", matched)
        counters.add("filter_values_unusable", unusable)

    def _filters(self, store: StoreReader, scope: Scope, group: str) -> _GroupFilters:
        version = store.version(FILTERS.kind)
        with self._lock:
            if version != self._version:
                self._version, self._groups = version, {}
            known = self._groups.get((scope, group))
            if known is None:
                found = FILTERS.scan(store, scope, prefix=f"{group}\0")
                known = self._groups[scope, group] = _GroupFilters([CompiledFilter(kept.filter) for _, kept in found])
        return known


def _check_size(events: Sequence[tuple[int, str]]) -> None:
    size = BYTES_PER_EVENT * len(events)
    for _, message in events:
        length = len(message) if message.isascii() else len(message.encode("utf-8", "surrogatepass"))
        if length > MOST_BYTES:
            raise InvalidParameterError(f"Log event too large: {length} bytes exceeds limit of {MOST_BYTES}")
        size += length
    if size > MOST_BYTES:
        raise InvalidParameterError(f"Upload too large: {size} bytes exceeds limit of {MOST_BYTES}")


def _check_order(events: Sequence[tuple[int, str]]) -> None:
    times = [timestamp for timestamp, _ in events]
    if times != sorted(times):
        raise InvalidParameterError("Log events in a single PutLogEvents request must be in chronological order.")


def _check_span(events: Sequence[tuple[int, str]]) -> None:
    if events and events[-1][0] - events[0][0] > DAY_MS:
        raise InvalidParameterError(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )


def _of_age(
    events: Sequence[tuple[int, str]], group: LogGroup, now: int
) -> tuple[Sequence[tuple[int, str]], PutOutcome]:
    """The events that are kept, of events in order, and which are left out (FP-12.3)."""
    first, last = events[0][0], events[-1][0]
    expiry = group.oldest(now)
    oldest = max(now - _BEHIND_MS, now - _BEHIND_MS if expiry is None else expiry)
    if first >= oldest and last <= now + _AHEAD_MS:
        return events, PutOutcome(0)
    too_old = sum(timestamp < now - _BEHIND_MS for timestamp, _ in events)
    expired = 0 if expiry is None else sum(timestamp < expiry for timestamp, _ in events)
    too_new = sum(timestamp > now + _AHEAD_MS for timestamp, _ in events)
    start = max(too_old, expired)
    return events[start : len(events) - too_new], PutOutcome(
        0,
        too_new=len(events) - too_new if too_new else None,
        too_old=too_old or None,
        expired=expired or None,
    )


# ---------------------------------------------------------------- default values


def _note_minutes(
    store: StoreWriter,
    scope: Scope,
    group: str,
    filters: Iterable[CompiledFilter],
    *,
    minutes: Iterable[int],
    noisy: set[tuple[str, int]],
) -> None:
    """Note minutes in which something was ingested; b"1" where a filter matched (FP-9.16)."""
    for compiled in filters:
        name = compiled.definition.filter_name
        for minute in minutes:
            key = f"{group}\0{name}\0{minute}"
            matched = (name, minute) in noisy
            known = store.get(MINUTES_KIND, scope, key)
            if known is None or (matched and known == b"0"):
                store.put(MINUTES_KIND, scope, key, b"1" if matched else b"0")


def publish_default_values(service: Service, *, at_ms: int) -> int:
    """Publish the default values of minutes that are over (FP-9.17); how many.

    A minute whose metric has data already is no quiet one: a value is published once.
    """
    with service.store.read() as store:
        if next(store.scan_all(MINUTES_KIND), None) is None:
            return 0

    def work(store: StoreWriter) -> int:
        published = 0
        for scope, key, body in list(store.scan_all(MINUTES_KIND)):
            group, name, minute = key.split("\0")
            second = int(minute) * 60
            if (second + 60) * 1000 > at_ms:
                continue
            store.delete(MINUTES_KIND, scope, key)
            kept = FILTERS.get(store, scope, f"{group}\0{name}")
            if kept is None or body != b"0":
                continue
            transformation = kept.filter.metric_transformations[0]
            value = transformation.default_value
            metric = MetricKey.of(transformation.metric_namespace, transformation.metric_name, _own(kept.filter, scope))
            if value is None or store.metrics.data(scope, metric, start=second, end=second + 60):
                continue
            statistics = StatisticSet.of(value)
            datum = MetricDatum(key=metric, timestamp=second, statistics=statistics, unit=transformation.unit or "None")
            store.metrics.add(scope, [datum])
            published += 1
        return published

    return service.store.write(work)


def _own(definition: MetricFilter, scope: Scope) -> dict[str, str]:
    """The dimensions of a default value: the group's own account and region, where they are asked for (FP-9.8)."""
    values = {"@aws.account": scope.account, "@aws.region": scope.region}
    return {name: values[name] for name in definition.emit_system_field_dimensions}
