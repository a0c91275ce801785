"""What the one who runs the service does about subscriptions, in whatever account. Spec: SNS-12.1, SNS-12.3, IF-7.

Rule: nobody is subscribed by this; what was asked for is asked again, or agreed to on behalf of an address that cannot,
with a reason that is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.confirmation import ask
from tocsin.app.subscription_endpoint import MAIL
from tocsin.app.subscription_reading import read_subscriptions
from tocsin.app.topic import (
    OVER_HTTP,
    SUBSCRIPTIONS,
    UNSUBSCRIBE_MODES,
    put_subscription,
    subscription_name,
    topic_arn,
)
from tocsin.app.topic_history import SubscriptionEvent, note
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.scope import Scope
from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.subscription_reading import SubscriptionReading
    from tocsin.app.topic import KeptSubscription

_ARN_PARTS = 7
_LONGEST_REASON = 500


class NoReasonError(InputError):
    """Nobody said why an address is to be confirmed by somebody else."""


class SubscriptionState(NamedTuple):
    """A subscription as it stands. Times are milliseconds since the epoch; `until` is the end of its newest token.

    `state` is pending, confirmed, protected or deleted (SNS-4.5). `outcome` is what became of the last delivery.
    `reason` is why somebody agreed on its behalf.
    """

    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    state: str
    since: int
    until: int | None
    outcome: str
    reason: str


def list_subscriptions(service: Service) -> list[SubscriptionState]:
    """All subscriptions that are not gone, by account, region and topic."""
    with service.store.read() as store:
        found = ((home, one) for home, _, one in SUBSCRIPTIONS.scan_all(store))
        return [_state(one) for one in read_subscriptions(service, store, found)]


def _state(one: SubscriptionReading) -> SubscriptionState:
    return SubscriptionState(
        arn=one.arn,
        topic_arn=topic_arn(one.home, one.kept.topic),
        protocol=one.kept.protocol,
        endpoint=one.endpoint,
        state=one.state,
        since=one.since,
        until=one.until,
        outcome="" if one.last is None else one.last.outcome or one.last.status.value,
        reason=one.reason,
    )


def resend(service: Service, arn: str) -> int:
    """Send the message with a new token to a subscription that waits, or that was ended; when it goes.

    Older tokens stay valid (SNS-3.3).

    Raises:
        NotFoundError: there is no such subscription.
        InputError: it is confirmed, or was written to so often that there is nothing to send (SNS-5.2).
    """
    now = service.now_ms()

    def work(store: StoreWriter) -> int:
        home, one = _require(store, arn, now)
        if one.receives:
            raise InputError(f"{arn} is confirmed: there is nothing to send")
        is_new = one.deleted_at is None
        kind = EnvelopeKind.SUBSCRIPTION_CONFIRMATION if is_new else EnvelopeKind.UNSUBSCRIBE_CONFIRMATION
        due = ask(service, store, home, one, kind, now=now)
        if due is None:
            raise InputError(
                f"{one.endpoint} was sent five such mails within an hour, and the last one still works",
                hint="wait an hour, or look where unwanted mail ends",
            )
        return due

    return service.store.write(work)


def confirm_for(service: Service, arn: str, *, reason: str, by: str = "") -> None:
    """Agree on behalf of an address that cannot press a button, such as a pager's mailbox (SNS-12.3).

    `by` is who does it, as the history of the topic is to name them.

    Raises:
        NotFoundError: there is no such subscription.
        NoReasonError: there is no reason, or one that is too long.
        InputError: it is confirmed already, or its endpoint answers for itself.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > _LONGEST_REASON:
        raise NoReasonError("say in up to 500 characters why the address cannot confirm by itself")
    now = service.now_ms()

    def work(store: StoreWriter) -> None:
        home, one = _require(store, arn, now)
        if one.protocol in OVER_HTTP:
            raise InputError(f"{arn} is of protocol {one.protocol}: such an endpoint confirms by itself")
        if one.receives:
            raise InputError(f"{arn} is confirmed already")
        confirmed = msgspec.structs.replace(one, confirmed_at=one.confirmed_at or now, deleted_at=None)
        put_subscription(store, home, confirmed)
        note(service, store, home, one, SubscriptionEvent.CONFIRMED_FOR, by=by, reason=reason)

    service.store.write(work)


def set_unsubscribe_mode(service: Service, arn: str, mode: str) -> None:
    """Say what it takes to end the subscription of one mailbox (SNS-5.4); an empty mode is that of its topic.

    Raises:
        NotFoundError: there is no such subscription.
        InputError: there is no such mode, or it is no mailbox.
    """
    if mode and mode not in UNSUBSCRIBE_MODES:
        raise InputError(f"{mode}: there is no such mode", hint=f"one of {', '.join(UNSUBSCRIBE_MODES)}")

    def work(store: StoreWriter) -> None:
        home, one = _require(store, arn, service.now_ms())
        if one.protocol not in MAIL:
            raise InputError(f"{arn} is of protocol {one.protocol}: mailboxes alone have a mode")
        put_subscription(store, home, msgspec.structs.replace(one, unsubscribe=mode))

    service.store.write(work)


def _require(store: StoreReader, arn: str, now: int) -> tuple[Scope, KeptSubscription]:
    parts = arn.split(":")
    if len(parts) == _ARN_PARTS:
        home = Scope(parts[4], parts[3])
        found = SUBSCRIPTIONS.get(store, home, subscription_name(parts[5], parts[6]))
        if found is not None and not found.is_gone(now):
            return home, found
    raise NotFoundError(f"{arn}: there is no such subscription", hint="tocsin sub lists the subscriptions")
