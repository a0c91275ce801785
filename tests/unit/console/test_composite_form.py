"""Making and changing a composite alarm (CON-4.8): its rule as it stands, its past, saving, conflicts."""

from __future__ import annotations

from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench, Seen
from html_form import forms_of

from tocsin.console.visit import Visitor

LIVE = {"x-tocsin-live": "1"}
TOPIC = SCOPE.arn("sns", "sec-alerts")
SENT: dict[str, Any] = {
    "name": "both",
    "rule": "ALARM(a) AND ALARM(b)",
    "suppressor": "",
    "wait": "60",
    "extension": "60",
    "severity": "",
    "enabled": "yes",
    "description": "",
}
METRIC: dict[str, Any] = {
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
RULE = {"AlarmName": "both", "AlarmRule": "ALARM(a) AND ALARM(b)"}


def told_bench(**more: Any) -> ConsoleBench:
    """Two alarms in OK, and a topic."""
    bench = ConsoleBench(**more)
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    for name in ("a", "b"):
        bench.call("cloudwatch", "PutMetricAlarm", {**METRIC, "AlarmName": name})
        turn(bench, name, "OK")
    return bench


@pytest.fixture
def bench() -> ConsoleBench:
    return told_bench()


def turn(bench: ConsoleBench, name: str, state: str) -> None:
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": name, "StateValue": state, "StateReason": "test"})


def put(bench: ConsoleBench, **changes: Any) -> None:
    bench.call("cloudwatch", "PutCompositeAlarm", {**RULE, **changes})


def stored(bench: ConsoleBench, name: str = "both") -> dict[str, Any]:
    """What DescribeAlarms shows of a composite."""
    asked = {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm"]}
    (found,) = bench.call("cloudwatch", "DescribeAlarms", asked)["CompositeAlarms"]
    return {key: value for key, value in found.items() if value is not None}


def severity(bench: ConsoleBench, name: str = "both") -> dict[str, str]:
    arn = SCOPE.arn("cloudwatch", f"alarm:{name}")
    tags = bench.call("cloudwatch", "ListTagsForResource", {"ResourceARN": arn})["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def opened(bench: ConsoleBench, name: str = "both") -> dict[str, Any]:
    """What the form of a composite that is there sends when nothing is changed."""
    seen = bench.get(f"edit/composite/{name}")
    assert seen.status == 200
    return dict(forms_of(seen.html)["Save"])


def filled(seen: Seen, button: str = "Create") -> dict[str, str]:
    """What the fields of the form hold, those that hold one thing."""
    return {name: held[0] for name, held in forms_of(seen.html)[button].items() if len(held) == 1}


# ---------------------------------------------------------------- where it begins


def test_a_new_composite_asks_for_its_alarms(bench: ConsoleBench) -> None:
    seen = bench.get("new/composite")
    assert seen.html is not None
    assert "Which alarms does it look at?" in seen.words
    assert filled(seen)["rule"] == ""


def test_without_alarms_one_is_to_be_made_first() -> None:
    seen = ConsoleBench().get("new/composite")
    assert seen.html is not None
    assert "There is no other alarm yet that it could look at." in seen.words


def test_alarms_that_the_address_names_make_a_rule(bench: ConsoleBench) -> None:
    seen = bench.get("new/composite?child=a&child=b&child=a")
    assert filled(seen)["rule"] == "ALARM(a) OR ALARM(b)"


@pytest.mark.parametrize(
    ("how_many", "rule"),
    [
        ("any", "ALARM(a) OR ALARM(b)"),
        ("all", "ALARM(a) AND ALARM(b)"),
        ("two", "AT_LEAST(2, ALARM, (a, b))"),
    ],
)
def test_the_rule_is_written_from_a_list_of_alarms(bench: ConsoleBench, how_many: str, rule: str) -> None:
    sent = {**SENT, "rule": "old", "child": ["a", "b"], "how-many": how_many, "description": "kept"}
    held = filled(bench.post("write-composite-rule", sent))
    assert (held["rule"], held["description"], held["name"]) == (rule, "kept", "both")


@pytest.mark.parametrize("sent", [{}, {"child": ["a"], "how-many": "most"}])
def test_of_no_alarms_no_rule_is_written(bench: ConsoleBench, sent: dict[str, Any]) -> None:
    seen = bench.post("write-composite-rule", {**SENT, **sent})
    assert seen.status == 422
    assert "Choose alarms from the list first." in seen.words
    assert filled(seen)["rule"] == SENT["rule"]


def test_a_copy_has_everything_but_the_name(bench: ConsoleBench) -> None:
    put(bench, AlarmActions=[TOPIC], Tags=[{"Key": "tocsin:severity", "Value": "low"}])
    held = filled(bench.get("new/composite?copy=both"))
    expected = {"name": "both-copy", "rule": RULE["AlarmRule"], "AlarmActions": TOPIC, "severity": "low"}
    assert {name: held[name] for name in expected} == expected
    assert bench.get("new/composite?copy=nobody").status == 404


# ---------------------------------------------------------------- the rule as it stands


def test_each_part_of_the_rule_shows_how_it_stands(bench: ConsoleBench) -> None:
    turn(bench, "b", "ALARM")
    seen = bench.post("preview-composite", {**SENT, "rule": "ALARM(a) OR NOT OK(b)"}, headers=LIVE)
    assert "<html" not in seen.text
    assert "holds any of does not a is ALARM: OK holds not does not b is OK: ALARM" in seen.words
    assert "Rings while its rule holds, and now it holds." in seen.words
    assert "goes to ALARM at once, and tells nobody of that." in seen.words


def test_an_alarm_that_is_not_there_is_told_with_the_nearest(bench: ConsoleBench) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", {**METRIC, "AlarmName": "cis/root-usage"})
    sent = {**SENT, "rule": "ALARM(cis/root-usag) AND NOT OK(a)"}
    words = bench.post("preview-composite", sent, headers=LIVE).words
    assert "alarms [arn:aws:cloudwatch:us-east-1:111122223333:alarm:cis/root-usag] in the alarm rule do not" in words
    assert "there is no such alarm Did you mean cis/root-usage" in words
    assert "The rule now OK" in words  # a is OK, so it does not matter


def test_what_depends_on_an_unknown_alarm_cannot_be_said(bench: ConsoleBench) -> None:
    words = bench.post("preview-composite", {**SENT, "rule": "OK(a) AND ALARM(nobody)"}, headers=LIVE).words
    assert "The rule now cannot be said" in words
    assert "an alarm in it is not there" in words


def test_a_refused_rule_shows_awss_text_the_place_and_the_remedy(bench: ConsoleBench) -> None:
    seen = bench.post("preview-composite", {**SENT, "rule": 'ALARM("\U0001f600") AND ALARM('}, headers=LIVE)
    assert "Error in AlarmRule" in seen.words
    assert 'data-caret="22" data-caret-in="f-rule"' in seen.text
    assert "The rule now" not in seen.words


def test_an_arn_of_another_region_is_refused_at_its_place(bench: ConsoleBench) -> None:
    sent = {**SENT, "rule": "OK(a) OR ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:x)"}
    seen = bench.post("preview-composite", sent, headers=LIVE)
    assert "Wrong ARN region" in seen.words
    assert 'data-caret="15"' in seen.text


def test_it_would_have_rung_when_its_alarms_did(bench: ConsoleBench) -> None:
    bench.clock.advance(3600)
    turn(bench, "a", "ALARM")
    bench.clock.advance(600)
    turn(bench, "b", "ALARM")
    bench.clock.advance(900)
    turn(bench, "a", "OK")
    bench.clock.advance(60)
    words = bench.post("preview-composite", SENT, headers=LIVE).words
    assert "Would have rung once in 14 days, 15 min in all, by the states of its alarms" in words
    assert "15 min b ALARM" in words


def test_an_alarm_without_a_past_would_not_have_rung(bench: ConsoleBench) -> None:
    assert "Would not have rung in 14 days" in bench.post("preview-composite", SENT, headers=LIVE).words


def test_what_rang_all_along_has_no_beginning(bench: ConsoleBench) -> None:
    bench.clock.advance(60)
    words = bench.post("preview-composite", {**SENT, "rule": "TRUE"}, headers=LIVE).words
    assert "Would have rung once in 14 days, 14 d in all" in words
    assert "it rang before that" in words


def test_what_is_unwise_is_warned_of(bench: ConsoleBench) -> None:
    put(bench, AlarmName="outer", AlarmRule="ALARM(a)")
    put(bench, AlarmName="both", AlarmRule="ALARM(outer)")
    circle = bench.post("preview-composite", {**SENT, "name": "outer", "rule": "ALARM(both)"}, headers=LIVE).words
    assert "alarm-cycle" in circle
    bench.call("cloudwatch", "PutMetricAlarm", {**METRIC, "AlarmName": "a", "AlarmActions": [TOPIC]})
    twice = bench.post("preview-composite", {**SENT, "AlarmActions": TOPIC}, headers=LIVE).words
    assert "a tells the same topic: whoever reads it hears twice" in twice
    other = {**SENT, "AlarmActions": "arn:aws:ssm:us-east-1:111122223333:opsitem:1"}
    assert "alarm-action" in bench.post("preview-composite", other, headers=LIVE).words


def test_what_holds_it_back_is_told_in_words(bench: ConsoleBench) -> None:
    sent = {**SENT, "suppressor": "b", "wait": "120", "extension": "0"}
    words = bench.post("preview-composite", sent, headers=LIVE).words
    assert "Before it tells of a change it waits 2 minutes for b to ring." in words
    unknown = bench.post("preview-composite", {**sent, "suppressor": "nobody"}, headers=LIVE)
    assert 'href="#f-suppressor"' in unknown.text


def test_whom_it_tells_and_what_it_costs(bench: ConsoleBench) -> None:
    bench.call("sns", "Subscribe", {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "oncall@example.com"})
    words = bench.post("preview-composite", {**SENT, "AlarmActions": TOPIC}, headers=LIVE).words
    assert "not told oncall@example.com is pending" in words
    assert "$0.50 a month on AWS" in words
    assert "aws cloudwatch put-composite-alarm" in words
    assert "AWS::CloudWatch::CompositeAlarm" in words


def test_the_eleventh_preview_in_a_second_is_left_out(bench: ConsoleBench) -> None:
    seen = [bench.post("preview-composite", SENT, headers=LIVE) for _ in range(11)]
    assert "The rule now" in seen[9].words
    assert "this one was left out" in seen[10].words


def test_without_a_script_the_button_gives_the_page_with_what_was_typed(bench: ConsoleBench) -> None:
    seen = bench.post("preview-composite", {**SENT, "rule": "ALARM(a)\r\n OR OK(b)", "description": "<b>"})
    assert seen.status == 200
    held = filled(seen)
    assert (held["rule"], held["description"]) == ("ALARM(a)\n OR OK(b)", "<b>")
    assert "The rule now ALARM" in seen.words


def test_hostile_names_stay_text(bench: ConsoleBench) -> None:
    hostile = "<script>alert(1)</script>\u202e"
    bench.call("cloudwatch", "PutMetricAlarm", {**METRIC, "AlarmName": hostile})
    seen = bench.post("preview-composite", {**SENT, "name": hostile, "rule": f'ALARM("{hostile}")'})
    assert seen.html is not None
    assert "<script>alert" not in seen.text


# ---------------------------------------------------------------- saving


def test_a_composite_is_made(bench: ConsoleBench) -> None:
    sent = {**SENT, "AlarmActions": TOPIC, "severity": "critical", "suppressor": "b", "wait": "30"}
    seen = bench.follow(bench.post("put-composite", sent))
    assert "Alarm both created." in seen.words
    kept = stored(bench)
    assert (kept["AlarmRule"], kept["AlarmActions"]) == (RULE["AlarmRule"], [TOPIC])
    assert (kept["ActionsSuppressor"], kept["ActionsSuppressorWaitPeriod"]) == ("b", 30)
    assert kept["ActionsSuppressorExtensionPeriod"] == 60
    assert severity(bench) == {"tocsin:severity": "critical"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"AlarmRule": 'NOT (ALARM("a")   OR OK(b))\n', "AlarmDescription": "two\nlines", "ActionsEnabled": False},
        {
            "ActionsSuppressor": SCOPE.arn("cloudwatch", "alarm:a"),
            "ActionsSuppressorWaitPeriod": 0,
            "ActionsSuppressorExtensionPeriod": 7,
        },
        {"OKActions": [TOPIC], "InsufficientDataActions": ["arn:aws:sns:eu-west-1:111122223333:far"]},
    ],
    ids=["plain", "to-the-letter", "suppressor", "actions"],
)
def test_saving_unchanged_changes_nothing(bench: ConsoleBench, changes: dict[str, Any]) -> None:
    put(bench, **changes)
    before = stored(bench)
    bench.clock.advance(60)
    assert bench.post("put-composite", opened(bench)).status == 303
    assert stored(bench) == before


def test_the_severity_is_changed_by_its_tag(bench: ConsoleBench) -> None:
    put(bench, Tags=[{"Key": "tocsin:severity", "Value": "low"}])
    bench.post("put-composite", {**opened(bench), "severity": "high"})
    assert severity(bench) == {"tocsin:severity": "high"}


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"name": ""}, "f-name", "An alarm has a name."),
        ({"rule": " "}, "f-rule", "Which alarms does it look at?"),
        ({"rule": "ALARM("}, "f-rule", "Error in AlarmRule"),
        ({"rule": "ALARM(nobody)"}, "f-rule", "in the alarm rule do not exist"),
        ({"rule": "ALARM(both)"}, "f-rule", "both"),
        ({"suppressor": "nobody"}, "f-suppressor", "does not exist"),
        ({"suppressor": "b", "wait": "soon"}, "f-wait", "Wait is a number of seconds."),
        ({"suppressor": "b", "extension": ""}, "f-extension", "ActionsSuppressorExtensionPeriod is required"),
        ({"AlarmActions": "nonsense"}, "f-AlarmActions", "nonsense"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(bench: ConsoleBench, change: dict[str, str], field: str, text: str) -> None:
    seen = bench.post("put-composite", {**SENT, **change})
    assert seen.status == 422
    assert seen.html is not None
    assert text in seen.words
    assert f'href="#{field}"' in seen.text
    assert f'id="{field}"' in seen.text


@pytest.mark.parametrize("name", ["a", "both"])
def test_a_name_that_is_taken_is_not_overwritten(bench: ConsoleBench, name: str) -> None:
    put(bench)
    seen = bench.post("put-composite", {**SENT, "name": name, "rule": "OK(b)"})
    assert seen.status == 422
    assert "already" in seen.words
    assert stored(bench)["AlarmRule"] == RULE["AlarmRule"]


def test_a_composite_that_is_not_there_is_404_with_the_nearest(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.get("edit/composite/bothh")
    assert seen.status == 404
    assert "/console/edit/composite/both" in seen.links()


def test_a_metric_alarm_has_its_own_form(bench: ConsoleBench) -> None:
    assert bench.get("edit/composite/a").headers["location"].startswith("/console/edit/alarm/a")


def test_a_viewer_looks_and_saves_nothing() -> None:
    bench = told_bench(visitor=Visitor(name="vera", role="viewer"))
    put(bench)
    assert "needs operator" in bench.get("edit/composite/both").words
    assert "The rule now OK" in bench.post("preview-composite", SENT, headers=LIVE).words
    assert bench.post("put-composite", {**SENT, "name": "mine"}).status == 403


# ---------------------------------------------------------------- conflicts


def test_what_somebody_saved_meanwhile_is_not_overwritten(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "description": "mine"}
    put(bench, AlarmRule="ALARM(a) OR ALARM(b)")
    seen = bench.post("put-composite", sent)
    assert seen.status == 409
    assert seen.html is not None
    assert "Alarm rule ALARM(a) AND ALARM(b) ALARM(a) OR ALARM(b) ALARM(a) AND ALARM(b)" in seen.words
    merged = forms_of(seen.html)["Merge"]
    shown = bench.post("preview-composite", merged)
    assert filled(shown, "Save")["rule"] == "ALARM(a) OR ALARM(b)"
    assert bench.post("put-composite", forms_of(shown.html)["Save"]).status == 303
    assert (stored(bench)["AlarmRule"], stored(bench)["AlarmDescription"]) == ("ALARM(a) OR ALARM(b)", "mine")


def test_mine_is_saved_over_theirs_when_it_is_said_so(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "description": "mine"}
    put(bench, AlarmRule="ALARM(a) OR ALARM(b)")
    assert bench.post("put-composite", forms_of(bench.post("put-composite", sent).html)["Save mine"]).status == 303
    assert stored(bench)["AlarmRule"] == RULE["AlarmRule"]
