"""Running one line of an alarm corpus through the alarm core. Spec: AL-20.

`run_metric_case` and `run_composite_case` give the state at each evaluation and the action lists that
ran, each with its offset; REJECT, and no actions, for a definition that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tocsin.core.alarm import AlarmError, AlarmEvaluator, AlarmRecord, AlarmState, MetricAlarm, StateValue, Step
from tocsin.core.alarm.evaluation import evaluate
from tocsin.core.alarm.lifecycle import create_alarm, enable_actions, evaluate_alarm, set_alarm_state, update_alarm
from tocsin.core.alarm.slot import fill_slots
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.anomaly import Band
from tocsin.core.composite_alarm import AlarmNetwork, AlarmRuleError, CompositeAlarm
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.composite_alarm.suppression import Facts, replace_suppressor, step
from tocsin.core.metric import StatisticSet

ZERO = datetime(2026, 1, 5, tzinfo=UTC)
"""Offset 0 of every case: a Monday, midnight."""

SCOPE = AlarmScope("111122223333", "us-east-1")
LISTS = {StateValue.OK: "OKActions", StateValue.ALARM: "AlarmActions"}

Case = dict[str, Any]
Outcome = tuple[list[str], list[list[Any]]]


def at_offset(case: Case, offset: float) -> datetime:
    return ZERO + timedelta(seconds=offset * (1 if case.get("offset_unit") == "second" else 60))


def samples(value: Any) -> list[float]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- metric alarms


def extras(case: Case) -> list[int]:
    """R - N of every run: what the case says, else each from 1 to 6, which must not matter (AL-20.1)."""
    n = case["alarm"]["EvaluationPeriods"]
    return [case["evaluation_range"] - n] if "evaluation_range" in case else [1, 2, 3, 4, 5, 6]


def run_metric_case(case: Case, extra: int) -> Outcome:
    try:
        alarm = MetricAlarm.from_aws(case["alarm"])
    except AlarmError:
        return ["REJECT"], []
    record = create_alarm(alarm, at=ZERO - timedelta(hours=1))
    if "initial_state" in case:
        state = msgspec.structs.replace(record.state, state_value=StateValue(case["initial_state"]))
        record = msgspec.structs.replace(record, state=state)
    states: list[str] = []
    actions: list[list[Any]] = []

    def take(taken: Step, offset: float) -> AlarmRecord:
        if taken.transition is not None and taken.transition.actions:
            actions.append([offset, taken.transition.action_list])
        return taken.record

    ops = list(case.get("ops", []))
    for offset in case["evaluate_at"]:
        while ops and ops[0][0] <= offset:
            due, operation, *argument = ops.pop(0)
            record = take(operate(record, operation, argument, at=at_offset(case, due)), due)
        at = at_offset(case, offset)
        evaluator = AlarmEvaluator(record.definition, extra=extra)
        edges = evaluator.edges(second_of(at))
        bands = bands_of(case, edges)
        reading = evaluator.read(slots_of(case, edges), edges, bands=bands)
        public = evaluate(record.definition, record.state.state_value, points_of(case), at=at, extra=extra, bands=bands)
        record = take(evaluate_alarm(record, evaluator, reading, at=at), offset)
        assert public.new is record.state.state_value
        states.append(record.state.state_value.value)
    return states, actions


def operate(record: AlarmRecord, operation: str, argument: list[Any], *, at: datetime) -> Step:
    match operation:
        case "SetAlarmState":
            return set_alarm_state(record, StateValue(argument[0]), reason="by hand", at=at)
        case "EnableAlarmActions" | "DisableAlarmActions":
            return enable_actions(record, operation == "EnableAlarmActions", at=at)
        case "PutMetricAlarm":
            return update_alarm(record, MetricAlarm.from_aws(argument[0]), at=at)
    raise NotImplementedError(operation)


def by_query(case: Case, read: Callable[[list[Any]], Any]) -> Any:
    """What `read` makes of the datapoints: of an object, of each query's."""
    data = case["datapoints"]
    return {name: read(pairs) for name, pairs in data.items()} if isinstance(data, dict) else read(data)


