"""The overview (CON-4.2), and the numbers beside the navigation (CON-3.4)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from console_bench import AT, SCOPE, ConsoleBench

from tocsin.app.acknowledgement import acknowledge
from tocsin.app.evaluator import Evaluator
from tocsin.app.first_steps import FirstStep, step_calls
from tocsin.console.visit import Visitor
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

OTHER = Scope("444455556666", "eu-west-1")
ALARM = {
    "Namespace": "Trail",
    "MetricName": "Stop",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
FILTER = {
    "logGroupName": "trail-group",
    "filterName": "stop",
    "filterPattern": "{ $.eventName = StopLogging }",
    "metricTransformations": [{"metricName": "Stop", "metricNamespace": "Trail", "metricValue": "1"}],
}
PARTS = ("heading", "counts", "ringing", "timeline", "events-lane", "attention", "people", "chain")


def record(bench: ConsoleBench, name: str = "StopLogging", **more: object) -> dict:
    return {
        "eventTime": bench.clock.now().isoformat(),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": {"name": "main"},
        **more,
    }


def alarm(bench: ConsoleBench, name: str, *, topic: str = "", scope: Scope = SCOPE, **more: object) -> None:
    actions = [topic] if topic else []
    bench.call(
        "cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": name, "AlarmActions": actions, **more}, scope=scope
    )


def set_state(bench: ConsoleBench, name: str, state: str = "ALARM") -> None:
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": name, "StateValue": state, "StateReason": "by hand"})


@pytest.fixture
def bench() -> ConsoleBench:
    """An account with a group, a filter, and an alarm that publishes where nobody has confirmed."""
    bench = ConsoleBench()
    bench.put_events("trail-group", [record(bench, "GetTrail")])
    bench.call("logs", "PutMetricFilter", FILTER)
    topic = bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})["TopicArn"]
    bench.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "email", "Endpoint": "oncall@example.com"})
    alarm(bench, "stopped", topic=topic)
    return bench


def stop(bench: ConsoleBench) -> None:
    """Somebody stops the trail, and the alarm is evaluated."""
    bench.service.part(Evaluator).run()
    bench.clock.advance(120)
    bench.put_events("trail-group", [record(bench)])
    bench.clock.advance(90)
    bench.service.part(Evaluator).run()


def test_an_empty_installation_is_led_from_nothing_to_a_mail() -> None:
    seen = ConsoleBench().get("")
    assert seen.status == 200
    assert "Nothing is watched yet" in seen.words
    assert "0 of 7 steps done" in seen.words
    for text in ("aws cloudtrail create-trail", "aws logs put-metric-filter", "aws sns subscribe", "AuthorizeSecurity"):
        assert text in seen.text
    assert "/console/new/trail" in seen.links()
    assert seen.html is not None


class AnyBucket:
    """Buckets are there, as they are in the folder of the live service."""

    def has_bucket(self, bucket: str) -> bool:
        return True

    def put(self, bucket: str, key: str, body: bytes, **how: object) -> None:
        """Take it."""


def test_the_steps_run_as_they_stand() -> None:
    bench = ConsoleBench()
    bench.service.objects = AnyBucket()
    calls = step_calls(bench.service, SCOPE)
    for step in (FirstStep.TRAIL, FirstStep.FILTER, FirstStep.ALARM, FirstStep.TOPIC, FirstStep.ACTION):
        for call in calls[step]:
            bench.call(call.service, call.operation, call.parameters)
    bench.call("logs", "CreateLogStream", {"logGroupName": "trail-group", "logStreamName": "s"})
    bench.put_events("trail-group", [record(bench, "AuthorizeSecurityGroupIngress")])
    words = bench.get("").words
    assert "Still to do 5 of 7 steps done" in words
    assert "5. Confirm" in words


def test_what_rings_is_told_with_its_sentence_and_who_knows(bench: ConsoleBench) -> None:
    stop(bench)
    seen = bench.get("")
    assert "1 alarm is ringing, it is not acknowledged" in seen.words
    assert "mallory stopped" in seen.words
    assert "1 of 1 alarm rang" in seen.words
    assert "/console/alarms/stopped" in seen.links()
    row = seen.text.partition('<tr data-key="')[2].partition("</tr>")[0]
    assert "nobody" in row


def test_it_is_acknowledged_with_one_click(bench: ConsoleBench) -> None:
    set_state(bench, "stopped")
    row = bench.get("").text.partition('<tr data-key="')[2].partition("</tr>")[0]
    fields = dict(re.findall(r'name="(alarm|transition)" value="([^"]*)"', row))
    assert "Acknowledged by local." in bench.follow(bench.post("acknowledge-alarm", fields)).words
    assert "it is acknowledged" in bench.get("").words
    bench.clock.advance(60)
    set_state(bench, "stopped", "OK")
    set_state(bench, "stopped")
    assert bench.post("acknowledge-alarm", fields).status == 409, "of another change nothing is known"


def test_a_viewer_acknowledges_nothing() -> None:
    bench = ConsoleBench(visitor=Visitor(name="eve", role="viewer"))
    alarm(bench, "a")
    set_state(bench, "a")
    seen = bench.get("")
    assert "do/acknowledge-alarm" not in seen.text
    assert "1 alarm is ringing, it is not acknowledged" in seen.words


def test_who_has_taken_it_on_is_told(bench: ConsoleBench) -> None:
    set_state(bench, "stopped")
    acknowledge(bench.service, SCOPE, "stopped", by="dana", note="drill <b>")
    seen = bench.get("")
    assert "1 alarm is ringing, it is acknowledged" in seen.words
    assert "dana 03:14 drill <b>" in seen.words
    assert "<b>" not in seen.text.partition("<main")[2].partition("counts")[2].replace("<b>1</b>", "").replace(
        "<b>0</b>", ""
    )


@pytest.mark.parametrize(
    ("ringing", "taken", "heading"),
    [
        (0, 0, "Nothing is ringing, and 3 alarms would tell nobody"),
        (1, 0, "1 alarm is ringing, it is not acknowledged"),
        (3, 0, "3 alarms are ringing, none is acknowledged"),
        (3, 1, "3 alarms are ringing, 2 are not acknowledged"),
        (3, 2, "3 alarms are ringing, 1 is not acknowledged"),
        (3, 3, "3 alarms are ringing, all are acknowledged"),
    ],
)
def test_the_heading_says_how_it_stands(bench: ConsoleBench, ringing: int, taken: int, heading: str) -> None:
    alarm(bench, "b")
    alarm(bench, "c")
    names = ("stopped", "b", "c")
    for name in names[:ringing]:
        set_state(bench, name)
    for name in names[:taken]:
        acknowledge(bench.service, SCOPE, name, by="dana")
    assert heading in bench.get("").words


def test_of_more_than_twenty_the_rest_is_counted_and_what_they_share_is_said(bench: ConsoleBench) -> None:
    for number in range(30):
        alarm(bench, f"many-{number:02}")
        set_state(bench, f"many-{number:02}")
    seen = bench.get("")
    assert "30 of 30 share the log group trail-group : look there first." in seen.words
    assert "10 more" in seen.words
    assert seen.text.count('<tr data-key="') == 20


def test_nobody_listening_is_told_before_anything_else(bench: ConsoleBench) -> None:
    bench.service.counters.add("records_dropped", 3)
    words = bench.get("").words
    attention = words.partition("Needs attention")[2]
    assert attention.index("Nobody is told") < attention.index("Records lost")
    assert "Nobody has confirmed a subscription to sec-alerts" in attention
    assert "1 tells nobody" in words.partition("Chain")[2]


def test_a_day_with_its_events_and_changes_is_drawn(bench: ConsoleBench) -> None:
    stop(bench)
    bench.clock.advance(60)
    seen = bench.get("")
    assert "events a minute" in seen.words
    assert seen.text.count('class="lane"') == 1
    assert "Events a minute: highest 1 at" in seen.words
    assert seen.text.count('class="sA"') >= 1


def test_a_part_of_another_run_is_another_one() -> None:
    store = MemoryStore()
    tag = ConsoleBench(store=store).get("_/overview/chain").headers["etag"]
    later = ConsoleBench(store=store, at=AT + timedelta(milliseconds=1))
    assert later.get("_/overview/chain", headers={"if-none-match": tag}).status == 200


@pytest.mark.parametrize("part", PARTS)
def test_a_part_comes_alone_and_only_when_it_has_changed(bench: ConsoleBench, part: str) -> None:
    alone = bench.get(f"_/overview/{part}")
    assert alone.status == 200
    assert "<!doctype" not in alone.text
    assert alone.html is not None
    tag = alone.headers["etag"]
    assert bench.get(f"_/overview/{part}", headers={"if-none-match": tag}).status == 304
    set_state(bench, "stopped")
    bench.clock.advance(60)
    again = bench.get(f"_/overview/{part}", headers={"if-none-match": tag})
    assert again.status == 200


def test_a_part_is_made_once_for_all_who_were_told_the_same() -> None:
    signal = 7
    bench = ConsoleBench(parts={"last_signal": lambda: signal}, visitor=Visitor(name="vera", role="viewer"))
    bench.put_events("trail-group", [record(bench)])
    first = bench.get("_/overview/events-lane")
    bench.put_events("trail-group", [record(bench)] * 9)
    second = bench.get("_/overview/events-lane")
    assert second.text == first.text
    signal = 8
    third = bench.get("_/overview/events-lane", headers={"if-none-match": first.headers["etag"]})
    assert third.status == 200
    assert third.text != first.text


def test_a_part_that_was_shared_is_another_one_once_a_definition_has_changed() -> None:
    bench = ConsoleBench(parts={"last_signal": lambda: 7})
    before = bench.get("_/overview/ringing").text
    alarm(bench, "stopped")
    set_state(bench, "stopped")
    assert "stopped" not in before
    assert "stopped" in bench.get("_/overview/ringing").text


class _Viewed(MemoryStore):
    """A store that counts how often it is looked at."""

    views = 0

    def read(self) -> Any:
        self.views += 1
        return super().read()


@pytest.mark.parametrize("part", PARTS)
def test_whether_a_part_has_changed_is_looked_up_once_for_all_who_were_told_the_same(part: str) -> None:
    store, told = _Viewed(), {"signal": 7}
    bench = ConsoleBench(store=store, parts={"last_signal": lambda: told["signal"]})
    alarm(bench, "stopped")
    tag = bench.get(f"_/overview/{part}").headers["etag"]
    store.views = 0
    assert bench.get(f"_/overview/{part}", headers={"if-none-match": tag}).status == 304
    assert store.views == 0
    told["signal"] = 8
    bench.get(f"_/overview/{part}", headers={"if-none-match": tag})
    assert store.views > 0


def test_whether_a_part_has_changed_is_always_looked_up_where_nobody_is_told() -> None:
    store = _Viewed()
    bench = ConsoleBench(store=store)
    tag = bench.get("_/overview/counts").headers["etag"]
    store.views = 0
    assert bench.get("_/overview/counts", headers={"if-none-match": tag}).status == 304
    assert store.views > 0


def test_a_part_follows_the_time_between_two_signals() -> None:
    store = _Viewed()
    bench = ConsoleBench(store=store, parts={"last_signal": lambda: 7})
    tag = bench.get("_/overview/chain").headers["etag"]
    bench.clock.advance(5)
    assert bench.get("_/overview/chain", headers={"if-none-match": tag}).status == 200


def test_what_another_process_defines_is_found_within_a_second() -> None:
    store = MemoryStore()
    bench = ConsoleBench(store=store)
    assert "444455556666" not in bench.get("log-groups").text
    with pytest.MonkeyPatch.context() as others:
        others.setattr(store, "changes", lambda: 0)
        bench.get("log-groups")
        bench.call("logs", "CreateLogGroup", {"logGroupName": "theirs"}, scope=OTHER)
        bench.clock.advance(1)
        assert "444455556666" in bench.get("log-groups").text


def test_the_token_of_a_form_is_in_nobody_elses_part(bench: ConsoleBench) -> None:
    set_state(bench, "stopped")
    bench.get("")
    mine = bench.get("_/overview/ringing").text
    bench.cookies.clear()
    bench.get("")
    theirs = bench.get("_/overview/ringing").text
    tokens = [re.findall('name="token" value="([^"]+)"', text) for text in (mine, theirs)]
    assert all(tokens)
    assert tokens[0] != tokens[1]


def test_the_page_holds_each_part_as_it_comes_alone(bench: ConsoleBench) -> None:
    whole = re.sub(r'name="form" value="[^"]*"', 'name="form" value=""', bench.get("").text)
    for part in PARTS:
        assert bench.get(f"_/overview/{part}").text.strip() in whole


def test_several_accounts_are_seen_together(bench: ConsoleBench) -> None:
    alarm(bench, "far", scope=OTHER)
    bench.call(
        "cloudwatch", "SetAlarmState", {"AlarmName": "far", "StateValue": "ALARM", "StateReason": "r"}, scope=OTHER
    )
    assert "Nothing is ringing" in bench.get(f"?in={SCOPE.account}/{SCOPE.region}").words
    seen = bench.get("?in=all")
    assert "1 alarm is ringing" in seen.words
    assert f"/console/alarms/far?in={OTHER.account}%2F{OTHER.region}" in seen.links()
    assert "All 2 alarms" in seen.words


def test_the_navigation_has_its_numbers_on_every_page(bench: ConsoleBench) -> None:
    words = bench.get("help").words
    assert "Topics 1 pending" in words
    assert "ringing" not in words.partition("Events")[0]
    set_state(bench, "stopped")
    bench.call(
        "cloudwatch",
        "PutAlarmMuteRule",
        {
            "Name": "m",
            "Rule": {"Schedule": {"Expression": "at(2026-03-14T03:00)", "Duration": "PT1H"}},
            "MuteTargets": {"AlarmNames": ["stopped"]},
        },
    )
    seen = bench.get("help")
    assert "Alarms 1 ringing" in seen.words
    assert "Mutes 1 active" in seen.words
    assert '<span class="n al">1 ringing</span>' in seen.text


def test_it_costs_the_same_however_many_events_there_are() -> None:
    """No event is read: what is counted is read as sums (CON-4.0)."""
    bench = ConsoleBench()
    for _ in range(3):
        bench.put_events("trail-group", [record(bench, "GetTrail")] * 50)
        bench.clock.advance(3600)
    with bench.service.store.read() as store:
        logs = store.logs
    reads: list[str] = []
    events, look_up = logs.events, logs.look_up
    logs.events = lambda *a, **k: reads.append("events") or events(*a, **k)
    logs.look_up = lambda *a, **k: reads.append("look_up") or look_up(*a, **k)
    assert "50" in bench.get("_/overview/events-lane").words
    assert bench.get("").status == 200
    assert reads == []


def test_names_of_attackers_are_shown_and_do_nothing() -> None:
    bench = ConsoleBench()
    bench.put_events("trail-group", [record(bench, "GetTrail")])
    evil = "<script>alert(1)</script>\u202egnp"
    bench.call("sns", "CreateTopic", {"Name": "t"})
    alarm(bench, evil)
    set_state(bench, evil)
    seen = bench.get("")
    assert "<script>alert" not in seen.text
    assert "U+202E" in seen.text
    assert seen.html is not None


def test_what_happened_long_ago_has_its_date(bench: ConsoleBench) -> None:
    set_state(bench, "stopped")
    bench.clock.advance(timedelta(days=2).total_seconds())
    words = bench.get("").words
    assert "2 d" in words
    assert "14 Mar 03:14" in words
