"""Signatures: an independent receiver accepts what we sign, and nothing that was changed on its way. Spec: SNS-7."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sns_verifier import is_genuine

from tocsin.clock import ManualClock
from tocsin.composition.signing_key import SigningKey
from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute
from tocsin.core.envelope_text import Links
from tocsin.notifiers.signature import MessageSigner

PUBLIC = "https://sns.example.com"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
TOKEN = "0f" * 128


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey(None, ManualClock(AT))


def envelope(**given: Any) -> Envelope:
    return Envelope(
        **{
            "kind": EnvelopeKind.NOTIFICATION,
            "message_id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
            "topic_arn": TOPIC,
            "subscription_arn": f"{TOPIC}:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9",
            "protocol": "https",
            "endpoint": "https://hooks.example.com/",
            "message": "größe\n☂ 𝄞",
            "subject": "hello",
            "attributes": {"kind": MessageAttribute("String", "wrapped")},
            "published_at": 1_790_105_249_337,
            **given,
        }
    )


MESSAGES = {
    "notification": envelope(),
    "no-subject": envelope(subject=None),
    "confirmation": envelope(kind=EnvelopeKind.SUBSCRIPTION_CONFIRMATION, subject=None, token=TOKEN),
    "unsubscribe": envelope(kind=EnvelopeKind.UNSUBSCRIBE_CONFIRMATION, subject=None, token=TOKEN),
}
SIGNED = {
    **dict.fromkeys(("notification",), ("Message", "MessageId", "Subject", "Timestamp", "TopicArn")),
    **dict.fromkeys(("no-subject",), ("Message", "MessageId", "Timestamp", "TopicArn")),
    **dict.fromkeys(
        ("confirmation", "unsubscribe"), ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn")
    ),
}


def fetching(key: SigningKey):
    def fetch(url: str) -> bytes:
        assert url.startswith(PUBLIC)
        found = key.certificate(url.removeprefix(PUBLIC).encode())
        assert found is not None
        return found

    return fetch


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_receiver_accepts_it(key: SigningKey, name: str, version: str) -> None:
    signer = MessageSigner(key, public_url=PUBLIC)
    one = msgspec.structs.replace(MESSAGES[name], signature_version=version)
    body = signer.body(one)
    assert json.loads(body)["SignatureVersion"] == version
    assert is_genuine(body, fetching(key))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(("name", "member"), [(name, one) for name, members in SIGNED.items() for one in members])
def test_a_receiver_refuses_what_was_changed(key: SigningKey, name: str, version: str, member: str) -> None:
    signer = MessageSigner(key, public_url=PUBLIC)
    message = json.loads(signer.body(msgspec.structs.replace(MESSAGES[name], signature_version=version)))
    message[member] += "x"
    assert not is_genuine(json.dumps(message), fetching(key))


def test_one_signature_does_for_all_subscribers_and_attempts(key: SigningKey) -> None:
    used, real = [], key

    class Counting:
        certificate_path = real.certificate_path

        @property
        def key(self) -> Any:
            used.append(1)
            return real.key

    signer = MessageSigner(Counting(), public_url=PUBLIC)
    bodies = {signer.body(envelope(subscription_arn=f"{TOPIC}:{number}")) for number in range(50)}
    assert len(bodies) == 50
    assert len({json.loads(body)["Signature"] for body in bodies}) == 1
    assert signer.body(envelope()) == signer.body(envelope())
    assert len(used) == 1
    signer.body(envelope(signature_version="2"))
    signer.body(envelope(message="other"))
    assert len(used) == 3


def test_messages_of_fifo_topics_are_not_signed(key: SigningKey) -> None:
    one = envelope(topic_arn=f"{TOPIC}.fifo", sequence_number="1")
    assert (
        not {"Signature", "SignatureVersion", "SigningCertURL"}
        & json.loads(MessageSigner(key, public_url=PUBLIC).body(one)).keys()
    )


def test_raw_messages_go_as_they_are(key: SigningKey) -> None:
    signer = MessageSigner(key, public_url=PUBLIC)
    assert signer.body(envelope(is_raw=True)) == "größe\n☂ 𝄞"
    confirmation = msgspec.structs.replace(MESSAGES["confirmation"], is_raw=True)
    assert json.loads(signer.body(confirmation))["Type"] == "SubscriptionConfirmation"


def test_other_links_are_signed_as_well(key: SigningKey) -> None:
    links = Links("https://sns.example.com/page?token=1", "https://sns.example.com/leave")
    body = MessageSigner(key, public_url=PUBLIC).body(MESSAGES["confirmation"], links=links)
    assert json.loads(body)["SubscribeURL"] == links.subscribe
    assert is_genuine(body, fetching(key))
