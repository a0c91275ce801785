"""Records read without decoding all of them: what is found is what the exact decoder finds. Spec: FP-14.4, CON-4.0."""

from __future__ import annotations

import json

import pytest

from tocsin.core.event import Event
from tocsin.core.plain_record import plain_record
from tocsin.core.record_term import event_terms, record_terms

USUAL = {
    "eventVersion": "1.11",
    "eventName": "RunInstances",
    "eventTime": "2026-01-01T00:00:00Z",
    "eventSource": "ec2.amazonaws.com",
    "eventCategory": "Management",
    "awsRegion": "eu-west-1",
    "recipientAccountId": "111122223333",
}
ITEMS = {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}


def resources(record: dict[str, object]) -> list[str]:
    return [term.value for term in record_terms(json.dumps(record)).terms if term.kind == "resource"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({}, []),
        ({"requestParameters": {}, "responseElements": None}, []),
        ({"requestParameters": {"instancesSet": ITEMS, "dryRun": True}}, ["i-1", "i-2"]),
        ({"requestParameters": {"InstancesSet": ITEMS}}, ["i-1", "i-2"]),
        ({"responseElements": {"instancesSet": ITEMS, "_return": True}}, ["i-1", "i-2"]),
        ({"requestParameters": {"groupId": "sg-1"}, "responseElements": {"groupId": "sg-1"}}, ["sg-1"]),
        ({"requestParameters": {"RunInstancesRequest": {"groupId": "sg-1"}}}, ["sg-1"]),
        ({"requestParameters": {"RunInstancesRequest": "sg-1"}}, []),
        ({"requestParameters": {"groupId": 1.50, "vpcId": [True, "vpc: 1"]}}, ["1.5", "true", "vpc: 1"]),
        ({"requestParameters": {"groupId": "\N{SNOWMAN} é"}}, ["\N{SNOWMAN} é"]),
        ({"resources": [{"ARN": "arn:1"}, {"ARN": "arn:1"}, {"ARN": 5}, {}, "x"]}, ["arn:1", "5"]),
        ({"resources": "text", "requestParameters": {"groupId": "sg-1"}}, ["sg-1"]),
        ({"requestParameters": {"groupId": [f"sg-{number}" for number in range(90)], "vpcId": "late"}},
         [f"sg-{number}" for number in range(20)]),
        ({"requestParameters": {"groupId": ["x" * 600 + "a", "x" * 600 + "b"]}}, ["x" * 512]),
    ],
)  # fmt: skip
def test_what_a_call_was_about(more: dict[str, object], named: list[str]) -> None:
    record = {**USUAL, **more}
    assert resources(record) == named
    assert record_terms(json.dumps(record)) == event_terms(Event(json.dumps(record)))
    assert plain_record(json.dumps(record)) is not None


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({}, "done"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "Client.InvalidParameter"}, "failed"),
        ({"errorMessage": "Failed authentication"}, "failed"),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}, "failed"),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success", "other": 1}}, "done"),
        ({"eventName": "Try20150331", "responseElements": {"Try": "Failure"}}, "failed"),
    ],
)
def test_what_became_of_it(more: dict[str, object], result: str) -> None:
    message = json.dumps({**USUAL, **more})
    assert record_terms(message).result == result
    assert record_terms(message) == event_terms(Event(message))


@pytest.mark.parametrize(
    "user",
    [
        None,
        {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"},
        {"type": "Root"},
        {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/deploy/ci",
            "accessKeyId": "ASIAEXAMPLE",
        },
        {"type": "AssumedRole", "arn": "a", "sessionContext": {"sessionIssuer": {"arn": "arn:role"}}},
        {"type": "AssumedRole", "arn": "a", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
        {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com", "userName": "u"},
        {"userName": "bob", "principalId": "AIDA"},
        {"principalId": "AIDA"},
    ],
)
def test_who_called(user: object) -> None:
    message = json.dumps({**USUAL, "userIdentity": user})
    assert plain_record(message) is not None
    assert record_terms(message) == event_terms(Event(message))


@pytest.mark.parametrize(
    "message",
    [
        json.dumps({**USUAL, "requestParameters": "text"}),
        json.dumps({**USUAL, "eventName": 5}),
        json.dumps({**USUAL, "sourceIPAddress": "\ud800"}),
        json.dumps({**USUAL, "deep": json.loads("[" * 600 + "]" * 600)}),
        json.dumps(USUAL)[:-1],
        json.dumps(USUAL) + "}",
        json.dumps({**USUAL, "additionalEventData": 1}).replace("1}", "NaN}"),
    ],
)
def test_what_the_exact_decoder_has_to_look_at(message: str) -> None:
    assert plain_record(message) is None
    assert record_terms(message) == event_terms(Event(message))
