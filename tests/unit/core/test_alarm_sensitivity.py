"""How many records ring an alarm, and what cannot be claimed (CON-4.10, AL-7)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import metric_alarm

from tocsin.core.alarm_sensitivity import FedMetric, Sensitivity, sensitivity_of

ONE = FedMetric(value=1.0)


def of(fed: FedMetric = ONE, **changes: Any) -> Sensitivity:
    return sensitivity_of(metric_alarm(**{"TreatMissingData": "notBreaching", **changes}), fed)


@pytest.mark.parametrize(
    ("changes", "fed", "records"),
    [
        ({}, ONE, 1),
        ({"Threshold": 3}, ONE, 3),
        ({"Threshold": 2.5}, ONE, 3),
        ({"Threshold": 0}, ONE, 1),
        ({"Threshold": 3, "ComparisonOperator": "GreaterThanThreshold"}, ONE, 4),
        ({"Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"}, ONE, 1),
        ({"Threshold": 10}, FedMetric(value=5.0), 2),
        ({"Threshold": 2, "Statistic": "SampleCount"}, FedMetric(value=5.0), 2),
        ({"Threshold": 5, "Statistic": "Maximum"}, FedMetric(value=5.0), 1),
        ({"TreatMissingData": "missing"}, ONE, 1),
        ({"TreatMissingData": "ignore"}, FedMetric(value=1.0, has_default=True), 1),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 1}, ONE, 1),
        ({"Unit": "Count"}, FedMetric(value=1.0, unit="Count"), 1),
    ],
)
def test_so_many_records_ring_it(changes: dict[str, Any], fed: FedMetric, records: int) -> None:
    found = of(fed, **changes)
    assert (found.records, found.within, found.why_not) == (records, 60, "")


@pytest.mark.parametrize(
    ("changes", "fed", "why_not"),
    [
        ({"Statistic": "Average"}, ONE, "Sum, SampleCount or Maximum"),
        ({"Unit": "Count"}, ONE, "data in Count"),
        ({"ComparisonOperator": "LessThanThreshold"}, ONE, "more"),
        ({"TreatMissingData": "breaching"}, ONE, "while nothing happens"),
        ({"TreatMissingData": "ignore"}, ONE, "never rings again"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, ONE, "2 breaching periods"),
        ({"Threshold": 5, "Statistic": "Maximum"}, ONE, "do not reach"),
        ({"Threshold": 5, "Statistic": "Maximum", "ComparisonOperator": "GreaterThanThreshold"}, FedMetric(value=5.0), "do not reach"),
        ({}, FedMetric(value=0.0), "do not reach"),
        ({}, FedMetric(value=-1.0), "do not reach"),
        ({"Threshold": 1e300}, ONE, "do not reach"),
    ],
)  # fmt: skip
def test_what_is_not_certain_says_why(changes: dict[str, Any], fed: FedMetric, why_not: str) -> None:
    found = of(fed, **changes)
    assert found.records == 0
    assert why_not in found.why_not
    assert found.shortfall(Sensitivity(records=1, within=60)) == found.why_not


def test_a_math_alarm_is_not_certain() -> None:
    queries = [
        {"Id": "e", "Expression": "SUM(METRICS())", "ReturnData": True},
        {
            "Id": "m",
            "ReturnData": False,
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
        },
    ]
    assert of(Metrics=queries, Namespace=None, MetricName=None, Statistic=None, Period=None).records == 0


@pytest.mark.parametrize(
    ("given", "wanted", "shortfall"),
    [
        ((1, 60), (1, 300), ""),
        ((1, 60), (3, 300), ""),
        ((3, 300), (3, 300), ""),
        ((3, 600), (3, 300), ""),
        ((2, 300), (3, 300), ""),
        ((3, 300), (1, 300), "it takes 3 records in 5 minutes"),
        ((3, 60), (3, 300), "the 3 records must fall into 1 minute"),
        ((3, 300), (0, 0), "it takes 3 records in 5 minutes"),
    ],
)
def test_an_alarm_is_as_sensitive_as_another_or_falls_short(
    given: tuple[int, int], wanted: tuple[int, int], shortfall: str
) -> None:
    made = [Sensitivity(records=records, within=within) for records, within in (given, wanted)]
    assert made[0].shortfall(made[1]) == shortfall
