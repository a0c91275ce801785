"""The pages of archive jobs (CON-4.10, IF-9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from console_bench import ConsoleBench

from tocsin.app.archive_job import ArchiveJob, JobBoard, JobKind, JobPlan, JobProgress, JobStatus, SubFolder
from tocsin.app.backtest_report import BacktestReport
from tocsin.app.report import ScanReport
from tocsin.app.service import Service
from tocsin.composition.archive_worker import WorkOrder, run_order
from tocsin.console.visit import Visitor
from tocsin.core.limits import DEFAULT_LIMITS
from tocsin.errors import NotFoundError

DEMO = Path(__file__).parents[3] / "examples" / "demo-archive"
ROOT = "/var/lib/cloudtrail"
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[JobKind, ScanReport | BacktestReport]:
    """What a scan and a backtest of the demo's archive find."""
    from datetime import date

    from tocsin.app.report import decode_scan_report

    folder = tmp_path_factory.mktemp("reports")
    found: dict[JobKind, ScanReport | BacktestReport] = {}
    for kind in JobKind:
        path = folder / f"{kind.value}.json"
        given = {
            "kind": kind, "path": str(DEMO), "within": str(DEMO), "packs": ("article", "cis"), "since": None, "until": None,
            "topic": "", "subscriptions": (), "day": date(2026, 3, 14), "extra": None, "limits": DEFAULT_LIMITS,
            "report": str(path),
        }  # fmt: skip
        run_order(WorkOrder(**given), lambda _news: None, monotonic=lambda: 0.0)
        body = path.read_bytes()
        found[kind] = (
            decode_scan_report(body) if kind is JobKind.SCAN else msgspec.json.decode(body, type=BacktestReport)
        )
    return found


class Archives:
    """An `ArchiveDesk` whose folders are made up, and whose jobs end when a test says so."""

    def __init__(self) -> None:
        self.board: JobBoard
        self.reports: dict[str, ScanReport | BacktestReport] = {}
        self.roots: tuple[str, ...] = (ROOT, "/mnt/old")
        self.tree = {"": ["AWSLogs", "<b>"], "AWSLogs": ["111122223333"], "AWSLogs/111122223333": [], "<b>": []}

    def folders(self, root: str, folder: str) -> list[SubFolder]:
        if root not in self.roots or folder not in self.tree:
            raise NotFoundError(f"There is no folder {folder} in {root}")
        return [SubFolder(name=name, folder=f"{folder}/{name}".strip("/")) for name in self.tree[folder]]

    def submit(self, plan: JobPlan) -> ArchiveJob:
        self.folders(plan.root, plan.folder)
        return self.board.submit(plan)

    def cancel(self, ident: str) -> ArchiveJob:
        return self.board.cancel(ident)

    def report(self, ident: str) -> ScanReport | BacktestReport | None:
        return self.reports.get(ident)

    def start(self) -> ArchiveJob:
        started = self.board.take(stop=lambda: False)
        assert started is not None
        return started


class Bench:
    """A console with archives."""

    def __init__(self, **how: Any) -> None:
        self.archives = Archives()
        self.console = ConsoleBench(parts={"archive": self.archives}, **how)
        service: Service = self.console.service
        self.archives.board = service.part(JobBoard)

    def submit(self, **fields: Any) -> str:
        """Send the form; the id of the job."""
        given = {"root": ROOT, "folder": "AWSLogs", "kind": "scan", "pack": ["cis"], **fields}
        seen = self.console.post("start-archive-job", given)
        assert seen.status == 303, seen.words
        return self.archives.board.jobs()[0].id

    def done(self, reports: dict[JobKind, ScanReport | BacktestReport], **fields: Any) -> str:
        """A job that is over, with its report."""
        ident = self.submit(**fields)
        job = self.archives.start()
        self.archives.reports[ident] = reports[job.plan.kind]
        self.console.clock.advance(90)
        self.archives.board.end(ident, JobStatus.DONE, result="78 matches")
        return ident


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---------------------------------------------------------------- the form


@pytest.mark.parametrize("parts", [{}, {"archive": Archives()}])
def test_without_roots_the_page_says_how_to_get_an_archive(parts: dict[str, Any]) -> None:
    if "archive" in parts:
        parts["archive"].roots = ()
    console = ConsoleBench(parts=parts)
    seen = console.get("archive")
    assert seen.html is not None
    for text in ("aws s3 sync s3://BUCKET/AWSLogs", 'roots = ["/var/lib/cloudtrail"]', "examples/demo-archive"):
        assert text in seen.words, text
    assert console.get("archive/x").status == 404
    assert console.post("start-archive-job", {"kind": "scan"}).status == 404


def test_folders_are_walked_by_links(bench: Bench) -> None:
    seen = bench.console.get("archive")
    assert seen.html is not None
    assert "No job yet." in seen.words
    inner = next(link for link in seen.links() if "folder=AWSLogs" in link)
    seen = bench.console.get(inner.replace("&amp;", "&"))
    assert any("folder=AWSLogs%2F111122223333" in link for link in seen.links())
    assert 'name="folder" value="AWSLogs"' in seen.text


