"""What CloudTrail refuses, in which words. Spec: CT-7.4 to CT-7.10, CT-9.4, WIRE-3.1, WIRE-3.20."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wire_client import client, scope_header, wire_request

from tocsin.errors import ArchiveError

ACCOUNT = "111122223333"
HERE = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
GROUP = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:g:*"
ROLE_TOO = "You must specify a role ARN as well as a log group."
NO_GROUP = "CloudTrail cannot validate the specified log group ARN."
NO_TOPIC = "SNS Topic does not exist or the topic policy is incorrect!"
GLOBAL = "Multi-Region trail must include global service events."
STARTS = "Trail name must starts with a letter or number."


class OneBucket:
    """Has `trail-bucket`, cannot find out about `locked-bucket`, and has no other."""

    def has_bucket(self, bucket: str) -> bool:
        if bucket == "locked-bucket":
            raise ArchiveError("no answer", reason="ServiceUnavailable")
        return bucket == "trail-bucket"


@pytest.fixture(autouse=True)
def _buckets(service) -> None:
    service.objects = OneBucket()


def create(**members) -> tuple[str, dict[str, Any]]:
    return "create_trail", {"Name": "a-trail", "S3BucketName": "trail-bucket", **members}


def update(**members) -> tuple[str, dict[str, Any]]:
    return "update_trail", {"Name": "old-trail", **members}


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        # CT-7.7 from top to bottom; the names of trails: tests/unit/core/trail
        (
            create(Name="old-trail"),
            "TrailAlreadyExistsException",
            f"Trail old-trail already exists for customer: {ACCOUNT}",
        ),
        (create(Name="_a-trail"), "InvalidTrailNameException", STARTS),
        (
            create(Name=f"{HERE}/abc"),
            "InvalidTrailNameException",
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).",
        ),
        (create(S3BucketName="no-bucket"), "S3BucketDoesNotExistException", "S3 bucket no-bucket does not exist!"),
        (
            create(S3BucketName="locked-bucket"),
            "InsufficientS3BucketPolicyException",
            "Incorrect S3 bucket policy is detected for bucket: locked-bucket (it cannot be looked for: no answer)",
        ),
        (create(S3BucketName="../x"), "InvalidS3BucketNameException", None),
        (create(S3BucketName="a..b"), "InvalidS3BucketNameException", None),
        (create(S3BucketName="192.0.2.1"), "InvalidS3BucketNameException", None),
        (create(S3BucketName="Trail"), "InvalidS3BucketNameException", None),
        (create(S3BucketName=""), "InvalidS3BucketNameException", None),
        (create(S3KeyPrefix="p" * 201), "InvalidS3PrefixException", None),
        (create(S3KeyPrefix="a/../b"), "InvalidS3PrefixException", None),
        (create(S3KeyPrefix="logs/"), "InvalidS3PrefixException", None),
        (create(S3KeyPrefix="/logs"), "InvalidS3PrefixException", None),
        (create(S3KeyPrefix="a//b"), "InvalidS3PrefixException", None),
        (create(S3KeyPrefix="a/b.c/d e"), "created", None),
        (create(S3KeyPrefix="a\nb"), "InvalidS3PrefixException", None),
        (create(SnsTopicName="no-topic"), "InsufficientSnsTopicPolicyException", NO_TOPIC),
        (create(SnsTopicName=f"arn:aws:sns:eu-west-1:{ACCOUNT}:no"), "InsufficientSnsTopicPolicyException", NO_TOPIC),
        (create(SnsTopicName="a topic"), "InvalidSnsTopicNameException", None),
        (create(SnsTopicName="t" * 257), "InvalidSnsTopicNameException", None),
        (create(SnsTopicName="arn:aws:sqs:eu-west-1:1:q"), "InvalidSnsTopicNameException", None),
        (create(SnsTopicName="t.fifo"), "InvalidSnsTopicNameException", None),
        (
            create(IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False, S3BucketName="no-bucket", Name="_"),
            "InvalidParameterCombinationException",
            GLOBAL,
        ),
        (create(CloudWatchLogsLogGroupArn=GROUP), "InvalidCloudWatchLogsRoleArnException", ROLE_TOO),
        (
            create(CloudWatchLogsLogGroupArn=GROUP, CloudWatchLogsRoleArn=""),
            "InvalidCloudWatchLogsRoleArnException",
            ROLE_TOO,
        ),
        (
            create(CloudWatchLogsRoleArn=ROLE),
            "InvalidCloudWatchLogsLogGroupArnException",
            "You must specify a log group as well as a role ARN.",
        ),
        (
            create(CloudWatchLogsLogGroupArn=GROUP, CloudWatchLogsRoleArn="role"),
            "InvalidCloudWatchLogsRoleArnException",
            "Access denied. Check the trust relationships for your role.",
        ),
        (
            create(CloudWatchLogsLogGroupArn=GROUP.removesuffix(":*"), CloudWatchLogsRoleArn=ROLE),
            "InvalidCloudWatchLogsLogGroupArnException",
            NO_GROUP,
        ),
        (
            create(CloudWatchLogsLogGroupArn=GROUP.replace(":g:", ":no:"), CloudWatchLogsRoleArn=ROLE),
            "InvalidCloudWatchLogsLogGroupArnException",
            NO_GROUP,
        ),
        (
            create(CloudWatchLogsLogGroupArn=GROUP.replace("eu-west-1", "us-east-1"), CloudWatchLogsRoleArn=ROLE),
            "InvalidCloudWatchLogsLogGroupArnException",
            NO_GROUP,
        ),
        (create(KmsKeyId="alias"), "created", None),
        (create(KmsKeyId="alias/ "), "InvalidKmsKeyIdException", None),
        (create(IsOrganizationTrail=True), "OrganizationsNotInUseException", None),
        (create(TagsList=[{"Key": "a"}, {"Key": "a", "Value": "b"}]), "InvalidTagParameterException", None),
        (create(TagsList=[{"Key": str(n)} for n in range(51)]), "TagsLimitExceededException", None),
        # The first thing that is wrong is told: combination, name, bucket, topic, log group, key (CT-7.8)
        (create(Name="_a-trail", S3BucketName="no-bucket"), "InvalidTrailNameException", STARTS),
        (
            create(S3BucketName="no-bucket", SnsTopicName="no-topic"),
            "S3BucketDoesNotExistException",
            "S3 bucket no-bucket does not exist!",
        ),
        (
            create(SnsTopicName="no-topic", CloudWatchLogsLogGroupArn=GROUP),
            "InsufficientSnsTopicPolicyException",
            NO_TOPIC,
        ),
        (create(CloudWatchLogsLogGroupArn=GROUP, KmsKeyId="a b"), "InvalidCloudWatchLogsRoleArnException", ROLE_TOO),
        # UpdateTrail
        (update(S3BucketName="no-bucket"), "S3BucketDoesNotExistException", "S3 bucket no-bucket does not exist!"),
        (update(S3BucketName=""), "InvalidS3BucketNameException", None),
        (
            update(IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False),
            "InvalidParameterCombinationException",
            GLOBAL,
        ),
        (update(Name="many-regions", IncludeGlobalServiceEvents=False), "InvalidParameterCombinationException", GLOBAL),
        (update(Name="with-logs", CloudWatchLogsLogGroupArn=GROUP), "InvalidCloudWatchLogsRoleArnException", ROLE_TOO),
        (update(Name="with-logs", CloudWatchLogsRoleArn=""), "InvalidCloudWatchLogsRoleArnException", ROLE_TOO),
        (update(CloudWatchLogsRoleArn=""), "updated", None),
        (update(SnsTopicName="no-topic"), "InsufficientSnsTopicPolicyException", NO_TOPIC),
    ],
)
def test_trail_that_cannot_be_made_or_changed(trails, cloudtrail, refused, call, code: str, text: str | None) -> None:
    client("logs", trails).create_log_group(logGroupName="g")
    client("sns", trails, check=False).create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})
    operations = {"old-trail": {}, "many-regions": {"IsMultiRegionTrail": True}}
    operations["with-logs"] = {"CloudWatchLogsLogGroupArn": GROUP, "CloudWatchLogsRoleArn": ROLE}
    for name, settings in operations.items():
        cloudtrail.create_trail(Name=name, S3BucketName="trail-bucket", **settings)
    operation, parameters = call
    before = cloudtrail.describe_trails()["trailList"]
    if code in {"created", "updated"}:
        getattr(cloudtrail, operation)(**parameters)
        return
    found = refused(getattr(cloudtrail, operation), **parameters)
    assert found == (code, text if text is not None else found[1])
    assert found[1].endswith((".", "!")) or text is not None
    assert cloudtrail.describe_trails()["trailList"] == before


BY_NAME = ["get_trail", "update_trail"]
BY_ARN = ["start_logging", "stop_logging", "delete_trail", "get_trail_status"]
SELECTORS = {
    "get_event_selectors": {},
    "put_event_selectors": {"EventSelectors": [{"ReadWriteType": "All"}]},
    "get_insight_selectors": {},
    "put_insight_selectors": {"InsightSelectors": []},
}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        *((name, {"Name": "{}"}) for name in (*BY_NAME, *BY_ARN)),
        *((name, {"TrailName": "{}", **rest}) for name, rest in SELECTORS.items()),
    ],
)
def test_which_trail_is_unknown(trails, cloudtrail, refused, operation: str, parameters: dict) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    elsewhere.create_trail(Name="us-trail", S3BucketName="trail-bucket", IsMultiRegionTrail=True)
    call = getattr(cloudtrail, operation)

    def given(named: str) -> dict:
        return {key: named if value == "{}" else value for key, value in parameters.items()}

    # A name is one of this region, and is told as the ARN it would have here, by most operations.
    shown = "us-trail" if operation in BY_NAME else f"{HERE}/us-trail"
    assert refused(call, **given("us-trail")) == (
        "TrailNotFoundException",
        f"Unknown trail: {shown} for the user: {ACCOUNT}",
    )
    for arn in (f"{HERE}/us-trail", "arn:aws:cloudtrail:us-east-1:444455556666:trail/us-trail"):
        assert refused(call, **given(arn)) == (
            "TrailNotFoundException",
            f"Unknown trail: {arn} for the user: {ACCOUNT}",
        )
    assert refused(call, **given("_x-"))[0] == "InvalidTrailNameException"
    for arn in ("arn:aws:cloudtrail", f"arn:aws:cloudtrail:cn-north-1:{ACCOUNT}:trail/abc", HERE):
        assert refused(call, **given(arn))[0] == "CloudTrailARNInvalidException"


@pytest.mark.parametrize("operation", ["update_trail", "start_logging", "stop_logging", "delete_trail"])
def test_a_trail_is_changed_at_home_alone(trails, cloudtrail, refused, operation: str) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    elsewhere.create_trail(Name="us-trail", S3BucketName="trail-bucket", IsMultiRegionTrail=True)
    found = refused(getattr(cloudtrail, operation), Name=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/us-trail")
    assert found == ("InvalidHomeRegionException", "Trail us-trail can only be changed from its home region us-east-1.")


def test_five_trails_in_a_region(trails, cloudtrail, refused) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    for number in range(4):
        cloudtrail.create_trail(Name=f"trail-{number}", S3BucketName="trail-bucket")
    elsewhere.create_trail(Name="us-trail", S3BucketName="trail-bucket", IsMultiRegionTrail=True)
    full = "MaximumNumberOfTrailsExceededException", f"User: {ACCOUNT} already has 5 trails in eu-west-1."
    assert refused(cloudtrail.create_trail, Name="one-more", S3BucketName="no-bucket") == full
    # One more in the other region, which cannot become one of many.
    elsewhere.create_trail(Name="us-trail-2", S3BucketName="trail-bucket")
    assert refused(elsewhere.update_trail, Name="us-trail-2", IsMultiRegionTrail=True) == full
    cloudtrail.delete_trail(Name="trail-0")
    elsewhere.update_trail(Name="us-trail-2", IsMultiRegionTrail=True)


def test_the_name_of_a_shadow_is_taken(trails, cloudtrail, refused) -> None:
    elsewhere = client("cloudtrail", trails, region="us-east-1")
    elsewhere.create_trail(Name="us-trail", S3BucketName="trail-bucket", IsMultiRegionTrail=True)
    cloudtrail.create_trail(Name="eu-trail", S3BucketName="trail-bucket")
    elsewhere.create_trail(Name="eu-trail", S3BucketName="trail-bucket")
    for call, name in (
        (cloudtrail.create_trail, "us-trail"),
        (elsewhere.update_trail, "eu-trail"),
    ):
        rest = {"S3BucketName": "trail-bucket"} if name == "us-trail" else {"IsMultiRegionTrail": True}
        assert refused(call, Name=name, **rest) == (
            "TrailAlreadyExistsException",
            f"Trail {name} already exists for customer: {ACCOUNT}",
        )


def test_a_bad_token(cloudtrail, refused) -> None:
    assert refused(cloudtrail.list_trails, NextToken="x")[0] == "InvalidNextTokenException"


# ---------------------------------------------------------------- the model's own rules, and the wire


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "text"),
    [
        (
            "start_logging",
            {},
            "ValidationException",
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            "add_tags",
            {"ResourceId": f"{HERE}/abc", "TagsList": [{"Key": ""}]},
            "InvalidTagParameterException",
            "1 validation error detected: Value '' at 'tagsList.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "put_event_selectors",
            {"TrailName": "abc", "EventSelectors": [{"ReadWriteType": "None"}]},
            "InvalidEventSelectorsException",
            "1 validation error detected: Value 'None' at 'eventSelectors.1.member.readWriteType' failed to satisfy constraint: Member must satisfy enum value set: [ReadOnly, WriteOnly, All]",
        ),
        (
            "put_insight_selectors",
            {"TrailName": "abc", "InsightSelectors": [{"InsightType": "X"}]},
            "InvalidInsightSelectorsException",
            None,
        ),
        ("lookup_events", {"MaxResults": 51}, "InvalidMaxResultsException", None),
        ("get_insight_selectors", {"EventDataStore": "a"}, "ValidationException", None),
    ],
)
def test_what_the_model_refuses(trails, refused, operation, parameters, code: str, text: str | None) -> None:
    unchecked = client("cloudtrail", trails, check=False)
    found = refused(getattr(unchecked, operation), **parameters)
    assert found[0] == code
    if text is not None:
        assert sorted(found[1]) == sorted(text)  # the order of a set of values is AWS's (WIRE-3.18)


@pytest.mark.parametrize("prefix", ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"])
def test_both_prefixes_and_both_spellings_of_the_message(trails, prefix: str) -> None:
    def post(operation: str, body: dict):
        headers = {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        return trails(wire_request(json.dumps(body), headers={**headers, **scope_header("cloudtrail")}))

    response = post("GetTrail", {"Name": "abc"})
    text = f"Unknown trail: abc for the user: {ACCOUNT}"
    assert response.status == 400
    assert json.loads(response.body) == {"__type": "TrailNotFoundException", "message": text, "Message": text}
    assert dict(response.headers)["x-amzn-ErrorType"] == "TrailNotFoundException"
    response = post("ListChannels", {})
    text = "Operation (ListChannels) is not supported by Tocsin."
    assert response.status == 400
    assert json.loads(response.body) == {"__type": "UnsupportedOperationException", "message": text, "Message": text}
    response = post("StopTheWorld", {})
    assert (response.status, json.loads(response.body)["__type"]) == (400, "UnknownOperationException")
