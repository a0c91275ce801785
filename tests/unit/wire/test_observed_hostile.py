"""Requests and answers that are broken, huge or meant to do harm: a record or none, never a failure. Spec: REC-1.2."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_call import CIRCUMSTANCES, MODELS, call_of, client, record, sent

from tocsin.core.record import record_of
from tocsin.wire.answer_reader import ObservedAnswer, read_answer
from tocsin.wire.observed import ObservedRequest, Unobserved, observe
from tocsin.wire.shape import ParseError
from tocsin.wire.xml_tree import parse_xml


def request(service: str, method: str = "POST", path: str = "/", body: bytes = b"", **headers: str) -> ObservedRequest:
    scope = f"AKIAIOSFODNN7EXAMPLE/20260725/eu-west-1/{service}/aws4_request"
    known = {"host": f"{service}.eu-west-1.amazonaws.com", "authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}
    known |= {name.replace("_", "-"): value for name, value in headers.items()}
    raw_path, _, query = path.partition("?")
    return ObservedRequest(
        method=method,
        raw_path=raw_path.encode(),
        query_string=query.encode(),
        headers=tuple((name.encode(), value.encode()) for name, value in known.items()),
        body=body,
    )


def json_call(body: bytes, target: str = "CloudTrail_20131101.StopLogging", **headers: str) -> ObservedRequest:
    return request("cloudtrail", body=body, x_amz_target=target, content_type="application/x-amz-json-1.1", **headers)


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b'{"Name": "a',
        b'{"Name": 5}',
        b'["a"]',
        b'"a"',
        b'{"Name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"Name": 1e999999}',
    ],
    ids=range(9),
)
def test_json_that_cannot_be_read_is_recorded_without_parameters(body: bytes) -> None:
    made = record(json_call(body))
    assert made["eventName"] == "StopLogging"
    assert made["requestParameters"] is None


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    assert record(json_call(b'{"Name": "a", "Name": "b"}'))["requestParameters"] == {"name": "b"}


def test_document_nested_too_deeply_is_not_shown() -> None:
    item = b'{"L":[' * 60 + b"{}" + b"]}" * 60
    body = b'{"TableName":"t","Key":{"pk":' + item + b"}}"
    made = record(request("dynamodb", body=body, x_amz_target="DynamoDB_20120810.GetItem"))
    assert made["requestParameters"] is None


@pytest.mark.usefixtures("no_collecting")
def test_packed_body_is_unpacked_within_bounds() -> None:
    made = record(json_call(gzip.compress(b'{"Name": "a"}'), content_encoding="gzip"))
    assert made["requestParameters"] == {"name": "a"}
    bomb = gzip.compress(b'{"Name": "' + b"a" * 20_000_000 + b'"}')
    started = time.process_time()
    assert record(json_call(bomb, content_encoding="gzip"))["requestParameters"] is None
    assert time.process_time() - started < 5
    assert record(json_call(b"no gzip", content_encoding="gzip"))["requestParameters"] is None
    assert record(json_call(b"{}", content_encoding="br"))["requestParameters"] is None


def test_a_request_of_which_only_the_beginning_is_known() -> None:
    whole = sent(
        client("iam"), "put_user_policy", {"UserName": "u", "PolicyName": "p", "PolicyDocument": "x" * 300_000}
    )
    cut = msgspec.structs.replace(whole, body=whole.body[:1000], body_length=len(whole.body))
    assert record(cut)["requestParameters"] == {
        "omitted": True,
        "originalSize": len(whole.body),
        "reason": "requestParameters too large",
    }
    upload = sent(client("s3"), "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x" * 5000})
    cut = msgspec.structs.replace(upload, body=upload.body[:10], body_length=len(upload.body))
    assert record(cut)["requestParameters"] == {
        "bucketName": "bucket",
        "Host": "bucket.s3.eu-west-1.amazonaws.com",
        "key": "k",
    }


EMPTY = {"groups": {}, "ipRanges": {}, "ipv6Ranges": {}, "prefixListIds": {}}


@pytest.mark.parametrize(
    ("form", "permissions"),
    [
        ("IpPermissions.999999999999999999.IpProtocol=tcp", {"items": [{"ipProtocol": "tcp", **EMPTY}]}),
        ("IpPermissions.99999999999999999999999.IpProtocol=tcp", {}),
        ("IpPermissions.x.IpProtocol=tcp&IpPermissions.1.IpProtocol=udp", {"items": [{"ipProtocol": "udp", **EMPTY}]}),
        ("IpPermissions.1.FromPort=nine&IpPermissions.1.ToPort=9", {"items": [{"toPort": 9, **EMPTY}]}),
        ("IpPermissions.1.FromPort=" + "9" * 5000, {"items": [EMPTY]}),
        ("IpPermissions=tcp&IpPermissions.1.ToPort=9", {"items": [{"toPort": 9, **EMPTY}]}),
        ("GroupId.1=sg-1&DryRun=perhaps", {}),
    ],
)
def test_what_is_odd_in_a_form_does_not_hide_the_rest(form: str, permissions: Any) -> None:
    body = f"Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupName=web&{form}".encode()
    shown = record(request("ec2", body=body, content_type=FORM))["requestParameters"]
    assert shown == {"groupName": "web", "ipPermissions": permissions}


@pytest.mark.parametrize(
    ("seen", "parameters"),
    [
        (json_call(b'{"TrailName":"t","EventSelectors":[{"ReadWriteType":5},{"ReadWriteType":"All"}]}', "CloudTrail_20131101.PutEventSelectors"), {"trailName": "t", "eventSelectors": [{}, {"readWriteType": "All"}]}),
        (request("lambda", "GET", "/2015-03-31/functions?MaxItems=many&Marker=m"), {"marker": "m"}),
        (request("lambda", "PUT", "/2015-03-31/functions/f/configuration", b'{"Timeout":"long","Role":"r"}'), {"functionName": "f", "role": "r"}),
        (request("lambda", "PUT", "/2015-03-31/functions/f/configuration", b"no json"), None),
        (request("iam", body=b"Action=CreateUser&UserName=u&Tags.member.1.Key=k&Tags.member.x.Key=l&Path.1=p", content_type=FORM), {"userName": "u", "tags": [{"key": "k"}]}),
        (request("route53", "POST", "/2013-04-01/hostedzone", b"<R><Name>n</Name><HostedZoneConfig><PrivateZone>perhaps</PrivateZone></HostedZoneConfig></R>"), {"name": "n", "hostedZoneConfig": {}}),
    ],
    ids=range(6),
)  # fmt: skip
def test_what_is_odd_in_a_request_does_not_hide_the_rest(seen: ObservedRequest, parameters: Any) -> None:
    assert record(seen)["requestParameters"] == parameters


@pytest.mark.parametrize(
    "body",
    [
        b"Action=CreateUser&UserName=u&" + b"a.b" * 100 + b"=1",
        b"Action=CreateUser&Version=2010-05-08&UserName=u" + b"&a=1" * 110_000,
    ],
    ids=range(2),
)
def test_form_with_too_much_in_it_does_not_hide_the_call(body: bytes) -> None:
    made = record(request("iam", body=body, content_type=FORM))
    assert made["eventName"] == "CreateUser"
    assert made["requestParameters"] is None


@pytest.mark.parametrize(
    ("service", "path", "body", "headers"),
    [
        ("iam", "/", b"Action=CreateUser&UserName=u", {"x_amz_target": "IAM.ListUsers"}),
        ("iam", "/", b"%41ction=CreateUser&UserName=u", {}),
        ("iam", "/service/IAM/operation/ListUsers", b"Action=CreateUser&UserName=u", {}),
        ("iam", "/?Action=ListUsers", b"Action=CreateUser&UserName=u", {}),
        ("iam", "/", b"Action=ListUsers&Action=CreateUser&UserName=u", {}),
    ],
)
def test_what_is_added_to_a_call_does_not_hide_it(
    service: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    made = record(request(service, "POST", path, body, content_type=FORM, **headers))
    assert made["eventName"] == "CreateUser"
    assert made["requestParameters"] == {"userName": "u"}


def test_a_form_that_says_so_goes_before_what_a_header_says() -> None:
    queue = b"Action=DeleteQueue&QueueUrl=https://sqs.eu-west-1.amazonaws.com/111122223333/q"
    made = record(request("sqs", body=queue, content_type=FORM, x_amz_target="AmazonSQS.ListQueues"))
    assert made["eventName"] == "DeleteQueue"
    assert made["requestParameters"] == {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q"}


def test_calls_whose_parameters_could_not_be_read_are_told_apart() -> None:
    assert call_of(json_call(b"no json")).is_unread
    assert not call_of(json_call(b'{"Name": "t"}')).is_unread
    cut = msgspec.structs.replace(json_call(b'{"Name":'), body_length=300_000)
    assert not call_of(cut).is_unread


def test_rest_calls_are_not_hidden_either() -> None:
    path = "/2015-03-31/functions/f?Action=ListUsers"
    made = record(request("lambda", "DELETE", path, x_amz_target="Lambda.ListFunctions"))
    assert made["eventName"] == "DeleteFunction20150331"
    assert record(request("s3", "DELETE", "/service/x/operation/y"))["eventName"] == "DeleteObject"


@pytest.mark.parametrize(
    "body",
    [b"Action=Create%20User", b"Action=NoSuchOperation&Version=2010-05-08", b"Action=&Version=2010-05-08", b"x" * 99],
)
def test_forms_for_no_operation(body: bytes) -> None:
    found = observe(request("iam", body=body, content_type=FORM), MODELS)
    assert isinstance(found, Unobserved)
    assert (found.reason, found.service, found.form) == ("unrecognised", "iam", "POST /")


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        OUTSIDE,
        b"<a>",
        b"",
        b"\x00",
        b"<a>" * 100 + b"</a>" * 100,
        b"<a>&nope;</a>",
        b"<a/><b/>",
        b"<a b='1' b='2'/>",
    ],
    ids=range(9),
)
def test_documents_that_are_refused(document: bytes) -> None:
    with pytest.raises(ParseError):
        parse_xml(document)
    shown = record(request("s3", "PUT", "/bucket?tagging", document))
    assert set(shown["requestParameters"]) == {"bucketName", "Host", "tagging"}
    answered = record(request("iam", body=b"Action=CreateUser&UserName=u", content_type=FORM), document)
    assert answered["responseElements"] is None
    failed = record(request("iam", body=b"Action=CreateUser&UserName=u", content_type=FORM), document, status=500)
    assert failed["errorCode"] == "InternalFailure"


@pytest.mark.usefixtures("no_collecting")
def test_host_that_is_made_to_take_long() -> None:
    started = time.process_time()
    for host in ("s3" + "-a" * 120 + "!", ".s3" * 80 + "!", "s3." * 100_000):
        odd = request("s3", "GET", "/bucket?acl")
        odd = msgspec.structs.replace(odd, headers=((b"host", host.encode()), *odd.headers[1:]))
        observe(odd, MODELS, s3_hosts=("localhost",))
    assert time.process_time() - started < 1


def test_a_long_url_does_not_hide_the_call() -> None:
    fields = "&".join(f"a{number}=1" for number in range(5000))
    assert record(request("s3", "PUT", f"/bucket?{fields}&policy", b"{}"))["eventName"] == "PutBucketPolicy"
    made = record(request("s3", "DELETE", "/bucket" + "/a" * 500))
    assert made["eventName"] == "DeleteObject"
    assert made["requestParameters"]["key"] == "a/" * 499 + "a"


def test_a_path_of_many_parts_is_for_no_operation() -> None:
    found = observe(request("lambda", "GET", "/a" * 10_000), MODELS)
    assert isinstance(found, Unobserved)


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "message"),
    [
        (400, b'{"__type":"com.amazonaws#TrailNotFoundException","message":"m"}', {}, "TrailNotFoundException", "m"),
        (400, b"{}", {"x-amzn-errortype": "TrailNotFoundException:http://x"}, "TrailNotFoundException", None),
        (400, b'{"code":"ValidationException","Message":"m"}', {}, "ValidationException", "m"),
        (400, b'{"__type":5,"message":5}', {}, "400", None),
        (502, b"<html>Bad gateway</html>", {}, "InternalFailure", None),
        (503, b"", {}, "ServiceUnavailable", None),
        (429, b"", {}, "ThrottlingException", "Rate exceeded"),
        (403, b"", {}, "AccessDenied", None),
        (500, b"[" * 20_000, {}, "InternalFailure", None),
    ],
)
def test_errors(status: int, body: bytes, headers: dict[str, str], code: str, message: str | None) -> None:
    made = record(json_call(b'{"Name":"t"}'), body, status=status, headers=headers)
    assert made["errorCode"] == code
    assert made.get("errorMessage") == message


def test_heads_of_s3_have_no_body() -> None:
    assert record(request("s3", "HEAD", "/bucket"), status=404)["errorCode"] == "NoSuchBucket"
    assert record(request("s3", "HEAD", "/bucket/k"), status=404)["errorCode"] == "NoSuchKey"
    assert record(request("s3", "HEAD", "/bucket"), status=301)["errorCode"] == "301"
    assert "errorCode" not in record(request("s3", "GET", "/bucket/k"), status=304)


@pytest.mark.parametrize(
    ("seen", "answer", "elements"),
    [
        (
            request("ec2", body=b"Action=AuthorizeSecurityGroupIngress&GroupId=sg-1", content_type=FORM),
            (
                b"<R><requestId>r</requestId><securityGroupRuleSet><item><fromPort/><toPort>22</toPort>"
                b"<isEgress>None</isEgress></item></securityGroupRuleSet></R>"
            ),
            {"requestId": "r", "securityGroupRuleSet": {"items": [{"toPort": 22}]}},
        ),
        (
            request("iam", body=b"Action=CreateUser&UserName=u", content_type=FORM),
            (
                b"<R><CreateUserResult><User><UserName>u</UserName><CreateDate>today</CreateDate><Tags>"
                b"<member><Key>k</Key></member></Tags></User></CreateUserResult></R>"
            ),
            {"user": {"userName": "u", "tags": [{"key": "k"}]}},
        ),
        (
            request("kms", body=b"{}", x_amz_target="TrentService.CreateKey"),
            b'{"KeyMetadata":{"KeyId":"k","Enabled":"yes","EncryptionAlgorithms":["A",5,["B"]],"CreationDate":[]}}',
            {"keyMetadata": {"keyId": "k", "encryptionAlgorithms": ["A"]}},
        ),
        (
            request("lambda", "PUT", "/2015-03-31/functions/f/configuration", b"{}"),
            b'{"FunctionName":"f","Timeout":"long","VpcConfig":[]}',
            {"functionName": "f"},
        ),
    ],
)
def test_of_an_answer_that_is_odd_the_rest_is_read(seen: ObservedRequest, answer: bytes, elements: Any) -> None:
    assert record(seen, answer)["responseElements"] == elements


def test_an_answer_of_which_only_the_beginning_is_known() -> None:
    observed = call_of(request("iam", body=b"Action=CreateUser&UserName=u", content_type=FORM))
    answer = read_answer(observed, ObservedAnswer(status=200, headers={}, body=b"<a>", body_length=300_000))
    made = record_of(observed.call, answer, CIRCUMSTANCES)
    assert made["responseElements"]["originalSize"] == 300_000


POOL = st.sampled_from(["s3", "iam", "ec2", "lambda", "dynamodb", "route53", "monitoring", "nothing", "s3express"])
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-amz-target",
            "content-type",
            "content-encoding",
            "host",
            "smithy-protocol",
            "x-amz-copy-source",
            "user-agent",
        ]
    ),
    st.text(max_size=40)
    | st.sampled_from(["DynamoDB_20120810.PutItem", FORM, "gzip", "b.s3.amazonaws.com", "rpc-v2-cbor", "a:b:c"]),
)
BODIES = st.binary(max_size=200) | st.sampled_from(
    [b"Action=RunInstances&ImageId=1", b"<a><b/></a>", b'{"TableName":{"x":1}}', b"\xa1\x61a\x01", BOMB]
)


@given(
    service=POOL,
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    path=st.text(max_size=60) | st.sampled_from(["/bucket?policy", "/2015-03-31/functions/f/policy", "/%zz%"]),
    headers=HEADERS,
    body=BODIES,
    status=st.sampled_from([200, 204, 301, 404, 500]),
    answer=BODIES,
)
def test_nothing_fails(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, status: int, answer: bytes
) -> None:
    seen = request(service, method, "/" + path.removeprefix("/"), body)
    seen = msgspec.structs.replace(
        seen, headers=(*seen.headers, *((name.encode(), text.encode("utf-8")) for name, text in headers.items()))
    )
    observed = observe(seen, MODELS)
    if isinstance(observed, Unobserved):
        return
    made = record_of(
        observed.call, read_answer(observed, ObservedAnswer(status=status, headers=headers, body=answer)), CIRCUMSTANCES
    )
    json.dumps(made, allow_nan=False)
