"""Which publications a filter policy lets through to whom. Spec: SNS-9.1, AL-17.1."""

from __future__ import annotations

import pytest

from tocsin.app.publication import Publication, judge_publication
from tocsin.core.envelope import MessageAttribute

ALARM = Publication(
    message='{"AlarmName": "root-usage", "NewStateValue": "ALARM"}',
    texts={"email": "You are receiving this mail because …", "sms": "ALARM: root-usage"},
)
IN_ALARM = '{"NewStateValue": ["ALARM"]}'


@pytest.mark.parametrize("protocol", ["email", "email-json", "sqs", "https", "sms", "log"])
def test_a_policy_on_the_body_of_alarms_decides_the_same_for_every_protocol(protocol: str) -> None:
    assert judge_publication(IN_ALARM, "MessageBody", ALARM, protocol).is_accepted
    refused = judge_publication('{"NewStateValue": ["OK"]}', "MessageBody", ALARM, protocol)
    assert (refused.is_accepted, refused.failed_key) == (False, "NewStateValue")


@pytest.mark.parametrize("protocol", ["email", "sqs"])
def test_a_policy_on_attributes_drops_alarms_whatever_the_protocol(protocol: str) -> None:
    verdict = judge_publication(IN_ALARM, "MessageAttributes", ALARM, protocol)
    assert (verdict.is_accepted, verdict.failed_key) == (False, "the message has no usable attributes")


def test_json_for_a_protocol_is_what_is_looked_at() -> None:
    given = Publication(message='{"a": "default"}', texts={"sqs": '{"a": "queues"}'})
    assert judge_publication('{"a": ["queues"]}', "MessageBody", given, "sqs").is_accepted
    assert not judge_publication('{"a": ["queues"]}', "MessageBody", given, "email").is_accepted


def test_prose_alone_is_no_body_to_look_at() -> None:
    verdict = judge_publication(IN_ALARM, "MessageBody", Publication(message="plain text"), "email")
    assert (verdict.is_accepted, verdict.failed_key) == (False, "the body is no JSON object")


def test_attributes_are_looked_at_where_the_policy_says_so() -> None:
    given = Publication(message="m", attributes={"kind": MessageAttribute("String", "a")})
    assert judge_publication('{"kind": ["a"]}', "MessageAttributes", given, "email").is_accepted
