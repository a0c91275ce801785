"""Jobs that scan or backtest an archive while the service runs. Spec: CON-4.10 (Archive), CON-6.1 (`job`).

Rule: one job runs and ten wait, in the order in which they were asked for. Whatever ends a job, also a restart, is said
at it. What a job does is done elsewhere, by whoever holds the board.
"""

from __future__ import annotations

import threading
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from tocsin.errors import ConflictError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.report import ScanReport
    from tocsin.app.service import Service

MOST_WAITING = 10
"""Jobs that wait while one runs."""

MOST_KEPT = 20
"""Jobs that are remembered after they have ended, each with its report."""


class JobKind(StrEnum):
    """What is asked of an archive."""

    SCAN = "scan"
    BACKTEST = "backtest"


class JobStatus(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the service was stopped while it waited or ran

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in {JobStatus.WAITING, JobStatus.RUNNING}


class JobPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: `folder` lies below `root`, one of the setting `archive.roots`, and is relative to it.

    `packs` are names of packs. Records with since <= eventTime < until count, in seconds since the epoch; None for no
    bound. `topic` is the ARN that alarms of a backtest tell, whose subscribers are then named; empty for none.
    """

    kind: JobKind
    root: str
    folder: str
    packs: tuple[str, ...]
    since: int | None = None
    until: int | None = None
    topic: str = ""
    asked_by: str = ""


class JobProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Packed bytes and files done of all, and what was found so far."""

    bytes_done: int = 0
    bytes_total: int = 0
    files_done: int = 0
    files_total: int = 0
    matches: int = 0


_NONE_YET = JobProgress()


class ArchiveJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands. Times are aware; `problem` says why it failed, `result` in a line what came of it."""

    id: str
    plan: JobPlan
    status: JobStatus
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: JobProgress = _NONE_YET
    problem: str = ""
    result: str = ""

    def rate(self, at: datetime) -> float | None:
        """Packed bytes a second since it was started; None while that cannot be said."""
        until = self.ended_at or at
        if self.started_at is None or self.progress.bytes_done == 0:
            return None
        seconds = (until - self.started_at).total_seconds()
        return self.progress.bytes_done / seconds if seconds >= 1 else None

    def seconds_left(self, at: datetime) -> float | None:
        """How long it will still take at that rate; None while that cannot be said."""
        rate = self.rate(at)
        if self.status is not JobStatus.RUNNING or rate is None:
            return None
        return (self.progress.bytes_total - self.progress.bytes_done) / rate


class JobBoard:
    """The jobs of a service: `service.part(JobBoard)`. May be used from any thread.

    `on_change` is told of each change that has to last; a progress has not.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._changed = threading.Condition()
        self._jobs: dict[str, ArchiveJob] = {}  # in the order in which they were asked for
        self._versions: dict[str, int] = {}
        self._version = 0
        self.on_change: Callable[[ArchiveJob], None] = lambda job: None  # noqa: ARG005  (nothing lasts by itself)
        self.on_drop: Callable[[str], None] = lambda ident: None  # noqa: ARG005  (as above)

    # ------------------------------------------------------------ looking

    def jobs(self) -> list[ArchiveJob]:
        """All jobs, the one asked for last first."""
        with self._changed:
            return list(self._jobs.values())[::-1]

    def get(self, ident: str) -> ArchiveJob:
        """One job. NotFoundError where there is none."""
        with self._changed:
            found = self._jobs.get(ident)
        if found is None:
            raise NotFoundError("There is no such job", hint=f"the last {MOST_KEPT} are kept")
        return found

    def version(self, ident: str = "") -> int:
        """A number that is another one after each change of a job, or of any."""
        with self._changed:
            return self._versions.get(ident, 0) if ident else self._version

    def changed_since(self, version: int) -> list[ArchiveJob]:
        """The jobs that have changed since the board had that version."""
        with self._changed:
            return [self._jobs[ident] for ident, at in self._versions.items() if at > version and ident in self._jobs]

    # ------------------------------------------------------------ changing

    def restore(self, jobs: Iterable[ArchiveJob]) -> None:
        """Take jobs of an earlier process. Those that were not over are: it was stopped in the midst of them."""
        for job in sorted(jobs, key=lambda job: job.asked_at):
            if job.status.is_over:
                with self._changed:
                    self._jobs[job.id] = job
            else:
                self._put(self._ended(job, JobStatus.INTERRUPTED, "the service was stopped while it was under way"))

    def submit(self, plan: JobPlan) -> ArchiveJob:
        """Take a job. LimitExceededError where ten wait already."""
        job = ArchiveJob(id=self._service.new_id(), plan=plan, status=JobStatus.WAITING, asked_at=self._service.now())
        with self._changed:
            waiting = sum(one.status is JobStatus.WAITING for one in self._jobs.values())
            if waiting >= MOST_WAITING:
                raise LimitExceededError(f"{MOST_WAITING} jobs wait already: cancel one, or wait for one to end")
            self._put(job)
            self._changed.notify_all()
        return job

    def take(self, *, stop: Callable[[], bool]) -> ArchiveJob | None:
        """Start the job that has waited longest, once none is running; None when `stop` says so after a `wake`."""
        with self._changed:
            self._changed.wait_for(lambda: stop() or self._next() is not None)
            job = None if stop() else self._next()
            if job is None:
                return None
            started = msgspec.structs.replace(job, status=JobStatus.RUNNING, started_at=self._service.now())
            self._put(started)
            self._changed.notify_all()
            return started

    def wake(self) -> None:
        """Let whoever waits for a job look whether to stop."""
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> ArchiveJob | None:
        if any(job.status is JobStatus.RUNNING for job in self._jobs.values()):
            return None
        return next((job for job in self._jobs.values() if job.status is JobStatus.WAITING), None)

    def advance(self, ident: str, progress: JobProgress) -> None:
        """Note how far a job has come."""
        with self._changed:
            job = self._jobs[ident]
            if job.status is JobStatus.RUNNING:
                self._jobs[ident] = msgspec.structs.replace(job, progress=progress)
                self._touch(ident)

    def end(self, ident: str, status: JobStatus, *, problem: str = "", result: str = "") -> None:
        """A job has ended; one that has already stays as it is."""
        with self._changed:
            job = self._jobs[ident]
            if not job.status.is_over:
                self._put(msgspec.structs.replace(self._ended(job, status, problem), result=result))
                self._drop_old()
                self._changed.notify_all()

    def cancel(self, ident: str) -> ArchiveJob:
        """Give a job up. NotFoundError where there is none, ConflictError where it is over."""
        with self._changed:
            job = self.get(ident)
            if job.status.is_over:
                raise ConflictError(f"The job is over: {job.status.value}")
            self.end(ident, JobStatus.CANCELLED)
            return self._jobs[ident]

    def _ended(self, job: ArchiveJob, status: JobStatus, problem: str = "") -> ArchiveJob:
        return msgspec.structs.replace(job, status=status, ended_at=self._service.now(), problem=problem)

    def _put(self, job: ArchiveJob) -> None:
        with self._changed:
            self._jobs[job.id] = job
            self._touch(job.id)
        self.on_change(job)

    def _touch(self, ident: str) -> None:
        self._version += 1
        self._versions[ident] = self._version

    def _drop_old(self) -> None:
        over = [job for job in self._jobs.values() if job.status.is_over]
        for job in over[: max(0, len(over) - MOST_KEPT)]:
            del self._jobs[job.id]
            del self._versions[job.id]
            self.on_drop(job.id)


class SubFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder in a folder: its name, and its path relative to the root."""

    name: str
    folder: str


class ArchiveDesk(Protocol):
    """What the console asks of whoever holds archives and reports."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders that may be scanned, and what lies below them; none where the setting has none."""
        ...

    def folders(self, root: str, folder: str) -> list[SubFolder]:
        """The folders in a folder, by name. NotFoundError for what is not there, or does not lie below the root."""
        ...

    def submit(self, plan: JobPlan) -> ArchiveJob:
        """Take a job. NotFoundError as above, LimitExceededError where ten wait already."""
        ...

    def cancel(self, ident: str) -> ArchiveJob:
        """Give a job up. NotFoundError where there is none, ConflictError where it is over."""
        ...

    def report(self, ident: str) -> ScanReport | BacktestReport | None:
        """The report of a job that is done; None where there is none."""
        ...
