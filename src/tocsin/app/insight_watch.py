"""Insights of the live service: calls are counted as their records come in, and judged minute by minute. Spec: CT-17.

Rule: calls of a trail with Insights count while it is logging, and are judged after the waiting period; the records
of an Insight go to the event history and to the trails that want them, by the way that every record takes. Each
boundary is judged once, in order; what was missed is made up for, up to a bound, and counted. A run that was cut off
is done over without harm: an Insight has the same ids whenever it is found.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.insight_boundary import OPEN_INSIGHTS, ActiveWatch, Boundary
from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail import TRAILS
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.insight.age import NAMED_MINUTES
from tocsin.core.insight.call import CountedCall, call_of_record
from tocsin.core.scope import Scope
from tocsin.core.trail.routing import trails_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tocsin.app.insight_boundary import Kind
    from tocsin.app.record_intake import TakenRecord
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.insight.call import Api, Caller
    from tocsin.core.trail.definition import Trail

MOST_MISSED: Final = 1440
"""Boundaries that are made up for after a pause; what lies further back is passed over, and counted."""

# Boundaries that one run works through; whoever calls it calls again while there are more.
_MOST_AT_ONCE: Final = 30

# By how many minutes a clock may be set back until judging begins anew there instead of waiting for it.
_MOST_SET_BACK: Final = 10

_MINUTE: Final = 60

_HERE: Final = Scope("", "")
_CURSOR: Final = Definitions("setting", int)
_CURSOR_NAME: Final = "insight-boundary"


class _Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Since which minute a trail has which Insights on: a type and a category, and the minute."""

    since: list[tuple[str, str, int]]


_WATCHES: Final = Definitions("insight-watch", _Watch)


class InsightRun(NamedTuple):
    """What one run did: boundaries that it judged, Insights that it opened and closed, boundaries passed over.

    `left_out` counts APIs of which not all was judged, as there was too much. `is_behind` says that there is more to do
    at once.
    """

    boundaries: int = 0
    opened: int = 0
    closed: int = 0
    passed_over: int = 0
    is_behind: bool = False
    left_out: int = 0


class _WatchedTrail(NamedTuple):
    trail: Trail
    kinds: frozenset[Kind]


