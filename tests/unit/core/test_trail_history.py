"""What was done to a trail, before and after. Spec: CT-7.13, CT-10, CON-4.10."""

from __future__ import annotations

import json
from typing import Any

import pytest
from synthetic import record

from tocsin.core.trail.history import TrailAct, read_acts

ARN = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:trail:*"
WHOLE = {
    "name": "main",
    "s3BucketName": "logs",
    "includeGlobalServiceEvents": True,
    "isMultiRegionTrail": True,
    "trailARN": ARN,
    "logFileValidationEnabled": True,
    "cloudWatchLogsLogGroupArn": GROUP,
    "isOrganizationTrail": False,
}


def call(name: str, asked: dict[str, Any] | None, told: dict[str, Any] | None = None, **more: Any) -> str:
    fields = {"eventSource": "cloudtrail.amazonaws.com", "requestParameters": asked, "responseElements": told, **more}
    return json.dumps(record(name, **fields))


def created(**asked: Any) -> str:
    return call("CreateTrail", {"name": "main", "s3BucketName": "logs", **asked}, WHOLE)


def updated(told: dict[str, Any] | None = None, **asked: Any) -> str:
    return call("UpdateTrail", {"name": "main", **asked}, told)


def selected(*selectors: dict[str, Any]) -> str:
    return call("PutEventSelectors", {"trailName": ARN, "eventSelectors": list(selectors)})


def acts(*texts: str) -> list[TrailAct]:
    return read_acts(enumerate(texts))


def last(*texts: str) -> tuple[list[tuple[str, str | None, str]], bool]:
    act = acts(*texts)[-1]
    return [tuple(change) for change in act.changes], act.narrows  # type: ignore[misc]


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        ({"isMultiRegionTrail": False}, ("IsMultiRegionTrail", "true", "false")),
        ({"includeGlobalServiceEvents": False}, ("IncludeGlobalServiceEvents", "true", "false")),
        ({"enableLogFileValidation": False}, ("EnableLogFileValidation", "true", "false")),
        ({"cloudWatchLogsLogGroupArn": ""}, ("CloudWatchLogsLogGroupArn", GROUP, "")),
        ({"cloudWatchLogsLogGroupArn": f"{GROUP}2"}, ("CloudWatchLogsLogGroupArn", GROUP, f"{GROUP}2")),
        ({"s3BucketName": "other"}, ("S3BucketName", "logs", "other")),
    ],
)
def test_a_call_that_narrows_is_told_with_what_was_before(asked: dict[str, Any], change: tuple[str, str, str]) -> None:
    assert last(created(), updated(**asked)) == ([change], True)


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ({"isMultiRegionTrail": True}, []),  # it was so
        ({"snsTopicName": "files"}, [("SnsTopicName", "", "files")]),
        ({"s3KeyPrefix": "p"}, [("S3KeyPrefix", "", "p")]),
    ],
)
def test_a_call_that_takes_nothing_away(asked: dict[str, Any], changes: list[tuple[str, str, str]]) -> None:
    assert last(created(), updated(**asked)) == (changes, False)


def test_what_was_before_is_not_known_without_a_record_of_it() -> None:
    assert last(updated(isMultiRegionTrail=False)) == ([("IsMultiRegionTrail", None, "false")], True)
    assert last(updated(s3BucketName="other")) == ([("S3BucketName", None, "other")], True)
    assert last(call("StartLogging", {"name": "main"})) == ([("Logging", None, "on")], False)


def test_the_answer_of_a_call_says_how_the_trail_stood_then() -> None:
    first = updated({**WHOLE, "s3KeyPrefix": "p"}, snsTopicName="files")
    assert last(first, updated(s3KeyPrefix="")) == ([("S3KeyPrefix", "p", "")], True)


def test_a_new_trail_is_told_by_what_was_given() -> None:
    changes, narrows = last(created(isMultiRegionTrail=True))
    assert changes == [("IsMultiRegionTrail", "", "true"), ("S3BucketName", "", "logs")]
    assert narrows is False


