"""S3. Spec: REC-9."""

from __future__ import annotations

from typing import Any

import pytest
from record_shape import call, failed, made

from tocsin.core.record import ApiAnswer, S3Request, Tls

HOST = "bucket.s3.amazonaws.com"
BUCKET = {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::bucket"}


def record(
    operation: str, *, answer: ApiAnswer | None = None, service: str = "s3", tls: Tls | None = None, **of: Any
) -> Any:
    request = S3Request(**{"host": HOST, "bucket": "bucket", **of})
    return made(call(service, operation, {}, s3=request), answer or ApiAnswer(), tls=tls)


def test_parameters_are_the_request_itself() -> None:
    shown = record(
        "PutBucketAcl",
        query=(("acl", ""), ("X-Amz-Signature", "s"), ("X-Amz-Security-Token", "s"), ("X-Amz-Expires", "60")),
        headers={
            "x-amz-acl": "private",
            "x-amz-grant-read": "id=1",
            "x-amz-server-side-encryption-aws-kms-key-id": "k",
            "x-amz-server-side-encryption-customer-key": "s",
            "x-amz-security-token": "s",
            "x-amz-date": "d",
        },
        body={"AccessControlPolicy": {"Owner": {"ID": "x"}}},
    )["requestParameters"]
    assert shown == {
        "AccessControlPolicy": {"Owner": {"ID": "x"}},
        "bucketName": "bucket",
        "Host": HOST,
        "acl": "",
        "X-Amz-Expires": "60",
        "x-amz-acl": "private",
        "x-amz-grant-read": "id=1",
        "x-amz-server-side-encryption-aws-kms-key-id": "k",
    }


def test_fields_of_the_query_do_not_stand_in_place_of_names() -> None:
    query = (("bucketName", "other"), ("Host", "other"), ("key", "other"))
    shown = record("GetObject", key="k", query=query)["requestParameters"]
    assert shown == {"bucketName": "bucket", "Host": HOST, "key": "k"}


def test_policy_is_an_object() -> None:
    shown = record("PutBucketPolicy", query=(("policy", ""),), document={"Statement": []})
    assert shown["requestParameters"]["bucketPolicy"] == {"Statement": []}
    assert shown["resources"] == [BUCKET]


def test_body_too_large_to_be_read() -> None:
    request = S3Request(host=HOST, bucket="bucket")
    large = made(call("s3", "PutBucketPolicy", None, s3=request, omitted_size=300_000))
    assert large["requestParameters"]["omitted"] is True
    deleted = made(call("s3", "DeleteObjects", None, s3=request, omitted_size=300_000))
    assert deleted["requestParameters"] == {"bucketName": "bucket", "Host": HOST}


def test_s3_control_has_neither_bucket_nor_resources() -> None:
    shown = record("GetAccessPoint", service="s3control", bucket=None, labels={"Name": "n"}, query=(("x", "1"),))
    assert shown["requestParameters"] == {"Host": HOST, "name": "n", "x": "1"}
    assert "resources" not in shown
    lens = record("GetStorageLensConfiguration", service="s3control", bucket=None, labels={"storagelensid": "n"})
    assert lens["requestParameters"] == {"Host": HOST}


@pytest.mark.parametrize(
    ("operation", "key", "category", "resources"),
    [
        ("CreateBucket", None, "Management", None),
        ("GetBucketAcl", None, "Management", [BUCKET]),
        ("GetObject", "a b", "Data", [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::bucket/a b"}, BUCKET]),
        ("NewObjectCall", "k", "Data", [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::bucket/k"}, BUCKET]),
        ("ListObjects", None, "Data", [{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::bucket/"}, BUCKET]),
    ],
)
def test_category_and_resources(operation: str, key: str | None, category: str, resources: Any) -> None:
    shown = record(operation, key=key)
    assert shown["eventCategory"] == category
    assert shown.get("resources") == resources


HEADERS = {"x-amz-id-2": "id-2", "x-amz-request-id": "r", "x-amz-version-id": "v", "etag": "e"}


@pytest.mark.parametrize(
    ("operation", "key", "answer", "elements"),
    [
        (
            "PutObject",
            "k",
            ApiAnswer(headers=HEADERS),
            {"x-amz-version-id": "v", "x-amz-request-id": "r", "x-amz-id-2": "id-2"},
        ),
        ("PutObject", "k", ApiAnswer(), None),
        ("PutObject", "k", failed("AccessDenied"), None),
        ("GetObject", "k", ApiAnswer(headers=HEADERS), None),
        ("PutBucketPolicy", None, ApiAnswer(headers=HEADERS), None),
    ],
)
def test_elements(operation: str, key: str | None, answer: ApiAnswer, elements: Any) -> None:
    assert record(operation, key=key, answer=answer)["responseElements"] == elements


SSE = "x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("sent", "got", "applied"),
    [
        ({}, {}, None),
        ({}, {SSE: "AES256"}, "Default_SSE_S3"),
        ({SSE: "AES256"}, {SSE: "AES256"}, "SSE_S3"),
        ({SSE: "aws:kms"}, {SSE: "aws:kms"}, "SSE_KMS"),
        ({}, {"x-amz-server-side-encryption-customer-algorithm": "AES256"}, "SSE_C"),
    ],
)
def test_additional_data(sent: dict[str, str], got: dict[str, str], applied: str | None) -> None:
    answer = ApiAnswer(headers={**got, "x-amz-id-2": "id-2"}, body_size=5)
    data = record(
        "PutObject",
        key="k",
        headers=sent,
        answer=answer,
        tls=Tls(version="TLSv1.3", cipher="C"),
        access="AuthHeader",
        signature_version="SigV4",
        body_size=7,
    )["additionalEventData"]
    expected = {
        "SignatureVersion": "SigV4",
        "CipherSuite": "C",
        "bytesTransferredIn": 7,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": "id-2",
        "bytesTransferredOut": 5,
    }
    assert data == (expected if applied is None else {**expected, "SSEApplied": applied})


def test_additional_data_of_an_anonymous_call() -> None:
    data = record("GetBucketAcl", answer=failed("AccessDenied"))["additionalEventData"]
    assert data == {"bytesTransferredIn": 0, "bytesTransferredOut": 0}
