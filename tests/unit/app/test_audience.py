"""Who would have been told, and why nobody would (AL-19.4)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import TOPIC

from tocsin.app.audience import Audience, audience_of
from tocsin.core.alarm.state import StateValue
from tocsin.core.topic import Subscription

OTHER = TOPIC.replace("sec-alerts", "others")
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:f"


def subscription(endpoint: str, *, topic: str = TOPIC, arn: str = "") -> Subscription:
    return Subscription(
        topic_arn=topic, protocol="email", endpoint=endpoint, subscription_arn=arn or f"{topic}:{endpoint}"
    )


ALICE, BOB = subscription("alice@example.com"), subscription("bob@example.com")
PENDING = subscription("carol@example.com", arn="PendingConfirmation")
GONE = subscription("dave@example.com", arn="Deleted")


@pytest.mark.parametrize(
    ("actions", "subscriptions", "notified"),
    [
        ((TOPIC,), (ALICE,), ("alice@example.com",)),
        ((TOPIC,), (PENDING, BOB, ALICE), ("bob@example.com", "alice@example.com")),
        ((TOPIC, TOPIC), (ALICE, ALICE), ("alice@example.com",)),
        ((FUNCTION, TOPIC), (ALICE,), ("alice@example.com",)),
        (
            (OTHER, TOPIC),
            (ALICE, subscription("eve@example.com", topic=OTHER)),
            ("alice@example.com", "eve@example.com"),
        ),
    ],
)
def test_confirmed_subscribers_are_told(
    actions: tuple[str, ...], subscriptions: tuple[Subscription, ...], notified: tuple[str, ...]
) -> None:
    assert audience_of(actions, StateValue.ALARM, subscriptions) == Audience(notified=notified)


@pytest.mark.parametrize(
    ("actions", "subscriptions", "options", "reason"),
    [
        ((TOPIC,), (ALICE,), {"enabled": False}, "the alarm's actions are disabled"),
        ((), (ALICE,), {}, "the alarm has no action for ALARM"),
        ((TOPIC,), (ALICE,), {"held_by": "Mute"}, "the actions were held (Mute)"),
        ((FUNCTION,), (ALICE,), {}, "no action is a topic"),
        ((TOPIC,), None, {}, "who is subscribed is not known: add the output of aws sns list-subscriptions"),
        ((TOPIC,), (), {}, "nobody is subscribed to sec-alerts"),
        ((TOPIC, OTHER), (), {}, "nobody is subscribed to sec-alerts, others"),
        ((OTHER,), (ALICE,), {}, "nobody is subscribed to others"),
        (
            (TOPIC,),
            (PENDING, PENDING, GONE),
            {},
            "nobody has confirmed the subscription to sec-alerts (pending: carol@example.com)",
        ),
        ((TOPIC,), (GONE,), {}, "nobody is subscribed to sec-alerts"),
    ],
)
def test_nobody_is_told_and_the_reason_is(
    actions: tuple[str, ...], subscriptions: tuple[Subscription, ...] | None, options: dict[str, Any], reason: str
) -> None:
    assert audience_of(actions, StateValue.ALARM, subscriptions, **options) == Audience(not_notified=reason)


def test_state_whose_list_is_empty_is_named() -> None:
    assert audience_of((), StateValue.OK, ()).not_notified == "the alarm has no action for OK"
