"""Topics as they stand: who hears, who does not yet, who left, and which alarms rely on that. Spec: SNS-12.1, AL-19.4.

Rule: a topic that would tell nobody is never told as one that is well; what follows from a change is counted before it
is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_filter import drops_every_alarm
from tocsin.app.publication import scope_of_topic, wants_publication
from tocsin.app.subscription_reading import hears_alarms, read_subscriptions
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, subscription_arn, subscriptions_of, topic_arn
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.app.topic_history import SubscriptionEvent, history_of_topic
from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.app.publication import Publication
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.app.subscription_reading import SubscriptionReading
    from tocsin.app.topic import KeptSubscription, Topic
    from tocsin.app.topic_alarms import TellingAlarm
    from tocsin.app.topic_history import TopicEntry
    from tocsin.core.delivery import Endpoint
    from tocsin.core.scope import Scope

MOST_COUNTED: Final = 1_000
"""Subscriptions of a topic that are looked at to count them."""

_ENDS: Final = (SubscriptionEvent.LEFT, SubscriptionEvent.REMOVED)


class TopicCounts(NamedTuple):
    """The subscriptions of a topic by how they stand.

    `hearing` are those that an alarm would be sent to, chat channels of the settings among them; `deaf` receive, and
    their filter drops every alarm. `oldest_pending` is since when the first one waits, in milliseconds since the
    epoch. `is_cut`: there are more than were looked at.
    """

    confirmed: int = 0
    pending: int = 0
    deleted: int = 0
    hearing: int = 0
    deaf: int = 0
    oldest_pending: int | None = None
    is_cut: bool = False


class TopicLine(NamedTuple):
    """A topic in a list."""

    scope: Scope
    topic: Topic
    arn: str
    counts: TopicCounts
    alarms: tuple[TellingAlarm, ...]
    channels: tuple[Endpoint, ...]

    @property
    def tells_nobody(self) -> bool:
        """Whether an alarm that publishes here would reach nobody."""
        return self.counts.hearing == 0


class TopicReading(NamedTuple):
    """A topic with a page of its subscriptions; `left` are those that ended, the newest first, and are not back."""

    line: TopicLine
    subscriptions: list[SubscriptionReading]
    after: str | None
    left: list[TopicEntry]
    history: list[TopicEntry]


def list_topic_lines(
    service: Service, scope: Scope, *, after: str | None = None, limit: int
) -> tuple[list[TopicLine], bool]:
    """Topics of an account and region by name, and whether there are more."""
    with service.store.read() as store:
        found = TOPICS.scan(store, scope, after=after, limit=limit + 1)
        return [_line(service, store, scope, topic) for _, topic in found[:limit]], len(found) > limit


def read_topic(
    service: Service, scope: Scope, name: str, *, after: str | None = None, limit: int
) -> TopicReading | None:
    """A topic and its subscriptions behind the id `after`; None where there is no such topic."""
    with service.store.read() as store:
        topic = TOPICS.get(store, scope, name)
        if topic is None:
            return None
        place = None if after is None else f"{name}\0{after}"
        found = SUBSCRIPTIONS.scan(store, scope, prefix=f"{name}\0", after=place, limit=limit + 1)
        page = [(scope, one) for _, one in found[:limit]]
        history = history_of_topic(service, store, scope, name)
        present = {(one.protocol, one.endpoint) for one in subscriptions_of(store, scope, name)[:MOST_COUNTED]}
        return TopicReading(
            line=_line(service, store, scope, topic),
            subscriptions=list(read_subscriptions(service, store, page)),
            after=page[-1][1].ident if len(found) > limit else None,
            left=_left(history, present),
            history=history,
        )


def _line(service: Service, store: StoreReader, scope: Scope, topic: Topic) -> TopicLine:
    arn = topic_arn(scope, topic.name)
    channels = service.settings.channels.get(arn, ())
    found = SUBSCRIPTIONS.scan(store, scope, prefix=f"{topic.name}\0", limit=MOST_COUNTED + 1)
    counted = TopicCounts(hearing=len(channels), is_cut=len(found) > MOST_COUNTED)
    counts = _counted(counted, (one for _, one in found[:MOST_COUNTED]), now=service.now_ms())
    return TopicLine(scope, topic, arn, counts, service.part(TopicAlarms).of(store, arn), channels)


def _counted(counts: TopicCounts, found: Iterable[KeptSubscription], *, now: int) -> TopicCounts:
    for one in found:
        if one.is_gone(now):
            continue
        is_pending = one.confirmed_at is None and one.deleted_at is None
        counts = counts._replace(
            confirmed=counts.confirmed + one.receives,
            pending=counts.pending + is_pending,
            deleted=counts.deleted + (one.deleted_at is not None),
            hearing=counts.hearing + hears_alarms(one),
            deaf=counts.deaf + (one.receives and drops_every_alarm(one.attributes)),
            oldest_pending=_first(counts.oldest_pending, one.created_at if is_pending else None),
        )
    return counts


def _first(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _left(history: Sequence[TopicEntry], present: set[tuple[str, str]]) -> list[TopicEntry]:
    """The last entry of each endpoint that ended and is not subscribed now."""
    newest: dict[tuple[str, str], TopicEntry] = {}
    for entry in history:
        newest.setdefault((entry.protocol, entry.endpoint), entry)
    return [one for place, one in newest.items() if place not in present and one.event in _ENDS]


# ---------------------------------------------------------------- what would follow


def alarms_left_unheard(service: Service, arn: str, *, without: str | None) -> list[TellingAlarm]:
    """The alarms of a topic that would tell nobody of ALARM any more, and do now.

    `arn` is the topic's, `without` the ARN of the subscription that would go; None for the topic itself.
    """
    with service.store.read() as store:
        hearing = {arn: _hearing(service, store, arn)}
        left = {one for one in hearing[arn] if without is not None and one != without}
        unheard: list[TellingAlarm] = []
        for alarm in service.part(TopicAlarms).of(store, arn):
            topics = alarm.topics.get(StateValue.ALARM, ())
            if not alarm.is_enabled or arn not in topics:
                continue
            others = [topic for topic in topics if topic != arn]
            for topic in others:
                if topic not in hearing:
                    hearing[topic] = _hearing(service, store, topic)
            if hearing[arn] and not left and not any(hearing[topic] for topic in others):
                unheard.append(alarm)
    return unheard


def _hearing(service: Service, store: StoreReader, arn: str) -> set[str]:
    """Whom a topic would tell of an alarm: subscriptions by their ARNs, chat channels by their names."""
    place = scope_of_topic(arn)
    if place is None or TOPICS.get(store, *place) is None:
        return set()
    heard = {subscription_arn(place[0], one) for one in subscriptions_of(store, *place) if hears_alarms(one)}
    return heard | {channel.address for channel in service.settings.channels.get(arn, ())}


def takers_of(service: Service, arn: str, publication: Publication) -> tuple[int, int]:
    """How many subscribers and channels of a topic would get a message, and how many a filter keeps it from."""
    taking, kept = len(service.settings.channels.get(arn, ())), 0
    place = scope_of_topic(arn)
    with service.store.read() as store:
        for one in subscriptions_of(store, *place) if place is not None else ():
            if one.receives:
                wants = wants_publication(one, publication)
                taking, kept = taking + wants, kept + (not wants)
    return taking, kept
