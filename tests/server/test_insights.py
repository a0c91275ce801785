"""Insights of a server that runs, as boto3 switches them on and finds them. Spec: CT-17, CT-16.1."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

from synthetic import record
from wire_client import client

from tocsin.clock import FastClock
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import server_thread
from tocsin.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

# Five minutes of the server's pass in each second.
SPEED = 300
FAST = {
    "TOCSIN_SERVER_PORT": "0",
    "TOCSIN_SERVER_REGION": "us-east-1",
    "TOCSIN_INSIGHTS_MIN_HOURS": "0",
    "TOCSIN_ALARM_EVALUATION_DELAY": "0",
}


def test_unusual_calls_become_an_insight(tmp_path: Path) -> None:
    environ = FAST | {"TOCSIN_SERVER_DATA": str(tmp_path / "data")}
    clock = FastClock(datetime(2026, 3, 1, 12, tzinfo=UTC), speed=SPEED)
    with server_thread(plan_server(load_config(None, environ), environ), clock=clock) as server:
        trails = client("cloudtrail", server.address)
        trails.create_trail(Name="main", S3BucketName="logs")
        trails.put_insight_selectors(TrailName="main", InsightSelectors=[{"InsightType": "ApiErrorRateInsight"}])
        trails.start_logging(Name="main")
        since = clock.now()
        while (clock.now() - since).total_seconds() < 180:
            threading.Event().wait(0.05)  # for the clock
        at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
        denied = {"eventType": "AwsApiCall", "readOnly": True, "errorCode": "AccessDenied"}
        region, account = trails.get_trail(Name="main")["Trail"]["TrailARN"].split(":")[3:5]
        denied |= {"awsRegion": region, "recipientAccountId": account}
        calls = [record("ListKeys", at, eventID=f"e{number}", **denied) for number in range(5)]
        body = b"\n".join(json.dumps(one).encode() for one in calls)
        urlopen(Request(f"{server.address}/_tocsin/records", body, {"Content-Type": "application/x-ndjson"})).close()
        events: list = []
        end = time.monotonic() + 20
        while len(events) < 2 and time.monotonic() < end:
            threading.Event().wait(0.1)  # between two questions
            events = trails.lookup_events(EventCategory="insight")["Events"]
    states = [json.loads(one["CloudTrailEvent"])["insightDetails"] for one in events]
    assert [(one["state"], one["eventName"], one["errorCode"]) for one in states] == [
        ("End", "ListKeys", "AccessDenied"),
        ("Start", "ListKeys", "AccessDenied"),
    ]
    assert [one["EventName"] for one in events] == ["ListKeys", "ListKeys"]
