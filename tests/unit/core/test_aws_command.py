"""The command of the AWS CLI that makes a call (CON-7.8). The AWS CLI itself says what a command means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from awscli_call import AwsCli

from tocsin.core.aws_call import AwsCall
from tocsin.core.aws_command import aws_command, cli_name

CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    ("sts", "GetCallerIdentity", {}, "aws sts get-caller-identity"),
    (
        "cloudtrail",
        "UpdateTrail",
        {"Name": "management-trail", "IsMultiRegionTrail": False, "EnableLogFileValidation": True},
        "aws cloudtrail update-trail --name management-trail --no-is-multi-region-trail --enable-log-file-validation",
    ),
    (
        "logs",
        "PutMetricFilter",
        {
            "logGroupName": "CloudTrail/logs",
            "filterName": "stop",
            "filterPattern": "{ $.eventName = StopLogging }",
            "metricTransformations": [{"metricName": "Stop", "metricNamespace": "Trail", "metricValue": "1"}],
        },
        (
            "aws logs put-metric-filter --log-group-name CloudTrail/logs --filter-name stop"
            " --filter-pattern '{ $.eventName = StopLogging }'"
            " --metric-transformations metricName=Stop,metricNamespace=Trail,metricValue=1"
        ),
    ),
    (
        "cloudwatch",
        "PutMetricAlarm",
        {
            "AlarmName": "stop",
            "MetricName": "Stop",
            "Namespace": "Trail",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.5,
            "Statistic": "Sum",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:a", "arn:aws:sns:us-east-1:111122223333:b"],
            "OKActions": [],
        },
        (
            "aws cloudwatch put-metric-alarm --alarm-name stop --metric-name Stop --namespace Trail --period 60"
            " --evaluation-periods 1 --threshold 1.5 --statistic Sum --comparison-operator GreaterThanOrEqualToThreshold"
            " --alarm-actions arn:aws:sns:us-east-1:111122223333:a arn:aws:sns:us-east-1:111122223333:b --ok-actions '[]'"
        ),
    ),
    (
        "sns",
        "Subscribe",
        {"TopicArn": "arn:aws:sns:us-east-1:111122223333:a", "Protocol": "email", "Endpoint": "o'neil@example.com"},
        (
            "aws sns subscribe --topic-arn arn:aws:sns:us-east-1:111122223333:a --protocol email"
            " --notification-endpoint 'o'\"'\"'neil@example.com'"
        ),
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
        (
            "aws ec2 authorize-security-group-ingress --group-id sg-1"
            """ --ip-permissions '[{"IpProtocol":"tcp","IpRanges":[{"CidrIp":"0.0.0.0/0"}]}]'"""
        ),
    ),
    (
        "sns",
        "Subscribe",
        {"TopicArn": "t", "Protocol": "https", "Endpoint": "https://example.com/hook"},
        "aws sns subscribe --topic-arn t --protocol https --notification-endpoint https://example.com/hook",
    ),
    (
        "logs",
        "TestMetricFilter",
        {"filterPattern": "-ERR", "logEventMessages": ["-x", "y"]},
        """aws logs test-metric-filter --filter-pattern=-ERR --log-event-messages '["-x","y"]'""",
    ),
    (
        "logs",
        "TestMetricFilter",
        {"filterPattern": "file:///etc/hostname", "logEventMessages": ["x"]},
        (
            "aws logs test-metric-filter"
            """ --cli-input-json '{"filterPattern":"file:///etc/hostname","logEventMessages":["x"]}'"""
        ),
    ),
    (
        "logs",
        "TestMetricFilter",
        {"filterPattern": "a\x1b[201~\U000e0041", "logEventMessages": ["x"]},
        (
            "aws logs test-metric-filter"
            r""" --cli-input-json '{"filterPattern":"a\u001b[201~\udb40\udc41","logEventMessages":["x"]}'"""
        ),
    ),
    (
        "logs",
        "TestMetricFilter",
        {"filterPattern": "x", "logEventMessages": ["a\tb"]},
        r"""aws logs test-metric-filter --filter-pattern x --log-event-messages '["a\tb"]'""",
    ),
    (
        "sns",
        "CreateTopic",
        {"Name": "a", "Attributes": {"DisplayName": "Security alerts"}},
        """aws sns create-topic --name a --attributes '{"DisplayName":"Security alerts"}'""",
    ),
    (
        "cloudwatch",
        "PutAnomalyDetector",
        {"Namespace": "n", "MetricName": "m", "Stat": "Sum", "MetricCharacteristics": {"PeriodicSpikes": True}},
        (
            "aws cloudwatch put-anomaly-detector --namespace n --metric-name m --stat Sum"
            """ --metric-characteristics '{"PeriodicSpikes":true}'"""
        ),
    ),
]


@pytest.fixture(scope="module")
def cli() -> Iterator[AwsCli]:
    started = AwsCli()
    yield started
    started.close()


@pytest.mark.parametrize(("service", "operation", "parameters", "command"), CALLS, ids=[one[1] for one in CALLS])
def test_a_call_as_a_command(service: str, operation: str, parameters: dict[str, Any], command: str) -> None:
    assert aws_command(service, operation, parameters) == command


@pytest.mark.parametrize(("service", "operation", "parameters", "command"), CALLS, ids=[one[1] for one in CALLS])
def test_the_aws_cli_makes_that_call(
    service: str, operation: str, parameters: dict[str, Any], command: str, cli: AwsCli
) -> None:
    assert cli.call(command) == AwsCall(service=service, operation=operation, parameters=parameters)


def test_a_long_command_has_an_option_a_line() -> None:
    parameters = {"logGroupName": "CloudTrail/logs", "retentionInDays": 90}
    assert aws_command("logs", "PutRetentionPolicy", parameters, width=80) == (
        "aws logs put-retention-policy \\\n  --log-group-name CloudTrail/logs \\\n  --retention-in-days 90"
    )


def test_a_command_that_fits_stays_on_its_line() -> None:
    assert aws_command("logs", "DeleteLogGroup", {"logGroupName": "g"}, width=80) == (
        "aws logs delete-log-group --log-group-name g"
    )


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("OKActions", "ok-actions"),
        ("S3BucketName", "s3-bucket-name"),
        ("CloudWatchLogsLogGroupArn", "cloud-watch-logs-log-group-arn"),
        ("logGroupName", "log-group-name"),
        ("TagsList", "tags-list"),
    ],
)
def test_names_of_options(name: str, option: str) -> None:
    assert cli_name(name) == option


def test_numbers_stand_in_the_shorthand_and_booleans_in_json() -> None:
    assert aws_command("a", "B", {"Limits": {"Least": 2, "Most": 1.5}}) == "aws a b --limits Least=2,Most=1.5"
    assert aws_command("a", "B", {"Limits": {"Least": True}}) == """aws a b --limits '{"Least":true}'"""
