"""The page that says whether the chain lives, and the canary that tries it. Spec: CON-4.10 (Status)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from console_bench import AT, ConsoleBench

from tocsin.app.audit import AuditLog, NewEntry
from tocsin.app.evaluator import Evaluator
from tocsin.console.installation import Room, SourceLine, Trouble
from tocsin.console.visit import Visitor
from tocsin.core.canary import PATTERN
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.scope import Scope

GIGABYTE = 10**9
GROUP = {"logGroupName": "trail-group"}
FILTER = {
    **GROUP,
    "filterName": "canaries",
    "filterPattern": PATTERN,
    "metricTransformations": [{"metricName": "Canary", "metricNamespace": "Tocsin", "metricValue": "1"}],
}
ALARM = {
    "AlarmName": "canary-alarm", "Namespace": "Tocsin", "MetricName": "Canary", "Statistic": "Sum", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}  # fmt: skip


class Installed:
    """An installation that says what it is told to."""

    started_at = AT - timedelta(hours=4)
    facts = (("Tocsin", "0.1.0"), ("store", "sqlite"))

    def __init__(self, **told: Any) -> None:
        self._told = told

    def settings(self) -> list[Any]:
        return []

    def entries(self) -> list[Any]:
        return []

    def room(self) -> Room | None:
        return self._told.get("room")

    def sources(self) -> list[SourceLine]:
        return self._told.get("sources", [])

    def troubles(self) -> list[Trouble]:
        return self._told.get("troubles", [])

    def streams(self) -> int:
        return self._told.get("streams", 0)


def status(bench: ConsoleBench) -> str:
    seen = bench.get("status")
    seen.html  # noqa: B018  (it raises where the page has a mistake)
    return seen.words


def test_an_installation_with_nothing_in_it_says_so() -> None:
    words = status(ConsoleBench())
    assert "in order Nothing is wrong with the service itself." in words
    assert "0 log events and 0 CloudTrail records since the start" in words
    assert "nothing is counted, so nothing can ring" in words
    assert "0 alarms, not evaluated yet" in words
    assert "There is no log group to put it into." in words


def test_what_health_complains_of_stands_on_top() -> None:
    words = status(ConsoleBench(parts={"problems": lambda: ["evaluator: <b>broken</b>"]}))
    assert "failing evaluator: <b>broken</b>" in words


@pytest.mark.parametrize(
    ("lag", "told"), [(None, "not evaluated yet"), (0.2, "on time"), (8.0, "8 s behind"), (3_700.0, "1 h 1 min behind")]
)
def test_evaluation_says_how_far_it_is_behind(lag: float | None, told: str) -> None:
    assert f"0 alarms, {told}" in status(ConsoleBench(parts={"lag": lambda: lag}))


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (
            Room(free=80 * GIGABYTE, total=100 * GIGABYTE, database=5_000_000),
            "80.0 GB free of 100 GB, the database takes 5.0 MB",
        ),
        (Room(free=4 * GIGABYTE, total=100 * GIGABYTE, database=0), "when it is full, no event is kept any more"),
        (Room(free=GIGABYTE // 2, total=GIGABYTE, database=0), "when it is full, no event is kept any more"),
    ],
)
def test_the_room_on_the_disk_is_told(room: Room, told: str) -> None:
    assert told in status(ConsoleBench(parts={"installation": Installed(room=room)}))


def test_sources_errors_and_open_pages_are_told() -> None:
    source = SourceLine(path="/var/log/<x>", state="watching", events=7, files=2, skipped=1, malformed=0)
    trouble = Trouble(at=AT, ident="req-9", during="logs PutLogEvents", error="KeyError")
    words = status(ConsoleBench(parts={"installation": Installed(sources=[source], troubles=[trouble], streams=3)}))
    assert "watching; 7 records of 2 files ; 1 file skipped, 0 values that are no records" in words
    assert "03:14:20 req-9 logs PutLogEvents KeyError" in words
    assert "3 pages told of what changes" in words
    assert "Started 13 Mar 23:14:20 , 4 h ago" in words


def test_deliveries_that_wait_too_long_are_told() -> None:
    bench = ConsoleBench()
    made = int((AT - timedelta(hours=1)).timestamp() * 1000)

    def row(ident: str, status: DeliveryStatus) -> DeliveryRow:
        return DeliveryRow(
            delivery_id=ident, scope=Scope("111122223333", "us-east-1"), cause="c", target="t",
            protocol="email", topic_arn="", body=b"", created_at=made, next_at=made, status=status,
        )  # fmt: skip

    rows = [row("a", DeliveryStatus.PENDING), row("b", DeliveryStatus.FAILED)]
    bench.service.store.write(lambda store: store.outbox.put(rows))
    assert "1 delivery to be made, 1 failed for good ; one is 1 h overdue" in status(bench)


def test_a_broken_chain_of_the_audit_log_is_told() -> None:
    bench = ConsoleBench()
    log = AuditLog(bench.service)
    for _ in range(2):
        log.add(NewEntry(actor="alice", role="operator", action="x", kind="alarm", name="a"))
    assert "chain intact to 2" in status(bench)
    bench.service.store.write(lambda store: store.put("audit", Scope("", ""), "000000000001", b"{}"))
    bench.clock.advance(3_600)
    assert "chain broken at 1" in status(bench)


def test_the_lines_alone_are_a_part() -> None:
    bench = ConsoleBench()
    part = bench.get("_/status/chain").text.strip()
    assert part.startswith("<header><h2>The chain</h2>")
    page = bench.get("status").text
    (follows,) = re.findall(r'<section [^>]*data-fragment="/console/_/status/chain"[^>]*>', page)
    assert 'data-follow="evaluated ingest delivery"' in follows


# ------------------------------------------------------------ the canary


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.call("logs", "CreateLogGroup", GROUP)
    return bench


def test_a_canary_is_kept_and_can_be_looked_at(bench: ConsoleBench) -> None:
    page = bench.follow(bench.post("send-canary", {"group": "trail-group"}))
    assert "The canary is on its way." in page.words
    assert "kept in trail-group at 03:14:20" in page.words
    assert "not matched by any of the 0 filters of this group, as it should be" in page.words
    assert any(link.startswith("/console/events/00000000-") for link in page.links())
    assert [(change.action, change.kind, change.name) for change, _ in bench.audit.changes] == [
        ("CreateLogStream", "log-group", "trail-group"),
        ("PutLogEvents", "log-group", "trail-group"),
    ]


def test_a_second_canary_uses_the_same_stream(bench: ConsoleBench) -> None:
    bench.post("send-canary", {"group": "trail-group"})
    assert bench.post("send-canary", {"group": "trail-group"}).status == 303
    streams = bench.call("logs", "DescribeLogStreams", GROUP)["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["tocsin-canary"]


def test_filters_and_alarms_that_a_canary_reaches_are_named(bench: ConsoleBench) -> None:
    bench.call("logs", "PutMetricFilter", FILTER)
    bench.call("logs", "PutMetricFilter", FILTER | {"filterName": "others", "filterPattern": "{ $.eventName = Other }"})
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    page = bench.follow(bench.post("send-canary", {"group": "trail-group"}))
    assert "matched by canaries , which feeds canary-alarm INSUFFICIENT_DATA" in page.words
    assert "others" not in page.words
    assert "not evaluated yet" in page.words
    bench.clock.advance(200)
    bench.service.part(Evaluator).run()
    later = bench.get(f"_/status/canary?{page.text.split('_/status/canary?')[1].partition(chr(34))[0]}")
    assert "evaluated up to 03:1" in later.words


def test_a_canary_that_is_nowhere_is_told(bench: ConsoleBench) -> None:
    assert "not found The canary is in no log group" in bench.get("status?canary=gone").words


@pytest.mark.parametrize(
    ("group", "told"),
    [("", "Choose the log group that it is put into."), ("absent", "The specified log group does not exist.")],
)
def test_without_a_group_nothing_is_sent(bench: ConsoleBench, group: str, told: str) -> None:
    seen = bench.post("send-canary", {"group": group})
    assert seen.status == 422
    assert told in seen.words


def test_a_viewer_sends_none() -> None:
    viewer = ConsoleBench(visitor=Visitor(name="vera", role="viewer"))
    viewer.call("logs", "CreateLogGroup", GROUP)
    assert "Send a canary: needs operator" in viewer.get("status").words
    assert viewer.post("send-canary", {"group": "trail-group"}).status == 403


def test_what_takes_a_canary_to_a_mail_is_told_as_commands(bench: ConsoleBench) -> None:
    words = bench.get("status").words
    assert "aws logs put-metric-filter" in words
    assert "aws cloudwatch put-metric-alarm" in words
