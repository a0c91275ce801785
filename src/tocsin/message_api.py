"""The part of the Python API for those who receive messages. Spec: IF-5, SNS-7.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.clock import SystemClock
from tocsin.core.message_signature import check_certificate_url, read_message
from tocsin.errors import InputError, SignatureError
from tocsin.sources.signing_certificate import CertificateCache, check_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

_certificates = CertificateCache()


def verify_message(
    body: str | bytes | Mapping[str, Any],
    *,
    server: str = "",
    topics: Iterable[str] = (),
    at: datetime | None = None,
    fetch: Callable[[str], bytes] | None = None,
) -> dict[str, Any]:
    """Check the signature of a message that came from Amazon SNS, or from a `tocsin serve`: its members (SNS-7.2).

    `body` is the body of the HTTP request, or of the message in a queue, as text, bytes or an object. `server` is
    the public URL of the Tocsin whose messages are expected (`https://tocsin.example.com`; plain http on loopback
    alone); without it they are Amazon's. `topics` are the ARNs of topics that messages may be of; without them every
    topic is accepted, although **anybody can have a topic**: check `TopicArn` yourself then. `at` is an aware
    datetime, by default now, at which the certificate has to be valid.

    The certificate is fetched from SigningCertURL without following redirects, and kept by its URL. `fetch` does
    that in another way, for networks with a proxy: it gets a URL that was checked, and gives a PEM file; what it
    gives is not kept. Message attributes and UnsubscribeURL are not signed: do not trust them. Messages of FIFO topics
    carry no signature, and are refused.

    Raises SignatureError for a message that is not to be trusted, SourceError when the certificate cannot be fetched
    (the message may be good: have it sent again), InputError for a `server` or a time that cannot be used.
    """
    if at is not None and at.tzinfo is None:
        raise InputError(f"at: {at} has no time zone", hint="give an aware datetime")
    message = read_message(body)
    check_certificate_url(message.certificate_url, server)
    chain = (_certificates if fetch is None else CertificateCache(fetch)).chain(message.certificate_url)
    now = SystemClock().now() if at is None else at
    check_signature(chain, message.text, message.signature, version=message.version, at=now)
    expected = tuple(topics)
    if expected and message.members["TopicArn"] not in expected:
        raise SignatureError("the message is of another topic than expected")
    return message.members
