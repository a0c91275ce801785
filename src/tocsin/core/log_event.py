"""Log events as a store keeps them, where one lies, and how they are looked for. Spec: FP-11, WIRE-8.1, CON-4.0.

Rule: times of log events are milliseconds since the epoch, as in CloudWatch Logs. `sequence` is
given by the store, grows with every event that it takes, and is never given twice.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class EventPlace(NamedTuple):
    """Where an event stands in the order of time; the cursor of everything that gives pages of events."""

    timestamp: int
    sequence: int


class LogEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event that was stored."""

    timestamp: int
    ingestion_time: int
    sequence: int
    stream: str
    message: str
    group: str = ""

    @property
    def place(self) -> EventPlace:
        """Where it stands."""
        return EventPlace(self.timestamp, self.sequence)

    @property
    def event_id(self) -> str:
        """The eventId of FilterLogEvents: 56 digits that sort as the events do."""
        return f"{self.timestamp:020d}{self.sequence:036d}"


class LogStream(msgspec.Struct, frozen=True, kw_only=True):
    """A log stream and what it holds; times are None while it holds nothing."""

    name: str
    created_at: int
    first_event: int | None = None
    last_event: int | None = None
    last_ingestion: int | None = None
    stored_bytes: int = 0


class Term(NamedTuple):
    """A thing that CloudTrail records are looked up by.

    `kind` is one of `TERM_KINDS`; the value of `scope` is `ACCOUNT/REGION`.
    """

    kind: str
    value: str


TERM_KINDS = ("actor", "key", "address", "event_name", "resource", "error", "scope")
"""The kinds of postings (CON-4.0, X2)."""


class LookUp(msgspec.Struct, frozen=True, kw_only=True):
    """Events that a look-up found, newest first.

    `searched_back_to` is the time down to which everything was found; None when nothing is left to
    search. Whoever wants more asks again `before` that place.
    """

    events: tuple[LogEvent, ...]
    searched_back_to: EventPlace | None = None


class Sighting(NamedTuple):
    """When something was first and last seen, in milliseconds since the epoch."""

    first: int
    last: int
