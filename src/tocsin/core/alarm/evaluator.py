"""One alarm, made ready to be evaluated again and again.

Rule: `decide` is a shortcut and `judge` is the truth; for every alarm that takes the shortcut both
give the same state. Reasons and records are made only where they are asked for.
Spec: AL-5.3, AL-5.6, AL-6.5, AL-6.6, AL-7, AL-15.2.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.comparison import leaves_band, static_test
from tocsin.core.alarm.decision import (
    Datapoint,
    Decision,
    DecisionRule,
    TreatMissingData,
    decide,
    samples_needed,
    too_few_samples,
)
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.evaluation_range import evaluation_range
from tocsin.core.alarm.query_plan import Bands, QueryPlan, Slots, check_length
from tocsin.core.alarm.slot import sliding_edges, wall_clock_edges
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.zone import offset_zone

if TYPE_CHECKING:
    from datetime import tzinfo

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.metric import StatisticSet


# Looked up at every decision, of which there are millions in a backtest.
_OK, _ALARM = StateValue.OK, StateValue.ALARM
_BREACHING, _NOT_BREACHING = TreatMissingData.BREACHING, TreatMissingData.NOT_BREACHING
_IGNORE = TreatMissingData.IGNORE


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm sees: one entry for each slot, oldest first, None where there is nothing.

    `edges` are the starts of the slots and the end of the newest, in seconds since the epoch.
    `sample_counts` are empty for the result of queries, `lower` and `upper` for a plain threshold.
    `model` names what made the band.
    """

    edges: tuple[int, ...]
    values: tuple[float | None, ...]
    sample_counts: tuple[float | None, ...] = ()
    lower: tuple[float | None, ...] = ()
    upper: tuple[float | None, ...] = ()
    model: str = ""


