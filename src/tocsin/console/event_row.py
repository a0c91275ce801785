"""A log event as one line of a page. Spec: CON-1.2, CON-4.7, CON-4.10.

Rule: a CloudTrail record is told as a sentence and leads to its page; anything else is shown as the text that it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tocsin.console.moment import from_epoch
from tocsin.core.event import Event
from tocsin.core.notification.event import EventSummary

if TYPE_CHECKING:
    from tocsin.console.visit import Visit
    from tocsin.core.log_event import LogEvent

_MOST_TEXT = 400


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `sentence` is empty for what is no CloudTrail record; `text` is the beginning of the message."""

    at: datetime
    key: str
    stream: str
    text: str
    sentence: str = ""
    href: str = ""


def event_row(visit: Visit, event: LogEvent) -> EventRow:
    """The line of an event that a log group holds."""
    read = Event(event.message)
    record_id = text_of(read, "eventID")
    is_record = bool(text_of(read, "eventName") and text_of(read, "eventSource"))
    return EventRow(
        at=from_epoch(event.timestamp),
        key=event.event_id,
        stream=event.stream,
        text=event.message[:_MOST_TEXT],
        sentence=EventSummary.of(read, event.timestamp // 1000).sentence if is_record else "",
        href=visit.url("events", record_id, at=event.timestamp // 1000) if is_record and record_id else "",
    )


def text_of(event: Event, name: str) -> str:
    """A member of a record where it is text; empty for anything else."""
    found = event.get(name)
    return found if isinstance(found, str) else ""
