"""What metric alarms see in the store over a stretch of instants. Spec: AL-6.6, AL-15, AL-18.3.

Rule: which metrics have data at all is asked once for all alarms of a scope; those of the rest are read once for
all instants of the stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import record_of
from tocsin.app.alarm_set import find_zone
from tocsin.app.replay import AlarmReplay, is_tied_to_the_clock
from tocsin.core.alarm.evaluation import explain
from tocsin.core.alarm.evaluator import AlarmEvaluator
from tocsin.core.alarm.schedule import evaluation_interval, instants
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.anomaly import DEFAULT_MODEL
from tocsin.core.metric_history import MetricHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.app.alarm_catalogue import KnownAlarm
    from tocsin.app.alarm_record import AlarmStanding
    from tocsin.app.replay import Look
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.anomaly import Band
    from tocsin.core.metric import MetricKey
    from tocsin.core.scope import Scope

# A band needs what came before (AL-15.3).
_BAND_HISTORY = 14 * 86_400

_ALL = 10_000_000


class ReadyAlarm(NamedTuple):
    """A metric alarm, ready to be evaluated again and again.

    `rests` are the states in which it stays as long as there are no data in its range.
    """

    scope: Scope
    name: str
    known: KnownAlarm
    evaluator: AlarmEvaluator
    interval: int
    reads: tuple[tuple[MetricKey, str | None], ...]
    rests: frozenset[StateValue]

    @classmethod
    def of(cls, scope: Scope, name: str, known: KnownAlarm, *, extra: int | None) -> ReadyAlarm:
        """`extra` is that of `AlarmEvaluator`."""
        alarm = known.alarm
        zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
        evaluator = AlarmEvaluator(alarm, extra=extra, zone=zone)
        stats = [query.metric_stat for query in alarm.metrics if query.metric_stat is not None]
        reads = [(alarm.key, alarm.unit)] if alarm.key is not None else [(stat.key, stat.unit) for stat in stats]
        rests: list[StateValue] = []
        if alarm.key is not None and evaluator.is_plain and not is_tied_to_the_clock(alarm):
            nothing = [None] * evaluator.range
            rests = [state for state in StateValue if evaluator.decide(nothing, state) is state]
        interval = evaluation_interval(alarm)
        return cls(scope, name, known, evaluator, interval, tuple(dict.fromkeys(reads)), frozenset(rests))

    def evaluation(self, look: Look) -> Evaluation:
        """What a look that did not change the state rested on."""
        state = look.before.state.state_value
        decision = self.evaluator.judge(look.reading, state)
        return explain(self.evaluator, look.reading, decision, old=state, at=moment(look.at))

    def decisive_values(self, look: Look) -> tuple[float, ...]:
        """The values of the points that decided, newest first."""
        decision = self.evaluator.judge(look.reading, look.before.state.state_value)
        values = (look.reading.values[place] for place in decision.decisive)
        return tuple(value for value in values if value is not None)


class AlarmReading:
    """What alarms see over the instants T with start < T <= end; `now` is the time of day in seconds.

    Which metrics have data is asked when the first alarm of a scope is looked at. What comes in later is seen at
    the next instant.
    """

    def __init__(self, alarms: Iterable[ReadyAlarm], *, start: int, end: int, now: int) -> None:
        self._start, self._end, self._now = start, end, now
        self._since: dict[Scope, int] = {}
        for one in alarms:
            since = self._range_start(one)
            if since is not None:
                self._since[one.scope] = min(since, self._since.get(one.scope, since))
        self._newest: dict[Scope, dict[MetricKey, int]] = {}

    def looks(self, store: StoreReader, one: ReadyAlarm, standing: AlarmStanding, *, delay: int) -> Iterator[Look]:
        """The evaluations of an alarm that could change something; none while it rests."""
        since = self._range_start(one)
        if since is None:
            return iter(())
        is_warm = standing.warm_up is None or standing.warm_up.over
        if is_warm and standing.state.state_value in one.rests and not self._has_data(store, one, since):
            return iter(())
        alarm = one.known.alarm
        histories = {
            (key, unit): MetricHistory(store.metrics.data(one.scope, key, unit=unit, start=since, end=self._end))
            for key, unit in one.reads
        }
        return AlarmReplay(alarm, histories, evaluator=one.evaluator).looks(
            record_of(alarm, one.known.kept, standing),
            self._first(one, standing, delay),
            self._end,
            delay=delay,
            bands=(lambda edges: _Bands(store, one, edges).band) if alarm.key is None else None,
            units=lambda edges, _at: _units(store, one, edges),
        )

    def _first(self, one: ReadyAlarm, standing: AlarmStanding, delay: int) -> int:
        """After which instant the alarm is evaluated: those that belong to moments before its state are over."""
        created, entered = second_of(one.known.kept.created_at), second_of(standing.state.updated_at) - delay
        # A clock that was set back does not stop what it had stamped before.
        return max([self._start, *(at for at in (created, entered) if at <= self._now)])

    def _range_start(self, one: ReadyAlarm) -> int | None:
        """Where the oldest slot begins that the alarm sees in the stretch; None where it has no instant there."""
        due = instants(self._start, self._end, one.interval)
        return one.evaluator.edges(due[0])[0] if due else None

    def _has_data(self, store: StoreReader, one: ReadyAlarm, since: int) -> bool:
        newest = self._newest.get(one.scope)
        if newest is None:
            found = store.metrics.list(one.scope, active_since=self._since[one.scope], limit=_ALL)
            newest = self._newest[one.scope] = dict(found)
        return any(newest.get(key, since - 1) >= since for key, _ in one.reads)


def _units(store: StoreReader, one: ReadyAlarm, edges: tuple[int, ...]) -> list[str]:
    """The units of what stands in the slots, where the alarm names none (AL-5.4)."""
    found = {
        unit
        for key, named in one.reads
        if named is None
        for unit in store.metrics.units(one.scope, key, start=edges[0], end=edges[-1])
    }
    return sorted(found) if len(found) > 1 else []


class _Bands:
    """The bands of an anomaly alarm, out of what its metric was before (AL-15)."""

    def __init__(self, store: StoreReader, one: ReadyAlarm, edges: tuple[int, ...]) -> None:
        self._store = store
        self._one = one
        self._edges = edges

    def band(self, name: str, deviations: float) -> Band:
        """The band of the query of that id over the slots that are evaluated."""
        alarm, scope = self._one.known.alarm, self._one.scope
        stat = next(query.metric_stat for query in alarm.metrics if query.id == name)
        assert stat is not None  # PutMetricAlarm takes bands of metrics alone
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
