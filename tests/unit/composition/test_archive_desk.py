"""Archive jobs in processes of their own, and what they may read (IF-9, CON-4.10)."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.archive_job import ArchiveJob, JobBoard, JobKind, JobPlan, JobStatus
from tocsin.app.backtest_report import BacktestReport
from tocsin.app.report import ScanReport
from tocsin.composition import archive_worker
from tocsin.composition.archive_desk import ArchiveJobs
from tocsin.composition.archive_worker import WorkerNews, WorkOrder, run_order
from tocsin.core.limits import DEFAULT_LIMITS
from tocsin.errors import NotFoundError

DEMO = Path(__file__).parents[3] / "examples" / "demo-archive"
POSIX = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


class Desk:
    """A desk over a root with the demo's archive, a folder beside the root, and links that lead to both."""

    def __init__(self, tmp_path: Path) -> None:
        self.bench = RuleBench()
        self.root = tmp_path / "archive"
        self.root.mkdir(exist_ok=True)
        if not (self.root / "demo").exists():
            shutil.copytree(DEMO, self.root / "demo")
        self.folder = tmp_path / "data" / "archive-jobs"
        self.reported: list[tuple[str, dict[str, Any]]] = []
        self.jobs = ArchiveJobs(
            self.bench.service,
            roots=(str(self.root),),
            folder=self.folder,
            limits=DEFAULT_LIMITS,
            report=lambda what, **facts: self.reported.append((what, facts)),
        )
        self.board = self.bench.service.part(JobBoard)

    def plan(self, **changes: Any) -> JobPlan:
        given = {"kind": JobKind.SCAN, "root": str(self.root), "folder": "demo", "packs": ("article",)}
        return JobPlan(**{**given, **changes})

    def done(self, ident: str) -> ArchiveJob:
        """The job when it is over."""
        with self.board._changed:
            assert self.board._changed.wait_for(lambda: self.board.get(ident).status.is_over, 120)
        return self.board.get(ident)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.jobs.start()
    yield desk
    desk.jobs.close()
    assert desk.reported == []


# ---------------------------------------------------------------- folders


def test_folders_below_a_root_are_listed(desk: Desk) -> None:
    assert desk.jobs.roots == (str(desk.root),)
    assert [(one.name, one.folder) for one in desk.jobs.folders(str(desk.root), "")] == [("demo", "demo")]
    found = desk.jobs.folders(str(desk.root), "demo")
    assert [one.folder for one in found] == ["demo/AWSLogs"]


@pytest.mark.parametrize(
    "folder", ["..", "demo/../..", "/etc", "demo/nothing", "demo\0x", "demo/AWSLogs/../../../data"]
)
def test_what_is_not_below_the_root_is_not_there(desk: Desk, folder: str) -> None:
    for ask in (lambda: desk.jobs.folders(str(desk.root), folder), lambda: desk.jobs.submit(desk.plan(folder=folder))):
        with pytest.raises(NotFoundError):
            ask()


