"""`tocsin grep`: the use case with its files and processes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.grep import Finder, GrepCount, GrepLine, GrepPart, GrepPlan
from tocsin.app.ledger import Ledger
from tocsin.app.selection import Selection
from tocsin.composition.archive_work import Watch, find_files, in_this_process, run, tasks_of
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.engines.spool import Spool, SpoolFolder
from tocsin.sources.file import OpenFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.composition.archive_work import ShowProgress, Task


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
        if in_this_process(self._files, self._jobs) and not self._count_only:
            yield from self._stream()
            return
        with SpoolFolder() as folder:
            make = partial(_make_finder, self._plan, None if self._count_only else folder)
            # In the order of the files, so that lines come out while later files are being read.
            tasks = tasks_of(enumerate(self._files))
            done: set[int] = set()
            place = 0
            spool = Spool(folder, GrepLine)
            for part in run(make, self._files, tasks, jobs=self._jobs, progress=self._progress, found_by=_found_by):
                self.ledger.merge(part.ledger)
                self.counts += part.counts
                done.update(count.place for count in part.counts)
                while place in done:
                    yield from spool.take(place)
                    place += 1
        self.counts.sort(key=lambda count: count.place)

    def _stream(self) -> Iterator[GrepLine]:
        watch = Watch(self._files, self._progress)
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