class AlarmEvaluator:
    """Evaluates one alarm. `extra` is the setting `alarm.evaluation_range`, the slots beyond N (AL-6.5).

    `zone` is the time zone of a WallClockWindow; it may be left out for one that is an offset.
    Raises AlarmError where it is needed and missing.
    """

    def __init__(self, alarm: MetricAlarm, *, extra: int | None = None, zone: tzinfo | None = None) -> None:
        self.alarm = alarm
        n = alarm.evaluation_periods
        name = alarm.wall_clock
        self.range = evaluation_range(n, alarm.period, extra, wall_clock=name is not None)
        self._zone = None if name is None else zone or offset_zone(name)
        if name is not None and self._zone is None:
            raise AlarmError(
                f"The time zone {name} is not known here.",
                parameter="EvaluationWindow.WallClockWindow.Timezone",
                hint="hand in the tzinfo of that name",
            )
        self._n, self._m, self._treat = n, alarm.points_to_alarm, alarm.missing_data
        self._threshold = 0.0 if alarm.threshold is None else alarm.threshold
        self._breaches = None if alarm.is_anomaly else static_test(alarm.comparison_operator)
        percentile = None if alarm.statistic is None else alarm.statistic.percentile
        ignores = alarm.evaluate_low_sample_count_percentile == "ignore"
        self._needed = samples_needed(percentile) if ignores and percentile is not None else 0.0
        self._plan = None if alarm.key is not None else QueryPlan(alarm)

    @property
    def is_plain(self) -> bool:
        """Whether `decide` is all that it takes: a threshold, and no rule about few samples."""
        return self._breaches is not None and self._needed == 0

    def edges(self, at: int) -> tuple[int, ...]:
        """The starts of the R slots that the alarm sees at the instant `at`, oldest first, and the end of the newest.

        Seconds since the epoch (AL-6.2, AL-5.8).
        """
        if self._zone is None:
            return sliding_edges(at, period=self.alarm.period, count=self.range)
        return wall_clock_edges(at, period=self.alarm.period, count=self.range, zone=self._zone)

    def value(self, slot: StatisticSet | None) -> float | None:
        """The statistic over a slot of an alarm on one metric; None for no datapoint (AL-6.6)."""
        assert self.alarm.statistic is not None
        return None if slot is None else self.alarm.statistic.of(slot)

    def read(
        self, slots: Slots | Mapping[str, Slots], edges: tuple[int, ...], *, bands: Bands | None = None
    ) -> Reading:
        """What the alarm makes of the data in its slots.

        `slots` are those of its metric, or for an alarm with `metrics` those of each query by id; a
        query that is not there has no data. `bands` makes the band of an anomaly alarm.
        """
        if self._plan is None:
            return self._read_metric(slots, edges)
        return self._read_queries(self._plan, slots, edges, bands)

    def decide(self, values: Sequence[float | None], old: StateValue) -> StateValue:
        """The new state, the fast way: for an alarm that `is_plain`, of its R values, oldest first (AL-7.2)."""
        breaches, threshold, n = self._breaches, self._threshold, self._n
        assert breaches is not None
        present = [value for value in values if value is not None]
        real = len(present)
        bad = 0
        for value in present[-n:]:  # all of them, where there are fewer
            if breaches(value, threshold):
                bad += 1
        if real >= n:
            return _ALARM if bad >= self._m else _OK
        return self._decide_few(values, real, bad, old)

    def _decide_few(self, values: Sequence[float | None], real: int, bad: int, old: StateValue) -> StateValue:
        """The same for fewer than N real points, `bad` of them breaching."""
        m, treat = self._m, self._treat
        if treat is _BREACHING:
            return _ALARM if bad + self._n - real >= m else _OK
        if bad >= m:
            return _ALARM
        if treat is _NOT_BREACHING or real > bad:
            return _OK
        if treat is _IGNORE:
            return old
        if not real:
            return StateValue.INSUFFICIENT_DATA
        # All that is real breaches, so the oldest of it is the first that is there.
        oldest = next(index for index, value in enumerate(values) if value is not None)
        return _ALARM if len(values) - oldest >= m else old

    def points(self, reading: Reading) -> tuple[Datapoint, ...]:
        """Each slot after comparison; one whose comparison is impossible is missing (AL-7.6)."""
        if self._breaches is None:
            return tuple(map(self._in_band, reading.values, reading.lower, reading.upper))
        return tuple(map(self._at_threshold, reading.values))

    def judge(self, reading: Reading, old: StateValue) -> Decision:
        """The decision about what was read, in full (AL-7.1, AL-5.6)."""
        points = self.points(reading)
        if self._needed > 0 and too_few_samples(reading.sample_counts, n=self._n, needed=self._needed):
            return self.kept(points, DecisionRule.KEPT_FEW_SAMPLES, old)
        return decide(points, n=self._n, m=self._m, treat=self._treat, old=old)

    def kept(self, points: Sequence[Datapoint], rule: DecisionRule, state: StateValue) -> Decision:
        """A decision that does not rest on the points: `state` stays, or is set, by that rule."""
        real = sum(point is not Datapoint.MISSING for point in points)
        return Decision(state=state, rule=rule, decisive=(), real=real, fills=max(0, self._n - real))

    def decide_reading(self, reading: Reading, old: StateValue) -> StateValue:
        """The new state, in the cheapest way that the alarm allows."""
        if self.is_plain:
            return self.decide(reading.values, old)
        return self.judge(reading, old).state

    def _at_threshold(self, value: float | None) -> Datapoint:
        assert self._breaches is not None
        if value is None:
            return Datapoint.MISSING
        return Datapoint.BAD if self._breaches(value, self._threshold) else Datapoint.GOOD

    def _in_band(self, value: float | None, lower: float | None, upper: float | None) -> Datapoint:
        if value is None or lower is None or upper is None:
            return Datapoint.MISSING
        leaves = leaves_band(self.alarm.comparison_operator, value, lower, upper)
        return Datapoint.BAD if leaves else Datapoint.GOOD

    def _read_metric(self, slots: Slots | Mapping[str, Slots], edges: tuple[int, ...]) -> Reading:
        if isinstance(slots, Mapping):
            raise AlarmError(
                "The data of an alarm on one metric cannot be a dict.", hint="a dict is for an alarm with Metrics"
            )
        check_length(slots, self.range, "")
        present = [None if slot is None or slot.is_empty else slot for slot in slots]
        return Reading(
            edges=edges,
            values=tuple(map(self.value, present)),
            sample_counts=tuple(None if slot is None else _count(slot) for slot in present),
        )

    def _read_queries(
        self, plan: QueryPlan, slots: Slots | Mapping[str, Slots], edges: tuple[int, ...], bands: Bands | None
    ) -> Reading:
        if not isinstance(slots, Mapping):
            raise AlarmError(
                "The data of an alarm with Metrics must be a dict.",
                hint="query id -> data; an id without may be left out",
            )
        values, band = plan.evaluate(slots, edges, bands=bands)
        if band is None:
            return Reading(edges=edges, values=values)
        return Reading(edges=edges, values=values, lower=band.lower, upper=band.upper, model=band.model)


def _count(slot: StatisticSet) -> float:
    """The samples of a slot as a double, the largest one where they are more."""
    return float(min(slot.sample_count, _MOST_SAMPLES))


_MOST_SAMPLES = int(sys.float_info.max)
