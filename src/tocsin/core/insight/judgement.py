"""When an Insight opens and when it closes. Spec: CT-17.4 to 17.7.

Rule: everything follows from the counts of one key by minute and the boundary at which they are looked at. Minutes
are numbers since the epoch; the boundary `at` is the end of minute `at - 1`, and what is judged is the window of
the five minutes before it. Once opened an Insight keeps the mean that it was measured by.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from tocsin.core.insight.poisson import at_least, at_most

WINDOW = 5
"""Minutes that are judged together (CT-17.6)."""

DAY = 1440
BASELINE_DAYS = 7

LONGEST_BASELINE = (BASELINE_DAYS + 1) * DAY - 1
"""The most minutes that a baseline has."""

# A rise has so many calls at least, and its rate is so many times the baseline's.
FEWEST_CALLS = 3
_TIMES_BASELINE = 2

# Falls are judged where the window should hold so many calls.
_LEAST_MEAN = 20

# An Insight closes after so many calm boundaries in a row.
_CALM_BOUNDARIES = 5

LONGEST_INSIGHT = (BASELINE_DAYS + 1) * DAY
"""Minutes after which an Insight closes in any case: by then its own minutes are the baseline, and usual."""


class InsightRules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of IF-9: hours of data before anything is judged, and the tails that open and close an Insight."""

    min_hours: float = 36
    open: float = 1e-6
    close: float = 1e-3

    @property
    def waiting_minutes(self) -> int:
        """Minutes of data before the first boundary that is judged."""
        return round(self.min_hours * 60)


DEFAULT_RULES = InsightRules()


class Counts(Protocol):
    """The calls of one key, by minute."""

    def between(self, start: int, end: int) -> int:
        """The calls in start <= minute < end."""
        ...

    def first(self, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        ...

    def last(self, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        ...


class Direction(StrEnum):
    """More calls than the baseline says, or fewer."""

    RISE = "rise"
    FALL = "fall"


class OpenInsight(msgspec.Struct, frozen=True, kw_only=True):
    """An Insight from its opening on.

    `first` is the minute that it begins with, `opened_at` the boundary at which it was found, `count` the calls in
    the window, `baseline_count` those of the `baseline_minutes` before `first`, of which there are data of
    `known_minutes`; `calm` are the calm boundaries in a row.
    """

    direction: Direction
    first: int
    opened_at: int
    count: int
    baseline_count: int
    baseline_minutes: int
    known_minutes: int
    calm: int = 0

    @property
    def mean(self) -> float:
        """The calls that a window is expected to hold; never 0."""
        return WINDOW * max(self.rate, 1 / self.baseline_minutes)

    @property
    def rate(self) -> float:
        """Calls a minute before it, over the minutes that there are data of."""
        return self.baseline_count / self.known_minutes

    @property
    def baseline(self) -> float:
        """Calls a minute of the whole baseline, as its records tell it (CT-17.5)."""
        return self.baseline_count / self.baseline_minutes

    def tail(self, count: int) -> float:
        """How probable a window with so many calls is, on the side that opened it."""
        return at_least(count, self.mean) if self.direction is Direction.RISE else at_most(count, self.mean)

    @property
    def is_over(self) -> bool:
        """Have there been calm boundaries enough?"""
        return self.calm >= _CALM_BOUNDARIES


class ClosedInsight(msgspec.Struct, frozen=True, kw_only=True):
    """How an Insight ended: the boundary at which it closed, its minutes from `first` on, and the calls in them."""

    closed_at: int
    minutes: int
    count: int


def baseline_minutes(minute: int) -> int:
    """The length of the baseline before a minute: from 00:00 UTC seven days earlier (CT-17.4)."""
    return BASELINE_DAYS * DAY + minute % DAY


def may_fall(counts: Counts, start: int, *, data_from: int | None = None) -> bool:
    """May a fall be judged that begins at the minute `start`, or later as long as there are no new calls?"""
    before = counts.between(start - baseline_minutes(start), start)
    return before >= fewest_before_fall(start, data_from=data_from)


def fewest_before_fall(start: int, *, data_from: int | None = None) -> int:
    """The fewest calls in a baseline for a fall to be judged, at the minute `start` or later."""
    known = BASELINE_DAYS * DAY
    if data_from is not None:
        known = min(known, max(1, start - data_from))
    return -(-_LEAST_MEAN * known // WINDOW)


def opening(
    counts: Counts, at: int, rules: InsightRules = DEFAULT_RULES, *, data_from: int | None = None
) -> OpenInsight | None:
    """The Insight that opens at the boundary `at`, where none is open.

    Where data begin at the minute `data_from`, within the baseline, what is usual follows from those: days before
    the first record are no days without calls.
    """
    count = counts.between(at - WINDOW, at)
    rise = counts.first(at - WINDOW, at) if count >= FEWEST_CALLS else None
    if rise is not None:
        found = _measured(counts, at, Direction.RISE, first=rise, data_from=data_from)
        # The tail comes last: most windows end at the first question, which is asked in whole numbers.
        if (
            count * found.known_minutes >= _TIMES_BASELINE * WINDOW * found.baseline_count
            and found.tail(count) < rules.open
        ):
            return found
    found = _measured(counts, at, Direction.FALL, first=at - WINDOW, data_from=data_from)
    is_due = found.baseline_count * WINDOW >= _LEAST_MEAN * found.known_minutes
    return found if is_due and count < found.mean and found.tail(count) < rules.open else None


def _measured(counts: Counts, at: int, direction: Direction, *, first: int, data_from: int | None) -> OpenInsight:
    minutes = baseline_minutes(first)
    return OpenInsight(
        direction=direction,
        first=first,
        opened_at=at,
        count=counts.between(at - WINDOW, at),
        baseline_count=counts.between(first - minutes, first),
        baseline_minutes=minutes,
        known_minutes=minutes if data_from is None else max(1, min(minutes, first - data_from)),
    )


def advance(insight: OpenInsight, counts: Counts, at: int, rules: InsightRules = DEFAULT_RULES) -> OpenInsight:
    """An open Insight after the boundary `at`: it is calm there, or it is not."""
    if at - insight.first >= LONGEST_INSIGHT:
        return msgspec.structs.replace(insight, calm=_CALM_BOUNDARIES)
    is_calm = insight.tail(counts.between(at - WINDOW, at)) > rules.close
    return msgspec.structs.replace(insight, calm=insight.calm + 1 if is_calm else 0)


def close(insight: OpenInsight, counts: Counts, at: int) -> ClosedInsight:
    """How an Insight that is over at the boundary `at` ended."""
    if insight.direction is Direction.RISE:
        last = counts.last(insight.first, at)
    else:
        last = _last_below(counts, insight, at)
    minutes = (insight.first if last is None else last) + 1 - insight.first
    return ClosedInsight(closed_at=at, minutes=minutes, count=counts.between(insight.first, insight.first + minutes))


def _last_below(counts: Counts, insight: OpenInsight, at: int) -> int | None:
    """The last minute with fewer calls than the baseline says."""
    minutes = range(at - 1, insight.first - 1, -1)
    return next((minute for minute in minutes if counts.between(minute, minute + 1) < insight.rate), None)
