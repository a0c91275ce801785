"""Archive jobs: what to scan, how far it is, what came of it. Spec: CON-4.10 (Archive), IF-9 (`archive.roots`).

archive                    the form, and the jobs          parts.archive -> archive.html, its list again on `job`
archive/{job}              progress, ledger, report        parts.archive -> archive_job.html, its top again on `job`
archive/{job}/report.json  the report as the command line writes it; for a backtest also as one page, report.html
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.archive_job import MOST_KEPT, MOST_WAITING, JobBoard, JobKind, JobPlan, JobStatus
from tocsin.app.backtest_report import BacktestReport, encode_report
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.topic_reading import list_topic_lines
from tocsin.console.answer import Download, FormProblemError, Fragment, NoSuchPageError, Page, Redirect
from tocsin.console.archive_report import backtest_lanes, scan_page
from tocsin.console.backtest_page import render_page
from tocsin.console.backtest_page.contents import ledger_of, page_of
from tocsin.console.moment import from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.errors import ConflictError, LimitExceededError, NotFoundError

if TYPE_CHECKING:
    from tocsin.app.archive_job import ArchiveDesk, ArchiveJob
    from tocsin.app.report import ScanReport
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

CRUMB: Final = "Archive"
_KINDS: Final = (
    (JobKind.SCAN.value, "Scan: what the rules match"),
    (JobKind.BACKTEST.value, "Backtest: when their alarms would have rung"),
)
_MOST_SKIPS: Final = 100
_MOST_TOPICS: Final = 1_000

# Shown of a report's alarms in full.
_MOST_CARDS: Final = 50


# ---------------------------------------------------------------- the form, and the jobs


def archive_page(visit: Visit) -> Answer:
    """The form, and the jobs."""
    desk = _desk(visit)
    if desk is None:
        return Page("archive.html", CRUMB, {"roots": (), "jobs": []})
    context = {"roots": desk.roots, **_form(visit, desk), **_jobs(visit)}
    return Page("archive.html", CRUMB, context)


def _desk(visit: Visit) -> ArchiveDesk | None:
    """Whoever holds archives; None where the setting names no folder."""
    desk: ArchiveDesk | None = visit.parts.archive
    return desk if desk is not None and desk.roots else None


def _require_desk(visit: Visit) -> ArchiveDesk:
    desk = _desk(visit)
    if desk is None:
        raise NoSuchPageError("No archive can be scanned here", hint="The setting archive.roots names the folders.")
    return desk


def _form(visit: Visit, desk: ArchiveDesk) -> dict[str, Any]:
    root = visit.form.get("root") or visit.query("root") or desk.roots[0]
    folder = visit.form.exact("folder") if "folder" in visit.form else visit.query("folder")
    try:
        below, problem = desk.folders(root, folder), ""
    except NotFoundError as error:
        below, problem = [], error.message
    parts = folder.split("/") if folder else []
    shipped = visit.service.part(RuleCatalogue).on(visit.at.date())
    topics = list_topic_lines(visit.service, visit.scope, limit=_MOST_TOPICS)[0]
    return {
        "root": root,
        "folder": folder,
        "trail": [(part, "/".join(parts[: at + 1])) for at, part in enumerate(parts)],
        "below": below,
        "folder_problem": problem,
        "kinds": _KINDS,
        "packs": [(pack.name, len(pack.rules)) for pack in shipped.packs],
        "topics": [("", "nobody in particular"), *((one.arn, one.topic.name) for one in topics)],
    }


def _jobs(visit: Visit) -> dict[str, Any]:
    return {"jobs": visit.service.part(JobBoard).jobs(), "most_kept": MOST_KEPT, "most_waiting": MOST_WAITING}


def job_list(visit: Visit) -> Answer:
    """The jobs alone."""
    version = visit.service.part(JobBoard).version()
    return Fragment("archive/_jobs.html", {"visit": visit, **_jobs(visit)}, version=f"{version}")


def start_job(visit: Visit) -> Answer:
    """Take a job."""
    desk = _require_desk(visit)
    kind, packs = visit.form.get("kind"), tuple(visit.form.all("pack"))
    problems: dict[str, str] = {}
    if kind not in set(JobKind):
        problems["kind"] = "Choose a scan or a backtest."
    known = {pack.name for pack in visit.service.part(RuleCatalogue).on(visit.at.date()).packs}
    if not packs or not known.issuperset(packs):
        problems["pack"] = "Choose one pack at least."
    since, until = _day(visit, "since", problems), _day(visit, "until", problems, is_end=True)
    if since is not None and until is not None and since >= until:
        problems["until"] = "The last day lies before the first."
    if problems:
        raise FormProblemError(problems)
    plan = JobPlan(
        kind=JobKind(kind),
        root=visit.form.get("root"),
        folder=visit.form.exact("folder"),
        packs=packs,
        since=since,
        until=until,
        topic=visit.form.get("topic") if kind == JobKind.BACKTEST else "",
        asked_by=visit.visitor.name,
    )
    try:
        job = desk.submit(plan)
    except NotFoundError as error:
        raise FormProblemError({"folder": f"{error.message}."}) from None
    except LimitExceededError as error:
        raise FormProblemError({"": f"{error.message}."}) from None
    visit.note("StartArchiveJob", "archive-job", job.id, after=plan)
    return Redirect(visit.url("archive", job.id), told=f"The {kind} is under way, or waits for its turn.")


def _day(visit: Visit, name: str, problems: dict[str, str], *, is_end: bool = False) -> int | None:
    """The first moment of a day where the reader is, or the one behind its last; None where none is given."""
    text = visit.form.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=is_end)
    except (ValueError, OverflowError):
        problems[name] = "A day is written as 2026-11-23."
        return None
    return int(datetime.combine(day, datetime.min.time(), tzinfo=visit.clock.zone).timestamp())


# ---------------------------------------------------------------- one job


def job_page(visit: Visit) -> Answer:
    """One job: how far it is, and when it is over what came of it."""
    desk = _require_desk(visit)
    job = _job(visit)
    context = {"job": job, "span": _span(visit, job), **_report(visit, desk, job)}
    title = f"{job.plan.kind.value.capitalize()} of {job.plan.folder or job.plan.root}"
    return Page("archive_job.html", title, context, crumbs=[(CRUMB, visit.url("archive"))])


def job_progress(visit: Visit) -> Answer:
    """How far a job is."""
    job = _job(visit)
    version = f"{job.id}.{visit.service.part(JobBoard).version(job.id)}"
    context = {"visit": visit, "job": job, "span": _span(visit, job)}
    return Fragment("archive/_progress.html", context, version=version)


def _job(visit: Visit) -> ArchiveJob:
    ident = visit.form.get("job") or visit.path.get("job", "") or visit.query("job")
    try:
        return visit.service.part(JobBoard).get(ident)
    except NotFoundError as error:
        raise NoSuchPageError(error.message, hint=error.hint, nearest=[(CRUMB, visit.url("archive"))]) from None


def _span(visit: Visit, job: ArchiveJob) -> str:
    """The days of which records count, in words."""
    since, until = job.plan.since, job.plan.until
    first = "" if since is None else f"from {visit.clock.day(from_epoch(since * 1000))}"
    last = "" if until is None else f"to {visit.clock.day(from_epoch((until - 1) * 1000))}"
    return f"{first} {last}".strip() or "all of it"


def _report(visit: Visit, desk: ArchiveDesk, job: ArchiveJob) -> dict[str, Any]:
    report = desk.report(job.id)
    if report is None:
        return {"report": None}
    context = {
        "report": report,
        "ledger": ledger_of(report),
        "skipped": report.files.skipped[:_MOST_SKIPS],
        "skipped_more": max(0, len(report.files.skipped) - _MOST_SKIPS),
        "problems_of_records": report.records.problems[:_MOST_SKIPS],
        "shown_at": _shown_at,
    }
    if isinstance(report, BacktestReport):
        made = page_of(report, generated="")
        return {**context, "made": made, "lanes": backtest_lanes(made, visit.clock.zone), "most_cards": _MOST_CARDS}
    return {**context, "scan": scan_page(report, visit.clock.zone)}


def _shown_at(text: str) -> datetime | None:
    """A time of a report; None for a text that is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def job_file(visit: Visit) -> Answer:
    """The report as a file."""
    desk = _require_desk(visit)
    job, name = _job(visit), visit.path["file"]
    report = desk.report(job.id)
    if report is None:
        raise NoSuchPageError("This job has left no report", nearest=[(CRUMB, visit.url("archive"))])
    stamp = f"{job.plan.kind.value}-{job.asked_at:%Y%m%dT%H%M%SZ}"
    if name == "report.json":
        return Download(f"tocsin-{stamp}.json", "application/json", _encoded(report))
    if name == "report.html" and isinstance(report, BacktestReport):
        made_at = (job.ended_at or job.asked_at).strftime("%Y-%m-%d %H:%M UTC")
        return Download(
            f"tocsin-{stamp}.html", "text/html; charset=utf-8", render_page(report, generated=made_at).encode()
        )
    raise NoSuchPageError(
        f"There is no file {name}", nearest=[("report.json", visit.url("archive", job.id, "report.json"))]
    )


def _encoded(report: ScanReport | BacktestReport) -> bytes:
    """As `tocsin scan` and `tocsin backtest` write it with --format json."""
    made = encode_report(report) if isinstance(report, BacktestReport) else report
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def cancel_job(visit: Visit) -> Answer:
    """Give a job up."""
    desk = _require_desk(visit)
    job = _job(visit)
    try:
        desk.cancel(job.id)
    except ConflictError as error:
        raise FormProblemError({"": f"{error.message}."}) from None
    visit.note("CancelArchiveJob", "archive-job", job.id, before=job.plan)
    was = "It was under way." if job.status is JobStatus.RUNNING else "It had not begun."
    return Redirect(visit.url("archive", job.id), told=f"Cancelled. {was}")


ROUTES = (
    page("archive", archive_page),
    page("archive/{job}", job_page),
    page("archive/{job}/{file}", job_file),
    fragment("archive/jobs", job_list),
    fragment("archive/job", job_progress),
    action("start-archive-job", start_job, form=archive_page),
    action("cancel-archive-job", cancel_job, form=job_page),
)
