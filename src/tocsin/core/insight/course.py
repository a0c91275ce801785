"""The Insights of one key over all minutes of an archive. Spec: CT-17.7.

Rule: only boundaries at which something can change are looked at, and the answer is that of looking at every one.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.insight.judgement import (
    DEFAULT_RULES,
    FEWEST_CALLS,
    LONGEST_INSIGHT,
    WINDOW,
    ClosedInsight,
    InsightRules,
    OpenInsight,
    advance,
    close,
    fewest_before_fall,
    may_fall,
    opening,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class MinuteCounts:
    """Counts by minute that no longer change."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        """`counts` are above 0."""
        self.minutes = sorted(counts)
        self.sums = [0, *accumulate(counts[minute] for minute in self.minutes)]

    def between(self, start: int, end: int) -> int:
        """The calls in start <= minute < end."""
        return self.sums[bisect_left(self.minutes, end)] - self.sums[bisect_left(self.minutes, start)]

    def first(self, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        place = bisect_left(self.minutes, start)
        return self.minutes[place] if place < len(self.minutes) and self.minutes[place] < end else None

    def last(self, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        place = bisect_left(self.minutes, end) - 1
        return self.minutes[place] if place >= 0 and self.minutes[place] >= start else None


class InsightSpan(NamedTuple):
    """An Insight, and its end if that has come."""

    opened: OpenInsight
    closed: ClosedInsight | None


def insights_of(
    counts: MinuteCounts, *, since: int, until: int, data_from: int | None = None, rules: InsightRules = DEFAULT_RULES
) -> Iterator[InsightSpan]:
    """The Insights that open at boundaries since <= at <= until, one after another.

    `data_from` is the minute that data begin with; None: they begin before every baseline.

    >>> month = MinuteCounts({30_000: 6})
    >>> [(one.opened.first, one.closed.minutes) for one in insights_of(month, since=0, until=40_000)]
    [(30000, 1)]
    """
    at = since
    while (found := _next_opening(counts, at, until, data_from, rules)) is not None:
        closed = _closing(found, counts, until, rules)
        yield InsightSpan(found, closed)
        if closed is None:
            return
        at = closed.closed_at + 1


def _next_opening(
    counts: MinuteCounts, at: int, until: int, data_from: int | None, rules: InsightRules
) -> OpenInsight | None:
    may_ever_fall = counts.sums[-1] >= fewest_before_fall(at - WINDOW, data_from=data_from)
    while at <= until:
        found = opening(counts, at, rules, data_from=data_from)
        if found is not None:
            return found
        at += 1
        if not may_ever_fall:
            at = _next_full(counts, at, until)
        elif counts.between(at - WINDOW, at) == 0 and not may_fall(counts, at - WINDOW, data_from=data_from):
            following = counts.first(at, until)
            at = until + 1 if following is None else following + 1
    return None


def _next_full(counts: MinuteCounts, at: int, until: int) -> int:
    """The first boundary from `at` on whose window holds calls enough for a rise; `until + 1` when there is none."""
    if counts.between(at - WINDOW, at) >= FEWEST_CALLS:
        return at
    minutes, sums = counts.minutes, counts.sums
    oldest = bisect_left(minutes, at - WINDOW)
    for place in range(bisect_left(minutes, at), len(minutes)):
        minute = minutes[place]
        while minutes[oldest] <= minute - WINDOW:
            oldest += 1
        if sums[place + 1] - sums[oldest] >= FEWEST_CALLS:
            return minute + 1
    return until + 1


def _closing(insight: OpenInsight, counts: MinuteCounts, until: int, rules: InsightRules) -> ClosedInsight | None:
    at = insight.opened_at + 1
    while at <= until:
        insight = advance(insight, counts, at, rules)
        if insight.is_over:
            return close(insight, counts, at)
        at += 1
        if insight.calm == 0 and counts.between(at - 1 - WINDOW, at) == 0:
            # An empty window stays what it is until the next call.
            following = counts.first(at, until)
            end = insight.first + LONGEST_INSIGHT
            at = max(at, end if following is None else min(end, following + 1))
    return None
