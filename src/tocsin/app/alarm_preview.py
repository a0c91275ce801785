"""What an alarm would have done lately, before it is made. Spec: CON-4.8, AL-6, AL-7, AL-18.2.

Rule: decided by the code that decides for live alarms, over what filters would have counted of the events that are
stored, or over what is known of a metric that no filter feeds. Where the budget ends before the stretch does, only what
was searched is judged, and that is said.

An alarm's first evaluations are those at the beginning of the stretch. Filters with a default value are taken to have
published it in every minute without a match of an hour in which their log group got events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.alarm_event import FeedingFilters
from tocsin.app.alarm_set import find_zone
from tocsin.app.match_search import BLOCKS, SECONDS, search_matches
from tocsin.app.metric_index import ANY_UNIT
from tocsin.app.replay import AlarmReplay
from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.event import Event, look_up
from tocsin.core.event_count import HOUR
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory
from tocsin.core.notification.event import EventSummary
from tocsin.core.number import is_number
from tocsin.core.pattern.field_clause import field_clause
from tocsin.core.pattern.tree import Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.log_event import LogEvent
    from tocsin.core.metric_filter import CompiledFilter
    from tocsin.core.scope import Scope

DAYS: Final = 14
"""How far a preview looks back."""

_DAY: Final = 86_400
_MINUTE: Final = 60

# Alarms that are evaluated more often than every minute are looked at for as many instants as the others.
_FINE_DAYS: Final = 2

# Of the events behind one ring so many are told of, and looked at for who was behind them.
_MOST_EVENTS: Final = 50

_LOWER: Final = frozenset({Comparison.LESS_THAN, Comparison.LESS_THAN_OR_EQUAL})

# Two weeks of five minutes; a chart puts more of them together anyway.
_MOST_SLOTS: Final = 4_032

# What says who called, the most telling first: the role of a session, then the caller's own ARN, then a service.
_WHO: Final = (
    ("userIdentity", "sessionContext", "sessionIssuer", "arn"),
    ("userIdentity", "arn"),
    ("userIdentity", "invokedBy"),
)


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """One time in ALARM, from `at` to `until` in seconds since the epoch; None where it had not ended.

    `matches` are the events that a filter counted in the slots that decided, `events` the first of them. `actor` is
    who was behind most of them, empty where nobody is named; `clause` is the pattern that excludes them.
    """

    at: int
    until: int | None
    matches: int = 0
    events: tuple[EventSummary, ...] = ()
    actor: str = ""
    clause: str = ""


class ActorShare(NamedTuple):
    """Somebody who was behind most events of some rings, and the pattern of their records, empty where none is."""

    actor: str
    rings: int
    clause: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm would have done from `since` to `until`, in seconds since the epoch.

    `is_cut` tells that the stretch was to begin earlier, and the budget ended. `slots` are periods that touch, each
    `slot_seconds` wide, with the value that breaches most of those in it, None where there is none; there are none of
    an expression. `states` are the times in each state, in order. `is_by_events` tells that filters were run over
    stored events; else what is known of the metric was taken.
    """

    since: int
    until: int
    is_cut: bool
    is_by_events: bool
    rings: tuple[Ring, ...]
    states: tuple[tuple[int, int, StateValue], ...]
    slots: tuple[tuple[int, float | None], ...] = ()
    slot_seconds: int = 0
    matches: int = 0

    @property
    def seconds_ringing(self) -> int:
        """How long it would have been in ALARM."""
        return sum(end - start for start, end, state in self.states if state is StateValue.ALARM)

    @property
    def actors(self) -> list[ActorShare]:
        """Those who were behind rings, the most frequent first."""
        counts = Counter((ring.actor, ring.clause) for ring in self.rings if ring.actor)
        return [ActorShare(actor, rings, clause) for (actor, clause), rings in counts.most_common()]


