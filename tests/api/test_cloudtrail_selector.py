"""Event selectors and insight selectors of trails, over the API. Spec: CT-8.1, CT-8.5, CT-8.6, CT-17.3.

What selectors select: tests/unit/core/trail.
"""

from __future__ import annotations

import pytest
from wire_client import client

ACCOUNT = "111122223333"
ARN = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/abc"
DEFAULT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
# As an intruder put them: the trail looks alive and records nothing (CT-10.1).
NOTHING = {
    "ReadWriteType": "ReadOnly",
    "IncludeManagementEvents": False,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": []}],
    "ExcludeManagementEventSources": [],
}
ADVANCED = {
    "Name": "Management events selector",
    "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]},
    ],
}
CALLS, ERRORS = (
    {"InsightType": "ApiCallRateInsight"},
    {"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]},
)


@pytest.fixture(autouse=True)
def _trail(cloudtrail) -> None:
    cloudtrail.create_trail(Name="abc", S3BucketName="trail-bucket", IsMultiRegionTrail=True)


@pytest.fixture
def told():
    return lambda answer: {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def shown(cloudtrail) -> dict:
    (trail,) = cloudtrail.describe_trails()["trailList"]
    return {name: trail[name] for name in ("HasCustomEventSelectors", "HasInsightSelectors")}


def test_a_new_trail_selects_management_events(cloudtrail, told) -> None:
    assert told(cloudtrail.get_event_selectors(TrailName="abc")) == {"TrailARN": ARN, "EventSelectors": [DEFAULT]}
    assert shown(cloudtrail)["HasCustomEventSelectors"] is False


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([NOTHING], [NOTHING]),
        ([DEFAULT], [DEFAULT]),
        ([{"ReadWriteType": "WriteOnly"}], [{**DEFAULT, "ReadWriteType": "WriteOnly"}]),
        ([{}, NOTHING], [DEFAULT, NOTHING]),
    ],
)
def test_basic_selectors(cloudtrail, told, given: list, kept: list) -> None:
    answer = told(cloudtrail.put_event_selectors(TrailName="abc", EventSelectors=given))
    assert answer == {"TrailARN": ARN, "EventSelectors": given}
    assert told(cloudtrail.get_event_selectors(TrailName=ARN)) == {"TrailARN": ARN, "EventSelectors": kept}
    assert shown(cloudtrail)["HasCustomEventSelectors"] is True


def test_one_kind_of_selectors_takes_the_place_of_the_other(cloudtrail, told) -> None:
    cloudtrail.put_event_selectors(TrailName="abc", EventSelectors=[NOTHING])
    advanced = {"TrailARN": ARN, "AdvancedEventSelectors": [ADVANCED]}
    assert told(cloudtrail.put_event_selectors(TrailName=ARN, AdvancedEventSelectors=[ADVANCED])) == advanced
    assert told(cloudtrail.get_event_selectors(TrailName="abc")) == advanced
    cloudtrail.put_event_selectors(TrailName="abc", EventSelectors=[DEFAULT])
    assert told(cloudtrail.get_event_selectors(TrailName="abc")) == {"TrailARN": ARN, "EventSelectors": [DEFAULT]}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, None),
        ({"EventSelectors": [DEFAULT], "AdvancedEventSelectors": [ADVANCED]}, None),
        ({"EventSelectors": [DEFAULT] * 6}, None),
        ({"EventSelectors": [{**DEFAULT, "IncludeManagementEvents": False}]}, None),
        (
            {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::*"]}]}]},
            "Value arn:aws:s3:::* for DataResources.Values is invalid.",
        ),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "readOnly", "Equals": ["true"]}]}]}, None),
    ],
)
def test_selectors_that_are_refused_leave_the_others(cloudtrail, refused, told, given: dict, text: str | None) -> None:
    cloudtrail.put_event_selectors(TrailName="abc", EventSelectors=[NOTHING])
    code, message = refused(cloudtrail.put_event_selectors, TrailName="abc", **given)
    assert code == "InvalidEventSelectorsException"
    assert message == text or (message and text is None)
    assert cloudtrail.get_event_selectors(TrailName="abc")["EventSelectors"] == [NOTHING]


def test_insights_are_off_until_they_are_switched_on(cloudtrail, refused, told) -> None:
    remedy = "Edit the trail settings to enable Insights, and then try the operation again."
    off = ("InsightNotEnabledException", f"Trail {ARN} does not have Insights enabled. {remedy}")
    assert refused(cloudtrail.get_insight_selectors, TrailName="abc") == off
    both = {"TrailARN": ARN, "InsightSelectors": [CALLS, ERRORS]}
    assert told(cloudtrail.put_insight_selectors(TrailName="abc", InsightSelectors=[CALLS, ERRORS])) == both
    assert told(cloudtrail.get_insight_selectors(TrailName=ARN)) == both
    assert shown(cloudtrail) == {"HasCustomEventSelectors": False, "HasInsightSelectors": True}
    cloudtrail.put_insight_selectors(TrailName="abc", InsightSelectors=[ERRORS])
    assert cloudtrail.get_insight_selectors(TrailName="abc")["InsightSelectors"] == [ERRORS]
    answer = told(cloudtrail.put_insight_selectors(TrailName="abc", InsightSelectors=[]))
    assert answer == {"TrailARN": ARN, "InsightSelectors": []}
    assert refused(cloudtrail.get_insight_selectors, TrailName=ARN) == off
    assert shown(cloudtrail)["HasInsightSelectors"] is False


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"TrailName": "abc", "InsightSelectors": [CALLS, CALLS]}, "InvalidInsightSelectorsException"),
        ({"TrailName": "abc", "InsightSelectors": [{"EventCategories": ["Data"]}]}, "InvalidInsightSelectorsException"),
        ({"InsightSelectors": [CALLS]}, "InvalidParameterException"),
        ({"EventDataStore": "store", "InsightSelectors": [CALLS]}, "InvalidParameterException"),
        (
            {"TrailName": "abc", "InsightsDestination": "store", "InsightSelectors": [CALLS]},
            "InvalidParameterException",
        ),
    ],
)
def test_insight_selectors_that_are_refused(cloudtrail, refused, given: dict, code: str) -> None:
    assert refused(cloudtrail.put_insight_selectors, **given)[0] == code
    assert shown(cloudtrail)["HasInsightSelectors"] is False


@pytest.mark.parametrize("operation", ["put_event_selectors", "put_insight_selectors"])
def test_selectors_are_put_at_home_alone(trails, refused, operation: str) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    rest = {"EventSelectors": [DEFAULT]} if operation == "put_event_selectors" else {"InsightSelectors": [CALLS]}
    found = refused(getattr(elsewhere, operation), TrailName=ARN, **rest)
    assert found == ("InvalidHomeRegionException", "Trail abc can only be changed from its home region eu-west-1.")
    assert elsewhere.get_event_selectors(TrailName=ARN)["EventSelectors"] == [DEFAULT]
