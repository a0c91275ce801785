"""One metric alarm over its data: every change of its state, in a backtest and in the live service.

Rule: the transitions are those of evaluating at every instant, at the same instants with the same
reasons; instants that cannot change anything are jumped over (AL-18.3). Spec: AL-6, AL-7, AL-8, AL-18, IF-3.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.core.alarm.evaluation import Evaluation, explain
from tocsin.core.alarm.evaluator import AlarmEvaluator
from tocsin.core.alarm.lifecycle import create_alarm, evaluate_alarm
from tocsin.core.alarm.schedule import (
    due_instants,
    evaluation_interval,
    instant_after,
    instant_at,
    instants,
    must_run_every_instant,
)
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric import UNITS
from tocsin.core.metric_history import HistoryPoint, MetricHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.evaluator import Reading
    from tocsin.core.alarm.lifecycle import AlarmRecord, Step
    from tocsin.core.alarm.query_plan import Bands
    from tocsin.core.metric import Exact, MetricKey, StatisticSet


class MetricReplay(msgspec.Struct, frozen=True, kw_only=True):
    """What one metric alarm did.

    `transitions` are the evaluations that changed the state, by time. `evaluations` counts the
    instants, computed or jumped over. `series` is [start, value] of the newest slot wherever it was
    looked at and held something, ascending.
    """

    transitions: tuple[Evaluation, ...]
    evaluations: int
    evaluation_range: int
    series: tuple[tuple[int, float], ...]


class Look(NamedTuple):
    """One evaluation at an instant (seconds since the epoch): the alarm before, what it saw, what became of it."""

    at: int
    before: AlarmRecord
    reading: Reading
    step: Step


_NOTHING = MetricHistory(())

# By how much, in seconds, the clocks of a time zone may change, and more: some have left out a day.
_CLOCK_CHANGES = 2 * 86_400


class AlarmReplay:
    """One alarm with the data that it sees.

    `histories` are the data by metric and unit (None: all units together); `extra` and `zone` are
    those of `AlarmEvaluator`, which may also be given ready made.
    """

    def __init__(
        self,
        alarm: MetricAlarm,
        histories: Mapping[tuple[MetricKey, str | None], MetricHistory],
        *,
        extra: int | None = None,
        zone: tzinfo | None = None,
        evaluator: AlarmEvaluator | None = None,
    ) -> None:
        self.alarm = alarm
        self.evaluator = evaluator or AlarmEvaluator(alarm, extra=extra, zone=zone)
        self.interval = evaluation_interval(alarm)
        keys = {query.id: query.metric_stat for query in alarm.metrics if query.metric_stat is not None}
        self._queries = {name: histories.get((stat.key, stat.unit), _NOTHING) for name, stat in keys.items()}
        self._metric = _NOTHING if alarm.key is None else histories.get((alarm.key, alarm.unit), _NOTHING)
        self.sources: tuple[tuple[MetricKey, MetricHistory], ...] = (
            tuple((stat.key, self._queries[name]) for name, stat in keys.items())
            if alarm.key is None
            else ((alarm.key, self._metric),)
        )
        """Every metric that the alarm reads, with its data."""
        asked = (
            [(alarm.key, alarm.unit)] if alarm.key is not None else [(stat.key, stat.unit) for stat in keys.values()]
        )
        self._units = [
            (unit, histories[key, unit])
            for key, named in asked
            if named is None
            for unit in UNITS
            if (key, unit) in histories
        ]

    def run(self, since: int, until: int, *, every_instant: bool = False) -> MetricReplay:
        """Evaluate the alarm, created at `since`, at its instants T with since < T <= until.

        Times are seconds since the epoch. `every_instant` leaves out none.
        """
        all_instants = instants(since, until, self.interval)
        due: Iterable[int] = all_instants
        if not every_instant:
            due = self._due(since, until)
        if self.alarm.warm_up is not None:
            return self._run_with_warm_up(since, until, all_instants if every_instant else due)
        state = StateValue.INSUFFICIENT_DATA
        transitions: list[Evaluation] = []
        series: dict[int, float] = {}
        if self._has_plain_slots:
            evaluator, period = self.evaluator, self.alarm.period
            behind = (evaluator.range - 1) * period
            value_up_to = _SlotValues(evaluator, self._metric)
            before: list[float | None] = []
            for at in due:
                values = [value_up_to[end] for end in range(at - behind, at + 1, period)]
                if values[-1] is not None:
                    series[at - period] = values[-1]
                if values == before:
                    continue  # a decision, applied again to the same values, gives the same state (AL-7.1)
                before = values
                new = evaluator.decide(values, state)
                if new is not state:
                    transitions.append(self._explain(evaluator.edges(at), at, state))
                    state = new
        else:
            for at in due:
                edges = self.evaluator.edges(at)
                reading = self.evaluator.read(self._slots(edges, at), edges)
                if reading.values[-1] is not None:
                    series[edges[-2]] = reading.values[-1]
                new = self.evaluator.decide_reading(reading, state)
                if new is not state:
                    transitions.append(self._explain(edges, at, state))
                    state = new
        return MetricReplay(
            transitions=tuple(transitions),
            evaluations=len(all_instants),
            evaluation_range=self.evaluator.range,
            series=tuple(sorted(series.items())),
        )

    def _run_with_warm_up(self, since: int, until: int, due: Iterable[int]) -> MetricReplay:
        """The same for an alarm that warms up, whose state depends on when it was created (AL-5.7)."""
        record = create_alarm(self.alarm, at=moment(since))
        transitions: list[Evaluation] = []
        series: dict[int, float] = {}
        for look in self._look_at(record, since, until, due, units=self._units_in):
            if look.reading.values[-1] is not None:
                series[look.reading.edges[-2]] = look.reading.values[-1]
            if look.step.transition is not None and look.step.transition.evaluation is not None:
                transitions.append(look.step.transition.evaluation)
        return MetricReplay(
            transitions=tuple(transitions),
            evaluations=len(instants(since, until, self.interval)),
            evaluation_range=self.evaluator.range,
            series=tuple(sorted(series.items())),
        )

    def looks(
        self,
        record: AlarmRecord,
        since: int,
        until: int,
        *,
        delay: int = 0,
        bands: Callable[[tuple[int, ...]], Bands] | None = None,
        units: Callable[[tuple[int, ...], int], Sequence[str]] | None = None,
    ) -> Iterator[Look]:
        """Go on with an alarm that stands as `record` says: every evaluation that could change something, in order.

        The instants are T with since < T <= until; what is decided at T is dated T + `delay` (AL-6.4). `bands`
        makes bands over slots, `units` tells which units are in slots at an instant.
        """
        due = self._due(since, until)
        return self._look_at(record, since, until, due, delay=delay, bands=bands, units=units or self._units_in)

    def _look_at(
        self,
        record: AlarmRecord,
        since: int,
        until: int,
        due: Iterable[int],
        *,
        units: Callable[[tuple[int, ...], int], Sequence[str]],
        delay: int = 0,
        bands: Callable[[tuple[int, ...]], Bands] | None = None,
    ) -> Iterator[Look]:
        if record.warm_up_ends_at is not None:
            end = instant_at(second_of(record.warm_up_ends_at), self.interval)
            due = sorted({*due, *((end,) if since < end <= until else ())})
        for at in due:
            edges = self.evaluator.edges(at)
            made = None if bands is None else bands(edges)
            reading = self.evaluator.read(self._slots(edges, at), edges, bands=made)
            told: dict[str, Any] = {"at": moment(at), "queried_at": moment(at + delay)}
            step = evaluate_alarm(record, self.evaluator, reading, **told)
            if step.transition is not None and (mixed := units(edges, at)):
                step = evaluate_alarm(record, self.evaluator, reading, **told, units=mixed)
            yield Look(at, record, reading, step)
            record = step.record

    def evaluation(self, at: int, old: StateValue) -> Evaluation:
        """The evaluation at the instant `at` (seconds since the epoch), the alarm being in `old`, told in full."""
        return self._explain(self.evaluator.edges(at), at, old)

    def contributing(self, evaluation: Evaluation) -> Iterator[HistoryPoint]:
        """The data in the slots that decided, newest slot first (IF-3)."""
        at = second_of(evaluation.at)
        edges = self.evaluator.edges(at)
        starts = [second_of(moment(edge)) for edge in edges]  # slots before the year 1 share one that can be shown
        for start, _ in evaluation.points:
            place = bisect_right(starts, second_of(start)) - 1
            for _, history in self.sources:
                yield from history.within(edges[place], edges[place + 1], at=at)

    def _due(self, since: int, until: int) -> Iterable[int]:
        """The instants that can change anything."""
        every = instants(since, until, self.interval)
        if len(every) <= 1 or is_tied_to_the_clock(self.alarm):
            return every
        if self.alarm.wall_clock is not None:
            return self._due_near_data(since, until)
        return self._due_at_data(since, until)

    def _due_near_data(self, since: int, until: int) -> Iterator[int]:
        """Those of a WallClockWindow: the first one, and all that may see a datum, with one more that sees none.

        Where several in a row see nothing, the first of them has done all there is to do (AL-18.4).
        """
        # The newest slot may have ended a period ago, and clocks are put forward and back.
        reach = (self.evaluator.range + 1) * self.alarm.period + _CLOCK_CHANGES
        last = instant_after(since, self.interval) - self.interval
        stretches = [(last, last + self.interval)]
        stretches += sorted((point.second, point.second + reach) for _, one in self.sources for point in one.points)
        for start, end in stretches:
            found = instants(max(start, last), min(end + self.interval, until), self.interval)
            yield from found
            last = found[-1] if found else last

    def _due_at_data(self, since: int, until: int) -> Iterator[int]:
        seconds = sorted(second for _, history in self.sources for second in history.seconds)
        late = [pair for _, history in self.sources for pair in history.late]
        first = instant_after(since, self.interval)
        if first <= until:
            yield first
        for at in due_instants(
            seconds,
            period=self.alarm.period,
            evaluation_range=self.evaluator.range,
            interval=self.interval,
            late=late,
        ):
            if first < at <= until:
                yield at

    @property
    def _has_plain_slots(self) -> bool:
        """Whether what stands in a slot depends on where it ends alone, and its value decides."""
        return (
            self.alarm.key is not None
            and self.alarm.wall_clock is None
            and self.evaluator.is_plain
            and not self._metric.is_late
        )

    def _slots(
        self, edges: tuple[int, ...], at: int
    ) -> tuple[StatisticSet | None, ...] | dict[str, tuple[StatisticSet | None, ...]]:
        if self.alarm.key is not None:
            return self._metric.slots(edges, at=at)
        return {name: history.slots(edges, at=at) for name, history in self._queries.items()}

    def _explain(self, edges: tuple[int, ...], at: int, old: StateValue) -> Evaluation:
        reading = self.evaluator.read(self._slots(edges, at), edges)
        decision = self.evaluator.judge(reading, old)
        units = self._units_in(edges, at)
        return explain(self.evaluator, reading, decision, old=old, at=moment(at), units=units)

    def _units_in(self, edges: tuple[int, ...], at: int) -> list[str]:
        """The units of the data in these slots, of metrics that are read whatever the unit (AL-5.4)."""
        return [unit for unit, history in self._units if history.within(edges[0], edges[-1], at=at)]


def is_tied_to_the_clock(alarm: MetricAlarm) -> bool:
    """Whether the state can change at any instant, also where there is no data near, so that none is jumped over."""
    if not must_run_every_instant(alarm):
        return False
    return alarm.wall_clock is None or must_run_every_instant(msgspec.structs.replace(alarm, evaluation_window=None))


class _SlotValues(dict[int, float | None]):
    """The value of the slot that ends at a second. Slots of a sliding window are seen again R - 1 times."""

    def __init__(self, evaluator: AlarmEvaluator, history: MetricHistory) -> None:
        super().__init__()
        self._evaluator = evaluator
        self._period = evaluator.alarm.period
        self._history = history
        statistic = evaluator.alarm.statistic
        assert statistic is not None
        self._needs_weights = statistic.needs_weights
        self._running = history.running(statistic.source)

    def __missing__(self, end: int) -> float | None:
        start = end - self._period
        if self._running is not None:
            first, last = self._history.places(start, end)
            value = _double(self._running[last] - self._running[first]) if last > first else None
        elif self._needs_weights:
            value = self._evaluator.value(self._history.between(start, end, at=end))
        else:
            value = self._evaluator.value(self._history.totals(start, end))
        self[end] = value
        return value


def _double(value: Exact) -> float | None:
    try:
        return float(value)
    except OverflowError:  # no datapoint, as any other result that no double can hold
        return None
