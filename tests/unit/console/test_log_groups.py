"""Log groups in the console: the list, one of them, making, keeping, deleting (CON-4.10, CON-7.6)."""

from __future__ import annotations

import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.console.visit import Visitor
from tocsin.core.scope import Scope

RECORD = {
    "eventTime": "2026-03-14T03:10:08Z",
    "eventID": "9f2c1e7a-0000-4000-8000-000000000001",
    "eventSource": "cloudtrail.amazonaws.com",
    "eventName": "StopLogging",
    "userIdentity": {"type": "IAMUser", "userName": "mallory", "arn": "arn:aws:iam::111122223333:user/mallory"},
}
FILTER = {
    "logGroupName": "trail-group",
    "filterName": "stop",
    "filterPattern": "{ $.eventName = StopLogging }",
    "metricTransformations": [{"metricName": "Stop", "metricNamespace": "Trail", "metricValue": "1"}],
}
ALARM = {
    "AlarmName": "stopped",
    "Namespace": "Trail",
    "MetricName": "Stop",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.fixture
def bench() -> ConsoleBench:
    return ConsoleBench()


def watched(bench: ConsoleBench) -> None:
    """A group with a filter, and an alarm on it that somebody hears."""
    bench.put_events("trail-group", [RECORD])
    bench.call("logs", "PutMetricFilter", FILTER)
    topic = bench.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmActions": [topic]})


# ---------------------------------------------------------------- the list


def test_without_groups_the_three_ways_to_one_are_told(bench: ConsoleBench) -> None:
    seen = bench.get("logs")
    for way in (
        "A trail delivers to it",
        "[[source]]",
        "PutLogEvents",
        "aws logs create-log-stream",
        "aws logs put-log-events",
    ):
        assert way in seen.words


def test_the_list_names_what_a_group_holds(bench: ConsoleBench) -> None:
    watched(bench)
    bench.call("logs", "PutRetentionPolicy", {"logGroupName": "trail-group", "retentionInDays": 90})
    words = bench.get("logs").words
    assert "trail-group" in words
    assert "4 min 12 s ago" in words
    assert "90 days" in words
    assert "1 of 100" in words


def test_a_group_is_found_by_a_part_of_its_name(bench: ConsoleBench) -> None:
    for name in ("first", "second"):
        bench.call("logs", "CreateLogGroup", {"logGroupName": name})
    seen = bench.get("logs?find=SEC")
    assert "second" in seen.words
    assert "first" not in seen.words
    assert "No log group has “x” in its name." in bench.get("logs?find=x").words


def test_a_hundred_groups_make_a_page(bench: ConsoleBench) -> None:
    for number in range(101):
        bench.call("logs", "CreateLogGroup", {"logGroupName": f"group-{number:03}"})
    first = bench.get("logs")
    (older,) = [link for link in first.links() if "after=" in link]
    assert "group-100" not in first.words
    assert "group-100" in bench.get(older).words


def test_all_accounts_and_regions_stand_in_one_list(bench: ConsoleBench) -> None:
    other = Scope("444455556666", "eu-west-1")
    bench.call("logs", "CreateLogGroup", {"logGroupName": "here"})
    bench.call("logs", "CreateLogGroup", {"logGroupName": "there"}, scope=other)
    seen = bench.get("logs?in=all")
    assert "444455556666" in seen.words
    assert any(link.startswith("/console/logs/there?in=444455556666") for link in seen.links())
    assert bench.get("logs/there?in=444455556666/eu-west-1").status == 200


# ---------------------------------------------------------------- one of them


def test_a_group_shows_its_filters_alarms_and_newest_events(bench: ConsoleBench) -> None:
    watched(bench)
    seen = bench.get("logs/trail-group")
    assert seen.html is not None
    assert "mallory called StopLogging" in seen.words
    assert "/console/events/9f2c1e7a-0000-4000-8000-000000000001?at=1773457808" in seen.links()
    assert "/console/alarms/stopped" in seen.links()
    assert "/console/filters/trail-group:stop" in seen.links()


def test_events_come_fifty_a_page(bench: ConsoleBench) -> None:
    bench.put_events("g", [{**RECORD, "eventTime": f"2026-03-14T03:{n // 60:02}:{n % 60:02}Z"} for n in range(60)])
    seen = bench.get("logs/g")
    (older,) = [link for link in seen.links() if "before=" in link]
    assert "50 events, and older ones" in seen.words
    assert "10 events" in bench.get(older).words


def test_the_tail_is_a_part_that_follows_what_comes_in(bench: ConsoleBench) -> None:
    bench.put_events("g", [RECORD])
    seen = bench.get("logs/g")
    assert 'data-follow="ingest"' in seen.text
    part = bench.get("_/log-group/events?name=g")
    assert part.status == 200
    assert "<html" not in part.text
    assert "mallory called StopLogging" in part.words


def test_a_line_that_is_no_record_is_shown_as_it_is(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    bench.call("logs", "CreateLogStream", {"logGroupName": "g", "logStreamName": "s"})
    events = [{"timestamp": int(bench.clock.now().timestamp() * 1000), "message": "<b>plain</b> \u202e line"}]
    bench.call("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": events})
    seen = bench.get("logs/g")
    assert "<b>plain</b>" not in seen.text
    assert "U+202E right-to-left override" in seen.words


def test_an_unknown_group_is_404_with_the_nearest_name(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "trail-group"})
    seen = bench.get("logs/trial-group")
    assert seen.status == 404
    assert "/console/logs/trail-group" in seen.links()


