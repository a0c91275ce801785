"""The time axis: which span a chart shows, and where its ticks stand. Spec: CON-5.3.

Times are seconds since the epoch; ticks lie on the wall clock of a zone, also across changes to summer time.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from math import gcd
from typing import Final, NamedTuple

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

STEPS: Final = (
    *(_MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY, 7 * _DAY),
)
"""Distances of ticks in seconds."""

_MOST_TICKS = 9

# Zones differ from UTC by whole quarters of an hour.
_QUARTER = 900

# The first day of the epoch was a Thursday; weeks begin on Monday.
_MONDAY = 3


class Window(NamedTuple):
    """The span that a chart shows: `start` <= t < `end`, in seconds since the epoch."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Its seconds."""
        return self.end - self.start

    def share(self, at: float) -> float:
        """Where an instant stands, from 0 at the start to 1 at the end; what lies outside at the nearer end."""
        return min(1.0, max(0.0, (at - self.start) / self.length))

    def clip(self, start: int, end: int) -> tuple[int, int] | None:
        """The part of a span that the window shows; None where it shows nothing of it."""
        first, last = max(start, self.start), min(end, self.end)
        return (first, last) if first < last else None


class Tick(NamedTuple):
    """One tick: its instant, its place as a share of the width, and what it says."""

    at: int
    share: float
    label: str


def tick_step(length: int) -> int:
    """Seconds from tick to tick in a window of that length: the smallest step that gives nine ticks at most."""
    return next((step for step in STEPS if length // step < _MOST_TICKS), STEPS[-1])


def window_to(now: int, length: int, zone: tzinfo = UTC) -> Window:
    """The window of that length that holds `now` and ends at the next tick after it.

    So it stands still until that tick has passed, and bars appear in place.
    """
    step = tick_step(length)
    grain = gcd(step, _QUARTER)
    end = now - now % grain + grain
    while not _is_tick(end, step, zone):
        end += grain
    return Window(end - length, end)


def time_ticks(window: Window, zone: tzinfo = UTC) -> tuple[Tick, ...]:
    """The ticks of a window, both ends included. The first one and each midnight say the date."""
    step = tick_step(window.length)
    grain = gcd(step, _QUARTER)
    first = -(-window.start // grain) * grain
    places = [at for at in range(first, window.end + 1, grain) if _is_tick(at, step, zone)]
    return tuple(Tick(at, window.share(at), _label(at, zone, is_first=at == places[0])) for at in places)


def _is_tick(at: int, step: int, zone: tzinfo) -> bool:
    local = at + _offset(at, zone)
    if step > _DAY:
        days = local // _DAY + _MONDAY
        return local % _DAY == 0 and days % (step // _DAY) == 0
    return local % step == 0


def _offset(at: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _label(at: int, zone: tzinfo, *, is_first: bool) -> str:
    local = datetime.fromtimestamp(at, zone)
    if local.hour == local.minute == 0:
        return day_text(at, zone)
    return f"{day_text(at, zone)} {clock_text(at, zone)}" if is_first else clock_text(at, zone)


def clock_text(at: int, zone: tzinfo = UTC, *, with_seconds: bool = False) -> str:
    """The time of day.

    >>> clock_text(0), clock_text(59, with_seconds=True)
    ('00:00', '00:00:59')
    """
    return f"{datetime.fromtimestamp(at, zone):{'%H:%M:%S' if with_seconds else '%H:%M'}}"


def day_text(at: int, zone: tzinfo = UTC) -> str:
    """The day without its year.

    >>> day_text(0)
    '1 Jan'
    """
    local = datetime.fromtimestamp(at, zone)
    return f"{local.day} {_MONTHS[local.month - 1]}"


# Not strftime's: that would be another word wherever the process runs with another locale.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def span_text(start: int, end: int, *, now: int, zone: tzinfo = UTC) -> str:
    """From when to when, with the day where it is not today: `03:06 to 03:11`, `22 Nov 23:55 to 23 Nov 00:00`."""
    return f"{moment_text(start, now=now, zone=zone)} to {moment_text(end, now=now, zone=zone)}"


def moment_text(at: int, *, now: int, zone: tzinfo = UTC) -> str:
    """The time of day, with seconds where it has some, and the day where it is not today."""
    clock = clock_text(at, zone, with_seconds=at % _MINUTE != 0)
    is_today = day_text(at, zone) == day_text(now, zone) and abs(now - at) < 2 * _DAY
    return clock if is_today else f"{day_text(at, zone)} {clock}"


def length_text(seconds: int) -> str:
    """A length of time in words, in the largest unit of which it is a whole number.

    >>> length_text(300), length_text(10_800), length_text(90)
    ('5 minutes', '3 hours', '90 seconds')
    """
    size, unit = next(
        (size, unit)
        for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))
        if seconds % size == 0
    )
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
