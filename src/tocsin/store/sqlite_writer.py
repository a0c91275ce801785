"""The one thread that writes, and how works that wait together share a commit. Spec: AR-7.

Rule: a work is told its result after the commit, never before. Each has a savepoint of its own, so that one
that fails takes nothing of its neighbours with it.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tocsin.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.store_port import StoreWriter

Result = TypeVar("Result")

# Works that may wait, and how long a further one waits for room, in seconds (WIRE-7.7).
_MOST_WAITING = 1_024
_PATIENCE = 5.0

# Works that share one commit at most: the first of them waits for the last.
_MOST_TOGETHER = 128


class _Job(NamedTuple):
    work: Callable[[Any], Any]
    done: Future[Any]


class WriterThread:
    """Runs works one after the other on a connection of its own.

    `make_writer` gives what works are given, and is called again after one failed: whatever it had in memory
    may be of what was undone.
    """

    def __init__(self, connection: sqlite3.Connection, make_writer: Callable[[], StoreWriter]) -> None:
        self._connection = connection
        self._make_writer = make_writer
        self._writer = make_writer()
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_MOST_WAITING)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="tocsin store writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[StoreWriter], Result]) -> Result:
        """The result of a work, once it is committed; what it raises is raised."""
        if self._closed:
            raise StoreError("the store is closed")
        if threading.current_thread() is self._thread:
            raise RuntimeError("a work cannot wait for another one")
        done: Future[Result] = Future()
        try:
            self._jobs.put(_Job(work, done), timeout=_PATIENCE)
        except queue.Full:
            raise StoreBusyError("too much waits to be written", hint="the disk is slower than what comes in") from None
        return done.result()

    def close(self) -> None:
        """Do what waits, then end."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs, is_last = self._together(job)
            self._commit(jobs)
            if is_last:
                return

    def _together(self, first: _Job) -> tuple[list[_Job], bool]:
        """The works that wait now; whether the end was among them."""
        jobs = [first]
        while len(jobs) < _MOST_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes.extend((job, *self._run_one(job.work, is_alone=len(jobs) == 1)) for job in jobs)
            if len(jobs) == 1 and outcomes[0][2] is not None:
                self._connection.execute("ROLLBACK")
            else:
                self._connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  (it is told to everybody who waits; the thread goes on)
            self._undo_all()
            for job in jobs:
                job.done.set_exception(error)
            return
        for job, result, failure in outcomes:
            if failure is None:
                job.done.set_result(result)
            else:
                job.done.set_exception(failure)

    def _run_one(self, work: Callable[[StoreWriter], Any], *, is_alone: bool) -> tuple[Any, BaseException | None]:
        # A savepoint costs as much as a small work; one that is alone is undone by ROLLBACK.
        execute = self._connection.execute
        if not is_alone:
            execute("SAVEPOINT work")
        try:
            result = work(self._writer)
        except sqlite3.Error:
            raise  # the disk, not the work: nobody's work can be trusted to be there
        except BaseException as error:  # noqa: BLE001  (it is the caller's, who raises it)
            if not is_alone:
                execute("ROLLBACK TO work")
                execute("RELEASE work")
            self._writer = self._make_writer()
            return None, error
        if not is_alone:
            execute("RELEASE work")
        return result, None

    def _undo_all(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._writer = self._make_writer()