def slots_of(case: Case, edges: tuple[int, ...]) -> Any:
    def read(pairs: list[Any]) -> Any:
        data = [(at_offset(case, offset), samples(value)) for offset, value in pairs]
        return fill_slots(edges, [(second_of(at), StatisticSet.of(*values)) for at, values in data if values])

    return by_query(case, read)


def points_of(case: Case) -> Any:
    return by_query(case, lambda pairs: [(at_offset(case, offset), value) for offset, value in reversed(pairs)])


def bands_of(case: Case, edges: tuple[int, ...]) -> Callable[[str, float], Band] | None:
    if "band" not in case:
        return None
    lower, upper = (
        {second_of(at_offset(case, offset)): float(value) for offset, value in case["band"][edge]}
        for edge in ("lower", "upper")
    )

    def band(_name: str, _deviations: float) -> Band:
        starts = edges[:-1]
        return Band(lower=tuple(map(lower.get, starts)), upper=tuple(map(upper.get, starts)), model="case")

    return band


# ---------------------------------------------------------------- composite alarms


def run_composite_case(case: Case) -> Outcome:
    children = case["children"]
    try:
        alarm = CompositeAlarm.from_aws(case["alarm"])
        network = AlarmNetwork([alarm], scope=SCOPE)
        network.check(alarm, known=children)
    except (AlarmError, AlarmRuleError):
        return ["REJECT"], []
    states: list[str] = []
    actions: list[list[Any]] = []
    name = alarm.alarm_name
    known = {child: child_state(case, child, 0) for child in children}
    held = None if alarm.actions_suppressor is None else replace_suppressor(None, suppressor=suppressor(alarm, known))
    for offset in instants(case):
        now = {child: child_state(case, child, offset) for child in children}
        changed = [child for child in children if now[child] != known[child]]
        known = {**known, **now}
        at = at_offset(case, offset)
        moved = network.change(changed, known, at) if name in known else network.create(name, known, at)
        for transition in moved:
            known[name] = transition.state()
            if held is None:
                actions.append([offset, LISTS[transition.new]])
        if held is not None:
            held, runs = step(held, at, facts(alarm, known))
            actions += [[(run.at - ZERO) / timedelta(minutes=1), LISTS[run.value]] for run in runs]
        if offset in case["evaluate_at"]:
            states.append(known[name].state_value.value)
    return states, actions if alarm.alarm_actions else []


def instants(case: Case) -> Iterator[float]:
    """Every minute of the case and a while beyond, and what lies between them."""
    moves = {offset for changes in case["children"].values() for offset, _ in changes}
    yield from sorted({0.0, *moves, *case["evaluate_at"], *map(float, range(int(max(case["evaluate_at"])) + 10))})


def child_state(case: Case, child: str, offset: float) -> AlarmState:
    """The state of a child at an offset; INSUFFICIENT_DATA before its first."""
    made = AlarmState.initial(ZERO)
    for since, state in case["children"][child]:
        if since <= offset:
            at = at_offset(case, since)
            made = msgspec.structs.replace(made, state_value=StateValue(state), updated_at=at, transitioned_at=at)
    return made


def suppressor(alarm: CompositeAlarm, states: dict[str, AlarmState]) -> StateValue:
    assert alarm.actions_suppressor is not None
    return states[alarm.actions_suppressor].state_value


def facts(alarm: CompositeAlarm, states: dict[str, AlarmState]) -> Facts:
    return Facts(
        value=states[alarm.alarm_name].state_value,
        suppressor=suppressor(alarm, states),
        wait_period=alarm.actions_suppressor_wait_period or 0,
        extension_period=alarm.actions_suppressor_extension_period or 0,
    )
