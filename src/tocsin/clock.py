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

    def seconds_until(self, moment: datetime) -> float:
        """Seconds of the machine that one has to wait until this clock shows `moment`; 0 when it is past."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The machine's time, in UTC."""
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        """The machine's monotonic clock, in seconds."""
        return time.monotonic()

    def seconds_until(self, moment: datetime) -> float:
        """As many as there are until then."""
        return max(0.0, (moment - self.now()).total_seconds())


class FastClock:
    """A clock on which so many seconds pass in each second of the machine; for demonstrations."""

    def __init__(self, start: datetime, *, speed: float) -> None:
        """`start` is what it shows now. Raises ValueError for a start without a time zone or a speed of 0 or less."""
        if start.tzinfo is None or speed <= 0:
            msg = "a fast clock needs a start with a time zone, and a speed above 0"
            raise ValueError(msg)
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()
        self.speed = speed

    def now(self) -> datetime:
        """The time that it shows, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def monotonic(self) -> float:
        """The machine's monotonic clock: work does not get faster by itself."""
        return time.monotonic()

    def seconds_until(self, moment: datetime) -> float:
        """As many as the machine needs to get this clock there."""
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)


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

    def seconds_until(self, moment: datetime) -> float:
        """By how many it has to be moved."""
        return max(0.0, (moment - self._now).total_seconds())

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError for a negative number: time does not run back."""
        if seconds < 0:
            msg = "a clock cannot go back"
            raise ValueError(msg)
        step = timedelta(seconds=seconds)
        self._now += step
        self._elapsed += step
