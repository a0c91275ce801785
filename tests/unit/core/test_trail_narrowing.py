"""What a change takes away from a trail. Spec: CT-10.1, CT-8."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.core.trail.narrowing import NarrowingKind, narrowings
from tocsin.core.trail.selector import selectors_of
from tocsin.core.trail.selector_loss import lost_events

HOME = Scope("111122223333", "us-east-1")
WHOLE: dict[str, Any] = {
    "name": "main",
    "home": HOME,
    "s3_bucket_name": "logs",
    "s3_key_prefix": "p",
    "sns_topic_arn": "arn:aws:sns:us-east-1:111122223333:files",
    "include_global_service_events": True,
    "is_multi_region": True,
    "validates_log_files": True,
    "log_group_arn": "arn:aws:logs:us-east-1:111122223333:log-group:trail/group:*",
    "log_role_arn": "arn:aws:iam::111122223333:role/ToLogs",
    "organization": "o-abc",
    "insight_selectors": json.dumps([{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]),
    "is_logging": True,
}


def trail(**changes: Any) -> Trail:
    given = {**WHOLE, **changes}
    for name in ("selectors", "insight_selectors"):
        text = given.get(name, b"")
        given[name] = text.encode() if isinstance(text, str) else text
    return Trail(**given)


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        ({"is_logging": False}, "stopped", "nothing is recorded until it is started again"),
        ({"is_multi_region": False}, "regions", "events of every region but us-east-1 are recorded no more"),
        (
            {"include_global_service_events": False},
            "global services",
            "events of IAM, STS and sign-in are recorded no more",
        ),
        (
            {"validates_log_files": False},
            "integrity",
            "no more digests are made, so nobody can prove that log files are what they were",
        ),
        (
            {"log_group_arn": "", "log_role_arn": ""},
            "alarms",
            "metric filters and alarms on trail/group see nothing of this trail any more",
        ),
        ({"s3_bucket_name": "other"}, "redirected", "log files go to other/p, no longer to logs/p"),
        ({"s3_key_prefix": ""}, "redirected", "log files go to logs, no longer to logs/p"),
        (
            {"sns_topic_arn": ""},
            "redirected",
            "notifications of log files go to arn:aws:sns:us-east-1:111122223333:files no more",
        ),
        (
            {"kms_key_id": "arn:aws:kms:us-east-1:111122223333:key/k"},
            "redirected",
            "log files are encrypted with arn:aws:kms:us-east-1:111122223333:key/k: who has not that key reads none",
        ),
        (
            {"organization": ""},
            "organization",
            "events of the organization's other accounts are recorded no more",
        ),
        (
            {"selectors": '{"EventSelectors":[{"ReadWriteType":"WriteOnly"}]}'},
            "selectors",
            "management events that read are recorded no more",
        ),
        (
            {"insight_selectors": '[{"InsightType":"ApiCallRateInsight"}]'},
            "insights",
            "an unusual rate of errors is looked for no more",
        ),
    ],
)
def test_each_act_is_named(change: dict[str, Any], kind: str, text: str) -> None:
    assert narrowings(trail(), trail(**change)) == [(NarrowingKind(kind), text)]


def test_a_trail_that_is_deleted_records_nothing() -> None:
    assert narrowings(trail(), None) == [
        (NarrowingKind.DELETED, "nothing is recorded any more; files that were delivered stay")
    ]
    assert narrowings(trail(is_logging=False), None) == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"is_multi_region": False},
        {"log_group_arn": "", "log_role_arn": ""},
        {"kms_key_id": "arn:aws:kms:us-east-1:111122223333:key/k"},
        {"selectors": '{"EventSelectors":[{"ReadWriteType":"WriteOnly"}]}'},
        {"insight_selectors": ""},
        {"validates_log_files": False, "organization": ""},
    ],
)
def test_what_widens_takes_nothing_away(change: dict[str, Any]) -> None:
    assert narrowings(trail(**change), trail(kms_key_id="")) == []


# ---------------------------------------------------------------- selectors

ALL = {"EventSelectors": [{}]}
NONE = {
    "EventSelectors": [
        {
            "ReadWriteType": "ReadOnly",
            "IncludeManagementEvents": False,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": []}],
        }
    ]
}


def advanced(category: str, *conditions: tuple[str, str, list[str]]) -> dict[str, Any]:
    fields = [{"Field": "eventCategory", "Equals": [category]}]
    fields += [{"Field": field, operator: values} for field, operator, values in conditions]
    return {"AdvancedEventSelectors": [{"FieldSelectors": fields}]}


def data(*values: str, **more: Any) -> dict[str, Any]:
    return {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": list(values)}], **more}]}


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (ALL, ALL, []),
        (ALL, NONE, ["management events"]),  # the act that was seen in an attack
        (ALL, {"EventSelectors": [{"ReadWriteType": "ReadOnly"}]}, ["management events that write"]),
        (
            ALL,
            {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]},
            ["management events of kms.amazonaws.com"],
        ),
        (ALL, advanced("Management"), []),
        (
            ALL,
            advanced("Management", ("eventName", "NotEquals", ["StopLogging"])),
            ["management events with eventName StopLogging"],
        ),
        (
            ALL,
            advanced("Management", ("userIdentity.arn", "NotStartsWith", ["arn:aws:iam::111122223333:user/m"])),
            ["management events with userIdentity.arn arn:aws:iam::111122223333:user/m"],
        ),
        (ALL, advanced("Data", ("resources.type", "Equals", ["AWS::S3::Object"])), ["management events"]),
        (data("arn:aws:s3"), ALL, ["data events of AWS::S3::Object"]),
        (data("arn:aws:s3:::"), ALL, ["data events of AWS::S3::Object"]),
        (
            data("arn:aws:s3:::a/", "arn:aws:s3:::b/"),
            data("arn:aws:s3:::a/"),
            ["data events of AWS::S3::Object at arn:aws:s3:::b/"],
        ),
        (
            data("arn:aws:s3"),
            data("arn:aws:s3:::a/", ReadWriteType="WriteOnly"),
            [
                "management events that read",
                "data events of AWS::S3::Object",
            ],
        ),
        (
            advanced("Data", ("resources.type", "Equals", ["AWS::Lambda::Function"])),
            advanced(
                "Data", ("resources.type", "Equals", ["AWS::Lambda::Function"]), ("readOnly", "Equals", ["false"])
            ),
            ["data events of AWS::Lambda::Function that read"],
        ),
        (
            advanced("NetworkActivity", ("eventSource", "Equals", ["s3.amazonaws.com"])),
            ALL,
            ["network activity events of s3.amazonaws.com"],
        ),
    ],
)
def test_events_that_selectors_take_no_more(before: dict[str, Any], after: dict[str, Any], lost: list[str]) -> None:
    assert lost_events(selectors_of(before), selectors_of(after)) == lost


def test_the_default_setting_takes_all_management_events() -> None:
    assert lost_events(selectors_of({}), selectors_of(NONE)) == ["management events"]
    assert lost_events(selectors_of(NONE), selectors_of({})) == []
