"""The list of alarms, and what is done to many at once (CON-4.3, CON-7.6, CON-7.7)."""

from __future__ import annotations

import re
from html import unescape

import pytest
from console_bench import SCOPE, ConsoleBench, Seen

from tocsin.app.metric_alarm import set_state
from tocsin.console.visit import Visitor
from tocsin.core.alarm.state import StateValue
from tocsin.core.scope import Scope

OTHER = Scope("444455556666", "eu-west-1")
ALARM = {
    "Namespace": "Trail",
    "MetricName": "Stop",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def alarm(bench: ConsoleBench, name: str, *, topic: str = "", severity: str = "", scope: Scope = SCOPE) -> None:
    tags = [{"Key": "tocsin:severity", "Value": severity}] if severity else []
    parameters = {**ALARM, "AlarmName": name, "AlarmActions": [topic] if topic else [], "Tags": tags}
    bench.call("cloudwatch", "PutMetricAlarm", parameters, scope=scope)


def heard_topic(bench: ConsoleBench) -> str:
    """A topic that somebody hears."""
    topic = bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})["TopicArn"]
    bench.call(
        "sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:111122223333:q"}
    )
    return topic


def named(seen: Seen) -> list[str]:
    """The names of the rows, in order."""
    return re.findall(r'name="alarm" value="([^"]*)"', seen.text)


def state_of(bench: ConsoleBench, name: str) -> dict:
    found = bench.call(
        "cloudwatch", "DescribeAlarms", {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    )
    return (found.get("MetricAlarms") or found.get("CompositeAlarms") or [{}])[0]


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    topic = heard_topic(bench)
    alarm(bench, "cis/root", topic=topic, severity="critical")
    alarm(bench, "noise", severity="low")
    alarm(bench, "plain", topic=topic)
    bench.call("cloudwatch", "PutCompositeAlarm", {"AlarmName": "both", "AlarmRule": "ALARM(noise) OR ALARM(plain)"})
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "plain", "StateValue": "ALARM", "StateReason": "r"})
    return bench


# ---------------------------------------------------------------- the list


def test_alarms_stand_with_state_condition_and_who_is_told(bench: ConsoleBench) -> None:
    seen = bench.get("alarms")
    assert seen.html is not None
    assert named(seen) == ["both", "plain", "cis/root", "noise"]
    assert "Sum of Stop is at least 1 in 5 minutes" in seen.words
    assert "ALARM(noise) OR ALARM(plain)" in seen.words
    row = seen.text.partition('value="both"')[2].partition("</tr>")[0]
    assert "nobody" in row
    assert "left to composites" in seen.text.partition('value="noise"')[2].partition("</tr>")[0]
    assert "would tell 1" in seen.text.partition('value="cis/root"')[2].partition("</tr>")[0]


def test_a_composite_opens_as_a_tree(bench: ConsoleBench) -> None:
    row = bench.get("alarms").text.partition('value="both"')[2].partition("</tr>")[0]
    assert "<details" in row
    assert "2 children" in row
    assert "/console/alarms/noise" in row


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=ALARM", ["both", "plain"]),
        ("severity=critical", ["cis/root"]),
        ("topic=sec-alerts", ["plain", "cis/root"]),
        ("unheard=yes", ["both"]),
        ("find=ROOT", ["cis/root"]),
        ("sort=name", ["both", "cis/root", "noise", "plain"]),
        ("sort=severity&find=i", ["cis/root", "plain", "noise"]),
        ("sort=rang&state=rang", ["both", "plain"]),
    ],
)
def test_it_is_filtered_and_sorted(bench: ConsoleBench, query: str, names: list[str]) -> None:
    assert named(bench.get(f"alarms?{query}")) == names


def test_filtered_to_nothing_it_says_what_to_drop(bench: ConsoleBench) -> None:
    seen = bench.get("alarms?state=OK&severity=critical")
    assert "No alarm is like that." in seen.words
    assert "state OK: 1 alarm" in seen.words
    (link,) = [one for one in seen.links() if one.endswith("alarms?severity=critical")]
    assert named(bench.get(link)) == ["cis/root"]
    assert "Show all 4" in bench.get("alarms?find=zzz&unheard=yes&state=OK").words


def test_without_alarms_a_pack_is_offered() -> None:
    seen = ConsoleBench().get("alarms")
    assert "There is no alarm yet." in seen.words
    assert "Filter alarms" not in seen.text  # there is nothing to choose from
    assert {"/console/rules", "/console/new/alarm"} <= set(seen.links())


