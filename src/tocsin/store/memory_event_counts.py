"""Sums of log events in memory. Spec: CON-4.0 (X4), CT-1.1.

Events are looked at when sums are asked for or rolled up: who only sends them need not wait for that.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tocsin.core.event_count import DAY, HOUR, EventCount, EventTally, MinuteCount, oldest_kept
from tocsin.core.record_term import record_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.event_count import EventKind
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo


class MemoryEventCounts:
    """`EventCountWriter` over dictionaries."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._minutes: dict[tuple[Scope, int, str], int] = {}
        self._kinds: dict[tuple[Scope, str, EventKind, int, int], int] = {}  # the last two: width, minute
        self._new: list[tuple[Scope, str, Sequence[tuple[int, str]]]] = []

    def note(self, scope: Scope, group: str, events: Sequence[tuple[int, str]]) -> None:
        """Count events, at times in milliseconds, when it is asked for."""
        new = self._new
        new.append((scope, group, events))
        self._undo.note(new.pop)

    def minutes(self, scope: Scope, *, start: int, end: int) -> list[MinuteCount]:
        """Events by minute and category."""
        self._look_at_new()
        return [
            MinuteCount(minute, category, events)
            for (place, minute, category), events in self._minutes.items()
            if place == scope and start <= minute < end
        ]

    def kinds(self, scope: Scope, *, start: int, end: int, group: str | None = None) -> list[EventCount]:
        """Sums by the hour or the day."""
        self._look_at_new()
        return [
            EventCount(minute, width, name, kind, events)
            for (place, name, kind, width, minute), events in self._kinds.items()
            if place == scope and group in (None, name) and start <= minute < end
        ]

    def roll_up(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old coarser, drop what is too old."""
        self._look_at_new()
        oldest_minute, oldest_hour, oldest_day = oldest_kept(at)
        old = sorted((key for key in self._minutes if key[1] < oldest_minute), key=lambda key: key[1])[:rows]
        for key in old:
            self._undo.remove(self._minutes, key)
        done = len(old)
        for width, oldest in ((HOUR, oldest_hour), (DAY, oldest_day)):
            coarse = [key for key in self._kinds if key[3] == width and key[4] < oldest]
            for scope, group, kind, _, minute in sorted(coarse, key=lambda key: key[4])[: rows - done]:
                done += 1
                events = self._undo.remove(self._kinds, (scope, group, kind, width, minute))
                if width == HOUR:
                    self._add_kind((scope, group, kind, DAY, minute - minute % DAY), events)
        return done

    def reset(self, scope: Scope | None) -> None:
        """Remove the sums of a scope, or all."""
        minutes, kinds, new = self._minutes, self._kinds, self._new
        self._undo.note(lambda: setattr(self, "_minutes", minutes))
        self._undo.note(lambda: setattr(self, "_kinds", kinds))
        self._undo.note(lambda: setattr(self, "_new", new))
        self._minutes = {} if scope is None else {key: one for key, one in minutes.items() if key[0] != scope}
        self._kinds = {} if scope is None else {key: one for key, one in kinds.items() if key[0] != scope}
        self._new = [] if scope is None else [one for one in new if one[0] != scope]

    def _look_at_new(self) -> None:
        new = self._new
        if not new:
            return
        self._undo.note(lambda: setattr(self, "_new", new))
        self._new = []
        tallies: dict[tuple[Scope, str], EventTally] = defaultdict(EventTally)
        for scope, group, appended in new:
            for timestamp, message in appended:
                tallies[scope, group].add(timestamp, record_terms(message))
        for (scope, group), tally in tallies.items():
            for (minute, category), events in tally.minutes.items():
                key = (scope, minute, category)
                self._undo.put(self._minutes, key, self._minutes.get(key, 0) + events)
            for (hour, kind), events in tally.hours.items():
                self._add_kind((scope, group, kind, HOUR, hour), events)

    def _add_kind(self, key: tuple[Scope, str, EventKind, int, int], events: int) -> None:
        self._undo.put(self._kinds, key, self._kinds.get(key, 0) + events)
