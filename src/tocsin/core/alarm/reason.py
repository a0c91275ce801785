"""Why an alarm is in its state, word for word as CloudWatch says it. Rule: the wording stands here alone.

Sentences for a state that was kept are ours: CloudWatch writes none, because nothing changed.
Spec: AL-9.1 to AL-9.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import Decision, DecisionRule, TreatMissingData
from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import point_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.slot import SlotValue

WARMING_UP_REASON = "Warming up: evaluation starts when the warm-up period ends or the evaluation window is full."
"""StateReason while an alarm warms up after an update (AL-5.7, our choice)."""

_RELATION = {
    Comparison.GREATER_THAN_OR_EQUAL: "greater than or equal to",
    Comparison.GREATER_THAN: "greater than",
    Comparison.LESS_THAN: "less than",
    Comparison.LESS_THAN_OR_EQUAL: "less than or equal to",
}
_TREATED = {TreatMissingData.BREACHING: "Breaching", TreatMissingData.NOT_BREACHING: "NonBreaching"}


def points_needed(alarm: MetricAlarm, state: StateValue) -> int:
    """Q: how many datapoints a change to that state takes: N - M + 1 for OK, M for the others (AL-9.3, AL-9.10)."""
    m = alarm.points_to_alarm
    return alarm.evaluation_periods - m + 1 if state is StateValue.OK else m


def reason_text(alarm: MetricAlarm, decision: Decision, decisive: Sequence[SlotValue]) -> str:
    """StateReason for a decision; `decisive` are its slots, newest first, each with a value."""
    n = alarm.evaluation_periods
    match decision.rule:
        case DecisionRule.NO_DATA:
            return f"Insufficient Data: {_counted(n, 'datapoint')} {_was(n)} unknown."
        case DecisionRule.KEPT_TOO_YOUNG | DecisionRule.KEPT_IGNORING | DecisionRule.KEPT_FEW_SAMPLES:
            return _kept(alarm, decision, decisive)
        case DecisionRule.WARMING_UP:
            return WARMING_UP_REASON
        case _:
            return _crossed(alarm, decision, decisive) if decisive else _only_fills(alarm, decision)


def _crossed(alarm: MetricAlarm, decision: Decision, decisive: Sequence[SlotValue]) -> str:
    k = len(decisive)
    treated = _TREATED.get(alarm.missing_data) if decision.fills else None
    fills = "" if treated is None else f" and {_missing(decision.fills, treated)}"
    body = f"{_points(decisive)} {_was(k)} {_compared(alarm, decision.state, decisive)}{fills}"
    head = "Thresholds Crossed" if alarm.is_anomaly else "Threshold Crossed"
    if alarm.datapoints_to_alarm is None:
        return f"{head}: {_counted(k, 'datapoint')} {body}."
    change = "ALARM -> OK" if decision.state is StateValue.OK else "OK -> ALARM"
    needed = _counted(points_needed(alarm, decision.state), "datapoint")
    return (
        f"{head}: {k} out of the last {alarm.evaluation_periods} datapoints {body}"
        f" (minimum {needed} for {change} transition)."
    )


def _only_fills(alarm: MetricAlarm, decision: Decision) -> str:
    """No real point, or none that speaks for the state: the fills decided alone (AL-9.5)."""
    n = alarm.evaluation_periods
    received = (
        f"{_counted(decision.real, 'datapoint')} {_was(decision.real)}" if decision.real else "no datapoints were"
    )
    missing = _missing(decision.fills, _TREATED[alarm.missing_data])
    return f"Threshold Crossed: {received} received for {_counted(n, 'period')} and {missing}."


def _kept(alarm: MetricAlarm, decision: Decision, decisive: Sequence[SlotValue]) -> str:
    k = len(decisive)
    n, m = alarm.evaluation_periods, alarm.points_to_alarm
    if decision.rule is DecisionRule.KEPT_FEW_SAMPLES:
        return "State kept: there are too few samples for the percentile."
    if not decisive:
        return f"State kept: {_counted(n, 'datapoint')} {_was(n)} missing and ignored."
    fact = f"{_counted(k, 'datapoint')} {_points(decisive)} {_was(k)} {_compared(alarm, StateValue.ALARM, decisive)}"
    if decision.rule is DecisionRule.KEPT_IGNORING:
        return f"State kept: {fact}, {m} are needed, and missing datapoints are ignored."
    return f"State kept: {fact}, {m} are needed, or one that is at least {m} periods old with no other beside it."


def _compared(alarm: MetricAlarm, state: StateValue, decisive: Sequence[SlotValue]) -> str:
    negation = "not " if state is StateValue.OK else ""
    comparison = alarm.comparison_operator
    if not comparison.needs_band:
        assert alarm.threshold is not None
        return f"{negation}{_RELATION[comparison]} the threshold ({number_text(alarm.threshold)})"
    edges = []
    if comparison.needs_lower:
        edges.append(f"{negation}less than the lower thresholds [{_numbers(slot.lower for slot in decisive)}]")
    if comparison.needs_upper:
        edges.append(f"{negation}greater than the upper thresholds [{_numbers(slot.upper for slot in decisive)}]")
    return " or ".join(edges)


def _numbers(values: Iterable[float | None]) -> str:
    return ", ".join(number_text(value) for value in values if value is not None)


def _points(slots: Sequence[SlotValue]) -> str:
    shown = (f"{number_text(slot.value)} ({point_time(slot.start)})" for slot in slots if slot.value is not None)
    return f"[{', '.join(shown)}]"


def _missing(count: int, treated: str) -> str:
    return f"{_counted(count, 'missing datapoint')} {_was(count)} treated as [{treated}]"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
