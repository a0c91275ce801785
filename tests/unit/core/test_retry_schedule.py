"""When a delivery is tried again. Spec: SNS-10.1, SNS-10.2, SNS-10.4."""

from __future__ import annotations

import itertools

import pytest

from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryReason, Failed, Retry
from tocsin.core.delivery_policy import effective_subscription_policy
from tocsin.core.retry_schedule import retry_delay

DEFAULT = effective_subscription_policy("", topic="")["healthyRetryPolicy"]


def delays(protocol: str, policy=None, most: int = 1_000_000) -> list[float]:
    found = (retry_delay(protocol, policy, retry) for retry in range(1, most))
    return list(itertools.takewhile(lambda delay: delay is not None, found))


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_http_follows_its_policy(protocol: str) -> None:
    assert delays(protocol, DEFAULT) == [20, 20, 20]  # Example SNS-10.a


@pytest.mark.parametrize("protocol", ["email", "email-json", "sms", "application", "slack", "http"])
def test_people_are_tried_for_six_hours(protocol: str) -> None:
    found = delays(protocol)
    assert len(found) == 50
    assert found[:8] == [10, 10, 10, 20, 40, 80, 160, 320]
    assert found[8:] == [600] * 42
    assert 6 * 3600 < sum(found) < 8 * 3600


@pytest.mark.parametrize("protocol", ["sqs", "lambda", "firehose"])
def test_queues_are_tried_for_23_days(protocol: str) -> None:
    found = delays(protocol)
    assert len(found) == 100_015
    assert found[:11] == [0, 0, 0, 1, 1, 1, 2, 4, 8, 16, 20]
    assert set(found[11:]) == {20}
    assert round(sum(found) / 86_400) == 23


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Delivered(), "delivered"),
        (Delivered("200 OK"), "delivered: 200 OK"),
        (Retry(DeliveryReason.TIME_OUT), "time-out"),
        (Failed(DeliveryReason.STATUS, "403 Forbidden"), "status: 403 Forbidden"),
    ],
)
def test_an_attempt_says_what_became_of_it(outcome, text: str) -> None:
    assert DeliveryAttempt(number=1, at=0, took=1, outcome=outcome).text == text
