"""Archive jobs of a running service: folders below the roots, a process for each job, reports in the data folder.

Rule: nothing outside the roots is read, wherever links lead; a job is a process of its own at the lowest priority, so
that it never holds up the chain; a job that is under way when the service stops is given up and says so. Spec: IF-9
(`archive.roots`), CON-4.10 (Archive).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.archive_job import ArchiveJob, JobBoard, JobStatus, SubFolder
from tocsin.app.publication import scope_of_topic
from tocsin.app.report import decode_scan_report
from tocsin.app.topic import subscription_arn, subscriptions_of
from tocsin.atomic_file import replacing
from tocsin.composition.archive_worker import WorkerNews, WorkOrder
from tocsin.composition.data_folder import ARCHIVE_JOBS
from tocsin.core.complaint import shown_endpoint
from tocsin.core.topic import PENDING, Subscription
from tocsin.errors import InputError, NotFoundError
from tocsin.sources.walk import is_within

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tocsin.app.archive_job import JobPlan
    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.report import ScanReport
    from tocsin.app.service import Service
    from tocsin.config import Config
    from tocsin.core.limits import Limits

_MOST_FOLDERS = 1_000
_ENDS_WITHIN = 5.0
_COMMAND = (sys.executable, "-m", "tocsin.composition.archive_worker")


class ArchiveJobs:
    """Holds the roots and does the jobs, one after the other, in a thread of its own.

    `folder` is where jobs and reports are kept; `report` is told the trace of what should not have happened.
    """

    def __init__(
        self, service: Service, *, roots: tuple[str, ...], folder: Path, limits: Limits, report: Callable[..., None]
    ) -> None:
        self._service = service
        self._roots = {root: os.path.realpath(root) for root in roots}
        self._folder = folder
        self._limits = limits
        self._report_defect = report
        self._lock = threading.Lock()
        self._running: tuple[str, subprocess.Popen[bytes]] | None = None
        self._is_ending = False
        self._last_report: tuple[str, ScanReport | BacktestReport] | None = None
        self._board = service.part(JobBoard)
        self._thread = threading.Thread(target=self._work, name="tocsin archive jobs", daemon=True)

    def start(self) -> None:
        """Take up what an earlier process has left, and begin to work."""
        if not self._roots:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._board.on_change, self._board.on_drop = self._keep, self._forget
        self._board.restore(self._kept())
        self._thread.start()

    def close(self) -> None:
        """Give up what is under way, and say so."""
        with self._lock:
            self._is_ending = True
            running = self._running
        self._board.wake()
        if running is not None:
            self._end(running[1])
        if self._thread.is_alive():
            self._thread.join(2 * _ENDS_WITHIN)
        for job in self._board.jobs():
            self._board.end(job.id, JobStatus.INTERRUPTED, problem="the service was stopped while it was under way")

    # ------------------------------------------------------------ what the console asks

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders that may be scanned, and what lies below them."""
        return tuple(self._roots)

    def folders(self, root: str, folder: str) -> list[SubFolder]:
        """The folders in a folder, by name; links are followed as long as they stay below the root."""
        path, within = self._place(root, folder)
        found = []
        try:
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir())
        except OSError as error:
            raise NotFoundError(f"{folder or root}: {error.strerror or error}", resource="folder") from None
        for name in names[:_MOST_FOLDERS]:
            below = f"{folder}/{name}" if folder else name
            if _is_text(name) and is_within(os.path.join(path, name), within):  # noqa: PTH118  (a text)
                found.append(SubFolder(name=name, folder=below))
        return found

    def submit(self, plan: JobPlan) -> ArchiveJob:
        """Take a job."""
        self._place(plan.root, plan.folder)
        return self._board.submit(plan)

    def cancel(self, ident: str) -> ArchiveJob:
        """Give a job up."""
        cancelled = self._board.cancel(ident)
        with self._lock:
            running = self._running
        if running is not None and running[0] == ident:
            self._end(running[1])
        return cancelled

    def report(self, ident: str) -> ScanReport | BacktestReport | None:
        """The report of a job that is done. The last one is remembered, for who leafs through it."""
        from tocsin.app.archive_job import JobKind
        from tocsin.app.backtest_report import BacktestReport

        job = self._board.get(ident)
        if job.status is not JobStatus.DONE:
            return None
        known = self._last_report
        if known is not None and known[0] == ident:
            return known[1]
        try:
            body = self._report_path(ident).read_bytes()
        except OSError:
            return None
        is_scan = job.plan.kind is JobKind.SCAN
        made = decode_scan_report(body) if is_scan else msgspec.json.decode(body, type=BacktestReport)
        self._last_report = (ident, made)
        return made

    def _place(self, root: str, folder: str) -> tuple[str, str]:
        """The real path of a folder below a root, and that of the root. NotFoundError for anything else."""
        within = self._roots.get(root)
        if within is None:
            raise NotFoundError("There is no such archive", resource="folder", hint="archive.roots names the folders")
        named = os.path.join(within, folder)  # noqa: PTH118  (a text)
        path = os.path.realpath(named) if is_within(named, within) else ""
        if not path or not os.path.isdir(path):  # noqa: PTH112  (a text)
            raise NotFoundError(f"There is no folder {folder} in {root}", resource="folder")
        return path, within

    # ------------------------------------------------------------ working

    def _work(self) -> None:
        while True:
            job = self._board.take(stop=lambda: self._is_ending)
            if job is None:
                return
            try:
                self._do(job)
            except Exception as error:  # noqa: BLE001  (the supervisor of jobs: it is reported)
                self._report_defect("archive-job-failed", job=job.id, exc_info=error)
                self._board.end(job.id, JobStatus.FAILED, problem="something went wrong; the service's log says more")

    def _do(self, job: ArchiveJob) -> None:
        try:
            path, within = self._place(job.plan.root, job.plan.folder)
        except NotFoundError as error:
            self._board.end(job.id, JobStatus.FAILED, problem=error.message)
            return
        order = WorkOrder(
            kind=job.plan.kind,
            path=path,
            within=within,
            packs=job.plan.packs,
            since=job.plan.since,
            until=job.plan.until,
            topic=job.plan.topic,
            subscriptions=self._subscriptions(job.plan.topic),
            day=self._service.now().date(),
            extra=self._service.settings.evaluation_range,
            limits=self._limits,
            report=str(self._report_path(job.id)),
        )
        process = subprocess.Popen(  # noqa: S603  (our own program, without a shell)
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with self._lock:
            self._running = (job.id, process)
            is_unwanted = self._is_ending
        if is_unwanted or self._board.get(job.id).status is not JobStatus.RUNNING:
            self._end(process)
        try:
            self._follow(job.id, process, order)
        finally:
            with self._lock:
                self._running = None
            self._end(process)

    def _follow(self, ident: str, process: subprocess.Popen[bytes], order: WorkOrder) -> None:
        """Give the order, and listen until the process has ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(order))
            process.stdin.close()
        last = WorkerNews()
        with process.stdout:
            for line in process.stdout:
                last = msgspec.json.decode(line, type=WorkerNews)
                if last.progress is not None:
                    self._board.advance(ident, last.progress)
        status = process.wait()
        if last.defect:
            self._report_defect("archive-job-failed", job=ident, trace=last.defect)
        if last.is_done:
            self._board.end(ident, JobStatus.DONE, result=last.result)
        elif self._is_ending:
            self._board.end(ident, JobStatus.INTERRUPTED, problem="the service was stopped while it was under way")
        else:
            gone = f"its process ended by itself (status {status}); the machine may be out of memory"
            self._board.end(ident, JobStatus.FAILED, problem=last.problem or gone)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        """End a process of ours with those that it has started."""
        if process.poll() is not None:
            return
        _stop(process, signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            _stop(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            process.wait()

    def _subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """Who is subscribed to a topic, as they may be shown."""
        place = scope_of_topic(topic) if topic else None
        if place is None:
            return ()
        now = self._service.now_ms()
        with self._service.store.read() as store:
            found = [one for one in subscriptions_of(store, *place) if one.receives or not one.is_gone(now)]
        return tuple(
            Subscription(
                topic_arn=topic,
                protocol=one.protocol,
                endpoint=shown_endpoint(one.protocol, one.endpoint),
                subscription_arn=subscription_arn(place[0], one) if one.receives else PENDING,
            )
            for one in found
        )

    # ------------------------------------------------------------ what lasts

    def _job_path(self, ident: str) -> Path:
        return self._folder / f"{ident}.json"

    def _report_path(self, ident: str) -> Path:
        return self._folder / f"{ident}.report.json"

    def _kept(self) -> list[ArchiveJob]:
        """The jobs of earlier processes; what cannot be read is reported and left alone."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            if path.name.endswith(".report.json"):
                continue
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=ArchiveJob))
            except (OSError, msgspec.MsgspecError) as error:
                self._report_defect("archive-job-unreadable", path=str(path), reason=str(error))
        return found

    def _keep(self, job: ArchiveJob) -> None:
        try:
            with replacing(self._job_path(job.id)) as file:
                file.write(msgspec.json.encode(job))
        except (OSError, InputError) as error:
            self._report_defect("archive-job-not-kept", job=job.id, reason=str(error))

    def _forget(self, ident: str) -> None:
        for path in (self._job_path(ident), self._report_path(ident)):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def make_archive_jobs(service: Service, config: Config, data: Path, *, report: Callable[..., None]) -> ArchiveJobs:
    """The jobs of a server, kept in its data folder; they are taken up at once."""
    folder = data / ARCHIVE_JOBS
    jobs = ArchiveJobs(service, roots=config.archive.roots, folder=folder, limits=config.limits, report=report)
    jobs.start()
    return jobs


def _stop(process: subprocess.Popen[Any], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # it leads a session of its own
        else:
            process.terminate()


def _is_text(name: str) -> bool:
    """Whether a name can stand on a page and come back from it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name.isprintable()
