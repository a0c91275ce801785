"""An evaluation and what it says. Rule: time is an argument; the same arguments give the same result.

`evaluate` is the public one (IF-5); `evaluate_slots` is for those who have data by slots already;
`explain` writes down a decision of an `AlarmEvaluator`. Spec: AL-6.2, AL-7, AL-9, AL-18.1, AL-18.6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.decision import Datapoint, Decision
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.evaluator import AlarmEvaluator, Reading
from tocsin.core.alarm.parameter import Violation, refuse_violations
from tocsin.core.alarm.reason import reason_text
from tocsin.core.alarm.reason_data import reason_data_text
from tocsin.core.alarm.slot import SlotValue, fill_slots
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.anomaly import DEFAULT_MODEL
from tocsin.core.metric import LARGEST_VALUE, StatisticSet
from tocsin.core.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.query_plan import Bands, Slots
    from tocsin.core.anomaly import Band, BandModel

# States as AWS lists them in its error (AL-5.9).
_STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation: what was decided, by which rule, and on what (AL-18.6).

    `at` is the instant (aware), `evaluation_range` the R that was used (AL-6.5), `rule` the
    DecisionRule by name. `points` are the decisive ones, slot start and value, newest first;
    `slots` are all R, newest first. `reason` and `reason_data` are what the alarm's state takes over
    if it changed. `model` names the model of an anomaly band (AL-15.3); `units` are those that were
    mixed in the slots, empty unless there are several (AL-5.4).
    """

    old: StateValue
    new: StateValue
    reason: str
    reason_data: str
    at: datetime
    evaluation_range: int
    rule: str
    points: tuple[tuple[datetime, float], ...]
    slots: tuple[SlotValue, ...]
    model: str = ""
    units: tuple[str, ...] = ()

    def is_news(self, before: Evaluation | None) -> bool:
        """Whether it is to be recorded: the state changed, or other points decide than in the record before."""
        return before is None or self.old is not self.new or self.points != before.points


def explain(
    evaluator: AlarmEvaluator,
    reading: Reading,
    decision: Decision,
    *,
    old: StateValue,
    at: datetime,
    queried_at: datetime | None = None,
    units: Sequence[str] = (),
) -> Evaluation:
    """The full record of a decision about what was read at the instant `at`.

    `queried_at` is the moment of the evaluation, which stands in the reason data; the instant itself
    where it is not given.
    """
    alarm = evaluator.alarm
    slots = _slots(reading)
    # A slot whose comparison is impossible is missing, also in what is told of it (AL-7.6).
    seen = [
        slot if point is not Datapoint.MISSING else msgspec.structs.replace(slot, value=None)
        for slot, point in zip(slots, evaluator.points(reading), strict=True)
    ]
    decisive = [seen[index] for index in decision.decisive]
    return Evaluation(
        old=old,
        new=decision.state,
        reason=reason_text(alarm, decision, decisive),
        reason_data=reason_data_text(alarm, decision, seen, queried_at=queried_at or at),
        at=at,
        evaluation_range=evaluator.range,
        rule=decision.rule.value,
        points=tuple((slot.start, slot.value) for slot in decisive if slot.value is not None),
        slots=tuple(reversed(slots)),
        model=reading.model,
        units=tuple(sorted(set(units))) if len(set(units)) > 1 else (),
    )


def evaluate_slots(
    alarm: MetricAlarm,
    old: StateValue,
    slots: Slots | Mapping[str, Slots],
    *,
    at: datetime,
    extra: int | None = None,
    queried_at: datetime | None = None,
    bands: Bands | None = None,
    zone: tzinfo | None = None,
    units: Sequence[str] = (),
) -> Evaluation:
    """Evaluate data that are sorted into the R slots already, oldest first, at the instant `at` (AL-6.2).

    For an alarm with `metrics` a dict, query id -> such a list. `extra` is R - N (AL-6.5); `bands`
    makes the band of an anomaly alarm. Raises AlarmError where the lists do not fit.
    """
    evaluator = AlarmEvaluator(alarm, extra=extra, zone=zone)
    reading = evaluator.read(slots, evaluator.edges(second_of(at)), bands=bands)
    decision = evaluator.judge(reading, old)
    return explain(evaluator, reading, decision, old=old, at=at, queried_at=queried_at, units=units)


