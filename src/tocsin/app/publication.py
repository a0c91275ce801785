"""Publishing: one row in the outbox for each subscriber that a message is for. Spec: SNS-2, SNS-3.4, SNS-8.5, SNS-9.

Rule: the rows are written in the transaction of what caused them; a publication that was acknowledged is never
lost, and whoever had not confirmed by then never gets it. The chat channels of the settings get it as subscribers do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.app.digest import DIGEST, waits_for_digest
from tocsin.app.topic import (
    FIFO_MESSAGES,
    FIFO_NUMBERS,
    OVER_HTTP,
    TOPICS,
    PublishedMessage,
    Topic,
    require_topic,
    subscription_arn,
    subscriptions_of,
    topic_arn,
    unsubscribe_mode,
)
from tocsin.core.delivery_policy import effective_subscription_policy
from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute, pack_envelope
from tocsin.core.filter_policy import FilterPolicy, FilterVerdict, PolicyScope
from tocsin.core.filter_policy_message import is_json_object
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.app.topic import KeptSubscription
    from tocsin.core.delivery import Endpoint

_ARN_PARTS = 6

_CHANNEL_MESSAGES_PER_SECOND = 1.0  # more than that Slack refuses

DEDUPLICATION_MS = 300_000
"""For how long a FIFO topic remembers what was published (SNS-2.7)."""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What is published: `texts` are those of MessageStructure=json by protocol, else empty (SNS-2.4).

    A FIFO topic needs `group_id` and `deduplication_id`; its `sequence_number` is given when it is published. Where
    an alarm speaks, `alarm_arn` is whose words these are and `records` the raw records behind them, as NDJSON.
    """

    message: str
    subject: str | None = None
    texts: dict[str, str] = {}
    attributes: dict[str, MessageAttribute] = {}
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    alarm_arn: str = ""
    records: bytes = b""

    def text_for(self, protocol: str) -> str:
        """The text that subscribers of a protocol get."""
        return self.texts.get(protocol, self.message)


class Published(NamedTuple):
    """The id of a message, and for a FIFO topic its number in the order of the topic."""

    message_id: str
    sequence_number: str | None = None


def scope_of_topic(arn: str) -> tuple[Scope, str] | None:
    """The scope and the name in a topic's ARN; None for what is none."""
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "sns":
        return None
    return Scope(parts[4], parts[3]), parts[5]


def publish(service: Service, store: StoreWriter, arn: str, publication: Publication, *, cause: str) -> tuple[str, int]:
    """Publish to a topic within a transaction: the message's id, and for how many subscribers and channels it is.

    `cause` names what it is about, for the record of deliveries.

    Raises:
        NotFoundError: there is no such topic.
    """
    found = scope_of_topic(arn)
    topic = None if found is None else TOPICS.get(store, *found)
    if found is None or topic is None:
        raise NotFoundError("Topic does not exist", resource="topic")
    scope = found[0]
    message_id = service.new_id()
    now = service.now_ms()
    rows: list[DeliveryRow] = []
    dropped = count = 0
    for subscription in subscriptions_of(store, scope, topic.name):
        if not subscription.receives:
            continue
        if not wants_publication(subscription, publication):
            dropped += 1
            continue
        envelope = _envelope(service, scope, topic, subscription, publication, message_id=message_id, now=now)
        count += 1
        subject = publication.subject or publication.text_for("sms")
        digest = waits_for_digest(store, scope, topic, envelope, subject=subject, now=now)
        if digest is None:
            rows.append(delivery_of(service, scope, envelope, cause=cause))
        elif store.outbox.get(digest[0]) is None:
            rows.append(_digest(service, scope, envelope, *digest))
    named = topic_arn(scope, topic.name)
    for channel in service.settings.channels.get(named, ()):
        told = _to_channel(channel, named, publication, message_id=message_id, now=now)
        rows.append(delivery_of(service, scope, told, cause=cause))
        count += 1
    if rows:
        store.outbox.put(rows)
    service.counters.add("messages_published")
    service.counters.add("deliveries_queued", len(rows))
    service.counters.add("messages_filtered_out", dropped)
    return message_id, count