def preview_alarm(
    service: Service, scope: Scope, alarm: MetricAlarm, *, blocks: int = BLOCKS, seconds: float = SECONDS
) -> Preview | None:
    """What the alarm would have done in the last days; None for one that compares with a band, which needs its past."""
    if alarm.is_anomaly:
        return None
    now = int(service.now().timestamp()) // _MINUTE * _MINUTE
    since = now - _DAY * (DAYS if alarm.period >= _MINUTE else _FINE_DAYS)
    with service.store.read() as store:
        feeding = service.part(FeedingFilters).of(store, scope, alarm.keys)
    gathered = _Gathered(service, scope, since=since, until=now)
    filters = [(group, one) for group, several in feeding.items() for one in several]
    for group, one in filters:
        gathered.search(group, one, blocks=max(1, blocks // len(filters)), seconds=seconds / len(filters))
    with service.store.read() as store:
        histories = gathered.histories(store, alarm, is_fed=bool(filters))
    zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
    extra = service.settings.evaluation_range
    replay = AlarmReplay(alarm, histories, extra=extra, zone=zone)
    result = replay.run(gathered.since, now)
    slot_seconds, slots = _slots(replay, since=gathered.since, until=now)
    return Preview(
        since=gathered.since,
        until=now,
        is_cut=gathered.since > since,
        is_by_events=bool(filters),
        rings=tuple(_rings(replay, result.transitions)),
        states=tuple(_states(result.transitions, gathered.since, now)),
        slots=slots,
        slot_seconds=slot_seconds,
        matches=gathered.matches,
    )


# ---------------------------------------------------------------- what filters would have counted


class _Cell:
    """The matches of one filter in one minute with one set of dimensions."""

    def __init__(self) -> None:
        self.weights: dict[float, int] = {}
        self.events: list[LogEvent] = []

    def add(self, value: float, event: LogEvent) -> None:
        self.weights[value] = self.weights.get(value, 0) + 1
        self.events.append(event)


class _Gathered:
    """The data of an alarm's metrics, as far back as all filters could be run."""

    def __init__(self, service: Service, scope: Scope, *, since: int, until: int) -> None:
        self._service = service
        self._scope = scope
        self._until = until
        self.since = since
        self._cells: list[tuple[str, CompiledFilter, dict[tuple[MetricKey, int], _Cell]]] = []

    @property
    def matches(self) -> int:
        """The events that were counted."""
        return sum(
            len(cell.events)
            for _, _, cells in self._cells
            for (_, minute), cell in cells.items()
            if minute >= self.since
        )

    def search(self, group: str, compiled: CompiledFilter, *, blocks: int, seconds: float) -> None:
        """Run a filter over the stored events of its group, newest first."""
        found = search_matches(
            self._service,
            self._scope,
            compiled.pattern.source,
            group=group,
            start=self.since * 1000,
            end=self._until * 1000,
            blocks=blocks,
            seconds=seconds,
        )
        cells: dict[tuple[MetricKey, int], _Cell] = {}
        measure = _measure(compiled, self._scope)
        for event in found.events:
            datum = measure(event)
            if datum is not None:
                key, value = datum
                cells.setdefault((key, event.timestamp // 60_000 * _MINUTE), _Cell()).add(value, event)
        self._cells.append((group, compiled, cells))
        if found.searched_back_to is not None:
            # The minute in which the search ended is not all known.
            reached = found.searched_back_to.timestamp // 60_000 * _MINUTE + _MINUTE
            self.since = min(self._until, max(self.since, reached))

    def histories(
        self, store: StoreReader, alarm: MetricAlarm, *, is_fed: bool
    ) -> Mapping[tuple[MetricKey, str | None], MetricHistory]:
        """The data that the alarm reads, by metric and unit as `AlarmReplay` wants them."""
        stats = [query.metric_stat for query in alarm.metrics if query.metric_stat is not None]
        asked = [(alarm.key, alarm.unit)] if alarm.key is not None else [(stat.key, stat.unit) for stat in stats]
        points = list(self._points(store))
        fed = {(key.namespace, key.metric_name) for key, _, _ in points} | {
            (one.transformation.metric_namespace, one.transformation.metric_name) for _, one, _ in self._cells
        }
        made: dict[tuple[MetricKey, str | None], MetricHistory] = {}
        for key, unit in asked:
            if is_fed and (key.namespace, key.metric_name) in fed:
                own = [point for other, named, point in points if other == key and unit in (ANY_UNIT, named)]
            else:
                own = store.metrics.data(self._scope, key, unit=unit, start=self.since, end=self._until)
            made[key, unit] = MetricHistory(own)
        return made

    def _points(self, store: StoreReader) -> Iterator[tuple[MetricKey, str, HistoryPoint]]:
        """What each filter would have published: metric, unit, datum."""
        for group, compiled, cells in self._cells:
            unit = compiled.transformation.unit or "None"
            for (key, minute), cell in cells.items():
                if minute >= self.since:
                    yield key, unit, HistoryPoint(minute, None, StatisticSet.weighted(cell.weights), cell)
            if compiled.transformation.default_value is not None:
                yield from self._defaults(store, group, compiled, {minute for _, minute in cells})

    def _defaults(
        self, store: StoreReader, group: str, compiled: CompiledFilter, matched: set[int]
    ) -> Iterator[tuple[MetricKey, str, HistoryPoint]]:
        transformation = compiled.transformation
        assert transformation.default_value is not None
        key = MetricKey.of(transformation.metric_namespace, transformation.metric_name, {})
        statistics = StatisticSet.of(transformation.default_value)
        hours = store.event_counts.kinds(
            self._scope, start=self.since // _MINUTE - HOUR, end=self._until // _MINUTE, group=group
        )
        minutes = {minute for one in hours for minute in range(one.minute, one.minute + one.width)}
        for minute in sorted(minutes):
            second = minute * _MINUTE
            if self.since <= second < self._until and second not in matched:
                yield key, transformation.unit or "None", HistoryPoint(second, None, statistics)


def _measure(compiled: CompiledFilter, scope: Scope) -> Callable[[LogEvent], tuple[MetricKey, float] | None]:
    """What an event publishes: metric and value; None for nothing. Without a look into it where that tells nothing."""
    transformation = compiled.transformation
    namespace, name = transformation.metric_namespace, transformation.metric_name
    dimensions = transformation.dimensions or compiled.definition.emit_system_field_dimensions
    if is_number(transformation.metric_value) and not dimensions:
        constant = MetricKey.of(namespace, name, {}), float(transformation.metric_value)
        return lambda _event: constant

    def measured(event: LogEvent) -> tuple[MetricKey, float] | None:
        datum = compiled.datum(Event(event.message), account=scope.account, region=scope.region)
        return None if datum is None else (MetricKey.of(namespace, name, dict(datum.dimensions)), datum.value)

    return measured


# ---------------------------------------------------------------- what the alarm made of them


def _rings(replay: AlarmReplay, transitions: Sequence[Evaluation]) -> Iterator[Ring]:
    for place, one in enumerate(transitions):
        if one.new is not StateValue.ALARM:
            continue
        ended = second_of(transitions[place + 1].at) if place + 1 < len(transitions) else None
        cells = [point.origin for point in replay.contributing(one) if isinstance(point.origin, _Cell)]
        events = sorted((event for cell in cells for event in cell.events), key=lambda event: event.place)
        actor, clause = _most_frequent(events[:_MOST_EVENTS])
        yield Ring(
            at=second_of(one.at),
            until=ended,
            matches=len(events),
            events=tuple(_summary(event) for event in events[:_MOST_EVENTS]),
            actor=actor,
            clause=clause,
        )


def _summary(event: LogEvent) -> EventSummary:
    return EventSummary.of(Event(event.message), event.timestamp // 1000)


def _most_frequent(events: Iterable[LogEvent]) -> tuple[str, str]:
    """Who was behind most of the events, and the pattern of their records."""
    counts: Counter[tuple[str, str]] = Counter()
    for event in events:
        read = Event(event.message)
        who = _who(read)
        if who is not None:
            counts[who] += 1
    return counts.most_common(1)[0][0] if counts else ("", "")


def _who(event: Event) -> tuple[str, str] | None:
    for path in _WHO:
        value = look_up(event.value, path)
        if isinstance(value, str) and value:
            condition = field_clause([Name(name) for name in path], value)
            actor = _actor(path, value)
            return actor, "" if condition is None else f"{{ {condition} }}"
    return None


def _actor(path: tuple[str, ...], value: str) -> str:
    """A role or a user by name, a service by its own."""
    if path[-1] != "arn":
        return value
    kind, _, name = value.rpartition(":")[2].partition("/")
    return f"{kind}/{name}" if name else kind


def _slots(replay: AlarmReplay, *, since: int, until: int) -> tuple[int, tuple[tuple[int, float | None], ...]]:
    """The periods of a plain alarm back from `until`, put together where they were too many to be drawn."""
    alarm = replay.alarm
    if alarm.key is None:
        return 0, ()
    ((_, history),) = replay.sources
    period = alarm.period
    width = period * max(1, -(-(until - since) // (period * _MOST_SLOTS)))
    count = -(-(until - since) // width)
    first = until - count * width
    extreme = min if alarm.comparison_operator in _LOWER else max
    values: dict[int, float] = {}
    for start in sorted({first + (second - first) // period * period for second in history.seconds}):
        value = replay.evaluator.value(history.between(start, start + period, at=until))
        if value is not None and start >= first:
            place = (start - first) // width
            values[place] = extreme(value, values.get(place, value))
    return width, tuple((first + place * width, values.get(place)) for place in range(count))


def _states(transitions: Sequence[Evaluation], since: int, until: int) -> Iterator[tuple[int, int, StateValue]]:
    state, start = StateValue.INSUFFICIENT_DATA, since
    for one in transitions:
        at = second_of(one.at)
        if at > start:
            yield start, at, state
        state, start = one.new, at
    if until > start:
        yield start, until, state
