"""Calls counted for Insights, in memory. Spec: CT-17.7, CT-17.9."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tocsin.core.insight.age import STAGES, oldest_minute, stage_after
from tocsin.core.insight.call import InsightKey
from tocsin.core.insight.record import counts_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.insight.call import Api, Caller, CountedCall
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo

_Row = tuple[int, int]
"""How many calls, and their stage."""


class MemoryCalls:
    """`CallWriter` over dictionaries."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._apis: dict[Api, dict[tuple[int, Caller], _Row]] = {}

    def active(self, *, start: int, end: int) -> list[Api]:
        """The APIs with calls of callers that are known."""
        return sorted(
            api
            for api, rows in self._apis.items()
            if any(start <= minute < end and stage == 0 for (minute, _), (_, stage) in rows.items())
        )

    def total(self, key: InsightKey, *, start: int, end: int) -> int:
        """How many calls of the key there are."""
        return sum(count for _, count in self._counted(key, start, end))

    def first(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        return min((minute for minute, _ in self._counted(key, start, end)), default=None)

    def last(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        return max((minute for minute, _ in self._counted(key, start, end)), default=None)

    def minutes(self, key: InsightKey, *, start: int, end: int) -> list[tuple[int, int]]:
        """Those minutes, ascending, each with its calls."""
        counts: Counter[int] = Counter()
        for minute, count in self._counted(key, start, end):
            counts[minute] += count
        return sorted(counts.items())

    def callers(self, api: Api, *, start: int, end: int, limit: int) -> list[tuple[Caller, int]]:
        """Who called the API, and how often."""
        counts: Counter[Caller] = Counter()
        for (minute, caller), (count, _) in self._apis.get(api, {}).items():
            if start <= minute < end:
                counts[caller] += count
        return list(counts.items())[:limit]

    def keys(self, api: Api, *, start: int, end: int, limit: int) -> list[InsightKey]:
        """What is counted of the API's calls."""
        callers = {caller for minute, caller in self._apis.get(api, {}) if start <= minute < end}
        codes = sorted({caller.error_code for caller in callers if caller.error_code is not None})
        rate = [None] if any(caller.counts_for_rate for caller in callers) else []
        return [InsightKey(api, code) for code in (*rate, *codes)][:limit]

    def add(self, calls: Iterable[CountedCall]) -> None:
        """Count calls."""
        for api, minute, caller, count in calls:
            self._merge(api, minute, caller, (count, 0))

    def age(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old coarser, drop what is too old."""
        done = 0
        for stage in STAGES:
            oldest = oldest_minute(stage, at)
            for api, kept in list(self._apis.items()):
                old = [key for key, (_, its) in kept.items() if its == stage and key[0] < oldest]
                for minute, caller in old[: rows - done]:
                    done += 1
                    count, _ = self._undo.remove(kept, (minute, caller))
                    later = stage_after(stage, minute, at)
                    if later is not None:
                        self._merge(api, minute - minute % later, caller.without_names, (count, later))
                if not kept:
                    self._undo.remove(self._apis, api)
        return done

    def reset(self, scope: Scope | None) -> None:
        """Remove the calls of a scope, or all."""
        before = self._apis
        self._undo.note(lambda: setattr(self, "_apis", before))
        self._apis = (
            {}
            if scope is None
            else {
                api: rows for api, rows in before.items() if (api.account, api.region) != (scope.account, scope.region)
            }
        )

    def _merge(self, api: Api, minute: int, caller: Caller, row: _Row) -> None:
        if api not in self._apis:
            self._undo.put(self._apis, api, {})
        rows = self._apis[api]
        count, stage = rows.get((minute, caller), (0, 0))
        self._undo.put(rows, (minute, caller), (count + row[0], max(stage, row[1])))

    def _counted(self, key: InsightKey, start: int, end: int) -> Iterator[tuple[int, int]]:
        for (minute, caller), (count, _) in self._apis.get(key.api, {}).items():
            if start <= minute < end and counts_for(key, caller):
                yield minute, count
