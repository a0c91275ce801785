"""Subscriptions: made, confirmed, changed, ended. Spec: SNS-3, SNS-4, SNS-5.4, SNS-5.5, WIRE-9.9.

Rule: who has not confirmed gets nothing; what confirms is a token that nobody can guess, or an endpoint that needs
no confirmation (SNS-3.1). A subscription may be seen and changed by who made it and by whose the topic is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.confirmation import ask, find_token, is_token
from tocsin.app.subscription_endpoint import (
    MAIL,
    SUBSCRIPTION_ATTRIBUTES,
    as_kept,
    check_attribute,
    check_attributes,
    check_endpoint,
    check_for_topic,
    needs_confirmation,
    shown_endpoint,
)
from tocsin.app.topic import (
    ELSEWHERE,
    OVER_HTTP,
    SUBSCRIPTIONS,
    TOPICS,
    KeptSubscription,
    as_json,
    check_arn,
    invalid,
    put_subscription,
    remove_subscription,
    require_topic,
    subscription_arn,
    subscription_name,
    subscriptions_of,
    topic_arn,
    topic_of,
    unsubscribe_mode,
)
from tocsin.app.topic_history import SubscriptionEvent, note
from tocsin.core.delivery_policy import effective_subscription_policy
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.scope import Scope
from tocsin.errors import AccessDeniedError, InvalidParameterError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.topic import Topic

_ARN_PARTS = 7
MOST_FILTER_POLICIES = 200
"""Filter policies of a topic (SNS-9.5)."""

MOST_FIFO_SUBSCRIPTIONS = 100
"""Subscriptions of a FIFO topic (SNS-11.1)."""


class Subscribed(NamedTuple):
    """The ARN of a subscription, and whether it is confirmed."""

    arn: str
    is_confirmed: bool


class Listed(NamedTuple):
    """A subscription in a list: the scope of its topic, and where in the list it stands."""

    home: Scope
    subscription: KeptSubscription
    place: tuple[str, str]


class NoSubscriptionError(NotFoundError):
    """There is no such subscription."""

    def __init__(self) -> None:
        super().__init__("Subscription does not exist", resource="subscription")


def subscribe(
    service: Service,
    scope: Scope,
    arn: str,
    protocol: str,
    endpoint: str,
    *,
    attributes: Mapping[str, str],
    principal: str,
) -> Subscribed:
    """Make a subscription, or find the one of that endpoint; a pending one is asked again (SNS-3.3).

    `principal` is the ARN of who subscribes.
    """
    topic_of(arn, scope)
    check_endpoint(protocol, endpoint)
    now = service.now_ms()

    def work(store: StoreWriter) -> Subscribed:
        home, topic = require_topic(store, arn, scope, of_any_account=True)
        check_for_topic(topic, protocol, endpoint)
        given = check_attributes(attributes, protocol, endpoint, topic.name)
        others = _present(store, home, topic, now)
        known = next((one for one in others if (one.protocol, one.endpoint) == (protocol, endpoint)), None)
        if known is not None:
            if any(known.attributes.get(name, _DEFAULTS.get(name)) != value for name, value in given.items()):
                raise invalid("Attributes Reason: Subscription already exists with different attributes")
            if known.confirmed_at is None:
                ask(service, store, home, known, EnvelopeKind.SUBSCRIPTION_CONFIRMATION, now=now)
            return Subscribed(subscription_arn(home, known), known.confirmed_at is not None)
        if topic.is_fifo and len(others) >= MOST_FIFO_SUBSCRIPTIONS:
            raise LimitExceededError("Subscription limit exceeded", resource="subscription")
        if "FilterPolicy" in given:
            _require_room_for_policy(others)
        waits = needs_confirmation(protocol, endpoint, scope.account)
        made = KeptSubscription(
            ident=service.new_id(),
            topic=topic.name,
            protocol=protocol,
            endpoint=endpoint,
            owner=scope.account,
            principal=principal,
            created_at=now,
            confirmed_at=None if waits else now,
            was_authenticated=not waits,
            attributes=given,
        )
        if waits:
            ask(service, store, home, made, EnvelopeKind.SUBSCRIPTION_CONFIRMATION, now=now)
        else:
            put_subscription(store, home, made)
        return Subscribed(subscription_arn(home, made), not waits)

    return service.store.write(work)


_DEFAULTS = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}


def _present(store: StoreWriter, home: Scope, topic: Topic, now: int) -> list[KeptSubscription]:
    """The subscriptions of a topic that have not ended; those that are gone are removed."""
    present: list[KeptSubscription] = []
    for one in subscriptions_of(store, home, topic.name):
        if one.is_gone(now):
            remove_subscription(store, home, one)
        elif one.deleted_at is None:
            present.append(one)
    return present


def _require_room_for_policy(others: Sequence[KeptSubscription]) -> None:
    if sum("FilterPolicy" in one.attributes for one in others) >= MOST_FILTER_POLICIES:
        raise LimitExceededError("Filter policy limit exceeded", resource="filter-policy")


# ---------------------------------------------------------------- confirming


def confirm_subscription(
    service: Service, scope: Scope, arn: str, token: str, *, protects: bool, is_signed: bool
) -> str:
    """Confirm or restore the subscription that a token is of; its ARN (SNS-4.2, SNS-4.3).

    `scope` is that of the caller, or without a signature that of the ARN in the link.

    Raises:
        InvalidParameterError: the ARN is of no topic of this region, or the token is unknown.
        NotFoundError: the token is valid, and the subscription is gone.
        AccessDeniedError: it is to be protected by somebody whose it is not.
    """
    try:
        topic_of(arn, scope)
    except InvalidParameterError:
        raise invalid("Topic") from None
    if not is_token(token):
        raise InvalidParameterError("Invalid token", aws_code="InvalidParameter")
    now = service.now_ms()

    def work(store: StoreWriter) -> str:
        place = find_token(store, token, now=now)
        if place is None or place[0].region != scope.region:
            raise invalid("Token")
        home, topic, ident = place
        found = SUBSCRIPTIONS.get(store, home, subscription_name(topic, ident))
        if found is None:
            raise NoSubscriptionError
        if protects:
            if not is_signed or found.owner != scope.account:
                raise AccessDeniedError("To disallow anonymous unsubscription, subscriber and confirmer IDs must match")
            if found.is_protected:
                raise AccessDeniedError("Subscription already confirmed")
        confirmed = msgspec.structs.replace(
            found,
            confirmed_at=now if found.confirmed_at is None else found.confirmed_at,
            was_authenticated=is_signed if found.confirmed_at is None else found.was_authenticated,
            is_protected=found.is_protected or protects,
            deleted_at=None,
        )
        if confirmed != found:
            put_subscription(store, home, confirmed)
        if not found.receives:
            event = SubscriptionEvent.CONFIRMED if found.confirmed_at is None else SubscriptionEvent.RESTORED
            note(service, store, home, found, event)
        return subscription_arn(home, found)

    return service.store.write(work)


# ---------------------------------------------------------------- ending


def _ident_of(arn: str, scope: Scope) -> tuple[Scope, str, str]:
    """Scope, topic and id in a subscription's ARN."""
    if not arn:
        raise invalid("SubscriptionArn Reason: no value for required parameter")
    if arn in {"pending confirmation", "PendingConfirmation"}:  # what Subscribe and the lists give in its place
        raise invalid(f"SubscriptionArn Reason: {arn} does not start with arn")
    parts = check_arn(arn, "SubscriptionArn")
    if len(parts) != _ARN_PARTS or parts[:4] != ["arn", scope.partition, "sns", scope.region]:
        raise invalid("SubscriptionId")
    return Scope(parts[4], parts[3]), parts[5], parts[6]


