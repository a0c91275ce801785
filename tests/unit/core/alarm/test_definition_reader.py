from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alarms import TOPIC, band_parameters, expression, math_parameters, parameters, stat

from tocsin.core.alarm import AlarmError, Comparison, EvaluationWindow, MetricAlarm, TreatMissingData, WarmUp
from tocsin.core.alarm.definition import TagsPropagation
from tocsin.core.metric import MetricKey


def refused(given: dict[str, Any], **options: Any) -> AlarmError:
    with pytest.raises(AlarmError) as caught:
        MetricAlarm.from_aws(given, **options)
    assert caught.value.hint or "validation error" in caught.value.message or "Unknown" in caught.value.message
    return caught.value


def test_a_minimal_alarm_has_the_defaults() -> None:
    alarm = MetricAlarm.from_aws(parameters())
    assert alarm.alarm_name == "a"
    assert alarm.actions_enabled
    assert (alarm.ok_actions, alarm.alarm_actions, alarm.insufficient_data_actions) == ((), (), ())
    assert alarm.key == MetricKey("Tocsin/Test", "Events")
    assert (alarm.period, alarm.evaluation_periods, alarm.threshold) == (60, 1, 1.0)
    assert (alarm.datapoints_to_alarm, alarm.points_to_alarm) == (None, 1)
    assert (alarm.treat_missing_data, alarm.missing_data) == (None, TreatMissingData.MISSING)
    assert alarm.comparison_operator is Comparison.GREATER_THAN_OR_EQUAL
    assert not alarm.is_anomaly
    assert alarm.wall_clock is None
    assert (alarm.metrics, alarm.tags, alarm.evaluation_window, alarm.warm_up) == ((), {}, None, None)


def test_every_option_is_read() -> None:
    alarm = MetricAlarm.from_aws(
        parameters(
            AlarmDescription="",
            ActionsEnabled=False,
            OKActions=[TOPIC],
            AlarmActions=[TOPIC, TOPIC + "2"],
            InsufficientDataActions=[TOPIC],
            Statistic=None,
            ExtendedStatistic="p99.9",
            Dimensions=[{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}],
            Unit="Count",
            EvaluationPeriods=5,
            DatapointsToAlarm=3,
            TreatMissingData="notBreaching",
            EvaluateLowSampleCountPercentile="ignore",
            Tags=[{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
            EvaluationWindow={"WallClockWindow": {"Timezone": "+05:30"}},
            WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 30, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True},
            ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True, "IncludedTagKeys": ["k"]}},
        )
    )
    assert alarm.alarm_description == ""
    assert not alarm.actions_enabled
    assert alarm.actions("OKActions") == alarm.actions("InsufficientDataActions") == (TOPIC,)
    assert alarm.actions("AlarmActions") == (TOPIC, TOPIC + "2")
    assert alarm.key == MetricKey("Tocsin/Test", "Events", (("a", "1"), ("b", "2")))
    assert alarm.statistic is not None
    assert alarm.statistic.percentile == 99.9
    assert (alarm.unit, alarm.points_to_alarm) == ("Count", 3)
    assert alarm.missing_data is TreatMissingData.NOT_BREACHING
    assert alarm.evaluate_low_sample_count_percentile == "ignore"
    assert alarm.tags == {"k": "2"}
    assert alarm.wall_clock == "+05:30"
    assert alarm.warm_up == WarmUp(minutes=30, only_start_after=True)
    assert alarm.tags_propagation == TagsPropagation(enabled=True, included_tag_keys=("k",))


def test_what_describe_alarms_adds_is_passed_over() -> None:
    described = {"AlarmArn": "arn:x", "StateValue": "ALARM", "StateReason": "r", "StateUpdatedTimestamp": 5}
    assert MetricAlarm.from_aws(parameters(**described)) == MetricAlarm.from_aws(parameters())


