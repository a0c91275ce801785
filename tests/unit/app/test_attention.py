"""What needs a hand, the gravest first (CON-4.2, AL-19.4, FP-9.19)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from board_bench import ALARM, HOUR_MS, BoardBench
from rule_bench import GROUP, HERE

from tocsin.app.alarm_record import LATE_DATA, LateData
from tocsin.app.attention import Matter, MatterKind, matters
from tocsin.app.metric_alarm import set_actions_enabled
from tocsin.app.trail import TRAILS
from tocsin.app.trail_status import Destination, TrailStatus, note_delivery
from tocsin.core.delivery import DeliveryReason, Failed
from tocsin.core.kept_record import MANAGEMENT_HISTORY, NewRecord
from tocsin.core.log_event import Term
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail

THERE = Scope("111122223333", "us-east-1")


@pytest.fixture
def bench() -> BoardBench:
    return BoardBench()


def found(bench: BoardBench, *, scopes=(HERE,), health=()) -> list[Matter]:
    with bench.store.read() as store:
        return matters(bench.service, store, scopes, bench.lines(), now=bench.now_ms, health=health)


def told(bench: BoardBench, **how) -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in found(bench, **how)]


def subjects(one: Matter) -> list[tuple[str, str]]:
    return [(subject.kind, subject.name) for subject in one.subjects]


def test_nothing_needs_a_hand_where_everything_is_heard(bench: BoardBench) -> None:
    bench.wired("a")
    bench.set("a", ALARM)
    assert found(bench) == []


def test_alarms_with_one_reason_are_one_matter(bench: BoardBench) -> None:
    noise = bench.topic("ops-noise")
    for name in ("a", "b", "c"):
        bench.alarm(name, "M", actions=(noise,))
    bench.set("b", ALARM)
    (matter,) = found(bench)
    assert matter.text == "3 alarms, 1 ringing: nobody has confirmed a subscription to ops-noise"
    assert subjects(matter) == [("topic", "ops-noise"), ("alarm", "b"), ("alarm", "a"), ("alarm", "c")]
    bench.no_alarm("a")
    bench.no_alarm("c")
    assert told(bench) == [("nobody", "nobody has confirmed a subscription to ops-noise, and it is ringing")]


def test_what_is_to_be_done_at_the_alarm_leads_there(bench: BoardBench) -> None:
    bench.wired("a")
    set_actions_enabled(bench.service, HERE, ["a"], is_enabled=False)
    (matter,) = found(bench)
    assert (matter.text, subjects(matter)) == ("its actions are disabled", [("alarm", "a")])


def test_subscriptions_that_wait_and_fail_are_told_with_their_topics(bench: BoardBench) -> None:
    bench.wired("a")
    waiting = bench.subscribe("oncall@example.com", confirmed=False)
    bench.subscribe("second@example.com")
    began = bench.now_ms
    assert found(bench) == []
    bench.go(hours=26)
    failed = Failed(DeliveryReason.CONNECTION, "refused")
    bench.deliver(bench.reader, cause="x", at=bench.now_ms - 2 * HOUR_MS, outcome=failed)
    failing, pending = found(bench)
    assert [one.kind for one in (failing, pending)] == [MatterKind.FAILING, MatterKind.PENDING]
    assert (failing.since, pending.since) == (bench.now_ms - 2 * HOUR_MS, began)
    assert subjects(pending) == [("subscription", waiting.rpartition(":")[2]), ("topic", "sec-alerts")]
    assert found(bench, scopes=[THERE]) == []


def trail(bench: BoardBench, **changes) -> Trail:
    made = Trail(name="main", home=HERE, created_at=bench.now_ms, s3_bucket_name="b", is_logging=True, **changes)
    bench.store.write(lambda store: TRAILS.put(store, HERE, "main", made))
    return made


def test_a_trail_that_is_stopped_needs_a_hand(bench: BoardBench) -> None:
    trail(bench)
    assert found(bench) == []
    stopped = bench.now_ms
    made = Trail(name="main", home=HERE, created_at=0, s3_bucket_name="b", is_logging=False, stopped_at=stopped)
    bench.store.write(lambda store: TRAILS.put(store, HERE, "main", made))
    bench.go(minutes=5)
    (matter,) = found(bench)
    assert (matter.kind, matter.text) == (MatterKind.TRAIL, "trail main is stopped: nothing is recorded")
    assert (matter.since, subjects(matter)) == (stopped, [("trail", "main")])


def test_a_trail_that_was_narrowed_is_told_for_a_week(bench: BoardBench) -> None:
    trail(bench)
    at = bench.clock.now()
    record = {
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventID": "1",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "UpdateTrail",
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": {"name": "main", "isMultiRegionTrail": False},
        "responseElements": {"name": "main", "isMultiRegionTrail": False},
    }
    kept = NewRecord(
        json.dumps(record).encode(),
        int(at.timestamp()),
        "1",
        MANAGEMENT_HISTORY,
        [Term("EventName", "UpdateTrail"), Term("EventId", "1")],
    )
    bench.store.write(lambda store: store.records.add(HERE, [kept], waiting={}, at=bench.now_ms))
    (matter,) = found(bench)
    assert matter.text.startswith("trail main was narrowed: mallory ")
    assert matter.at == bench.now_ms
    bench.clock.advance(timedelta(days=8).total_seconds())
    assert found(bench) == []


def test_a_trail_that_does_not_arrive_needs_a_hand(bench: BoardBench) -> None:
    made = trail(bench)
    failing = TrailStatus(files=Destination(succeeded_at=1, attempted_at=2, error="NoSuchBucket"))
    bench.store.write(lambda store: note_delivery(store, made, "eu-central-1", lambda _: failing))
    bench.go(minutes=1)
    assert told(bench) == [
        ("trail", "what trail main delivers does not arrive: there is no such bucket (NoSuchBucket)")
    ]


def test_a_region_that_has_gone_silent_is_told(bench: BoardBench) -> None:
    for _ in range(30):
        record = {"eventTime": "t", "eventName": "X", "awsRegion": "ap-south-1", "recipientAccountId": HERE.account}
        bench.put_events(json.dumps(record))
        bench.go(hours=1)
    assert found(bench) == []
    since = bench.now_ms
    bench.go(hours=5)
    (matter,) = found(bench)
    assert matter.kind is MatterKind.REGION
    assert "nothing comes from ap-south-1 of 111122223333" in matter.text
    assert abs(matter.since - since) <= HOUR_MS


def test_a_breach_that_came_late_is_told_for_a_day(bench: BoardBench) -> None:
    bench.wired("kms")
    at = bench.now_ms // 1000
    bench.store.write(
        lambda store: LATE_DATA.put(store, HERE, "kms", LateData(told=((at - 100, at - 90), (at, at + 9))))
    )
    bench.go(hours=1)
    (matter,) = found(bench)
    assert matter.text == "data came too late: kms would have rung at 09:30:00 UTC"
    assert (matter.at, subjects(matter)) == (at * 1000, [("alarm", "kms")])
    bench.go(hours=24)
    assert found(bench) == []


def test_what_was_lost_is_counted(bench: BoardBench) -> None:
    bench.service.counters.add("records_dropped", 1_200, reason="queue-full")
    bench.service.counters.add("records_dropped", 34, reason="stopped")
    assert told(bench) == [
        (
            "dropped",
            "1,234 records of calls were dropped, as more came than could be kept, since the service was started",
        )
    ]


def test_a_filter_that_makes_too_many_metrics_is_told(bench: BoardBench) -> None:
    pattern, dimensions = "{ $.eventName = * }", {"Address": "$.sourceIPAddress"}
    bench.filter("addresses", pattern, metric="Addresses", dimensions=dimensions)

    def publish(count: int) -> None:
        data = [
            MetricDatum(
                key=MetricKey.of("CloudTrailMetrics", "Addresses", {"Address": str(number)}),
                timestamp=bench.now_ms // 1000,
                statistics=StatisticSet.of(1.0),
                unit="None",
            )
            for number in range(count)
        ]
        bench.store.write(lambda store: store.metrics.add(HERE, data))

    publish(999)
    assert found(bench) == []
    publish(1_000)
    bench.go(minutes=1)
    (matter,) = found(bench)
    assert matter.kind is MatterKind.DIMENSIONS
    assert subjects(matter) == [("filter", f"{GROUP}:addresses")]
    bench.go(hours=2)
    assert found(bench) == []


def test_matters_stand_in_their_order(bench: BoardBench) -> None:
    bench.service.counters.add("trail_records_given_up", 1)
    bench.alarm("a", "M")
    trail(bench, stopped_at=None)
    bench.store.write(
        lambda store: TRAILS.put(
            store, HERE, "main", Trail(name="main", home=HERE, created_at=0, s3_bucket_name="b", is_logging=False)
        )
    )
    kinds = [one.kind.value for one in found(bench, health=["the disk is full", "late"])]
    assert kinds == ["nobody", "trail", "dropped", "health", "health"]