def _get(
    store: StoreReader, place: tuple[Scope, str, str], scope: Scope, now: int
) -> tuple[Scope, KeptSubscription] | None:
    """A subscription that has not ended, and that the caller's account may see."""
    home, topic, ident = place
    found = SUBSCRIPTIONS.get(store, home, subscription_name(topic, ident))
    if found is None or found.is_gone(now) or scope.account not in {home.account, found.owner}:
        return None
    return home, found


def unsubscribe(service: Service, scope: Scope, arn: str, *, is_signed: bool, by: str = "") -> None:
    """End a subscription; one that is not there has ended already (SNS-4.4). `by` is the ARN of who does it.

    Without a signature it is ended in a way that can be taken back: its endpoint gets a token for that.

    Raises:
        AccessDeniedError: the link is not enough: it is protected, or a mailbox whose topic is not `open` (SNS-5.5).
    """
    place = _ident_of(arn, scope)
    now = service.now_ms()

    def work(store: StoreWriter) -> None:
        found = _get(store, place, scope, now)
        if found is None:
            return
        home, subscription = found
        if subscription.confirmed_at is None:
            raise invalid("SubscriptionArn Reason: pending confirmation does not start with arn")
        if is_signed:
            remove_subscription(store, home, subscription)
            note(service, store, home, subscription, SubscriptionEvent.REMOVED, by=by)
            return
        if subscription.is_protected or not _may_end_by_link(service, store, home, subscription):
            raise AccessDeniedError("This subscription may only be deleted by an authorized user.")
        end_by_link(service, store, home, subscription, now=now)

    service.store.write(work)


