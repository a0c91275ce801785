"""Alarms on the clock. Spec: AL-6, AL-8, AL-13, AL-14, AL-18, AR-5, AR-6.

Rule: each alarm is evaluated at its instants, in order, on the data that are known, by the code that decides in
a backtest. A change is written with its history and its notifications in one transaction. What was missed
while nobody evaluated is made up for, up to a bound that is stated, and counted.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_record import (
    METRIC_ALARMS,
    WAITING,
    AlarmStanding,
    KeptAlarm,
    metric_alarm_of,
    record_of,
    standing_of,
)
from tocsin.app.alarm_set import find_zone
from tocsin.app.alarm_transition import AlarmChanges, MetricChange
from tocsin.app.definition import Definitions
from tocsin.app.pipeline import publish_default_values
from tocsin.core.alarm.evaluator import AlarmEvaluator, Reading
from tocsin.core.alarm.lifecycle import Step, evaluate_alarm
from tocsin.core.alarm.schedule import evaluation_interval, instant_after
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.anomaly import DEFAULT_MODEL, Band
from tocsin.core.metric_history import MetricHistory
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.metric import StatisticSet

INTERVAL = 10
"""Seconds between two instants of the alarms that are evaluated most often (AL-6.1)."""

MOST_MISSED = 24 * 3600
"""Seconds that are made up for after a pause; what lies further back is passed over, and counted."""

# Instants that one run works through; whoever calls it calls again while there are more.
_MOST_AT_ONCE = 60

# A band needs what came before (AL-15.3).
_BAND_HISTORY = 14 * 86_400

_HERE = Scope("", "")
_CURSOR = Definitions("setting", int)
_CURSOR_NAME = "evaluator-instant"


class EvaluationRun(NamedTuple):
    """What one run did: instants, evaluations, changes of state, instants that came late, and that were passed over.

    `is_behind` says that there are more instants to work through.
    """

    instants: int = 0
    evaluations: int = 0
    transitions: int = 0
    late: int = 0
    passed_over: int = 0
    is_behind: bool = False


class _Ready(NamedTuple):
    """A metric alarm, ready to be evaluated again and again."""

    scope: Scope
    name: str
    body: bytes
    kept: KeptAlarm
    alarm: MetricAlarm
    evaluator: AlarmEvaluator
    interval: int


class Evaluator:
    """Evaluates the alarms of all scopes: `service.part(Evaluator)`. One run at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._version = -1
        self._alarms: dict[tuple[Scope, str], _Ready] = {}
        self.last_instant: int | None = None
        """Up to which instant, in seconds since the epoch, everything was evaluated."""

    def run(self, at: datetime | None = None) -> EvaluationRun:
        """Evaluate everything that is due at `at`, by default now. Each call does a bounded amount of work."""
        with self._lock:
            return self._run(second_of(self._service.now() if at is None else at))

    def next_due(self, at: datetime) -> int:
        """When the next run has something to do, in seconds since the epoch."""
        return instant_after(second_of(at) - self._delay, INTERVAL) + self._delay

    @property
    def _delay(self) -> int:
        return self._service.settings.evaluation_delay

    def _run(self, now: int) -> EvaluationRun:
        publish_default_values(self._service, at_ms=(now - self._delay) * 1000)
        until = (now - self._delay) // INTERVAL * INTERVAL
        with self._service.store.read() as store:
            begin = _CURSOR.get(store, _HERE, _CURSOR_NAME)
        if begin is None or begin > until + MOST_MISSED:
            # The first run of all, or a clock that was set back by more than a day: begin here.
            self._keep_cursor(until - INTERVAL)
            begin = until - INTERVAL
        passed_over = max(0, (until - MOST_MISSED - begin) // INTERVAL)
        begin += passed_over * INTERVAL
        due = range(begin + INTERVAL, until + 1, INTERVAL)
        evaluations = transitions = late = done = 0
        for instant in itertools.islice(due, _MOST_AT_ONCE):
            made, changed = self._evaluate(instant)
            evaluations += made
            transitions += changed
            late += instant + INTERVAL <= until
            done += 1
        if done:
            self.last_instant = begin + done * INTERVAL
            self._keep_cursor(self.last_instant)
        counters = self._service.counters
        counters.add("alarm_evaluations", evaluations)
        counters.add("late_ticks", late)
        counters.add("passed_over_ticks", passed_over)
        return EvaluationRun(done, evaluations, transitions, late, passed_over, is_behind=done < len(due))

    def _keep_cursor(self, instant: int) -> None:
        self._service.store.write(lambda store: _CURSOR.put(store, _HERE, _CURSOR_NAME, instant))

    # ------------------------------------------------------------ one instant

    def _evaluate(self, at: int) -> tuple[int, int]:
        """Every alarm that is due at the instant `at`, then what waits for it: evaluations and changes."""
        changed: dict[Scope, list[tuple[_Ready, Reading, tuple[str, ...]]]] = {}
        with self._service.store.read() as store:
            due = [one for one in self._ready(store).values() if at % one.interval == 0]
            made = 0
            for one in due:
                if second_of(one.kept.created_at) >= at:
                    continue
                made += 1
                reading, units = _read(store, one, at)
                standing = standing_of(store, one.scope, one.name, created_at=one.kept.created_at)
                if _step(one, standing, reading, units, at).is_changed:
                    changed.setdefault(one.scope, []).append((one, reading, units))
            waiting = {scope for scope, _, second in WAITING.scan_all(store) if second <= at}
        transitions = 0
        for scope in sorted({*changed, *waiting}):
            transitions += self._service.store.write(
                lambda writer, scope=scope: self._write(writer, scope, changed.get(scope, []), at)  # type: ignore[misc]  # the scope of this turn
            )
        return made, transitions

    def _write(
        self, store: StoreWriter, scope: Scope, evaluated: list[tuple[_Ready, Reading, tuple[str, ...]]], at: int
    ) -> int:
        """Decide again on how the alarms stand now, and write what has changed."""
        changes: list[MetricChange] = []
        writing = AlarmChanges(self._service, store, scope)
        for one, reading, units in evaluated:
            if store.get(METRIC_ALARMS.kind, scope, one.name) != one.body:
                continue  # put or deleted meanwhile; its next instant sees the new one
            standing = standing_of(store, scope, one.name, created_at=one.kept.created_at)
            step = _step(one, standing, reading, units, at)
            after = msgspec.structs.replace(standing, state=step.record.state, warm_up=step.record.warm_up)
            if step.transition is not None:
                changes.append(MetricChange(one.name, step.transition, after))
            elif step.is_changed:
                writing.keep(one.name, after)
        timers = [name for name, second in WAITING.scan(store, scope) if second <= at]
        done = writing.apply(moment(at), changes) if changes else 0
        if timers:
            writing.look_again(moment(at), timers)
        return done

    def _ready(self, store: StoreReader) -> dict[tuple[Scope, str], _Ready]:
        version = store.version(METRIC_ALARMS.kind)
        if version != self._version:
            known, self._alarms = self._alarms, {}
            for scope, name, body in store.scan_all(METRIC_ALARMS.kind):
                before = known.get((scope, name))
                self._alarms[scope, name] = (
                    before if before is not None and before.body == body else self._made(scope, name, body)
                )
            self._version = version
        return self._alarms

    def _made(self, scope: Scope, name: str, body: bytes) -> _Ready:
        kept = msgspec.msgpack.decode(body, type=KeptAlarm)
        alarm = metric_alarm_of(kept)
        zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
        evaluator = AlarmEvaluator(alarm, extra=self._service.settings.evaluation_range, zone=zone)
        return _Ready(scope, name, body, kept, alarm, evaluator, evaluation_interval(alarm))


def _step(one: _Ready, standing: AlarmStanding, reading: Reading, units: tuple[str, ...], at: int) -> Step:
    record = record_of(one.alarm, one.kept, standing)
    return evaluate_alarm(record, one.evaluator, reading, at=moment(at), units=units)


def _read(store: StoreReader, one: _Ready, at: int) -> tuple[Reading, tuple[str, ...]]:
    """What an alarm sees at an instant, and the units that are mixed in it (AL-5.4)."""
    edges = one.evaluator.edges(at)
    start, end = edges[0], edges[-1]
    alarm, metrics, scope = one.alarm, store.metrics, one.scope
    if alarm.key is not None:
        history = MetricHistory(metrics.data(scope, alarm.key, unit=alarm.unit, start=start, end=end))
        units = metrics.units(scope, alarm.key, start=start, end=end) if history.points and alarm.unit is None else []
        return one.evaluator.read(history.slots(edges, at=at), edges), tuple(units if len(units) > 1 else ())
    slots: dict[str, tuple[StatisticSet | None, ...]] = {}
    mixed: set[str] = set()
    for query in alarm.metrics:
        stat = query.metric_stat
        if stat is None:
            continue
        history = MetricHistory(metrics.data(scope, stat.key, unit=stat.unit, start=start, end=end))
        slots[query.id] = history.slots(edges, at=at)
        if stat.unit is None and history.points:
            found = metrics.units(scope, stat.key, start=start, end=end)
            mixed.update(found if len(found) > 1 else ())
    bands = _Bands(store, one, edges)
    return one.evaluator.read(slots, edges, bands=bands.band), tuple(sorted(mixed))


class _Bands:
    """The bands of an anomaly alarm, out of what its metric was before (AL-15)."""

    def __init__(self, store: StoreReader, one: _Ready, edges: tuple[int, ...]) -> None:
        self._store = store
        self._one = one
        self._edges = edges

    def band(self, name: str, deviations: float) -> Band:
        """The band of the query of that id over the slots that are evaluated."""
        alarm, scope = self._one.alarm, self._one.scope
        stat = next(query.metric_stat for query in alarm.metrics if query.id == name)
        assert stat is not None
        period, end = alarm.period, self._edges[-1]
        count = _BAND_HISTORY // period + len(self._edges) - 1
        starts = range(end - count * period, end, period)
        history = MetricHistory(self._store.metrics.data(scope, stat.key, unit=stat.unit, start=starts.start, end=end))
        points = []
        for start in starts:
            found = history.totals_with_weights(start, start + period)
            value = None if found is None else stat.stat.of(found)
            if value is not None:
                points.append((start, value))
        return DEFAULT_MODEL.band(points, self._edges[:-1], deviations=deviations)
