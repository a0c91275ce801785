"""Work on the files of an archive: which there are, how they are shared out among processes, how far it has come.

Rule: the parts that come out add up to the same whatever `jobs` is. Spec: AR-7, IF-2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tocsin.engines.local import can_fork, default_jobs, run_tasks
from tocsin.sources.file import OpenFile
from tocsin.sources.walk import FileEntry, FileSearch, walk

if TYPE_CHECKING:
    from tocsin.app.ledger import Ledger
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.core.limits import Limits

Part = TypeVar("Part")

# Packed bytes below which starting processes costs more than it saves.
_WORTH_PROCESSES = 4 * 1024 * 1024

# A task is one file of at least so many packed bytes, or several small ones; towards the end tasks get
# smaller, so that the processes end at nearly the same time.
_TASK_BYTES = 8 * 1024 * 1024
_LAST_TASK_BYTES = 1024 * 1024
_TASK_FILES = 512
_TASKS_AHEAD = 6

# Files for each process that must have been found before work begins on the first ones.
_FIRST_FILES = 8

STDIN = "-"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a command has come: packed bytes and files done of all, and what it has found so far.

    `is_counting`: files are still being looked for, and all means those that were found so far.
    """

    bytes_done: int
    bytes_total: int
    files_done: int
    files_total: int
    matches: int
    is_counting: bool = False


ShowProgress = Callable[[Progress], None]

Task = tuple[tuple[int, str], ...]
"""Files that one process reads together: place in the order of all, and path."""


def find_files(paths: Sequence[str], ledger: Ledger, *, within: str | None = None) -> list[FileEntry]:
    """The files below `paths`; what cannot be read goes into the ledger. NotFoundError for a path that is not there.

    `within` is a folder (its real path) that links may not lead out of.
    """
    found = walk(paths, within=within)
    for path, reason in found.skipped:
        ledger.skip(path, reason)
    return found.files


def in_this_process(files: Sequence[FileEntry], jobs: int | None) -> bool:
    """Is the work too small to be shared, or are we told not to? Standard input cannot be shared."""
    if (default_jobs() if jobs is None else jobs) <= 1 or any(entry.path == STDIN for entry in files):
        return True
    return jobs is None and sum(entry.size for entry in files) < _WORTH_PROCESSES


def largest_first(files: Sequence[FileEntry]) -> list[tuple[int, FileEntry]]:
    """The files with their places in the order of all, the largest first: what takes long begins early."""
    return sorted(enumerate(files), key=lambda item: item[1].size, reverse=True)  # of equal ones the first stays first


