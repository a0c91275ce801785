"""The states of an alarm, what leads to each, and the life of one alarm: what `tocsin explain alarm-states` says.

Rule: which rule leads where, the tables and the lives are made by running the decision that alarms are
evaluated with; only the words are data. Spec: AL-7, AL-7.4, AL-7.5, AL-7.c, AL-8, AL-19.2.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.explain import load_table
from tocsin.core.alarm.decision import Datapoint, DecisionRule, TreatMissingData, decide
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.evaluator import AlarmEvaluator
from tocsin.core.alarm.schedule import evaluation_interval, instant_after
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_condition import condition_text, span_text
from tocsin.core.alarm_life import AlarmLife, life_of, ring_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

KEEPS = "keeps"
"""What stands for a state where the old one is kept."""

_MARKS = {Datapoint.GOOD: "0", Datapoint.BAD: "X", Datapoint.MISSING: "-"}
_POINTS = {mark: point for point, mark in _MARKS.items()}

# AWS's own examples (AL-7.4, AL-7.5): M, N and the points of each row, the newest on the right.
_DOCUMENTED = (
    (3, 3, ("0 - X - X", "0 - - - -", "- - - - -", "0 X X - X", "- - X - -")),
    (2, 3, ("0 - X - X", "0 0 X 0 X", "0 - X - -", "- - - - 0", "- - - X -")),
)

_NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)  # a Monday
_BURST_AT = timedelta(minutes=10)
_MOST_STARTS = 5

USUAL = MetricAlarm.from_aws(
    {
        "AlarmName": "the usual security alarm",
        "Namespace": "CloudTrailMetrics",
        "MetricName": "Matches",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
)
"""The alarm whose life is shown when no other is asked for (AL-7.c)."""


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """A state, what it means, what leads to it, and which actions it runs."""

    state: str
    means: str
    leads_to_it: tuple[str, ...]
    runs: str


class PointsTable(msgspec.Struct, frozen=True, kw_only=True):
    """Points in a range and the state that each treatment of missing data gives."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One moment in the life of an alarm. `at` is a time of day, days later with `+1 d`."""

    at: str
    state: str
    why: str


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """The life of the alarm under one treatment: the state before, how long ALARM lasts, and the state after."""

    name: str
    before: str
    rings: str
    after: str
    is_its_own: bool = False


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """The life of an alarm around one burst, and in short under the other treatments."""

    title: str
    set_up: str
    steps: tuple[Step, ...]
    treatments: tuple[Treatment, ...]
    remark: str


class AlarmStates(msgspec.Struct, frozen=True, kw_only=True):
    """The three states, what keeps the old one, the rules that hold for all, the tables, and a life."""

    states: tuple[AlarmState, ...]
    keeps: tuple[str, ...]
    rules: tuple[str, ...]
    tables: tuple[PointsTable, ...]
    example: Life


