"""What is told of a change, and to whom it can be told again. Spec: CON-6.1, CON-6.2."""

from __future__ import annotations

import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.app.acknowledgement import acknowledge
from tocsin.app.signal import SignalRing, SignalWatch

ALARM = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.mark.parametrize(
    ("last_seen", "told"),
    [(3, []), (2, ["c"]), (0, ["a", "b", "c"]), (9, None)],
)
def test_who_comes_back_is_told_what_was_missed(last_seen: int, told: list[str] | None) -> None:
    ring = SignalRing()
    for name in "abc":
        ring.add(name)
    missed = ring.after(last_seen)
    assert (None if missed is None else [signal.name for signal in missed]) == told


def test_who_was_away_for_too_long_is_told_so() -> None:
    ring = SignalRing(most=2)
    for name in "abc":
        ring.add(name)
    assert ring.after(0) is None
    assert [signal.name for signal in ring.after(1) or ()] == ["b", "c"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "told"),
    [
        ("logs", "CreateLogGroup", {"logGroupName": "g"}, {"definition"}),
        ("sns", "CreateTopic", {"Name": "t"}, {"definition"}),
        ("cloudwatch", "PutMetricAlarm", ALARM, {"definition", "state"}),
        ("logs", "DescribeLogGroups", {}, set()),
    ],
)
def test_a_change_is_told_by_its_kind(
    service: str, operation: str, parameters: dict[str, object], told: set[str]
) -> None:
    bench = ConsoleBench()
    watch = SignalWatch(bench.service)
    assert watch.look() == []
    bench.call(service, operation, parameters)
    assert {name for name, _ in watch.look()} == told
    assert watch.look() == []


def test_an_event_is_told_as_a_number_and_not_more_often_than_every_five_seconds() -> None:
    bench = ConsoleBench()
    record = {"eventTime": "2026-03-14T03:10:08Z", "eventName": "StopLogging"}
    bench.put_events("g", [record])
    watch = SignalWatch(bench.service)
    watch.look()
    bench.put_events("g", [record, record])
    bench.clock.advance(5)
    assert watch.look() == [("ingest", {"events": 2})]
    bench.put_events("g", [record])
    assert watch.look() == []
    bench.clock.advance(5)
    assert watch.look() == [("ingest", {"events": 1})]


def test_a_change_of_state_is_told() -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    watch = SignalWatch(bench.service)
    watch.look()
    bench.call(
        "cloudwatch", "SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "a test"}, scope=SCOPE
    )
    assert "state" in {name for name, _ in watch.look()}


def test_that_somebody_has_taken_an_alarm_on_is_told_to_the_others() -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "r"})
    watch = SignalWatch(bench.service)
    watch.look()
    acknowledge(bench.service, SCOPE, "a", by="vera")
    assert watch.look() == [("state", {})]
