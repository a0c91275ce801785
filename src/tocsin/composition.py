"""The composition root: the one place where use cases meet adapters.

The command line and the Python API call these functions; nothing else may import both `app` and
`sources` or `engines` (AR-3, docs/adr/0001).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tocsin.app.census import CensusPart, CensusReport, CensusTaker
from tocsin.app.grep import Finder, GrepCount, GrepLine, GrepPart, GrepPlan
from tocsin.app.ledger import Ledger
from tocsin.app.scan import Match, Scanner, ScanPart, ScanPlan, ScanTotal
from tocsin.app.selection import Selection
from tocsin.atomic_file import replacing
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.engines.local import default_jobs, run_tasks
from tocsin.engines.spool import Spool, SpoolFolder
from tocsin.sources.file import OpenFile
from tocsin.sources.read_ahead import ReadAhead
from tocsin.sources.walk import FileEntry, walk
from tocsin.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.report import ScanReport
    from tocsin.core.rule import Rule

Part = TypeVar("Part")

# Packed bytes below which starting processes costs more than it saves.
_WORTH_PROCESSES = 4 * 1024 * 1024

# A task is one file of at least so many packed bytes, or several small ones.
_TASK_BYTES = 4 * 1024 * 1024
_TASK_FILES = 128

STDIN = "-"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a command has come: packed bytes and files done of all, and what it has found so far."""

    bytes_done: int
    bytes_total: int
    files_done: int
    files_total: int
    matches: int


ShowProgress = Callable[[Progress], None]

Task = tuple[tuple[int, str], ...]
"""Files that one process reads together: place in the order of all, and path."""


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
    progress: ShowProgress | None = None,
) -> ScanReport:
    """Count what the metric filters of `rules` match in the records below `paths`.

    Records with since <= eventTime < until (seconds since the epoch), of these accounts and regions.

    `events` names a file for the matching records, one a line in the order of the files; it appears
    when it is complete. InputError for a path that does not exist or a rule that cannot run.
    """
    started = time.perf_counter()
    plan = ScanPlan(
        rules=tuple(rule for rule in rules if rule.filter),
        selection=Selection(since=since, until=until, accounts=accounts, regions=regions),
        limits=limits,
        unique=unique,
        events=events is not None,
    )
    total = ScanTotal(plan)
    files = find_files(paths, total.ledger)
    with ExitStack() as stack:
        spool = stack.enter_context(SpoolFolder()) if plan.keeps_matches else None
        make = partial(_make_scanner, plan, spool)
        for part in _run(
            make, files, _tasks(_largest_first(files)), jobs=jobs, progress=progress, found_by=_matches_of
        ):
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
    return total.report(version=__version__, command="scan", seconds=time.perf_counter() - started)


def _matches_of(part: ScanPart) -> int:
    return sum(tally.matches for tally in part.tallies)


def _make_scanner(plan: ScanPlan, spool: str | None, open_file: OpenArchiveFile) -> Callable[[Task], ScanPart]:
    if spool is None:
        return Scanner(plan, open_file=open_file).scan
    kept = Spool(spool, Match)
    scanner = Scanner(plan, open_file=open_file, keep=kept.keep)

    def work(files: Task) -> ScanPart:
        part = scanner.scan(files)
        kept.close()
        return part

    return work


class Grep:
    """A search through an archive. Iterate it for the records found, in the order of the files.

    When it has been iterated to its end, `counts` tells how many were found in each file, and
    `ledger` what was read and what was not.
    """

    def __init__(
        self,
        pattern: str,
        paths: Sequence[str],
        *,
        invert: bool = False,
        count_only: bool = False,
        jobs: int | None = None,
        since: int | None = None,
        until: int | None = None,
        accounts: frozenset[str] = frozenset(),
        regions: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
        progress: ShowProgress | None = None,
    ) -> None:
        selection = Selection(since=since, until=until, accounts=accounts, regions=regions)
        self._plan = GrepPlan(pattern=pattern, invert=invert, selection=selection, limits=limits)
        self._count_only = count_only
        self._jobs = jobs
        self._progress = progress
        self.ledger = Ledger()
        self.counts: list[GrepCount] = []
        Finder(self._plan, open_file=OpenFile)  # a pattern that is refused is refused now
        self._files = find_files(paths, self.ledger)

    def __iter__(self) -> Iterator[GrepLine]:
        if _in_this_process(self._files, self._jobs) and not self._count_only:
            yield from self._stream()
            return
        with SpoolFolder() as folder:
            make = partial(_make_finder, self._plan, None if self._count_only else folder)
            # In the order of the files, so that lines come out while later files are being read.
            tasks = _tasks(enumerate(self._files))
            done: set[int] = set()
            place = 0
            spool = Spool(folder, GrepLine)
            for part in _run(make, self._files, tasks, jobs=self._jobs, progress=self._progress, found_by=_found_by):
                self.ledger.merge(part.ledger)
                self.counts += part.counts
                done.update(count.place for count in part.counts)
                while place in done:
                    yield from spool.take(place)
                    place += 1
        self.counts.sort(key=lambda count: count.place)

    def _stream(self) -> Iterator[GrepLine]:
        watch = _Watch(self._files, self._progress)
        finder = Finder(self._plan, open_file=watch.opener(OpenFile))
        for place, entry in enumerate(self._files):
            found = 0
            for line in finder.lines(entry.path, self.ledger):
                found += 1
                yield line
            self.counts.append(GrepCount(place=place, path=entry.path, found=found))
            watch.done(((place, entry.path),), found)


def _found_by(part: GrepPart) -> int:
    return sum(count.found for count in part.counts)


