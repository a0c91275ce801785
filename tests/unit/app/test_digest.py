"""At most one mail in a time, and nothing dropped. Spec: SNS-12.6."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.app.dispatcher import Dispatcher, Done, replay
from tocsin.app.publication import Publication, publish_to_topic
from tocsin.app.service import Service
from tocsin.app.topic import KeptSubscription, create_topic, put_subscription, tag_topic
from tocsin.clock import ManualClock
from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.scope import Scope
from tocsin.errors import InvalidParameterError
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "eu-west-1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Mailing:
    """A topic with a mailbox and a queue, and what they got."""

    def __init__(self, every: str = "PT15M") -> None:
        numbers = itertools.count(1)
        self.clock = ManualClock(START)
        self.service = Service(MemoryStore(), self.clock, new_id=lambda: f"{next(numbers):08}", new_secret=bytes)
        tags = {"tocsin:digest-every": every} if every else {}
        self.topic = create_topic(self.service, HERE, "alerts", attributes={}, tags=tags)
        for protocol, endpoint in (
            ("email", "alice@example.com"),
            ("sqs", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ):
            one = KeptSubscription(
                ident=protocol, topic="alerts", protocol=protocol, endpoint=endpoint, owner=HERE.account, principal="",
                created_at=0, confirmed_at=0,
            )  # fmt: skip
            self.service.store.write(lambda store, one=one: put_subscription(store, HERE, one))
        self.restart()
        self.mails: list[tuple[float, str, str]] = []
        self.queue: list[str] = []

    def restart(self) -> None:
        self.dispatcher = Dispatcher(self.service)

    def publish(self, text: str) -> None:
        publish_to_topic(self.service, HERE, self.topic, [Publication(message=text, subject=f"subject {text}")])
        self.deliver()

    def deliver(self, outcome=None) -> None:
        while taken := self.dispatcher.take():
            done = []
            for delivery in taken:
                if delivery.envelope.protocol == "sqs":
                    self.queue.append(delivery.envelope.message)
                    done.append(Done(delivery, Delivered(), self.service.now_ms(), 0))
                    continue
                if outcome is None:
                    minute = (self.clock.now() - START).total_seconds() / 60
                    self.mails.append((minute, delivery.envelope.subject or "", delivery.envelope.message))
                done.append(Done(delivery, outcome or Delivered(), self.service.now_ms(), 0))
            self.dispatcher.settle(done)

    def wait(self, minutes: float) -> None:
        self.clock.advance(60 * minutes)
        self.deliver()

    @property
    def told(self) -> list[tuple[float, str]]:
        return [(minute, subject) for minute, subject, _ in self.mails]


def test_the_first_goes_at_once_and_the_rest_together() -> None:
    mailing = Mailing()
    for text in ("a", "b", "c"):
        mailing.publish(text)
        mailing.wait(1)
    assert mailing.told == [(0, "subject a")]
    mailing.wait(12)
    assert mailing.told == [(0, "subject a"), (15, "2 messages of the topic alerts")]
    assert "subject b" in mailing.mails[1][2]
    assert "subject c" in mailing.mails[1][2]
    # A digest is a mail, too: the next one waits for its own time.
    mailing.publish("d")
    mailing.wait(14)
    assert len(mailing.mails) == 2
    mailing.wait(1)
    assert mailing.told[2] == (30, "1 message of the topic alerts")
    # After a time without anything the next one goes at once.
    mailing.wait(60)
    mailing.publish("e")
    assert mailing.told[3] == (90, "subject e")
    assert mailing.queue == ["a", "b", "c", "d", "e"]


def test_without_the_tag_each_goes_at_once() -> None:
    mailing = Mailing("")
    for text in ("a", "b"):
        mailing.publish(text)
        mailing.wait(1)
    assert mailing.told == [(0, "subject a"), (1, "subject b")]


@pytest.mark.parametrize("outcome", [Retry(DeliveryReason.CONNECTION), Failed(DeliveryReason.REFUSED, "550")])
def test_a_digest_that_fails_is_kept_whole(outcome: Retry | Failed) -> None:
    mailing = Mailing()
    for text in ("a", "b", "c"):
        mailing.publish(text)
    mailing.clock.advance(15 * 60)
    mailing.deliver(outcome)
    mailing.restart()
    if isinstance(outcome, Failed):
        with mailing.service.store.read() as store:
            (failed,) = [row for row in store.outbox.deliveries(limit=9) if row.status.value == "failed"]
        assert replay(mailing.service, failed.delivery_id) is not None
    mailing.wait(10)
    (digest,) = mailing.mails[1:]
    assert digest[1] == "2 messages of the topic alerts"
    assert "subject c" in digest[2]


def test_a_death_before_it_is_settled_changes_nothing() -> None:
    mailing = Mailing()
    for text in ("a", "b"):
        mailing.publish(text)
    mailing.clock.advance(15 * 60)
    (first,) = mailing.dispatcher.take()
    mailing.restart()
    (again,) = mailing.dispatcher.take()
    assert again == first


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=40), max_size=25))
def test_at_most_one_in_that_time_and_nothing_dropped(pauses: list[float]) -> None:
    mailing = Mailing()
    for number, pause in enumerate(pauses):
        mailing.publish(f"number-{number}.")
        for _ in range(int(pause)):
            mailing.wait(1)
        mailing.wait(pause - int(pause))
    for _ in range(31):
        mailing.wait(1)
    minutes = [minute for minute, _, _ in mailing.mails]
    assert all(later - earlier > 13.9 for earlier, later in itertools.pairwise(minutes))
    everything = "\n".join(f"{subject}\n{text}" for _, subject, text in mailing.mails)
    assert [f"number-{number}." in everything for number in range(len(pauses))] == [True] * len(pauses)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("tocsin:digest-every", "15 minutes"),
        ("tocsin:digest-every", "P1Y"),
        ("tocsin:digest-every", "PT1S"),
        ("tocsin:unsubscribe", "never"),
    ],
)
def test_a_tag_that_means_nothing_is_refused(tag: str, value: str) -> None:
    mailing = Mailing()
    with pytest.raises(InvalidParameterError, match=tag):
        tag_topic(mailing.service, HERE, mailing.topic, add={tag: value})
