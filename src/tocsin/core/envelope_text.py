"""A message as SNS writes it: its JSON, what is signed of it, its links and headers. Spec: SNS-6, SNS-7.1, SNS-8.1.

Rule: a message is written the same way on every attempt (SNS-7.4): nothing here depends on when it is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

import msgspec

from tocsin.core.envelope import EnvelopeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.envelope import Envelope

CONTENT_TYPE: Final = "text/plain; charset=UTF-8"
"""What a body is said to be where no delivery policy says otherwise (SNS-6.1)."""

USER_AGENT: Final = "Amazon Simple Notification Service Agent"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Links(NamedTuple):
    """The addresses in a message: the one confirms, or takes the end back; the other ends the subscription."""

    subscribe: str
    unsubscribe: str


def wire_links(envelope: Envelope, public_url: str) -> Links:
    """The addresses of the AWS API that a message carries (SNS-4.2, SNS-4.4)."""
    base = f"{public_url.rstrip('/')}/?Action="
    topic, subscription = quote(envelope.topic_arn, safe=":"), quote(envelope.subscription_arn, safe=":")
    return Links(
        subscribe=f"{base}ConfirmSubscription&TopicArn={topic}&Token={envelope.token or ''}",
        unsubscribe=f"{base}Unsubscribe&SubscriptionArn={subscription}",
    )


def timestamp_text(at: int) -> str:
    """Milliseconds since the epoch as SNS writes them: `2026-09-22T19:27:29.337Z`."""
    moment = (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def is_signed(envelope: Envelope) -> bool:
    """Whether its JSON carries a signature: messages of FIFO topics do not (SNS-6.2)."""
    return not envelope.topic_arn.endswith(".fifo")


def is_sent_raw(envelope: Envelope) -> bool:
    """Whether the message goes without its envelope, which confirmations never do (SNS-6.4)."""
    return envelope.is_raw and envelope.kind is EnvelopeKind.NOTIFICATION


def string_to_sign(envelope: Envelope, *, public_url: str, links: Links | None = None) -> str:
    """What the signature of a message is over: names and values, each on a line of its own (SNS-7.1)."""
    pairs = dict(_pairs(envelope, links or wire_links(envelope, public_url)))
    return signed_text(pairs)


_SIGNED: Final = {
    EnvelopeKind.NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    EnvelopeKind.SUBSCRIPTION_CONFIRMATION: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}


def signed_text(message: dict[str, str]) -> str:
    """The string to sign of a message by the names of its JSON; only Subject may be missing (SNS-7.1)."""
    is_notification = message["Type"] == EnvelopeKind.NOTIFICATION
    names = _SIGNED[EnvelopeKind.NOTIFICATION if is_notification else EnvelopeKind.SUBSCRIPTION_CONFIRMATION]
    return "".join(f"{name}\n{message[name]}\n" for name in names if name != "Subject" or name in message)


def envelope_json(
    envelope: Envelope, *, signature: str, signing_cert_url: str, public_url: str, links: Links | None = None
) -> str:
    """A message in SNS's layout, key by key (SNS-6.1, SNS-6.2).

    `signature` is in Base64. `links` are those of the AWS API at `public_url` where no others are given.
    """
    links = links or wire_links(envelope, public_url)
    pairs = list(_pairs(envelope, links))
    if is_signed(envelope):
        pairs += (
            ("SignatureVersion", envelope.signature_version),
            ("Signature", signature),
            ("SigningCertURL", signing_cert_url),
        )
    lines = [f"  {_text(name)} : {_text(value)}" for name, value in pairs]
    if envelope.kind is EnvelopeKind.NOTIFICATION:
        lines.append(f'  "UnsubscribeURL" : {_text(links.unsubscribe)}')
        if envelope.attributes:
            lines.append(_attributes(envelope))
    return "{\n" + ",\n".join(lines) + "\n}"


def _pairs(envelope: Envelope, links: Links) -> Iterable[tuple[str, str]]:
    """The members before the signature, in their order."""
    yield "Type", envelope.kind.value
    yield "MessageId", envelope.message_id
    if envelope.kind is not EnvelopeKind.NOTIFICATION:
        yield "Token", envelope.token or ""
    elif envelope.sequence_number is not None:
        yield "SequenceNumber", envelope.sequence_number
    yield "TopicArn", envelope.topic_arn
    if envelope.subject is not None:
        yield "Subject", envelope.subject
    yield "Message", envelope.message
    if envelope.kind is not EnvelopeKind.NOTIFICATION:
        yield "SubscribeURL", links.subscribe
    yield "Timestamp", timestamp_text(envelope.published_at)


def _attributes(envelope: Envelope) -> str:
    """The message attributes, one on a line."""
    lines = [
        f"    {_text(name)} : " + _encode({"Type": one.data_type, "Value": one.value}).decode()
        for name, one in envelope.attributes.items()
    ]
    return '  "MessageAttributes" : {\n' + ",\n".join(lines) + "\n  }"


def _text(value: str) -> str:
    return _encode(value).decode()


def message_headers(envelope: Envelope) -> dict[str, str]:
    """The headers of a message over HTTP, without those of the connection (SNS-8.1)."""
    headers = {
        "x-amz-sns-message-type": envelope.kind.value,
        "x-amz-sns-message-id": envelope.message_id,
        "x-amz-sns-topic-arn": envelope.topic_arn,
    }
    if envelope.kind is not EnvelopeKind.SUBSCRIPTION_CONFIRMATION:
        headers["x-amz-sns-subscription-arn"] = envelope.subscription_arn
    if is_sent_raw(envelope):
        headers["x-amz-sns-rawdelivery"] = "true"
    return {
        **headers,
        "Content-Type": envelope.content_type or CONTENT_TYPE,
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "gzip,deflate",
    }
