"""Records of a small account for the pages of events, and a console over them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from console_bench import AT, ConsoleBench

if TYPE_CHECKING:
    from datetime import datetime

ALICE = "arn:aws:iam::111122223333:user/alice"
DEPLOY = "arn:aws:iam::111122223333:role/deploy"
OFFICE, HOME = "192.0.2.10", "203.0.113.47"
GROUP = "trail"


def event_id(number: int) -> str:
    """A UUID."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def user(name: str = "alice", key: str = "AKIAIOSFODNN7EXAMPLE") -> dict[str, str]:
    """The identity of an IAM user."""
    arn = f"arn:aws:iam::111122223333:user/{name}"
    return {"type": "IAMUser", "userName": name, "arn": arn, "accountId": "111122223333", "accessKeyId": key}


def role(name: str = "deploy", session: str = "ci-1") -> dict[str, Any]:
    """The identity of a session of a role."""
    issuer = {"type": "Role", "arn": f"arn:aws:iam::111122223333:role/{name}", "userName": name}
    arn = f"arn:aws:sts::111122223333:assumed-role/{name}/{session}"
    return {"type": "AssumedRole", "arn": arn, "accountId": "111122223333", "sessionContext": {"sessionIssuer": issuer}}


def record(minutes: float, number: int, name: str = "ListUsers", *, at: datetime = AT, **fields: Any) -> dict[str, Any]:
    """A record of so many minutes before `at`; None as a field's value leaves the field out."""
    told: dict[str, Any] = {
        "eventVersion": "1.11",
        "eventTime": f"{at - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
        "eventName": name,
        "eventSource": "iam.amazonaws.com",
        "eventID": event_id(number),
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": OFFICE,
        "userAgent": "aws-cli/2.31",
        "userIdentity": user(),
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "requestParameters": None,
    }
    return {key: value for key, value in (told | fields).items() if value is not ...}


def opened(minutes: float, number: int, group: str = "sg-0a1b2c3d", **fields: Any) -> dict[str, Any]:
    """A record in which somebody opens tcp 22 of a security group to everybody."""
    rule = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}
    parameters = {"groupId": group, "ipPermissions": {"items": [rule]}}
    fields = {"eventSource": "ec2.amazonaws.com", "requestParameters": parameters} | fields
    return record(minutes, number, "AuthorizeSecurityGroupIngress", **fields)


def put_filter(bench: ConsoleBench, name: str, pattern: str, *, alarm: str = "", value: str = "1") -> None:
    """A metric filter of the group, and an alarm on its metric."""
    metric = {"metricName": name, "metricNamespace": "Tests", "metricValue": value}
    bench.call(
        "logs",
        "PutMetricFilter",
        {"logGroupName": GROUP, "filterName": name, "filterPattern": pattern, "metricTransformations": [metric]},
    )
    if alarm:
        bench.call(
            "cloudwatch",
            "PutMetricAlarm",
            {
                "AlarmName": alarm,
                "Namespace": "Tests",
                "MetricName": name,
                "Statistic": "Sum",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        )
