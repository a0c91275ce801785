"""Event history of a running server: through boto3 and the AWS CLI, over a restart, while calls go on. Spec: CT-16."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from botocore.exceptions import ClientError
from live_server import LiveServer

from tocsin.app.trail import TRAILS
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

ACCOUNT = "111122223333"


def events(server: LiveServer, name: str | None = None, *, account: str = ACCOUNT, **parameters) -> list[dict]:
    """All events of a look-up, newest first."""
    if name is not None:
        parameters["LookupAttributes"] = [{"AttributeKey": "EventName", "AttributeValue": name}]
    pages = server.client("cloudtrail", account=account).get_paginator("lookup_events").paginate(**parameters)
    return [event for page in pages for event in page["Events"]]


def test_who_has_called_something_sees_it_at_once(server, account) -> None:
    logs = server.client("logs", account=account)
    logs.create_log_group(logGroupName="g")
    (event,) = events(server, "CreateLogGroup", account=account)
    assert event["Username"] == "tocsin"
    assert event["ReadOnly"] == "false"
    assert event["EventSource"] == "logs.amazonaws.com"
    assert json.loads(event["CloudTrailEvent"])["requestParameters"] == {"logGroupName": "g"}
    with pytest.raises(ClientError):
        logs.create_log_group(logGroupName="g")
    newest = json.loads(events(server, "CreateLogGroup", account=account)[0]["CloudTrailEvent"])
    oldest = json.loads(events(server, "CreateLogGroup", account=account)[1]["CloudTrailEvent"])
    assert {newest.get("errorCode"), oldest.get("errorCode")} == {None, "ResourceAlreadyExistsException"}
    assert len(events(server, "LookupEvents", account=account)) == 3  # looking is a call, too


def test_pages_stay_while_calls_go_on(server, account) -> None:
    sns = server.client("sns", account=account)
    for number in range(30):
        sns.create_topic(Name=f"t{number}")
    stop = threading.Event()

    def keep_calling() -> None:
        number = 0
        while not stop.is_set():
            sns.create_topic(Name=f"more{number}")
            number += 1

    before = [event["EventId"] for event in events(server, "CreateTopic", account=account)]
    thread = threading.Thread(target=keep_calling)
    thread.start()
    try:
        found = [
            event["EventId"]
            for event in events(server, "CreateTopic", account=account, PaginationConfig={"PageSize": 5})
        ]
    finally:
        stop.set()
        thread.join()
    assert len(found) == len(set(found))
    assert [ident for ident in found if ident in set(before)] == before


def test_history_outlives_the_process_and_goes_with_a_reset(tmp_path) -> None:
    environ = {"TOCSIN_SERVER_ALLOW_RESET": "1"}
    with LiveServer(tmp_path / "data", environ=environ) as server:
        server.client("logs").create_log_group(logGroupName="g")
        first = events(server)
        token = server.client("cloudtrail").lookup_events(MaxResults=1)["NextToken"]
    with LiveServer(tmp_path / "data", environ=environ) as server:
        again = events(server, "CreateLogGroup")
        assert again == [event for event in first if event["EventName"] == "CreateLogGroup"]
        rest = server.client("cloudtrail").lookup_events(NextToken=token)["Events"]
        assert len(rest) == 1  # of the two that there were
        assert rest[0]["EventName"] in {"LookupEvents", "CreateLogGroup"}
        server.ask("/_tocsin/reset", method="POST")
        assert events(server) == []


def test_the_aws_cli(server, account) -> None:
    server.client("logs", account=account).create_log_group(logGroupName="g")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "awscli", "cloudtrail", "lookup-events", "--endpoint-url", server.address]
    command += ["--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateLogGroup", "--output", "json"]
    answer = subprocess.run(
        command,
        env={
            **clean,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": os.devnull,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    (event,) = json.loads(answer.stdout)["Events"]
    assert event["EventName"] == "CreateLogGroup"
    assert json.loads(event["CloudTrailEvent"])["userIdentity"]["accountId"] == account


def test_rates_of_aws_where_they_are_switched_on(tmp_path) -> None:
    with LiveServer(tmp_path / "data", environ={"TOCSIN_LIMITS_THROTTLE": "true"}) as server:
        trail = server.client("cloudtrail")
        outcomes = []
        for _ in range(6):
            try:
                trail.lookup_events(MaxResults=1)
            except ClientError as error:
                outcomes.append(error.response["Error"])
        assert {"Code": "ThrottlingException", "Message": "Rate exceeded"} in outcomes
        server.client("logs").describe_log_groups()
    store = SqliteStore(server.data / "tocsin.sqlite3")
    with store.read() as reader:
        found = reader.records.look_up(Scope(ACCOUNT, "eu-west-1"), "Management", limit=100)
    store.close()
    refused = [one for one in (json.loads(row.body) for row in found) if one.get("errorCode") == "ThrottlingException"]
    assert len(refused) == len(outcomes)
    assert refused[0]["requestParameters"] is None


# ---------------------------------------------------------------- trails of before a call


def waiting(server: LiveServer) -> list[tuple[str, str, list[str]]]:
    """(trail, bucket, names of the events that wait for it), of a server that has ended."""
    store = SqliteStore(server.data / "tocsin.sqlite3")
    found = []
    with store.read() as reader:
        for one in reader.records.waiting():
            records = reader.records.read_waiting(one.group, most_bytes=10**9)
            route = reader.records.route(one.group.route)
            assert records is not None
            assert route is not None
            names = [json.loads(body)["eventName"] for body in records.bodies]
            trail = TRAILS.read(route)
            found.append((trail.name, trail.s3_bucket_name, names))
    store.close()
    return found


def test_the_record_of_a_change_goes_where_the_trail_delivered_before(tmp_path) -> None:
    """Each act of CT-10.1 that changes where a trail delivers, or whether (CT-10.3)."""
    with LiveServer(tmp_path / "data", environ={"TOCSIN_TRAIL_DELIVERY_INTERVAL": "86400"}) as server:
        trail = server.client("cloudtrail")
        nothing = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": False, "DataResources": [OBJECTS]}]
        for name in ("stopped", "deleted", "moved", "blind"):
            trail.create_trail(Name=name, S3BucketName=f"{name}-logs")
        trail.start_logging(Name="stopped")
        trail.stop_logging(Name="stopped")
        trail.start_logging(Name="deleted")
        trail.delete_trail(Name="deleted")
        trail.start_logging(Name="moved")
        trail.update_trail(Name="moved", S3BucketName="elsewhere")
        trail.stop_logging(Name="moved")
        trail.start_logging(Name="blind")
        trail.put_event_selectors(TrailName="blind", EventSelectors=nothing)
        trail.describe_trails()
    found = waiting(server)
    assert found == [
        ("stopped", "stopped-logs", ["StartLogging", "StopLogging"]),
        ("deleted", "deleted-logs", ["StartLogging", "DeleteTrail"]),
        ("moved", "moved-logs", ["StartLogging", "UpdateTrail"]),
        ("moved", "elsewhere", ["StopLogging"]),
        ("blind", "blind-logs", ["StartLogging", "PutEventSelectors"]),
    ]


OBJECTS = {"Type": "AWS::S3::Object", "Values": []}
