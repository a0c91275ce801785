"""An event that was found as one line of a page. Spec: CON-1.2, CON-1.5, CON-4.10.

Rule: a CloudTrail record is told as a sentence, at its eventTime, and leads to its page; anything else is shown as the
text that it is, at the time of its log event.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.console.moment import from_epoch
from tocsin.core.event_time import parse_event_time
from tocsin.core.notification.event import EventSummary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.event_search import FoundEvent
    from tocsin.console.visit import Visit
    from tocsin.core.event import Event
    from tocsin.core.record_term import RecordTerms
    from tocsin.core.scope import Scope

LATE_SECONDS: Final = 900
"""A record that came so long after its call is late: CloudTrail delivers within that time (CT-12.3)."""

_LONGEST_ID: Final = 128
_MOST_TEXT: Final = 400


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `sentence` is empty for what is no record; `text` is the beginning of what it is then.

    `result` is done, denied or failed; `late` are the seconds between a call and its record, 0 where that is usual.
    """

    key: str
    at: datetime
    sentence: str = ""
    text: str = ""
    href: str = ""
    result: str = ""
    address: str = ""
    group: str = ""
    late: int = 0


def event_line(visit: Visit, found: FoundEvent) -> EventLine:
    """The line of an event."""
    event = found.event
    if not found.terms.terms:
        return EventLine(
            key=f"e{event.sequence}", at=from_epoch(event.timestamp), text=event.message[:_MOST_TEXT], group=event.group
        )
    record = found.record
    at = time_of(record, event.timestamp)
    return EventLine(
        key=f"e{event.sequence}",
        at=at,
        sentence=EventSummary.of(record, int(at.timestamp())).sentence,
        href=record_url(visit, found.scope, found.terms, event.timestamp),
        result=found.terms.result,
        address=found.value("address"),
        group=event.group,
        late=lateness(at, event.ingestion_time),
    )


def newest_first(lines: Iterable[EventLine]) -> list[EventLine]:
    """The lines of a page by their own times: log events of a trail are in the order of their delivery (CON-1.5)."""
    return sorted(lines, key=lambda line: line.at, reverse=True)


def time_of(record: Event, timestamp: int) -> datetime:
    """The eventTime of a record, else the time of its log event."""
    time = record.get("eventTime")
    second = parse_event_time(time) if isinstance(time, str) else None
    return from_epoch(timestamp) if second is None else datetime.fromtimestamp(second, UTC)


def lateness(at: datetime, ingestion_time: int) -> int:
    """The seconds between a call and its record; 0 where that is no longer than usual."""
    seconds = ingestion_time // 1000 - int(at.timestamp())
    return seconds if seconds > LATE_SECONDS else 0


def record_url(visit: Visit, scope: Scope, terms: RecordTerms, timestamp: int) -> str:
    """The address of a record's page; empty for a record without an eventID that an address can hold."""
    event_id = terms.event_id
    if not event_id or len(event_id) > _LONGEST_ID or not (event_id.isascii() and event_id.isprintable()):
        return ""
    return scoped_url(visit, scope, "events", event_id, at=timestamp // 1000)


def scoped_url(visit: Visit, scope: Scope, path: str, *names: str, **query: str | int | None) -> str:
    """An address of something in an account and region, which it names where these are not looked at anyway."""
    if list(visit.scopes) != [scope]:
        query["in"] = f"{scope.account}/{scope.region}"
    return visit.url(path, *names, **query)
