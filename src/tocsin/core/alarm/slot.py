"""The slots that an alarm looks at: where they lie, and what stood in them. Spec: AL-6.2, AL-5.8, AL-18.6."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric import StatisticSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800


class SlotValue(msgspec.Struct, frozen=True, kw_only=True):
    """One slot as an evaluation saw it: its start, the value and the samples behind it, None for none.

    `sample_count` is None for the result of an expression too. `lower` and `upper` are the edges of
    the band there.
    """

    start: datetime
    value: float | None = None
    sample_count: float | None = None
    lower: float | None = None
    upper: float | None = None


def sliding_edges(at: int, *, period: int, count: int) -> tuple[int, ...]:
    """Where the `count` slots of `period` seconds before the instant `at` begin, and the end of the newest.

    Oldest first: slot i is [edges[i], edges[i + 1]). Seconds since the epoch (AL-6.2).

    >>> sliding_edges(360, period=300, count=1)
    (60, 360)
    """
    return tuple(range(at - count * period, at + 1, period))


def wall_clock_edges(at: int, *, period: int, count: int, zone: tzinfo) -> tuple[int, ...]:
    """The same for the last `count` complete slots on the clock of a time zone (AL-5.8).

    Periods up to an hour are aligned to the hour, a day to midnight, a week to Monday; days and
    weeks are as long as they are there, across changes to and from summer time.
    """
    edges = [_floor(at, period=period, zone=zone)]
    for _ in range(count):
        edges.append(_floor(edges[-1] - 1, period=period, zone=zone))
    return tuple(reversed(edges))


def _floor(second: int, *, period: int, zone: tzinfo) -> int:
    """The start of the slot that the second lies in."""
    # A week away from the ends of the calendar every zone can be reckoned with.
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    utc = min(max(moment(second), first + timedelta(days=8)), last - timedelta(days=8))
    local = utc.astimezone(zone)
    if period <= _HOUR:
        into = (local.minute * 60 + local.second) % period
        return second - into
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return second_of(day - timedelta(days=local.weekday()) if period == _WEEK else day)


def fill_slots(edges: Sequence[int], data: Iterable[tuple[int, StatisticSet]]) -> tuple[StatisticSet | None, ...]:
    """The data (second, statistic set) of each slot merged, oldest slot first; None for an empty one.

    The order of the data does not matter; what lies outside is left out.
    """
    parts: list[list[StatisticSet]] = [[] for _ in edges[1:]]
    for second, statistics in data:
        if edges[0] <= second < edges[-1]:
            parts[bisect_right(edges, second) - 1].append(statistics)
    return tuple(StatisticSet.merged(part) if part else None for part in parts)
