"""When mute rules mute: windows on the wall clock of a time zone. Spec: AL-14.1, AL-14.3, AL-14.4.

Rule: a window starts when the wall clock shows its time, in summer as in winter. A start that does not
exist on a day is at the next minute that does; one that exists twice is the first of the two. Days
and weeks of a duration are days of the wall clock, its hours, minutes and seconds are elapsed time
(our reading of AL-14.4, and of ISO 8601): PT30M is always half an hour, and P1D from midnight ends at
midnight. Windows that overlap or touch are one.

Windows are found lazily, day by day: the times of a day are put together once for each schedule, so
that a schedule of every minute costs no more than one of every night.
"""

from __future__ import annotations

import heapq
from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.cron import Cron, OneTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MINUTE = timedelta(minutes=1)

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 12, 31, tzinfo=UTC)
"""Windows are looked for between these two; what lies beyond is cut off."""

# How far behind an instant the first window may start that still reaches it: the longest duration
# (15 days), and the largest difference of a wall clock to UTC and to itself before.
_BEHIND = timedelta(days=18)


class Window(msgspec.Struct, frozen=True, order=True):
    """From `start` up to, and without, `end`: aware datetimes in UTC."""

    start: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        """Whether the instant lies in the window."""
        return self.start <= at < self.end


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """How long a window lasts: days of the wall clock, and then elapsed time."""

    days: int = 0
    rest: timedelta = timedelta()

    @property
    def nominal(self) -> timedelta:
        """The length where no clocks change."""
        return timedelta(days=self.days) + self.rest


def scheduled(
    schedule: Cron | OneTime, duration: Duration, zone: tzinfo, *, since: datetime, until: datetime
) -> Iterator[Window]:
    """The windows of a schedule that have an instant in since <= t < until, cut to these limits, in order.

    Lazy: a window is looked for when it is asked for. `duration` is 1 minute to 15 days long, the
    limits are aware. Windows that overlap or touch are one.
    """
    since, until = max(since, EARLIEST).astimezone(UTC), min(until, LATEST).astimezone(UTC)
    if since >= until:
        return
    for window in merged(_windows(schedule, duration, zone, since, until)):
        if window.end > since and window.start < until:
            yield Window(max(window.start, since), min(window.end, until))


def merged(windows: Iterable[Window]) -> Iterator[Window]:
    """Windows that are sorted by their start, with those that overlap or touch put together. Lazy."""
    open_window: Window | None = None
    for window in windows:
        if open_window is None:
            open_window = window
        elif window.start <= open_window.end:
            open_window = Window(open_window.start, max(open_window.end, window.end))
        else:
            yield open_window
            open_window = window
    if open_window is not None:
        yield open_window


def merged_of(*windows: Iterable[Window]) -> Iterator[Window]:
    """The windows of several rules, each sorted, as those of one (AL-14.3). Lazy."""
    return merged(heapq.merge(*windows))


def _windows(
    schedule: Cron | OneTime, duration: Duration, zone: tzinfo, since: datetime, until: datetime
) -> Iterator[Window]:
    """Windows in order of their starts: all that reach into the limits, and some around them."""
    if isinstance(schedule, OneTime):
        yield _window(schedule.moment, schedule.moment, duration, zone)
        return
    runs = _runs(schedule, duration)
    for midnight in _days(schedule, since - _BEHIND, until + _BEHIND):
        for run in runs:
            for first, last in _stretches(midnight, run, zone):
                window = _window(first, last, duration, zone)
                if window.start >= until:
                    return
                yield window


def _days(schedule: Cron, since: datetime, until: datetime) -> Iterator[datetime]:
    """The days on which windows start, as naive midnights; whole months are passed over."""
    year, month = since.year, since.month
    while (year, month) <= (until.year, until.month):
        if month in schedule.months:
            for day in range(1, monthrange(year, month)[1] + 1):
                midnight = datetime(year, month, day)  # noqa: DTZ001 - a wall clock
                if schedule.has_day(year, month, day) and midnight.replace(tzinfo=UTC) >= since - timedelta(days=1):
                    yield midnight
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _runs(schedule: Cron, duration: Duration) -> list[list[timedelta]]:
    """The starts of one day, in runs that follow so closely that their windows touch."""
    runs: list[list[timedelta]] = []
    for minute in schedule.minutes_of_day:
        start = minute * _MINUTE
        if runs and start - runs[-1][-1] <= duration.nominal:
            runs[-1].append(start)
        else:
            runs.append([start])
    return runs


def _stretches(midnight: datetime, run: list[timedelta], zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """First and last start of the run on that day; where clocks change in between, each start by itself."""
    first, last = midnight + run[0], midnight + run[-1]
    if _offset(first, zone) == _offset(last, zone):
        yield first, last
    else:
        for start in run:
            yield midnight + start, midnight + start


def _window(first: datetime, last: datetime, duration: Duration, zone: tzinfo) -> Window:
    """The window of starts from `first` to `last` on the wall clock."""
    end = _existing(_existing(last, zone) + timedelta(days=duration.days), zone)
    return Window(_instant(_existing(first, zone), zone), _instant(end, zone) + duration.rest)


def _offset(moment: datetime, zone: tzinfo) -> timedelta | None:
    return moment.replace(tzinfo=zone).utcoffset()


def _existing(moment: datetime, zone: tzinfo) -> datetime:
    """The time of the wall clock itself or, where clocks skip it, the next minute that they show."""
    while _shown(_instant(moment, zone), zone) != moment:
        moment += _MINUTE
    return moment


def _instant(moment: datetime, zone: tzinfo) -> datetime:
    """The (first) instant at which the wall clock shows this time."""
    return moment.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _shown(at: datetime, zone: tzinfo) -> datetime:
    """What the wall clock shows at an instant, as a naive time."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)
