from __future__ import annotations

from typing import Any

import pytest
from alarms import TOPIC, band_parameters, expression, math_parameters, parameters, stat

from tocsin.core.alarm import MetricAlarm


# AL-11.2: the echo of a minimal alarm has the three lists and the dimensions, and no option that was not set.
def test_the_echo_of_a_minimal_alarm() -> None:
    assert MetricAlarm.from_aws(parameters()).to_aws() == {
        "AlarmName": "a",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "MetricName": "Events",
        "Namespace": "Tocsin/Test",
        "Statistic": "Sum",
        "Dimensions": [],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }


@pytest.mark.parametrize(
    "given",
    [
        parameters(
            AlarmDescription="d",
            ActionsEnabled=False,
            OKActions=[TOPIC],
            AlarmActions=[TOPIC],
            InsufficientDataActions=[TOPIC],
            Statistic=None,
            ExtendedStatistic="p90",
            Dimensions=[{"Name": "a", "Value": "1"}],
            Unit="Count",
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            TreatMissingData="breaching",
            EvaluateLowSampleCountPercentile="ignore",
            Tags=[{"Key": "k", "Value": "v"}],
            EvaluationWindow={"WallClockWindow": {"Timezone": "UTC+01:00"}},
            WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 5, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": False},
            ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True, "ExcludedTagKeys": ["k"]}},
        ),
        parameters(
            EvaluationWindow={"SlidingWindow": {}},
            ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True, "IncludedTagKeys": ["k"]}},
        ),
        math_parameters(
            expression("e1", "m1 / 2", returned=True, Label="half", Period=60, AccountId="111122223333"),
            stat("m1", name="p99", Unit="Count"),
            TreatMissingData="ignore",
        ),
        band_parameters(EvaluationPeriods=3),
    ],
)
def test_the_parameters_come_back_and_make_an_equal_alarm(given: dict[str, Any]) -> None:
    alarm = MetricAlarm.from_aws(given)
    made = alarm.to_aws()
    assert MetricAlarm.from_aws(made) == alarm
    assert given.items() <= _without_empty_dimensions(made).items()


def _without_empty_dimensions(made: dict[str, Any]) -> dict[str, Any]:
    """Dimensions of a metric are always echoed; the tests' queries do not give them."""
    for query in made.get("Metrics", []):
        if "MetricStat" in query:
            assert query["MetricStat"]["Metric"].pop("Dimensions") == []
    return made
