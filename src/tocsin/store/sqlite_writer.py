"""One writes at a time, and works that wait together share a commit. Spec: AR-7, WIRE-7.7.

Rule: a work is told its result after the commit, never before. Each has a savepoint of its own, so that one
that fails takes nothing of its neighbours with it.

There is no thread for it: whoever comes while nobody writes, writes; who comes meanwhile waits, and the first of
those then writes for all who wait. A work that is alone costs no change of threads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tocsin.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
Writer = TypeVar("Writer")

# Works that may wait, and how long a further one waits for room, in seconds (WIRE-7.7).
_MOST_WAITING = 1_024
_PATIENCE = 5.0

# Works that share one commit at most: the first of them waits for the last.
_MOST_TOGETHER = 128

# How often a database is tried that another program holds; a try takes as long as `PRAGMA busy_timeout` says.
_TRIES = 20


class _Job:
    """A work that was handed in. Its gate opens when it is done, or when it is the turn of its thread to write."""

    __slots__ = ("failure", "gate", "is_done", "result", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.gate = threading.Lock()
        self.gate.acquire()
        self.is_done = False
        self.result: Any = None
        self.failure: BaseException | None = None

    def end(self, result: Any, failure: BaseException | None) -> None:
        """Say what came of it."""
        self.result, self.failure, self.is_done = result, failure, True


class GroupCommit(Generic[Writer]):
    """Runs works one after the other on one connection.

    `make_writer` gives what works are given, and is called again after one failed that had written: whatever it
    had in memory may be of what was undone. `committed` is called after each commit, before anybody is told of it.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        make_writer: Callable[[], Writer],
        *,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._make_writer = make_writer
        self._committed = committed
        self._writer = make_writer()
        self._room = threading.BoundedSemaphore(_MOST_WAITING + 1)  # those who wait, and the one who writes
        self._lock = threading.Lock()  # of the three below
        self._waiting: deque[_Job] = deque()
        self._is_writing = False
        self._closed = False
        self._is_hurried = False
        self._thread: int | None = None

    def write(self, work: Callable[[Writer], Result]) -> Result:
        """The result of a work, once it is committed; what it raises is raised."""
        if self._thread == threading.get_ident():
            raise RuntimeError("a work cannot wait for another one")
        if not self._room.acquire(timeout=_PATIENCE):
            raise StoreBusyError("too much waits to be written", hint="the disk is slower than what comes in")
        try:
            job = _Job(work)
            self._run(job, closes=False)
        finally:
            self._room.release()
        if job.failure is not None:
            raise job.failure
        return job.result  # type: ignore[no-any-return]  # what the work gave

    def hurry(self) -> None:
        """From now on, try only once where another program holds the database."""
        self._is_hurried = True

    def close(self) -> None:
        """Take nothing more; return when what waits is done."""
        self._run(_Job(lambda _: None), closes=True)

    def _run(self, job: _Job, *, closes: bool) -> None:
        with self._lock:
            if self._closed:
                if closes:
                    return
                raise StoreError("the store is closed")
            self._closed = closes
            self._waiting.append(job)
            is_turn, self._is_writing = not self._is_writing, True
        if not is_turn:
            job.gate.acquire()
        if not job.is_done:
            self._write_for_all()

    def _write_for_all(self) -> None:
        """Commit what waits, up to a bound, with the own work first; then it is the turn of the next who waits."""
        with self._lock:
            jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
        self._thread = threading.get_ident()
        try:
            self._commit(jobs)
        finally:
            self._thread = None
            for job in jobs:
                if not job.is_done:
                    job.end(None, StoreError("writing was interrupted"))
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_writing = following is not None
            if following is not None:
                following.gate.release()
            for job in jobs[1:]:
                job.gate.release()

    def _commit(self, jobs: list[_Job]) -> None:
        outcomes: list[tuple[Any, BaseException | None]] = []
        try:
            self._begin()
            outcomes.extend(self._run_one(job.work, is_alone=len(jobs) == 1) for job in jobs)
            if len(jobs) == 1 and outcomes[0][1] is not None:
                self._connection.execute("ROLLBACK")
            else:
                self._connection.execute("COMMIT")
                self._committed()
        except Exception as error:  # noqa: BLE001  (it is told to everybody who waits)
            self._undo_all()
            outcomes = [(None, error)] * len(jobs)
        except BaseException:  # an interrupt is its own thread's alone
            self._undo_all()
            raise
        for job, (result, failure) in zip(jobs, outcomes, strict=True):
            job.end(result, failure)

    def _begin(self) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or self._is_hurried or not left:
                    raise
            else:
                return

    def _run_one(self, work: Callable[[Writer], Any], *, is_alone: bool) -> tuple[Any, BaseException | None]:
        # A savepoint costs as much as a small work; one that is alone is undone by ROLLBACK.
        execute = self._connection.execute
        before = self._connection.total_changes
        if not is_alone:
            execute("SAVEPOINT work")
        try:
            result = work(self._writer)
        except sqlite3.Error:
            raise  # the disk, not the work: nobody's work can be trusted to be there
        except Exception as error:  # noqa: BLE001  (it is the caller's, who raises it)
            if not is_alone:
                execute("ROLLBACK TO work")
                execute("RELEASE work")
            if self._connection.total_changes != before:
                self._writer = self._make_writer()
            return None, error
        if not is_alone:
            execute("RELEASE work")
        return result, None

    def _undo_all(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._writer = self._make_writer()
