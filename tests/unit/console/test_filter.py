"""The filter editor (CON-4.7): the trial as one types, findings, saving, conflicts, deleting and bringing back."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from console_bench import ConsoleBench
from html_form import forms_of

from tocsin.console.visit import Visitor

LIVE = {"x-tocsin-live": "1"}
PATTERN = "{ $.eventName = StopLogging }"
RECORDS = [
    {
        "eventTime": f"2026-03-14T03:0{minute}:00Z",
        "eventID": f"00000000-0000-4000-8000-00000000000{minute}",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "count": count,
    }
    for minute, name, count in [(1, "DescribeTrails", 1), (2, "StopLogging", 5), (3, "StopLogging", "many")]
]
SENT = {
    "group": "g",
    "name": "stop",
    "pattern": PATTERN,
    "namespace": "Trail",
    "metric": "Stop",
    "value": "1",
    "source": "newest",
}


@pytest.fixture
def bench() -> ConsoleBench:
    made = ConsoleBench()
    made.put_events("g", RECORDS)
    return made


def put(bench: ConsoleBench, **changes: Any) -> None:
    transformation = {"metricName": "Stop", "metricNamespace": "Trail", "metricValue": "1"}
    parameters = {
        "logGroupName": "g",
        "filterName": "stop",
        "filterPattern": PATTERN,
        "metricTransformations": [transformation],
    }
    bench.call("logs", "PutMetricFilter", {**parameters, **changes})


def stored(bench: ConsoleBench, name: str = "stop") -> dict[str, Any]:
    found = bench.call("logs", "DescribeMetricFilters", {"logGroupName": "g"})["metricFilters"]
    return next(one for one in found if one["filterName"] == name)


def hidden(text: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return unescape(found[1])


def opened(bench: ConsoleBench, path: str = "filters/g:stop") -> dict[str, str]:
    """What the form of a filter that is there sends when nothing is changed."""
    seen = bench.get(path)
    assert seen.status == 200
    return {**SENT, "version": hidden(seen.text, "version"), "base": hidden(seen.text, "base")}


# ---------------------------------------------------------------- the trial


def test_a_new_filter_is_tried_on_the_newest_events_of_its_group(bench: ConsoleBench) -> None:
    seen = bench.get("new/filter?group=g&pattern=%7B%20%24.eventName%20%3D%20StopLogging%20%7D")
    assert seen.html is not None
    for told in ("3 events", "2 match", "1 no match", "Why it does not match", "decides", "2 matches"):
        assert told in seen.words


def test_a_live_answer_is_the_trial_alone(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", SENT, headers=LIVE)
    assert seen.status == 200
    assert "<html" not in seen.text
    assert "2 match" in seen.words


def test_without_a_script_the_button_gives_the_whole_page_with_what_was_typed(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "pattern": "{ $.eventName = DescribeTrails }"})
    assert seen.status == 200
    assert seen.html is not None
    assert "{ $.eventName = DescribeTrails }" in seen.words
    assert "1 match" in seen.words


def test_a_refused_pattern_shows_awss_text_the_place_and_the_remedy(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "pattern": "{ $.a = é:b }"}, headers=LIVE)
    assert "Invalid character(s) in term '?'" in seen.words
    assert 'data-caret="8" data-caret-in="f-pattern"' in seen.text
    assert "put the value in double quotes" in seen.words


def test_the_caret_is_counted_as_scripts_count(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "pattern": '{ $.a = "\U0001f600" && }'}, headers=LIVE)
    assert 'data-caret="16"' in seen.text


def test_apply_puts_the_remedy_into_the_field(bench: ConsoleBench) -> None:
    refused = bench.post("test-filter", {**SENT, "pattern": "{ $.eventName == StopLogging }"}, headers=LIVE)
    rewrite = hidden(refused.text, "rewrite")
    seen = bench.post("rewrite-filter", {**SENT, "pattern": "{ $.eventName == StopLogging }", "rewrite": rewrite})
    assert rewrite == PATTERN
    assert f">\n{PATTERN}</textarea>" in seen.text
    assert "2 match" in seen.words


def test_the_event_that_is_asked_for_is_explained(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "shown": "1"}, headers=LIVE)
    assert "Why it matches" in seen.words
    assert "So it matches." in seen.words


@pytest.mark.parametrize("shown", ["0", "99", "x", ""])
def test_an_event_that_is_not_there_is_not_asked_for(bench: ConsoleBench, shown: str) -> None:
    assert "Why it does not match" in bench.post("test-filter", {**SENT, "shown": shown}, headers=LIVE).words


def test_a_match_without_a_number_is_told_apart(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "value": "$.count"}, headers=LIVE)
    assert "1 match 1 no match 1 no usable value" in seen.words
    assert "value 5" in seen.words


def test_a_value_that_cannot_be_is_told_in_awss_words(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "value": "count"}, headers=LIVE)
    assert "metric value count must be a valid number" in seen.words


def test_pasted_events_are_tried(bench: ConsoleBench) -> None:
    pasted = '{"eventName":"StopLogging"}\n10.0.0.1 GET'
    seen = bench.post("test-filter", {**SENT, "source": "pasted", "pasted": pasted}, headers=LIVE)
    assert "2 events" in seen.words
    assert "the message is not JSON" in seen.words


def test_with_nothing_pasted_it_is_asked_for(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "source": "pasted", "pasted": " "}, headers=LIVE)
    assert "Paste events to test the pattern on." in seen.words


def test_the_rules_own_events_are_offered_and_tried(bench: ConsoleBench) -> None:
    sent = {**SENT, "name": "article/stop-logging", "source": "rule"}
    seen = bench.post("test-filter", sent)
    assert "the rule's own: article/stop-logging" in seen.words
    assert "not as the rule expects" not in seen.words
    wrong = bench.post("test-filter", {**sent, "pattern": "{ $.eventName = Other }"}, headers=LIVE)
    assert "should match" in wrong.words


def test_of_a_group_without_events_a_rules_own_are_tried(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "empty"})
    seen = bench.get(
        "new/filter?group=empty&filter=article/stop-logging&pattern=%7B%28%24.eventName%3DStopLogging%29%7D"
    )
    assert "2 match 4 no match" in seen.words
    assert "The log group has no events yet." in bench.get("new/filter?group=empty").words


def test_without_a_group_one_is_to_be_made_first() -> None:
    seen = ConsoleBench().get("new/filter")
    assert "There is no log group yet." in seen.words
    assert "There is no log group yet: paste events." in seen.words


def test_a_new_filter_begins_in_the_group_that_has_most_of_them(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "another"})
    bench.call("logs", "CreateLogGroup", {"logGroupName": "zebra"})
    put(bench)
    seen = bench.get("new/filter")
    assert forms_of(seen.html)["Create"]["group"] == ["g"]
    assert "3 events" in seen.words


def test_findings_stand_with_their_names_and_remedies(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "pattern": '{ $.userIdentity.invokedBy != "x" }'}, headers=LIVE)
    assert "neq-absent" in seen.words
    assert "NOT EXISTS" in hidden(seen.text, "rewrite")


def test_the_eleventh_test_in_a_second_is_left_out(bench: ConsoleBench) -> None:
    seen = [bench.post("test-filter", SENT, headers=LIVE) for _ in range(11)]
    assert "2 match" in seen[9].words
    assert "this one was left out" in seen[10].words


def test_the_equal_command_follows_the_form(bench: ConsoleBench) -> None:
    seen = bench.post("test-filter", {**SENT, "default": "0", "unit": "Count"}, headers=LIVE)
    assert "aws logs put-metric-filter" in seen.words
    assert "defaultValue=0,unit=Count" in seen.words
    assert "AWS::Logs::MetricFilter" in seen.words


def test_hostile_events_stay_text(bench: ConsoleBench) -> None:
    pasted = '{"eventName":"<script>alert(1)</script>\\u202e","eventSource":"x"}'
    seen = bench.post("test-filter", {**SENT, "source": "pasted", "pasted": pasted})
    assert seen.html is not None
    assert "<script>alert" not in seen.text


def test_a_viewer_tries_and_saves_nothing() -> None:
    bench = ConsoleBench(visitor=Visitor(name="vera", role="viewer"))
    bench.put_events("g", RECORDS)
    put(bench)
    assert "needs operator" in bench.get("filters/g:stop").words
    assert "2 match" in bench.post("test-filter", SENT, headers=LIVE).words
    assert bench.post("put-filter", SENT).status == 403


# ---------------------------------------------------------------- two weeks


def test_more_is_counted_where_the_budget_ended(bench: ConsoleBench) -> None:
    carried = ",".join(["7"] + ["0"] * 55)
    seen = bench.post("test-filter", {**SENT, "further": f"1773457260000.0;{carried}"})
    assert "7 matches" in seen.words


@pytest.mark.parametrize("further", ["x", "1.2;1,2", ";", "1773457380000.0;a"])
def test_what_was_carried_wrongly_is_counted_anew(bench: ConsoleBench, further: str) -> None:
    assert "2 matches" in bench.post("test-filter", {**SENT, "further": further}).words


# ---------------------------------------------------------------- saving


def test_a_filter_is_made(bench: ConsoleBench) -> None:
    seen = bench.follow(bench.post("put-filter", SENT))
    assert "Metric filter stop created: it counts what comes in from now on." in seen.words
    assert stored(bench)["filterPattern"] == PATTERN


def test_a_filter_is_made_and_its_alarm_comes_next(bench: ConsoleBench) -> None:
    answer = bench.post("put-filter", {**SENT, "then": "alarm"})
    assert answer.headers["location"].startswith("/console/new/alarm?filter=g%3Astop")


def test_all_parts_of_a_filter_are_saved_and_shown(bench: ConsoleBench) -> None:
    more = {
        "pattern": "{\r\n  $.eventName = StopLogging\r\n}",
        "unit": "Count",
        "dimension-name-1": "Who",
        "dimension-value-1": "$.userIdentity.userName",
        "emit-@aws.account": "yes",
        "criteria": '@aws.account = "111122223333"',
        "transformed": "yes",
    }
    bench.post("put-filter", {**SENT, **more})
    kept = stored(bench)
    assert kept["filterPattern"] == "{\n  $.eventName = StopLogging\n}"
    assert kept["metricTransformations"][0]["dimensions"] == {"Who": "$.userIdentity.userName"}
    assert kept["emitSystemFieldDimensions"] == ["@aws.account"]
    assert kept["applyOnTransformedLogs"] is True
    before = stored(bench)
    sent = {**opened(bench), **more}
    assert bench.post("put-filter", sent).status == 303
    assert stored(bench) == before


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"name": ""}, "f-name", "A filter has a name."),
        ({"metric": ""}, "f-metric", "give it a name"),
        ({"default": "none"}, "f-default", "The default value is a number"),
        ({"default": "inf"}, "f-default", "The default value is a number"),
        ({"dimension-name-2": "Who"}, "f-dimension-name-2", "Dimension 2 needs a name and a field."),
        ({"group": ""}, "f-group", "Choose the log group"),
    ],
)
def test_what_cannot_be_asked_for_is_told_at_its_field(
    bench: ConsoleBench, change: dict[str, str], field: str, text: str
) -> None:
    seen = bench.post("put-filter", {**SENT, **change})
    assert seen.status == 422
    assert text in seen.words
    assert f'href="#{field}"' in seen.text


def test_what_aws_refuses_is_told_in_its_words_and_nothing_typed_is_lost(bench: ConsoleBench) -> None:
    seen = bench.post("put-filter", {**SENT, "pattern": "{ $.a = }", "metric": "Kept"})
    assert seen.status == 422
    assert "Invalid metric filter pattern" in seen.words
    assert 'value="Kept"' in seen.text


def test_a_name_that_is_taken_is_not_overwritten(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.post("put-filter", {**SENT, "pattern": "{ $.a = b }"})
    assert "There is a filter stop in this group already." in seen.words
    assert stored(bench)["filterPattern"] == PATTERN


def test_saving_can_be_taken_back(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "pattern": "{ $.a = b }"}
    seen = bench.follow(bench.post("put-filter", sent))
    assert "Metric filter stop saved." in seen.words
    definition = hidden(seen.text, "definition")
    assert "is as it was" in bench.follow(bench.post("restore-filter", {"definition": definition})).words
    assert stored(bench)["filterPattern"] == PATTERN


@pytest.mark.parametrize("definition", ["", "{", "{}", "[]"])
def test_nothing_is_brought_back_of_nothing(bench: ConsoleBench, definition: str) -> None:
    assert "There is nothing to bring back." in bench.post("restore-filter", {"definition": definition}).words


def test_a_filter_that_is_not_there_is_404_with_the_nearest(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.get("filters/g:stopp")
    assert seen.status == 404
    assert "/console/filters/g:stop" in seen.links()
    assert bench.get("filters/nowhere:x").status == 404


def test_a_filter_names_the_alarms_on_its_metric(bench: ConsoleBench) -> None:
    put(bench)
    assert "No alarm looks at it." in bench.get("filters/g:stop").words
    alarm = {"AlarmName": "stopped", "Namespace": "Trail", "MetricName": "Stop", "Statistic": "Sum", "Period": 60}
    alarm |= {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    bench.call("cloudwatch", "PutMetricAlarm", alarm)
    assert "INSUFFICIENT_DATA stopped" in bench.get("filters/g:stop").words


# ---------------------------------------------------------------- excluding


def test_an_exclusion_is_compiled_soundly_into_the_pattern(bench: ConsoleBench) -> None:
    put(bench)
    clause = '{ $.userIdentity.userName = "mallory" }'
    seen = bench.get(f"filters/g:stop?exclude={clause.replace(' ', '%20').replace('$', '%24').replace('=', '%3D')}")
    assert "NOT EXISTS" in seen.words
    assert "Test it, then save." in seen.words
    assert "0 match" in seen.words


def test_what_cannot_be_excluded_is_said(bench: ConsoleBench) -> None:
    put(bench)
    seen = bench.get("filters/g:stop?exclude=%7B%20%24.a%5B*%5D%20%3D%20x%20%7D")
    assert "This cannot be excluded" in seen.words


# ---------------------------------------------------------------- conflicts


def test_what_somebody_saved_meanwhile_is_not_overwritten(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "metric": "Mine"}
    put(bench, filterPattern="{ $.eventName = DeleteTrail }")
    seen = bench.post("put-filter", sent)
    assert seen.status == 409
    assert seen.html is not None
    assert "You changed different fields." in seen.words
    assert "Field Was Theirs Yours Filter pattern" in seen.words
    assert "Metric name Stop Stop Mine" in seen.words
    assert stored(bench)["metricTransformations"][0]["metricName"] == "Stop"


def test_mine_is_saved_over_theirs_when_it_is_said_so(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "metric": "Mine"}
    put(bench, filterPattern="{ $.eventName = DeleteTrail }")
    mine = forms_of(bench.post("put-filter", sent).html)["Save mine"]
    assert bench.post("put-filter", mine).status == 303
    assert stored(bench)["filterPattern"] == PATTERN
    assert stored(bench)["metricTransformations"][0]["metricName"] == "Mine"


def test_merged_is_shown_and_saved_after_that(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "metric": "Mine"}
    put(bench, filterPattern="{ $.eventName = DeleteTrail }")
    merged = forms_of(bench.post("put-filter", sent).html)["Merge"]
    shown = bench.post("test-filter", merged)
    assert ">\n{ $.eventName = DeleteTrail }</textarea>" in shown.text
    assert 'value="Mine"' in shown.text
    again = {**merged, "version": hidden(shown.text, "version"), "base": hidden(shown.text, "base")}
    assert bench.post("put-filter", again).status == 303
    assert stored(bench)["metricTransformations"][0]["metricName"] == "Mine"


def test_the_same_change_by_both_is_no_conflict(bench: ConsoleBench) -> None:
    put(bench)
    sent = {**opened(bench), "pattern": "{ $.eventName = DeleteTrail }"}
    put(bench, filterPattern="{ $.eventName = DeleteTrail }")
    assert bench.post("put-filter", sent).status == 303


def test_a_filter_that_was_deleted_meanwhile_is_made_again(bench: ConsoleBench) -> None:
    put(bench)
    sent = opened(bench)
    bench.call("logs", "DeleteMetricFilter", {"logGroupName": "g", "filterName": "stop"})
    assert bench.post("put-filter", sent).status == 303
    assert stored(bench)["filterPattern"] == PATTERN


# ---------------------------------------------------------------- deleting


def test_a_filter_goes_and_comes_back(bench: ConsoleBench) -> None:
    put(bench)
    assert "no alarm loses what it looks at" in bench.get("confirm/delete-filter?name=g:stop").words
    seen = bench.follow(bench.post("delete-filter", {"group": "g", "name": "stop"}))
    assert "Metric filter stop deleted." in seen.words
    bench.post("restore-filter", {"definition": hidden(seen.text, "definition")})
    assert stored(bench)["filterPattern"] == PATTERN


def test_a_filter_that_an_alarm_needs_goes_only_by_its_name(bench: ConsoleBench) -> None:
    put(bench)
    topic = bench.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    alarm = {"AlarmName": "stopped", "Namespace": "Trail", "MetricName": "Stop", "Statistic": "Sum", "Period": 60}
    alarm |= {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    bench.call("cloudwatch", "PutMetricAlarm", {**alarm, "AlarmActions": [topic]})
    assert "1 alarm would see nothing any more" in bench.get("confirm/delete-filter?name=g:stop").words
    refused = bench.post("delete-filter", {"group": "g", "name": "stop", "typed": ""})
    assert refused.status == 422
    assert "Type the name of the filter, stop" in refused.words
    assert bench.post("delete-filter", {"group": "g", "name": "stop", "typed": "stop"}).status == 303
