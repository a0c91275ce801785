"""How long an alarm was in each of its states, added up by the hour. Spec: CON-4.0 (X6), CON-5.5.

Rule: an hour without a change needs no row. What an hour with one tells is enough to know all time around it, so a day
of an alarm that never changed costs nothing, and one of an alarm that flaps costs 24 rows. Times are milliseconds
since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

import msgspec

from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_MS: Final = 3_600_000


class StateStep(NamedTuple):
    """A change of state: it was in `old` since `since`, and is in `new`."""

    old: StateValue
    new: StateValue
    since: int


class AlarmStep(msgspec.Struct, frozen=True, gc=False):
    """A change of an alarm as it is read back."""

    at: int
    alarm_name: str
    old: StateValue
    new: StateValue


class StateTimes(msgspec.Struct, frozen=True, kw_only=True):
    """So long in each state."""

    ok: int = 0
    alarm: int = 0
    insufficient_data: int = 0

    def plus(self, state: StateValue, time: int) -> StateTimes:
        """The same with more time in one state."""
        if time <= 0:
            return self
        match state:
            case StateValue.OK:
                return msgspec.structs.replace(self, ok=self.ok + time)
            case StateValue.ALARM:
                return msgspec.structs.replace(self, alarm=self.alarm + time)
            case StateValue.INSUFFICIENT_DATA:
                return msgspec.structs.replace(self, insufficient_data=self.insufficient_data + time)
            case _:
                assert_never(state)


class StateHour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour since the epoch in which an alarm changed.

    Before its first change the alarm was in `old` since `since`, which may lie before the hour; after the last one,
    at `last_change`, in `new`. `times` add up the hour from its start, or from `since`, to `last_change`.
    """

    hour: int
    old: StateValue
    since: int
    new: StateValue
    last_change: int
    changes: int
    times: StateTimes

    @classmethod
    def of(cls, step: StateStep, at: int) -> StateHour:
        """The hour of its first change."""
        hour = at // HOUR_MS
        spent = at - max(step.since, hour * HOUR_MS)
        return cls(
            hour=hour,
            old=step.old,
            since=min(step.since, at),
            new=step.new,
            last_change=at,
            changes=1,
            times=StateTimes().plus(step.old, spent),
        )

    def then(self, step: StateStep, at: int) -> StateHour:
        """The same hour after one more change."""
        return msgspec.structs.replace(
            self,
            new=step.new,
            last_change=max(at, self.last_change),
            changes=self.changes + 1,
            times=self.times.plus(step.old, at - max(step.since, self.last_change)),
        )


def times_between(hours: Sequence[StateHour], *, start: int, end: int, now_in: StateValue, since: int) -> StateTimes:
    """How long an alarm was in each state between two instants of which `start` begins an hour.

    `hours` are those from `start` on in which it changed, in order; it is in `now_in` since `since`. Of an alarm that
    was made in between, no time is told of before that.
    """
    ok = alarm = insufficient_data = 0
    between = StateTimes()  # in hours without a change
    for one in hours:
        times = one.times
        ok += times.ok
        alarm += times.alarm
        insufficient_data += times.insufficient_data
        before = one.hour * HOUR_MS - max(one.since, start)
        if before > 0:
            between = between.plus(one.old, before)
    between = between.plus(now_in, end - max(since, start))
    return StateTimes(
        ok=ok + between.ok,
        alarm=alarm + between.alarm,
        insufficient_data=insufficient_data + between.insufficient_data,
    )
