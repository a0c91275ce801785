"""Messages as SNS writes them, key by key. Spec: SNS-6, SNS-7.1, SNS-8.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute
from tocsin.core.envelope_text import (
    Links,
    envelope_json,
    is_sent_raw,
    message_headers,
    signed_text,
    string_to_sign,
    timestamp_text,
)

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
SUBSCRIPTION = f"{TOPIC}:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9"
AT = 1_790_105_249_337
PUBLIC = "https://sns.example.com"
CERTIFICATE = f"{PUBLIC}/SimpleNotificationService-0123abcd.pem"
TOKEN = "0f" * 128

# SNS-6.a, word for word.
NOTIFICATION = (
    """{
  "Type" : "Notification",
  "MessageId" : "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
  "TopicArn" : "arn:aws:sns:us-east-1:111122223333:sec-alerts",
  "Subject" : "hello",
  "Message" : "line one\\nline two",
  "Timestamp" : "2026-09-22T19:27:29.337Z",
  "SignatureVersion" : "1",
  "Signature" : "…",
  "SigningCertURL" : "https://sns.example.com/SimpleNotificationService-0123abcd.pem",
"""
    '  "UnsubscribeURL" : "https://sns.example.com/?Action=Unsubscribe&SubscriptionArn='
    'arn:aws:sns:us-east-1:111122223333:sec-alerts:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9",\n'
    """  "MessageAttributes" : {
    "kind" : {"Type":"String","Value":"wrapped"}
  }
}"""
)

# SNS-7.a.
TO_SIGN = (
    "Message⏎line one⏎line two⏎MessageId⏎5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001⏎Subject⏎hello⏎Timestamp⏎"
    "2026-09-22T19:27:29.337Z⏎TopicArn⏎arn:aws:sns:us-east-1:111122223333:sec-alerts⏎Type⏎Notification⏎"
).replace("⏎", "\n")


def envelope(**given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
            "topic_arn": TOPIC,
            "subscription_arn": SUBSCRIPTION,
            "protocol": "https",
            "endpoint": "https://hooks.example.com/",
            "message": "line one\nline two",
            "subject": "hello",
            "attributes": {"kind": MessageAttribute("String", "wrapped")},
            "published_at": AT,
            **given,
        }
    )


def confirmation(**given: Any) -> Envelope:
    kind = EnvelopeKind.SUBSCRIPTION_CONFIRMATION
    return envelope(**{"kind": kind, "subject": None, "attributes": {}, "message": "m", "token": TOKEN, **given})


def written(one: Envelope, **more: Any) -> str:
    return envelope_json(one, signature="…", signing_cert_url=CERTIFICATE, public_url=PUBLIC, **more)


def test_the_example_of_the_specification() -> None:
    assert written(envelope()) == NOTIFICATION
    assert string_to_sign(envelope(), public_url=PUBLIC) == TO_SIGN


UNSIGNED = ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "UnsubscribeURL"]
SIGNATURE = ["SignatureVersion", "Signature", "SigningCertURL"]
CONFIRMING = ["Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", *SIGNATURE]
FIFO = {"topic_arn": f"{TOPIC}.fifo", "sequence_number": "10000000000000000001"}


@pytest.mark.parametrize(
    ("one", "keys"),
    [
        pytest.param(
            envelope(attributes={}),
            [*UNSIGNED[:3], "Subject", *UNSIGNED[3:5], *SIGNATURE, "UnsubscribeURL"],
            id="subject",
        ),
        pytest.param(
            envelope(attributes={}, subject=None),
            [*UNSIGNED[:5], *SIGNATURE, "UnsubscribeURL"],
            id="no-subject",
        ),
        pytest.param(
            envelope(subject=None),
            [*UNSIGNED[:5], *SIGNATURE, "UnsubscribeURL", "MessageAttributes"],
            id="attributes",
        ),
        pytest.param(confirmation(), CONFIRMING, id="confirmation"),
        pytest.param(confirmation(kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION), CONFIRMING, id="unsubscribe"),
        pytest.param(
            envelope(subject=None, attributes={}, **FIFO),
            [*UNSIGNED[:2], "SequenceNumber", *UNSIGNED[2:]],
            id="fifo",
        ),
        pytest.param(
            envelope(attributes={}, **FIFO),
            [*UNSIGNED[:2], "SequenceNumber", "TopicArn", "Subject", *UNSIGNED[3:]],
            id="fifo-subject",
        ),
        pytest.param(
            envelope(subject=None, **FIFO),
            [*UNSIGNED[:2], "SequenceNumber", *UNSIGNED[2:], "MessageAttributes"],
            id="fifo-attributes",
        ),
    ],
)
def test_keys_have_their_order(one: Envelope, keys: list[str]) -> None:
    assert list(json.loads(written(one))) == keys


@pytest.mark.parametrize(
    "text",
    ['say "hi" \\ / </script>', "tab\tnull\x00bell\x07", "größe ☂ 𝄞", "\u2028", "\r\n", "", '",\n  "Type" : "x"'],
)
def test_any_text_reads_back_as_it_was(text: str) -> None:
    one = envelope(message=text, subject=text, attributes={text: MessageAttribute("String", text)})
    read = json.loads(written(one))
    assert (read["Message"], read["Subject"]) == (text, text)
    assert read["MessageAttributes"] == {text: {"Type": "String", "Value": text}}


def test_letters_of_other_scripts_stay_letters() -> None:
    assert "größe ☂" in written(envelope(message="größe ☂"))


def test_each_attribute_stands_on_a_line() -> None:
    attributes = {"a": MessageAttribute("Number", "1"), "b": MessageAttribute("Binary", "AAE=")}
    assert written(envelope(attributes=attributes)).endswith(
        '  "MessageAttributes" : {\n'
        '    "a" : {"Type":"Number","Value":"1"},\n'
        '    "b" : {"Type":"Binary","Value":"AAE="}\n'
        "  }\n}"
    )


@pytest.mark.parametrize("kind", [EnvelopeKind.SUBSCRIPTION_CONFIRMATION, EnvelopeKind.UNSUBSCRIBE_CONFIRMATION])
def test_a_confirmation_carries_its_link_and_signs_it(kind: EnvelopeKind) -> None:
    one = confirmation(kind=kind)
    url = f"{PUBLIC}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}"
    assert json.loads(written(one))["SubscribeURL"] == url
    assert string_to_sign(one, public_url=PUBLIC) == (
        f"Message\nm\nMessageId\n{one.message_id}\nSubscribeURL\n{url}\nTimestamp\n2026-09-22T19:27:29.337Z\n"
        f"Token\n{TOKEN}\nTopicArn\n{TOPIC}\nType\n{kind.value}\n"
    )


def test_links_may_be_others() -> None:
    links = Links("https://sns.example.com/confirm", "https://sns.example.com/leave")
    read = json.loads(written(confirmation(), links=links))
    assert read["SubscribeURL"] == links.subscribe
    assert signed_text(read) == string_to_sign(confirmation(), public_url=PUBLIC, links=links)
    assert json.loads(written(envelope(), links=links))["UnsubscribeURL"] == links.unsubscribe


@pytest.mark.parametrize("one", [envelope(), envelope(subject=None), envelope(subject=""), confirmation()])
def test_what_is_signed_can_be_told_from_the_json(one: Envelope) -> None:
    assert signed_text(json.loads(written(one))) == string_to_sign(one, public_url=PUBLIC)


def test_a_public_url_may_have_a_path() -> None:
    text = envelope_json(envelope(), signature="", signing_cert_url="", public_url="https://example.com/sns/")
    assert json.loads(text)["UnsubscribeURL"].startswith("https://example.com/sns/?Action=Unsubscribe&")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (AT, "2026-09-22T19:27:29.337Z"),
        (AT - 337, "2026-09-22T19:27:29.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_timestamps_have_milliseconds(at: int, text: str) -> None:
    assert timestamp_text(at) == text


COMMON = {"User-Agent": "Amazon Simple Notification Service Agent", "Accept-Encoding": "gzip,deflate"}
PLAIN = {**COMMON, "Content-Type": "text/plain; charset=UTF-8"}
NAMES = {"x-amz-sns-message-id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001", "x-amz-sns-topic-arn": TOPIC}


@pytest.mark.parametrize(
    ("one", "headers"),
    [
        (
            envelope(),
            {**PLAIN, "x-amz-sns-message-type": "Notification", "x-amz-sns-subscription-arn": SUBSCRIPTION},
        ),
        (
            envelope(is_raw=True, content_type="application/json"),
            {
                **COMMON,
                "Content-Type": "application/json",
                "x-amz-sns-message-type": "Notification",
                "x-amz-sns-subscription-arn": SUBSCRIPTION,
                "x-amz-sns-rawdelivery": "true",
            },
        ),
        (confirmation(is_raw=True), {**PLAIN, "x-amz-sns-message-type": "SubscriptionConfirmation"}),
        (
            confirmation(kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION),
            {
                **PLAIN,
                "x-amz-sns-message-type": "UnsubscribeConfirmation",
                "x-amz-sns-subscription-arn": SUBSCRIPTION,
            },
        ),
    ],
)
def test_headers(one: Envelope, headers: dict[str, str]) -> None:
    assert message_headers(one) == {**headers, **NAMES}


def test_confirmations_are_never_raw() -> None:
    assert is_sent_raw(envelope(is_raw=True))
    assert not is_sent_raw(envelope())
    assert not is_sent_raw(confirmation(is_raw=True))
