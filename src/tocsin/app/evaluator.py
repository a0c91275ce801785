"""Alarms on the clock. Spec: AL-6, AL-8, AL-13, AL-14, AL-18, AR-5, AR-6.

Rule: each alarm is evaluated at its instants, in order, on the data that are known, by the code that decides in
a backtest. A change is written with its history and its notifications in one transaction. What was missed
while nobody evaluated is made up for, up to a bound that is stated, and counted.

The evaluation for the instant T belongs to the moment T + delay (AL-6.4): that is when the state was entered,
also where the service is behind. A state that was entered at or after that moment is not evaluated for T
again, so a run that was cut off between two transactions is done over without harm.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_event import Contribution, contribution
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_reading import AlarmReading, ReadyAlarm
from tocsin.app.alarm_record import METRIC_ALARMS, STANDINGS, WAITING, AlarmStanding, standing_of
from tocsin.app.alarm_transition import AlarmChanges, MetricChange
from tocsin.app.definition import Definitions
from tocsin.app.late_breach import LateBreaches
from tocsin.app.pipeline import publish_default_values
from tocsin.core.alarm.evaluation_record import unpack_evaluation
from tocsin.core.alarm.schedule import instant_after, instants
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from tocsin.app.replay import Look
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.evaluation import Evaluation

INTERVAL = 10
"""Seconds between two instants of the alarms that are evaluated most often (AL-6.1)."""

MOST_MISSED = 24 * 3600
"""Seconds that are made up for after a pause; what lies further back is passed over, and counted."""

# By how many seconds a clock may be set back until evaluation begins anew there instead of waiting for it.
_MOST_SET_BACK = 60

# Instants that one run works through; whoever calls it calls again while there are more.
_MOST_AT_ONCE = 60

# Alarms that are read in one view of the store, and that change in one transaction.
_READ_AT_ONCE = 500
_WRITTEN_AT_ONCE = 100

_HERE = Scope("", "")
_CURSOR = Definitions("setting", int)
_CURSOR_NAME = "evaluator-instant"

_Key = tuple[Scope, str]


class EvaluationRun(NamedTuple):
    """What one run did.

    `instants` are the steps of ten seconds that it went through, `evaluations` those of all alarms in them,
    `late` the instants of alarms that came more than ten seconds too late, `passed_over` those that were too far
    back. `is_behind` says that there is more to do at once. `set_back` is by how many seconds the clock was set back
    since the last run, where that was too much to wait for: evaluation goes on by the new time.
    """

    instants: int = 0
    evaluations: int = 0
    transitions: int = 0
    late: int = 0
    passed_over: int = 0
    is_behind: bool = False
    set_back: int = 0


class _Event(NamedTuple):
    """What one alarm does at an instant: its look changes something, or is to be recorded with `values`."""

    one: ReadyAlarm
    before: AlarmStanding
    look: Look
    values: tuple[float, ...] | None = None


class _ChangedMeanwhileError(Exception):
    """Somebody has put, set or deleted an alarm after it was looked at."""


class Evaluator:
    """Evaluates the alarms of all scopes: `service.part(Evaluator)`. One run at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._version = -1
        self._alarms: dict[_Key, ReadyAlarm] = {}
        self._standing_version = -1
        self._standings: dict[_Key, tuple[bytes, AlarmStanding]] = {}
        self._recorded: dict[_Key, tuple[int, tuple[float, ...]]] = {}  # instant and values of the newest record
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
            interval = min((one.interval for one in self._ready(store).values()), default=INTERVAL)
        counters = self._service.counters
        set_back = 0
        if begin is not None and begin > until + _MOST_SET_BACK:
            counters.add("clock_set_back")
            set_back, begin = begin - until, None
        if begin is None:
            begin = until - INTERVAL
        start = max(begin, until - MOST_MISSED)
        end = min(until, start + _MOST_AT_ONCE * INTERVAL)
        if end <= begin:  # nothing is due, but something may have been held until now
            self._let_go(end + self._delay)
            return EvaluationRun()
        reached, evaluations, transitions = self._evaluate(start, end, now)
        self.last_instant = reached
        self._service.store.write(lambda store: _CURSOR.put(store, _HERE, _CURSOR_NAME, reached))
        late = len(instants(start, min(reached, until - INTERVAL), interval))
        passed_over = len(instants(begin, start, interval))
        counters.add("alarm_evaluations", evaluations)
        counters.add("late_ticks", late)
        counters.add("passed_over_ticks", passed_over)
        done = (reached - start) // INTERVAL
        is_behind = reached < until
        if not is_behind:
            self._service.part(LateBreaches).tell(evaluated=reached)
        return EvaluationRun(done, evaluations, transitions, late, passed_over, is_behind=is_behind, set_back=set_back)

    # ------------------------------------------------------------ looking

    def _evaluate(self, start: int, end: int, now: int) -> tuple[int, int, int]:
        """All alarms at their instants after `start` up to `end`: how far it came, evaluations, transitions."""
        with self._service.store.read() as store:
            ready = list(self._ready(store).values())
        events: list[_Event] = []
        reading = AlarmReading(ready, start=start, end=end, now=now)
        for place in range(0, len(ready), _READ_AT_ONCE):
            with self._service.store.read() as store:
                for one in ready[place : place + _READ_AT_ONCE]:
                    events += self._look(store, reading, one)
        reached, transitions = self._write(events, end)
        return reached, sum(len(instants(start, reached, one.interval)) for one in ready), transitions

    def _look(self, store: StoreReader, reading: AlarmReading, one: ReadyAlarm) -> Iterator[_Event]:
        standing = self._standing(store, one)
        newest: tuple[int, tuple[float, ...]] | None = None
        for look in reading.looks(store, one, standing, delay=self._delay):
            values = None
            if look.step.record.state.state_value is StateValue.ALARM:
                values = one.decisive_values(look)
                if look.step.transition is None:
                    newest = self._newest_record(store, one) if newest is None else newest
                    # A run that was cut off is done over: what it had recorded stands.
                    if look.at <= newest[0] or values == newest[1]:
                        values = None
                if values is not None:
                    newest = look.at, values
            if look.step.is_changed or values is not None:
                yield _Event(one, standing, look, values)
                standing = _after(standing, look)

    def _newest_record(self, store: StoreReader, one: ReadyAlarm) -> tuple[int, tuple[float, ...]]:
        """The instant and the decisive values of the newest evaluation record."""
        key = (one.scope, one.name)
        known = self._recorded.get(key)
        if known is None:
            found = store.history.evaluations(one.scope, one.name, limit=1)
            known = -1, ()
            if found:
                evaluation = unpack_evaluation(found[0][1]).evaluation
                known = second_of(evaluation.at), tuple(value for _, value in evaluation.points)
            self._recorded[key] = known
        return known

    def _standing(self, store: StoreReader, one: ReadyAlarm) -> AlarmStanding:
        version = store.version(STANDINGS.kind)
        if version != self._standing_version:
            known, self._standings = self._standings, {}
            for scope, name, body in store.scan_all(STANDINGS.kind):
                before = known.get((scope, name))
                is_same = before is not None and before[0] == body
                self._standings[scope, name] = before if before and is_same else (body, STANDINGS.read(body))
            self._standing_version = version
        found = self._standings.get((one.scope, one.name))
        if found is None:
            return standing_of(store, one.scope, one.name, created_at=one.known.kept.created_at)
        return found[1]

    def _ready(self, store: StoreReader) -> dict[_Key, ReadyAlarm]:
        version = store.version(METRIC_ALARMS.kind)
        if version != self._version:
            known, self._alarms = self._alarms, {}
            for scope, name, body in store.scan_all(METRIC_ALARMS.kind):
                before = known.get((scope, name))
                is_same = before is not None and before.known.body == body
                self._alarms[scope, name] = before if before and is_same else self._made(scope, name, body)
            self._recorded = {key: values for key, values in self._recorded.items() if key in self._alarms}
            self._version = version
        return self._alarms

    def _made(self, scope: Scope, name: str, body: bytes) -> ReadyAlarm:
        known = self._service.part(AlarmCatalogue).read(scope, name, body)
        return ReadyAlarm.of(scope, name, known, extra=self._service.settings.evaluation_range)

    # ------------------------------------------------------------ writing

    def _write(self, events: Sequence[_Event], end: int) -> tuple[int, int]:
        """Write what happened, by time, and what waits: up to which instant all is written, and how many changed."""
        transitions = 0

        def instant(event: _Event) -> int:
            return event.look.at

        for at, together in itertools.groupby(sorted(events, key=instant), key=instant):
            self._let_go(at + self._delay - 1)
            try:
                for scope, part in self._parts(together):
                    transitions += self._write_part(scope, part)
            except _ChangedMeanwhileError:
                self._recorded.clear()
                return at - INTERVAL, transitions
        self._let_go(end + self._delay)
        return end, transitions

    def _parts(self, events: Iterable[_Event]) -> Iterator[tuple[Scope, list[_Event]]]:
        """Events of an instant as they are written together: those that composites look at, the rest by portions."""
        by_scope: dict[Scope, list[_Event]] = {}
        for event in events:
            by_scope.setdefault(event.one.scope, []).append(event)
        for scope in sorted(by_scope):
            joined = by_scope[scope]
            if len(joined) > _WRITTEN_AT_ONCE:
                concerned = self._concerned(scope)
                single = [event for event in joined if event.one.name not in concerned]
                joined = [event for event in joined if event.one.name in concerned]
                for place in range(0, len(single), _WRITTEN_AT_ONCE):
                    yield scope, single[place : place + _WRITTEN_AT_ONCE]
            if joined:
                yield scope, joined

    def _concerned(self, scope: Scope) -> Collection[str]:
        with self._service.store.read() as store:
            return self._service.part(AlarmNetworks).of(store, scope).concerned

    def _write_part(self, scope: Scope, events: Sequence[_Event]) -> int:
        """Write what happened at one instant in one transaction; how many alarms changed."""
        prepared: list[tuple[_Event, Evaluation | None, Contribution | None]] = []
        with self._service.store.read() as store:  # the events behind are looked up before anybody has to wait
            for event in events:
                evaluation = _evaluation_of(event)
                behind = None
                if evaluation is not None:
                    behind = contribution(self._service, store, scope, event.one.known.alarm, evaluation)
                prepared.append((event, evaluation, behind))
        done = self._service.store.write(lambda writer: self._keep(writer, scope, prepared))
        self._recorded.update(
            ((scope, event.one.name), (event.look.at, event.values)) for event in events if event.values is not None
        )
        return done

    def _keep(
        self,
        store: StoreWriter,
        scope: Scope,
        prepared: Sequence[tuple[_Event, Evaluation | None, Contribution | None]],
    ) -> int:
        writing = AlarmChanges(self._service, store, scope)
        changes: list[MetricChange] = []
        for (one, before, look, _), evaluation, behind in prepared:
            standing = standing_of(store, scope, one.name, created_at=one.known.kept.created_at)
            is_same = (standing.state, standing.warm_up) == (before.state, before.warm_up)
            if not is_same or store.get(METRIC_ALARMS.kind, scope, one.name) != one.known.body:
                raise _ChangedMeanwhileError
            writing.know(one.name, one.known)
            after = _after(standing, look)
            if look.step.transition is not None:
                changes.append(MetricChange(one.name, look.step.transition, after, behind))
            elif look.step.is_changed:
                writing.keep(one.name, after)
            elif evaluation is not None and behind is not None:
                writing.record(one.name, evaluation, behind)
        at = moment(prepared[0][0].look.at + self._delay)
        return writing.apply(at, changes) if changes else 0

    def _let_go(self, until: int) -> None:
        """Let timers and the ends of windows have their effect, each at its time, up to a second."""
        while True:
            with self._service.store.read() as store:
                waiting = [(second, scope, name) for scope, name, second in WAITING.scan_all(store) if second <= until]
            if not waiting:
                return
            second, scope, _ = min(waiting)
            names = [name for at, its_scope, name in waiting if (at, its_scope) == (second, scope)]
            self._service.store.write(
                lambda store, scope=scope, second=second, names=names: AlarmChanges(  # type: ignore[misc]  # those of this turn
                    self._service, store, scope
                ).look_again(moment(second), names)
            )


def _after(standing: AlarmStanding, look: Look) -> AlarmStanding:
    record = look.step.record
    return msgspec.structs.replace(standing, state=record.state, warm_up=record.warm_up)


def _evaluation_of(event: _Event) -> Evaluation | None:
    """The evaluation that is to be recorded: of a change, or of an alarm that rings on with other values."""
    transition = event.look.step.transition
    if transition is not None:
        return transition.evaluation
    return None if event.values is None else event.one.evaluation(event.look)
