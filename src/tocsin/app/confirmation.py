"""Tokens with which an endpoint agrees to a subscription, or takes its end back. Spec: SNS-4.1, SNS-4.2, SNS-5.2.

Rule: a token is as long as nobody can guess, and only its digest is kept: who reads the store can confirm nothing
with it. A new token leaves the older ones valid.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.expiring import ExpiringDefinitions
from tocsin.app.publication import delivery_of
from tocsin.app.subscription_endpoint import MAIL
from tocsin.app.topic import TOPICS, put_subscription, subscription_arn, topic_arn, unsubscribe_mode
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.topic import KeptSubscription

TOKEN_LIFE_MS = 2 * 86_400_000
"""How long a token is valid (SNS-4.1)."""

_NOWHERE = Scope("", "")
_BYTES = 128
_FORM = re.compile(r"[0-9a-fA-F]{256}\Z")


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    """Which subscription a token is of."""

    account: str
    region: str
    topic: str
    ident: str


# By digest, in no scope: whoever has the token need not know whose the topic is, nor where.
_TOKENS = ExpiringDefinitions("subscription-token", _Token)


# The mails of this kind to each mailbox, by the digest of its address, whoever asked for them.
_MAILS = ExpiringDefinitions("confirmation-mail", str)
_MOST_MAILS = 5
_MAIL_WINDOW_MS = 3_600_000


def is_token(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _FORM.match(text) is not None


def find_token(store: StoreReader, token: str, *, now: int) -> tuple[Scope, str, str] | None:
    """Scope of the topic, its name and the subscription's id, for a token that is valid; None for any other."""
    found = _TOKENS.get(store, _NOWHERE, _digest(token), now=now)
    return None if found is None else (Scope(found.account, found.region), found.topic, found.ident)


def token_end(store: StoreReader, token: str, *, now: int) -> int | None:
    """When a token that is valid ends, in milliseconds since the epoch; None for any other."""
    return next(iter(_TOKENS.ends(store, _NOWHERE, prefix=_digest(token), now=now)), None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ask(
    service: Service, store: StoreWriter, home: Scope, subscription: KeptSubscription, kind: EnvelopeKind, *, now: int
) -> int | None:
    """Keep a subscription with a new token, and put the message that carries it into the outbox; when it goes.

    `kind` says whether the token confirms or restores. A mailbox that has had enough mails of this kind in the last
    hour gets this one later, and none (None) if it has one for the same subscription already (SNS-5.2).
    """
    due = now
    if subscription.protocol in MAIL:
        due = _next_mail(store, subscription.endpoint, now)
        if due > now and kind is EnvelopeKind.SUBSCRIPTION_CONFIRMATION and not subscription.is_gone(now):
            return None  # it has been written to already
        name = f"{_address(subscription.endpoint)}\0{service.new_id()}"
        _MAILS.put(store, _NOWHERE, name, "", now=now, until=due + _MAIL_WINDOW_MS)
    token = service.new_secret(_BYTES).hex()
    until = due + TOKEN_LIFE_MS
    kept = _Token(account=home.account, region=home.region, topic=subscription.topic, ident=subscription.ident)
    _TOKENS.put(store, _NOWHERE, _digest(token), kept, now=now, until=until)
    put_subscription(store, home, msgspec.structs.replace(subscription, token_ends_at=until))
    arn = topic_arn(home, subscription.topic)
    topic = TOPICS.get(store, home, subscription.topic)
    envelope = Envelope(
        kind=kind,
        message_id=service.new_id(),
        topic_arn=arn,
        subscription_arn=subscription_arn(home, subscription),
        protocol=subscription.protocol,
        endpoint=subscription.endpoint,
        message=_SENTENCES[kind].format(arn=arn, ident=subscription_arn(home, subscription)),
        published_at=now,
        token=token,
        token_ends_at=until,
        asked_by=subscription.principal,
        signature_version="1" if topic is None else topic.attributes.get("SignatureVersion", "1"),
        unsubscribe=unsubscribe_mode(topic, service.settings.mail_unsubscribe, subscription),
    )
    row = delivery_of(service, home, envelope, cause="confirmation")
    store.outbox.put([msgspec.structs.replace(row, next_at=due)])
    return due


def _next_mail(store: StoreReader, address: str, now: int) -> int:
    """When a mailbox may get another mail of this kind: now, or when the first of the last ones is an hour old."""
    ends = _MAILS.ends(store, _NOWHERE, prefix=f"{_address(address)}\0", now=now)
    return now if len(ends) < _MOST_MAILS else ends[-_MOST_MAILS]


def _address(address: str) -> str:
    return _digest(address.lower())


_SENTENCES = {
    EnvelopeKind.SUBSCRIPTION_CONFIRMATION: (
        "This endpoint was subscribed to the topic {arn}. It gets nothing until the subscription is confirmed: open "
        "the SubscribeURL of this message to confirm it, or leave it to lapse."
    ),
    EnvelopeKind.UNSUBSCRIBE_CONFIRMATION: (
        "The subscription {ident} was ended. If that was not meant, open the SubscribeURL of this message to take it "
        "back."
    ),
}