def end_by_link(service: Service, store: StoreWriter, home: Scope, subscription: KeptSubscription, *, now: int) -> None:
    """End a subscription so that it can be taken back by a token, which its endpoint gets; once is enough."""
    if subscription.deleted_at is None:
        ended = msgspec.structs.replace(subscription, deleted_at=now)
        ask(service, store, home, ended, EnvelopeKind.UNSUBSCRIBE_CONFIRMATION, now=now)
        note(service, store, home, subscription, SubscriptionEvent.LEFT)


def _may_end_by_link(service: Service, store: StoreReader, home: Scope, subscription: KeptSubscription) -> bool:
    """Whether opening a link is enough: for URLs always, for mailboxes in the mode `open` alone (SNS-5.4, SNS-5.5)."""
    if subscription.protocol not in MAIL:
        return subscription.protocol in OVER_HTTP
    topic = TOPICS.get(store, home, subscription.topic)
    return unsubscribe_mode(topic, service.settings.mail_unsubscribe, subscription) == "open"


# ---------------------------------------------------------------- telling and changing


def subscription_attributes(service: Service, scope: Scope, arn: str) -> dict[str, str]:
    """The attributes of a subscription (SNS-3.5)."""
    place = _ident_of(arn, scope)
    with service.store.read() as store:
        found = _get(store, place, scope, service.now_ms())
        topic = None if found is None else TOPICS.get(store, found[0], found[1].topic)
    if found is None or topic is None:
        raise NoSubscriptionError
    home, subscription = found
    attributes = dict(subscription.attributes)
    if "FilterPolicy" in attributes:
        attributes.setdefault("FilterPolicyScope", _DEFAULTS["FilterPolicyScope"])
    else:
        attributes.pop("FilterPolicyScope", None)
    if subscription.protocol in OVER_HTTP:
        attributes["EffectiveDeliveryPolicy"] = as_json(
            effective_subscription_policy(
                attributes.get("DeliveryPolicy", ""), topic=topic.attributes.get("DeliveryPolicy", "")
            )
        )
    return {
        "ConfirmationWasAuthenticated": _shown(subscription.was_authenticated),
        "Endpoint": shown_endpoint(subscription),
        "Owner": subscription.owner,
        "PendingConfirmation": _shown(subscription.confirmed_at is None),
        "Protocol": subscription.protocol,
        "RawMessageDelivery": "false",
        "SubscriptionArn": subscription_arn(home, subscription),
        "SubscriptionPrincipal": subscription.principal,
        "TopicArn": topic_arn(home, subscription.topic),
        **attributes,
    }


def _shown(value: bool) -> str:
    return "true" if value else "false"