# AL-5.5: for DynamoDB an omitted value means ignore, an explicit one holds.
@pytest.mark.parametrize(
    ("given", "treat"),
    [
        (parameters(Namespace="AWS/DynamoDB"), "ignore"),
        (parameters(Namespace="AWS/DynamoDB", TreatMissingData="missing"), "missing"),
        (parameters(Namespace="AWS/DynamoDb"), "missing"),
        (math_parameters(stat("m1"), expression("e", "m1", returned=True)), "missing"),
        (math_parameters(expression("e", "TIME_SERIES(1)", returned=True, Period=60)), "missing"),
    ],
)
def test_treatment_of_missing_data(given: dict[str, Any], treat: str) -> None:
    assert MetricAlarm.from_aws(given).missing_data == treat


@pytest.mark.parametrize(("other", "treat"), [("AWS/DynamoDB", "ignore"), ("Tocsin/Test", "missing")])
def test_a_math_alarm_is_dynamodbs_when_every_metric_is(other: str, treat: str) -> None:
    one, two = stat("m1"), stat("m2")
    one["MetricStat"]["Metric"]["Namespace"] = "AWS/DynamoDB"
    two["MetricStat"]["Metric"]["Namespace"] = other
    assert (
        MetricAlarm.from_aws(math_parameters(one, two, expression("e", "m1+m2", returned=True))).missing_data == treat
    )


