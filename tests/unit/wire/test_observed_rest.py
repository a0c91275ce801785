"""REST and S3: operations by method, path, query and host. Spec: REC-3.1 to REC-3.4, REC-9.2."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from botocore.loaders import Loader
from recorded_call import MODELS, call_of, client, record, sent
from serialized_call import serialized

from tocsin.wire.observed import ObservedCall, ObservedRequest, Unobserved, observe
from tocsin.wire.service_index import service_index

SAME_PATHS = {
    "s3": {
        "GetBucketLifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        "GetBucketNotificationConfiguration",
        "PutBucketNotificationConfiguration",
        "ListDirectoryBuckets",
    },
}
"""Operations that nothing tells from another one: older names of the same, and one that is signed differently."""


def least(shape: Any) -> dict[str, Any]:
    """What has to be sent for a request to have its path, and the fields and headers that tell it."""
    if shape is None:
        return {}
    kinds = {"string": "x", "list": ["x"], "boolean": True, "timestamp": "2023-01-01T00:00:00Z"}
    return {
        name: kinds.get(member.type_name, 1)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "uri"
        or (name in shape.required_members and member.serialization.get("location") in {"querystring", "header"})
    }


@pytest.mark.parametrize(
    "service", ["lambda", "apigateway", "efs", "route53", "s3", "s3control", "workspaces-web", "eks", "iot-data"]
)
def test_every_operation_is_found_by_its_path(service: str) -> None:
    api = MODELS.service(service)
    for operation in sorted(api.operation_names - SAME_PATHS.get(service, set())):
        request = serialized(api, operation, least(api.model.operation_model(operation).input_shape))
        observed = observe(request, MODELS)
        assert isinstance(observed, ObservedCall), operation
        assert (observed.api.name, observed.model.name) == (service, operation)


def test_free_parts_of_a_path_are_parameters() -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:f/../g h"
    observed = call_of(sent(client("lambda"), "list_tags", {"Resource": arn}))
    assert observed.call.parameters == {"Resource": arn}
    portal = "arn:aws:workspaces-web:eu-west-1:111122223333:portal/a"
    request = sent(client("workspaces-web"), "disassociate_user_settings", {"portalArn": portal})
    assert call_of(request).call.parameters == {"portalArn": portal}
    assert record(request)["eventName"] == "DisassociateUserSettings"


def test_the_index_is_that_of_botocore() -> None:
    """`scripts/service_index.py` brings it up to date."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    entries = service_index().entries
    assert sorted(entries) == sorted(loader.list_available_services("service-2"))
    for name in ("bedrock-runtime", "cloudwatch", "elbv2", "mq", "s3control", "sesv2"):
        metadata = MODELS.service(name).model.metadata
        assert entries[name].signing == metadata.get("signingName", metadata["endpointPrefix"])
        assert entries[name].version == metadata["apiVersion"]


def unsigned(request: ObservedRequest) -> ObservedRequest:
    kept = tuple(header for header in request.headers if header[0] not in {b"authorization", b"x-amz-date"})
    return msgspec.structs.replace(request, headers=kept)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "operation"),
    [
        ("sts", "assume_role_with_web_identity", {"RoleArn": "r", "RoleSessionName": "s", "WebIdentityToken": "t"}, "AssumeRoleWithWebIdentity"),
        ("sts", "assume_role_with_saml", {"RoleArn": "r", "PrincipalArn": "p", "SAMLAssertion": "s"}, "AssumeRoleWithSAML"),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "k"}, "GetObject"),
        ("cognito-idp", "initiate_auth", {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "c"}, "InitiateAuth"),
        ("lambda", "list_functions", {}, "ListFunctions"),
    ],
)  # fmt: skip
def test_unsigned_calls_are_found(service: str, method: str, parameters: dict[str, Any], operation: str) -> None:
    observed = call_of(unsigned(sent(client(service), method, parameters)), default_region="ap-south-1")
    assert observed.call.operation == operation
    assert observed.access_key is None
    assert observed.call.region == "ap-south-1"


def get(path: str, host: str, method: str = "GET", **headers: str) -> ObservedRequest:
    raw_path, _, query = path.partition("?")
    known = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return ObservedRequest(
        method=method,
        raw_path=raw_path.encode(),
        query_string=query.encode(),
        headers=tuple((name.encode(), value.encode()) for name, value in known.items()),
    )


S3_SCOPE = "AWS4-HMAC-SHA256 Credential=KEY/20260725/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("path", "host", "bucket", "key", "operation"),
    [
        ("/", "s3.eu-west-1.amazonaws.com", None, None, "ListBuckets"),
        ("/bucket", "s3.eu-west-1.amazonaws.com", "bucket", None, "ListObjects"),
        ("/?list-type=2", "bucket.s3.amazonaws.com", "bucket", None, "ListObjectsV2"),
        ("/?versions", "a.b.s3-eu-west-1.amazonaws.com", "a.b", None, "ListObjectVersions"),
        ("/a%20b/c?x-id=GetObject", "bucket.s3.dualstack.eu-west-1.amazonaws.com", "bucket", "a b/c", "GetObject"),
        ("/bucket/k?uploadId=1", "localhost:4566", "bucket", "k", "ListParts"),
        ("/k?acl", "bucket.localhost:4566", "bucket", "k", "GetObjectAcl"),
        ("/k", "bucket.s3.localhost", "bucket", "k", "GetObject"),
        ("/bucket?uploads", "s3.localhost:9000", "bucket", None, "ListMultipartUploads"),
        ("/bucket/?policy", "127.0.0.1:5000", "bucket", None, "GetBucketPolicy"),
    ],
)
def test_buckets_and_keys(path: str, host: str, bucket: str | None, key: str | None, operation: str) -> None:
    observed = call_of(get(path, host, authorization=S3_SCOPE), s3_hosts=("localhost",))
    request = observed.call.s3
    assert request is not None
    assert (request.bucket, request.key, observed.call.operation) == (bucket, key, operation)