def set_subscription_attribute(service: Service, scope: Scope, arn: str, name: str, value: str | None) -> None:
    """Set one attribute; None, or for a filter policy `{}`, takes it away (SNS-9.1)."""
    place = _ident_of(arn, scope)
    now = service.now_ms()

    def work(store: StoreWriter) -> None:
        found = _get(store, place, scope, now)
        if found is None:
            raise NoSubscriptionError
        if name not in SUBSCRIPTION_ATTRIBUTES:
            raise invalid("AttributeName")
        home, subscription = found
        attributes = dict(subscription.attributes)
        if value is None or (value == "" and name not in _DEFAULTS):
            attributes.pop(name, None)
        else:
            changed = {**attributes, name: value}
            check_attribute(changed, name, subscription.endpoint, subscription.topic, prefix="")
            if name == "FilterPolicyScope" and "FilterPolicy" in changed:  # it has to be one in the new scope, too
                check_attribute(changed, "FilterPolicy", subscription.endpoint, subscription.topic, prefix="")
            kept = as_kept(name, value)
            if name == "FilterPolicy" and kept and name not in attributes:
                _require_room_for_policy(subscriptions_of(store, home, subscription.topic))
            attributes = {key: one for key, one in {**attributes, name: kept}.items() if one}
        put_subscription(store, home, msgspec.structs.replace(subscription, attributes=attributes))

    service.store.write(work)


def list_subscriptions(
    service: Service, scope: Scope, *, after: tuple[str, str] | None = None, limit: int
) -> tuple[list[Listed], bool]:
    """The subscriptions that an account has made, and whether there are more (SNS-3.7).

    Those to its own topics come first, by topic and id; then those to topics of other accounts.
    """
    with service.store.read() as store:
        listed = _take(_own(store, scope, after), service.now_ms(), limit + 1, owner=scope.account)
        listed += _take(_elsewhere(store, scope, after), service.now_ms(), limit + 1 - len(listed), owner=scope.account)
    return listed[:limit], len(listed) > limit


def list_subscriptions_of_topic(
    service: Service, scope: Scope, arn: str, *, after: tuple[str, str] | None = None, limit: int
) -> tuple[list[Listed], bool]:
    """The subscriptions to a topic, whoever made them, by their ids, and whether there are more."""
    with service.store.read() as store:
        home, topic = require_topic(store, arn, scope)
        listed = _take(_own(store, home, after, prefix=f"{topic.name}\0"), service.now_ms(), limit + 1)
    return listed[:limit], len(listed) > limit


_OWN = "own"
_CHUNK = 200


def _own(store: StoreReader, home: Scope, after: tuple[str, str] | None, *, prefix: str = "") -> Iterator[Listed]:
    """The subscriptions to topics of a scope, behind a place in the list."""
    if after is not None and after[0] != _OWN:
        return
    last = None if after is None else after[1]
    while chunk := SUBSCRIPTIONS.scan(store, home, prefix=prefix, after=last, limit=_CHUNK):
        for name, one in chunk:
            yield Listed(home, one, (_OWN, name))
        last = chunk[-1][0]


def _elsewhere(store: StoreReader, scope: Scope, after: tuple[str, str] | None) -> Iterator[Listed]:
    """The subscriptions of an account to topics of others, behind a place in the list."""
    last = None if after is None or after[0] == _OWN else after[1]
    while chunk := ELSEWHERE.scan(store, scope, after=last, limit=_CHUNK):
        for name, account in chunk:
            home = Scope(account, scope.region)
            one = SUBSCRIPTIONS.get(store, home, name.partition("\0")[2])
            if one is not None:  # the other account may have been emptied
                yield Listed(home, one, ("elsewhere", name))
        last = chunk[-1][0]


def _take(found: Iterator[Listed], now: int, limit: int, *, owner: str | None = None) -> list[Listed]:
    """The first of those that are not gone, of one owner where one is given."""
    taken: list[Listed] = []
    for one in found:
        if len(taken) >= limit:
            break
        if not one.subscription.is_gone(now) and owner in {None, one.subscription.owner}:
            taken.append(one)
    return taken
