"""What a metric alarm will do, in words, before it does it (CON-4.8, AL-7.c, AL-7.d)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import metric_alarm

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_words import alarm_words, composite_words
from tocsin.core.composite_alarm.definition import CompositeAlarm

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


# ---------------------------------------------------------------- composites


def composite(**changes: Any) -> CompositeAlarm:
    return CompositeAlarm.from_aws({"AlarmName": "c", "AlarmRule": "ALARM(a)", "AlarmActions": [TOPIC], **changes})


HELD = {"ActionsSuppressor": "s", "ActionsSuppressorWaitPeriod": 120, "ActionsSuppressorExtensionPeriod": 180}
AT_ONCE = {**HELD, "ActionsSuppressorWaitPeriod": 0, "ActionsSuppressorExtensionPeriod": 0}


@pytest.mark.parametrize(
    ("changes", "state", "told"),
    [
        ({}, {"holds": True}, "begins in INSUFFICIENT_DATA and goes to ALARM at once, and tells of it."),
        ({}, {"holds": False}, "begins in INSUFFICIENT_DATA and goes to OK at once, and tells nobody of that."),
        ({"OKActions": [TOPIC]}, {"holds": False}, "goes to OK at once, and tells of it."),
        ({"ActionsEnabled": False}, {"holds": True}, "goes to ALARM at once, and tells nobody of that."),
        ({}, {"holds": True, "before": StateValue.OK}, "Saved, it leaves OK and goes to ALARM at once"),
        (HELD, {"holds": True, "suppressor": StateValue.OK}, "tells of it after 2 minutes."),
        (HELD, {"holds": True, "suppressor": StateValue.ALARM}, "tells of it when its suppressor lets it."),
        (AT_ONCE, {"holds": True, "suppressor": StateValue.OK}, "goes to ALARM at once, and tells of it."),
    ],
)
def test_what_a_composite_does_at_once_is_told(changes: dict[str, Any], state: dict[str, Any], told: str) -> None:
    first, second, *_ = composite_words(composite(**changes), **state)
    assert first == f"Rings while its rule holds, and now it {'holds' if state['holds'] else 'does not'}."
    assert second.endswith(told) or told in second


def test_of_a_composite_that_stays_as_it_is_no_change_is_told() -> None:
    assert len(composite_words(composite(), holds=True, before=StateValue.ALARM)) == 1


def test_of_a_rule_that_names_an_unknown_alarm_nothing_is_guessed() -> None:
    (only,) = composite_words(composite(), holds=None)
    assert only.endswith("an alarm in it is not there.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            HELD,
            (
                "Before it tells of a change it waits 2 minutes for s to ring. While s rings it tells nothing; how it"
                " stands then is told 3 minutes after that."
            ),
        ),
        (AT_ONCE, "While s rings it tells nothing; how it stands then is told as soon as that has ended."),
    ],
)
def test_what_a_suppressor_holds_back_is_told(changes: dict[str, Any], told: str) -> None:
    assert composite_words(composite(**changes), holds=True)[-1] == told