def _digest(service: Service, scope: Scope, first: Envelope, ident: str, at: int) -> DeliveryRow:
    """The delivery that will carry what waits from now on; it is filled when it goes."""
    envelope = msgspec.structs.replace(first, message="", subject=None, attributes={}, alarm_arn="", records=b"")
    row = delivery_of(service, scope, envelope, cause=DIGEST)
    return msgspec.structs.replace(row, delivery_id=ident, next_at=at)


def _envelope(
    service: Service,
    scope: Scope,
    topic: Topic,
    subscription: KeptSubscription,
    publication: Publication,
    *,
    message_id: str,
    now: int,
) -> Envelope:
    attributes, protocol = subscription.attributes, subscription.protocol
    policy: dict[str, Any] = {}
    if protocol in OVER_HTTP:
        policy = _delivery_policy(attributes.get("DeliveryPolicy", ""), topic.attributes.get("DeliveryPolicy", ""))
    return Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id=message_id,
        topic_arn=topic_arn(scope, topic.name),
        subscription_arn=subscription_arn(scope, subscription),
        protocol=protocol,
        endpoint=subscription.endpoint,
        message=publication.text_for(protocol),
        subject=publication.subject,
        attributes=publication.attributes,
        published_at=now,
        is_raw=attributes.get("RawMessageDelivery") == "true",
        group_id=publication.group_id,
        deduplication_id=publication.deduplication_id,
        sequence_number=publication.sequence_number,
        signature_version=topic.attributes.get("SignatureVersion", "1"),
        display_name=topic.attributes.get("DisplayName", ""),
        unsubscribe=unsubscribe_mode(topic, service.settings.mail_unsubscribe, subscription),
        retry_policy=policy.get("healthyRetryPolicy"),
        content_type=(policy.get("requestPolicy") or {}).get("headerContentType") or "",
        most_per_second=(policy.get("throttlePolicy") or {}).get("maxReceivesPerSecond"),
        dead_letter_arn=_dead_letter_arn(attributes.get("RedrivePolicy", "")),
        alarm_arn=publication.alarm_arn,
        records=publication.records if protocol == "email" else b"",
    )


def _to_channel(channel: Endpoint, arn: str, publication: Publication, *, message_id: str, now: int) -> Envelope:
    """A message for a chat channel of the settings. What is kept has its name, never its address, which is a secret."""
    return Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id=message_id,
        topic_arn=arn,
        subscription_arn="",
        protocol=channel.protocol,
        endpoint=channel.address,
        message=publication.text_for(channel.protocol),
        subject=publication.subject,
        attributes=publication.attributes,
        published_at=now,
        group_id=publication.group_id,
        deduplication_id=publication.deduplication_id,
        sequence_number=publication.sequence_number,
        most_per_second=_CHANNEL_MESSAGES_PER_SECOND,
        alarm_arn=publication.alarm_arn,
    )


@lru_cache(maxsize=1024)
def _delivery_policy(own: str, topic: str) -> dict[str, Any]:
    return effective_subscription_policy(own, topic=topic)


def _dead_letter_arn(policy: str) -> str:
    return str(msgspec.json.decode(policy)["deadLetterTargetArn"]) if policy else ""


def delivery_of(service: Service, scope: Scope, envelope: Envelope, *, cause: str) -> DeliveryRow:
    """A row of the outbox for an envelope, due at once; its target is the subscription, else the endpoint.

    Rows of one moment go by their ids: those of a FIFO topic begin with the number of the message.
    """
    number = f"{envelope.sequence_number}-" if envelope.sequence_number else ""
    return DeliveryRow(
        delivery_id=f"{number}{service.new_id()}",
        scope=scope,
        topic_arn=envelope.topic_arn,
        target=envelope.subscription_arn or envelope.endpoint,
        protocol=envelope.protocol,
        cause=cause,
        created_at=envelope.published_at,
        next_at=envelope.published_at,
        body=pack_envelope(envelope),
    )