@pytest.mark.parametrize(
    ("path", "headers", "operation"),
    [
        ("/bucket/k", {"x_amz_copy_source": "/a/b"}, "CopyObject"),
        ("/bucket/k?partNumber=1&uploadId=u", {}, "UploadPart"),
        ("/bucket/k?partNumber=1&uploadId=u", {"x_amz_copy_source": "/a/b"}, "UploadPartCopy"),
        ("/bucket/k", {}, "PutObject"),
        ("/bucket", {}, "CreateBucket"),
        ("/bucket?inventory&id=1", {}, "PutBucketInventoryConfiguration"),
    ],
)
def test_puts_of_s3(path: str, headers: dict[str, str], operation: str) -> None:
    observed = call_of(get(path, "localhost", "PUT", authorization=S3_SCOPE, **headers))
    assert observed.call.operation == operation


@pytest.mark.parametrize(
    ("authorization", "query", "key", "version", "access", "region"),
    [
        (S3_SCOPE, "", "KEY", "SigV4", "AuthHeader", "eu-west-1"),
        ("AWS KEY:c2ln", "", "KEY", "SigV2", "AuthHeader", "us-east-1"),
        ("AWS4-ECDSA-P256-SHA256 Credential=KEY/20260725/s3/aws4_request", "", "KEY", "SigV4A", "AuthHeader", "us-east-1"),
        ("", "X-Amz-Credential=KEY%2F20260725%2Feu-west-1%2Fs3%2Faws4_request", "KEY", "SigV4", "QueryString", "eu-west-1"),
        ("", "AWSAccessKeyId=KEY&Signature=s&Expires=1", "KEY", "SigV2", "QueryString", "us-east-1"),
    ],
)  # fmt: skip
def test_signatures(authorization: str, query: str, key: str, version: str, access: str, region: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    request = get(f"/bucket/k?{query}", "localhost", **headers)
    observed = call_of(request)
    assert observed.access_key == key
    assert observed.call.region == region
    data = record(request)["additionalEventData"]
    assert (data["SignatureVersion"], data["AuthenticationMethod"]) == (version, access)
    assert not {"Signature", "AWSAccessKeyId", "X-Amz-Credential"} & record(request)["requestParameters"].keys()


def test_regions_of_a_signature_for_several() -> None:
    request = get(
        "/bucket",
        "localhost",
        authorization="AWS4-ECDSA-P256-SHA256 Credential=KEY/20260725/s3/aws4_request",
        x_amz_region_set="ap-south-1, eu-west-1",
    )
    assert call_of(request).call.region == "ap-south-1"
    assert (
        call_of(
            msgspec.structs.replace(request, headers=(*request.headers[:2], (b"x-amz-region-set", b"*")))
        ).call.region
        == "us-east-1"
    )


def test_directory_buckets_are_a_source_of_their_own() -> None:
    scope = S3_SCOPE.replace("/s3/", "/s3express/")
    made = record(get("/bucket?policy", "s3express-control.eu-west-1.amazonaws.com", authorization=scope))
    assert (made["eventSource"], made["eventName"]) == ("s3express.amazonaws.com", "GetBucketPolicy")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (get("/bucket", "localhost", "OPTIONS"), "preflight"),
        (get("/_tocsin/health", "localhost"), "private"),
        (get("/bucket", "localhost", "POST", content_type="multipart/form-data; boundary=x"), "upload"),
        (get("/?Action=ConfirmSubscription&TopicArn=t&Token=x", "localhost"), "link"),
        (get("/index.html", "www.example.com"), "unrecognised"),
        (get("/a/b/c", "localhost", authorization=S3_SCOPE.replace("/s3/", "/nothing/")), "unrecognised"),
    ],
)
def test_requests_that_are_not_recorded(request_: ObservedRequest, reason: str) -> None:
    found = observe(request_, MODELS)
    assert isinstance(found, Unobserved)
    assert found.reason == reason


def test_requests_for_nothing_else_are_for_s3_where_that_is_assumed() -> None:
    request = get("/bucket/key.txt", "localhost:9000")
    assert isinstance(observe(request, MODELS), Unobserved)
    assert call_of(request, assume_s3=True).call.operation == "GetObject"


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("logs", "put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": []}),
        ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": []}),
        ("xray", "put_trace_segments", {"TraceSegmentDocuments": []}),
    ],
)
def test_calls_that_are_too_many_are_not_recorded(service: str, method: str, parameters: dict[str, Any]) -> None:
    found = observe(sent(client(service), method, parameters), MODELS)
    assert isinstance(found, Unobserved)
    assert (found.reason, found.service) == ("excluded", service)


def test_models_are_loaded_one_at_a_time() -> None:
    from tocsin.wire.model import ServiceModels

    models = ServiceModels()
    observe(sent(client("sts"), "get_caller_identity", {}), models)
    assert set(models._services) == {"sts"}


def test_lambda_paths_date_the_names_of_operations() -> None:
    made = record(sent(client("lambda"), "tag_resource", {"Resource": "arn:aws:lambda:x", "Tags": {"a": "b"}}))
    assert re.fullmatch(r"TagResource\d{8}", made["eventName"])
