"""When an alarm is evaluated. Rule: instants that are left out could not have changed anything.

Every instant of an alarm is a multiple of its interval since the epoch. Over a sparse history a few
of them are enough, because which datum is in which slot changes at those alone and a decision,
applied again, gives the same answer. Spec: AL-6.1, AL-6.2, AL-18.3, AL-18.4.
"""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING

from tocsin.core.alarm.query_reader import order_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.core.alarm.definition import MetricAlarm

_HIGH_RESOLUTION, _MINUTE, _HOUR, _DAY = 10, 60, 3600, 86_400


def evaluation_interval(alarm: MetricAlarm) -> int:
    """Seconds between two evaluations: an hour for windows beyond a day, else a minute, or 10 s below it (AL-6.1)."""
    if alarm.period * alarm.evaluation_periods > _DAY:
        return _HOUR
    return _MINUTE if alarm.period >= _MINUTE else _HIGH_RESOLUTION


def instant_at(second: int, interval: int) -> int:
    """The first instant at or after a second.

    >>> instant_at(61, 60), instant_at(60, 60)
    (120, 60)
    """
    return -(-second // interval) * interval


def instant_after(second: int, interval: int) -> int:
    """The first instant strictly after a second.

    >>> instant_after(61, 60), instant_after(60, 60)
    (120, 120)
    """
    return (second // interval + 1) * interval


def instants(since: int, until: int, interval: int) -> range:
    """Every instant T with since < T <= until."""
    return range(instant_after(since, interval), until + 1, interval)


def must_run_every_instant(alarm: MetricAlarm) -> bool:
    """Whether the result depends on the clock itself, so that no instant may be left out (AL-18.3)."""
    if alarm.is_anomaly or alarm.wall_clock is not None:
        return True
    return any(expression.depends_on_clock or expression.uses_band for _, expression in order_of(alarm.metrics))


def due_instants(
    seconds: Sequence[int], *, period: int, evaluation_range: int, interval: int, late: Iterable[tuple[int, int]] = ()
) -> Iterator[int]:
    """The instants, ascending and each once, at which data can change what an alarm sees (AL-18.3).

    `seconds` are the times of the data that are known at their own time, ascending, of every metric
    that the alarm reads. `late` are (time, arrival) of the others: what they do before they are
    there is left out. Add the first instant after creation, the first at or after every update,
    every SetAlarmState and the end of a warm-up; after an update ask again, with the new period and
    range, for all data that may still be in the range.

    >>> list(due_instants([600], period=300, evaluation_range=3, interval=60))
    [660, 960, 1260, 1560]
    """
    steps = [j * period for j in range(evaluation_range + 1)]
    streams: list[Iterable[int]] = [_shifted(seconds, step, interval) for step in steps]
    streams.append(sorted(_after_arrival(late, steps, interval)))
    last: int | None = None
    for instant in merge(*streams):
        if instant != last:
            yield instant
            last = instant


def _shifted(seconds: Sequence[int], step: int, interval: int) -> Iterator[int]:
    return (instant_after(second + step, interval) for second in seconds)


def _after_arrival(late: Iterable[tuple[int, int]], steps: Sequence[int], interval: int) -> set[int]:
    due: set[int] = set()
    for second, arrival in late:
        first = instant_at(arrival, interval)
        moves = [instant_after(second + step, interval) for step in steps]
        if first <= moves[-1]:
            due.add(first)
        due.update(instant for instant in moves if instant > first)
    return due