def test_a_name_out_of_the_file_system_is_only_text(bench: Bench) -> None:
    text = bench.console.get("archive").text
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_folder_that_is_not_there_is_told(bench: Bench) -> None:
    assert "There is no folder ../etc" in bench.console.get("archive?folder=../etc").words
    seen = bench.console.post("start-archive-job", {"root": ROOT, "folder": "nothing", "kind": "scan", "pack": ["cis"]})
    assert seen.status == 422
    assert "There is no folder nothing" in seen.words


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": "sort"}, "Choose a scan or a backtest."),
        ({"pack": []}, "Choose one pack at least."),
        ({"pack": ["cis", "none"]}, "Choose one pack at least."),
        ({"since": "yesterday"}, "A day is written as 2026-11-23."),
        ({"until": "9999-12-31"}, "A day is written as 2026-11-23."),
        ({"since": "2026-03-10", "until": "2026-03-09"}, "The last day lies before the first."),
    ],
)
def test_what_cannot_be_done_is_told_at_its_field(bench: Bench, fields: dict[str, Any], problem: str) -> None:
    given = {"root": ROOT, "folder": "", "kind": "scan", "pack": ["cis"], **fields}
    seen = bench.console.post("start-archive-job", given)
    assert seen.status == 422
    assert problem in seen.words
    assert bench.archives.board.jobs() == []


def test_a_job_is_taken_with_what_was_chosen_and_noted(bench: Bench) -> None:
    bench.submit(kind="backtest", since="2026-03-01", until="2026-03-02", topic=TOPIC)
    (job,) = bench.archives.board.jobs()
    assert job.plan == JobPlan(
        kind=JobKind.BACKTEST, root=ROOT, folder="AWSLogs", packs=("cis",), since=1772323200, until=1772496000,
        topic=TOPIC, asked_by="local",
    )  # fmt: skip
    (change, _) = bench.console.audit.changes[-1]
    assert (change.action, change.kind, change.name) == ("StartArchiveJob", "archive-job", job.id)


def test_days_are_those_of_the_reader(bench: Bench) -> None:
    bench.console.cookies["tocsin-zone"] = "Europe/Berlin"
    bench.submit(since="2026-03-01", until="2026-03-01")
    plan = bench.archives.board.jobs()[0].plan
    assert (plan.since, plan.until) == (1772323200 - 3600, 1772323200 + 82_800)


def test_ten_jobs_wait_and_no_more(bench: Bench) -> None:
    bench.submit()
    bench.archives.start()
    for _ in range(10):
        bench.submit()
    seen = bench.console.post("start-archive-job", {"root": ROOT, "folder": "", "kind": "scan", "pack": ["cis"]})
    assert seen.status == 422
    assert "10 jobs wait already" in seen.words


# ---------------------------------------------------------------- a job


def test_a_job_that_runs_says_how_far_it_is(bench: Bench) -> None:
    ident = bench.submit()
    assert "It begins when the jobs before it have ended." in bench.console.get(f"archive/{ident}").words
    bench.archives.start()
    bench.console.clock.advance(10)
    bench.archives.board.advance(
        ident, JobProgress(bytes_done=40_000_000, bytes_total=100_000_000, files_done=4, files_total=9, matches=3)
    )
    seen = bench.console.get(f"archive/{ident}")
    assert seen.html is not None
    for text in ("running", "40 MB of 100 MB (40 %)", "4 MB a second", "about 15 s", "4 of 9", "3 matches"):
        assert text in seen.words, text
    assert "40 MB of 100 MB" in bench.console.get("archive").words


def test_a_share_is_never_whole_before_it_is(bench: Bench) -> None:
    ident = bench.submit()
    bench.archives.start()
    bench.archives.board.advance(ident, JobProgress(bytes_done=9_999, bytes_total=10_000))
    assert "(99 %)" in bench.console.get(f"archive/{ident}").words


def test_the_parts_that_follow_are_made_anew_only_when_a_job_has_changed(bench: Bench) -> None:
    ident = bench.submit()
    for path in (f"_/archive/job?job={ident}", "_/archive/jobs"):
        seen = bench.console.get(path)
        assert seen.status == 200
        assert "<html" not in seen.text
        again = {"if-none-match": seen.headers["etag"]}
        assert bench.console.get(path, headers=again).status == 304
        bench.archives.board.submit(bench.archives.board.get(ident).plan)
        if "jobs" in path:
            assert bench.console.get(path, headers=again).status == 200
    bench.archives.start()
    bench.archives.board.end(ident, JobStatus.DONE)
    assert "Show the report" in bench.console.get(f"_/archive/job?job={ident}").words


