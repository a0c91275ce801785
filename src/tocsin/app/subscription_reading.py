"""Subscriptions as they stand: state, what became of the last message, why somebody agreed. Spec: SNS-4.5, SNS-12.1.

Rule: what is told follows from what is kept and the time; reading changes nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_filter import drops_every_alarm
from tocsin.app.subscription_endpoint import MAIL, UNSERVED, shown_endpoint
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, subscription_arn, subscription_name, unsubscribe_mode
from tocsin.app.topic_history import history_of_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.topic import KeptSubscription
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.scope import Scope


class SubscriptionReading(NamedTuple):
    """A subscription as it stands. Times are milliseconds since the epoch.

    `state` is pending, confirmed, protected or deleted (SNS-4.5), `since` when it became so, and `until` the end of
    its newest token where it waits for one. `last` is the newest delivery to it, without its body's meaning;
    `failing_since` is when the first attempt failed after which nothing has arrived. `reason` is why somebody agreed
    on its behalf. `drops_alarms`: its filter policy lets no alarm through (AL-17.1). `mode` is what it takes to end
    it, for mailboxes (SNS-5.4); empty for others.
    """

    home: Scope
    kept: KeptSubscription
    arn: str
    endpoint: str
    state: str
    since: int
    until: int | None
    last: DeliveryRow | None
    failing_since: int | None
    reason: str
    drops_alarms: bool
    mode: str

    @property
    def receives(self) -> bool:
        """Whether it gets what is published."""
        return self.kept.receives


def hears_alarms(one: KeptSubscription) -> bool:
    """Whether an alarm that is published would be sent to a subscription, and there is a way to send it."""
    return one.receives and one.protocol not in UNSERVED and not drops_every_alarm(one.attributes)


class TopicNotes(NamedTuple):
    """What is the same for all subscriptions of a topic, and the reasons why some were agreed to, by their ids."""

    mode: str
    reasons: dict[str, str]


def notes_of(service: Service, store: StoreReader, home: Scope, topic: str) -> TopicNotes:
    """The notes of a topic."""
    mode = unsubscribe_mode(TOPICS.get(store, home, topic), service.settings.mail_unsubscribe)
    oldest_first = history_of_topic(service, store, home, topic)[::-1]
    return TopicNotes(mode, {entry.ident: entry.reason for entry in oldest_first if entry.reason})


def read_subscriptions(
    service: Service, store: StoreReader, found: Iterable[tuple[Scope, KeptSubscription]]
) -> Iterator[SubscriptionReading]:
    """These subscriptions as they stand, without those that are gone."""
    now = service.now_ms()
    notes: dict[tuple[Scope, str], TopicNotes] = {}
    for home, one in found:
        if one.is_gone(now):
            continue
        place = home, one.topic
        if place not in notes:
            notes[place] = notes_of(service, store, home, one.topic)
        yield _read(store, home, one, notes[place])


class SubscriptionPlaces:
    """Where the subscription with an id is: `service.part(SubscriptionPlaces)`; read anew after a change of any."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._places: dict[str, tuple[Scope, str]] = {}

    def find(self, store: StoreReader, ident: str) -> tuple[Scope, str] | None:
        """The scope and the name of its topic; None for one that is not there."""
        with self._lock:
            version = store.version(SUBSCRIPTIONS.kind)
            if version != self._version:
                places: dict[str, tuple[Scope, str]] = {}
                for home, name, _ in store.scan_all(SUBSCRIPTIONS.kind):
                    topic, _, known = name.partition("\0")
                    places[known] = home, topic
                self._version, self._places = version, places
            return self._places.get(ident)


def find_subscription(service: Service, store: StoreReader, ident: str) -> SubscriptionReading | None:
    """The subscription with that id, in whatever account and region; None for one that is not there."""
    place = service.part(SubscriptionPlaces).find(store, ident)
    return None if place is None else get_subscription(service, store, *place, ident)


def get_subscription(
    service: Service, store: StoreReader, home: Scope, topic: str, ident: str
) -> SubscriptionReading | None:
    """A subscription of a topic; None for one that is not there."""
    one = SUBSCRIPTIONS.get(store, home, subscription_name(topic, ident))
    return None if one is None else next(read_subscriptions(service, store, [(home, one)]), None)


def _read(store: StoreReader, home: Scope, one: KeptSubscription, notes: TopicNotes) -> SubscriptionReading:
    arn = subscription_arn(home, one)
    mode = (one.unsubscribe or notes.mode) if one.protocol in MAIL else ""
    if one.deleted_at is not None:
        state, since = "deleted", one.deleted_at
    elif one.confirmed_at is None:
        state, since = "pending", one.created_at
    else:
        # No link alone ends it: it was confirmed so, or it is a mailbox in that mode (SNS-4.5, SNS-5.4).
        is_protected = one.is_protected or mode == "protected"
        state, since = "protected" if is_protected else "confirmed", one.confirmed_at
    last = store.outbox.deliveries(target=arn, limit=1)
    return SubscriptionReading(
        home=home,
        kept=one,
        arn=arn,
        endpoint=shown_endpoint(one),
        state=state,
        since=since,
        until=None if one.receives else one.token_ends_at,
        last=last[0] if last else None,
        failing_since=_failing_since(store, arn) if one.receives else None,
        reason=notes.reasons.get(one.ident, ""),
        drops_alarms=drops_every_alarm(one.attributes),
        mode=mode,
    )


def _failing_since(store: StoreReader, arn: str) -> int | None:
    row = store.outbox.first_failure(arn)
    if row is None:
        return None
    attempts = store.outbox.attempts(row.delivery_id)
    return attempts[0].at if attempts else row.created_at