def tasks_of(files: Iterable[tuple[int, FileEntry]]) -> Iterator[Task]:
    """Files in groups: large ones alone, small ones together."""
    files = list(files)
    left = sum(entry.size for _, entry in files)
    group: list[tuple[int, str]] = []
    size = 0
    for place, entry in files:
        most = min(_TASK_BYTES, max(_LAST_TASK_BYTES, left // _TASKS_AHEAD))
        if group and (len(group) >= _TASK_FILES or size + entry.size > most):
            yield tuple(group)
            group, size = [], 0
        group.append((place, entry.path))
        size += entry.size
        left -= entry.size
    if group:
        yield tuple(group)


def run(
    make: Callable[[OpenArchiveFile], Callable[[Task], Part]],
    files: Sequence[FileEntry],
    tasks: Iterable[Task],
    *,
    jobs: int | None,
    progress: ShowProgress | None,
    found_by: Callable[[Part], int],
) -> Iterator[Part]:
    """The parts of the answer, as the tasks end. `make` makes what works on tasks, once in each process.

    `found_by` says how many matches a part holds, for `progress`.
    """
    watch = Watch(files, progress)
    work = list(tasks)
    if len(work) <= 1 or in_this_process(files, jobs):
        open_file: OpenArchiveFile = OpenFile
        if len(files) == 1 and files[0].size >= _WORTH_PROCESSES and jobs != 1:
            # Nothing is left to share but the one file: two cores can still unpack and decode it.
            from tocsin.sources.read_ahead import ReadAhead  # loads what is seldom needed

            open_file = ReadAhead
        done = run_tasks(partial(make, watch.opener(open_file)), work, jobs=1)
    else:
        done = run_tasks(partial(make, OpenFile), work, jobs=jobs or default_jobs())
    for task, part in done:
        yield part
        watch.done(task, found_by(part))


def run_while_finding(
    make: Callable[[OpenArchiveFile], Callable[[Task], Part]],
    paths: Sequence[str],
    ledger: Ledger,
    *,
    within: str | None = None,
    jobs: int | None,
    progress: ShowProgress | None,
    found_by: Callable[[Part], int],
) -> Iterator[Part]:
    """The same for the files below `paths` (`find_files`), for parts that depend on no place.

    In a large archive work begins while files are still being found; places are then those in the order in which
    files were met.
    """
    search = FileSearch(paths, within=within)
    processes = default_jobs() if jobs is None else jobs
    if processes > 1 and can_fork() and _begins_large(search, processes):
        yield from _run_forked(make, search, jobs=processes, progress=progress, found_by=found_by)
        skipped = search.skipped
    else:
        found = search.finish()
        work = tasks_of(largest_first(found.files))
        yield from run(make, found.files, work, jobs=jobs, progress=progress, found_by=found_by)
        skipped = found.skipped
    for path, reason in skipped:
        ledger.skip(path, reason)


def _begins_large(search: FileSearch, processes: int) -> bool:
    """Has enough been found to begin with, and are there perhaps more?"""
    while search.size < _WORTH_PROCESSES or len(search.files) < _FIRST_FILES * processes:
        if not search.step():
            return False
    return all(entry.path != STDIN for entry in search.files)


def _run_forked(
    make: Callable[[OpenArchiveFile], Callable[[Task], Part]],
    search: FileSearch,
    *,
    jobs: int,
    progress: ShowProgress | None,
    found_by: Callable[[Part], int],
) -> Iterator[Part]:
    from tocsin.engines.forked import run_forked

    watch = Watch(search.files, progress, search=search)
    for task, part in run_forked(
        partial(make, OpenFile), _tasks_while_finding(search), jobs=jobs, meanwhile=iter(search.step, False)
    ):
        yield part
        watch.done(task, found_by(part))


def _tasks_while_finding(search: FileSearch) -> Iterator[Task]:
    """What has been found so far, in small tasks; once everything has been found, what is left, the largest first."""
    files, given = search.files, 0
    while search.step():
        group: list[tuple[int, str]] = []
        size = 0
        while size < _LAST_TASK_BYTES and len(group) < _TASK_FILES and (given < len(files) or search.step()):
            if given < len(files):
                group.append((given, files[given].path))
                size += files[given].size
                given += 1
        if group:
            yield tuple(group)
    rest = sorted(enumerate(files[given:], given), key=lambda item: item[1].size, reverse=True)
    yield from tasks_of(rest)


class Watch:
    """Tells `progress` how far a command has come. `search` is what still finds files, if anything does."""

    def __init__(
        self, files: Sequence[FileEntry], progress: ShowProgress | None, *, search: FileSearch | None = None
    ) -> None:
        self._files = files
        self._progress = progress
        self._search = search
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
        if self._search is not None:
            self._total = self._search.size
        if self._progress is not None:
            self._progress(
                Progress(
                    bytes_done=min(self._bytes + more, self._total),
                    bytes_total=self._total,
                    files_done=self._count,
                    files_total=len(self._files),
                    matches=self._found,
                    is_counting=self._search is not None and not self._search.is_done,
                )
            )


class _WatchedFile:
    """A file that tells how far it has been read."""

    def __init__(self, watch: Watch, open_file: OpenArchiveFile, path: str, limits: Limits) -> None:
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

    def __iter__(self) -> Iterator[bytes | bytearray]:
        for piece in self._file:
            yield piece
            self._watch.reached(self._file.bytes_read)
