"""Topics and subscriptions (SNS-3.2, SNS-4.5)."""

from __future__ import annotations

import pytest

from tocsin.core.topic import Subscription, is_topic

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"


@pytest.mark.parametrize(
    ("arn", "confirmed"), [(f"{TOPIC}:0f1e", True), ("PendingConfirmation", False), ("Deleted", False)]
)
def test_only_a_confirmed_subscription_hears(arn: str, confirmed: bool) -> None:
    one = Subscription(topic_arn=TOPIC, protocol="email", endpoint="security@example.com", subscription_arn=arn)
    assert one.is_confirmed is confirmed


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (TOPIC, True),
        (f"{TOPIC}:0f1e", False),
        ("arn:aws:lambda:us-east-1:111122223333:function", False),
        ("sec-alerts", False),
        ("arn:aws-cn:sns:cn-north-1:111122223333:t", True),
    ],
)
def test_a_topic_is_told_by_its_arn(arn: str, expected: bool) -> None:
    assert is_topic(arn) is expected