def test_a_root_that_was_not_set_is_not_there(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        desk.jobs.folders("/", "etc")


@POSIX
def test_links_are_followed_as_long_as_they_stay_below(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (desk.root / "in").symlink_to(desk.root / "demo")
    (desk.root / "out").symlink_to(tmp_path / "outside")
    (desk.root / "loop").symlink_to(desk.root)
    assert [one.name for one in desk.jobs.folders(str(desk.root), "")] == ["demo", "in", "loop"]
    with pytest.raises(NotFoundError):
        desk.jobs.submit(desk.plan(folder="out"))


@POSIX
def test_a_name_that_is_no_text_is_left_out(desk: Desk) -> None:
    Path(os.fsdecode(os.fsencode(str(desk.root)) + b"/\xff")).mkdir()
    (desk.root / "line\nbreak").mkdir()
    assert [one.name for one in desk.jobs.folders(str(desk.root), "")] == ["demo"]


# ---------------------------------------------------------------- jobs


def test_a_scan_is_done_by_a_process_and_leaves_its_report(desk: Desk) -> None:
    job = desk.done(desk.jobs.submit(desk.plan()).id)
    assert (job.status, job.problem) == (JobStatus.DONE, "")
    assert "matches of" in job.result
    assert job.progress.bytes_done == job.progress.bytes_total > 0
    assert job.progress.files_total == job.progress.files_done
    report = desk.jobs.report(job.id)
    assert isinstance(report, ScanReport)
    assert report.files.skipped == []
    assert {one.name for one in report.filters} >= {"article/stop-logging"}
    assert desk.jobs.report(job.id) is report


def test_a_backtest_names_who_would_have_been_told(desk: Desk) -> None:
    topic = desk.bench.topic()
    desk.bench.subscribe("security@example.com")
    desk.bench.subscribe("https://hooks.example.com/secret", confirmed=False)
    job = desk.done(desk.jobs.submit(desk.plan(kind=JobKind.BACKTEST, topic=topic)).id)
    assert "alarms rang over" in job.result
    report = desk.jobs.report(job.id)
    assert isinstance(report, BacktestReport)
    told = {one for alarm in report.alarms for line in alarm.transitions if line.to == "ALARM" for one in line.notified}
    assert told == {"security@example.com"}


@POSIX
def test_a_link_that_leads_out_is_skipped_and_said(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"Records": []}', encoding="utf-8")
    (desk.root / "demo" / "secret.json").symlink_to(tmp_path / "secret.json")
    job = desk.done(desk.jobs.submit(desk.plan()).id)
    report = desk.jobs.report(job.id)
    assert isinstance(report, ScanReport)
    (skip,) = report.files.skipped
    assert skip.path.endswith("secret.json")
    assert skip.reason == f"a link that leads out of {desk.root}"


def test_a_job_that_cannot_be_done_says_why(desk: Desk) -> None:
    job = desk.done(desk.jobs.submit(desk.plan(packs=("nothing",))).id)
    assert job.status is JobStatus.FAILED
    assert "no pack" in job.problem
    assert desk.jobs.report(job.id) is None


def test_a_folder_that_went_away_fails_the_job(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.folder.mkdir(parents=True)
    job = desk.jobs.submit(desk.plan())
    shutil.rmtree(desk.root / "demo")
    desk.jobs._do(desk.board.take(stop=lambda: False))  # type: ignore[arg-type]
    assert desk.board.get(job.id).status is JobStatus.FAILED


def test_a_process_that_is_gone_fails_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.composition.archive_desk._COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    desk = Desk(tmp_path)
    desk.jobs.start()
    job = desk.done(desk.jobs.submit(desk.plan()).id)
    desk.jobs.close()
    assert "ended by itself (status 3)" in job.problem


WAITS = "import sys; print('{}', flush=True); sys.stdin.read(); import threading; threading.Event().wait(300)"


def test_cancelling_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.composition.archive_desk._COMMAND", (sys.executable, "-c", WAITS))
    desk = Desk(tmp_path)
    desk.jobs.start()
    first, second = desk.jobs.submit(desk.plan()), desk.jobs.submit(desk.plan())
    with desk.board._changed:
        assert desk.board._changed.wait_for(lambda: desk.board.get(first.id).status is JobStatus.RUNNING, 60)
    assert desk.jobs.cancel(second.id).status is JobStatus.CANCELLED
    assert desk.jobs.cancel(first.id).status is JobStatus.CANCELLED
    desk.jobs.close()
    assert not desk.jobs._thread.is_alive()
    assert {job.status for job in desk.board.jobs()} == {JobStatus.CANCELLED}


def test_a_restart_ends_what_was_under_way_visibly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.composition.archive_desk._COMMAND", (sys.executable, "-c", WAITS))
    desk = Desk(tmp_path)
    desk.jobs.start()
    running, waiting = desk.jobs.submit(desk.plan()), desk.jobs.submit(desk.plan())
    with desk.board._changed:
        assert desk.board._changed.wait_for(lambda: desk.board.get(running.id).status is JobStatus.RUNNING, 60)
    desk.jobs.close()
    again = Desk(tmp_path)
    again.jobs.start()
    for job in (running, waiting):
        kept = again.board.get(job.id)
        assert kept.status is JobStatus.INTERRUPTED
        assert "was stopped" in kept.problem
    again.jobs.close()


def test_jobs_and_reports_outlive_the_process(desk: Desk, tmp_path: Path) -> None:
    job = desk.done(desk.jobs.submit(desk.plan()).id)
    again = Desk(tmp_path)
    again.jobs.start()
    assert again.board.get(job.id) == job
    assert isinstance(again.jobs.report(job.id), ScanReport)
    again.jobs.close()


def test_what_cannot_be_read_is_reported_and_left_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.folder.mkdir(parents=True)
    (desk.folder / "x.json").write_text("nonsense", encoding="utf-8")
    desk.jobs.start()
    assert [what for what, _ in desk.reported] == ["archive-job-unreadable"]
    desk.jobs.close()
    assert (desk.folder / "x.json").exists()


def test_without_roots_nothing_is_started(tmp_path: Path) -> None:
    bench = RuleBench()
    jobs = ArchiveJobs(bench.service, roots=(), folder=tmp_path / "jobs", limits=DEFAULT_LIMITS, report=print)
    jobs.start()
    jobs.close()
    assert jobs.roots == ()
    assert not (tmp_path / "jobs").exists()


# ---------------------------------------------------------------- the process


def order(tmp_path: Path, **changes: Any) -> WorkOrder:
    given: dict[str, Any] = {
        "kind": JobKind.SCAN, "path": str(DEMO), "within": str(DEMO), "packs": ("article",), "since": None, "until": None,
        "topic": "", "subscriptions": (), "day": date(2026, 11, 23), "extra": None, "limits": DEFAULT_LIMITS,
        "report": str(tmp_path / "report.json"),
    }  # fmt: skip
    return WorkOrder(**{**given, **changes})


@pytest.mark.parametrize("kind", list(JobKind))
def test_the_worker_tells_how_far_it_is_and_what_came_of_it(tmp_path: Path, kind: JobKind) -> None:
    told: list[WorkerNews] = []
    ticks = iter(range(0, 1_000_000, 2))
    run_order(order(tmp_path, kind=kind), told.append, monotonic=lambda: float(next(ticks)))
    assert told[-1].is_done
    assert told[-1].result
    steps = [one.progress.bytes_done for one in told if one.progress is not None]
    assert steps == sorted(steps)
    assert (tmp_path / "report.json").exists()


def test_the_worker_tells_once_a_second_at_most(tmp_path: Path) -> None:
    told: list[WorkerNews] = []
    run_order(order(tmp_path), told.append, monotonic=lambda: 5.0)
    steps = [one.progress for one in told if one.progress is not None]
    assert len(steps) <= 3  # the first, and the last with what was found
    assert steps[-1].files_done == steps[-1].files_total


def test_a_defect_is_told_with_its_trace(tmp_path: Path) -> None:
    told: list[WorkerNews] = []
    run_order(order(tmp_path, limits=None), told.append, monotonic=lambda: 0.0)
    assert "Traceback" in told[-1].defect
    assert "log says more" in told[-1].problem


def test_the_worker_reads_its_order_and_writes_its_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_worker, "_LOWEST", 0)  # this process has other things to do
    news = io.BytesIO()
    assert archive_worker.main(io.BytesIO(msgspec.json.encode(order(tmp_path))), news) == 0
    lines = [msgspec.json.decode(line, type=WorkerNews) for line in news.getvalue().splitlines()]
    assert lines[-1].is_done


def test_the_worker_ends_when_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_worker, "_LOWEST", 0)

    class Broken(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise BrokenPipeError

    assert archive_worker.main(io.BytesIO(msgspec.json.encode(order(tmp_path))), Broken()) == 1


def test_the_scope_of_a_topic_elsewhere_tells_nobody(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.jobs._subscriptions("") == ()
    assert desk.jobs._subscriptions("arn:aws:lambda:x") == ()
    assert desk.jobs._subscriptions(HERE.arn("sns", "none")) == ()
