"""The part of the store for sums of log events, as use cases see it. Spec: CON-4.0 (X4), AR-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.core.event_count import EventCount, MinuteCount
    from tocsin.core.scope import Scope


class EventCountReader(Protocol):
    """How many log events came to the log groups of a scope. Minutes are numbers since the epoch, by events' own times.

    What came is counted in the transaction that made it part of the store's index, a minute later at most; until then
    it is in `minutes` alone, and its category may not be known. Events that somebody removed before may be missing.
    """

    def minutes(self, scope: Scope, *, start: int, end: int) -> list[MinuteCount]:
        """Events of start <= minute < end by minute and category, in no order; those kept by the minute alone."""
        ...

    def kinds(self, scope: Scope, *, start: int, end: int, group: str | None = None) -> list[EventCount]:
        """Sums that begin at start <= minute < end, by the hour as long as these are kept, then by the day."""
        ...


class EventCountWriter(EventCountReader, Protocol):
    """The same, being changed."""

    def roll_up(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old at that minute coarser, drop what is too old, so many rows at most; how many were done."""
        ...