class _StateWords(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    means: str
    runs: str


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    states: tuple[_StateWords, ...]
    created: str
    ways: dict[str, dict[str, str]]
    moments: dict[str, str]
    rules: tuple[str, ...]


@cache
def _words() -> _Words:
    return load_table("alarm-states.yaml", _Words)


def alarm_states(
    alarm: MetricAlarm | None = None,
    *,
    zone: tzinfo | None = None,
    has_default: bool = False,
    extra: int | None = None,
) -> AlarmStates:
    """The states, and the life of `alarm` (None: the usual security alarm).

    `zone` is that of a WallClockWindow, `has_default` tells that its filter has a default value,
    `extra` is the setting `alarm.evaluation_range`.
    """
    words, ways = _words(), _ways()
    created = {StateValue.INSUFFICIENT_DATA.value: (words.created,)}
    return AlarmStates(
        states=tuple(
            AlarmState(
                state=one.state,
                means=one.means,
                leads_to_it=(*created.get(one.state, ()), *ways.get(one.state, ())),
                runs=one.runs,
            )
            for one in words.states
        ),
        keeps=ways[KEEPS],
        rules=words.rules,
        tables=tuple(_table(m, n, rows) for m, n, rows in _DOCUMENTED),
        example=_life(alarm or USUAL, zone=zone, has_default=has_default, extra=extra),
    )


# ---------------------------------------------------------------- what leads where


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that leads to a state: under which treatments, and an example of points with M and N."""

    rule: DecisionRule
    state: str
    treatments: tuple[TreatMissingData, ...]
    points: str
    m: int
    n: int


@cache
def ways() -> tuple[Way, ...]:
    """Every rule with every state that it leads to, found by deciding about all points there can be.

    Three periods and a range of five, 2 and 3 points to alarm, each treatment, each old state.
    """
    found: dict[tuple[DecisionRule, str], list[tuple[TreatMissingData, str, int, int]]] = {}
    for m, n, documented in _DOCUMENTED:
        for points in dict.fromkeys((*documented, *_all_points(len(documented[0].split())))):
            for treat in TreatMissingData:
                for rule, state in _outcomes(points, m=m, n=n, treat=treat):
                    found.setdefault((rule, state), []).append((treat, points, m, n))
    return tuple(
        Way(
            rule=rule,
            state=state,
            treatments=tuple(treat for treat in TreatMissingData if treat in {one[0] for one in seen}),
            points=seen[0][1],
            m=seen[0][2],
            n=seen[0][3],
        )
        for (rule, state), seen in sorted(found.items(), key=lambda item: list(DecisionRule).index(item[0][0]))
    )


def _all_points(count: int) -> Iterator[str]:
    return (" ".join(points) for points in product(_POINTS, repeat=count))


def _outcomes(points: str, *, m: int, n: int, treat: TreatMissingData) -> set[tuple[DecisionRule, str]]:
    """The rule that decides and the state it gives, `keeps` where that is the old one whatever it is."""
    values = [_POINTS[mark] for mark in points.split()]
    decisions = {old: decide(values, n=n, m=m, treat=treat, old=old) for old in StateValue}
    kept = all(decision.state is old for old, decision in decisions.items())
    return {(one.rule, KEEPS if kept else one.state.value) for one in decisions.values()}


@cache
def _ways() -> dict[str, tuple[str, ...]]:
    """The sentences about what leads to each state, and under `keeps` about what leaves it as it was."""
    words = _words().ways
    told: dict[str, list[str]] = {}
    decided = {way.rule.value for way in ways()}
    for way in ways():
        example = f"{way.m} of {way.n}: {way.points}"
        sentence = f"{words[way.rule.value][way.state]} TreatMissingData {_treatments(way.treatments)}; {example}"
        told.setdefault(way.state, []).append(sentence)
    for rule, by_state in words.items():
        if rule not in decided:  # decided before the points are looked at
            for state, sentence in by_state.items():
                told.setdefault(state, []).append(sentence)
    return {state: tuple(sentences) for state, sentences in told.items()}


def _treatments(treatments: tuple[TreatMissingData, ...]) -> str:
    if len(treatments) == len(TreatMissingData):
        return "plays no part"
    return " or ".join(one.value for one in treatments)


def _table(m: int, n: int, rows: Iterable[str]) -> PointsTable:
    return PointsTable(
        title=f"{m} of {n} with gaps (0 good, X breaching, - missing; newest on the right)",
        columns=tuple(one.value for one in TreatMissingData),
        rows=tuple((points, *(_state(points, m=m, n=n, treat=treat) for treat in TreatMissingData)) for points in rows),
    )


def _state(points: str, *, m: int, n: int, treat: TreatMissingData) -> str:
    ((_, state),) = _outcomes(points, m=m, n=n, treat=treat)
    return state


# ---------------------------------------------------------------- a life


def _life(alarm: MetricAlarm, *, zone: tzinfo | None, has_default: bool, extra: int | None) -> Life:
    quiet = Datapoint.GOOD if has_default else Datapoint.MISSING
    life = life_of(alarm, quiet=quiet, extra=extra)
    given = "" if alarm.treat_missing_data is not None else " (the default)"
    nothing = "a good value" if has_default else "nothing"
    return Life(
        title=f"The life of {alarm.alarm_name}",
        set_up=f"{condition_text(alarm)}; TreatMissingData {alarm.missing_data.value}{given}. {_burst(alarm, life)}"
        f" There is {nothing} before and after.",
        steps=tuple(_Steps(alarm, life, zone=zone, extra=extra).made()),
        treatments=tuple(_treatment(alarm, treat, quiet, extra) for treat in TreatMissingData),
        remark=f"{ring_text(alarm, has_default=has_default, extra=extra)} A second burst in that time makes no"
        " second mail; it only prolongs the state.",
    )


def _burst(alarm: MetricAlarm, life: AlarmLife) -> str:
    if life.burst == 1:
        return f"Data that breach come at {_clock(_burst_second(0, alarm), alarm)}."
    starts = [_clock(_burst_second(place, alarm), alarm) for place in range(min(life.burst, _MOST_STARTS))]
    more = ", and so on" if life.burst > _MOST_STARTS else ""
    return f"Data that breach come in {life.burst} periods on end: at {', '.join(starts)}{more}."


def _burst_second(place: int, alarm: MetricAlarm) -> int:
    return int((_NOON + _BURST_AT).timestamp()) + place * alarm.period


def _clock(second: int, alarm: MetricAlarm) -> str:
    passed = datetime.fromtimestamp(second, UTC) - _NOON
    time = (_NOON + passed).strftime("%H:%M:%S" if alarm.period < 60 else "%H:%M")
    days = ((_NOON + passed).date() - _NOON.date()).days
    return f"{time} +{days} d" if days else time


def _treatment(alarm: MetricAlarm, treat: TreatMissingData, quiet: Datapoint, extra: int | None) -> Treatment:
    life = life_of(alarm, treat=treat, quiet=quiet, extra=extra)
    if life.rings is None:
        rings = "always" if life.before is StateValue.ALARM else "from then on"
    else:
        rings = span_text(life.rings * alarm.period)
    return Treatment(
        name=treat.value,
        before=life.before.value,
        rings=rings,
        after=life.after.value,
        is_its_own=treat is alarm.missing_data,
    )


class _Steps:
    """The moments of a life on the clock."""

    def __init__(self, alarm: MetricAlarm, life: AlarmLife, *, zone: tzinfo | None, extra: int | None) -> None:
        self._alarm = alarm
        self._life = life
        self._evaluator = AlarmEvaluator(alarm, extra=extra, zone=zone)
        self._interval = evaluation_interval(alarm)
        self._moments = _words().moments

    def made(self) -> Iterator[Step]:
        """Creation, the first evaluation, the burst, and every change."""
        life = self._life
        noon = int(_NOON.timestamp())
        yield self._step(noon, StateValue.INSUFFICIENT_DATA, "The alarm is made. No action.")
        first = instant_after(noon, self._interval)
        began = _burst_second(0, self._alarm)
        if first <= began:
            changed = life.before is not StateValue.INSUFFICIENT_DATA
            runs = f" {_actions(life.before)} run." if changed else " No change."
            yield self._step(first, life.before, f"First evaluation. {self._moments[life.first_rule.value]}{runs}")
        yield self._step(began, life.before if first <= began else StateValue.INSUFFICIENT_DATA, "The data breach.")
        state = life.before
        for place, change in enumerate(life.changes):
            instant = self._seen_at(change.after)
            why = f"{self._moments[change.rule.value]} {_actions(change.state)} run."
            yield self._step(instant, change.state, why)
            state = change.state
            following = life.changes[place + 1].after if place + 1 < len(life.changes) else None
            if state is StateValue.ALARM and life.burst == 1 and (following is None or following > change.after + 1):
                later = "The next period has begun, and the point is still in the range."
                yield self._step(self._seen_at(change.after + 1), state, later)

    def _step(self, second: int, state: StateValue, why: str) -> Step:
        return Step(at=_clock(second, self._alarm), state=state.value, why=why)

    def _seen_at(self, after: int) -> int:
        """The first evaluation whose newest slot is the one of `after` periods from the burst."""
        second = _burst_second(after, self._alarm)
        instant = instant_after(second, self._interval)
        while self._evaluator.edges(instant)[-1] <= second:
            instant += self._interval
        return instant


def _actions(state: StateValue) -> str:
    return {
        StateValue.OK: "OKActions",
        StateValue.ALARM: "AlarmActions",
        StateValue.INSUFFICIENT_DATA: "InsufficientDataActions",
    }[state]