def test_stopping_and_deleting_narrow() -> None:
    start, stop = (call(name, {"name": "main"}) for name in ("StartLogging", "StopLogging"))
    assert last(created(), start) == ([("Logging", "off", "on")], False)
    assert last(created(), start, stop) == ([("Logging", "on", "off")], True)
    assert last(created(), start, start) == ([], False)
    delete = call("DeleteTrail", {"name": "main"})
    assert last(created(), delete) == ([("Trail", "there", "deleted")], True)
    assert last(created(), delete, start) == ([("Logging", None, "on")], False)


def test_selectors_are_told_in_words() -> None:
    all_events, writes = {"readWriteType": "All"}, {"readWriteType": "WriteOnly", "includeManagementEvents": True}
    assert last(created(), selected(writes)) == (
        [("EventSelectors", "all management events", "management events that write")],
        True,
    )
    assert last(selected(writes), selected(all_events)) == (
        [("EventSelectors", "management events that write", "all management events")],
        False,
    )
    assert last(selected(all_events))[0] == [("EventSelectors", None, "all management events")]
    advanced = [{"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}]
    text = call("PutEventSelectors", {"trailName": "main", "advancedEventSelectors": advanced})
    assert last(created(), text) == ([("EventSelectors", "all management events", "all management events")], False)


@pytest.mark.parametrize("asked", [None, {}, {"eventSelectors": 5}, {"eventSelectors": [{"readWriteType": "No"}]}])
def test_selectors_that_cannot_be_read_are_told_as_such(asked: dict[str, Any] | None) -> None:
    text = call("PutEventSelectors", asked)
    assert last(created(), text)[0] == [("EventSelectors", "all management events", "not readable")]
    assert last(text, selected({}))[0] == [("EventSelectors", None, "all management events")]


def test_insights() -> None:
    def put(*kinds: Any) -> str:
        return call("PutInsightSelectors", {"trailName": "main", "insightSelectors": [*kinds]})

    rate, errors = {"insightType": "ApiCallRateInsight"}, {"insightType": "ApiErrorRateInsight"}
    assert last(created(), put(rate)) == ([("InsightSelectors", "", "ApiCallRateInsight")], False)
    assert last(put(rate, errors), put(rate)) == (
        [("InsightSelectors", "ApiCallRateInsight, ApiErrorRateInsight", "ApiCallRateInsight")],
        True,
    )
    assert last(put(rate)) == ([("InsightSelectors", None, "ApiCallRateInsight")], False)
    assert last(put()) == ([("InsightSelectors", None, "")], True)
    assert last(put(5)) == ([("InsightSelectors", None, "")], False)
    assert last(call("PutInsightSelectors", {"insightSelectors": None}))[0] == [("InsightSelectors", None, "")]


def test_a_refused_call_changed_nothing() -> None:
    denied = call("StopLogging", None, errorCode="AccessDenied")
    act = acts(created(), denied)[-1]
    assert (act.changes, act.narrows, act.is_refused) == ((), False, True)
    assert last(created(), call("StartLogging", {"name": "main"}), denied, call("StopLogging", {"name": "main"})) == (
        [("Logging", "on", "off")],
        True,
    )


def test_other_records_are_passed_over() -> None:
    lookup = call("LookupEvents", {})
    other = json.dumps(record("StopLogging", eventSource="other.amazonaws.com"))
    assert [one.summary.event_name for one in acts(lookup, other, "no JSON", "[]", created())] == ["CreateTrail"]


def test_what_a_record_holds_cannot_make_it_fail() -> None:
    strange: dict[str, Any] = {"isMultiRegionTrail": {"a": []}, "s3BucketName": 5, "kmsKeyId": "k" * 5_000}
    changes, _ = last(created(), updated({"s3BucketName": []}, **strange))
    assert ("KmsKeyId", "", "k" * 1_000) in changes
