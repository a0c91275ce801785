"""Who is told of alarms, by endpoint. Spec: CON-4.2, AL-19.4, SNS-12.1.

Rule: an endpoint is shown once, whatever topics it listens to; it counts as told only of what it has taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_filter import drops_every_alarm
from tocsin.app.alarm_reach import failure_of
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.by_version import ByVersion
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, subscription_arn, topic_arn
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.core.alarm.state import StateValue
from tocsin.core.complaint import shown_endpoint
from tocsin.core.notification.safe_line import safe_line
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

_TURN_MS = 60_000


class Person(NamedTuple):
    """An endpoint of confirmed subscriptions, or a chat channel, and how many alarms would tell it.

    `topics` are names with their scopes, `targets` what deliveries to it are kept under. `is_deaf`: its filters drop
    every alarm. `ident` is the id of its first subscription, empty for a channel.
    """

    endpoint: str
    protocol: str
    topics: tuple[tuple[Scope, str], ...]
    alarms: int
    targets: tuple[str, ...]
    is_deaf: bool = False
    is_failing: bool = False
    ident: str = ""


class Audience(NamedTuple):
    """Everybody who is told, those of most alarms first; how many subscriptions wait for somebody to confirm them."""

    people: tuple[Person, ...]
    pending: int

    @property
    def hearing(self) -> int:
        """How many hear alarms and take what is sent."""
        return sum(not one.is_deaf and not one.is_failing for one in self.people)


class _Found:
    def __init__(self, endpoint: str, protocol: str) -> None:
        self.endpoint = endpoint
        self.protocol = protocol
        self.topics: dict[tuple[Scope, str], str] = {}
        self.targets: list[str] = []
        self.deaf = 0
        self.ident = ""


class Audiences:
    """The audiences of scopes: `service.part(Audiences)`; found anew once a minute, and after each change."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: ByVersion[Scope, Audience] = ByVersion(
            SUBSCRIPTIONS.kind, TOPICS.kind, METRIC_ALARMS.kind, COMPOSITES.kind
        )

    def of(self, store: StoreReader, scope: Scope, *, now: int) -> Audience:
        """Who listens to the topics of a scope at `now`, in milliseconds since the epoch."""
        return self._known.get(store, scope, lambda: self._find(store, scope, now), turn=now // _TURN_MS)

    def of_all(self, store: StoreReader, scopes: Sequence[Scope], *, now: int) -> Audience:
        """Who listens to the topics of several scopes."""
        found = [self.of(store, scope, now=now) for scope in scopes]
        people = sorted((one for audience in found for one in audience.people), key=_rank)
        return Audience(tuple(people), sum(audience.pending for audience in found))

    def _find(self, store: StoreReader, scope: Scope, now: int) -> Audience:
        found: dict[tuple[str, str], _Found] = {}
        pending = 0
        for _, one in SUBSCRIPTIONS.scan(store, scope):
            if one.is_gone(now):
                continue
            pending += one.confirmed_at is None and one.deleted_at is None
            if one.receives:
                key = (one.protocol, one.endpoint)
                shown = shown_endpoint(one.protocol, one.endpoint)
                entry = found.setdefault(key, _Found(shown, one.protocol))
                entry.topics[scope, one.topic] = topic_arn(scope, one.topic)
                entry.targets.append(subscription_arn(scope, one))
                entry.deaf += drops_every_alarm(one.attributes)
                entry.ident = entry.ident or one.ident
        for name, _ in TOPICS.scan(store, scope):
            arn = topic_arn(scope, name)
            for channel in self._service.settings.channels.get(arn, ()):
                entry = found.setdefault(
                    (channel.protocol, channel.address), _Found(safe_line(channel.address), channel.protocol)
                )
                entry.topics[scope, name] = arn
                entry.targets.append(channel.address)
        people = sorted((self._person(store, entry, now) for entry in found.values()), key=_rank)
        return Audience(tuple(people), pending)

    def _person(self, store: StoreReader, entry: _Found, now: int) -> Person:
        telling = {
            (alarm.scope, alarm.name)
            for arn in entry.topics.values()
            for alarm in self._service.part(TopicAlarms).of(store, arn)
            if alarm.is_enabled and arn in alarm.topics.get(StateValue.ALARM, ())
        }
        return Person(
            endpoint=entry.endpoint,
            protocol=entry.protocol,
            topics=tuple(entry.topics),
            alarms=len(telling),
            targets=tuple(dict.fromkeys(entry.targets)),
            is_deaf=entry.deaf == len(entry.targets),
            is_failing=all(failure_of(store, target, now=now) is not None for target in entry.targets),
            ident=entry.ident,
        )


def _rank(person: Person) -> tuple[bool, int, str]:
    return person.is_deaf or person.is_failing, -person.alarms, person.endpoint


def last_told(store: StoreReader, person: Person) -> int | None:
    """When something last arrived there, in milliseconds since the epoch; None where nothing is known to have."""
    found = (
        store.outbox.deliveries(target=target, status=DeliveryStatus.DELIVERED, limit=1) for target in person.targets
    )
    return max((rows[0].created_at for rows in found if rows), default=None)