def evaluate(
    alarm: MetricAlarm,
    state: str,
    points: Iterable[tuple[datetime, Any]] | Mapping[str, Iterable[tuple[datetime, Any]]],
    *,
    at: datetime,
    extra: int | None = None,
    bands: Bands | None = None,
    model: BandModel = DEFAULT_MODEL,
    zone: tzinfo | None = None,
) -> Evaluation:
    """What the alarm, being in `state`, decides at the instant `at` (IF-5).

    `points` are (aware datetime, value) in any order, a value being a number, a list of samples or
    a StatisticSet; for an alarm with `metrics` a dict, query id -> such pairs. None and empty lists
    are no data. What lies outside the evaluation range is ignored, but for an anomaly alarm the
    points before it are the history that `model` makes the band of, unless `bands` makes it.

    Slots are reckoned back from `at`: the newest is the period that ends there. Raises AlarmError
    for another state, a naive datetime, a value that is no finite number, an unknown query.
    """
    old = read_state(state)
    evaluator = AlarmEvaluator(alarm, extra=extra, zone=zone)
    edges = evaluator.edges(second_of(at))
    data: Slots | Mapping[str, Slots]
    if isinstance(points, Mapping):
        listed = {name: list(_data(pairs, name)) for name, pairs in points.items()}
        data = {name: fill_slots(edges, pairs) for name, pairs in listed.items()}
        if bands is None and alarm.is_anomaly:
            bands = _history_bands(alarm, listed, edges, model)
    else:
        data = fill_slots(edges, _data(points, "points"))
    reading = evaluator.read(data, edges, bands=bands)
    return explain(evaluator, reading, evaluator.judge(reading, old), old=old, at=at)


def read_state(state: str) -> StateValue:
    """The state of that name. Raises AlarmError in AWS's words (AL-5.9)."""
    if state not in _STATES:
        constraint = f"Member must satisfy enum value set: [{', '.join(_STATES)}]"
        refuse_violations([Violation(parameter="StateValue", value=f"'{printable(state)}'", constraint=constraint)])
    return StateValue(state)


def _slots(reading: Reading) -> list[SlotValue]:
    """The slots of a reading, oldest first."""
    count = len(reading.values)
    nothing = (None,) * count
    rows = zip(
        reading.edges,
        reading.values,
        reading.sample_counts or nothing,
        reading.lower or nothing,
        reading.upper or nothing,
        strict=False,  # there is one edge more than slots
    )
    return [
        SlotValue(start=moment(start), value=value, sample_count=samples, lower=lower, upper=upper)
        for start, value, samples, lower, upper in rows
    ]


def _data(pairs: Iterable[tuple[datetime, Any]], name: str) -> Iterable[tuple[int, StatisticSet]]:
    for at, value in pairs:
        if not isinstance(at, datetime):
            raise AlarmError("A point is a pair of datetime and value.", parameter=name, hint="give (datetime, value)")
        second = second_of(at, name=name)
        if isinstance(value, StatisticSet):
            yield second, value
        elif value is not None:
            samples = value if isinstance(value, list | tuple) else [value]
            for sample in samples:
                if not _is_value(sample):
                    raise AlarmError(
                        f"The value {sample!r:.60} for parameter {name} is invalid.",
                        parameter=name,
                        aws_code="InvalidParameterValue",
                        hint="a value is a number from -2^360 to 2^360, or a list of them",
                    )
            if samples:
                yield second, StatisticSet.of(*samples)


def _is_value(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -LARGEST_VALUE <= value <= LARGEST_VALUE and not math.isnan(value)


def _history_bands(
    alarm: MetricAlarm, data: Mapping[str, Sequence[tuple[int, StatisticSet]]], edges: tuple[int, ...], model: BandModel
) -> Bands:
    """Bands out of the data themselves, taken together by whole periods since the epoch."""
    stats = {query.id: query.metric_stat for query in alarm.metrics if query.metric_stat is not None}

    def band(name: str, deviations: float) -> Band:
        parts: dict[int, list[StatisticSet]] = {}
        for second, statistics in data.get(name, ()):
            parts.setdefault(second - second % alarm.period, []).append(statistics)
        history = []
        for start in sorted(parts):
            value = stats[name].stat.of(StatisticSet.merged(parts[start]))
            if value is not None:
                history.append((start, value))
        return model.band(history, edges[:-1], deviations=deviations)

    return band