def test_a_job_is_cancelled_and_noted(bench: Bench) -> None:
    ident = bench.submit()
    seen = bench.console.follow(bench.console.post("cancel-archive-job", {"job": ident}))
    assert "Cancelled. It had not begun." in seen.words
    assert bench.console.audit.changes[-1][0].action == "CancelArchiveJob"
    assert bench.console.post("cancel-archive-job", {"job": ident}).status == 422
    other = bench.submit()
    bench.archives.start()
    assert "It was under way." in bench.console.follow(bench.console.post("cancel-archive-job", {"job": other})).words


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.INTERRUPTED])
def test_a_job_that_came_to_nothing_says_why(bench: Bench, status: JobStatus) -> None:
    ident = bench.submit()
    bench.archives.start()
    bench.archives.board.end(ident, status, problem="the disk is full")
    words = bench.console.get(f"archive/{ident}").words
    assert status.value in words
    assert "the disk is full" in words
    assert bench.console.get(f"archive/{ident}/report.json").status == 404


def test_a_job_that_is_gone_leads_back_to_the_list(bench: Bench) -> None:
    seen = bench.console.get("archive/00000000-0000-4000-8000-000000000000")
    assert seen.status == 404
    assert "/console/archive" in seen.links()


# ---------------------------------------------------------------- reports


def test_the_report_of_a_scan_says_what_matched_and_what_was_read(bench: Bench, reports: Any) -> None:
    ident = bench.done(reports)
    seen = bench.console.get(f"archive/{ident}")
    assert seen.html is not None
    for text in (
        "13 of 21 rules matched",
        "Console sign-in failures",
        "203.0.113.66",
        "8 rules matched nothing",
        "Files read 86",
        "after 1 min 30 s",
    ):
        assert text in seen.words, text
    assert "/console/rules/article/stop-logging" in seen.links()
    assert seen.text.count("<svg") > 13  # a sparkline for each


def test_the_report_of_a_backtest_has_lanes_and_who_was_told(bench: Bench, reports: Any) -> None:
    ident = bench.done(reports, kind="backtest")
    seen = bench.console.get(f"archive/{ident}")
    assert seen.html is not None
    for text in (
        "13 of 21 alarms rang",
        "Went to ALARM",
        "nobody told",
        "8 alarms stayed quiet",
        "StopLogging by IAM user carol from 203.0.113.66",
    ):
        assert text in seen.words, text
    assert "style=" not in seen.text


def test_reports_are_downloaded_as_the_command_line_writes_them(bench: Bench, reports: Any) -> None:
    scan, backtest = bench.done(reports), bench.done(reports, kind="backtest")
    for ident, command in ((scan, "scan"), (backtest, "backtest")):
        answer = bench.console.get(f"archive/{ident}/report.json")
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="tocsin-{command}-20260314T')
        assert json.loads(answer.text)["command"] == command
    whole = bench.console.get(f"archive/{backtest}/report.html")
    assert whole.headers["content-type"].startswith("text/html")
    assert whole.headers["content-disposition"].startswith("attachment")
    assert "<!doctype html>" in whole.text.lower()
    assert bench.console.get(f"archive/{scan}/report.html").status == 404
    assert bench.console.get(f"archive/{scan}/other").status == 404


def test_skips_and_records_that_could_not_be_used_are_listed(bench: Bench, reports: Any) -> None:
    from tocsin.app.report import Problem, Skip

    report = reports[JobKind.SCAN]
    files = msgspec.structs.replace(report.files, skipped=[Skip(path=f"f{n}.gz", reason="cut off") for n in range(105)])
    records = msgspec.structs.replace(report.records, problems=[Problem(path="a.gz", position=3, reason="no object")])
    changed = msgspec.structs.replace(report, files=files, records=records)
    ident = bench.done({**reports, JobKind.SCAN: changed})
    words = bench.console.get(f"archive/{ident}").words
    for text in ("f0.gz cut off", "5 more in the JSON.", "a.gz 3 no object"):
        assert text in words, text


def test_an_empty_archive_says_that_nothing_can_be_said(bench: Bench, reports: Any) -> None:
    report = reports[JobKind.SCAN]
    empty = msgspec.structs.replace(
        report, records=msgspec.structs.replace(report.records, read=0, first=None, last=None)
    )
    ident = bench.done({**reports, JobKind.SCAN: empty})
    assert "No record was read, so nothing can be said" in bench.console.get(f"archive/{ident}").words


def test_a_viewer_reads_reports_and_starts_nothing(reports: Any) -> None:
    bench = Bench(visitor=Visitor(name="dana", role="viewer"))
    plan = JobPlan(kind=JobKind.SCAN, root=ROOT, folder="", packs=("cis",))
    job = bench.archives.board.submit(plan)
    assert bench.console.get("archive").status == 200
    assert "needs operator" in bench.console.get(f"archive/{job.id}").words
    assert bench.console.post("start-archive-job", {"root": ROOT, "kind": "scan", "pack": ["cis"]}).status == 403
    assert bench.console.post("cancel-archive-job", {"job": job.id}).status == 403
