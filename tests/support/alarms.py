"""Alarms that several test files share: PutMetricAlarm parameters with what a test wants changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.core.alarm import MetricAlarm

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
"""The instant that tests evaluate at, a whole hour."""


def parameters(**changes: Any) -> dict[str, Any]:
    """Sum of Tocsin/Test Events, one period of a minute, breaching from 1 on; a change to None takes away."""
    made = {
        "AlarmName": "a",
        "Namespace": "Tocsin/Test",
        "MetricName": "Events",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def metric_alarm(**changes: Any) -> MetricAlarm:
    return MetricAlarm.from_aws(parameters(**changes))


def stat(
    identifier: str, *, returned: bool = False, period: int = 60, name: str = "Sum", **more: Any
) -> dict[str, Any]:
    """A query for a metric that is called like the query."""
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {"Namespace": "Tocsin/Test", "MetricName": identifier},
            "Period": period,
            "Stat": name,
            **more,
        },
        "ReturnData": returned,
    }


def expression(identifier: str, text: str, *, returned: bool = False, **more: Any) -> dict[str, Any]:
    return {"Id": identifier, "Expression": text, "ReturnData": returned, **more}


def math_parameters(*queries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    of_one_metric = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    return parameters(**of_one_metric, Metrics=list(queries), **changes)


def math_alarm(*queries: dict[str, Any], **changes: Any) -> MetricAlarm:
    return MetricAlarm.from_aws(math_parameters(*queries, **changes))


def band_parameters(**changes: Any) -> dict[str, Any]:
    """An anomaly alarm: m1 against its band of two deviations."""
    queries = [stat("m1", returned=True), expression("ad1", "ANOMALY_DETECTION_BAND(m1, 2)", returned=True)]
    options = {
        "Threshold": None,
        "ThresholdMetricId": "ad1",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        **changes,
    }
    return math_parameters(*options.pop("Metrics", queries), **options)


def band_alarm(**changes: Any) -> MetricAlarm:
    return MetricAlarm.from_aws(band_parameters(**changes))


def before(at: datetime, seconds: float) -> datetime:
    return at - timedelta(seconds=seconds)
