"""Deliveries with everything that was tried. Spec: SNS-10.7, IF-7, CON-4.10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.dispatcher import DEAD_LETTER
from tocsin.app.subscription_endpoint import shown_address
from tocsin.core.envelope import unpack_envelope
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.delivery import DeliveryAttempt
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.scope import Scope

_PAGE = 100

MOST_LOOKED_AT = 50_000
"""Deliveries that are looked at for those that are asked for."""

MOST_FOR_A_PAGE: Final = 2_000
"""Deliveries that are looked at for one page of those that are asked for."""


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


class DeliveryLine(NamedTuple):
    """A delivery in a list, without its body; `alarm` is the ARN of the alarm that speaks, empty for none."""

    row: DeliveryRow
    endpoint: str
    subject: str
    alarm: str


class DeliveryPage(NamedTuple):
    """Deliveries, the newest first. `before` is where older ones begin, None where there are none.

    `is_cut`: the page is short because so many were looked at in vain, and there are older ones.
    """

    lines: list[DeliveryLine]
    before: tuple[int, str] | None
    is_cut: bool = False


class DeliveryReading(NamedTuple):
    """One delivery: what is sent, all attempts, and the deliveries to dead-letter queues that came of it, or caused it.

    `endpoint` is the address as it may be shown, without a password.
    """

    row: DeliveryRow
    envelope: Envelope
    endpoint: str
    attempts: tuple[DeliveryAttempt, ...]
    dead_letter: DeliveryRow | None
    letter_of: DeliveryRow | None


def find_deliveries(
    service: Service, *, status: str | None, topic: str | None, to: str | None, since: int | None, limit: int
) -> FoundDeliveries:
    """The newest deliveries first.

    `topic` is an ARN or a name, `to` a part of the endpoint, `since` in milliseconds since the epoch. How many are
    looked at is bounded, whatever is asked.
    """
    found: list[DeliveryRecord] = []
    looked_at = 0
    wanted = None if status is None else DeliveryStatus(status)
    with service.store.read() as store:
        for row in _newest_first(store, None, status=wanted):
            if looked_at == MOST_LOOKED_AT:
                return FoundDeliveries(found, cut_at=looked_at)
            looked_at += 1
            if since is not None and row.created_at < since:
                break
            if topic is not None and topic not in {row.topic_arn, row.topic_arn.rpartition(":")[2]}:
                continue
            line = _line(row)
            if to is not None and to.lower() not in line.endpoint.lower():
                continue
            attempts = tuple(store.outbox.attempts(row.delivery_id))
            found.append(DeliveryRecord(line.row, line.endpoint, line.subject, attempts))
            if len(found) == limit:
                break
    return FoundDeliveries(found)


def page_of_deliveries(
    service: Service,
    scope: Scope | None,
    *,
    status: DeliveryStatus | None = None,
    topic: str | None = None,
    target: str | None = None,
    cause: str | None = None,
    to: str = "",
    before: tuple[int, str] | None = None,
    limit: int,
) -> DeliveryPage:
    """A page of deliveries of an account and region, or of all.

    `topic` is an ARN, `target` that of a subscription, `cause` what all of them tell of, `to` a part of the endpoint.
    """
    lines: list[DeliveryLine] = []
    looked_at = 0
    with service.store.read() as store:
        rows = _newest_first(store, scope, status=status, topic=topic, target=target, cause=cause, before=before)
        for row in rows:
            if len(lines) == limit or looked_at == MOST_FOR_A_PAGE:
                return DeliveryPage(lines, before, is_cut=len(lines) < limit)
            looked_at += 1
            before = row.created_at, row.delivery_id
            line = _line(row)
            if to.lower() in line.endpoint.lower():
                lines.append(line)
    return DeliveryPage(lines, None)


def read_delivery(service: Service, delivery_id: str) -> DeliveryReading | None:
    """One delivery; None where there is none, or it is no longer kept."""
    with service.store.read() as store:
        outbox = store.outbox
        row = outbox.get(delivery_id)
        if row is None:
            return None
        envelope = unpack_envelope(row.body)
        letters = outbox.deliveries(cause=f"{DEAD_LETTER}{delivery_id}", limit=1)
        is_letter = row.cause.startswith(DEAD_LETTER)
        return DeliveryReading(
            row=row,
            envelope=envelope,
            endpoint=shown_address(envelope.protocol, envelope.endpoint),
            attempts=tuple(outbox.attempts(delivery_id)),
            dead_letter=letters[0] if letters else None,
            letter_of=outbox.get(row.cause.removeprefix(DEAD_LETTER)) if is_letter else None,
        )


def _newest_first(
    store: StoreReader,
    scope: Scope | None,
    *,
    status: DeliveryStatus | None = None,
    topic: str | None = None,
    target: str | None = None,
    cause: str | None = None,
    before: tuple[int, str] | None = None,
) -> Iterator[DeliveryRow]:
    while True:
        rows = store.outbox.deliveries(
            scope, status=status, topic=topic, target=target, cause=cause, before=before, limit=_PAGE
        )
        yield from rows
        if len(rows) < _PAGE:
            return
        before = rows[-1].created_at, rows[-1].delivery_id


def _line(row: DeliveryRow) -> DeliveryLine:
    envelope = unpack_envelope(row.body)
    # The bodies of ten thousand messages would be gigabytes.
    bare = msgspec.structs.replace(row, body=b"")
    endpoint = shown_address(envelope.protocol, envelope.endpoint)
    return DeliveryLine(bare, endpoint, envelope.subject or envelope.kind.value, envelope.alarm_arn)
