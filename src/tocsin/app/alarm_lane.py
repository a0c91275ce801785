"""The last day of alarms: which rang, and when each was in which state. Spec: CON-4.2, CON-4.3, CON-5.5.

Rule: which alarms rang longest is told by sums of hours; changes are read of the few that are drawn, and of each only
so many. So a day costs the same however often alarms changed in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_network import AlarmNetworks
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import HOUR_MS, times_between
from tocsin.core.alarm.stay import stays_of, time_in
from tocsin.core.alarm.timestamp import millisecond_of, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_board import AlarmLine
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.state_hour import AlarmStep, StateHour
    from tocsin.core.alarm.stay import Stay
    from tocsin.core.scope import Scope

MOST_LANES = 30
"""Alarms that are drawn on the overview."""

MOST_CHANGES = 600
"""Changes of one alarm that are drawn; what lies before them is told as flapping."""

DAY_MS = 24 * HOUR_MS

Span = tuple[int, int]
"""From when to when, in milliseconds since the epoch."""


class Lane(NamedTuple):
    """One alarm over a window: its stays, when mute rules held its actions, and the part that was not read one by one.

    `in_alarm` is how long it was in ALARM, in milliseconds, also in the part that was not read.
    """

    line: AlarmLine
    stays: Sequence[Stay]
    muted: Sequence[Span]
    flapping: Span | None
    in_alarm: int


class AlarmDay(NamedTuple):
    """The alarms that rang in a window, those that ring now first, then the longest, and how many these are in all."""

    lanes: Sequence[Lane]
    rang: int


class AlarmWindow:
    """The window start <= t < end, in milliseconds, of the alarms of some scopes."""

    def __init__(self, service: Service, store: StoreReader, scopes: Sequence[Scope], *, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self._service = service
        self._store = store
        self._hours: dict[tuple[Scope, str], list[StateHour]] = {}
        self._rang: set[tuple[Scope, str]] = set()
        for scope in scopes:
            for name, hour in store.history.state_hours(scope, start=start // HOUR_MS, end=end // HOUR_MS + 1):
                key = scope, name
                self._hours.setdefault(key, []).append(hour)
                if hour.times.alarm or StateValue.ALARM in (hour.old, hour.new):
                    self._rang.add(key)

    def changes(self, line: AlarmLine) -> int:
        """How often an alarm changed in the hours of the window."""
        return sum(hour.changes for hour in self._hours.get((line.scope, line.name), ()))

    def in_alarm(self, line: AlarmLine) -> int:
        """For how many milliseconds an alarm was in ALARM, from the full hour on in which the window begins."""
        hours = self._hours.get((line.scope, line.name), ())
        if not hours and not line.is_ringing:
            return 0
        start, since = self.start - self.start % HOUR_MS, millisecond_of(line.since)
        return times_between(hours, start=start, end=self.end, now_in=line.state, since=since).alarm

    def rang(self, line: AlarmLine) -> bool:
        """Whether an alarm was in ALARM, for however short."""
        return line.is_ringing or (line.scope, line.name) in self._rang

    def day(self, lines: Sequence[AlarmLine], *, most: int = MOST_LANES) -> AlarmDay:
        """Which of these alarms rang, and the lanes of the first of them."""
        rang = [(line, self.in_alarm(line)) for line in lines if self.rang(line)]
        rang.sort(key=lambda pair: (not pair[0].is_ringing, -pair[1], pair[0].urgency))
        return AlarmDay([self.lane(line) for line, _ in rang[:most]], len(rang))

    def lane(self, line: AlarmLine, *, most: int = MOST_CHANGES) -> Lane:
        """The lane of an alarm; so many of its changes are read."""
        start, end = self.start, self.end
        steps: list[AlarmStep] = []
        if self.changes(line):
            history = self._store.history
            steps = history.changes(line.scope, alarm_name=line.name, start=start, end=end, limit=most + 1)[::-1]
        is_cut = len(steps) > most
        known_from = steps[0].at if is_cut else start
        stays = stays_of(
            steps[1:] if is_cut else steps,
            start=known_from,
            end=end,
            now_in=line.state,
            since=millisecond_of(line.since),
            created_at=millisecond_of(line.created_at),
        )
        in_alarm = min(self.in_alarm(line), end - start) if is_cut else time_in(stays, StateValue.ALARM)
        return Lane(line, stays, self._muted(line), (start, known_from) if is_cut else None, in_alarm)

    def _muted(self, line: AlarmLine) -> list[Span]:
        rules = self._service.part(AlarmNetworks).of(self._store, line.scope).mutes.get(line.name, ())
        if not rules:
            return []
        since, until = moment(self.start // 1000), moment(-(-self.end // 1000))
        return [
            (millisecond_of(window.start), millisecond_of(window.end))
            for rule, zone in rules
            for window in rule.windows(zone, since=since, until=until)
        ]
