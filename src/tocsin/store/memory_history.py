"""Alarm history and evaluation records in memory. Spec: AL-10, AL-18.6."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from tocsin.core.alarm.state_hour import HOUR_MS, AlarmStep, StateHour
from tocsin.core.alarm.timestamp import millisecond_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.core.alarm.history import HistoryItem, HistoryItemType
    from tocsin.core.alarm.state_hour import StateStep
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo

_Place = tuple[int, int]


class MemoryHistory:
    """`HistoryWriter` over lists."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._next = 1
        self._items: dict[Scope, dict[_Place, HistoryItem]] = {}
        self._evaluations: dict[tuple[Scope, str], list[tuple[int, int, bytes]]] = {}
        self._steps: dict[Scope, dict[_Place, AlarmStep]] = {}
        self._hours: dict[Scope, dict[tuple[int, str], StateHour]] = {}

    def items(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        alarm_types: Collection[str] | None = None,
        item_type: HistoryItemType | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        after: _Place | None = None,
        limit: int,
    ) -> list[tuple[_Place, HistoryItem]]:
        """Items by time, each with its place."""
        found: list[tuple[_Place, HistoryItem]] = []
        for place, item in sorted(self._items.get(scope, {}).items(), key=lambda pair: pair[0], reverse=descending):
            if len(found) >= limit:
                break
            if after is not None and (place >= after if descending else place <= after):
                continue
            if (start is not None and place[0] < start) or (end is not None and place[0] >= end):
                continue
            if alarm_name not in (None, item.alarm_name) or item_type not in (None, item.history_item_type):
                continue
            if alarm_types is None or item.alarm_type in alarm_types:
                found.append((place, item))
        return found

    def evaluations(
        self,
        scope: Scope,
        alarm_name: str,
        *,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[tuple[int, bytes]]:
        """Evaluation records by time."""
        kept = self._evaluations.get((scope, alarm_name), [])
        chosen = [(at, body) for at, _, body in kept if (start is None or at >= start) and (end is None or at < end)]
        return (chosen[::-1] if descending else chosen)[:limit]

    def changes(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[AlarmStep]:
        """Changes of state by time."""
        kept = self._steps.get(scope, {})
        chosen = [
            kept[place]
            for place in sorted(kept, reverse=descending)
            if (start is None or place[0] >= start)
            and (end is None or place[0] < end)
            and alarm_name in (None, kept[place].alarm_name)
        ]
        return chosen[:limit]

    def state_hours(
        self, scope: Scope, *, alarm_name: str | None = None, start: int, end: int
    ) -> list[tuple[str, StateHour]]:
        """The hours in which alarms changed."""
        return [
            (name, one)
            for (hour, name), one in sorted(self._hours.get(scope, {}).items(), key=lambda pair: pair[0])
            if start <= hour < end and alarm_name in (None, name)
        ]

    def add(self, scope: Scope, item: HistoryItem, step: StateStep | None = None) -> None:
        """Keep an item, and the change that it tells of."""
        at = millisecond_of(item.timestamp)
        place = (at, self._number())
        self._undo.put(self._items.setdefault(scope, {}), place, item)
        if step is not None:
            told = AlarmStep(at, item.alarm_name, step.old, step.new)
            self._undo.put(self._steps.setdefault(scope, {}), place, told)
            hours, key = self._hours.setdefault(scope, {}), (at // HOUR_MS, item.alarm_name)
            known = hours.get(key)
            self._undo.put(hours, key, StateHour.of(step, at) if known is None else known.then(step, at))

    def add_evaluation(self, scope: Scope, alarm_name: str, *, at: int, body: bytes) -> None:
        """Keep an evaluation record."""
        kept = self._evaluations.setdefault((scope, alarm_name), [])
        entry = (at, self._number(), body)
        insort(kept, entry)
        self._undo.note(lambda: kept.remove(entry))

    def expire(self, *, before: int) -> int:
        """Remove what is older."""
        gone = 0
        for items in self._items.values():
            for place in [place for place in items if place[0] < before]:
                self._undo.remove(items, place)
                gone += 1
        for steps in self._steps.values():
            for place in [place for place in steps if place[0] < before]:
                self._undo.remove(steps, place)
        for hours in self._hours.values():
            for hour in [hour for hour in hours if hour[0] < before // HOUR_MS]:
                self._undo.remove(hours, hour)
        for key, kept in self._evaluations.items():
            keep = [entry for entry in kept if entry[0] >= before]
            gone += len(kept) - len(keep)
            self._undo.put(self._evaluations, key, keep)
        return gone

    def reset(self, scope: Scope | None) -> None:
        """Remove the history of a scope, or all."""
        items, evaluations, steps, hours = self._items, self._evaluations, self._steps, self._hours
        self._undo.note(lambda: setattr(self, "_items", items))
        self._undo.note(lambda: setattr(self, "_evaluations", evaluations))
        self._undo.note(lambda: setattr(self, "_steps", steps))
        self._undo.note(lambda: setattr(self, "_hours", hours))
        self._items = {} if scope is None else {key: one for key, one in items.items() if key != scope}
        self._steps = {} if scope is None else {key: one for key, one in steps.items() if key != scope}
        self._hours = {} if scope is None else {key: one for key, one in hours.items() if key != scope}
        self._evaluations = {} if scope is None else {key: one for key, one in evaluations.items() if key[0] != scope}

    def _number(self) -> int:
        self._next += 1
        return self._next
