"""A store in memory, for tests: nothing outlives the process. Spec: AR-5, WIRE-9.11.

Rule: it behaves as the store on disk does. A work that raises is undone step by step; readers and
writers take turns, so that a view is of one moment.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tocsin.app.store_port import Packing
from tocsin.store.memory_calls import MemoryCalls
from tocsin.store.memory_definitions import MemoryDefinitions
from tocsin.store.memory_event_counts import MemoryEventCounts
from tocsin.store.memory_history import MemoryHistory
from tocsin.store.memory_logs import MemoryLogs
from tocsin.store.memory_metrics import MemoryMetrics
from tocsin.store.memory_outbox import MemoryOutbox, MemorySources
from tocsin.store.memory_records import MemoryRecords
from tocsin.store.undo import Undo
from tocsin.time_limit import require_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

Result = TypeVar("Result")


class MemoryStore:
    """`app.store_port.Store` over dictionaries."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._content = _Content()

    @contextmanager
    def read(self) -> Iterator[StoreReader]:
        """What is there; writers wait until the block ends."""
        require_time()
        with self._lock:
            yield self._content

    def write(self, work: Callable[[StoreWriter], Result]) -> Result:
        """Run `work` alone; what it raises leaves no trace."""
        with self._lock:
            content = self._content
            try:
                result = work(content)
            except BaseException:
                content.undo.roll_back()
                raise
            content.undo.forget()
            return result

    @contextmanager
    def at_once(self) -> Iterator[bool]:
        """Whether nobody else reads or writes; then nobody does until the block ends."""
        is_mine = self._lock.acquire(blocking=False)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._lock.release()

    def changes(self) -> int:
        """A number that is another one once a definition has been changed."""
        return self._content.changes

    def pack_logs(self, *, at: int) -> Packing:  # noqa: ARG002  (there are no blocks)
        """Nothing is to be packed in memory."""
        return Packing(0, 0)

    def check(self) -> None:
        """Memory can always be read and written."""

    def hurry(self) -> None:
        """Memory is held by nobody else."""

    def close(self) -> None:
        """There is nothing to let go of."""


class _Content(MemoryDefinitions):
    """All that is in the store: reader and writer in one."""

    def __init__(self) -> None:
        self.undo = Undo()
        super().__init__(self.undo)
        self.event_counts = MemoryEventCounts(self.undo)
        self.logs = MemoryLogs(self.undo, self.event_counts)
        self.metrics = MemoryMetrics(self.undo)
        self.history = MemoryHistory(self.undo)
        self.outbox = MemoryOutbox(self.undo)
        self.sources = MemorySources(self.undo)
        self.records = MemoryRecords(self.undo)
        self.calls = MemoryCalls(self.undo)

    def reset(self, scope: Scope | None = None) -> None:
        """Remove everything, or everything of one scope. It costs the same however much there is."""
        self.reset_definitions(scope)
        for part in (
            self.logs,
            self.event_counts,
            self.metrics,
            self.history,
            self.outbox,
            self.sources,
            self.records,
            self.calls,
        ):
            part.reset(scope)
