"""A delivery as lists show it. Spec: CON-4.10, SNS-10.7."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.console.endpoint_text import endpoint_text
from tocsin.console.moment import from_epoch
from tocsin.core.composite_alarm.reference import parse_arn
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.outbox import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.app.delivery_record import DeliveryLine
    from tocsin.console.visit import Visit

SIGNS = {
    DeliveryStatus.DELIVERED: ("ok", "ok"),
    DeliveryStatus.PENDING: ("late", "late"),
    DeliveryStatus.FAILED: ("alarm", "alarm"),
}
"""How a status is shown: its glyph and its tone."""


class DeliveryRowText(NamedTuple):
    """One row. `alarm` is the name of the alarm that speaks, `alarm_url` its page, `says` what it says; else empty."""

    ident: str
    url: str
    at: datetime
    glyph: str
    tone: str
    status: str
    is_failed: bool
    topic: str
    topic_url: str
    alarm: str
    alarm_url: str
    says: str
    subject: str
    protocol: str
    endpoint: str
    attempts: int
    answer: str
    next_at: datetime | None


_KINDS = {
    EnvelopeKind.SUBSCRIPTION_CONFIRMATION.value: "asks to confirm",
    EnvelopeKind.UNSUBSCRIBE_CONFIRMATION.value: "says that it ended",
    EnvelopeKind.NOTIFICATION.value: "message without a subject",
}


def delivery_rows(visit: Visit, lines: Iterable[DeliveryLine]) -> list[DeliveryRowText]:
    """Deliveries for the one who looks."""
    return [_row(visit, one) for one in lines]


def _row(visit: Visit, line: DeliveryLine) -> DeliveryRowText:
    row = line.row
    glyph, tone = SIGNS[row.status]
    alarm, topic = parse_arn(line.alarm), row.topic_arn.split(":")
    is_pending = row.status is DeliveryStatus.PENDING
    return DeliveryRowText(
        ident=row.delivery_id,
        url=visit.url("deliveries", row.delivery_id),
        at=from_epoch(row.created_at),
        glyph=glyph,
        tone=tone,
        status="waits" if is_pending and not row.attempts else "tried again" if is_pending else row.status.value,
        is_failed=row.status is DeliveryStatus.FAILED,
        topic=topic[-1],
        topic_url=visit.url("topics", topic[-1], **{"in": f"{topic[4]}/{topic[3]}"}) if len(topic) > 5 else "",
        alarm="" if alarm is None else alarm.name,
        alarm_url="" if alarm is None else visit.url("alarms", alarm.name, **{"in": f"{alarm.account}/{alarm.region}"}),
        says="" if alarm is None else line.subject.partition(": ")[0],
        subject=_KINDS.get(line.subject, line.subject),
        protocol=row.protocol,
        endpoint=endpoint_text(visit, row.protocol, line.endpoint),
        attempts=row.attempts,
        answer=row.outcome,
        next_at=from_epoch(row.next_at) if is_pending else None,
    )
