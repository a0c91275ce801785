"""What the dispatcher needs to deliver one message to one endpoint; the body of a `DeliveryRow`. Spec: SNS-2, SNS-6.

Rule: it is complete when it is written: a delivery depends on nothing that may change afterwards.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EnvelopeKind(StrEnum):
    """What a message is for: its `Type`."""

    NOTIFICATION = "Notification"
    SUBSCRIPTION_CONFIRMATION = "SubscriptionConfirmation"
    UNSUBSCRIBE_CONFIRMATION = "UnsubscribeConfirmation"


class MessageAttribute(msgspec.Struct, frozen=True):
    """A message attribute: String, String.Array, Number or Binary, and the value as text (Base64 for Binary)."""

    data_type: str
    value: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one endpoint. `published_at` is in milliseconds since the epoch.

    `message` is the text for this protocol (SNS-2.4). `token` belongs to confirmations. `is_raw` is
    RawMessageDelivery.
    """

    kind: EnvelopeKind
    message_id: str
    topic_arn: str
    subscription_arn: str
    protocol: str
    endpoint: str
    message: str
    subject: str | None = None
    attributes: dict[str, MessageAttribute] = {}
    published_at: int
    is_raw: bool = False
    token: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Envelope).decode


def pack_envelope(envelope: Envelope) -> bytes:
    """The bytes of an envelope."""
    return _encode(envelope)


def unpack_envelope(body: bytes) -> Envelope:
    """The envelope that `pack_envelope` has written."""
    return _decode(body)
