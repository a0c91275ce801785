"""The whole chain over a socket, with boto3: events, filters, metrics, alarms, topics (IF-7, WIRE-9.7)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_server import LiveServer

PATTERN = "{ $.eventName = StopLogging }"


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day


def record(name: str, **more: Any) -> str:
    return msgspec.json.encode({"eventVersion": "1.11", "eventName": name, **more}).decode()


def until(found: Callable[[], Any], *, seconds: float) -> Any:
    """The first answer that is true, asked for again and again."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"not within {seconds} seconds"
        threading.Event().wait(0.1)  # between two questions to another process
    return answer


def make_filter(logs: Any, name: str = "stopped") -> None:
    logs.create_log_group(logGroupName="trail")
    logs.create_log_stream(logGroupName="trail", logStreamName="s")
    logs.put_metric_filter(
        logGroupName="trail",
        filterName=name,
        filterPattern=PATTERN,
        metricTransformations=[{"metricName": name, "metricNamespace": "Trail", "metricValue": "1"}],
    )


def sum_of(cloudwatch: Any, name: str = "stopped") -> float:
    end = datetime.now(UTC) + timedelta(minutes=2)  # noqa: TID251  # as above
    points = cloudwatch.get_metric_statistics(
        Namespace="Trail",
        MetricName=name,
        StartTime=end - timedelta(minutes=10),
        EndTime=end,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_event_is_a_metric_as_soon_as_it_is_acknowledged(server: LiveServer, account: str) -> None:
    logs, cloudwatch = (server.client(name, account=account) for name in ("logs", "cloudwatch"))
    make_filter(logs)
    for expected in (1, 2, 3):
        answer = logs.put_log_events(
            logGroupName="trail",
            logStreamName="s",
            logEvents=[
                {"timestamp": now_ms(), "message": record("StopLogging")},
                {"timestamp": now_ms() + 1, "message": record("StartLogging")},
            ],
        )
        assert "rejectedLogEventsInfo" not in answer
        assert sum_of(cloudwatch) == expected
    events = logs.filter_log_events(logGroupName="trail", filterPattern=PATTERN)["events"]
    assert [msgspec.json.decode(event["message"])["eventName"] for event in events] == ["StopLogging"] * 3


def test_alarm_rings_on_the_clock_and_tells_its_topic(server: LiveServer, account: str) -> None:
    cloudwatch, sns = (server.client(name, account=account) for name in ("cloudwatch", "sns"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = f"arn:aws:sqs:eu-west-1:{account}:q"
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"].startswith(topic)
    cloudwatch.put_metric_alarm(
        AlarmName="quick",
        Namespace="N",
        MetricName="m",
        Statistic="Sum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    before = server.ask("/_tocsin/metrics").body.decode()
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1, "StorageResolution": 1}])

    def ringing() -> Any:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["quick"])["MetricAlarms"]
        return alarm if alarm["StateValue"] == "ALARM" else None

    alarm = until(ringing, seconds=25)
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 ")
    history = cloudwatch.describe_alarm_history(AlarmName="quick")["AlarmHistoryItems"]
    assert {item["HistoryItemType"] for item in history} >= {"ConfigurationUpdate", "StateUpdate", "Action"}
    after = server.ask("/_tocsin/metrics").body.decode()
    assert counter(after, "tocsin_deliveries_queued_total") > counter(before, "tocsin_deliveries_queued_total")
    assert counter(after, 'tocsin_alarm_transitions_total{state="ALARM"}') >= 1


def counter(text: str, name: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)


def test_many_clients_at_once_lose_nothing(server: LiveServer, account: str) -> None:
    logs, cloudwatch = (server.client(name, account=account) for name in ("logs", "cloudwatch"))
    make_filter(logs)

    def send(number: int) -> None:
        client = server.client("logs", account=account)
        client.create_log_stream(logGroupName="trail", logStreamName=f"s{number}")
        for turn in range(20):
            client.put_log_events(
                logGroupName="trail",
                logStreamName=f"s{number}",
                logEvents=[{"timestamp": now_ms(), "message": record("StopLogging", eventID=f"{number}-{turn}")}],
            )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(8)))
    assert sum_of(cloudwatch) == 160
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="trail", PaginationConfig={"PageSize": 37})
    found = [msgspec.json.decode(event["message"])["eventID"] for page in pages for event in page["events"]]
    assert sorted(found) == sorted(f"{number}-{turn}" for number in range(8) for turn in range(20))


def test_one_of_many_creates_succeeds(server: LiveServer, account: str) -> None:
    def create(_: int) -> str:
        try:
            server.client("logs", account=account).create_log_group(logGroupName="contended")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(create, range(8)))
    assert answers == ["ResourceAlreadyExistsException"] * 7 + ["created"]


def test_accounts_and_regions_are_apart(server: LiveServer, account: str) -> None:
    here = server.client("logs", account=account)
    here.create_log_group(logGroupName="mine")
    elsewhere = server.client("logs", account=account, region="us-west-2")
    other = server.client("logs", account=str(int(account) + 1_000_000))
    assert elsewhere.describe_log_groups()["logGroups"] == other.describe_log_groups()["logGroups"] == []
    (group,) = here.describe_log_groups()["logGroups"]
    assert group["logGroupArn"] == f"arn:aws:logs:eu-west-1:{account}:log-group:mine"


@pytest.mark.parametrize("protocol", ["query", "json", "cbor"])
def test_cloudwatch_in_each_protocol(server: LiveServer, account: str, protocol: str) -> None:
    cloudwatch = server.client("cloudwatch", account=account, protocol=protocol)
    data = [{"MetricName": f"m{number}", "Value": number / 4, "Unit": "Count"} for number in range(1_000)]
    cloudwatch.put_metric_data(Namespace="N", MetricData=data)  # long enough to be sent packed (WIRE-7.5)
    names = {m["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate() for m in page["Metrics"]}
    assert names == {f"m{number}" for number in range(1_000)}
    picture = cloudwatch.get_metric_widget_image(MetricWidget='{"metrics":[["N","m1"]],"start":"-PT1H"}')
    assert picture["MetricWidgetImage"].startswith(b"\x89PNG")
    with pytest.raises(ClientError) as refused:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="r")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"


def test_session_of_a_role_acts_in_its_account(server: LiveServer, account: str) -> None:
    sts = server.client("sts", account=account)
    assert sts.get_caller_identity()["Account"] == account
    role = "arn:aws:iam::333322221111:role/reader"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="night-shift")["Credentials"]
    inside = {"access_key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "token": keys["SessionToken"]}
    identity = server.client("sts", **inside).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (
        "333322221111",
        "arn:aws:sts::333322221111:assumed-role/reader/night-shift",
    )


def test_operation_that_is_not_there_says_so(server: LiveServer, account: str) -> None:
    with pytest.raises(ClientError) as refused:
        server.client("logs", account=account).start_query(
            logGroupName="g", startTime=0, endTime=1, queryString="fields @message"
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or (
        refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    )
    assert "StartQuery" in refused.value.response["Error"]["Message"]
