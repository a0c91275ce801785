"""What a CloudTrail record is looked up by. Spec: CON-4.0."""

from __future__ import annotations

import json

import pytest

from tocsin.core.log_event import Term
from tocsin.core.record_term import RecordTerms, actor_of, record_terms

ACCOUNT = "111122223333"


def record(**members: object) -> str:
    return json.dumps({"eventTime": "2026-01-01T00:00:00Z", "eventName": "GetObject", **members})


@pytest.mark.parametrize(
    ("user", "actor"),
    [
        ({"type": "Root", "accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"}, f"root of {ACCOUNT}"),
        ({"type": "Root"}, "root"),
        (
            {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci-1",
                "sessionContext": {"sessionIssuer": {"arn": f"arn:aws:iam::{ACCOUNT}:role/path/deploy"}},
            },
            f"arn:aws:iam::{ACCOUNT}:role/path/deploy",
        ),
        (
            {"type": "AssumedRole", "arn": f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/deploy/ci-1"},
            f"arn:aws-cn:iam::{ACCOUNT}:role/deploy",
        ),
        (
            {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "userName": "bob"},
            f"arn:aws:iam::{ACCOUNT}:user/bob",
        ),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        ({"type": "IAMUser", "userName": "bob", "principalId": "AIDAX"}, "bob"),
        ({"type": "AWSAccount", "principalId": "AIDAX"}, "AIDAX"),
        ({}, ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_actor(user: object, actor: str) -> None:
    assert actor_of(user) == actor


def test_every_kind() -> None:
    found = record_terms(
        record(
            eventID="id-1",
            eventSource="s3.amazonaws.com",
            awsRegion="eu-west-1",
            recipientAccountId=ACCOUNT,
            errorCode="AccessDenied",
            sourceIPAddress="192.0.2.1",
            userIdentity={"arn": "arn:x", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
            requestParameters={"bucketName": "b", "key": "k"},
            resources=[{"ARN": "arn:aws:s3:::b"}, {"ARN": "arn:aws:s3:::b"}],
        )
    )
    assert (found.event_id, found.source, found.result) == ("id-1", "s3.amazonaws.com", "denied")
    assert [tuple(term) for term in found.terms] == [
        ("actor", "arn:x"),
        ("key", "AKIAIOSFODNN7EXAMPLE"),
        ("address", "192.0.2.1"),
        ("event_name", "GetObject"),
        ("resource", "arn:aws:s3:::b"),
        ("resource", "b"),
        ("resource", "k"),
        ("error", "AccessDenied"),
        ("scope", f"{ACCOUNT}/eu-west-1"),
    ]


def test_terms_are_bounded() -> None:
    many = [{"ARN": f"arn:{number}"} for number in range(100)]
    found = record_terms(record(resources=many, sourceIPAddress="9" * 10_000))
    assert sum(term.kind == "resource" for term in found.terms) == 20
    assert max(len(term.value) for term in found.terms) == 512


def test_lone_surrogates_can_be_kept_nowhere_and_are_replaced() -> None:
    found = record_terms(record(sourceIPAddress="\ud800é🦊\udfff", eventID="\ud800"))
    assert Term("address", "\ufffdé🦊\ufffd") in found.terms


@pytest.mark.parametrize(
    "message",
    ["", "text", "[]", "{", '{"eventName": "X"}', '{"eventTime": "2026-01-01T00:00:00Z"}', "[1]", '"{}"', "{}", "null"],
)
def test_what_is_no_record_has_no_terms(message: str) -> None:
    assert record_terms(message) == RecordTerms("", ())


def test_a_record_may_say_little() -> None:
    found = record_terms(" " + record())
    assert found == record_terms(record())
    assert (found.event_id, found.category, found.result, found.source) == ("", "Management", "done", "")
    assert found.time == "2026-01-01T00:00:00Z"
    assert [tuple(term) for term in record_terms(record()).terms] == [("event_name", "GetObject")]
