"""Whoever blinds a trail is heard: each act rings the alarm on the log group of that trail. Spec: CT-10.1, CT-10.3.

A whole service with a clock that runs fast: boto3, the recorder of its own calls, the trail, its log group, a metric
filter, an alarm.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from wire_client import client

from tocsin.clock import FastClock
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import server_thread
from tocsin.config import load_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = "us-east-1"
_WITHIN = 60.0  # seconds on this machine; on the clock of the service half an hour

NOTHING = {
    "ReadWriteType": "ReadOnly",
    "IncludeManagementEvents": False,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": []}],
    "ExcludeManagementEventSources": [],
}
FEWER = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}  # fmt: skip


def update(**members) -> tuple[str, dict[str, Any]]:
    return "update_trail", {"Name": "trail", **members}


# What the intruder calls, what the filter of the alarm looks for beside that, and what the trail is made with.
ACTS: dict[str, tuple[tuple[str, dict[str, Any]], str, dict[str, Any]]] = {
    "stop": (("stop_logging", {"Name": "trail"}), "$.eventName = StopLogging", {}),
    "delete": (("delete_trail", {"Name": "trail"}), "$.eventName = DeleteTrail", {}),
    "one region": (
        update(IsMultiRegionTrail=False),
        "$.eventName = UpdateTrail && $.requestParameters.isMultiRegionTrail IS FALSE",
        {"IsMultiRegionTrail": True},
    ),
    "no global services": (
        update(IncludeGlobalServiceEvents=False),
        "$.eventName = UpdateTrail && $.requestParameters.includeGlobalServiceEvents IS FALSE",
        {},
    ),
    "no integrity": (
        update(EnableLogFileValidation=False),
        "$.eventName = UpdateTrail && $.requestParameters.enableLogFileValidation IS FALSE",
        {"EnableLogFileValidation": True},
    ),
    "detached": (
        update(CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn=""),
        '$.eventName = UpdateTrail && $.requestParameters.cloudWatchLogsLogGroupArn = ""',
        {},
    ),
    "another bucket": (
        update(S3BucketName="elsewhere"),
        "$.eventName = UpdateTrail && $.requestParameters.s3BucketName = elsewhere",
        {},
    ),
    "out of the organization": (
        update(IsOrganizationTrail=False),
        "$.eventName = UpdateTrail && $.requestParameters.isOrganizationTrail IS FALSE",
        {"IsOrganizationTrail": True},
    ),
    "select nothing": (
        ("put_event_selectors", {"TrailName": "trail", "EventSelectors": [NOTHING]}),
        "$.eventName = PutEventSelectors && $.requestParameters.eventSelectors[0].includeManagementEvents IS FALSE",
        {},
    ),
    "select less": (
        ("put_event_selectors", {"TrailName": "trail", "AdvancedEventSelectors": [FEWER]}),
        "$.eventName = PutEventSelectors && $.requestParameters.advancedEventSelectors[0].fieldSelectors[0].equals[0] != Management",
        {},
    ),
    "no Insights": (
        ("put_insight_selectors", {"TrailName": "trail", "InsightSelectors": []}),
        "$.eventName = PutInsightSelectors",
        {},
    ),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("evasion") / "data"
    environ = {
        "TOCSIN_SERVER_DATA": str(data),
        "TOCSIN_SERVER_PORT": "0",
        "TOCSIN_SERVER_ORGANIZATION": "o-exampleorgid",
        "TOCSIN_TRAIL_DELIVERY_INTERVAL": "0",
    }
    clock = FastClock(datetime(2026, 3, 1, 12, tzinfo=UTC), speed=30)
    with server_thread(plan_server(load_config(None, environ), environ), clock=clock) as server:
        yield server.address


def test_every_act_rings(address: str) -> None:
    accounts = {act: f"{number:012}" for number, act in enumerate(ACTS, 111122220000)}
    for act, account in accounts.items():
        call, pattern, settings = ACTS[act]
        make(address, account, pattern, settings)
        cloudtrail = client("cloudtrail", address, region=REGION, access_key=account)
        getattr(cloudtrail, call[0])(**call[1])
    silent = set(ACTS)
    until = time.monotonic() + _WITHIN
    while silent and time.monotonic() < until:
        silent = {act for act in silent if state(address, accounts[act]) != "ALARM"}
    assert silent == set()


def make(address: str, account: str, pattern: str, settings: dict[str, Any]) -> None:
    """A trail that logs, and an alarm on what a filter of its log group counts."""
    logs, cloudwatch, cloudtrail = (
        client(name, address, region=REGION, access_key=account) for name in ("logs", "cloudwatch", "cloudtrail")
    )
    logs.create_log_group(logGroupName="CloudTrail/logs")
    logs.put_metric_filter(
        logGroupName="CloudTrail/logs",
        filterName="blinded",
        filterPattern=f"{{ {pattern} }}",
        metricTransformations=[{"metricName": "blinded", "metricNamespace": "Trail", "metricValue": "1"}],
    )
    cloudwatch.put_metric_alarm(
        AlarmName="blinded",
        Namespace="Trail",
        MetricName="blinded",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudtrail.create_trail(
        Name="trail",
        S3BucketName="trail-bucket",
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{account}:log-group:CloudTrail/logs:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{account}:role/trail",
        **settings,
    )
    cloudtrail.start_logging(Name="trail")


def state(address: str, account: str) -> str:
    cloudwatch = client("cloudwatch", address, region=REGION, access_key=account)
    return str(cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"])
