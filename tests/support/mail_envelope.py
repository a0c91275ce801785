"""Envelopes for mailboxes, and a writer of mails."""

from __future__ import annotations

from typing import Any

from tocsin.clock import SystemClock
from tocsin.composition.signing_key import SigningKey
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.notifiers.mail_message import MailWriter
from tocsin.notifiers.signature import MessageSigner

TOPIC = "arn:aws:sns:eu-west-1:111122223333:sec-alerts"
SUBSCRIPTION = f"{TOPIC}:8e0ebeef-3438-4f2b-9b21-1081a8ee92d9"
PUBLIC = "https://tocsin.example.com"
TOKEN = "ab" * 128
WRITER = MailWriter(
    MessageSigner(SigningKey(None, SystemClock()), public_url=PUBLIC),
    sender="tocsin@example.com",
    public_url=f"{PUBLIC}/",
    unsubscribe_token=lambda arn: f"mark.{arn[-4:]}",
)


def envelope(**members: Any) -> Envelope:
    """A message for a mailbox."""
    plain = {
        "kind": EnvelopeKind.NOTIFICATION,
        "message_id": "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001",
        "topic_arn": TOPIC,
        "subscription_arn": SUBSCRIPTION,
        "protocol": "email",
        "endpoint": "alice@example.com",
        "message": "something happened",
        "subject": "hello",
        "published_at": 1_772_366_400_123,
    }
    return Envelope(**{**plain, **members})


def question(**members: Any) -> Envelope:
    """What asks for a confirmation."""
    plain = {
        "kind": EnvelopeKind.SUBSCRIPTION_CONFIRMATION,
        "subject": None,
        "token": TOKEN,
        "token_ends_at": 1_772_539_200_123,
        "asked_by": "arn:aws:iam::111122223333:user/bob",
    }
    return envelope(**{**plain, **members})
