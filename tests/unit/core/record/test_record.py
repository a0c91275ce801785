"""The skeleton of a record: fields, what is null when, errors, sizes. Spec: REC-4, REC-15, CT-2."""

from __future__ import annotations

from typing import Any

import pytest
from record_shape import DONE, TEXT, call, failed, list_of, made, structure

from tocsin.core.record import ApiAnswer, ApiError, Tls, is_unauthenticated
from tocsin.core.record.category import data_resource_type
from tocsin.core.record.event_name import event_name, event_source
from tocsin.core.record.read_only import is_read_only
from tocsin.core.record.region import recorded_region


def test_fields_stand_in_the_order_of_aws() -> None:
    s3 = call("s3control", "GetPublicAccessBlock")
    record = made(s3, failed("NoSuch"), user_agent="ua", host="h", tls=Tls(version="TLSv1.3", cipher="C"))
    assert list(record) == [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "errorMessage",
        "requestParameters",
        "responseElements",
        "requestID",
        "eventID",
        "readOnly",
        "eventType",
        "managementEvent",
        "recipientAccountId",
        "eventCategory",
        "tlsDetails",
    ]
    assert record["eventTime"] == "2026-07-25T01:02:03Z"
    assert record["tlsDetails"] == {"tlsVersion": "TLSv1.3", "cipherSuite": "C", "clientProvidedHostHeader": "h"}
    assert record["requestID"] == "own-1"


def test_what_is_not_known_is_absent() -> None:
    record = made(call("iam", "CreateUser"))
    assert "userAgent" not in record
    assert "tlsDetails" not in record
    assert record["requestParameters"] is None


def test_tls_without_host() -> None:
    record = made(call("iam", "CreateUser"), tls=Tls(version="TLSv1.3", cipher="C"))
    assert record["tlsDetails"] == {"tlsVersion": "TLSv1.3", "cipherSuite": "C"}


def test_texts_are_cut() -> None:
    record = made(call("iam", "CreateUser"), failed("x" * 2000, "m" * 2000), user_agent="u" * 2000)
    assert record["userAgent"] == "u" * 1024
    assert record["errorCode"] == "x" * 1024
    assert record["errorMessage"] == "m" * 1023 + "..."


OUTPUT = structure(Name=TEXT)


@pytest.mark.parametrize(
    ("service", "operation", "answer", "shown"),
    [
        ("iam", "CreateThing", ApiAnswer(output={"Name": "n"}), {"name": "n"}),
        ("iam", "CreateThing", ApiAnswer(output={}), None),
        ("iam", "CreateThing", ApiAnswer(output=None), None),
        ("iam", "GetThing", ApiAnswer(output={"Name": "n"}), None),
        ("iam", "CreateThing", failed("NoSuchThing"), None),
        ("sts", "GetSessionToken", ApiAnswer(output={"Name": "n"}), {"name": "n"}),
        ("lambda", "Invoke", ApiAnswer(output={"Name": "n"}), None),
        (
            "iam",
            "CreateThing",
            ApiAnswer(omitted_size=300_000),
            {"omitted": True, "originalSize": 300_000, "reason": "responseElements too large"},
        ),
    ],
)
def test_response_elements(service: str, operation: str, answer: ApiAnswer, shown: Any) -> None:
    assert made(call(service, operation, output=OUTPUT), answer)["responseElements"] == shown


def test_answer_without_a_shape_has_no_elements() -> None:
    assert made(call("iam", "CreateThing"), ApiAnswer(output={"Name": "n"}))["responseElements"] is None


@pytest.mark.parametrize(("inner", "shown"), [({"Id": "d"}, {"id": "d"}), (None, None)])
def test_answers_of_rds_are_unwrapped(inner: Any, shown: Any) -> None:
    output = structure(DBInstance=structure(Id=TEXT))
    record = made(call("rds", "CreateDBInstance", output=output), ApiAnswer(output={"DBInstance": inner}))
    assert record["responseElements"] == shown


