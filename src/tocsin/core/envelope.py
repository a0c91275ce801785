"""What the dispatcher needs to deliver one message to one endpoint; the body of a `DeliveryRow`. Spec: SNS-2, SNS-6.

Rule: it is complete when it is written: a delivery depends on nothing that may change afterwards.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

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

    `message` is the text for this protocol (SNS-2.4). `token` belongs to confirmations and `token_ends_at` says
    until when it works, in milliseconds since the epoch; `asked_by` is the ARN of who subscribed. `is_raw` is
    RawMessageDelivery. `signature_version`, `display_name` and `unsubscribe` (a mode of SNS-5.4) are what the topic
    or the settings said. Over HTTP `retry_policy` is the healthyRetryPolicy in force, `content_type` the header
    where a policy names one. `most_per_second` bounds deliveries to the subscription. `dead_letter_arn` is the queue
    of what fails in the end. `alarm_arn` is set where an alarm speaks, and `records` are the raw records behind it,
    as NDJSON, for a mail's attachment.
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
    token_ends_at: int | None = None
    asked_by: str = ""
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    signature_version: str = "1"
    display_name: str = ""
    unsubscribe: str = "protected"
    retry_policy: dict[str, Any] | None = None
    content_type: str = ""
    most_per_second: float | None = None
    dead_letter_arn: str = ""
    alarm_arn: str = ""
    records: bytes = b""

    @property
    def topic_name(self) -> str:
        """The name in the topic's ARN."""
        return self.topic_arn.rpartition(":")[2]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Envelope).decode


def pack_envelope(envelope: Envelope) -> bytes:
    """The bytes of an envelope."""
    return _encode(envelope)


def unpack_envelope(body: bytes) -> Envelope:
    """The envelope that `pack_envelope` has written."""
    return _decode(body)
