"""One writes at a time, and works that wait together share a commit. Spec: AR-7, WIRE-7.7.

Rule: a work is told its result after the commit, never before. Each has a savepoint of its own, so that one
that fails takes nothing of its neighbours with it.

There is no thread for it: whoever comes while nobody writes, writes; who comes meanwhile waits, and the first of
those then writes for all who wait. A work that is alone costs no change of threads. Who must not wait at all, such as
the thread of an event loop, takes the turn first if it can be had (`take_turn`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from contextlib import suppress
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

# How often a database is tried that another program holds, and the seconds between: five in all.
_TRIES = 100
_PAUSE = 0.05


class _Job:
    """A work that was handed in. Its gate opens when it is done, or when it is the turn of its thread to write."""

    __slots__ = ("failure", "gate", "is_apart", "is_done", "result", "work")

    def __init__(self, work: Callable[[Any], Any], *, is_apart: bool = False) -> None:
        self.work = work
        self.is_apart = is_apart  # it shares no commit with others, and makes its own
        self.gate = threading.Lock()
        self.gate.acquire()
        self.is_done = False
        self.result: Any = None
        self.failure: BaseException | None = None

    def end(self, result: Any, failure: BaseException | None) -> None:
        """Say what came of it."""
        self.result, self.failure, self.is_done = result, failure, True

    def outcome(self) -> Any:
        """Its result; what it raised is raised."""
        if self.failure is None:
            return self.result
        # An error holds the frames that it went through, and this one holds the job: together they would stay.
        failure, self.failure = self.failure, None
        try:
            raise failure
        finally:
            del failure


class GroupCommit(Generic[Writer]):
    """Runs works one after the other on one connection.

    `make_writer` gives what works are given, and is called again after one failed that had written: whatever it
    had in memory may be of what was undone. `committed` is called after each commit, before anybody is told of it.
    The `connection` should not wait itself for another program (`PRAGMA busy_timeout = 0`): that is done here.
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
        self._pause = threading.Event()  # set when nobody is to wait for another program any more
        self._thread: int | None = None  # that runs works
        self._turn: int | None = None  # thread that has asked for the turn

    def write(self, work: Callable[[Writer], Result]) -> Result:
        """The result of a work, once it is committed; what it raises is raised."""
        if self._thread == threading.get_ident():
            raise RuntimeError("a work cannot wait for another one")
        if self._turn == threading.get_ident():
            return self._write_in_turn(work)
        if not self._room.acquire(timeout=_PATIENCE):
            raise StoreBusyError("too much waits to be written", hint="the disk is slower than what comes in")
        try:
            job = _Job(work)
            self._run(job, closes=False)
        finally:
            self._room.release()
        return job.outcome()  # type: ignore[no-any-return]  # what the work gave

    def take_turn(self) -> bool:
        """Whether what this thread writes until it ends its turn is written without waiting for anybody.

        It is not when somebody else writes, in this process or in another; then `write` waits as ever. Whoever has the
        turn keeps all others from writing, so it should be short, and must not wait for a lock whose holder may be
        waiting to write.
        """
        with self._lock:
            if self._closed or self._is_writing:
                return False
            self._is_writing = True
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:  # whatever it is, those are told of it who can wait
            self._pass_turn()
            return False
        self._turn = threading.get_ident()
        return True

    def end_turn(self) -> None:
        """Let others write."""
        if self._connection.in_transaction:  # nothing was written, or it would have been committed
            with suppress(sqlite3.Error):  # whoever writes next is told
                self._connection.execute("ROLLBACK")
        self._turn = None
        self._pass_turn()

    def alone(self, work: Callable[[], Result]) -> Result:
        """The result of a work that is done while nobody writes, outside of a transaction."""
        job = _Job(lambda _: work(), is_apart=True)
        self._run(job, closes=False)
        return job.outcome()  # type: ignore[no-any-return]  # as above

    def hurry(self) -> None:
        """From now on, try only once where another program holds the database."""
        self._pause.set()

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
            jobs = [self._waiting.popleft()]
            while self._waiting and len(jobs) < _MOST_TOGETHER and not (self._waiting[0].is_apart or jobs[0].is_apart):
                jobs.append(self._waiting.popleft())
        self._thread = threading.get_ident()
        try:
            if jobs[0].is_apart:
                _run_apart(jobs[0])
            else:
                self._commit(jobs)
        finally:
            self._thread = None
            for job in jobs:
                if not job.is_done:
                    job.end(None, StoreError("writing was interrupted"))
            for job in jobs[1:]:
                job.gate.release()
            self._pass_turn()

    def _pass_turn(self) -> None:
        """Let the next one write who waits, if anybody does."""
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_writing = following is not None
        if following is not None:
            following.gate.release()

    def _write_in_turn(self, work: Callable[[Writer], Result]) -> Result:
        job = _Job(work)
        self._thread = threading.get_ident()
        try:
            self._commit([job])
        finally:
            self._thread = None
        return job.outcome()  # type: ignore[no-any-return]  # what the work gave

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
        if self._connection.in_transaction:  # it began with the turn
            return
        for left in reversed(range(_TRIES)):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or self._pause.wait(_PAUSE) or not left:
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


def _run_apart(job: _Job) -> None:
    try:
        job.end(job.work(None), None)
    except Exception as error:  # noqa: BLE001  (it is the caller's, who raises it)
        job.end(None, error)
