"""What is shown beside a form is run, and makes the same things: commands by a shell, the program by Python (CON-7.8)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wire_client import REGION

from tocsin.core.aws_call import AwsCall
from tocsin.core.equal_command import EqualKind, equal_forms

if TYPE_CHECKING:
    from live_server import LiveServer

HOSTILE = '{ ($.eventName = "it\'s; $(exit 3) `x`") || ($.a = "é\\\\u202e") }'


def call(service: str, operation: str, **parameters: Any) -> AwsCall:
    return AwsCall(service=service, operation=operation, parameters=parameters)


def chain(account: str) -> list[AwsCall]:
    topic = f"arn:aws:sns:{REGION}:{account}:sec-alerts"
    metric = {"metricName": "Changes", "metricNamespace": "Trail", "metricValue": "1", "defaultValue": 0.0}
    return [
        call("logs", "CreateLogGroup", logGroupName="trail-group", tags={"team": "security people"}),
        call("logs", "PutRetentionPolicy", logGroupName="trail-group", retentionInDays=90),
        call(
            "logs",
            "PutMetricFilter",
            logGroupName="trail-group",
            filterName="-changes",
            filterPattern=HOSTILE,
            metricTransformations=[metric],
        ),
        call("sns", "CreateTopic", Name="sec-alerts", Attributes={"DisplayName": "Security, alerts"}),
        call(
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName="changes",
            AlarmDescription="https://example.com/runbook\t\x1b[31m",
            Namespace="Trail",
            MetricName="Changes",
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=-1e-05,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[topic],
        ),
        call("cloudwatch", "PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(changes)", ActionsEnabled=False),
        call("cloudwatch", "SetAlarmState", AlarmName="changes", StateValue="ALARM", StateReason="a test"),
        call("cloudtrail", "CreateTrail", Name="management", S3BucketName="trail-bucket", IsMultiRegionTrail=True),
        call("cloudtrail", "StartLogging", Name="management"),
    ]


def made(server: LiveServer, account: str) -> dict[str, Any]:
    """What is there now, without times, and with the account's number taken out."""
    logs, alarms = server.client("logs", account=account), server.client("cloudwatch", account=account)
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = {
        "groups": logs.describe_log_groups()["logGroups"],
        "tags": logs.list_tags_log_group(logGroupName="trail-group")["tags"],
        "filters": logs.describe_metric_filters()["metricFilters"],
        "alarms": alarms.describe_alarms(AlarmTypes=kinds)["MetricAlarms"],
        "composites": alarms.describe_alarms(AlarmTypes=kinds)["CompositeAlarms"],
        "topics": server.client("sns", account=account).list_topics()["Topics"],
        "trails": server.client("cloudtrail", account=account).describe_trails()["trailList"],
    }
    return without_times(found, account)


def without_times(value: Any, account: str) -> Any:
    match value:
        case dict():
            return {
                key: without_times(item, account)
                for key, item in value.items()
                if "time" not in key.lower() and not key.startswith("State")  # alarms are evaluated meanwhile
            }
        case list():
            return [without_times(item, account) for item in value]
        case str():
            return value.replace(account, "ACCOUNT")
    return value


def environ(server: LiveServer, account: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **own,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": server.address,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_commands_and_program_make_the_same_as_the_calls(server: LiveServer) -> None:
    by_call, by_command, by_program = "310000000001", "310000000002", "310000000003"
    for one in chain(by_call):
        server.client(one.service, account=by_call)._make_api_call(one.operation, one.parameters)
    forms = {form.kind: form.text for form in equal_forms(chain(by_command))}
    subprocess.run(["sh", "-e", "-c", forms[EqualKind.CLI]], env=environ(server, by_command), check=True, timeout=120)
    program = {form.kind: form.text for form in equal_forms(chain(by_program))}[EqualKind.PYTHON]
    subprocess.run([sys.executable, "-c", program], env=environ(server, by_program), check=True, timeout=60)
    expected = made(server, by_call)
    assert expected["filters"][0]["filterPattern"] == HOSTILE
    assert made(server, by_command) == expected
    assert made(server, by_program) == expected
