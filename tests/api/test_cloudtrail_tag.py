"""Tags of trails. Spec: CT-7.3, CT-7.6, CT-7.7."""

from __future__ import annotations

import pytest
from wire_client import client

ACCOUNT = "111122223333"
HERE = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}"
ARN = f"{HERE}:trail/abc"
WRONG_REGION = "Region in ARN is wrong, you can only access resources in region us-east-1."
WRONG_ACCOUNT = f"AccountID in ARN is wrong, you can only access resources with AccountID {ACCOUNT}."
CALLS = {
    "add_tags": lambda arn: {"ResourceId": arn, "TagsList": [{"Key": "k", "Value": "v"}]},
    "remove_tags": lambda arn: {"ResourceId": arn, "TagsList": [{"Key": "team"}]},
    "list_tags": lambda arn: {"ResourceIdList": [arn]},
}


@pytest.fixture(autouse=True)
def _trail(cloudtrail) -> None:
    tags = [{"Key": "team", "Value": "security"}]
    cloudtrail.create_trail(Name="abc", S3BucketName="trail-bucket", IsMultiRegionTrail=True, TagsList=tags)


@pytest.fixture
def tags(cloudtrail):
    return lambda: cloudtrail.list_tags(ResourceIdList=[ARN])["ResourceTagList"][0]["TagsList"]


def test_tags_come_and_go(cloudtrail, tags) -> None:
    cloudtrail.add_tags(ResourceId=ARN, TagsList=[{"Key": "team", "Value": "other"}, {"Key": "alone"}])
    assert tags() == [{"Key": "alone"}, {"Key": "team", "Value": "other"}]
    cloudtrail.remove_tags(ResourceId=ARN, TagsList=[{"Key": "team"}, {"Key": "never-there"}])
    assert tags() == [{"Key": "alone"}]
    cloudtrail.remove_tags(ResourceId=ARN, TagsList=[{"Key": "alone", "Value": "whatever"}])
    assert tags() == []


def test_tags_of_several_trails_come_in_the_order_that_is_asked_for(cloudtrail) -> None:
    other = cloudtrail.create_trail(Name="other", S3BucketName="trail-bucket")["TrailARN"]
    found = cloudtrail.list_tags(ResourceIdList=[other, ARN])["ResourceTagList"]
    assert [(one["ResourceId"], len(one["TagsList"])) for one in found] == [(other, 0), (ARN, 1)]


@pytest.mark.parametrize("operation", list(CALLS))
@pytest.mark.parametrize(
    ("arn", "code", "text"),
    [
        (
            f"{HERE}:trail/no-such",
            "ResourceNotFoundException",
            f"Unknown trail: {HERE}:trail/no-such for the user: {ACCOUNT}",
        ),
        ("arn:aws:cloudtrail:eu-west-1:444455556666:trail/abc", "CloudTrailARNInvalidException", WRONG_ACCOUNT),
        ("abc", "CloudTrailARNInvalidException", None),
        (f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic", "CloudTrailARNInvalidException", None),
        (f"{HERE}:eventdatastore/x", "ResourceTypeNotSupportedException", None),
    ],
)
def test_what_has_no_tags(cloudtrail, refused, tags, operation: str, arn: str, code: str, text: str | None) -> None:
    found = refused(getattr(cloudtrail, operation), **CALLS[operation](arn))
    assert found == (code, found[1] if text is None else text)
    assert tags() == [{"Key": "team", "Value": "security"}]


@pytest.mark.parametrize("operation", list(CALLS))
def test_tags_are_at_home_alone(trails, refused, operation: str) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    found = refused(getattr(elsewhere, operation), **CALLS[operation](ARN))
    assert found == ("CloudTrailARNInvalidException", WRONG_REGION)


def test_too_many(cloudtrail, refused, tags) -> None:
    many = [{"Key": str(number)} for number in range(50)]
    assert refused(cloudtrail.add_tags, ResourceId=ARN, TagsList=many)[0] == "TagsLimitExceededException"
    assert len(tags()) == 1
    cloudtrail.add_tags(ResourceId=ARN, TagsList=many[1:])
    assert len(tags()) == 50
    twice = [{"Key": "a"}, {"Key": "a", "Value": "b"}]
    assert refused(cloudtrail.add_tags, ResourceId=ARN, TagsList=twice)[0] == "InvalidTagParameterException"
    code, text = refused(cloudtrail.list_tags, ResourceIdList=[ARN] * 21)
    assert code == "ValidationException"
    assert text.endswith(
        "at 'resourceIdList' failed to satisfy constraint: Member must have length less than or equal to 20"
    )
    assert refused(cloudtrail.list_tags, ResourceIdList=[ARN], NextToken="x")[0] == "InvalidTokenException"
