"""What the pages behind the links in mails show and do. Spec: SNS-5.4, SNS-5.5, SNS-5.7.

Rule: looking changes nothing. What acts is a second step, which the page asks for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.confirmation import find_token, is_token, token_end
from tocsin.app.digest import digest_ms
from tocsin.app.subscription import confirm_subscription, end_by_link
from tocsin.app.subscription_endpoint import MAIL
from tocsin.app.topic import (
    SUBSCRIPTIONS,
    TOPICS,
    subscription_arn,
    subscription_name,
    topic_arn,
    unsubscribe_mode,
)
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.topic import KeptSubscription

_ARN_PARTS = 7


class Standing(StrEnum):
    """How a subscription stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class LinkedSubscription(NamedTuple):
    """The subscription that a link is about, and what it would get.

    `is_protected`: no link ends it. `mode` is what it takes to end it (SNS-5.4). `until` is when the token of the link
    ends, in milliseconds since the epoch; None for a link that ends a subscription. `alarms` is how many publish to the
    topic, `digest_ms` the time in which it sends one mail at most, None without a digest.
    """

    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    owner: str
    standing: Standing
    is_protected: bool
    mode: str
    until: int | None
    attributes: Mapping[str, str]
    alarms: int
    digest_ms: int | None


def look_at_confirmation(service: Service, token: str) -> LinkedSubscription | None:
    """The subscription that a token confirms or restores; None for a token that is unknown or too old."""
    with service.store.read() as store:
        return _of_token(service, store, token)


def confirm_by_link(service: Service, token: str) -> LinkedSubscription | None:
    """Confirm or restore it; None as above."""
    known = look_at_confirmation(service, token)
    if known is None:
        return None
    scope = _scope_of(known.topic_arn)
    try:
        confirm_subscription(service, scope, known.topic_arn, token, protects=False, is_signed=False)
    except (InvalidParameterError, NotFoundError):  # it went while we looked
        return None
    return look_at_confirmation(service, token)


def look_at_subscription(service: Service, arn: str) -> LinkedSubscription | None:
    """The subscription of an ARN; None for one that is not there any more."""
    with service.store.read() as store:
        found = _of_arn(store, arn, service.now_ms())
        return None if found is None else _linked(service, store, *found)


def leave_by_link(service: Service, arn: str) -> LinkedSubscription | None:
    """End it, where its topic lets it go by a link; as it stands afterwards, None for one that is not there."""
    now = service.now_ms()

    def work(store: StoreWriter) -> LinkedSubscription | None:
        found = _of_arn(store, arn, now)
        if found is None:
            return None
        linked = _linked(service, store, *found)
        if not linked.is_protected and linked.standing is Standing.CONFIRMED:
            end_by_link(service, store, *found, now=now)
            found = _of_arn(store, arn, now)
        return None if found is None else _linked(service, store, *found)

    return service.store.write(work)


def _of_token(service: Service, store: StoreReader, token: str) -> LinkedSubscription | None:
    now = service.now_ms()
    place = find_token(store, token, now=now) if is_token(token) else None
    if place is None:
        return None
    home, topic, ident = place
    found = SUBSCRIPTIONS.get(store, home, subscription_name(topic, ident))
    return None if found is None else _linked(service, store, home, found, until=token_end(store, token, now=now))


def _of_arn(store: StoreReader, arn: str, now: int) -> tuple[Scope, KeptSubscription] | None:
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS:
        return None
    home = Scope(parts[4], parts[3])
    found = SUBSCRIPTIONS.get(store, home, subscription_name(parts[5], parts[6]))
    return None if found is None or found.is_gone(now) else (home, found)


def _scope_of(arn: str) -> Scope:
    parts = arn.split(":")
    return Scope(parts[4], parts[3])


def _linked(
    service: Service, store: StoreReader, home: Scope, one: KeptSubscription, *, until: int | None = None
) -> LinkedSubscription:
    topic, arn = TOPICS.get(store, home, one.topic), topic_arn(home, one.topic)
    mode = unsubscribe_mode(topic, service.settings.mail_unsubscribe, one)
    standing = Standing.CONFIRMED if one.receives else Standing.PENDING if one.deleted_at is None else Standing.ENDED
    return LinkedSubscription(
        arn=subscription_arn(home, one),
        topic_arn=arn,
        protocol=one.protocol,
        endpoint=one.endpoint,
        owner=one.owner,
        standing=standing,
        is_protected=one.is_protected or (one.protocol in MAIL and mode == "protected"),
        mode=mode,
        until=until,
        attributes=one.attributes,
        alarms=len(service.part(TopicAlarms).of(store, arn)),
        digest_ms=None if topic is None else digest_ms(topic),
    )
