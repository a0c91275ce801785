"""From the outbox to notifiers and back. Spec: AR-7, SNS-10."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest

from tocsin.app.dispatcher import Dispatcher, Done, replay
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service
from tocsin.app.subscription import subscribe
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription, set_topic_attribute
from tocsin.clock import ManualClock
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.envelope import unpack_envelope
from tocsin.core.metric import MetricKey
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:{}"
DOWN = Retry(DeliveryReason.CONNECTION, "refused")


class Sending:
    """A topic with queues as subscribers, and a dispatcher."""

    def __init__(self, *queues: str, chance=lambda: 0.0, **attributes: str) -> None:
        numbers = itertools.count(1)
        self.clock = ManualClock(START)
        self.service = Service(MemoryStore(), self.clock, new_id=lambda: f"{next(numbers):08}", new_secret=bytes)
        self.topic = create_topic(self.service, HERE, "t", attributes={}, tags={})
        self.arns = [self.subscribe(name, **attributes) for name in queues or ("a",)]
        self.dispatcher = Dispatcher(self.service, chance=chance)

    def subscribe(self, name: str, **attributes: str) -> str:
        made = subscribe(
            self.service,
            HERE,
            self.topic,
            protocol="sqs",
            endpoint=QUEUE.format(name),
            attributes=attributes,
            principal="arn:aws:iam::111122223333:user/alice",
        )
        return made.arn

    def publish(self, count: int = 1) -> None:
        for _ in range(count):
            publish_to_topic(self.service, HERE, self.topic, [Publication(message="m")])

    def settle(self, delivery, outcome) -> None:
        self.dispatcher.settle([Done(delivery, outcome, self.service.now_ms(), 5)])

    def row(self):
        with self.service.store.read() as store:
            return store.outbox.deliveries(limit=1)[0]

    def attempts(self):
        with self.service.store.read() as store:
            return store.outbox.attempts(self.row().delivery_id)

    def metric(self, name: str) -> float:
        key = MetricKey.of("AWS/SNS", name, {"TopicName": "t"})
        with self.service.store.read() as store:
            return sum(point.statistics.sum for point in store.metrics.data(HERE, key, start=0, end=2**40))


def test_a_delivery_is_handed_out_once_until_it_is_settled() -> None:
    sending = Sending()
    sending.publish()
    (delivery,) = sending.dispatcher.take()
    assert sending.dispatcher.take() == []
    sending.settle(delivery, Delivered("ok"))
    assert sending.dispatcher.take() == []
    assert (sending.row().status, sending.row().attempts) == (DeliveryStatus.DELIVERED, 1)
    assert sending.row().outcome == "delivered: ok"
    assert sending.metric("NumberOfNotificationsDelivered") == 1
    assert sending.dispatcher.under_way == 0


def test_what_may_go_well_later_is_tried_by_schedule() -> None:
    sending = Sending()
    sending.publish()
    waits = []
    for _ in range(7):
        (delivery,) = sending.dispatcher.take()
        sending.settle(delivery, DOWN)
        waits.append(sending.row().next_at - sending.service.now_ms() - 5)
        sending.clock.advance(waits[-1] / 1000 + 0.005)
    assert waits == [0, 0, 0, 1000, 1000, 1000, 2000]
    assert [one.number for one in sending.attempts()] == [1, 2, 3, 4, 5, 6, 7]
    assert sending.attempts()[0].text == "connection: refused"
    sending.settle(*sending.dispatcher.take(), Delivered())
    assert sending.row().status is DeliveryStatus.DELIVERED


def test_delays_are_lengthened_by_chance_and_by_the_answer() -> None:
    sending = Sending(chance=lambda: 1.0)
    sending.publish()
    for outcome, wait in (
        (DOWN, 0),
        (DOWN, 0),
        (DOWN, 0),
        (DOWN, 1100),
        (Retry(DeliveryReason.STATUS, "429", 90), 90_000),
    ):
        sending.settle(*sending.dispatcher.take(), outcome)
        assert sending.row().next_at - sending.service.now_ms() - 5 == wait
        sending.clock.advance(wait / 1000 + 0.005)


def test_an_answer_cannot_put_us_off_for_more_than_an_hour() -> None:
    sending = Sending()
    sending.publish()
    sending.settle(*sending.dispatcher.take(), Retry(DeliveryReason.STATUS, "429", 10**9))
    assert sending.row().next_at - sending.service.now_ms() - 5 == 3_600_000


def test_a_failure_goes_to_the_dead_letter_queue() -> None:
    policy = json.dumps({"deadLetterTargetArn": QUEUE.format("dead")})
    sending = Sending(RedrivePolicy=policy)
    sending.publish()
    (delivery,) = sending.dispatcher.take()
    sending.settle(delivery, Failed(DeliveryReason.STATUS, "403"))
    sending.clock.advance(1)
    (letter,) = sending.dispatcher.take()
    assert (letter.envelope.protocol, letter.envelope.endpoint) == ("sqs", QUEUE.format("dead"))
    assert letter.envelope.message_id == delivery.envelope.message_id
    sending.settle(letter, Failed(DeliveryReason.STATUS, "403"))  # it has no dead letter of its own
    assert sending.dispatcher.take() == []
    assert sending.metric("NumberOfNotificationsFailed") == 1
    assert sending.metric("NumberOfNotificationsFailedToRedriveToDlq") == 1


def test_a_failure_can_be_sent_again() -> None:
    sending = Sending()
    sending.publish()
    sending.settle(*sending.dispatcher.take(), Failed(DeliveryReason.STATUS, "403"))
    ident = sending.row().delivery_id
    assert replay(sending.service, "none") is None
    assert replay(sending.service, ident) is not None
    (delivery,) = sending.dispatcher.take()
    assert delivery.row.delivery_id == ident
    sending.settle(delivery, Delivered())
    assert [one.number for one in sending.attempts()] == [1, 2]
    assert replay(sending.service, ident) is None  # it was delivered


def test_who_does_not_answer_has_one_delivery_under_way() -> None:
    sending = Sending()
    sending.publish(30)
    (one,) = sending.dispatcher.take()  # nobody knows whether it answers
    assert sending.dispatcher.take() == []
    sending.settle(one, Delivered())
    eight = sending.dispatcher.take()
    assert len(eight) == 8
    sending.dispatcher.settle([Done(one, DOWN, sending.service.now_ms(), 1) for one in eight])
    sending.clock.advance(60)
    (one,) = sending.dispatcher.take()
    sending.settle(one, Failed(DeliveryReason.STATUS, "403"))  # which is an answer, too
    assert len(sending.dispatcher.take()) == 8


def test_a_dead_target_keeps_nobody_waiting() -> None:
    sending = Sending("dead", "well")
    sending.publish(600)
    delivered = 0
    for _ in range(80):
        for delivery in sending.dispatcher.take():
            if "well" in delivery.envelope.endpoint:
                sending.settle(delivery, Delivered())
                delivered += 1  # those to the dead one stay under way
    assert delivered == 600
    assert sending.dispatcher.under_way == 1


def test_many_dead_targets_keep_nobody_waiting() -> None:
    """Those who do not answer have half of the room, however many they are, and before one has failed, too."""
    sending = Sending("well", *(f"dead-{number}" for number in range(700)))
    delivered = 0
    for _ in range(40):
        sending.publish()
        for delivery in sending.dispatcher.take():
            if delivery.envelope.endpoint.endswith("well"):
                sending.settle(delivery, Delivered())
                delivered += 1
    assert delivered == 40
    assert sending.dispatcher.under_way == 256


def test_many_that_die_at_once_keep_nobody_waiting() -> None:
    sending = Sending("well", *(f"dying-{number}" for number in range(100)))
    sending.publish()
    for delivery in sending.dispatcher.take():
        sending.settle(delivery, Delivered())
    sending.publish(10)
    delivered = 0
    for _ in range(12):
        for delivery in sending.dispatcher.take():
            if delivery.envelope.endpoint.endswith("well"):
                sending.settle(delivery, Delivered())
                delivered += 1
    assert delivered == 10
    assert sending.dispatcher.under_way <= 100 + 128


def test_mails_that_hang_keep_nobody_else_waiting() -> None:
    sending = Sending("well")
    names = [f"mailbox-{number}@example.com" for number in range(100)]

    def confirm(store) -> None:
        for name in names:
            one = KeptSubscription(
                ident=name[:11], topic="t", protocol="email", endpoint=name, owner=HERE.account, principal="",
                created_at=0, confirmed_at=0,
            )  # fmt: skip
            put_subscription(store, HERE, one)

    sending.service.store.write(confirm)
    sending.dispatcher = Dispatcher(sending.service, protocols=("sqs", "email"))
    sending.publish()
    taken = sending.dispatcher.take()
    assert sum(one.envelope.protocol == "email" for one in taken) == 64
    assert sum(one.envelope.protocol == "sqs" for one in taken) == 1
    assert sending.dispatcher.take() == []


def test_a_policy_bounds_deliveries_a_second() -> None:
    sending = Sending()
    sending.publish(5)
    with sending.service.store.read() as store:
        rows = store.outbox.due(at=2**62, limit=10)
    assert [unpack_envelope(row.body).most_per_second for row in rows] == [None] * 5
    policy = {"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 1}}}
    policy["http"]["defaultThrottlePolicy"] = {"maxReceivesPerSecond": 2}
    set_topic_attribute(sending.service, HERE, sending.topic, "DeliveryPolicy", json.dumps(policy))
    made = subscribe(
        sending.service,
        HERE,
        sending.topic,
        protocol="http",
        endpoint="http://example.com/",
        attributes={},
        principal="p",
    )
    assert made.arn
    # An endpoint over HTTP confirms first; what is published before is not for it.
    assert sending.row().cause == "confirmation"


@pytest.mark.parametrize("rate", [2.0, 10.0])
def test_a_throttle_spreads_deliveries(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = Sending()
    monkeypatch.setattr(
        "tocsin.app.publication._delivery_policy", lambda *_: {"throttlePolicy": {"maxReceivesPerSecond": rate}}
    )
    monkeypatch.setattr("tocsin.app.publication.OVER_HTTP", frozenset(("sqs",)))
    sending.publish(20)
    taken = 0
    for _ in range(100):  # five seconds in steps of 50 ms
        for delivery in sending.dispatcher.take():
            taken += 1
            sending.settle(delivery, Delivered())
        sending.clock.advance(0.05)
    assert taken == min(20, 5 * rate)


def test_what_goes_in_order_waits_for_the_one_before_it() -> None:
    sending = Sending()
    subscribe(
        sending.service,
        HERE,
        sending.topic,
        protocol="log",
        endpoint="service",
        attributes={},
        principal="arn:aws:iam::111122223333:user/alice",
    )
    sending.publish(3)

    def logged():
        return [delivery for delivery in sending.dispatcher.take() if delivery.envelope.protocol == "log"]

    (first,) = logged()
    assert logged() == []
    sending.settle(first, Delivered("ok"))
    (second,) = logged()
    assert second.row.created_at >= first.row.created_at
    assert logged() == []


def test_messages_of_a_fifo_topic_keep_their_order() -> None:
    """Also when they were published in the same moment, and when one has to be tried again (SNS-2.7)."""
    sending = Sending()
    topic = create_topic(sending.service, HERE, "t.fifo", attributes={"FifoTopic": "true"}, tags={})
    subscribe(
        sending.service, HERE, topic, protocol="sqs", endpoint=QUEUE.format("q.fifo"), attributes={}, principal="p"
    )
    numbers = iter([3, 1, 2] * 10)  # ids that are in no order
    sending.service.new_id = lambda: f"{next(numbers)}"
    batch = [Publication(message=f"m{number}", group_id="g", deduplication_id=f"d{number}") for number in range(9)]
    publish_to_topic(sending.service, HERE, topic, batch)
    delivered = []
    for attempt in range(60):
        sending.dispatcher = Dispatcher(sending.service)  # what is remembered is of no account
        for delivery in sending.dispatcher.take():
            if attempt % 4 == 1:
                sending.settle(delivery, DOWN)
                continue
            sending.settle(delivery, Delivered())
            delivered.append(delivery.envelope.message)
        sending.clock.advance(1)
    assert delivered == [f"m{number}" for number in range(9)]


def test_a_token_is_not_kept_once_it_was_sent() -> None:
    """SNS-4.1: it is needed until the message is taken, and once more where it failed."""
    sending = Sending()
    subscribe(
        sending.service, HERE, sending.topic, protocol="email", endpoint="a@example.com", attributes={}, principal="p"
    )

    def kept() -> bool:
        with sending.service.store.read() as store:
            (row,) = store.outbox.deliveries(limit=2)
            return token in (unpack_envelope(row.body).token, row.body.decode("latin-1"))

    (delivery,) = sending.dispatcher.take()
    token = delivery.envelope.token
    sending.settle(delivery, DOWN)
    assert kept()
    sending.clock.advance(60)
    (delivery,) = sending.dispatcher.take()
    assert delivery.envelope.token == token
    sending.settle(delivery, Failed(DeliveryReason.REFUSED, "550"))
    replay(sending.service, sending.row().delivery_id)
    sending.clock.advance(60)
    (delivery,) = sending.dispatcher.take()
    assert delivery.envelope.token == token
    sending.settle(delivery, Delivered())
    assert not kept()
    assert sending.row().status is DeliveryStatus.DELIVERED
    assert [one.number for one in sending.attempts()] == [1, 2, 3]


def test_a_mail_server_that_is_down_for_an_hour_loses_nothing() -> None:
    sending = Sending()
    one = KeptSubscription(
        ident="mailbox", topic="t", protocol="email", endpoint="a@example.com", owner=HERE.account, principal="",
        created_at=0, confirmed_at=0,
    )  # fmt: skip
    sending.service.store.write(lambda store: put_subscription(store, HERE, one))
    sending.dispatcher = Dispatcher(sending.service, protocols=("email",))
    sending.publish(3)
    delivered = []
    for minute in range(90):
        for delivery in sending.dispatcher.take():
            is_up = minute >= 60
            sending.settle(delivery, Delivered() if is_up else DOWN)
            delivered += [delivery.row.delivery_id] if is_up else []
        sending.clock.advance(60)
    assert len(set(delivered)) == len(delivered) == 3
    with sending.service.store.read() as store:
        assert store.outbox.count(DeliveryStatus.FAILED) == 0
