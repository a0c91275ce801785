"""Metric alarms: what they are, what they decide, what they say about it.

Rule: everything that can change an alarm's state is decided in this package, from arguments alone.
Given the same alarm, state, data and instant the answer is the same. Spec: AL-5 to AL-10, AL-18.
"""

from __future__ import annotations

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import Datapoint, Decision, DecisionRule, TreatMissingData, decide
from tocsin.core.alarm.definition import EvaluationWindow, MetricAlarm, MetricDataQuery, MetricStat, WarmUp
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.evaluation import Evaluation, evaluate, evaluate_slots
from tocsin.core.alarm.evaluation_range import evaluation_range
from tocsin.core.alarm.evaluator import AlarmEvaluator, Reading
from tocsin.core.alarm.lifecycle import AlarmRecord, Step, Transition
from tocsin.core.alarm.slot import SlotValue
from tocsin.core.alarm.state import AlarmState, StateValue

__all__ = [
    "AlarmError",
    "AlarmEvaluator",
    "AlarmRecord",
    "AlarmState",
    "Comparison",
    "Datapoint",
    "Decision",
    "DecisionRule",
    "Evaluation",
    "EvaluationWindow",
    "MetricAlarm",
    "MetricDataQuery",
    "MetricStat",
    "Reading",
    "SlotValue",
    "StateValue",
    "Step",
    "Transition",
    "TreatMissingData",
    "WarmUp",
    "decide",
    "evaluate",
    "evaluate_slots",
    "evaluation_range",
]
