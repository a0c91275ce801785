"""When an alarm rings, in words (AL-5.1, AL-5.3, AL-7)."""

from __future__ import annotations

import pytest
from alarms import expression, math_alarm, metric_alarm, stat

from tocsin.core.alarm import Comparison
from tocsin.core.alarm_condition import comparison_text, condition_text, span_text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"Period": 300, "Threshold": 3}, "Sum of Events is at least 3 in 5 minutes"),
        ({"EvaluationPeriods": 3}, "Sum of Events is at least 1 in 3 periods of 1 minute on end"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, "Sum of Events is at least 1 in 2 of the last 3 periods of 1 minute"),
        ({"Threshold": 1234567}, "Sum of Events is at least 1234567 in 1 minute"),
        ({"Threshold": 0.5}, "Sum of Events is at least 0.5 in 1 minute"),
        ({"ComparisonOperator": "LessThanThreshold"}, "Sum of Events is less than 1 in 1 minute"),
        ({"Dimensions": [{"Name": "Region", "Value": "eu-west-1"}]}, "Sum of Events (Region = eu-west-1) is at least 1 in 1 minute"),
    ],
)  # fmt: skip
def test_an_alarm_on_one_metric(changes: dict[str, object], text: str) -> None:
    assert condition_text(metric_alarm(**changes)) == text


@pytest.mark.parametrize(
    ("more", "text"),
    [({}, "m1 * 2 is at least 1 in 1 minute"), ({"Label": "Twice"}, "Twice is at least 1 in 1 minute")],
)
def test_an_alarm_on_an_expression(more: dict[str, str], text: str) -> None:
    assert condition_text(math_alarm(stat("m1"), expression("e1", "m1 * 2", returned=True, **more))) == text


def test_an_alarm_on_a_query_is_called_by_its_id() -> None:
    assert condition_text(math_alarm(stat("m1", returned=True))).startswith("m1 is at least")


def test_every_operator_has_words() -> None:
    assert len({comparison_text(comparison) for comparison in Comparison}) == len(Comparison)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(10, "10 seconds"), (60, "1 minute"), (300, "5 minutes"), (86_400, "1 day"), (604_800, "1 week"), (90, "90 seconds")],
)  # fmt: skip
def test_span(seconds: int, text: str) -> None:
    assert span_text(seconds) == text


def test_no_span_is_no_unit() -> None:
    assert span_text(1) == "1 second"
