"""A chain that AWS clients set up and events that they put give the history that `backtest` gives. Spec: AR-6.

The client's calls are real ones (boto3, in process); what `describe-…` prints of the chain and the same events as a
file are what the backtest is given.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wire_client import Dispatcher, client

import tocsin
from tocsin.app.evaluator import Evaluator
from tocsin.app.service import Service, ServiceSettings
from tocsin.clock import ManualClock
from tocsin.store.memory import MemoryStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTES = 90
ACCOUNT, REGION = "111122223333", "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
NAMES = {"StopLogging": "{ $.eventName = StopLogging }", "ConsoleLogin": '{ $.errorMessage = "Failed authentication" }'}

# Minute -> calls, as a bad day has them.
STORIES = {
    "one bad night": [
        (3, "StopLogging"),
        (31, "ConsoleLogin"),
        (31, "ConsoleLogin"),
        (32, "ConsoleLogin"),
        (70, "StopLogging"),
    ],
    "nothing": [],
    "again and again": [(minute, "StopLogging") for minute in range(2, 80, 7)],
    "both at once": [(10, "StopLogging"), (10, "ConsoleLogin"), (10, "ConsoleLogin"), (40, "StopLogging")],
}


def record(number: int, minute: int, name: str) -> dict[str, Any]:
    at = START + timedelta(minutes=minute, seconds=number % 50)
    return {
        "eventVersion": "1.11",
        "eventID": f"id-{number}",
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        **({"errorMessage": "Failed authentication"} if name == "ConsoleLogin" else {}),
    }


def alarm(name: str, metric: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "Trail",
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        **more,
    }


class Live:
    """A service on a manual clock, with clients of it."""

    def __init__(self) -> None:
        from tocsin.api.cloudwatch import operations as cloudwatch
        from tocsin.api.logs import operations as logs
        from tocsin.api.sns import operations as sns

        self.clock = ManualClock(START)
        numbers = iter(range(10**6))
        self.service = Service(
            MemoryStore(),
            self.clock,
            new_id=lambda: f"00000000-0000-4000-9000-{next(numbers):012}",
            new_secret=bytes,
            settings=ServiceSettings(evaluation_delay=0),
        )
        self.service.part(Evaluator).run()
        target = Dispatcher(self.service, logs, cloudwatch, sns)
        self.logs, self.cloudwatch, self.sns = (
            client(name, target, region=REGION) for name in ("logs", "cloudwatch", "sns")
        )

    def set_up(self) -> None:
        self.sns.create_topic(Name="alerts")
        self.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
        self.logs.create_log_group(logGroupName="trail")
        self.logs.create_log_stream(logGroupName="trail", logStreamName="s")
        for name, pattern in NAMES.items():
            self.logs.put_metric_filter(
                logGroupName="trail",
                filterName=name,
                filterPattern=pattern,
                metricTransformations=[{"metricName": name, "metricNamespace": "Trail", "metricValue": "1"}],
            )
        self.cloudwatch.put_metric_alarm(**alarm("stopped", "StopLogging"))
        self.cloudwatch.put_metric_alarm(
            **alarm(
                "sign-ins",
                "ConsoleLogin",
                Threshold=2.0,
                EvaluationPeriods=3,
                DatapointsToAlarm=1,
                TreatMissingData="missing",
            )
        )
        self.cloudwatch.put_metric_alarm(
            **alarm("slow", "StopLogging", Period=300, EvaluationPeriods=2, DatapointsToAlarm=1)
        )
        self.cloudwatch.put_composite_alarm(
            AlarmName="both", AlarmRule="ALARM(stopped) AND ALARM(sign-ins)", AlarmActions=[TOPIC], OKActions=[TOPIC]
        )
        self.cloudwatch.put_alarm_mute_rule(
            Name="maintenance",
            Rule={
                "Schedule": {"Expression": f"at({START + timedelta(minutes=38):%Y-%m-%dT%H:%M})", "Duration": "PT10M"}
            },
            MuteTargets={"AlarmNames": ["stopped"]},
        )

    def chain(self) -> dict[str, Any]:
        """What the AWS CLI prints of it, by the name of the file."""
        mute = self.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="maintenance")
        return {
            "filters": self.logs.describe_metric_filters(logGroupName="trail"),
            "alarms": self.cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"]),
            "subscriptions": self.sns.list_subscriptions(),
            "mute": mute,
        }

    def run(self, records: list[dict[str, Any]]) -> None:
        for minute in range(MINUTES):
            due = [one for one in records if one["eventTime"].startswith(f"{self.clock.now():%Y-%m-%dT%H:%M}")]
            self.clock.advance(50)  # each comes within its minute
            if due:
                events = [
                    {
                        "timestamp": int(datetime.fromisoformat(one["eventTime"]).timestamp() * 1000),
                        "message": json.dumps(one),
                    }
                    for one in due
                ]
                self.logs.put_log_events(
                    logGroupName="trail", logStreamName="s", logEvents=sorted(events, key=lambda one: one["timestamp"])
                )
            self.clock.advance(10)
            while self.service.part(Evaluator).run().is_behind:
                pass
            assert minute < MINUTES

    def history(self) -> list[tuple[str, str, str]]:
        pages = self.cloudwatch.get_paginator("describe_alarm_history").paginate(
            HistoryItemType="StateUpdate", ScanBy="TimestampAscending", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return [
            (f"{one['Timestamp']:%Y-%m-%dT%H:%M:%SZ}", one["AlarmName"], one["HistorySummary"])
            for page in pages
            for one in page["AlarmHistoryItems"]
        ]

    def actions(self) -> list[tuple[str, str]]:
        with self.service.store.read() as store:
            rows = store.outbox.deliveries(limit=10_000)
        return sorted((row.cause, row.target) for row in rows if row.cause.startswith("arn:"))


@pytest.mark.parametrize("story", STORIES)
def test_a_story_lived_and_replayed(story: str, tmp_path: Path) -> None:
    records = [record(number, minute, name) for number, (minute, name) in enumerate(STORIES[story])]
    live = Live()
    live.set_up()
    sources = []
    for name, printed in live.chain().items():
        printed.pop("ResponseMetadata", None)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(printed, default=lambda value: value.isoformat()), encoding="utf-8")
        sources.append(str(path))
    live.run(records)

    archive = tmp_path / "events.ndjson"
    archive.write_text(
        "".join(json.dumps(one) + "\n" for one in [*records, record(999, 0, "GetObject")]), encoding="utf-8"
    )
    report = tocsin.backtest(archive, rules=sources, since=START, until=START + timedelta(minutes=MINUTES), jobs=1)
    replayed = [
        (one.at, line.name, f"Alarm updated from {one.from_} to {one.to}")
        for line in report.alarms
        for one in line.transitions
    ]
    assert sorted(live.history()) == sorted(replayed)
    told = sum(bool(one.notified) for line in report.alarms for one in line.transitions)
    assert len(live.actions()) == told