# AL-5.9: AWS's texts.
@pytest.mark.parametrize(
    ("changes", "message", "parameter", "code"),
    [
        ({"ExtendedStatistic": "p90"}, "PutMetricAlarm request can not be made with both Statistic and ExtendedStatistic parameters. Only one of them should be present", "ExtendedStatistic", "ValidationError"),
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "The value p101 for parameter ExtendedStatistic is not supported.", "ExtendedStatistic", "InvalidParameterValue"),
        ({"Statistic": None, "ExtendedStatistic": "Sum"}, "The value Sum for parameter ExtendedStatistic is not supported.", "ExtendedStatistic", "InvalidParameterValue"),
        ({"EvaluateLowSampleCountPercentile": "x", "Statistic": None, "ExtendedStatistic": "p90"}, "Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.", "EvaluateLowSampleCountPercentile", "ValidationError"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "EvaluateLowSampleCountPercentile can only be set for an alarm on a percentile.", "EvaluateLowSampleCountPercentile", "ValidationError"),
        ({"EvaluateLowSampleCountPercentile": "ignore", "Statistic": None, "ExtendedStatistic": "tm90"}, "EvaluateLowSampleCountPercentile can only be set for an alarm on a percentile.", "EvaluateLowSampleCountPercentile", "ValidationError"),
        ({"AlarmActions": [TOPIC, "not-an-arn"], "ActionsEnabled": False}, "Invalid arn syntax: not-an-arn", "AlarmActions.2", "ValidationError"),
        ({"OKActions": ["arn:aws:sns:us-east-1"]}, "Invalid arn syntax: arn:aws:sns:us-east-1", "OKActions.1", "ValidationError"),
        ({"Period": 300, "EvaluationPeriods": 289}, "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms using period < 3600", "EvaluationPeriods", "ValidationError"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for alarms using period >= 3600", "EvaluationPeriods", "ValidationError"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be less than or equal to EvaluationPeriods", "DatapointsToAlarm", "ValidationError"),
        ({"Period": 45}, "Period must be 10, 20, 30 or a multiple of 60", "Period", "ValidationError"),
        ({"TreatMissingData": "x"}, "1 validation error detected: Value 'x' at 'treatMissingData' failed to satisfy constraint: Member must satisfy enum value set: [missing, ignore, breaching, notBreaching]", "TreatMissingData", "ValidationError"),
        ({"Statistic": "p90"}, "1 validation error detected: Value 'p90' at 'statistic' failed to satisfy constraint: Member must satisfy enum value set: [SampleCount, Average, Sum, Minimum, Maximum]", "Statistic", "ValidationError"),
        ({"AlarmName": "x" * 256}, f"1 validation error detected: Value '{'x' * 256}' at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to 255", "AlarmName", "ValidationError"),
        ({"AlarmName": None, "EvaluationPeriods": None}, "2 validation errors detected: Value null at 'alarmName' failed to satisfy constraint: Member must not be null; Value null at 'evaluationPeriods' failed to satisfy constraint: Member must not be null", "AlarmName", "ValidationError"),
        ({"ComparisonOperator": None}, "1 validation error detected: Value null at 'comparisonOperator' failed to satisfy constraint: Member must not be null", "ComparisonOperator", "ValidationError"),
        ({"AlarmActions": [TOPIC] * 6}, f"1 validation error detected: Value '[{', '.join([TOPIC] * 6)}]' at 'alarmActions' failed to satisfy constraint: Member must have length less than or equal to 5", "AlarmActions", "ValidationError"),
        ({"Threshold": None}, "Threshold must be set for the operator GreaterThanOrEqualToThreshold.", "Threshold", "ValidationError"),
        ({"ThresholdMetricId": "m1"}, "The operator GreaterThanOrEqualToThreshold cannot be used with ThresholdMetricId.", "ComparisonOperator", "ValidationError"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "ThresholdMetricId must be set for the operator LessThanLowerThreshold.", "ThresholdMetricId", "ValidationError"),
        ({"ComparisonOperator": "LessThanLowerThreshold", "Threshold": None, "ThresholdMetricId": "ad1"}, "Metrics must be set if ThresholdMetricId is set.", "ThresholdMetricId", "ValidationError"),
        ({"MetricName": None}, "MetricName must be set if list of Metrics is not set.", "MetricName", "ValidationError"),
        ({"Namespace": None}, "Namespace must be set if list of Metrics is not set.", "Namespace", "ValidationError"),
        ({"Period": None}, "Period must be set if list of Metrics is not set.", "Period", "ValidationError"),
        ({"Statistic": None}, "Either Statistic or ExtendedStatistic must be set.", "Statistic", "ValidationError"),
        ({"Perod": 5}, "Unknown parameter: Perod", "Perod", "ValidationError"),
        ({"Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]}, "The parameter Dimensions has the name a more than once.", "Dimensions.2.Name", "InvalidParameterValue"),
        ({"Dimensions": [{"Name": "a"}]}, "1 validation error detected: Value null at 'dimensions.1.member.value' failed to satisfy constraint: Member must not be null", "Dimensions.1.Value", "ValidationError"),
        ({"Tags": [{"Key": "k"}]}, "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null", "Tags.1.Value", "ValidationError"),
        ({"Tags": [{"Key": "AwS:x", "Value": ""}]}, 'The provided tag keys must not start with any case of "aws:"', "Tags.1.Key", "AccessDenied"),
        ({"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "The resultant tag set must not have more than 50 user tags.", "Tags", "ValidationError"),
        # AL-16.6: what is not implemented is refused by name.
        ({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up"}}}, "PromQL alarms are not supported by Tocsin.", "EvaluationCriteria", "ValidationError"),
        ({"EvaluationInterval": 60}, "PromQL alarms are not supported by Tocsin.", "EvaluationInterval", "ValidationError"),
        ({"ScheduledQueryConfiguration": {}}, "Log alarms are not supported by Tocsin.", "ScheduledQueryConfiguration", "ValidationError"),
        # AL-5.7, AL-5.8, AL-17.5
        ({"WarmUpConfiguration": {}}, "1 validation error detected: Value null at 'warmUpConfiguration.warmUpPeriodDurationInMinutes' failed to satisfy constraint: Member must not be null", "WarmUpConfiguration.WarmUpPeriodDurationInMinutes", "ValidationError"),
        ({"EvaluationWindow": {"SlidingWindow": {}, "WallClockWindow": {}}}, "Exactly one of SlidingWindow and WallClockWindow must be set.", "EvaluationWindow", "ValidationError"),
        ({"EvaluationWindow": {"WallClockWindow": {"Timezone": "+05:31"}}}, "The value +05:31 for parameter Timezone is invalid.", "EvaluationWindow.WallClockWindow.Timezone", "ValidationError"),
        ({"EvaluationWindow": {"WallClockWindow": {}}, "Period": 120}, "WallClockWindow can only be used with a Period of 60, 300, 3600, 86400 or 604800.", "EvaluationWindow", "ValidationError"),
        ({"ActionConfiguration": {"AlarmTagsPropagation": {"IncludedTagKeys": ["a"], "ExcludedTagKeys": ["b"]}}}, "IncludedTagKeys and ExcludedTagKeys cannot both be set.", "ActionConfiguration.AlarmTagsPropagation", "ValidationError"),
    ],
)  # fmt: skip
def test_what_is_refused(changes: dict[str, Any], message: str, parameter: str, code: str) -> None:
    error = refused(parameters(**changes))
    assert (error.message, error.parameter, error.aws_code) == (message, parameter, code)


# AL-5.2: the last that is allowed.
@pytest.mark.parametrize(
    "changes",
    [
        {"Period": 300, "EvaluationPeriods": 288},
        {"Period": 3600, "EvaluationPeriods": 168},
        {"Period": 86_400, "EvaluationPeriods": 7},
        {"Period": 10, "EvaluationPeriods": 8640},
        {"DatapointsToAlarm": 1},
        {"AlarmName": "x" * 255, "AlarmDescription": "x" * 1024},
        {"Statistic": None, "ExtendedStatistic": "IQM"},
        {"Statistic": None, "ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "evaluate"},
        {"Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(30)]},
        {"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(50)]},
        {"OKActions": ["arn:aws:automate:us-east-1:ec2:stop", "arn:aws-cn:lambda:cn-north-1:111122223333:function:f"]},
        {"EvaluationWindow": {"WallClockWindow": {}}, "Period": 604_800},
        {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 2880}},
        {"ActionConfiguration": {}},
    ],
)  # fmt: skip
def test_what_is_taken(changes: dict[str, Any]) -> None:
    MetricAlarm.from_aws(parameters(**changes))


# AL-5.8: names of time zones are somebody else's business.
@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({}, EvaluationWindow()),
        ({"SlidingWindow": {}}, EvaluationWindow()),
        ({"WallClockWindow": {}}, EvaluationWindow(timezone="UTC")),
        ({"WallClockWindow": {"Timezone": "Europe/Berlin"}}, EvaluationWindow(timezone="Europe/Berlin")),
    ],
)
def test_windows(window: dict[str, Any], expected: EvaluationWindow) -> None:
    assert MetricAlarm.from_aws(parameters(EvaluationWindow=window)).evaluation_window == expected


def test_a_resolver_says_which_time_zones_there_are() -> None:
    zones = {"Europe/Berlin": ZoneInfo("Europe/Berlin")}.get
    known = parameters(EvaluationWindow={"WallClockWindow": {"Timezone": "Europe/Berlin"}})
    assert MetricAlarm.from_aws(known, zones=zones).wall_clock == "Europe/Berlin"
    for name in ("Europe/Atlantis", "../etc/passwd"):
        unknown = parameters(EvaluationWindow={"WallClockWindow": {"Timezone": name}})
        assert "Timezone" in refused(unknown, zones=zones if name[0] == "E" else lambda _: UTC).parameter


# AL-5.3, AL-15.1
@pytest.mark.parametrize(
    ("changes", "message", "parameter"),
    [
        ({"Threshold": 1}, "Threshold should not be set if ThresholdMetricId is set.", "Threshold"),
        ({"ThresholdMetricId": "m1"}, "The value m1 for parameter ThresholdMetricId is invalid.", "ThresholdMetricId"),
        ({"ThresholdMetricId": "x1"}, "The value x1 for parameter ThresholdMetricId is invalid.", "ThresholdMetricId"),
        (
            {"AlarmActions": [TOPIC, "arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:x"]},
            "Auto Scaling actions cannot be used with an alarm on an anomaly detection band.",
            "AlarmActions.2",
        ),
        (
            {
                "Metrics": [
                    stat("m1", returned=True, period=30),
                    expression("ad1", "ANOMALY_DETECTION_BAND(m1)", returned=True),
                ]
            },
            "Period must be at least 60 for an alarm on an anomaly detection band.",
            "Period",
        ),
    ],
)
def test_anomaly_alarms_that_are_refused(changes: dict[str, Any], message: str, parameter: str) -> None:
    error = refused(band_parameters(**changes))
    assert (error.message, error.parameter) == (message, parameter)


@pytest.mark.parametrize(
    "junk", [{}, {"AlarmName": []}, {1: 2}, {"Metrics": [[]]}, {"Metrics": {}, "Tags": 5, "Dimensions": "x"}]
)
def test_anything_else_is_an_alarm_error(junk: dict[Any, Any]) -> None:
    with pytest.raises(AlarmError):
        MetricAlarm.from_aws(junk)
