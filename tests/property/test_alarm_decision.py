"""Properties of alarm decisions: total, idempotent, the same by every path and at every instant that matters.

Spec: AL-7.1, AL-6.5, AL-18.2 to AL-18.4.
"""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from alarms import expression, math_parameters, parameters, stat
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.core.alarm import AlarmEvaluator, AlarmRecord, Datapoint, MetricAlarm, Reading, StateValue, Step, decide
from tocsin.core.alarm.decision import TreatMissingData
from tocsin.core.alarm.lifecycle import create_alarm, evaluate_alarm, set_alarm_state, update_alarm
from tocsin.core.alarm.schedule import due_instants, evaluation_interval, instant_after, instant_at, instants
from tocsin.core.alarm.slot import fill_slots
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric import StatisticSet

TREATMENTS = st.sampled_from(TreatMissingData)
STATES = st.sampled_from(StateValue)
POINTS = st.lists(st.sampled_from(Datapoint), max_size=12).map(tuple)
M_OF_N = st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


@given(POINTS, M_OF_N, TREATMENTS, STATES)
def test_a_decision_is_total_and_idempotent(points: Any, m_of_n: Any, treat: Any, old: Any) -> None:
    m, n = m_of_n
    first = decide(points, n=n, m=m, treat=treat, old=old)
    again = decide(points, n=n, m=m, treat=treat, old=first.state)
    assert again == first
    if first.rule.startswith("kept"):
        assert first.state is old
    assert list(first.decisive) == sorted(first.decisive, reverse=True)


# R is where the slots end: empty ones before the oldest change nothing, nor does what lies behind N real ones.
@given(POINTS, st.integers(0, 5), M_OF_N, TREATMENTS, STATES)
def test_empty_slots_beyond_the_oldest_do_not_matter(points: Any, more: int, m_of_n: Any, treat: Any, old: Any) -> None:
    m, n = m_of_n
    plain = decide(points, n=n, m=m, treat=treat, old=old)
    padded = decide((Datapoint.MISSING,) * more + points, n=n, m=m, treat=treat, old=old)
    assert (padded.state, padded.rule, padded.real, padded.fills) == (plain.state, plain.rule, plain.real, plain.fills)
    assert padded.decisive == tuple(index + more for index in plain.decisive)


@given(POINTS, POINTS, M_OF_N, TREATMENTS, STATES)
def test_nothing_behind_n_real_points_matters(older: Any, newer: Any, m_of_n: Any, treat: Any, old: Any) -> None:
    m, n = m_of_n
    newer = (*newer, *(Datapoint.GOOD, Datapoint.BAD) * n)
    options = {"n": n, "m": m, "treat": treat, "old": old}
    assert decide(older + newer, **options).state is decide(newer, **options).state


@given(st.lists(st.none() | st.floats(-5, 5), max_size=9).map(tuple), M_OF_N, TREATMENTS, STATES)
def test_the_shortcut_gives_the_same_state(values: Any, m_of_n: Any, treat: Any, old: Any) -> None:
    m, n = m_of_n
    alarm = MetricAlarm.from_aws(parameters(EvaluationPeriods=n, DatapointsToAlarm=m, TreatMissingData=treat.value))
    evaluator = AlarmEvaluator(alarm)
    reading = Reading(edges=tuple(range(len(values) + 1)), values=values)
    assert evaluator.decide(values, old) is evaluator.judge(reading, old).state


# ---------------------------------------------------------------- event-driven evaluation (AL-18.3)

