"""What an alarm would have done lately (CON-4.8): decided by the code that decides for live alarms."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from rule_bench import ALARM, GROUP, HERE, START, RuleBench

from tocsin.app.alarm_preview import DAYS, ActorShare, Preview, preview_alarm
from tocsin.app.evaluator import Evaluator
from tocsin.app.metric_alarm import describe_alarms
from tocsin.app.metric_data import put_metric_data
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue

DAY = 86_400
HOUR = 3_600
PATTERN = "{ $.eventName = StopLogging }"
DEPLOY = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/deploy/ci",
    "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/deploy", "userName": "deploy"}},
}
ALICE = {"type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/team/alice"}


def record(name: str = "StopLogging", who: Any = ALICE, **more: Any) -> str:
    return json.dumps(
        {
            "eventTime": f"{START:%Y-%m-%dT%H:%M:%SZ}",
            "eventID": "e",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": name,
            "userIdentity": who,
            **more,
        }
    )


def alarm(**changes: Any) -> MetricAlarm:
    parameters = {"AlarmName": "a", "Namespace": "CloudTrailMetrics", "MetricName": "stop", **ALARM, **changes}
    return MetricAlarm.from_aws({key: value for key, value in parameters.items() if value is not None})


def preview(bench: RuleBench, **changes: Any) -> Preview:
    found = preview_alarm(bench.service, HERE, alarm(**changes))
    assert found is not None
    return found


@pytest.fixture
def bench() -> RuleBench:
    made = RuleBench()
    made.filter("stop", PATTERN)
    return made


def test_a_stretch_without_matches_rings_nothing(bench: RuleBench) -> None:
    bench.put_events(record("DescribeTrails"))
    found = preview(bench)
    assert found.rings == ()
    assert found.until - found.since == DAYS * DAY
    assert (found.matches, found.is_by_events, found.is_cut) == (0, True, False)
    assert found.states[-1][2] is StateValue.OK


def test_each_burst_rings_once_for_as_long_as_it_is_in_the_range(bench: RuleBench) -> None:
    for who in (DEPLOY, ALICE, DEPLOY):
        bench.put_events(record(who=who), record("DescribeTrails"))
        bench.clock.advance(HOUR)
    found = preview(bench)
    assert len(found.rings) == 3
    assert found.matches == 3
    assert [ring.until is not None and ring.until - ring.at for ring in found.rings] == [900, 900, 900]  # AL-7.c
    assert found.seconds_ringing == 2700


def test_who_was_behind_most_is_named_with_the_pattern_that_excludes_them(bench: RuleBench) -> None:
    for who in (DEPLOY, ALICE, DEPLOY):
        bench.put_events(record(who=who))
        bench.clock.advance(HOUR)
    assert preview(bench).actors == [
        ActorShare(
            "role/deploy",
            2,
            '{ $.userIdentity.sessionContext.sessionIssuer.arn = "arn:aws:iam::111122223333:role/deploy" }',
        ),
        ActorShare("user/team/alice", 1, '{ $.userIdentity.arn = "arn:aws:iam::111122223333:user/team/alice" }'),
    ]


@pytest.mark.parametrize(
    ("who", "actor"),
    [
        ({"type": "AWSService", "invokedBy": "config.amazonaws.com"}, "config.amazonaws.com"),
        ({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}, "root"),
        ({"type": "AWSAccount", "accountId": "1"}, ""),
        (None, ""),
    ],
)
def test_whoever_is_behind_it_has_a_name_or_none(bench: RuleBench, who: Any, actor: str) -> None:
    bench.put_events(record(who=who))
    bench.clock.advance(HOUR)
    (ring,) = preview(bench).rings
    assert ring.actor == actor
    assert bool(ring.clause) == bool(actor)


def test_the_events_behind_a_ring_are_told(bench: RuleBench) -> None:
    bench.put_events(record(), record())
    bench.clock.advance(HOUR)
    (ring,) = preview(bench).rings
    assert ring.matches == 2
    assert [event.sentence for event in ring.events] == ["alice called StopLogging"] * 2


def test_an_alarm_that_has_not_ended_has_no_end(bench: RuleBench) -> None:
    bench.put_events(record())
    bench.clock.advance(300)
    (ring,) = preview(bench).rings
    assert ring.until is None
    assert preview(bench).states[-1][2] is StateValue.ALARM


def test_it_is_what_the_live_alarm_does() -> None:
    bench = RuleBench(evaluation_delay=0)
    bench.filter("stop", PATTERN)
    bench.alarm("a", "stop")
    changes = []
    state = StateValue.INSUFFICIENT_DATA
    for minute in range(180):
        if minute in (10, 70, 75, 130):
            bench.put_events(record(), *([record()] if minute == 75 else []))
        bench.clock.advance(60)
        while bench.service.part(Evaluator).run().is_behind:
            pass
        (now, *_), _ = describe_alarms(bench.service, HERE, limit=1)
        if now.standing.state.state_value is not state:
            state = now.standing.state.state_value
            changes.append((minute, state))
    found = preview(bench)
    start = int(START.timestamp())
    rings = [((ring.at - start) // 60 - 1, ring.until and (ring.until - start) // 60 - 1) for ring in found.rings]
    live = [minute for minute, new in changes if new is not StateValue.INSUFFICIENT_DATA]
    assert [one for ring in rings for one in ring] == live[1:]  # the first of them is to OK, at the beginning


def test_values_and_dimensions_are_taken_from_the_events() -> None:
    bench = RuleBench()
    bench.filter("bytes", PATTERN, value="$.bytes", dimensions={"Who": "$.userIdentity.userName"})
    bench.put_events(record(bytes=70), record(bytes="many"), record(bytes=40, who=DEPLOY | {"userName": "ci"}))
    bench.clock.advance(HOUR)
    of_alice = {"MetricName": "bytes", "Dimensions": [{"Name": "Who", "Value": "alice"}]}
    assert len(preview(bench, **of_alice, Threshold=60.0).rings) == 1
    assert preview(bench, **of_alice, Threshold=80.0).rings == ()
    assert preview(bench, MetricName="bytes", Threshold=1.0).rings == ()


def test_a_default_value_ends_a_ring_sooner(bench: RuleBench) -> None:
    bench.filter("zero", PATTERN, metric="zero", defaultValue=0)
    for minute in range(60):
        bench.put_events(record("DescribeTrails"), *([record()] if minute == 10 else []))
        bench.clock.advance(60)
    bench.store.pack_logs(at=bench.now_ms + 120_000)
    (ring,) = preview(bench, MetricName="zero", TreatMissingData="missing").rings
    assert ring.until is not None
    assert ring.until - ring.at == 300


def test_a_metric_that_no_filter_feeds_is_judged_by_its_data(bench: RuleBench) -> None:
    put_metric_data(
        bench.service,
        HERE,
        {"Namespace": "Own", "MetricData": [{"MetricName": "m", "Value": 7.0, "Timestamp": bench.clock.now()}]},
    )
    bench.clock.advance(HOUR)
    found = preview(bench, Namespace="Own", MetricName="m")
    assert not found.is_by_events
    assert len(found.rings) == 1
    assert found.rings[0].actor == ""


def test_where_the_budget_ends_what_was_searched_is_judged() -> None:
    bench = RuleBench()
    bench.filter("all", "")
    for _ in range(12):
        bench.put_events(*(f"line {number}" for number in range(2_000)))
        bench.clock.advance(6 * HOUR)
    found = preview_alarm(bench.service, HERE, alarm(MetricName="all"), blocks=8, seconds=10)
    assert found is not None
    assert found.is_cut
    assert found.since > int(START.timestamp()) + 2 * DAY - 6 * HOUR
    assert len(found.rings) == 3


def test_an_expression_reads_what_filters_would_have_published(bench: RuleBench) -> None:
    bench.filter("start", "{ $.eventName = StartLogging }")
    bench.put_events(record(), record("StartLogging"))
    bench.clock.advance(HOUR)
    queries: list[dict[str, Any]] = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "CloudTrailMetrics", "MetricName": name},
                "Period": 300,
                "Stat": "Sum",
            },
        }
        for name in ("stop", "start")
    ]
    plain = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    (ring,) = preview(
        bench, **plain, Metrics=[*queries, {"Id": "e", "Expression": "stop + start"}], Threshold=2.0
    ).rings
    assert ring.matches == 2


def test_fine_periods_are_looked_at_for_two_days(bench: RuleBench) -> None:
    found = preview(bench, Period=10)
    assert found.until - found.since == 2 * DAY


def test_a_band_has_no_preview(bench: RuleBench) -> None:
    band = [
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
    ]
    plain = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period", "Threshold"))
    of_band = alarm(**plain, Metrics=band, ThresholdMetricId="b", ComparisonOperator="GreaterThanUpperThreshold")
    assert preview_alarm(bench.service, HERE, of_band) is None


def test_the_group_is_that_of_the_filter(bench: RuleBench) -> None:
    assert GROUP == "trail-group"
    bench.put_events(record())
    bench.clock.advance(HOUR)
    assert preview(bench).matches == 1


# ---------------------------------------------------------------- periods for a chart


def test_periods_touch_and_end_now(bench: RuleBench) -> None:
    bench.put_events(record(), record())
    bench.clock.advance(HOUR)
    found = preview(bench)
    starts = [start for start, _ in found.slots]
    assert found.slot_seconds == 300
    assert starts[-1] + 300 == found.until
    assert all(later - earlier == 300 for earlier, later in itertools.pairwise(starts))
    assert [value for _, value in found.slots if value is not None] == [2.0]


def test_short_periods_are_put_together_by_what_breaches_most(bench: RuleBench) -> None:
    for _ in range(3):
        bench.put_events(record())
        bench.clock.advance(60)
    bench.put_events(record(), record())
    bench.clock.advance(HOUR)
    high = preview(bench, Period=60)
    assert high.slot_seconds == 300
    assert max(value for _, value in high.slots if value is not None) == 2.0
    low = preview(bench, Period=60, ComparisonOperator="LessThanThreshold")
    assert max(value for _, value in low.slots if value is not None) <= 2.0
    assert min(value for _, value in low.slots if value is not None) == 1.0
