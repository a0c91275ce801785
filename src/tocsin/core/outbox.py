"""What waits to be delivered. Spec: AR-5, SNS-2.8, SNS-10, CON-4.0 (X8).

Rule: a row is written in the transaction of what caused it, and it is never removed before it is
settled: delivered, or given up with a reason. `delivery_id` stays the same on every attempt.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tocsin.core.scope import Scope

MOST_ATTEMPTS = 100
"""Attempts of one delivery that are told."""


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one endpoint.

    `topic_arn` is what was published to, `target` the subscription's ARN, or the ARN of an action
    that is no topic, `protocol` how it is reached. `cause` names what it is about: the alarm's ARN and
    the instant, or a message id. Times are milliseconds since the epoch; `next_at` is when it is tried
    next. `body` is what the dispatcher needs, in its own form.
    """

    delivery_id: str
    scope: Scope
    topic_arn: str
    target: str
    protocol: str = ""
    cause: str
    created_at: int
    next_at: int
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    outcome: str = ""
    body: bytes