HORIZON = 3600
KINDS = ("metric", "few-samples", "fill", "difference")


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Parameters of an alarm that does not look at the clock."""
    m, n = draw(st.integers(1, 3).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
    period = draw(st.sampled_from([10, 60, 300]))
    options = {
        "EvaluationPeriods": n,
        "DatapointsToAlarm": m,
        "TreatMissingData": draw(TREATMENTS).value,
        "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:t"],
    }
    if draw(st.integers(0, 4)) == 0:
        options["WarmUpConfiguration"] = {
            "WarmUpPeriodDurationInMinutes": draw(st.integers(1, 20)),
            "OnlyStartEvaluatingAfterWarmUpPeriodEnds": draw(st.booleans()),
        }
    match draw(st.sampled_from(KINDS)):
        case "metric":
            return parameters(Period=period, **options)
        case "few-samples":
            more = {"Statistic": None, "ExtendedStatistic": "p50", "EvaluateLowSampleCountPercentile": "ignore"}
            return parameters(Period=period, **more, **options)
        case "fill":
            text = "FILL(m1, 0)"
        case _:
            text = "DIFF(m1)"
    return math_parameters(expression("e1", text, returned=True), stat("m1", period=period), **options)


SECONDS = st.integers(0, HORIZON // 2)
VALUES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=3) | st.just([2.0] * 20)
DATA = st.lists(st.tuples(SECONDS, VALUES, st.just(0) | st.integers(1, 900)), max_size=8)
OPS = st.lists(st.tuples(SECONDS, STATES | definitions()), max_size=3)


def simulate(first: dict[str, Any], data: Any, ops: Any, *, every: bool) -> tuple[list[Any], int]:
    """The transitions of an alarm's life, and the number of evaluations: at every instant, or where it matters."""
    record = create_alarm(MetricAlarm.from_aws(first), at=moment(0))
    found: list[Any] = []
    count = 0

    def take(step: Step) -> AlarmRecord:
        if step.transition is not None:
            shown = msgspec.structs.replace(step.transition, evaluation=None)
            found.append((shown, step.transition.evaluation))
        return step.record

    changes = [(0, None), *sorted(ops, key=lambda op: op[0]), (HORIZON, None)]
    for (start, change), (end, _) in itertools.pairwise(changes):
        if isinstance(change, StateValue):
            record = take(set_alarm_state(record, change, reason="by hand", at=moment(start)))
        elif change is not None:
            record = take(update_alarm(record, MetricAlarm.from_aws(change), at=moment(start)))
        evaluator = AlarmEvaluator(record.definition)
        for instant in segment(record, evaluator, data, start, end, is_new=change is None, every=every):
            count += 1
            record = take(evaluate_alarm(record, evaluator, read(evaluator, data, instant), at=moment(instant)))
    return found, count


def segment(
    record: AlarmRecord, evaluator: AlarmEvaluator, data: Any, start: int, end: int, *, is_new: bool, every: bool
) -> list[int]:
    """The instants from one change to the next: an operation comes before the evaluation at its second."""
    interval = evaluation_interval(record.definition)
    first = instant_after(start, interval) if is_new else instant_at(start, interval)
    if every:
        return list(instants(first - 1, end - 1, interval))
    due = due_instants(
        sorted(second for second, _, delay in data if delay == 0),
        period=record.definition.period,
        evaluation_range=evaluator.range,
        interval=interval,
        late=[(second, second + delay) for second, _, delay in data if delay],
    )
    extra = [first]
    if record.warm_up_ends_at is not None:
        extra.append(instant_at(second_of(record.warm_up_ends_at), interval))
    return sorted(instant for instant in {*due, *extra} if first <= instant < end)


def read(evaluator: AlarmEvaluator, data: Any, instant: int) -> Reading:
    edges = evaluator.edges(instant)
    known = [(second, StatisticSet.of(*values)) for second, values, delay in data if second + delay <= instant]
    slots = fill_slots(edges, known)
    return evaluator.read(slots if evaluator.alarm.key is not None else {"m1": slots}, edges)


@given(definitions(), DATA, OPS)
@example(parameters(Period=300, TreatMissingData="notBreaching"), [(600, [1.0], 0)], [])
@example(parameters(Period=300, TreatMissingData="notBreaching"), [(600, [1.0], 510)], [])
def test_event_driven_evaluation_makes_the_same_transitions(first: Any, data: Any, ops: Any) -> None:
    jumped, few = simulate(first, data, ops, every=False)
    stepped, many = simulate(first, data, ops, every=True)
    assert jumped == stepped
    assert few <= many


# AL-18.a, in minutes: one event in minute 10 of an alarm over five; then the same one, arriving at 18:30.
@pytest.mark.parametrize(
    ("delay", "evaluations", "transitions"),
    [
        (0, 5, [(1, "OK"), (11, "ALARM"), (26, "OK")]),
        (510, 4, [(1, "OK"), (19, "ALARM"), (26, "OK")]),
    ],
)
def test_the_worked_example(delay: int, evaluations: int, transitions: list[Any]) -> None:
    alarm = parameters(Period=300, TreatMissingData="notBreaching")
    found, count = simulate(alarm, [(600, [1.0], delay)], [], every=False)
    assert [(second_of(shown.at) // 60, shown.new.state_value) for shown, _ in found] == transitions
    assert count == evaluations


# AL-18.2: neither order nor batching of the data shows.
@given(definitions(), st.lists(st.tuples(st.integers(0, 600), VALUES), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(first: Any, data: Any, chance: Any) -> None:
    evaluator = AlarmEvaluator(MetricAlarm.from_aws(first))
    whole = read(evaluator, [(second, values, 0) for second, values in data], 600)
    parts = [(second, [value], 0) for second, values in data for value in values]
    chance.shuffle(parts)
    assert read(evaluator, parts, 600) == whole