def wants_publication(subscription: KeptSubscription, publication: Publication) -> bool:
    """Whether the filter policy of a subscription lets a message through to it; without one it does."""
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    scope = policy_scope(subscription.attributes)
    return judge_publication(text, scope, publication, subscription.protocol).is_accepted


def judge_publication(text: str, scope: PolicyScope, publication: Publication, protocol: str) -> FilterVerdict:
    """Whether a filter policy lets a message through to subscribers of a protocol, and where not why.

    A policy on the body looks at the text for the protocol. Where that is prose, as the mail of an alarm is, it looks
    at the default text: a policy that lets an alarm through to a queue does the same for a mailbox (AL-17.1, SNS-9.1).

    Raises:
        FilterPolicyError: the policy is none that SNS takes.
    """
    policy = _policy(text, scope)
    body = publication.text_for(protocol)
    if scope == "MessageBody" and not is_json_object(body):
        body = publication.message
    return policy.judge(attributes=publication.attributes, body=body)


@lru_cache(maxsize=1024)
def _policy(text: str, scope: PolicyScope) -> FilterPolicy:
    return FilterPolicy.parse(text, scope)


def policy_scope(attributes: Mapping[str, str]) -> PolicyScope:
    """What the filter policy among these attributes looks at."""
    return "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"


# ---------------------------------------------------------------- use cases


def publish_to_topic(
    service: Service, scope: Scope, arn: str, publications: Sequence[Publication]
) -> tuple[Published, ...]:
    """Publish messages in their order, in one transaction, to a topic of this region and whatever account.

    A message that a FIFO topic had within five minutes is not published again; the answer is that of the first.

    Raises:
        NoTopicError: there is no such topic.
    """

    def work(store: StoreWriter) -> tuple[Published, ...]:
        home, topic = require_topic(store, arn, scope, of_any_account=True)
        if topic.is_fifo:
            return tuple(_publish_in_order(service, store, home, topic, one) for one in publications)
        return tuple(Published(publish(service, store, arn, one, cause="publish")[0]) for one in publications)

    return service.store.write(work)


def _publish_in_order(
    service: Service, store: StoreWriter, home: Scope, topic: Topic, publication: Publication
) -> Published:
    now, name = service.now_ms(), _fifo_name(topic, publication)
    known = FIFO_MESSAGES.get(store, home, name, now=now)
    if known is not None:
        return Published(known.message_id, known.sequence_number)
    count = (FIFO_NUMBERS.get(store, home, topic.name) or 0) + 1
    FIFO_NUMBERS.put(store, home, topic.name, count)
    number = f"1{count:019d}"  # 20 digits that grow, as SNS's do
    numbered = msgspec.structs.replace(publication, sequence_number=number)
    message_id, _ = publish(service, store, topic_arn(home, topic.name), numbered, cause="publish")
    kept = PublishedMessage(message_id=message_id, sequence_number=number)
    FIFO_MESSAGES.put(store, home, name, kept, now=now, until=now + DEDUPLICATION_MS)
    return Published(message_id, number)


def _fifo_name(topic: Topic, publication: Publication) -> str:
    """Under what a message is remembered: equal ids are one message in a topic, or in each group of it."""
    by_group = topic.attributes.get("FifoThroughputScope") == "MessageGroup"
    group = publication.group_id if by_group else ""
    return f"{topic.name}\0{group}\0{publication.deduplication_id}"


def publish_to_phone(service: Service, scope: Scope, number: str, publication: Publication) -> Published:
    """Queue a text message. Without a service for such messages it will be recorded as failed (SNS-8.5)."""
    message_id = service.new_id()
    envelope = Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id=message_id,
        topic_arn="",
        subscription_arn="",
        protocol="sms",
        endpoint=number,
        message=publication.text_for("sms"),
        subject=publication.subject,
        attributes=publication.attributes,
        published_at=service.now_ms(),
    )
    row = delivery_of(service, scope, envelope, cause="publish")
    service.store.write(lambda store: store.outbox.put([row]))
    service.counters.add("messages_published")
    service.counters.add("deliveries_queued")
    return Published(message_id)
