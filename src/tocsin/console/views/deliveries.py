"""Deliveries: what was sent to whom, each attempt, and what failed in the end, which can be sent again.

    deliveries         newest first, by status   app.delivery_record -> deliveries.html
    deliveries/{id}    attempts and body         app.delivery_record -> delivery.html
    send-again         one, or up to a hundred   app.dispatcher.replay, visit.note

Spec: CON-4.10, SNS-10.6, SNS-10.7, CON-7.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.delivery_record import DeliveryLine, page_of_deliveries, read_delivery
from tocsin.app.dispatcher import replay
from tocsin.app.topic import topic_arn
from tocsin.console.answer import FormProblemError, Fragment, NoSuchPageError, Page, PlainText, Redirect
from tocsin.console.delivery_row import delivery_rows
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.core.composite_alarm.reference import parse_arn
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.mail.kept_mail import without_tokens
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.quantity import counted
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.delivery_record import DeliveryReading
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

ROWS: Final = 50
BULK: Final = 100
"""Deliveries that are sent again at a time (CON-7.6)."""

_SHOWN: Final = 4_000

STATUSES: Final = (
    ("", "all"),
    ("failed", "failed in the end"),
    ("pending", "waiting, or tried again"),
    ("delivered", "delivered"),
)


# ---------------------------------------------------------------- pages


def delivery_list(visit: Visit) -> Answer:
    """Deliveries, newest first."""
    return Page("deliveries.html", "Deliveries", _listed(visit))


def delivery_part(visit: Visit) -> Answer:
    """The first page of them alone."""
    return Fragment("delivery/_list.html", _listed(visit))


def _listed(visit: Visit) -> dict[str, Any]:
    status, topic, to = visit.query("status"), visit.query("topic"), visit.query("to")
    target, cause = visit.query("target"), visit.query("cause")
    before = _place(visit.query("before"))
    found = page_of_deliveries(
        visit.service,
        # The change of an alarm may be told by topics of other accounts and regions.
        visit.scope if len(visit.scopes) == 1 and not cause else None,
        status=DeliveryStatus(status) if status in set(DeliveryStatus) else None,
        topic=(topic if is_topic(topic) else topic_arn(visit.scope, topic)) if topic else None,
        target=target or None,
        cause=cause or None,
        to=to,
        before=before,
        limit=ROWS,
    )
    rows = delivery_rows(visit, found.lines)
    asked = {"status": status, "topic": topic, "to": to, "target": target, "cause": cause}
    older = "" if found.before is None else "{}.{}".format(*found.before)
    return {
        "rows": rows,
        "statuses": STATUSES,
        "asked": asked,
        "change": _change(cause),
        "is_chosen": any(asked.values()),
        "is_first": before is None,
        "older": visit.url("deliveries", **asked, before=older) if older else "",
        "part": visit.url("_/deliveries/list", **asked),
        "reached": from_epoch(found.before[0]) if found.is_cut and found.before else None,
        "can_repeat": visit.visitor.is_operator and any(row.is_failed for row in rows),
        "with_boxes": visit.visitor.is_operator and any(row.is_failed for row in rows),
    }


def _change(cause: str) -> tuple[str, datetime] | None:
    """The alarm and the moment of the change that deliveries tell of; None for another cause."""
    arn, _, at = cause.rpartition("@")
    alarm = parse_arn(arn)
    return (alarm.name, from_epoch(int(at))) if alarm is not None and at.isdecimal() and len(at) < 15 else None


def _place(text: str) -> tuple[int, str] | None:
    at, _, ident = text.partition(".")
    return (int(at), ident) if at.isdecimal() and len(at) < 16 and ident else None


def delivery_page(visit: Visit) -> Answer:
    """One delivery."""
    reading = _reading(visit)
    row, envelope = reading.row, reading.envelope
    (told,) = delivery_rows(visit, [_line_of(reading)])
    message = _legible(envelope.message if visit.visitor.is_operator else without_tokens(envelope.message))
    context = {
        "row": told,
        "target": row.target,
        "cause": _cause(reading),
        "message": message[:_SHOWN],
        "left_out": max(0, len(message) - _SHOWN),
        "message_id": envelope.message_id,
        "kind": envelope.kind,
        "is_message": envelope.kind is EnvelopeKind.NOTIFICATION,
        "attributes": envelope.attributes,
        "records": len(envelope.records),
        "attempts": reading.attempts,
        "letter": reading.dead_letter,
        "letter_of": reading.letter_of,
        "moment_of": from_epoch,
        "ours": f"tocsin deliveries replay {row.delivery_id}",
    }
    return Page("delivery.html", "Delivery", context, crumbs=[("Deliveries", visit.url("deliveries"))])


def _legible(text: str) -> str:
    """A text as it is, JSON in lines; what is sent is compact."""
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def _line_of(reading: DeliveryReading) -> DeliveryLine:
    envelope = reading.envelope
    subject = envelope.subject or envelope.kind.value
    return DeliveryLine(reading.row, envelope.endpoint, subject, envelope.alarm_arn)


def _cause(reading: DeliveryReading) -> str:
    """Why it was sent, for people; what an alarm says is told by the alarm."""
    cause = reading.row.cause
    return _CAUSES.get(cause.partition(":")[0], "") if not reading.envelope.alarm_arn else ""


_CAUSES: Final = {
    "confirmation": "a confirmation that was asked for",
    "publish": "a message that was published",
    "cloudtrail": "a trail that delivered log files",
    "digest": "a digest of what came in a time",
    "dead-letter": "a delivery that failed in the end",
    "heartbeat": "a sign of life of this service",
    "operator": "a report of this service on itself",
}


def delivery_message(visit: Visit) -> Answer:
    """The whole text of a message."""
    reading = _reading(visit)
    text = reading.envelope.message
    return PlainText(text if visit.visitor.is_operator else without_tokens(text))


def _reading(visit: Visit) -> DeliveryReading:
    ident = visit.form.get("id") or visit.path.get("id", "")
    found = read_delivery(visit.service, ident)
    if found is None:
        hint = "Deliveries are kept for some time after they have ended; this one may be too old."
        raise NoSuchPageError("There is no such delivery", hint=hint)
    return found


# ---------------------------------------------------------------- sending again


def send_again(visit: Visit) -> Answer:
    """Have deliveries that failed in the end tried once more, a hundred at most; how many, and which were not."""
    idents = list(dict.fromkeys(visit.form.all("id")))
    back = visit.form.get("back")
    if not idents:
        raise FormProblemError({"": "Choose the deliveries that are to be sent again."})
    if len(idents) > BULK:
        raise FormProblemError({"": f"{BULK} at a time: {len(idents)} were chosen."})
    done = 0
    for ident in idents:
        if replay(visit.service, ident) is not None:
            visit.note("send-again", "delivery", ident)
            done += 1
    told = f"{counted(done, 'delivery', 'deliveries')} due again now." if done else "Nothing is sent again."
    if done < len(idents):
        left = len(idents) - done
        told += f" {counted(left, 'delivery has', 'deliveries have')} not failed, or not any more."
    one = visit.url("deliveries", idents[0]) if len(idents) == 1 and not back else ""
    return Redirect(one or visit.url("deliveries", status=back), told=told)


ROUTES = (
    page("deliveries", delivery_list),
    page("deliveries/{id}", delivery_page),
    page("deliveries/{id}/message", delivery_message),
    fragment("deliveries/list", delivery_part),
    action("send-again", send_again, form=delivery_list),
)
