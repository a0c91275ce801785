"""Publishing: one row in the outbox for each subscriber that a message is for. Spec: SNS-2.8, SNS-3.4, SNS-9.

Rule: the rows are written in the transaction of what caused them; a publication that was acknowledged is never
lost, and whoever had not confirmed by then never gets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.topic import TOPICS, subscription_arn, subscriptions_of
from tocsin.core.envelope import Envelope, EnvelopeKind, MessageAttribute, pack_envelope
from tocsin.core.filter_policy import FilterPolicy, PolicyScope
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.app.topic import KeptSubscription

_ARN_PARTS = 6


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What is published: `texts` are those of MessageStructure=json by protocol, else empty (SNS-2.4)."""

    message: str
    subject: str | None = None
    texts: dict[str, str] = {}
    attributes: dict[str, MessageAttribute] = {}
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None

    def text_for(self, protocol: str) -> str:
        """The text that subscribers of a protocol get."""
        return self.texts.get(protocol, self.message)


def scope_of_topic(arn: str) -> tuple[Scope, str] | None:
    """The scope and the name in a topic's ARN; None for what is none."""
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "sns":
        return None
    return Scope(parts[4], parts[3]), parts[5]


def publish(service: Service, store: StoreWriter, arn: str, publication: Publication, *, cause: str) -> tuple[str, int]:
    """Publish to a topic within a transaction: the message's id, and for how many subscribers it is.

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
    dropped = 0
    for subscription in subscriptions_of(store, scope, topic.name):
        if not subscription.receives:
            continue
        if not _wants(subscription, publication):
            dropped += 1
            continue
        envelope = Envelope(
            kind=EnvelopeKind.NOTIFICATION,
            message_id=message_id,
            topic_arn=arn,
            subscription_arn=subscription_arn(scope, subscription),
            protocol=subscription.protocol,
            endpoint=subscription.endpoint,
            message=publication.text_for(subscription.protocol),
            subject=publication.subject,
            attributes=publication.attributes,
            published_at=now,
            is_raw=subscription.attributes.get("RawMessageDelivery") == "true",
            group_id=publication.group_id,
            deduplication_id=publication.deduplication_id,
            sequence_number=publication.sequence_number,
        )
        rows.append(delivery_of(service, scope, envelope, cause=cause))
    if rows:
        store.outbox.put(rows)
    service.counters.add("messages_published")
    service.counters.add("deliveries_queued", len(rows))
    service.counters.add("messages_filtered_out", dropped)
    return message_id, len(rows)


def delivery_of(service: Service, scope: Scope, envelope: Envelope, *, cause: str) -> DeliveryRow:
    """A row of the outbox for an envelope, due at once."""
    return DeliveryRow(
        delivery_id=service.new_id(),
        scope=scope,
        topic_arn=envelope.topic_arn,
        target=envelope.subscription_arn,
        cause=cause,
        created_at=envelope.published_at,
        next_at=envelope.published_at,
        body=pack_envelope(envelope),
    )


def _wants(subscription: KeptSubscription, publication: Publication) -> bool:
    text = subscription.attributes.get("FilterPolicy")
    if not text:
        return True
    scope = policy_scope(subscription.attributes)
    policy = FilterPolicy.parse(text, scope)  # it was read before it was kept
    return policy.accepts(attributes=publication.attributes, body=publication.text_for(subscription.protocol))


def policy_scope(attributes: Mapping[str, str]) -> PolicyScope:
    """What the filter policy among these attributes looks at."""
    return "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"
