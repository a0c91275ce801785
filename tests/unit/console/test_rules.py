"""The pages of rules, and switching them on and off (CON-4.10, IF-7, CON-7)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench, Seen

from tocsin.app.metric_alarm import set_state
from tocsin.app.subscription_care import confirm_for
from tocsin.console.visit import Visitor
from tocsin.core.alarm.state import StateValue

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
GROUP = "trail-group"
ROOT = "cis/root-user-used"


def account(bench: ConsoleBench, *, people: bool = True) -> ConsoleBench:
    bench.call("logs", "CreateLogGroup", {"logGroupName": GROUP})
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    if people:
        wanted = {
            "TopicArn": TOPIC,
            "Protocol": "email",
            "Endpoint": "security@example.com",
            "ReturnSubscriptionArn": True,
        }
        made = bench.call("sns", "Subscribe", wanted)
        confirm_for(bench.service, made["SubscriptionArn"], reason="a mailbox of the tests")
    return bench


@pytest.fixture
def bench() -> ConsoleBench:
    return account(ConsoleBench())


def switch_on(bench: ConsoleBench, rule: str = ROOT, **fields: Any) -> Seen:
    return bench.post("switch-rule-on", {"rule": rule, "group": GROUP, "topic": TOPIC, **fields})


def alarms(bench: ConsoleBench) -> dict[str, Any]:
    return {one["AlarmName"]: one for one in bench.call("cloudwatch", "DescribeAlarms", {})["MetricAlarms"]}


def filters(bench: ConsoleBench) -> list[str]:
    return [
        one["filterName"]
        for one in bench.call("logs", "DescribeMetricFilters", {"logGroupName": GROUP})["metricFilters"]
    ]


def record(number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11", "eventTime": "2026-03-14T02:00:00Z", "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": "us-east-1", "eventType": "AwsApiCall", "eventID": f"id-{number}",
        "userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"},
        "recipientAccountId": "111122223333", **more,
    }  # fmt: skip


# ---------------------------------------------------------------- reading


def test_the_packs_are_listed_with_what_is_on(bench: ConsoleBench) -> None:
    seen = bench.get("rules")
    assert seen.html is not None
    assert "0 of 21 rules are on." in seen.words
    switch_on(bench)
    words = bench.get("rules").words
    assert "1 of 21 rules are on, and 1 of them reaches somebody." in words
    assert "1 of 15" in words
    assert "1 of 100" in words


def test_without_a_log_group_the_next_step_is_named() -> None:
    words = ConsoleBench().get("rules").words
    assert "There is no log group yet." in words
    seen = ConsoleBench().get(f"rules/{ROOT}")
    assert "There is no log group to count in." in seen.words
    assert "/console/new/log-group" in seen.links()


def test_a_pack_lists_its_rules_by_severity(bench: ConsoleBench) -> None:
    switch_on(bench)
    seen = bench.get("rules/cis")
    assert seen.html is not None
    assert "1 of 15 rules on." in seen.words
    assert f"/console/rules/{ROOT}" in seen.links()
    assert seen.words.index("Root user used") < seen.words.index("Unauthorized API calls")


def test_a_rule_says_what_it_is_for_and_how_it_stands(bench: ConsoleBench) -> None:
    seen = bench.get(f"rules/{ROOT}")
    assert seen.html is not None
    for text in (
        "Root cannot be limited by policy.",
        "When Sum of CisRootUserUsedCount is at least 1 in 5 minutes.",
        "Nothing counts for it here.",
        'userIdentity.type is "Root"',
        "all 10 passed",
        "It would not have rung",
        "Tasks only root can do; break-glass drills.",
        "a service acts for root",
        "cis/cloudwatch-1",
    ):
        assert text in seen.words, text


def test_a_rule_that_is_on_through_another_filter_says_so(bench: ConsoleBench) -> None:
    switch_on(bench, "article/security-group-changes")
    words = bench.get("rules/cis/security-group-changes").words
    assert "equal in meaning" in words
    assert "It is on through what somebody made in another way." in words
    assert "Switch off" not in words


def test_a_narrower_filter_is_on_in_part_and_shows_what_it_leaves_out(bench: ConsoleBench) -> None:
    switch_on(bench, "article/stop-logging")
    words = bench.get("rules/cis/cloudtrail-configuration-changes").words
    assert "in part" in words
    assert '{"eventName": "CreateTrail"}' in words


def test_a_rule_that_reaches_nobody_is_marked(bench: ConsoleBench) -> None:
    switch_on(bench, topic="")
    assert "nobody is told" in bench.get(f"rules/{ROOT}").words
    assert "0 of 1" in bench.get("rules").words


def test_matches_of_fourteen_days_are_counted_and_told(bench: ConsoleBench) -> None:
    for one in (record(2, eventTime="2026-03-10T02:00:00Z"), record(1)):
        bench.put_events("other", [one])
    seen = bench.get(f"rules/{ROOT}?group=other")
    assert "2 matches in other" in seen.words
    assert "14 Mar 2026 1" in seen.words
    assert "10 Mar 2026 1" in seen.words
    assert any(link.startswith("/console/events/id-1?at=") for link in seen.links())


def test_a_count_goes_on_where_it_ended(bench: ConsoleBench) -> None:
    for one in (record(2, eventTime="2026-03-10T02:00:00Z"), record(1)):
        bench.put_events("other", [one])
    words = bench.get(f"rules/{ROOT}?group=other&before=1773200000000.0").words
    assert "1 match in other" in words
    assert "Count from now" in words


@pytest.mark.parametrize(
    ("path", "near"),
    [("rules/articel", "/console/rules/article"), ("rules/cis/root-usr-used", f"/console/rules/{ROOT}")],
)
def test_an_unknown_name_leads_to_the_nearest(bench: ConsoleBench, path: str, near: str) -> None:
    seen = bench.get(path)
    assert seen.status == 404
    assert near in seen.links()


def test_a_name_like_no_other_leads_nowhere(bench: ConsoleBench) -> None:
    assert bench.get("rules/zzzzzzzzzz").status == 404
    assert bench.get("rules/cis/zzzzzzzzzzzzzzzzzzzzzz").status == 404


# ---------------------------------------------------------------- on


def test_a_rule_is_switched_on_by_the_api_and_says_who_is_told(bench: ConsoleBench) -> None:
    seen = bench.follow(switch_on(bench))
    assert "Switched on in trail-group. security@example.com is told." in seen.words
    assert filters(bench) == [ROOT]
    assert alarms(bench)[ROOT]["AlarmActions"] == [TOPIC]
    tags = bench.call("cloudwatch", "ListTagsForResource", {"ResourceARN": alarms(bench)[ROOT]["AlarmArn"]})["Tags"]
    assert tags == [{"Key": "tocsin:rule", "Value": ROOT}]


def test_the_form_shows_its_equal_command_and_follows_what_is_chosen(bench: ConsoleBench) -> None:
    words = bench.get(f"rules/{ROOT}").words
    assert "aws logs put-metric-filter" in words
    assert "aws cloudwatch put-metric-alarm" in words
    bench.call("logs", "CreateLogGroup", {"logGroupName": "other-group"})
    seen = bench.post("preview-rule-on", {"rule": ROOT, "group": "other-group", "topic": ""})
    assert seen.status == 200
    assert "--log-group-name other-group" in seen.words
    assert "<html" not in seen.text


def test_a_switch_needs_a_group(bench: ConsoleBench) -> None:
    seen = switch_on(bench, group="")
    assert seen.status == 422
    assert "Choose the log group" in seen.words
    assert bench.post("switch-pack-on", {"pack": "cis", "group": "", "topic": ""}).status == 422


def test_a_group_that_is_gone_is_refused_in_aws_words(bench: ConsoleBench) -> None:
    seen = switch_on(bench, group="gone")
    assert seen.status == 422
    assert "The specified log group does not exist." in seen.words


def test_a_filter_of_the_same_name_is_replaced_after_a_second_word(bench: ConsoleBench) -> None:
    switch_on(bench)
    transformation = {"metricName": "M", "metricNamespace": "N", "metricValue": "1"}
    mine = {
        "logGroupName": GROUP,
        "filterName": ROOT,
        "filterPattern": "{ $.a = 1 }",
        "metricTransformations": [transformation],
    }
    bench.call("logs", "PutMetricFilter", mine)
    seen = switch_on(bench)
    assert seen.status == 422
    assert "There is a filter cis/root-user-used in trail-group with another pattern." in seen.words
    assert "Replace the filter that is there" in seen.words
    assert bench.follow(switch_on(bench, replace="yes")).status == 200


def test_an_alarm_of_the_same_name_is_never_replaced(bench: ConsoleBench) -> None:
    switch_on(bench)
    arn = alarms(bench)[ROOT]["AlarmArn"]
    bench.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": ["tocsin:rule"]})
    seen = switch_on(bench)
    assert seen.status == 422
    assert "did not make" in seen.words
    assert "did not make" in bench.post("preview-rule-on", {"rule": ROOT, "group": GROUP, "topic": ""}).words


def test_a_pack_is_switched_on_rule_by_rule(bench: ConsoleBench) -> None:
    switch_on(bench)
    seen = bench.follow(bench.post("switch-pack-on", {"pack": "cis", "group": GROUP, "topic": TOPIC}))
    assert "14 of 14 rules switched on in trail-group." in seen.words
    assert len(filters(bench)) == len(alarms(bench)) == 15
    assert 'id="switch"' not in seen.text


def test_what_is_refused_in_a_pack_holds_up_no_other(bench: ConsoleBench) -> None:
    switch_on(bench)
    arn = alarms(bench)[ROOT]["AlarmArn"]
    bench.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": ["tocsin:rule"]})
    bench.call("logs", "DeleteMetricFilter", {"logGroupName": GROUP, "filterName": ROOT})
    seen = bench.follow(bench.post("switch-pack-on", {"pack": "cis", "group": GROUP, "topic": TOPIC}))
    assert "14 of 15 rules switched on in trail-group. Not: root-user-used (there is an alarm" in seen.words


# ---------------------------------------------------------------- off


def test_what_goes_with_a_rule_is_told_before_it_goes(bench: ConsoleBench) -> None:
    switch_on(bench)
    set_state(bench.service, SCOPE, ROOT, StateValue.ALARM, reason="a test", reason_data=None)
    seen = bench.get(f"confirm/switch-rule-off?rule={ROOT}&group={GROUP}")
    assert seen.html is not None
    for text in (
        "Filter cis/root-user-used in trail-group is deleted",
        "It rang 1 time",
        "1 person or endpoint is not told of this any more",
        "security@example.com",
        "aws cloudwatch delete-alarms",
    ):
        assert text in seen.words, text


def test_where_somebody_is_told_the_name_is_typed(bench: ConsoleBench) -> None:
    switch_on(bench)
    seen = bench.post("switch-rule-off", {"rule": ROOT, "group": GROUP})
    assert seen.status == 422
    assert "Type cis/root-user-used to switch it off." in seen.words
    assert filters(bench) == [ROOT]
    assert bench.follow(bench.post("switch-rule-off", {"rule": ROOT, "group": GROUP, "typed": ROOT})).status == 200
    assert (filters(bench), alarms(bench)) == ([], {})


def test_switching_off_is_taken_back_as_it_was(bench: ConsoleBench) -> None:
    switch_on(bench, topic="")
    before = alarms(bench)[ROOT]
    off = bench.post("switch-rule-off", {"rule": ROOT, "group": GROUP})
    seen = bench.follow(off)
    assert "Switched off." in seen.words
    undo = next(form for form in seen.html.iter("form") if form.get("action", "").endswith("put-rule-back"))
    fields = {one.get("name", ""): one.get("value", "") for one in undo.iter("input")}
    seen = bench.follow(bench.post("put-rule-back", {"rule": fields["rule"], "calls": fields["calls"]}))
    assert "Switched on again, as it was." in seen.words
    assert filters(bench) == [ROOT]
    kept = ("AlarmName", "MetricName", "Threshold", "Period", "TreatMissingData", "AlarmDescription")
    assert {name: alarms(bench)[ROOT][name] for name in kept} == {name: before[name] for name in kept}


@pytest.mark.parametrize(
    "calls",
    [
        "",
        "nonsense",
        json.dumps([{"service": "logs", "operation": "DeleteLogGroup", "parameters": {"logGroupName": GROUP}}]),
    ],
)
def test_taking_back_calls_nothing_else(bench: ConsoleBench, calls: str) -> None:
    assert bench.post("put-rule-back", {"rule": ROOT, "calls": calls}).status == 422
    assert bench.call("logs", "DescribeLogGroups", {})["logGroups"]


def test_what_somebody_else_made_is_not_switched_off(bench: ConsoleBench) -> None:
    words = bench.get(f"confirm/switch-rule-off?rule={ROOT}&group={GROUP}").words
    assert "was made in another way" in words
    assert bench.post("switch-rule-off", {"rule": ROOT, "group": GROUP}).status == 422


def test_in_one_of_two_groups_the_alarm_stays(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "other"})
    switch_on(bench)
    switch_on(bench, group="other")
    words = bench.get(f"confirm/switch-rule-off?rule={ROOT}&group={GROUP}").words
    assert "Alarm cis/root-user-used stays: the filter in other feeds it, too." in words
    seen = bench.follow(bench.post("switch-rule-off", {"rule": ROOT, "group": GROUP}))
    assert "Not counted in trail-group any more." in seen.words
    assert ROOT in alarms(bench)


def test_a_viewer_sees_everything_and_switches_nothing() -> None:
    bench = account(ConsoleBench(visitor=Visitor(name="dana", role="viewer")))
    seen = bench.get(f"rules/{ROOT}")
    assert seen.status == 200
    assert "needs operator" in seen.words
    assert bench.post("preview-rule-on", {"rule": ROOT, "group": GROUP, "topic": ""}).status == 200
    for action in ("switch-rule-on", "switch-pack-on", "switch-rule-off", "put-rule-back"):
        assert bench.post(action, {"rule": ROOT, "pack": "cis", "group": GROUP}).status == 403
    assert filters(bench) == []
