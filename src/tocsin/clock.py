"""The clock. Rule: nothing else reads the wall clock; everybody else is told the time (AR-1, AR-6)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The time of day: an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For measuring how long something takes."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The machine's time, in UTC."""
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        """The machine's monotonic clock, in seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved; for tests and for virtual time.

    Its monotonic time is 0.0 at the start and moves along with the time of day.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            msg = "the start of a clock needs a time zone"
            raise ValueError(msg)
        self._now = start.astimezone(UTC)
        self._elapsed = timedelta()

    def now(self) -> datetime:
        """The time that was set, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds by which the clock has been moved since it was made."""
        return self._elapsed.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError for a negative number: time does not run back."""
        if seconds < 0:
            msg = "a clock cannot go back"
            raise ValueError(msg)
        step = timedelta(seconds=seconds)
        self._now += step
        self._elapsed += step
