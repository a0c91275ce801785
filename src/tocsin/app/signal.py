"""What has changed, told to whoever has a page open. Spec: CON-6.1 to 6.3.

Rule: a signal says that something changed, never what is in an event; the page asks for what it shows, through the
same checks as ever. Nothing that changes things knows of this: what changed is read off the store's versions and the
counters, once a second, and only while somebody looks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.alarm_record import ACKNOWLEDGEMENTS, COMPOSITES, LATE_DATA, METRIC_ALARMS, MUTE_RULES, STANDINGS
from tocsin.app.archive_job import JobBoard
from tocsin.app.evaluator import Evaluator
from tocsin.app.log_group import GROUPS
from tocsin.app.metric_filter import FILTERS
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS
from tocsin.app.trail import TRAILS
from tocsin.app.watch import COMPLAINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.definition import Definitions
    from tocsin.app.service import Service

MOST_KEPT: Final = 1_000
"""Signals that are kept for those who come back."""

_INGEST_EVERY: Final = 5.0

# Counters that go up when something is on its way to somebody, or has come there.
_DELIVERING: Final = frozenset(("delivery_attempts", "deliveries_queued"))

# What is told when a definition of these kinds has changed.
_KINDS: Final[dict[str, tuple[Definitions[Any], ...]]] = {
    "state": (STANDINGS, ACKNOWLEDGEMENTS),
    "attention": (COMPLAINTS, LATE_DATA),
    "subscription": (SUBSCRIPTIONS,),
    "definition": (METRIC_ALARMS, COMPOSITES, MUTE_RULES, GROUPS, FILTERS, TOPICS, TRAILS),
}


class Signal(NamedTuple):
    """One signal: its number, its name, and what is told with it (JSON values)."""

    number: int
    name: str
    data: dict[str, int | float | str]


class SignalRing:
    """The newest signals, for those whose connection broke."""

    def __init__(self, *, most: int = MOST_KEPT) -> None:
        self._signals: deque[Signal] = deque(maxlen=most)
        self.last = 0

    def add(self, name: str, data: dict[str, int | float | str] | None = None) -> Signal:
        """Keep a signal, under the next number."""
        self.last += 1
        signal = Signal(self.last, name, data or {})
        self._signals.append(signal)
        return signal

    def after(self, number: int) -> Sequence[Signal] | None:
        """The signals behind a number; None where they are not all known (any more)."""
        if number > self.last:
            return None
        if number == self.last:
            return ()
        if not self._signals or self._signals[0].number > number + 1:
            return None
        return [signal for signal in self._signals if signal.number > number]


class SignalWatch:
    """Sees what has changed since it last looked."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._evaluator = service.part(Evaluator)
        self._board = service.part(JobBoard)
        self._jobs = self._board.version()
        self._versions: dict[str, tuple[int, ...]] | None = None
        self._evaluated: float | None = None
        self._deliveries = 0
        self._events = 0
        self._told_events = 0.0

    def look(self) -> list[tuple[str, dict[str, int | float | str]]]:
        """Names of signals, with what is told; none the first time, when nothing is known of what was before."""
        service = self._service
        with service.store.read() as store:
            versions = {name: tuple(store.version(kind.kind) for kind in kinds) for name, kinds in _KINDS.items()}
        counts = service.counters.snapshot()
        deliveries = sum(count for (name, _), count in counts.items() if name in _DELIVERING)
        events = sum(count for (name, _), count in counts.items() if name == "events_received")
        evaluated = self._evaluator.last_instant
        jobs = self._board.version()
        found: list[tuple[str, dict[str, int | float | str]]] = []
        if self._versions is not None:
            before = self._versions
            found = [(name, {}) for name, version in versions.items() if version != before[name]]
            if evaluated is not None and (self._evaluated is None or evaluated // 60 != self._evaluated // 60):
                found.append(("evaluated", {"at": evaluated}))
            if deliveries != self._deliveries:
                found += [("delivery", {}), ("mail", {})]
            found += [
                ("job", {"id": job.id, "done": job.progress.bytes_done, "total": job.progress.bytes_total})
                for job in self._board.changed_since(self._jobs)
            ]
            now = service.clock.monotonic()
            if events != self._events and now - self._told_events >= _INGEST_EVERY:
                found.append(("ingest", {"events": events - self._events}))
                self._told_events, self._events = now, events
        else:
            self._events = events
        self._versions, self._evaluated, self._deliveries = versions, evaluated, deliveries
        self._jobs = jobs
        return found