def test_answers_of_rds_with_more_than_one_member_are_not() -> None:
    output = structure(DBInstance=structure(Id=TEXT), Marker=TEXT)
    record = made(call("rds", "ModifyThing", output=output), ApiAnswer(output={"DBInstance": {"Id": "d"}}))
    assert record["responseElements"] == {"dBInstance": {"id": "d"}}
    lists = structure(Things=list_of(TEXT))
    record = made(call("rds", "ModifyThings", output=lists), ApiAnswer(output={"Things": ["a"]}))
    assert record["responseElements"] == {"things": ["a"]}


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "answer", "code", "message", "are_kept"),
    [
        ("iam", failed("NoSuchEntityException", "m", wire_code="NoSuchEntity"), "NoSuchEntityException", "m", True),
        ("sts", failed("AccessDeniedException", "m"), "AccessDenied", "m", False),
        ("iam", failed("AccessDenied", "m"), "AccessDenied", "m", True),
        ("ce", failed("AccessDeniedException", "m"), "AccessDenied", "m", True),
        ("ec2", failed("UnauthorizedOperation", "m", status=403), "Client.UnauthorizedOperation", "m", True),
        ("ec2", failed("InternalError", "m", status=500), "Server.InternalError", "m", True),
        ("ssm", failed("ThrottlingException", "m"), "ThrottlingException", "Rate exceeded", False),
        ("sts", failed("Throttling", "m"), "ThrottlingException", "Rate exceeded", False),
        ("sns", failed("NotFoundException", None), "NotFoundException", None, True),
        ("sns", failed("NotFoundException", ""), "NotFoundException", None, True),
    ],
)
def test_error(service: str, answer: ApiAnswer, code: str, message: str | None, are_kept: bool) -> None:
    record = made(call(service, "DeleteTags", {"Name": "n"}), answer)
    assert record["errorCode"] == code
    assert record.get("errorMessage") == message
    assert (record["requestParameters"] is not None) is are_kept
    assert record["responseElements"] is None


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("InvalidClientTokenId", "m", True),
        ("SignatureDoesNotMatch", None, True),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", True),
        ("AuthFailure", "Not authorized for images: [ami-1]", False),
        ("AuthFailure", None, False),
        ("AccessDenied", "m", False),
    ],
)
def test_calls_of_nobody(code: str, message: str | None, expected: bool) -> None:
    error = ApiError(code=code, wire_code=code, message=message, status=403)
    assert is_unauthenticated(error) is expected


# --- sizes ------------------------------------------------------------------------------------------------


def omitted(field: str, size: int) -> dict[str, Any]:
    return {"omitted": True, "originalSize": size, "reason": f"{field} too large"}


def test_parameters_over_their_limit_are_left_out() -> None:
    record = made(call("iam", "PutUserPolicy", {"Document": "x" * 110_000}))
    assert record["requestParameters"] == omitted("requestParameters", 110_000 + len('{"document":""}'))


def test_a_request_that_was_too_large_to_be_read() -> None:
    record = made(call("iam", "PutUserPolicy", None, omitted_size=400_000))
    assert record["requestParameters"] == omitted("requestParameters", 400_000)


def test_of_a_record_over_its_limit_the_answer_goes_first() -> None:
    shape = structure(Name=TEXT)
    of = call("iam", "CreateThing", {"Name": "p" * 90_000}, output=shape)
    identity = {"type": "Root", "arn": "i" * 100_000}
    record = made(of, ApiAnswer(output={"Name": "o" * 90_000}), identity=identity)
    assert record["responseElements"] == omitted("responseElements", 90_000 + len('{"name":""}'))
    assert record["requestParameters"] == {"name": "p" * 90_000}
    record = made(of, ApiAnswer(output={"Name": "o" * 90_000}), identity={"arn": "i" * 200_000})
    assert record["requestParameters"] == omitted("requestParameters", 90_000 + len('{"name":""}'))


def test_a_large_record_within_the_limits_is_left_alone() -> None:
    record = made(call("iam", "CreateThing", {"Name": "p" * 60_000}))
    assert record["requestParameters"] == {"name": "p" * 60_000}


