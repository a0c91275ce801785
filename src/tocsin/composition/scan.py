"""`tocsin scan` and `tocsin.scan()`: the use case with its files and processes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.scan import KeptCall, Match, Scanner, ScanPart, ScanPlan, ScanTotal
from tocsin.app.selection import Selection
from tocsin.atomic_file import replacing
from tocsin.composition.archive_work import find_files, largest_first, run, run_while_finding, tasks_of
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.engines.spool import Spool, SpoolFolder
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.report import ScanReport
    from tocsin.composition.archive_work import ShowProgress, Task
    from tocsin.core.insight.judgement import InsightRules
    from tocsin.core.rule import Rule


def scan(
    paths: Sequence[str],
    *,
    rules: Sequence[Rule],
    jobs: int | None = None,
    since: int | None = None,
    until: int | None = None,
    accounts: frozenset[str] = frozenset(),
    regions: frozenset[str] = frozenset(),
    unique: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    events: Path | None = None,
    insights: InsightRules | None = None,
    progress: ShowProgress | None = None,
    within: str | None = None,
) -> ScanReport:
    """Count what the metric filters of `rules` match in the records below `paths`.

    Records with since <= eventTime < until (seconds since the epoch), of these accounts and regions.

    `events` names a file for the matching records, one a line in the order of the files; it appears
    when it is complete. `insights` says how Insights are judged; without it they are not looked for.
    `within` is a folder (its real path) that links may not lead out of.
    InputError for a path that does not exist or a rule that cannot run.
    """
    started = time.perf_counter()
    plan = ScanPlan(
        rules=tuple(rule for rule in rules if rule.filter),
        selection=Selection(since=since, until=until, accounts=accounts, regions=regions),
        limits=limits,
        unique=unique,
        events=events is not None,
        insights=insights,
    )
    total = ScanTotal(plan)
    with ExitStack() as stack:
        spool = stack.enter_context(SpoolFolder()) if plan.keeps_matches else None
        calls = stack.enter_context(SpoolFolder()) if unique and insights is not None else None
        make = partial(_make_scanner, plan, spool, calls)
        if spool is None:
            parts = run_while_finding(
                make, paths, total.ledger, within=within, jobs=jobs, progress=progress, found_by=_matches_of
            )
        else:  # matches are kept by the place of their file
            files = find_files(paths, total.ledger, within=within)
            work = tasks_of(largest_first(files))
            parts = run(make, files, work, jobs=jobs, progress=progress, found_by=_matches_of)
        for part in parts:
            total.add(part)
        if spool is not None:
            matches: Iterator[Match] = Spool(spool, Match).items()
            if unique:
                matches = total.add_unique(matches)
            if events is None:
                for _ in matches:
                    pass
            else:
                _write_lines(events, (match.text for match in matches))
        if calls is not None:
            total.add_unique_calls(Spool(calls, KeptCall).items())
    total.judge()
    return total.report(version=__version__, command="scan", seconds=time.perf_counter() - started)


def _matches_of(part: ScanPart) -> int:
    return sum(tally.matches for tally in part.tallies)


def _make_scanner(
    plan: ScanPlan, spool: str | None, calls: str | None, open_file: OpenArchiveFile
) -> Callable[[Task], ScanPart]:
    if spool is None:
        return Scanner(plan, open_file=open_file).scan
    kept = Spool(spool, Match)
    kept_calls = None if calls is None else Spool(calls, KeptCall)
    scanner = Scanner(
        plan, open_file=open_file, keep=kept.keep, keep_call=None if kept_calls is None else kept_calls.keep
    )

    def work(files: Task) -> ScanPart:
        part = scanner.scan(files)
        kept.close()
        if kept_calls is not None:
            kept_calls.close()
        return part

    return work


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file that appears under its name only when it is complete."""
    with replacing(path) as file:
        for line in lines:
            file.write(line.encode() + b"\n")
