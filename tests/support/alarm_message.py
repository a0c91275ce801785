"""Synthetic records, alarms and changes of state for the tests of what alarms publish."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.event import Event
from tocsin.core.notification import EventSummary, StateChange
from tocsin.core.notification.call import Call
from tocsin.core.template import lay_over

SCOPE = AlarmScope("111122223333", "us-east-1")
AT = datetime(2026, 9, 14, 11, 18, 44, 252_000, tzinfo=UTC)
SECOND = 1_789_384_724
"""The second that AT lies in."""

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
REASON = "Threshold Crossed: 1 datapoint [1.0 (14/09/26 11:13:00)] was greater than or equal to the threshold (1.0)."


def event(**members: Any) -> Event:
    """The record of the template with these members; `service` is short for eventSource."""
    service = members.pop("service", None)
    if service is not None:
        members["eventSource"] = f"{service}.amazonaws.com"
    return Event(json.dumps(lay_over(members)))


def call(**members: Any) -> Call:
    """The same as a call."""
    return Call(event(**members))


def summary(second: int = SECOND, **members: Any) -> EventSummary:
    """The same as a summary."""
    return EventSummary.of(event(**members), second)


def metric_alarm(name: str = "root-use", **parameters: Any) -> MetricAlarm:
    """The alarm of example AL-17.a, with these parameters on top; None takes one away."""
    given = {
        "AlarmName": name,
        "Namespace": "CloudTrailMetrics",
        "MetricName": "RootUse",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [TOPIC],
        **parameters,
    }
    return MetricAlarm.from_aws({key: value for key, value in given.items() if value is not None})


def math_alarm(**parameters: Any) -> MetricAlarm:
    """An alarm on the share of errors among requests."""
    stats = [
        {
            "Id": ident,
            "MetricStat": {
                "Metric": {
                    "Namespace": "Shop",
                    "MetricName": name,
                    "Dimensions": [{"Name": "Service", "Value": "pay"}],
                },
                "Period": 60,
                "Stat": "p90",
                **({"Unit": "Count"} if ident == "m1" else {}),
            },
            "ReturnData": False,
        }
        for ident, name in (("m1", "Errors"), ("m2", "Requests"))
    ]
    expression = {"Id": "e1", "Expression": "100*m1/m2", "Label": "error rate", "ReturnData": True}
    gone = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period", "TreatMissingData"))
    several = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5}
    return metric_alarm("error-rate", **{**gone, **several, "Metrics": [expression, *stats], **parameters})


def composite_alarm(
    name: str = "under-attack", rule: str = "ALARM(a) OR ALARM(b)", **parameters: Any
) -> CompositeAlarm:
    """A composite alarm."""
    return CompositeAlarm.from_aws({"AlarmName": name, "AlarmRule": rule, **parameters})


def change(**members: Any) -> StateChange:
    """The change of state of example AL-17.a, with these members on top."""
    given: dict[str, Any] = {
        "scope": SCOPE,
        "old": StateValue.OK,
        "new": StateValue.ALARM,
        "reason": REASON,
        "at": AT,
        "configuration_updated_at": datetime(2026, 9, 14, 11, 18, 43, 639_000, tzinfo=UTC),
    }
    return StateChange(**{**given, **members})
