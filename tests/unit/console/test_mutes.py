"""Mute rules in the console (CON-4.10, AL-14)."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from console_bench import ConsoleBench

from tocsin.console.visit import Visitor

ALARM = {
    "Namespace": "Trail",
    "MetricName": "Stop",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
FORM = {
    "name": "works",
    "alarms": "a\nb",
    "kind": "once",
    "start": "2026-03-14T03:00",
    "duration": "PT1H",
    "zone": "UTC",
    "reason": "planned work",
}
AGAIN = {
    **FORM,
    "kind": "again",
    "expression": "0 2 * * MON-FRI",
    "zone": "Europe/Berlin",
    "expires": "2026-12-31T23:59",
}
LIVE = {"x-tocsin-live": "1"}


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    for name in ("a", "b"):
        bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": name})
    return bench


def rule(bench: ConsoleBench, name: str = "works") -> dict[str, Any]:
    return bench.call("cloudwatch", "GetAlarmMuteRule", {"AlarmMuteRuleName": name})


def rules(bench: ConsoleBench) -> list[str]:
    found = bench.call("cloudwatch", "ListAlarmMuteRules", {})["AlarmMuteRuleSummaries"]
    return [one["AlarmMuteRuleArn"].rpartition(":")[2] for one in found]


def undo(text: str) -> tuple[str, dict[str, str]]:
    """The action and the fields of the undo on a page."""
    line = text.partition('<div class="result"')[2].partition("</form>")[0]
    (action,) = re.findall(r"do/([\w-]+)", line)
    return action, dict(re.findall(r'name="([^"]+)" value="([^"]*)"', line))


def test_without_rules_it_says_what_one_is_for(bench: ConsoleBench) -> None:
    seen = bench.get("mutes")
    assert seen.html is not None
    assert "Nothing is muted." in seen.words
    assert 'value="2026-03-14T03:14"' in seen.text, "the form begins now"
    assert "Choose from 2 alarms" in seen.words


def test_alarms_are_muted_once(bench: ConsoleBench) -> None:
    done = bench.follow(bench.post("put-mute", FORM))
    assert "2 alarms muted until 04:00." in done.words
    made = rule(bench)
    assert (made["Rule"]["Schedule"]["Expression"], made["Status"]) == ("at(2026-03-14T03:00)", "ACTIVE")
    assert (made["Description"], made["MuteTargets"]) == ("planned work", {"AlarmNames": ["a", "b"]})
    assert "active works" in done.words
    assert "03:00 to 04:00 once, for 1 hour" in done.words
    assert "planned work" in done.words


def test_alarms_are_muted_again_and_again(bench: ConsoleBench) -> None:
    done = bench.follow(bench.post("put-mute", AGAIN))
    assert "2 alarms muted from 16 Mar 01:00 until 16 Mar 02:00." in done.words
    made = rule(bench)
    assert made["Rule"]["Schedule"]["Expression"] == "cron(0 2 * * MON-FRI)"
    assert made["ExpireDate"].isoformat() == "2026-12-31T22:59:00+00:00"
    assert "again and again, for 1 hour each: cron(0 2 * * MON-FRI), Europe/Berlin" in done.words


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"alarms": " \n"}, "alarms", "Name at least one alarm."),
        ({"alarms": "a\nzzz"}, "", "The alarms [zzz] in MuteTargets do not exist"),
        ({"reason": ""}, "reason", "Say why"),
        ({"start": "soon"}, "start", "Give a day and a time"),
        ({"start": "2026-13-01T00:00"}, "expression", "month"),
        ({"start": "2026-03-01T00:00"}, "start", "That would mute nothing"),
        ({"duration": "PT0S"}, "duration", "out of range"),
        ({"zone": "Mars/Base"}, "zone", "There is no such time zone"),
        ({"name": ""}, "name", ""),
        ({"kind": "again", "expression": "x"}, "expression", ""),
        ({**AGAIN, "expires": "soon"}, "expires", "Give a day and a time"),
        ({**AGAIN, "expires": "2026-02-31T00:00"}, "expires", "There is no such day"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_said_at_its_field(bench: ConsoleBench, fields: dict, field: str, text: str) -> None:
    seen = bench.post("put-mute", {**FORM, **fields})
    assert seen.status == 422
    assert text in seen.words
    assert f'href="#f-{field}"' in seen.text or not field
    assert "planned work" in seen.text or "reason" in fields, "nothing typed is lost"
    assert rules(bench) == []


def test_while_somebody_types_the_windows_are_told_and_nothing_is_done(bench: ConsoleBench) -> None:
    seen = bench.post("put-mute", AGAIN, headers=LIVE)
    assert seen.status == 200
    assert "Holds from 16 Mar 01:00 until 16 Mar 02:00" in seen.words
    assert "Then 17 Mar 01:00 to 17 Mar 02:00" in seen.words
    assert "aws cloudwatch put-alarm-mute-rule" in seen.words
    now = bench.post("put-mute", FORM, headers=LIVE)
    assert "Holds now, until 04:00" in now.words
    wrong = bench.post("put-mute", {**FORM, "reason": ""}, headers=LIVE)
    assert (wrong.status, "Say why" in wrong.words) == (200, True)
    over = bench.post("put-mute", {**FORM, "start": "2026-03-01T00:00"}, headers=LIVE)
    assert "That would mute nothing" in over.words
    assert rules(bench) == []


def test_a_rule_of_that_name_is_not_overwritten_unseen(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    seen = bench.post("put-mute", {**FORM, "reason": "other"})
    assert (seen.status, "There is a rule works already." in seen.words) == (422, True)
    assert rule(bench)["Description"] == "planned work"


def test_a_rule_is_changed_and_changed_back(bench: ConsoleBench) -> None:
    bench.post("put-mute", AGAIN)
    seen = bench.get("edit/mute/works")
    assert 'value="0 2 * * MON-FRI"' in seen.text
    assert 'value="2026-12-31T23:59"' in seen.text
    done = bench.follow(bench.post("put-mute", {**AGAIN, "edited": "works", "alarms": "a", "duration": "PT2H"}))
    assert rule(bench)["MuteTargets"] == {"AlarmNames": ["a"]}
    action, fields = undo(done.text)
    assert bench.post(action, fields).status == 303
    assert rule(bench)["MuteTargets"] == {"AlarmNames": ["a", "b"]}


def opened(bench: ConsoleBench) -> dict[str, str]:
    """What the form of the rule carries."""
    text = bench.get("edit/mute/works").text
    return {name: unescape(value) for name, value in re.findall(r'name="(edited|version|base)" value="([^"]*)"', text)}


def test_a_rule_that_somebody_else_changed_meanwhile_is_not_overwritten_unseen(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    carried = opened(bench)
    bench.post("put-mute", {**FORM, "edited": "works", "reason": "their reason"})
    mine = {**FORM, **carried, "duration": "PT4H"}
    seen = bench.post("put-mute", mine)
    assert (seen.status, "works was changed meanwhile" in seen.words) == (409, True)
    assert "You changed different fields." in seen.words
    assert rule(bench)["Description"] == "their reason"
    mark = seen.text.index("do/show-mute")
    merged = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', seen.text[mark:])}
    form = bench.post("show-mute", merged)
    assert 'value="their reason"' in form.text
    assert '<option value="PT4H" selected>' in form.text
    done = bench.post("put-mute", merged)
    assert done.status == 303
    made = rule(bench)
    assert (made["Description"], made["Rule"]["Schedule"]["Duration"]) == ("their reason", "PT4H")


def test_a_form_that_says_what_is_there_is_no_conflict(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    assert bench.post("put-mute", {**FORM, **opened(bench), "duration": "PT4H"}).status == 303


def test_a_rule_is_renamed(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    bench.post("put-mute", {**FORM, "edited": "works", "name": "other"})
    assert rules(bench) == ["other"]


def test_a_rule_that_is_not_there_names_one_that_is_near(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    seen = bench.get("edit/mute/work")
    assert (seen.status, "/console/edit/mute/works" in seen.links()) == (404, True)
    assert bench.get("edit/mute/zzz").status == 404


def test_a_rule_is_ended_and_put_again(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    done = bench.follow(bench.post("delete-mute", {"name": "works"}))
    assert "The rule works is deleted, and what it held is let go." in done.words
    assert rules(bench) == []
    action, fields = undo(done.text)
    assert bench.post(action, fields).status == 303
    assert rule(bench)["Description"] == "planned work"
    bench.post("delete-mute", {"name": "works"})
    gone = bench.follow(bench.post("delete-mute", {"name": "works"}))
    assert "is not there any more" in gone.words


def test_the_watch_itself_is_muted_only_when_asked_twice(bench: ConsoleBench) -> None:
    tags = [{"Key": "tocsin:rule", "Value": "self-protection/s01"}]
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "guard", "Tags": tags})
    seen = bench.post("put-mute", {**FORM, "alarms": "a\nguard"})
    assert (seen.status, "1 alarm of these watch over the watch itself" in seen.words) == (422, True)
    assert bench.post("put-mute", {**FORM, "alarms": "a\nguard", "sure": "yes"}).status == 303


def test_expired_rules_are_behind_a_link(bench: ConsoleBench) -> None:
    bench.post("put-mute", FORM)
    bench.clock.advance(7200)
    seen = bench.get("mutes")
    assert "works" not in seen.words
    (link,) = [one for one in seen.links() if "expired=yes" in one]
    shown = bench.get(link)
    assert "expired works" in shown.words
    assert "Hide 1 expired rule" in shown.words


def test_a_rule_says_what_it_has_held(bench: ConsoleBench) -> None:
    topic = bench.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "a", "AlarmActions": [topic]})
    bench.post("put-mute", FORM)
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "r"})
    row = bench.get("mutes").text.partition('data-l="Held"')[2].partition("</td>")[0]
    assert row.endswith(">1")


def test_the_address_may_name_alarms(bench: ConsoleBench) -> None:
    assert "a\nb</textarea>" in bench.get("new/mute?alarm=a&alarm=b").text


def test_rules_come_alone_when_they_have_changed(bench: ConsoleBench) -> None:
    alone = bench.get("_/mutes/rows")
    tag = {"if-none-match": alone.headers["etag"]}
    assert bench.get("_/mutes/rows", headers=tag).status == 304
    bench.post("put-mute", FORM)
    assert "works" in bench.get("_/mutes/rows", headers=tag).words


def test_a_viewer_sees_rules_and_changes_none() -> None:
    bench = ConsoleBench(visitor=Visitor(name="eve", role="viewer"))
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "a"})
    assert "needs operator" in bench.get("mutes").words
    assert bench.post("put-mute", {**FORM, "alarms": "a"}).status == 403
    assert bench.post("delete-mute", {"name": "works"}).status == 403
