"""Chat channels of the settings get what is published on their topics. Spec: SNS-8.5, IF-9."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from tocsin.app.dispatcher import Dispatcher, Done
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import create_topic
from tocsin.clock import ManualClock
from tocsin.core.delivery import DeliveryReason, Endpoint, Failed, Retry
from tocsin.core.envelope import unpack_envelope
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:t"
CHANNELS = (Endpoint("slack", "slack env:SLACK_URL"), Endpoint("apprise", "apprise number 1"))


class Publishing:
    """A topic with two channels, and one without."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.service = Service(
            MemoryStore(),
            self.clock,
            new_id=lambda: f"{next(numbers):08}",
            settings=ServiceSettings(channels={TOPIC: CHANNELS}),
        )
        for name in ("t", "other"):
            create_topic(self.service, HERE, name, attributes={}, tags={})

    def publish(self, arn: str = TOPIC, **given: Any) -> str:
        (published,) = publish_to_topic(self.service, HERE, arn, [Publication(**{"message": "m", **given})])
        return published.message_id

    def rows(self) -> list[Any]:
        with self.service.store.read() as store:
            return store.outbox.deliveries(limit=100)


def test_each_channel_of_a_topic_gets_a_delivery() -> None:
    publishing = Publishing()
    publishing.publish(TOPIC.replace(":t", ":other"))
    assert publishing.rows() == []
    message_id = publishing.publish(subject="s", texts={"default": "m", "email": "mail"})
    rows = publishing.rows()
    assert {(row.protocol, row.target, row.topic_arn) for row in rows} == {
        ("slack", "slack env:SLACK_URL", TOPIC),
        ("apprise", "apprise number 1", TOPIC),
    }
    envelopes = [unpack_envelope(row.body) for row in rows]
    assert {
        (one.message_id, one.message, one.subject, one.endpoint == row.target)
        for one, row in zip(envelopes, rows, strict=True)
    } == {(message_id, "m", "s", True)}


def test_a_message_may_have_a_text_of_its_own_for_a_channel() -> None:
    publishing = Publishing()
    publishing.publish(texts={"default": "m", "slack": "for the channel"})
    told = {row.protocol: unpack_envelope(row.body).message for row in publishing.rows()}
    assert told == {"slack": "for the channel", "apprise": "m"}


def test_a_channel_gets_one_message_a_second_in_their_order_and_is_tried_again() -> None:
    publishing = Publishing()
    dispatcher = Dispatcher(publishing.service, protocols=["slack"])
    first_id, second_id = publishing.publish(), publishing.publish()
    (first,) = dispatcher.take()
    assert first.envelope.message_id == first_id
    down = Retry(DeliveryReason.STATUS, "429", after=30.0)
    dispatcher.settle([Done(first, down, publishing.service.now_ms(), 5)])
    assert dispatcher.take() == []
    publishing.clock.advance(seconds=2)
    (second,) = dispatcher.take()
    assert second.envelope.message_id == second_id
    dispatcher.settle([Done(second, Failed(DeliveryReason.STATUS, "404"), publishing.service.now_ms(), 5)])
    publishing.clock.advance(seconds=30)
    (again,) = dispatcher.take()
    assert (again.row.delivery_id, again.row.attempts) == (first.row.delivery_id, 1)
    statuses = {row.delivery_id: row.status for row in publishing.rows()}
    assert statuses[second.row.delivery_id] is DeliveryStatus.FAILED
