"""A record as a summary (AL-19.1)."""

from __future__ import annotations

import sys

import pytest
from alarm_message import SECOND, event, summary

from tocsin.core.event import Event
from tocsin.core.notification.event import SUMMARY_FIELDS, EventSummary


def size(told: EventSummary) -> int:
    """Bytes that a summary takes, with its texts."""
    texts = [getattr(told, name) for name in told.__struct_fields__]
    return sys.getsizeof(told) + sum(map(sys.getsizeof, [*texts, *told.changes]))


def test_every_part_of_a_record() -> None:
    told = summary(
        service="ec2",
        eventID="7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e01",
        eventName="AuthorizeSecurityGroupIngress",
        errorCode="Client.UnauthorizedOperation",
        errorMessage="You are not authorized. Encoded authorization failure message: 0123456789",
        requestParameters={"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"},
    )
    assert told == EventSummary(
        event_id="7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e01",
        second=SECOND,
        event_name="AuthorizeSecurityGroupIngress",
        event_source="ec2.amazonaws.com",
        error_code="Client.UnauthorizedOperation",
        error_message="You are not authorized.",
        identity_type="IAMUser",
        principal="alice",
        account="111122223333",
        region="us-east-1",
        source_address="192.0.2.1",
        user_agent="aws-cli/2.31.0",
        resource="sg-1",
        result="denied",
        deed="tried to open tcp 22 of sg-1 to the whole internet, but was denied (Client.UnauthorizedOperation)",
        changes=("+ tcp 22 from 0.0.0.0/0",),
        access_key="AKIAEXAMPLEALICE0001",
    )


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "null", "7", '"x"', "{}", '{"userIdentity": []}'])
def test_any_text_has_a_summary(text: str) -> None:
    told = EventSummary.of(Event(text), 0)
    assert (told.event_id, told.event_name, told.result, told.resource) == ("", "", "done", "")
    assert told.sentence == "somebody whom the record does not name made a call that the record does not name"


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"additionalEventData": {"MFAUsed": "Yes"}}, "yes"),
        ({"additionalEventData": {"MFAUsed": "YES"}}, "yes"),
        ({"additionalEventData": {"MFAUsed": True}}, "yes"),
        ({"additionalEventData": {"MFAUsed": "No"}}, "no"),
        ({"additionalEventData": "odd"}, ""),
        ({"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}}, "yes"),
        ({"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": "False"}}}}, "no"),
        ({}, ""),
    ],
)
def test_mfa(members: dict[str, object], wanted: str) -> None:
    assert summary(**members).mfa == wanted


def test_only_so_many_changes_are_told() -> None:
    items = [{"cidrIp": f"192.0.2.{n}/32"} for n in range(9)]
    told = summary(
        service="ec2",
        eventName="AuthorizeSecurityGroupIngress",
        requestParameters={
            "groupId": "sg-1",
            "ipPermissions": {
                "items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": items}}]
            },
        },
    )
    assert told.changes == (*(f"+ tcp 22 from 192.0.2.{n}/32" for n in range(3)), "and 6 more")


@pytest.mark.parametrize("filling", ["x", "é", "日", "🦊", "\n", "\u202e", '"', "\\"])
def test_a_summary_is_small_and_one_line_whatever_it_is_made_of(filling: str) -> None:
    long = filling * 5000
    told = summary(
        eventID=long,
        eventName=long,
        eventSource=long,
        errorCode=long,
        errorMessage=long,
        awsRegion=long,
        recipientAccountId=long,
        sourceIPAddress=long,
        userAgent=long,
        resources=[{"ARN": long}],
        requestParameters={"name": long, "omitted": True, "originalSize": long},
        userIdentity={
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::1:assumed-role/{long}/{long}",
            "accessKeyId": long,
            "accountId": long + "x",
            "sessionContext": {"sourceIdentity": long},
        },
    )
    assert size(told) < 4096
    texts = [value for name in told.__struct_fields__ if isinstance(value := getattr(told, name), str)]
    assert all(len(text) <= 256 for text in texts)
    assert not any(
        character in text for text in [*texts, *told.changes, told.who, told.sentence] for character in "\n\u202e"
    )
    assert told.principal
    assert told.event_id


def test_a_projection_with_these_fields_is_enough() -> None:
    whole = event(
        service="iam",
        eventName="AttachUserPolicy",
        requestParameters={"userName": "bob", "policyArn": "p"},
        resources=[{"ARN": "x"}],
    )
    assert isinstance(whole.value, dict)
    part = {name: whole.value[name] for name in SUMMARY_FIELDS if name in whole.value}
    assert EventSummary.of(Event.decoded(part, whole.text), 7) == EventSummary.of(whole, 7)