# --- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "signing_name", "source"),
    [
        ("cloudwatch", "monitoring", "monitoring.amazonaws.com"),
        ("bedrock-runtime", "bedrock", "bedrock.amazonaws.com"),
        ("dynamodbstreams", "dynamodb", "dynamodb.amazonaws.com"),
        ("sesv2", "ses", "ses.amazonaws.com"),
        ("s3control", "s3", "s3.amazonaws.com"),
        ("mq", "mq", "amazonmq.amazonaws.com"),
        ("servicecatalog-appregistry", "servicecatalog", "servicecatalog-appregistry.amazonaws.com"),
    ],
)
def test_event_source(service: str, signing_name: str, source: str) -> None:
    assert event_source(service, signing_name) == source


@pytest.mark.parametrize(
    ("service", "operation", "date", "name"),
    [
        ("lambda", "CreateFunction", "20150331", "CreateFunction20150331"),
        ("lambda", "GetFunction", "20150331", "GetFunction20150331v2"),
        ("lambda", "GetAccountSettings", "20160819", "GetAccountSettings20160819"),
        ("lambda", "Invoke", "20150331", "Invoke"),
        ("lambda", "TagResource", "20170331", "TagResource20170331"),
        ("s3", "GetBucketLifecycleConfiguration", "", "GetBucketLifecycle"),
        ("s3", "GetPublicAccessBlock", "", "GetBucketPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "", "GetAccountPublicAccessBlock"),
        ("s3", "ListObjectsV2", "", "ListObjects"),
        ("s3", "PutBucketPolicy", "", "PutBucketPolicy"),
        ("iam", "CreateUser", "", "CreateUser"),
    ],
)
def test_event_name(service: str, operation: str, date: str, name: str) -> None:
    assert event_name(service, operation, path_date=date) == name


@pytest.mark.parametrize(
    ("service", "region", "host", "recorded"),
    [
        ("iam", "eu-west-1", "", "us-east-1"),
        ("iam", "cn-north-1", "", "cn-north-1"),
        ("iam", "us-gov-west-1", "", "us-gov-west-1"),
        ("sts", "eu-west-1", "sts.amazonaws.com", "us-east-1"),
        ("sts", "eu-west-1", "sts.eu-west-1.amazonaws.com:443", "eu-west-1"),
        ("cloudfront", "aws-global", "", "us-east-1"),
        ("ec2", "aws-cn-global", "", "cn-north-1"),
        ("ec2", "ap-south-1", "", "ap-south-1"),
    ],
)
def test_region(service: str, region: str, host: str, recorded: str) -> None:
    assert recorded_region(service, region, host=host) == recorded


@pytest.mark.parametrize(
    ("signing_name", "operation", "expected"),
    [
        ("iam", "GetUser", True),
        ("iam", "ListUsers", True),
        ("iam", "Getaway", False),
        ("sts", "AssumeRole", True),
        ("sts", "GetFederationToken", False),
        ("sts", "GetSessionToken", True),
        ("kms", "Decrypt", True),
        ("kms", "CreateKey", False),
        ("bedrock", "InvokeModel", True),
        ("s3", "HeadBucket", True),
        ("iam", "IssueThing", False),
    ],
)
def test_read_only(signing_name: str, operation: str, expected: bool) -> None:
    assert is_read_only(signing_name, operation) is expected


@pytest.mark.parametrize(
    ("service", "answer", "version"),
    [
        ("waf", DONE, "2015-08-24"),
        ("waf", failed("AccessDeniedException"), None),
        ("waf", failed("WAFNonexistentItemException"), "2015-08-24"),
        ("elbv2", DONE, "2015-12-01"),
        ("iam", DONE, None),
    ],
)
def test_api_version(service: str, answer: ApiAnswer, version: str | None) -> None:
    assert made(call(service, "CreateThing"), answer).get("apiVersion") == version


def test_category() -> None:
    assert data_resource_type("lambda", "Invoke") == "AWS::Lambda::Function"
    assert data_resource_type("bedrock-runtime", "InvokeModel") is None
    assert made(call("sqs", "SendMessage"))["eventCategory"] == "Data"
    assert made(call("sqs", "SendMessage"))["managementEvent"] is False
