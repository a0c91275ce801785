"""Making and changing a metric alarm (CON-4.8): where it begins, what it would have done, saving, conflicts."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench, Seen
from html_form import forms_of

from tocsin.console.visit import Visitor

LIVE = {"x-tocsin-live": "1"}
TOPIC = SCOPE.arn("sns", "sec-alerts")
RECORDS = [
    {
        "eventTime": f"2026-03-{day:02}T02:00:00Z",
        "eventID": f"00000000-0000-4000-8000-{day:012}",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "userIdentity": {"type": "IAMUser", "userName": who, "arn": f"arn:aws:iam::111122223333:user/{who}"},
    }
    for day, who in [(10, "mallory"), (12, "carol"), (13, "mallory")]
]
SENT: dict[str, Any] = {
    "name": "stopped",
    "namespace": "Trail",
    "metric": "Stop",
    "dimensions": "",
    "statistic": "Sum",
    "other-statistic": "",
    "unit": "",
    "period": "300",
    "comparison": "GreaterThanOrEqualToThreshold",
    "threshold": "1",
    "m": "1",
    "n": "1",
    "missing": "notBreaching",
    "severity": "high",
    "enabled": "yes",
    "description": "",
    "rest": "",
}
ALARM: dict[str, Any] = {
    "AlarmName": "stopped",
    "Namespace": "Trail",
    "MetricName": "Stop",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
MATH = {
    "AlarmName": "ratio",
    "EvaluationPeriods": 2,
    "DatapointsToAlarm": 1,
    "Threshold": 0.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Metrics": [
        {
            "Id": "m",
            "MetricStat": {
                "Metric": {"Namespace": "Trail", "MetricName": "Stop"},
                "Period": 300,
                "Stat": "Sum",
            },
            "ReturnData": False,
        },
        {"Id": "e", "Expression": "m / 2", "ReturnData": True},
    ],
}


def told_bench(**more: Any) -> ConsoleBench:
    """A group with events, a filter on them, and a topic."""
    bench = ConsoleBench(**more)
    for record in RECORDS:
        bench.put_events("g", [record])
    put_filter(bench)
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    return bench


@pytest.fixture
def bench() -> ConsoleBench:
    return told_bench()


def put_filter(bench: ConsoleBench, name: str = "stop", metric: str = "Stop", **more: Any) -> None:
    transformation = {"metricName": metric, "metricNamespace": "Trail", "metricValue": "1", **more}
    parameters = {
        "logGroupName": "g",
        "filterName": name,
        "filterPattern": "{ $.eventName = StopLogging }",
        "metricTransformations": [transformation],
    }
    bench.call("logs", "PutMetricFilter", parameters)


def put(bench: ConsoleBench, **changes: Any) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, **changes})


def stored(bench: ConsoleBench, name: str = "stopped") -> dict[str, Any]:
    """What DescribeAlarms shows of an alarm."""
    (found,) = bench.call("cloudwatch", "DescribeAlarms", {"AlarmNames": [name]})["MetricAlarms"]
    return {key: value for key, value in found.items() if value is not None}


def severity(bench: ConsoleBench, name: str = "stopped") -> dict[str, str]:
    arn = SCOPE.arn("cloudwatch", f"alarm:{name}")
    tags = bench.call("cloudwatch", "ListTagsForResource", {"ResourceARN": arn})["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def filled(seen: Seen) -> dict[str, str]:
    """What the fields of the form hold, those that hold one thing."""
    (form,) = (fields for label, fields in forms_of(seen.html).items() if label in {"Create", "Save"})
    return {name: held[0] for name, held in form.items() if len(held) == 1}


def opened(bench: ConsoleBench, name: str = "stopped") -> dict[str, Any]:
    """What the form of an alarm that is there sends when nothing is changed."""
    seen = bench.get(f"edit/alarm/{name}")
    assert seen.status == 200
    return dict(forms_of(seen.html)["Save"])


# ---------------------------------------------------------------- where it begins


def test_a_new_alarm_begins_with_what_there_is_to_watch(bench: ConsoleBench) -> None:
    put_filter(bench, name="other", metric="Other")
    put(bench)
    seen = bench.get("new/alarm")
    assert seen.html is not None
    assert "/console/new/alarm?filter=g%3Astop" in seen.links()
    assert "other g none yet" in seen.words
    assert "stop g 1" in seen.words


def test_metrics_that_no_filter_feeds_are_offered_with_their_dimensions(bench: ConsoleBench) -> None:
    datum = {"MetricName": "Fails", "Value": 3.0, "Dimensions": [{"Name": "Host", "Value": "a b"}]}
    bench.call("cloudwatch", "PutMetricData", {"Namespace": "App", "MetricData": [datum]})
    link = "/console/new/alarm?namespace=App&amp;metric=Fails&amp;dimensions=Host%3Da+b"
    assert link in bench.get("new/alarm").text.replace("%20", "+")
    seen = bench.get("new/alarm?namespace=App&metric=Fails&dimensions=Host%3Da%20b")
    assert ">\nHost=a b</textarea>" in seen.text
    assert filled(seen)["metric"] == "Fails"


def test_with_nothing_to_watch_it_is_said_where_it_comes_from() -> None:
    words = ConsoleBench().get("new/alarm").words
    assert "There is no metric filter yet." in words


def test_a_filter_fills_the_form_with_the_usual_security_alarm(bench: ConsoleBench) -> None:
    seen = bench.get("new/alarm?filter=g:stop")
    assert seen.html is not None
    held = filled(seen)
    expected = {"name": "stop", "namespace": "Trail", "metric": "Stop", "period": "300", "missing": "notBreaching"}
    assert {name: held[name] for name in expected} == expected
    assert held["AlarmActions"] == TOPIC


def test_among_several_topics_none_is_chosen_unasked(bench: ConsoleBench) -> None:
    bench.call("sns", "CreateTopic", {"Name": "ops"})
    seen = bench.get("new/alarm?filter=g:stop")
    assert seen.text.count('name="AlarmActions"') == 2
    assert "AlarmActions" not in filled(seen)


def test_the_filter_of_a_rule_brings_the_rules_own_condition(bench: ConsoleBench) -> None:
    pattern = '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}'
    transformation = {"metricName": "Fail", "metricNamespace": "Trail", "metricValue": "1"}
    bench.call(
        "logs",
        "PutMetricFilter",
        {
            "logGroupName": "g",
            "filterName": "cis/console-signin-failures",
            "filterPattern": pattern,
            "metricTransformations": [transformation],
        },
    )
    held = filled(bench.get("new/alarm?filter=g:cis/console-signin-failures"))
    assert (held["metric"], held["severity"]) == ("Fail", "medium")


def test_a_filter_that_is_not_there_is_404(bench: ConsoleBench) -> None:
    assert bench.get("new/alarm?filter=g:nope").status == 404


def test_a_copy_has_everything_but_the_name(bench: ConsoleBench) -> None:
    put(bench, Threshold=7.5, AlarmActions=[TOPIC], Tags=[{"Key": "tocsin:severity", "Value": "low"}])
    seen = bench.get("new/alarm?copy=stopped")
    held = filled(seen)
    assert (held["name"], held["threshold"], held["severity"]) == ("stopped-copy", "7.5", "low")
    assert "version" not in held
    assert bench.get("new/alarm?copy=nope").status == 404


def test_a_copied_composite_has_its_own_form(bench: ConsoleBench) -> None:
    put(bench)
    bench.call("cloudwatch", "PutCompositeAlarm", {"AlarmName": "all", "AlarmRule": "ALARM(stopped)"})
    assert bench.get("new/alarm?copy=all").headers["location"].startswith("/console/new/composite?copy=all")
    assert bench.get("edit/alarm/all").headers["location"].startswith("/console/edit/composite/all")


# ---------------------------------------------------------------- what it would have done


def test_the_preview_tells_how_often_it_would_have_rung_and_because_of_whom(bench: ConsoleBench) -> None:
    seen = bench.post("preview-alarm", SENT, headers=LIVE)
    assert "<html" not in seen.text
    for told in (
        "Rings when Sum of Stop is at least 1 in 5 minutes.",
        "One breaching period rings it for 15 minutes",
        "With its first evaluation it goes from INSUFFICIENT_DATA to OK, and tells nobody of that.",
        "Would have rung 3 times",
        "in 14 days",
        "3 matches in stored events",
        "mallory",
        "2 of 3 by user/mallory",
    ):
        assert told in seen.words


def test_excluding_leads_to_the_filter_with_the_exclusion(bench: ConsoleBench) -> None:
    seen = bench.post("preview-alarm", SENT, headers=LIVE)
    (link, *_) = [unescape(one) for one in seen.links() if "exclude=" in one]
    assert link.startswith("/console/filters/g:stop?exclude=")
    assert "0 match" not in bench.get(link).words
    assert "NOT EXISTS" in bench.get(link).words


def test_of_two_filters_on_one_metric_none_is_the_one_to_change(bench: ConsoleBench) -> None:
    put_filter(bench, name="second")
    seen = bench.post("preview-alarm", SENT, headers=LIVE)
    assert "of 3 by user/mallory" in seen.words
    assert "exclude=" not in seen.text


def test_an_alarm_that_nothing_would_have_rung_says_so(bench: ConsoleBench) -> None:
    seen = bench.post("preview-alarm", {**SENT, "threshold": "4"}, headers=LIVE)
    assert "Would not have rung in 14 days" in seen.words


def test_without_a_filter_the_metrics_own_data_are_looked_at(bench: ConsoleBench) -> None:
    datum = {"MetricName": "Fails", "Value": 3.0}
    bench.call("cloudwatch", "PutMetricData", {"Namespace": "App", "MetricData": [datum]})
    bench.clock.advance(600)
    sent = {**SENT, "namespace": "App", "metric": "Fails"}
    words = bench.post("preview-alarm", sent, headers=LIVE).words
    assert "Would have rung once" in words
    assert "by the metric's data" in words


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"threshold": "4", "statistic": "Maximum"}, "alarm-threshold"),
        ({"missing": "missing"}, "alarm-missing"),
    ],
)
def test_what_is_unwise_is_warned_of_and_can_be_saved(bench: ConsoleBench, change: dict[str, str], told: str) -> None:
    seen = bench.post("preview-alarm", {**SENT, **change}, headers=LIVE)
    assert f"<code>{told}</code>" in seen.text
    assert bench.post("put-alarm", {**SENT, **change}).status == 303


def test_whom_it_tells_and_who_is_pending(bench: ConsoleBench) -> None:
    nobody = bench.post("preview-alarm", SENT, headers=LIVE).words
    assert "Nobody : " in nobody
    bench.call("sns", "Subscribe", {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "oncall@example.com"})
    words = bench.post("preview-alarm", {**SENT, "AlarmActions": TOPIC}, headers=LIVE).words
    assert "not told oncall@example.com is pending" in words


def test_the_eleventh_alarm_has_a_price(bench: ConsoleBench) -> None:
    assert "1st of 10 free alarms on AWS" in bench.post("preview-alarm", SENT, headers=LIVE).words
    for number in range(10):
        put(bench, AlarmName=f"a{number}")
    assert "11th alarm: $0.10 a month on AWS" in bench.post("preview-alarm", SENT, headers=LIVE).words


def test_without_a_script_the_button_gives_the_page_with_what_was_typed(bench: ConsoleBench) -> None:
    seen = bench.post("preview-alarm", {**SENT, "threshold": "2", "description": "<b>"})
    assert seen.status == 200
    assert seen.html is not None
    assert (filled(seen)["threshold"], filled(seen)["description"]) == ("2", "<b>")
    assert "Would not have rung" in seen.words


def test_what_is_no_alarm_yet_is_said_instead_of_a_preview(bench: ConsoleBench) -> None:
    seen = bench.post("preview-alarm", {**SENT, "threshold": ""}, headers=LIVE)
    assert "Not an alarm yet" in seen.words
    assert 'href="#f-threshold"' in seen.text
    assert "Would" not in seen.words


def test_the_eleventh_preview_in_a_second_is_left_out(bench: ConsoleBench) -> None:
    seen = [bench.post("preview-alarm", SENT, headers=LIVE) for _ in range(11)]
    assert "Would have rung" in seen[9].words
    assert "this one was left out" in seen[10].words


def test_the_equal_command_follows_the_form(bench: ConsoleBench) -> None:
    words = bench.post("preview-alarm", {**SENT, "AlarmActions": TOPIC}, headers=LIVE).words
    assert "aws cloudwatch put-metric-alarm" in words
    assert f"--alarm-actions {TOPIC}" in words
    assert "AWS::CloudWatch::Alarm" in words


def test_hostile_names_stay_text(bench: ConsoleBench) -> None:
    sent = {**SENT, "name": "<script>alert(1)</script>\u202e", "metric": '"><img src=x>', "description": "</textarea>"}
    seen = bench.post("preview-alarm", sent)
    assert seen.html is not None
    assert "<script>alert" not in seen.text
    assert "<img src=x" not in seen.text


# ---------------------------------------------------------------- saving


def test_an_alarm_is_made_with_its_severity_and_topics(bench: ConsoleBench) -> None:
    sent = {**SENT, "AlarmActions": TOPIC, "OKActions": TOPIC, "description": "watch it"}
    seen = bench.follow(bench.post("put-alarm", sent))
    assert "Alarm stopped created." in seen.words
    kept = stored(bench)
    assert (kept["AlarmActions"], kept["OKActions"], kept["AlarmDescription"]) == ([TOPIC], [TOPIC], "watch it")
    assert severity(bench) == {"tocsin:severity": "high"}


@pytest.mark.parametrize(
    "parameters",
    [
        ALARM,
        {**ALARM, "DatapointsToAlarm": 2, "EvaluationPeriods": 3, "Threshold": 1.25, "Period": 10},
        {**ALARM, "Dimensions": [{"Name": "a", "Value": "b=c"}, {"Name": "d", "Value": "e f"}]},
        {**ALARM, "Statistic": None, "ExtendedStatistic": "p99.5", "EvaluateLowSampleCountPercentile": "ignore"},
        {**ALARM, "Unit": "Count", "AlarmDescription": "two\nlines", "ActionsEnabled": False},
        {**ALARM, "OKActions": [TOPIC], "InsufficientDataActions": ["arn:aws:sns:eu-west-1:111122223333:far"]},
        {**MATH, "AlarmName": "stopped"},
    ],
    ids=["plain", "m-of-n", "dimensions", "percentile", "unit", "actions", "math"],
)
def test_saving_unchanged_changes_nothing(bench: ConsoleBench, parameters: dict[str, Any]) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", {key: one for key, one in parameters.items() if one is not None})
    before = stored(bench)
    assert bench.post("put-alarm", opened(bench)).status == 303
    after = stored(bench)
    times = ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
    assert {k: v for k, v in after.items() if k not in times} == {k: v for k, v in before.items() if k not in times}


def test_the_severity_of_an_alarm_is_changed_by_its_tag(bench: ConsoleBench) -> None:
    tags = [{"Key": "tocsin:severity", "Value": "low"}, {"Key": "team", "Value": "blue"}]
    put(bench, Tags=tags)
    seen = bench.get("edit/alarm/stopped")
    assert "tag-resource" not in seen.words
    bench.post("put-alarm", {**opened(bench), "severity": "critical"})
    assert severity(bench) == {"tocsin:severity": "critical", "team": "blue"}
    sent = {**opened(bench), "severity": ""}
    assert "aws cloudwatch untag-resource" in bench.post("preview-alarm", sent, headers=LIVE).words
    bench.post("put-alarm", sent)
    assert severity(bench) == {"team": "blue"}


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"name": ""}, "f-name", "An alarm has a name."),
        ({"metric": ""}, "f-metric", "The alarm watches a metric: name it."),
        ({"threshold": ""}, "f-threshold", "From which value on does it ring?"),
        ({"threshold": "inf"}, "f-threshold", "Threshold is a number."),
        ({"n": "two"}, "f-n", "Evaluation periods is a number."),
        ({"dimensions": "Host"}, "f-dimensions", "A dimension a line: Name=value."),
        ({"m": "3"}, "f-m", "DatapointsToAlarm"),
        ({"other-statistic": "p999"}, "f-statistic", "p999"),
        ({"period": "45"}, "f-period", "eriod"),
        ({"AlarmActions": "nonsense"}, "f-AlarmActions", "nonsense"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(bench: ConsoleBench, change: dict[str, str], field: str, text: str) -> None:
    seen = bench.post("put-alarm", {**SENT, **change})
    assert seen.status == 422
    assert seen.html is not None
    assert text in seen.words
    assert f'href="#{field}"' in seen.text
    assert f'id="{field}"' in seen.text


@pytest.mark.parametrize("rest", ["{", "[]", '{"Threshold": 9, "AlarmName": "else", "Tags": []}'])
def test_what_the_form_carries_along_is_nothing_that_it_shows(bench: ConsoleBench, rest: str) -> None:
    bench.post("put-alarm", {**SENT, "rest": rest})
    assert stored(bench)["Threshold"] == 1.0


def test_a_name_that_is_taken_is_not_overwritten(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.post("put-alarm", {**SENT, "threshold": "9"})
    assert "There is an alarm stopped already." in seen.words
    assert stored(bench)["Threshold"] == 1.0


def test_an_alarm_that_is_not_there_is_404_with_the_nearest(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.get("edit/alarm/stoped")
    assert seen.status == 404
    assert "/console/edit/alarm/stopped" in seen.links()


def test_a_viewer_looks_and_saves_nothing() -> None:
    bench = told_bench(visitor=Visitor(name="vera", role="viewer"))
    put(bench)
    assert "needs operator" in bench.get("edit/alarm/stopped").words
    assert "Would have rung 3 times" in bench.post("preview-alarm", SENT, headers=LIVE).words
    assert bench.post("put-alarm", {**SENT, "name": "mine"}).status == 403


def test_an_expression_is_shown_as_it_is_and_its_threshold_is_changed(bench: ConsoleBench) -> None:
    bench.call("cloudwatch", "PutMetricAlarm", MATH)
    assert "watches an expression over several metrics" in bench.get("edit/alarm/ratio").words
    sent = {**opened(bench, "ratio"), "threshold": "0.25"}
    assert "Would have rung 3 times" in bench.post("preview-alarm", sent, headers=LIVE).words
    assert bench.post("put-alarm", sent).status == 303
    kept = stored(bench, "ratio")
    assert kept["Threshold"] == 0.25
    assert [query["Id"] for query in kept["Metrics"]] == ["m", "e"]


# ---------------------------------------------------------------- conflicts


def test_what_somebody_saved_meanwhile_is_not_overwritten(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "threshold": "5"}
    put(bench, Period=60)
    seen = bench.post("put-alarm", sent)
    assert seen.status == 409
    assert seen.html is not None
    assert "Period 300 60 300" in seen.words
    assert "Threshold 1 1 5" in seen.words
    assert stored(bench)["Threshold"] == 1.0


def test_mine_is_saved_over_theirs_when_it_is_said_so(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "threshold": "5", "AlarmActions": TOPIC}
    put(bench, Period=60)
    mine = forms_of(bench.post("put-alarm", sent).html)["Save mine"]
    assert bench.post("put-alarm", mine).status == 303
    kept = stored(bench)
    assert (kept["Period"], kept["Threshold"], kept["AlarmActions"]) == (300, 5.0, [TOPIC])


def test_merged_has_the_changes_of_both(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "threshold": "5"}
    put(bench, Period=60)
    merged = forms_of(bench.post("put-alarm", sent).html)["Merge"]
    shown = bench.post("preview-alarm", merged)
    held = filled(shown)
    assert (held["period"], held["threshold"]) == ("60", "5")
    assert bench.post("put-alarm", forms_of(shown.html)["Save"]).status == 303
    assert stored(bench)["Period"] == 60


def test_an_alarm_that_was_deleted_meanwhile_is_made_again(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "severity": "high"}
    bench.call("cloudwatch", "DeleteAlarms", {"AlarmNames": ["stopped"]})
    assert bench.post("put-alarm", sent).status == 303
    assert severity(bench) == {"tocsin:severity": "high"}
