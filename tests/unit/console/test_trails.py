"""Trails: what they record and miss, who changed them, changing them. Spec: CON-4.10, CT-7, CT-8, CT-10, CON-7."""

from __future__ import annotations

import json
from typing import Any

import pytest
from console_bench import SCOPE, Seen
from synthetic import record
from topic_bench import TOPIC, TopicBench

from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail import TRAILS
from tocsin.console.visit import Visitor
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail

LIVE = {"x-tocsin-live": "1"}
VIEWER = Visitor(name="vera", role="viewer")
GROUP = SCOPE.arn("logs", "log-group:trail-group:*")
ROLE = "arn:aws:iam::111122223333:role/CloudTrail_CloudWatchLogs_Role"
WHOLE: dict[str, Any] = {
    "Name": "main",
    "S3BucketName": "logs",
    "IsMultiRegionTrail": True,
    "EnableLogFileValidation": True,
    "CloudWatchLogsLogGroupArn": GROUP,
    "CloudWatchLogsRoleArn": ROLE,
}


class TrailConsole(TopicBench):
    """A console with the trail `main`, whose log group feeds the alarm `root-usage`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.call("logs", "CreateLogGroup", {"logGroupName": "trail-group"})
        self.call("cloudtrail", "CreateTrail", WHOLE)
        self.call("cloudtrail", "StartLogging", {"Name": "main"})
        transformation = {"metricName": "RootUsage", "metricNamespace": "CloudTrailMetrics", "metricValue": "1"}
        self.call(
            "logs",
            "PutMetricFilter",
            {
                "logGroupName": "trail-group",
                "filterName": "root-usage",
                "filterPattern": '{ $.userIdentity.type = "Root" }',
                "metricTransformations": [transformation],
            },
        )

    @property
    def trail(self) -> Trail:
        with self.service.store.read() as store:
            found = TRAILS.get(store, SCOPE, "main")
        assert found is not None
        return found

    def take(self, name: str, at: str, **fields: Any) -> None:
        body = json.dumps(record(name, at, recipientAccountId=SCOPE.account, **fields)).encode()
        assert self.service.part(RecordIntake).take([body]).accepted == 1

    def form(self, path: str) -> dict[str, str | list[str]]:
        """The fields of the form on a page as a browser would send them."""
        fields: dict[str, list[str]] = {}
        html = self.get(path).html
        for field in html.iter("input"):
            kind, name = field.get("type"), field.get("name")
            if name in (None, "token", "form", "q", "back", "clock") or kind == "search":
                continue
            if kind not in {"checkbox", "radio"} or field.get("checked") is not None:
                fields.setdefault(str(name), []).append(str(field.get("value") or ""))
        for area in html.iter("textarea"):
            fields[str(area.get("name"))] = [str(area.text or "").removeprefix("\n")]
        for select in html.iter("select"):
            chosen = [one for one in select.iter("option") if one.get("selected") is not None] or [
                *select.iter("option")
            ]
            fields[str(select.get("name"))] = [str(chosen[0].get("value"))]
        return dict(fields)


@pytest.fixture
def bench() -> TrailConsole:
    return TrailConsole()


def changed(bench: TrailConsole, path: str, **changes: str | list[str] | None) -> dict[str, str | list[str]]:
    fields = bench.form(path)
    for name, value in changes.items():
        fields.pop(name, None)
        if value is not None:
            fields[name] = value
    return fields


# ---------------------------------------------------------------- pages


def test_an_empty_list_has_one_button_for_a_trail_of_all_regions() -> None:
    bench = TopicBench()
    page = bench.get("trails")
    assert "No trail records what happens in us-east-1." in page.words
    assert "aws cloudtrail create-trail" in page.words
    seen = bench.follow(bench.post("create-whole-trail"))
    assert "main-trail records all regions from now on" in seen.words
    with bench.service.store.read() as store:
        made = TRAILS.get(store, SCOPE, "main-trail")
    assert made is not None
    assert (made.is_multi_region, made.validates_log_files, made.is_logging) == (True, True, True)
    assert made.log_group_arn == GROUP
    assert bench.post("create-whole-trail").status == 422


def test_a_trail_is_told_by_what_it_records(bench: TrailConsole) -> None:
    words = bench.get("trails/main").words
    for text in ("logging since", "all regions", "all management events", "Insights are off.", "1 metric filter"):
        assert text in words
    assert "What it misses" not in words
    assert "nothing" in bench.get("trails").words


def test_what_a_trail_misses_is_said(bench: TrailConsole) -> None:
    bench.call("cloudtrail", "UpdateTrail", {"Name": "main", "IsMultiRegionTrail": False})
    bench.call("cloudtrail", "StopLogging", {"Name": "main"})
    words = bench.get("trails/main").words
    assert "it is stopped: nothing is recorded" in words
    assert "it records us-east-1 and no other region" in words
    assert "and 1 more" in bench.get("trails").words


def test_a_shadow_is_changed_where_it_was_made(bench: TrailConsole) -> None:
    seen = bench.get("trails/main?in=111122223333/eu-west-1")
    assert "It was made in us-east-1 of 111122223333 , records here too, and is changed there ." in seen.words
    assert "Stop…" not in seen.words
    assert bench.get("edit/trail/main?in=111122223333/eu-west-1").status == 422


def test_how_delivery_goes_is_told_by_region(bench: TrailConsole) -> None:
    from tocsin.app.trail_status import Destination, TrailStatus, note_delivery

    now = bench.service.now_ms()
    status = TrailStatus(files=Destination().success(now), logs=Destination().failure("no such group", at=now))
    bench.service.store.write(lambda store: note_delivery(store, bench.trail, "eu-west-1", lambda _: status))
    assert "eu-west-1 03:14:20 failed no such group nothing yet nothing yet" in bench.get("trails/main").words


def test_who_changed_a_trail_is_told_with_before_and_after(bench: TrailConsole) -> None:
    told = {"name": "main", "s3BucketName": "logs", "isMultiRegionTrail": True, "logFileValidationEnabled": True}
    bench.take("CreateTrail", "2026-03-13T10:00:00Z", requestParameters={"name": "main"}, responseElements=told)
    bench.take(
        "UpdateTrail",
        "2026-03-13T11:00:00Z",
        requestParameters={"name": "main", "isMultiRegionTrail": False},
        responseElements={**told, "isMultiRegionTrail": False},
    )
    bench.take("StopLogging", "2026-03-13T12:00:00Z", requestParameters=None, errorCode="AccessDenied")
    words = bench.get("trails/main").words
    assert "UpdateTrail narrows IAM user alice 192.0.2.1 IsMultiRegionTrail: true → false" in words
    assert "StopLogging AccessDenied IAM user alice 192.0.2.1 nothing: it was refused" in words


def test_what_a_change_would_drop_is_counted_over_what_is_stored(bench: TrailConsole) -> None:
    bench.take("GetSecretValue", "2026-03-14T01:00:00Z", readOnly=True, userIdentity={"type": "Root"})
    bench.take("StopLogging", "2026-03-14T02:00:00Z", readOnly=False, eventSource="x.amazonaws.com")
    words = bench.get("trails/main?try=writes").words
    assert "lost management events that read" in words
    assert "Events 1 of 2 would not have been recorded" in words
    assert "1 would go blind : root-usage" in words.replace("- ", "-")
    assert "2 stored records, back to 01:00:00" in words
    assert "back to" not in bench.get("trails/main?try=nonsense").words


# ---------------------------------------------------------------- starting, stopping, deleting


def test_stopping_a_trail_that_alarms_look_at_wants_its_name(bench: TrailConsole) -> None:
    page = bench.get("confirm/stop-logging?name=main")
    assert "1 alarm sees less or nothing : root-usage" in page.words.replace("- ", "-")
    assert "nothing is recorded until it is started again" in page.words
    for fields in ({}, {"sure": "yes"}, {"sure": "yes", "typed": "other"}):
        refused = bench.post("stop-logging", {"trail": "main", **fields})
        assert refused.status in {200, 422}
    assert bench.trail.is_logging
    seen = bench.follow(bench.post("stop-logging", {"trail": "main", "sure": "yes", "typed": "main"}))
    assert "main is stopped: nothing is recorded." in seen.words
    assert "Undo" in seen.words
    assert "main records from now on." in bench.follow(bench.post("start-logging", {"trail": "main"})).words


def test_deleting_says_what_is_lost(bench: TrailConsole) -> None:
    page = bench.get("confirm/delete-trail?name=main")
    assert "nothing is recorded any more; files that were delivered stay" in page.words
    seen = bench.follow(bench.post("delete-trail", {"trail": "main", "sure": "yes", "typed": "main"}))
    assert "Trail main deleted." in seen.words


def test_deleting_what_records_nothing_loses_nothing(bench: TrailConsole) -> None:
    bench.call("cloudtrail", "StopLogging", {"Name": "main"})
    assert "Nothing is lost by it" in bench.get("confirm/delete-trail?name=main").words
    assert bench.post("delete-trail", {"trail": "main", "sure": "yes"}).status == 303


# ---------------------------------------------------------------- making


def test_a_trail_is_made_as_the_form_says(bench: TrailConsole) -> None:
    fields = {
        "name": "second", "bucket": "other-logs", "prefix": "p", "regions": "yes", "validation": "yes",
        "group": "trail-group", "topic": "sec-alerts", "start": "yes",
    }  # fmt: skip
    seen = bench.follow(bench.post("create-trail", fields))
    assert "Trail second created, and records from now on." in seen.words
    with bench.service.store.read() as store:
        made = TRAILS.get(store, SCOPE, "second")
    assert made is not None
    assert (made.s3_key_prefix, made.sns_topic_arn, made.log_role_arn) == ("p", TOPIC, ROLE)
    assert made.include_global_service_events


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "", "bucket": "b"}, "A trail has a name"),
        ({"name": "second", "bucket": ""}, "A trail puts its log files into a bucket."),
        ({"name": "ab", "bucket": "logs"}, "Trail name too short. Minimum allowed length: 3 characters."),
        ({"name": "main", "bucket": "logs"}, "Trail main already exists for customer: 111122223333"),
        ({"name": "second", "bucket": "NO"}, "is not the name of an S3 bucket"),
    ],
)
def test_what_is_refused_is_said_in_the_words_of_aws(bench: TrailConsole, fields: dict[str, str], text: str) -> None:
    seen = bench.post("create-trail", fields)
    assert seen.status == 422
    assert text in seen.words


def test_the_equal_command_follows_the_form(bench: TrailConsole) -> None:
    seen = bench.post("create-trail", {"name": "second", "bucket": "b-1", "regions": "yes"}, headers=LIVE)
    assert "aws cloudtrail create-trail" in seen.words
    assert "--name second" in seen.words
    assert "start-logging" not in seen.words


# ---------------------------------------------------------------- changing


def test_a_form_that_is_sent_as_it_was_opened_changes_nothing(bench: TrailConsole) -> None:
    seen = bench.follow(bench.post("keep-trail", bench.form("edit/trail/main")))
    assert "Nothing was changed." in seen.words


def test_what_widens_is_saved_at_once(bench: TrailConsole) -> None:
    bench.call("cloudtrail", "UpdateTrail", {"Name": "main", "IsMultiRegionTrail": False})
    fields = changed(bench, "edit/trail/main", regions="yes", topic="sec-alerts")
    assert "Settings saved." in bench.follow(bench.post("keep-trail", fields)).words
    assert bench.trail.is_multi_region
    assert bench.trail.sns_topic_arn == TOPIC
    assert [change.action for change, _ in bench.audit.changes] == ["UpdateTrail"]


@pytest.mark.parametrize(
    ("changes", "lost", "types_name"),
    [
        ({"regions": None}, "events of every region but us-east-1 are recorded no more", True),
        ({"validation": None}, "no more digests are made", False),
        ({"group": ""}, "metric filters and alarms on trail-group see nothing of this trail any more", True),
        ({"bucket": "other"}, "log files go to other, no longer to logs", False),
        ({"key": "alias/mine"}, "who has not that key reads none", False),
    ],
)
def test_what_narrows_is_asked_for_twice(
    bench: TrailConsole, changes: dict[str, Any], lost: str, types_name: bool
) -> None:
    before = bench.trail
    asked = bench.post("keep-trail", changed(bench, "edit/trail/main", **changes))
    assert asked.status == 200
    assert lost in asked.words.replace("- ", "-")
    assert bench.trail == before
    again = {
        str(field.get("name")): str(field.get("value") or "")
        for field in asked.html.iter("input")
        if field.get("type") == "hidden" and field.get("name") not in {"token", "form"}
    }
    if types_name:
        refused = bench.post("keep-trail", again)
        assert (refused.status, bench.trail) == (422, before)
        assert "Type the name of the trail, main" in refused.words
        again["typed"] = "main"
    assert "Settings saved." in bench.follow(bench.post("keep-trail", again)).words
    assert bench.trail != before


def test_two_who_change_one_trail_are_shown_what_differs(bench: TrailConsole) -> None:
    fields = changed(bench, "edit/trail/main", prefix="mine")
    bench.call("cloudtrail", "UpdateTrail", {"Name": "main", "S3KeyPrefix": "theirs"})
    seen = bench.post("keep-trail", fields)
    assert seen.status == 409
    assert "Prefix both" in seen.words
    mine = {
        str(field.get("name")): str(field.get("value") or "")
        for form in seen.html.iter("form")
        if form.get("action", "").endswith("keep-trail")
        for field in form.iter("input")
        if field.get("name") not in {"token", "form", "resolve"}
    }
    assert bench.post("keep-trail", {**mine, "sure": "yes"}).status == 303
    assert bench.trail.s3_key_prefix == "mine"


# ---------------------------------------------------------------- selectors


def test_selectors_that_are_sent_as_they_were_opened_change_nothing(bench: TrailConsole) -> None:
    seen = bench.follow(bench.post("keep-selectors", bench.form("edit/selectors/main")))
    assert "Nothing was changed." in seen.words


def test_data_events_and_insights_are_added_at_once(bench: TrailConsole) -> None:
    fields = changed(
        bench,
        "edit/selectors/main",
        resources="AWS::S3::Object arn:aws:s3:::secrets/\nAWS::S3::Object arn:aws:s3:::more/\nAWS::Lambda::Function arn:aws:lambda",
        insights=["ApiCallRateInsight", "ApiErrorRateInsight"],
    )
    assert "Selectors saved." in bench.follow(bench.post("keep-selectors", fields)).words
    assert bench.trail.event_selectors["EventSelectors"][0]["DataResources"] == [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::secrets/", "arn:aws:s3:::more/"]},
        {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
    ]
    assert [one["InsightType"] for one in bench.trail.insights] == ["ApiCallRateInsight", "ApiErrorRateInsight"]
    assert bench.post("keep-selectors", bench.form("edit/selectors/main")).status == 303  # opened again, it is the same


def test_selectors_that_narrow_are_counted_and_asked_for_twice(bench: TrailConsole) -> None:
    bench.take("GetSecretValue", "2026-03-14T01:00:00Z", readOnly=True)
    asked = bench.post("keep-selectors", changed(bench, "edit/selectors/main", actions="WriteOnly"))
    assert "management events that read are recorded no more" in asked.words
    assert "1 of 1 would not have been recorded" in asked.words
    assert not bench.trail.selectors
    again: dict[str, str | list[str]] = {
        str(field.get("name")): str(field.get("value") or "")
        for field in asked.html.iter("input")
        if field.get("type") == "hidden" and field.get("name") not in {"token", "form"}
    }
    assert bench.post("keep-selectors", again).status == 422
    done = bench.post("keep-selectors", {**again, "typed": "main"})
    assert "management events that write" in bench.follow(done).words


def test_advanced_selectors_are_written_as_json(bench: TrailConsole) -> None:
    setting = '[{"Name":"all","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]'
    fields = changed(bench, "edit/selectors/main", kind="json", json=setting)
    assert "Selectors saved." in bench.follow(bench.post("keep-selectors", fields)).words
    assert "AdvancedEventSelectors" in bench.trail.event_selectors
    again = bench.form("edit/selectors/main")
    assert again["kind"] == ["json"]
    assert "Nothing was changed." in bench.follow(bench.post("keep-selectors", again)).words


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kind": "json", "json": "{"}, "not JSON"),
        ({"kind": "json", "json": '{"ReadWriteType":"No"}'}, "ReadWriteType"),
        ({"resources": "AWS::S3::Object secrets"}, "Value secrets for DataResources.Values is invalid."),
        ({"resources": "AWS::EC2::Instance arn:x"}, "DataResources.Type is invalid"),
        ({"management": None}, "must specify DataResources"),
    ],
)
@pytest.mark.parametrize("headers", [LIVE, {}])
def test_selectors_that_are_none_are_refused(
    bench: TrailConsole, changes: dict[str, Any], text: str, headers: dict[str, str]
) -> None:
    seen = bench.post("keep-selectors", changed(bench, "edit/selectors/main", **changes), headers=headers)
    assert seen.status == (200 if headers else 422)
    assert text in seen.words


def test_what_would_be_lost_is_counted_before_anything_is_saved(bench: TrailConsole) -> None:
    bench.take("GetSecretValue", "2026-03-14T01:00:00Z", readOnly=True)
    fields = changed(bench, "edit/selectors/main", actions="WriteOnly", resolve="count")
    seen = bench.post("keep-selectors", fields)
    assert "1 of 1 would not have been recorded" in seen.words
    live = bench.post("keep-selectors", changed(bench, "edit/selectors/main", actions="WriteOnly"), headers=LIVE)
    assert "lost management events that read" in live.words
    assert "put-event-selectors" in live.words
    assert not bench.trail.selectors


# ---------------------------------------------------------------- who may see what


PAGES = (
    "trails",
    "trails/main",
    "edit/trail/main",
    "edit/selectors/main",
    "new/trail",
    "confirm/delete-trail?name=main",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees_it_all_and_changes_nothing(page: str) -> None:
    bench = TrailConsole(visitor=VIEWER)
    assert bench.get(page).status == 200
    assert bench.post("start-logging", {"trail": "main"}).status == 403


def test_an_unknown_trail_leads_to_the_nearest(bench: TrailConsole) -> None:
    seen = bench.get("trails/mian")
    assert seen.status == 404
    assert "/console/trails/main" in seen.links()


def test_hostile_text_is_shown_and_never_acts(bench: TrailConsole) -> None:
    hostile = "<script>alert(1)</script>\"'>{{7*7}}\u202e"
    bench.call("cloudtrail", "AddTags", {"ResourceId": bench.trail.arn, "TagsList": [{"Key": "k", "Value": hostile}]})
    bench.take(
        "UpdateTrail",
        "2026-03-13T11:00:00Z",
        requestParameters={"name": "main", "s3KeyPrefix": hostile, "kmsKeyId": hostile},
        userIdentity={"type": "IAMUser", "userName": hostile},
        sourceIPAddress=hostile,
        errorCode="",
    )
    bench.take("StopLogging", "2026-03-13T12:00:00Z", requestParameters={"name": "main"}, errorCode=hostile)
    setting = json.dumps([{"Name": hostile, "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}])
    bench.post("keep-selectors", changed(bench, "edit/selectors/main", kind="json", json=setting))
    for page in PAGES:
        seen: Seen = bench.get(page)
        assert "<script>alert" not in seen.text
        assert "\u202e" not in seen.text
        assert seen.html is not None


def test_trails_of_all_accounts_are_listed_together(bench: TrailConsole) -> None:
    there = Scope("444455556666", "eu-west-1")
    bench.call("cloudtrail", "CreateTrail", {"Name": "there", "S3BucketName": "logs"}, scope=there)
    words = bench.get("trails?in=all").words
    assert "444455556666 eu-west-1 there" in words
    assert "111122223333 us-east-1 main" in words
