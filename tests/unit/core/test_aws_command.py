"""The command of the AWS CLI that makes a call (CON-7.8). The AWS CLI itself says what a command means."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

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
        "CreateTopic",
        {"Name": "a", "Attributes": {"DisplayName": "Security alerts"}},
        """aws sns create-topic --name a --attributes '{"DisplayName":"Security alerts"}'""",
    ),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "command"), CALLS, ids=[one[1] for one in CALLS])
def test_a_call_as_a_command(service: str, operation: str, parameters: dict[str, Any], command: str) -> None:
    assert aws_command(service, operation, parameters) == command


@pytest.mark.parametrize(("service", "operation", "parameters", "command"), CALLS, ids=[one[1] for one in CALLS])
def test_the_aws_cli_makes_that_call(
    service: str, operation: str, parameters: dict[str, Any], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = pytest.importorskip("awscli.clidriver")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    cli = driver.create_clidriver()
    called: list[tuple[str, str, dict[str, Any]]] = []

    def instead(_self: object, service_name: str, operation_name: str, sent: dict[str, Any], _globals: object) -> int:
        called.append((service_name, operation_name, sent))
        return 0

    monkeypatch.setattr("awscli.clidriver.CLIOperationCaller.invoke", instead)
    assert cli.main(shlex.split(command)[1:]) == 0
    assert called == [(service, operation, parameters)]


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
