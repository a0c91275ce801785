"""Start and End of an Insight as records (CT-6.1, CT-6.2, CT-17.7)."""

from __future__ import annotations

import re

import pytest

from tocsin.core.insight.call import Api, Caller, InsightKey
from tocsin.core.insight.judgement import ClosedInsight, Direction, OpenInsight
from tocsin.core.insight.record import end_record, insight_id, shares_of, start_record

API = Api("111122223333", "us-east-1", "iam.amazonaws.com", "CreateUser")
RATE, ERRORS = InsightKey(API), InsightKey(API, "AccessDenied")
ROLE = "arn:aws:sts::111122223333:assumed-role/Admin"
OPENED = OpenInsight(
    direction=Direction.RISE,
    first=102,
    opened_at=103,
    count=6,
    baseline_count=1,
    baseline_minutes=11336,
    known_minutes=99,
)


def caller(name: str = ROLE, code: str | None = None, *, counts: bool = True) -> Caller:
    return Caller(name, "aws-cli/2", code, counts)


def test_the_start_of_an_insight() -> None:
    record = start_record(
        ERRORS,
        OPENED,
        event_id="E",
        shared_id="S",
        shares=shares_of(ERRORS, [(caller(code="AccessDenied"), 6), (caller("x"), 9)]),
        baseline_shares=shares_of(ERRORS, [(caller(code="AccessDenied", counts=False), 1)]),
    )
    assert record == {
        "eventVersion": "1.11",
        "eventTime": "1970-01-01T01:42:00Z",
        "awsRegion": "us-east-1",
        "eventID": "E",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": "111122223333",
        "sharedEventID": "S",
        "insightDetails": {
            "state": "Start",
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "insightType": "ApiErrorRateInsight",
            "errorCode": "AccessDenied",
            "sourceEventCategory": "Management",
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.0000882145},  # as AWS writes it
                    "insight": {"average": 1.2},
                    "insightDuration": 5,
                    "baselineDuration": 11336,
                },
                "attributions": [
                    {
                        "attribute": "userIdentityArn",
                        "insight": [{"value": ROLE, "average": 1.2}],
                        "baseline": [{"value": ROLE, "average": 0.0000882145}],
                    },
                    {
                        "attribute": "userAgent",
                        "insight": [{"value": "aws-cli/2", "average": 1.2}],
                        "baseline": [{"value": "aws-cli/2", "average": 0.0000882145}],
                    },
                ],
            },
        },
        "eventCategory": "Insight",
    }
    assert list(record)[:3] == ["eventVersion", "eventTime", "awsRegion"]


def test_the_end_of_an_insight() -> None:
    shares = shares_of(RATE, [(caller(), 5), (caller(code="Throttled"), 1)])
    closed = ClosedInsight(closed_at=112, minutes=1, count=6)
    record = end_record(
        RATE, OPENED, closed, event_id="E2", shared_id="S", shares=shares, baseline_shares=shares_of(RATE, [])
    )
    details = record["insightDetails"]
    assert (record["eventTime"], details["state"], details["insightType"]) == (
        "1970-01-01T01:43:00Z",
        "End",
        "ApiCallRateInsight",
    )
    assert "errorCode" not in details
    context = details["insightContext"]
    assert context["statistics"]["insight"] == {"average": 6.0}
    assert context["statistics"]["insightDuration"] == 1
    assert context["attributions"][-1] == {
        "attribute": "errorCode",
        "insight": [{"value": "null", "average": 5.0}, {"value": "Throttled", "average": 1.0}],
        "baseline": [],
    }


def test_five_values_are_shown_the_most_frequent_first() -> None:
    shares = shares_of(
        RATE, [(caller(name), count) for name, count in zip("gfedcba", (1, 2, 3, 4, 5, 6, 6), strict=True)]
    )
    assert shares is not None
    assert shares["userIdentityArn"] == [("a", 6), ("b", 6), ("c", 5), ("d", 4), ("e", 3)]
    assert shares["userAgent"] == [("aws-cli/2", 27)]


@pytest.mark.parametrize("which", ["shares", "baseline_shares"])
def test_attributions_that_are_not_known_in_full_are_left_out(which: str) -> None:
    known = shares_of(RATE, [(caller(), 5)])
    unknown = shares_of(RATE, [(caller(), 5), (caller().without_names, 1)])
    assert unknown is None
    record = start_record(
        RATE, OPENED, event_id="E", shared_id="S", **({"shares": known, "baseline_shares": known} | {which: unknown})
    )
    assert list(record["insightDetails"]["insightContext"]) == ["statistics"]


def test_what_a_record_has_no_value_for_is_absent() -> None:
    key = InsightKey(Api("", "", "s3.amazonaws.com", "GetObject", "Data", "arn:aws:cloudtrail:us-east-1:1:trail/t"))
    record = start_record(key, OPENED, event_id="E", shared_id="S", shares=None, baseline_shares=None)
    assert "awsRegion" not in record
    assert "recipientAccountId" not in record
    assert record["insightDetails"]["insightSource"] == "arn:aws:cloudtrail:us-east-1:1:trail/t"
    assert record["insightDetails"]["sourceEventCategory"] == "Data"


def test_ids_follow_from_the_insight_alone() -> None:
    ids = {
        insight_id(key, opened, part)
        for key in (RATE, ERRORS)
        for opened in (
            OPENED,
            OpenInsight(**{name: getattr(OPENED, name) for name in OPENED.__struct_fields__} | {"first": 7}),
        )
        for part in ("shared", "Start", "End")
    }
    assert len(ids) == 12
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in ids)
    assert insight_id(RATE, OPENED, "Start") == insight_id(RATE, OPENED, "Start")
