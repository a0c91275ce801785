"""Which trails get a record. Spec: CT-9, CT-1.2, CT-6."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.core.trail.routing import is_global, scope_of, trails_of

A, B = "111122223333", "444455556666"
INSIGHTS = msgspec.json.encode([{"InsightType": "ApiCallRateInsight"}])
DATA_INSIGHTS = msgspec.json.encode([{"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]}])


def trail(name: str = "abc", region: str = "us-east-1", account: str = A, **settings) -> Trail:
    settings = {"is_logging": True, **settings}
    return Trail(name=name, home=Scope(account, region), s3_bucket_name="b", **settings)


def record(source: str = "ec2.amazonaws.com", region: str = "us-east-1", account: str = A, **members) -> dict:
    return {"eventSource": source, "awsRegion": region, "recipientAccountId": account, **members}


def insight(kind: str = "ApiCallRateInsight", source: str = "ec2.amazonaws.com", **details) -> dict:
    return {
        "awsRegion": "us-east-1",
        "recipientAccountId": A,
        "eventType": "AwsCloudTrailInsight",
        "eventCategory": "Insight",
        "insightDetails": {"insightType": kind, "eventSource": source, **details},
    }


READS_ALONE = msgspec.json.encode({"EventSelectors": [{"ReadWriteType": "ReadOnly"}]})
DATA_ALONE = msgspec.json.encode(
    {
        "AdvancedEventSelectors": [
            {
                "FieldSelectors": [
                    {"Field": "eventCategory", "Equals": ["Data"]},
                    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                ]
            }
        ]
    }
)
S3_OBJECT = {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::a/o1"}
IAM = record("iam.amazonaws.com")
STS = record("sts.amazonaws.com", tlsDetails={"clientProvidedHostHeader": "sts.amazonaws.com"})
REGIONAL_STS = record("sts.amazonaws.com", tlsDetails={"clientProvidedHostHeader": "sts.us-east-1.amazonaws.com"})
ONLY_REGIONAL = {"include_global_service_events": False}


@pytest.mark.parametrize(
    ("one", "given", "reaches"),
    [
        # its own account and region
        (trail(), record(), True),
        (trail(), record(account=B), False),
        (trail(), record(region="eu-west-1"), False),
        (trail(is_logging=False), record(), False),
        # many regions, of its partition
        (trail(is_multi_region=True), record(region="eu-west-1"), True),
        (trail(is_multi_region=True), record(region="cn-north-1"), False),
        (trail(is_multi_region=True), record(region="eu-west-1", account=B), False),
        (trail(region="cn-north-1", is_multi_region=True), record(region="cn-northwest-1"), True),
        # global services
        (trail(), IAM, True),
        (trail(region="eu-west-1"), IAM, False),
        (trail(**ONLY_REGIONAL), IAM, False),
        (trail(**ONLY_REGIONAL), STS, False),
        (trail(**ONLY_REGIONAL), REGIONAL_STS, True),
        (trail(**ONLY_REGIONAL), record("sts.amazonaws.com"), True),
        (trail(**ONLY_REGIONAL), record("signin.amazonaws.com"), False),
        (trail(region="eu-west-1", **ONLY_REGIONAL), record("signin.amazonaws.com", "eu-west-1"), True),
        (trail(region="cn-north-1", **ONLY_REGIONAL), record("iam.amazonaws.com", "cn-north-1"), False),
        (trail(is_multi_region=True), STS, True),
        # an organization's
        (trail(organization="o-exampleorgid"), record(account=B), True),
        (trail(organization="o-exampleorgid"), record(account=B, region="eu-west-1"), False),
        # what a trail that was never told otherwise selects
        (trail(), record(managementEvent=False), False),
        (trail(), record(eventCategory="Data"), False),
        (trail(), record(eventCategory="NetworkActivity"), False),
        # what selectors say, basic or advanced: tests/unit/core/trail/test_selector.py
        (trail(selectors=DATA_ALONE), record(), False),
        (trail(selectors=DATA_ALONE), record(eventCategory="Data", resources=[S3_OBJECT]), True),
        (trail(selectors=READS_ALONE), record(readOnly=True), True),
        (trail(selectors=READS_ALONE), record(readOnly=False), False),
        (trail(selectors=DATA_ALONE, insight_selectors=INSIGHTS), insight(), True),
        # Insights
        (trail(), insight(), False),
        (trail(insight_selectors=INSIGHTS), insight(), True),
        (trail(insight_selectors=INSIGHTS), insight(sourceEventCategory="Management"), True),
        (trail(insight_selectors=INSIGHTS), insight(sourceEventCategory="Data"), False),
        (trail(insight_selectors=INSIGHTS), insight("ApiErrorRateInsight"), False),
        (trail(insight_selectors=DATA_INSIGHTS), insight("ApiErrorRateInsight"), False),
        (trail(insight_selectors=DATA_INSIGHTS), insight("ApiErrorRateInsight", sourceEventCategory="Data"), True),
        (trail(insight_selectors=INSIGHTS), insight(insightSource=trail("other").arn), False),
        (trail(insight_selectors=INSIGHTS), insight(insightSource=trail().arn), True),
        (trail(insight_selectors=INSIGHTS, is_logging=False), insight(), False),
        (trail(insight_selectors=INSIGHTS, **ONLY_REGIONAL), insight(source="iam.amazonaws.com"), False),
        (trail(insight_selectors=INSIGHTS), {**insight(), "insightDetails": "odd"}, False),
    ],
)
def test_a_record_reaches_a_trail(one: Trail, given: dict, reaches: bool) -> None:
    assert trails_of(given, [one]) == ([one] if reaches else [])


def test_trails_come_in_the_order_in_which_they_are_given() -> None:
    trails = [trail("b00"), trail("a00", is_multi_region=True), trail("c00", is_logging=False)]
    assert [one.name for one in trails_of(record(), trails)] == ["b00", "a00"]


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        (record(), Scope(A, "us-east-1")),
        ({"awsRegion": "us-east-1", "userIdentity": {"accountId": A}}, Scope(A, "us-east-1")),
        ({"awsRegion": "us-east-1", "recipientAccountId": B, "userIdentity": {"accountId": A}}, Scope(B, "us-east-1")),
        ({"awsRegion": "us-east-1"}, None),
        ({"awsRegion": "us-east-1", "recipientAccountId": ""}, None),
        ({"awsRegion": "us-east-1", "recipientAccountId": 111122223333}, None),
        ({"awsRegion": "us-east-1", "userIdentity": "odd"}, None),
        ({"recipientAccountId": A}, None),
        ({"recipientAccountId": A, "awsRegion": None}, None),
    ],
)
def test_account_and_region_of_a_record(given: dict, scope: Scope | None) -> None:
    assert scope_of(given) == scope
    if scope is None:
        assert trails_of(given, [trail()]) == []
        assert not is_global(given)