def test_a_name_with_slashes_is_one_page(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "/aws/trail"})
    for path in ("logs?name=/aws/trail", "logs/%2Faws%2Ftrail"):
        assert bench.get(path).status == 200
    assert "/aws/trail" in bench.get("logs/%2Faws%2Ftrail").words


# ---------------------------------------------------------------- making, keeping


def test_a_group_is_made_with_its_retention(bench: ConsoleBench) -> None:
    assert "Equal command" in bench.get("new/log-group").words
    seen = bench.follow(bench.post("create-log-group", {"name": "trail-group", "retention": "90"}))
    assert "Log group trail-group created." in seen.words
    assert "90 days" in seen.words
    assert [(change.action, change.name) for change, _ in bench.audit.changes] == [
        ("CreateLogGroup", "trail-group"),
        ("PutRetentionPolicy", "trail-group"),
    ]


@pytest.mark.parametrize(("name", "text"), [("", "A log group has a name"), ("a b", "Value 'a b' at 'logGroupName'")])
def test_a_name_that_cannot_be_is_told_and_kept(bench: ConsoleBench, name: str, text: str) -> None:
    seen = bench.post("create-log-group", {"name": name, "retention": "90"})
    assert seen.status == 422
    assert text in seen.words
    assert f'value="{name}"' in seen.text
    assert 'value="90" selected' in seen.text


def test_a_name_that_is_taken_is_refused_in_awss_words(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    assert "The specified log group already exists" in bench.post("create-log-group", {"name": "g"}).words


def test_shorter_retention_wants_a_second_word(bench: ConsoleBench) -> None:
    bench.put_events("g", [RECORD])
    asked = bench.post("keep-log-group", {"group": "g", "retention": "1"})
    assert asked.status == 422
    assert "Events older than 1 day are removed at once." in asked.words
    done = bench.follow(bench.post("keep-log-group", {"group": "g", "retention": "1", "sure": "yes"}))
    assert "Saved. Events expire after 1 day." in done.words


def test_protection_and_longer_retention_are_set_at_once(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    bench.post("keep-log-group", {"group": "g", "retention": "30", "protected": "yes"})
    bench.post("keep-log-group", {"group": "g", "retention": "0", "protected": "yes"})
    (group,) = bench.call("logs", "DescribeLogGroups", {})["logGroups"]
    assert group["deletionProtectionEnabled"] is True
    assert group["retentionInDays"] is None


def test_a_retention_that_is_not_in_the_list_is_refused(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    assert "Choose one of the values" in bench.post("keep-log-group", {"group": "g", "retention": "2"}).words


# ---------------------------------------------------------------- deleting


def test_before_a_group_goes_it_is_told_what_goes_with_it(bench: ConsoleBench) -> None:
    watched(bench)
    words = bench.get("confirm/delete-log-group?name=trail-group").words
    assert "1 metric filter: stop" in words
    assert "1 alarm would see nothing any more" in words
    assert "aws logs delete-log-group --log-group-name trail-group" in words


def test_a_group_that_alarms_look_at_goes_only_by_its_name(bench: ConsoleBench) -> None:
    watched(bench)
    refused = bench.post("delete-log-group", {"group": "trail-group", "typed": "trail"})
    assert refused.status == 422
    assert "Type the name of the log group, trail-group" in refused.words
    seen = bench.follow(bench.post("delete-log-group", {"group": "trail-group", "typed": "trail-group"}))
    assert "Log group trail-group deleted with 1 metric filter." in seen.words
    assert bench.get("logs/trail-group").status == 404


def test_an_empty_group_goes_without_a_word(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    assert "no alarm loses what it looks at" in bench.get("confirm/delete-log-group?name=g").words
    assert "Log group g deleted." in bench.follow(bench.post("delete-log-group", {"group": "g"})).words


def test_a_protected_group_has_no_button_to_delete_it(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "g", "deletionProtectionEnabled": True})
    seen = bench.get("confirm/delete-log-group?name=g")
    assert "Deletion protection is on" in seen.words
    assert "do/delete-log-group" not in seen.text


def test_a_viewer_sees_and_changes_nothing() -> None:
    bench = ConsoleBench(visitor=Visitor(name="vera", role="viewer"))
    bench.put_events("g", [RECORD])
    seen = bench.get("logs/g")
    assert seen.status == 200
    assert "New metric filter" not in seen.words
    assert bench.post("delete-log-group", {"group": "g"}).status == 403
    assert SCOPE.account in bench.get("logs").words
