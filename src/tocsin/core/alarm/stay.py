"""The times that an alarm was in its states, one after the other. Spec: CON-4.2, CON-5.5.

Rule: of times for which no state is known nothing is told. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.alarm.state_hour import AlarmStep


class Stay(msgspec.Struct, frozen=True, order=True, gc=False):
    """A time in a state: start <= t < end."""

    start: int
    end: int
    state: StateValue


def stays_of(
    steps: Sequence[AlarmStep], *, start: int, end: int, now_in: StateValue, since: int, created_at: int
) -> list[Stay]:
    """The stays of an alarm between two instants.

    `steps` are all its changes from `start` on, by time; it is in `now_in` since `since`. Before it was made it was in
    no state.
    """
    found: list[Stay] = []
    begin = max(start, created_at)
    for step in steps:
        if step.at > begin:  # a change may be of one that had its name before
            found.append(Stay(begin, step.at, step.old))
            begin = step.at
    # Of an alarm whose last change was kept before changes were kept apart, only that one is known.
    last = begin if steps else max(begin, since)
    if end > last:
        found.append(Stay(last, end, now_in))
    return found


def time_in(stays: Sequence[Stay], state: StateValue) -> int:
    """How long it was in a state."""
    return sum(one.end - one.start for one in stays if one.state is state)


class Gathered(NamedTuple):
    """Stays that are few enough to be drawn. `flapping` are times in which an alarm went to ALARM more than once."""

    stays: list[Stay]
    flapping: list[tuple[int, int]]


def gather(stays: Sequence[Stay], *, most: int) -> Gathered:
    """The same stays in at most `most` times in ALARM, and as many without data: those closest together become one.

    Of OK nothing is left: it is the ground that the others stand on. No time in ALARM is lost.
    """
    alarms = _clusters([one for one in stays if one.state is StateValue.ALARM], most)
    silent = _clusters([one for one in stays if one.state is StateValue.INSUFFICIENT_DATA], most)
    single = [Stay(start, end, StateValue.ALARM) for start, end, count in alarms if count == 1]
    gaps = [Stay(start, end, StateValue.INSUFFICIENT_DATA) for start, end, _ in silent]
    return Gathered(sorted([*gaps, *single]), [(start, end) for start, end, count in alarms if count > 1])


def _clusters(stays: Sequence[Stay], most: int) -> list[tuple[int, int, int]]:
    """At most `most` times, parted where the pauses are longest: start, end, how many stays."""
    if not stays:
        return []
    pauses = sorted(range(1, len(stays)), key=lambda place: stays[place - 1].end - stays[place].start)
    begins = [0, *sorted(pauses[: most - 1])]
    ends = [*begins[1:], len(stays)]
    return [(stays[begin].start, stays[end - 1].end, end - begin) for begin, end in zip(begins, ends, strict=True)]