def _make_finder(plan: GrepPlan, folder: str | None, open_file: OpenArchiveFile) -> Callable[[Task], GrepPart]:
    finder = Finder(plan, open_file=open_file)
    spool = None if folder is None else Spool(folder, GrepLine)

    def work(files: Task) -> GrepPart:
        part = finder.find(files, spool.keep if spool else None)
        if spool:
            spool.close()
        return part

    return work


def count_event_types(
    paths: Sequence[str],
    *,
    jobs: int | None = None,
    since: int | None = None,
    until: int | None = None,
    accounts: frozenset[str] = frozenset(),
    regions: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
    progress: ShowProgress | None = None,
) -> CensusReport:
    """How many records of each event type lie below `paths` (CT-1.1)."""
    total = CensusPart()
    files = find_files(paths, total.ledger)
    make = partial(_make_census_taker, Selection(since=since, until=until, accounts=accounts, regions=regions), limits)
    for part in _run(make, files, _tasks(_largest_first(files)), jobs=jobs, progress=progress, found_by=_records_of):
        total.merge(part)
    return total.report()


def _records_of(part: CensusPart) -> int:
    return part.ledger.read


def _make_census_taker(
    selection: Selection, limits: Limits, open_file: OpenArchiveFile
) -> Callable[[Task], CensusPart]:
    return CensusTaker(selection, open_file=open_file, limits=limits).count


# ---------------------------------------------------------------- files, tasks, progress


def find_files(paths: Sequence[str], ledger: Ledger) -> list[FileEntry]:
    """The files below `paths`; what cannot be read goes into the ledger. NotFoundError for a path that is not there."""
    found = walk(paths)
    for path, reason in found.skipped:
        ledger.skip(path, reason)
    return found.files


def _in_this_process(files: Sequence[FileEntry], jobs: int | None) -> bool:
    """Is the work too small to be shared, or are we told not to? Standard input cannot be shared."""
    if (default_jobs() if jobs is None else jobs) <= 1 or any(entry.path == STDIN for entry in files):
        return True
    return jobs is None and sum(entry.size for entry in files) < _WORTH_PROCESSES


def _largest_first(files: Sequence[FileEntry]) -> list[tuple[int, FileEntry]]:
    return sorted(enumerate(files), key=lambda item: (-item[1].size, item[0]))


def _tasks(files: Iterable[tuple[int, FileEntry]]) -> Iterator[Task]:
    """Files in groups: large ones alone, small ones together."""
    group: list[tuple[int, str]] = []
    size = 0
    for place, entry in files:
        if group and (len(group) >= _TASK_FILES or size + entry.size > _TASK_BYTES):
            yield tuple(group)
            group, size = [], 0
        group.append((place, entry.path))
        size += entry.size
    if group:
        yield tuple(group)


def _run(
    make: Callable[[OpenArchiveFile], Callable[[Task], Part]],
    files: Sequence[FileEntry],
    tasks: Iterable[Task],
    *,
    jobs: int | None,
    progress: ShowProgress | None,
    found_by: Callable[[Part], int],
) -> Iterator[Part]:
    watch = _Watch(files, progress)
    work = list(tasks)
    if len(work) <= 1 or _in_this_process(files, jobs):
        # Nothing is left to share but the one file: two cores can still unpack and decode it.
        large = len(files) == 1 and files[0].size >= _WORTH_PROCESSES and jobs != 1
        done = run_tasks(partial(make, watch.opener(ReadAhead if large else OpenFile)), work, jobs=1)
    else:
        done = run_tasks(partial(make, OpenFile), work, jobs=jobs or default_jobs())
    for task, part in done:
        yield part
        watch.done(task, found_by(part))


class _Watch:
    """Tells `progress` how far a command has come."""

    def __init__(self, files: Sequence[FileEntry], progress: ShowProgress | None) -> None:
        self._files = files
        self._progress = progress
        self._total = sum(entry.size for entry in files)
        self._sizes = {entry.path: entry.size for entry in files} if progress else {}
        self._bytes = self._count = self._found = 0
        self._begun = self._opened = 0  # bytes of the task at hand that are done, and of its file at hand

    def opener(self, open_file: OpenArchiveFile) -> OpenArchiveFile:
        """Open files so that progress is told while one is being read."""
        return open_file if self._progress is None else partial(_WatchedFile, self, open_file)

    def done(self, task: Task, found: int) -> None:
        """The files of `task` have been read, and so much was found in them."""
        self._bytes += sum(self._files[place].size for place, _ in task)
        self._count += len(task)
        self._found += found
        self._begun = self._opened = 0
        self._tell(0)

    def begin(self, path: str) -> None:
        """The file at `path` is read next, in this process."""
        self._begun += self._opened
        self._opened = self._sizes.get(path, 0)

    def reached(self, bytes_read: int) -> None:
        """So much of the file at hand has been read."""
        self._tell(self._begun + bytes_read)

    def _tell(self, more: int) -> None:
        if self._progress is not None:
            self._progress(
                Progress(
                    bytes_done=min(self._bytes + more, self._total),
                    bytes_total=self._total,
                    files_done=self._count,
                    files_total=len(self._files),
                    matches=self._found,
                )
            )


class _WatchedFile:
    """A file that tells how far it has been read."""

    def __init__(self, watch: _Watch, open_file: OpenArchiveFile, path: str, limits: Limits) -> None:
        self._watch = watch
        self._file = open_file(path, limits)
        watch.begin(path)

    @property
    def bytes_read(self) -> int:
        """Packed bytes read so far."""
        return self._file.bytes_read

    @property
    def bytes_unpacked(self) -> int:
        """Unpacked bytes given so far."""
        return self._file.bytes_unpacked

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._file:
            yield piece
            self._watch.reached(self._file.bytes_read)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file that appears under its name only when it is complete."""
    with replacing(path) as file:
        for line in lines:
            file.write(line.encode() + b"\n")
