"""Deliveries with everything that was tried. Spec: SNS-10.7, IF-7."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.subscription_endpoint import shown_address
from tocsin.core.envelope import unpack_envelope
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.core.delivery import DeliveryAttempt
    from tocsin.core.outbox import DeliveryRow

_PAGE = 100

MOST_LOOKED_AT = 50_000
"""Deliveries that are looked at for those that are asked for."""


class DeliveryRecord(NamedTuple):
    """A delivery without its body, to which endpoint it goes, what it is about, and its attempts, the oldest first."""

    row: DeliveryRow
    endpoint: str
    subject: str
    attempts: tuple[DeliveryAttempt, ...]


class FoundDeliveries(NamedTuple):
    """Deliveries, the newest first. Where there are too many, only so many as `cut_at` were looked at."""

    records: list[DeliveryRecord]
    cut_at: int | None = None


def find_deliveries(
    service: Service, *, status: str | None, topic: str | None, to: str | None, since: int | None, limit: int
) -> FoundDeliveries:
    """The newest deliveries first.

    `topic` is an ARN or a name, `to` a part of the endpoint, `since` in milliseconds since the epoch. How many are
    looked at is bounded, whatever is asked.
    """
    found: list[DeliveryRecord] = []
    before: tuple[int, str] | None = None
    looked_at = 0
    wanted = None if status is None else DeliveryStatus(status)
    with service.store.read() as store:
        while looked_at < MOST_LOOKED_AT:
            rows = store.outbox.deliveries(status=wanted, before=before, limit=_PAGE)
            for row in rows:
                looked_at += 1
                if since is not None and row.created_at < since:
                    return FoundDeliveries(found)
                if topic is not None and topic not in {row.topic_arn, row.topic_arn.rpartition(":")[2]}:
                    continue
                envelope = unpack_envelope(row.body)
                endpoint = shown_address(envelope.protocol, envelope.endpoint)
                if to is not None and to.lower() not in endpoint.lower():
                    continue
                attempts = tuple(store.outbox.attempts(row.delivery_id))
                subject = envelope.subject or envelope.kind.value
                # The bodies of ten thousand messages would be gigabytes.
                bare = msgspec.structs.replace(row, body=b"")
                found.append(DeliveryRecord(bare, endpoint, subject, attempts))
                if len(found) == limit:
                    return FoundDeliveries(found)
            if len(rows) < _PAGE:
                return FoundDeliveries(found)
            before = rows[-1].created_at, rows[-1].delivery_id
    return FoundDeliveries(found, cut_at=looked_at)
