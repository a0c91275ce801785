"""Between the calls and their records: a bounded queue, and the one thread that empties it. Spec: REC-1.2, REC-16.1.

Rule: who puts never waits. What does not fit is dropped, counted and told; what is in when the recorder stops is
still worked off.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.counters import Counters
    from tocsin.clock import Clock
    from tocsin.recorder.exchange import Passage
    from tocsin.recorder.recording import RecordMaker

MOST_WAITING: Final = 20_000
"""Calls that wait for their record."""
MOST_BYTES: Final = 128 * 1024 * 1024
"""What they take in memory."""

_TICK_SECONDS: Final = 0.5
_TOLD_AGAIN: Final = 10.0


class Sink(Protocol):
    """Where records go. Nothing that it is asked to do raises."""

    name: str

    def take(self, record: dict[str, Any], line: bytes) -> None:
        """One more record; `line` is its JSON."""
        ...

    def tick(self) -> None:
        """Do what is due now."""
        ...

    def close(self) -> None:
        """Hand over what is still here."""
        ...

    @property
    def problem(self) -> str:
        """What is wrong now; empty for nothing."""
        ...


class RecordQueue:
    """Takes calls from the event loop, and has them recorded by a thread of its own."""

    def __init__(
        self,
        maker: RecordMaker,
        sinks: Sequence[Sink],
        *,
        counters: Counters,
        clock: Clock,
        log: Any,
        housekeeping: Callable[[], None] = lambda: None,
        most_waiting: int = MOST_WAITING,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`housekeeping` is called now and then, by that thread."""
        self._maker = maker
        self._sinks = tuple(sinks)
        self._counters = counters
        self._clock = clock
        self._log = log
        self._housekeeping = housekeeping
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._queue: SimpleQueue[Passage | None] = SimpleQueue()
        # The two of each pair are written by one thread each; their difference is what waits.
        self._put, self._put_bytes = 0, 0
        self._taken, self._taken_bytes = 0, 0
        self._told_at = float("-inf")
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="tocsin-records", daemon=True)

    def start(self) -> None:
        """Work from now on."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many calls wait for their record."""
        return self._put - self._taken

    def put(self, passage: Passage) -> None:
        """Have a call recorded, or drop it where too many wait already."""
        weight = passage.weight
        waiting_bytes = self._put_bytes - self._taken_bytes
        if self.waiting >= self._most_waiting or waiting_bytes + weight > self._most_bytes:
            self._drop()
            return
        self._put += 1
        self._put_bytes += weight
        self._queue.put(passage)

    def close(self, *, within: float) -> bool:
        """Work off what waits, and let the sinks hand over what they have; False where that took longer."""
        self._queue.put(None)
        self._thread.join(within)
        if self._thread.is_alive():
            self._counters.add("records_dropped", self.waiting, reason="stopped")
            self._log.error("records-lost", count=self.waiting, reason="they could not be written in time")
            return False
        return True

    def _drop(self) -> None:
        self._counters.add("records_dropped", reason="queue-full")
        self._dropped += 1
        now = self._clock.monotonic()
        if now - self._told_at >= _TOLD_AGAIN:
            self._log.error("records-dropped", count=self._dropped, reason="the queue of records is full")
            self._told_at, self._dropped = now, 0

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        tick_at = self._clock.monotonic() + _TICK_SECONDS
        while True:
            try:
                passage = self._queue.get(timeout=max(0.0, tick_at - self._clock.monotonic()))
            except Empty:
                self._tick()
                tick_at = self._clock.monotonic() + _TICK_SECONDS
                continue
            if passage is None:
                break
            self._work_on(passage)
            self._taken_bytes += passage.weight
            self._taken += 1
            if self._clock.monotonic() >= tick_at:  # also where calls come without a pause
                self._tick()
                tick_at = self._clock.monotonic() + _TICK_SECONDS
        for sink in self._sinks:
            self._guarded(sink.close)

    def _work_on(self, passage: Passage) -> None:
        try:
            record = self._maker.record(passage)
            if record is None:
                return
            line = msgspec.json.encode(record)
        except Exception as error:  # noqa: BLE001  (REC-1.2: it is counted and told, and the next one is worked on)
            self._counters.add("recording_errors")
            self._log.error("recording-failed", target=_shown(passage.target), exc_info=error)
            return
        for sink in self._sinks:
            self._guarded(sink.take, record, line)

    def _tick(self) -> None:
        for sink in self._sinks:
            self._guarded(sink.tick)
        self._guarded(self._housekeeping)

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  (as above)
            self._counters.add("recording_errors")
            self._log.error("sink-failed", exc_info=error)


def _shown(target: bytes) -> str:
    """The path of a request, without what a query string may hold."""
    return target.partition(b"?")[0][:80].decode("latin-1")