def test_a_hundred_make_a_page() -> None:
    bench = ConsoleBench()
    for number in range(130):
        alarm(bench, f"a{number:03}")
    first = bench.get("alarms?sort=name")
    (older,) = [link for link in first.links() if "after=" in link]
    second = bench.get(unescape(older))
    assert len(named(first)) == 100
    assert named(first) + named(second) == [f"a{number:03}" for number in range(130)]
    assert "First page" in second.words


def test_its_rows_come_alone_and_only_when_they_changed(bench: ConsoleBench) -> None:
    alone = bench.get("_/alarms/rows?state=ALARM")
    assert named(alone) == ["both", "plain"]
    tag = {"if-none-match": alone.headers["etag"]}
    assert bench.get("_/alarms/rows?state=ALARM", headers=tag).status == 304
    assert bench.get("_/alarms/rows?state=OK", headers=tag).status == 200
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "noise", "StateValue": "ALARM", "StateReason": "r"})
    assert named(bench.get("_/alarms/rows?state=ALARM", headers=tag)) == ["both", "plain", "noise"]


def test_links_of_rows_that_came_alone_lead_to_the_page(bench: ConsoleBench) -> None:
    for query in ("state=OK&severity=critical", "state=ALARM&after=0:a/b:c", ""):
        alone = bench.get(f"_/alarms/rows?{query}")
        assert not [link for link in alone.links() if "/_/" in link]
    back = re.findall(r'name="back" value="([^"]*)"', bench.get("_/alarms/rows?state=ALARM&sort=name").text)
    assert [unescape(one) for one in back] == ["/console/alarms?state=ALARM&sort=name"]


def test_over_all_accounts_nothing_can_be_chosen(bench: ConsoleBench) -> None:
    alarm(bench, "far", scope=OTHER)
    seen = bench.get("alarms?in=all")
    assert named(seen) == []
    assert "choose one account and region" in seen.words
    assert f"/console/alarms/far?in={OTHER.account}%2F{OTHER.region}" in seen.links()


def test_a_viewer_changes_nothing() -> None:
    bench = ConsoleBench(visitor=Visitor(name="eve", role="viewer"))
    alarm(bench, "a")
    assert "need an operator" in bench.get("alarms").words
    for action in ("change-alarms", "enable-alarms", "disable-alarms", "delete-alarms", "restore-alarms"):
        assert bench.post(action, {"alarm": "a", "act": "delete", "word": "a"}).status == 403
    assert state_of(bench, "a")


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"act": "enable"}, "Choose at least one alarm."),
        ({"act": "enable", "alarm": [f"a{n}" for n in range(101)]}, "Choose 100 alarms at most; these are 101."),
        ({"act": "burn", "alarm": "noise"}, "Choose what is to be done."),
    ],
)
def test_what_cannot_be_done_is_said(bench: ConsoleBench, fields: dict, problem: str) -> None:
    seen = bench.post("change-alarms", fields)
    assert (seen.status, problem in seen.words) == (422, True)
    assert named(seen)


def test_alarms_that_are_chosen_are_muted_by_the_form(bench: ConsoleBench) -> None:
    seen = bench.post("change-alarms", {"act": "mute", "alarm": ["plain", "cis/root"]})
    assert seen.status == 200
    assert "plain\ncis/root</textarea>" in seen.text


def test_disabling_tells_what_follows_and_is_asked_for(bench: ConsoleBench) -> None:
    asked = bench.post("change-alarms", {"act": "disable", "alarm": ["plain", "noise"]})
    assert "Disable 2 alarms?" in asked.words
    assert "1 person hears nothing of them any more" in asked.words
    assert "1 is ringing" in asked.words
    assert "aws cloudwatch disable-alarm-actions" in asked.words
    again = bench.post("disable-alarms", {"alarm": ["plain", "noise"], "word": "1"})
    assert (again.status, "Type 2 to say that this is meant." in again.words) == (422, True)
    assert state_of(bench, "plain")["ActionsEnabled"]
    done = bench.post("disable-alarms", {"alarm": ["plain", "noise"], "word": "2", "back": "/console/alarms?sort=name"})
    assert done.headers["location"].startswith("/console/alarms?sort=name")
    assert not state_of(bench, "plain")["ActionsEnabled"]
    assert "Actions of 2 alarms disabled." in bench.follow(done).words