class InsightWatch:
    """Counts and judges: `service.part(InsightWatch)`. One run at a time."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._intake = service.part(RecordIntake)
        self._intake.observers.append(self.observe)
        self._lock = threading.Lock()
        self._trails_lock = threading.Lock()
        self._version = -1
        self._trails: list[_WatchedTrail] = []

    # ------------------------------------------------------------ counting

    def observe(self, store: StoreWriter, records: Sequence[TakenRecord]) -> None:
        """Count the calls among records that are new, in the transaction that keeps them."""
        watched = self._watched(store)
        if not watched:
            return
        newest = second_of(self._service.now()) // _MINUTE
        counts: Counter[tuple[Api, int, Caller]] = Counter()
        for one in records:
            near = [
                trail
                for trail, kinds in watched
                if any(category == one.category for _, category in kinds)
                and trail.is_of(one.scope.account)
                and trail.is_in(one.scope.region)
            ]
            call = call_of_record(one.value) if near else None
            minute = one.second // _MINUTE
            # What is older is in no baseline; what is in the future would be judged before it has happened.
            if call is None or not call.is_counted or not newest - NAMED_MINUTES < minute <= newest:
                continue
            selecting = trails_of(one.value, near)
            api = call.api._replace(account=one.scope.account, region=one.scope.region)
            if one.category == "Data":
                counts.update((api._replace(trail=trail.arn), minute, call.caller) for trail in selecting)
            elif selecting:
                counts[api, minute, call.caller] += 1
        if counts:
            store.calls.add(CountedCall(api, minute, caller, made) for (api, minute, caller), made in counts.items())

    def _watched(self, store: StoreReader) -> list[_WatchedTrail]:
        """The trails that are logging and have Insights on."""
        version = store.version(TRAILS.kind)
        with self._trails_lock:
            if version != self._version:
                self._trails = [
                    _WatchedTrail(trail, frozenset(_kinds(trail)))
                    for _, _, trail in TRAILS.scan_all(store)
                    if trail.is_logging and trail.insight_selectors
                ]
                self._version = version
            return self._trails

    # ------------------------------------------------------------ judging

    def run(self, at: datetime | None = None) -> InsightRun:
        """Judge the boundaries that are due at `at`, by default now. Each call does a bounded amount of work."""
        with self._lock:
            now = second_of(self._service.now() if at is None else at)
            due = (now - self._service.settings.evaluation_delay) // _MINUTE
            return self._run(due)

    def next_due(self, at: datetime) -> int:
        """When the next boundary is judged, in seconds since the epoch."""
        delay = self._service.settings.evaluation_delay
        return ((second_of(at) - delay) // _MINUTE + 1) * _MINUTE + delay

    def _run(self, due: int) -> InsightRun:
        with self._service.store.read() as store:
            cursor = _CURSOR.get(store, _HERE, _CURSOR_NAME)
            was_watching = any(True for _ in store.scan_all(_WATCHES.kind))
            is_idle = not was_watching and not self._watched(store)
        if is_idle:
            return InsightRun()
        if cursor is None or not was_watching or cursor > due + _MOST_SET_BACK:
            cursor = due - 1
        passed_over = max(0, due - MOST_MISSED - cursor)
        first = cursor + passed_over + 1
        last = min(due, first + _MOST_AT_ONCE - 1)
        opened = closed = left_out = 0
        for boundary in range(first, last + 1):
            judged = self._judge(boundary, due)
            for record, trails in judged.records:
                self._intake.take([msgspec.json.encode(record)], trails=trails)
            self._keep(judged)
            opened += judged.opened
            closed += judged.closed
            left_out += judged.left_out
        return InsightRun(max(0, last + 1 - first), opened, closed, passed_over, last < due, left_out)

    def _keep(self, judged: Boundary) -> None:
        """Note how the open Insights stand, and up to where everything was judged."""

        def work(store: StoreWriter) -> None:
            for (scope, name), insight in judged.changed.items():
                if insight is None:
                    OPEN_INSIGHTS.delete(store, scope, name)
                else:
                    OPEN_INSIGHTS.put(store, scope, name, insight)
            _CURSOR.put(store, _HERE, _CURSOR_NAME, judged.at)

        self._service.store.write(work)

    def _judge(self, at: int, due: int) -> Boundary:
        """What a boundary brings; nothing is changed yet but for what trails have switched on and off."""
        watches = self._service.store.write(lambda store: self._switch(store, due))
        boundary = Boundary(at, watches, self._service.settings.insights)
        with self._service.store.read() as store:
            boundary.judge(store)
        return boundary

    def _switch(self, store: StoreWriter, now: int) -> list[ActiveWatch]:
        """What trails have on, each since when; what they have switched off is forgotten (CT-17.2)."""
        known = {(scope, name): watch for scope, name, watch in _WATCHES.scan_all(store)}
        found: list[ActiveWatch] = []
        for trail, kinds in self._watched(store):
            before = known.pop((trail.home, trail.name), None)
            since = {(kind, category): minute for kind, category, minute in (before.since if before else ())}
            # Who stops and starts again begins anew, also within a minute.
            started = 0 if trail.started_at is None else -(-trail.started_at // (_MINUTE * 1000))
            since = {kind: max(since.get(kind, now), started) for kind in sorted(kinds)}
            watch = _Watch(since=[(*kind, minute) for kind, minute in since.items()])
            if watch != before:
                _WATCHES.put(store, trail.home, trail.name, watch)
            found.append(ActiveWatch(trail, since))
        for scope, name in known:
            _WATCHES.delete(store, scope, name)
        return found


def _kinds(trail: Trail) -> Iterator[Kind]:
    for one in trail.insights:
        for category in one.get("EventCategories") or ("Management",):
            yield one["InsightType"], category
