"""What an alarm publishes for one change of state: subject, JSON document, short message, mail.

Rule: the message is a function of its arguments; with the same events in any order it is the same to
the last byte, and it fits into one SNS message. Spec: AL-17, AL-19.1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.timestamp import aws_timestamp
from tocsin.core.notification.alarm_link import alarm_link
from tocsin.core.notification.document import alarm_document, tocsin_member
from tocsin.core.notification.email_text import MailContent, email_text
from tocsin.core.notification.folding import MOST_EVENTS, Folding, fold_events
from tocsin.core.notification.safe_line import safe_json
from tocsin.core.notification.subject import sms_heading, subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.notification.event import EventSummary
    from tocsin.core.notification.state_change import StateChange
    from tocsin.core.rule import Rule


class MessageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that messages depend on (IF-9).

    `events_in_message` (0 to 50) and `enrich_json` are those of the table `alarm`, `public_url` that of
    `server`, None for links to AWS's console. `largest` is the most bytes that SNS takes as a message.
    """

    events_in_message: int = 10
    enrich_json: bool = True
    public_url: str | None = None
    largest: int = 262_144


class AlarmMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message: `default` is the JSON text, `sms` the heading, `email` plain text (AL-17.1)."""

    subject: str
    default: str
    sms: str
    email: str

    def structure_json(self) -> str:
        """The text to publish with MessageStructure=json: the three keys (AL-17.1)."""
        parts = {"default": self.default, "sms": self.sms, "email": self.email}
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


_DEFAULTS = MessageSettings()


def compose_alarm_message(
    alarm: MetricAlarm | CompositeAlarm,
    change: StateChange,
    *,
    events: Sequence[EventSummary] | None = None,
    event_count: int | None = None,
    rule: Rule | None = None,
    settings: MessageSettings = _DEFAULTS,
    evaluation: str = "",
) -> AlarmMessage:
    """What `alarm` publishes for `change`.

    `events` are the records behind the decisive points, None where the alarm is not fed by a metric
    filter; `event_count` is their number where not all of them are given. `rule` is the rule that the
    alarm was made from. `evaluation` names the evaluation record (URL or id); by default it is the
    alarm's page at `public_url`, else ARN and time. When all of it is more than `settings.largest`
    bytes, fewer events are shown, and counted instead.
    """
    limit = max(0, min(settings.events_in_message, MOST_EVENTS))
    at = aws_timestamp(change.at)
    if not evaluation:
        page = "" if settings.public_url is None else alarm_link(alarm.alarm_name, change.scope, settings.public_url)
        evaluation = page or f"{change.scope.arn(alarm.alarm_name)}@{at}"
    document = alarm_document(alarm, change)
    while True:
        folding = None if events is None else fold_events(events, limit=limit, total=event_count)
        whole = document
        if settings.enrich_json:
            ours = tocsin_member(folding or Folding(), change.occasion, evaluation, change.untold, change.untold_more)
            whole = {**document, "Tocsin": ours}
        named = (alarm.alarm_name, change.new.value, change.scope.region, change.occasion)
        message = AlarmMessage(
            subject=subject(*named),
            default=safe_json(whole),
            sms=sms_heading(*named),
            email=email_text(
                MailContent(alarm=alarm, change=change, folding=folding, rule=rule, public_url=settings.public_url)
            ),
        )
        if limit == 0 or len(message.structure_json().encode()) <= settings.largest:
            return message
        limit //= 2