def test_disabling_is_undone_and_the_undo_too(bench: ConsoleBench) -> None:
    done = bench.follow(bench.post("disable-alarms", {"alarm": ["plain", "noise"], "word": "2"}))
    fields = dict(re.findall(r'<input type="hidden" name="(alarm|word)" value="([^"]*)">', done.text))
    back = bench.follow(bench.post("enable-alarms", fields))
    assert state_of(bench, "plain")["ActionsEnabled"]
    fields = dict(re.findall(r'<input type="hidden" name="(alarm|word)" value="([^"]*)">', back.text))
    assert bench.post("disable-alarms", fields).status == 303
    assert not state_of(bench, "noise")["ActionsEnabled"]


def test_what_nobody_hears_is_disabled_without_a_word(bench: ConsoleBench) -> None:
    asked = bench.post("change-alarms", {"act": "disable", "alarm": "noise"})
    assert "Nobody hears of it now." in asked.words
    assert 'name="word"' not in asked.text
    assert bench.post("disable-alarms", {"alarm": "noise"}).status == 303


def test_deleting_tells_who_relies_on_them(bench: ConsoleBench) -> None:
    asked = bench.post("change-alarms", {"act": "delete", "alarm": ["plain", "cis/root"]})
    assert "Delete 2 alarms?" in asked.words
    assert "1 topic loses the last alarm" in asked.words
    assert "1 composite alarm looks at some of them" in asked.words
    assert "aws cloudwatch delete-alarms" in asked.words
    one = bench.post("change-alarms", {"act": "delete", "alarm": "cis/root"})
    assert "Type cis/root to go on" in one.words


def test_alarms_that_were_deleted_are_made_again(bench: ConsoleBench) -> None:
    chosen = ["noise", "plain", "both", "gone"]
    done = bench.follow(bench.post("delete-alarms", {"alarm": chosen, "word": "4"}))
    assert "3 alarms deleted. Not done: gone is not there any more." in done.words
    assert state_of(bench, "plain") == state_of(bench, "both") == {}
    (ident,) = re.findall(r'name="removal" value="([^"]*)"', done.text)
    back = bench.follow(bench.post("restore-alarms", {"removal": ident}))
    assert "3 alarms made again; states and histories begin anew." in back.words
    assert state_of(bench, "both")["AlarmRule"] == "ALARM(noise) OR ALARM(plain)"
    assert state_of(bench, "plain")["StateValue"] == "INSUFFICIENT_DATA"
    assert "low" in bench.get("alarms?find=noise").words
    assert bench.post("restore-alarms", {"removal": ident}).status == 422


def test_after_ten_minutes_they_are_not_made_again(bench: ConsoleBench) -> None:
    done = bench.follow(bench.post("delete-alarms", {"alarm": "cis/root", "word": "cis/root"}))
    (ident,) = re.findall(r'name="removal" value="([^"]*)"', done.text)
    bench.clock.advance(601)
    seen = bench.post("restore-alarms", {"removal": ident})
    assert (seen.status, "That is too long ago." in seen.words) == (422, True)


def test_each_that_is_refused_is_told(bench: ConsoleBench) -> None:
    asked = {"alarm": ["noise", "not-there"]}
    seen = bench.follow(bench.post("enable-alarms", asked))
    assert "Actions of 1 alarm enabled. Not done: not-there is not there any more." in seen.words


def test_every_change_is_on_record(bench: ConsoleBench) -> None:
    bench.post("delete-alarms", {"alarm": ["noise", "both"]})
    assert [(change.action, change.name) for change, _ in bench.audit.changes] == [
        ("DeleteAlarms", "both"),
        ("DeleteAlarms", "noise"),
    ]


# ---------------------------------------------------------------- what it costs


@pytest.mark.parametrize("sort", ["", "rang", "name"])
def test_a_thousand_alarms_that_all_flapped_stay_within_the_budget(crowd: ConsoleBench, sort: str) -> None:
    seen = crowd.get(f"alarms?sort={sort}")
    assert len(named(seen)) == 100
    assert len(seen.text.encode()) < 120_000  # CON-10.1
    assert sum(1 for _ in seen.html.iter()) < 3_500
    assert seen.text.count('class="lA"') == seen.text.count('class="lN"') == seen.text.count('class="lH"') == 100


@pytest.fixture(scope="module")
def crowd() -> ConsoleBench:
    """A thousand alarms; 120 of them were in each state again and again."""
    bench = ConsoleBench()
    topic = heard_topic(bench)
    names = [f"shop/service-{number:04}" for number in range(1_000)]
    for name in names:
        alarm(bench, name, topic=topic, severity="medium")
    for state in (*(StateValue.ALARM, StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA),) * 3:
        bench.clock.advance(3_000)
        for name in names[:120]:
            set_state(bench.service, SCOPE, name, state, reason="r", reason_data=None)
    return bench
