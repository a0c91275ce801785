"""What a metric alarm will do, in words, before it does it (CON-4.8, AL-7.c, AL-7.d)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import metric_alarm

from tocsin.core.alarm_words import alarm_words

TOPIC = "arn:aws:sns:us-east-1:111122223333:t"


@pytest.mark.parametrize(
    ("changes", "has_default", "first"),
    [
        (
            {"TreatMissingData": "notBreaching"},
            False,
            "With its first evaluation it goes from INSUFFICIENT_DATA to OK, and tells nobody of that.",
        ),
        (
            {"TreatMissingData": "notBreaching", "OKActions": [TOPIC]},
            False,
            "With its first evaluation it goes from INSUFFICIENT_DATA to OK, and tells of it.",
        ),
        (
            {"TreatMissingData": "notBreaching", "OKActions": [TOPIC], "ActionsEnabled": False},
            False,
            "With its first evaluation it goes from INSUFFICIENT_DATA to OK, and tells nobody of that.",
        ),
        ({"TreatMissingData": "missing"}, False, "It stands in INSUFFICIENT_DATA until there are data."),
        (
            {"TreatMissingData": "missing"},
            True,
            "With the first data it goes from INSUFFICIENT_DATA to OK, and tells nobody of that.",
        ),
    ],
)
def test_the_first_change_is_told(changes: dict[str, Any], has_default: bool, first: str) -> None:
    condition, life, last = alarm_words(metric_alarm(Period=300, **changes), has_default=has_default)
    assert condition.startswith("Rings when ")
    assert "15 minutes" in life or has_default
    assert last == first


def test_of_an_alarm_that_is_there_no_first_change_is_told() -> None:
    assert len(alarm_words(metric_alarm(TreatMissingData="notBreaching"), is_new=False)) == 2


def test_an_alarm_that_rings_without_data_has_no_first_change_to_tell() -> None:
    words = alarm_words(metric_alarm(TreatMissingData="breaching"))
    assert len(words) == 2
    assert words[1].startswith("Without data it is in ALARM from its first evaluation on")


def test_of_a_band_only_the_condition_is_told() -> None:
    band = [
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
    ]
    plain = ("Namespace", "MetricName", "Statistic", "Period", "Threshold", "Dimensions", "Unit")
    (only,) = alarm_words(
        metric_alarm(
            **dict.fromkeys(plain), Metrics=band, ThresholdMetricId="b", ComparisonOperator="GreaterThanUpperThreshold"
        )
    )
    assert only.startswith("Rings when ")
