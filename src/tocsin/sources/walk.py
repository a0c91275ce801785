"""The files of an archive: everything below some paths, each file once.

Rule: nothing is left out without a reason in `skipped`. Links are followed; whatever can be reached
in more than one way is taken once, by its own name rather than by a link, so that links that loop
end. What is found, and its order, depends on the tree and the arguments alone. Spec: IF-1, IF-2.
"""

# Paths stay the strings that users typed: Path would rewrite them, and cost much for millions of files.
# ruff: noqa: PTH114, PTH116

from __future__ import annotations

import errno
import heapq
import os
import stat
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from tocsin.errors import NotFoundError
from tocsin.sources.file_system import error_reason, kind_reason, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STANDARD_INPUT = "-"

_BY_NAME = attrgetter("name")
_BY_PATH = attrgetter("path")

# Errors that say that a path does not exist.
_MISSING = (errno.ENOENT, errno.ENOTDIR)


class FileEntry(msgspec.Struct, frozen=True):
    """A file to be read. `path` is as it is shown (`file_system.show_path`); `size` in bytes, as it lies on disk."""

    path: str
    size: int


class Walk(msgspec.Struct, frozen=True):
    """What was found: files by path, and paths that cannot be read, with the reason, by path."""

    files: list[FileEntry]
    skipped: list[tuple[str, str]]


def walk(paths: Sequence[str], *, within: str | None = None) -> Walk:
    """The files that `paths` name, and those below the folders that they name; `-` is standard input.

    `within` is a folder (its real path): links that lead out of it are not followed. NotFoundError for a path that
    does not exist.
    """
    return FileSearch(paths, within=within).finish()


class FileSearch:
    """The same, a folder at a time. NotFoundError, when it is made, for a path that does not exist.

    `files` are those found so far, in the order in which they were met, and `size` is the bytes of them all.
    """

    def __init__(self, paths: Sequence[str], *, within: str | None = None) -> None:
        self.files: list[FileEntry] = []
        self.size = 0
        self._within = within
        self._skipped: set[tuple[str, str]] = set()  # what is met twice is noted once
        self._has_standard_input = False
        self._seen: set[int] = set()  # device and inode of files and folders in one number
        self._folders: list[str] = []  # still to be listed
        self._links: list[str] = []  # a heap: the smallest path is followed first
        self._arguments = [(path, self._look(path)) for path in paths]
        self._steps = self._search()
        self.is_done = False

    def step(self) -> bool:
        """Look into one folder more; False when everything has been found."""
        self.is_done = not next(self._steps, False)
        return not self.is_done

    def finish(self) -> Walk:
        """Find the rest. The files come sorted by path."""
        while self.step():
            pass
        return Walk(sorted(self.files, key=_BY_PATH), self.skipped)

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Paths that cannot be read, with the reason, by path."""
        return sorted(self._skipped)

    def _look(self, path: str) -> os.stat_result | None:
        """What a path of the command line names; None when that cannot be read."""
        if path == STANDARD_INPUT:
            return None
        try:
            return os.stat(path)
        except ValueError:  # a zero byte
            raise _not_found(path) from None
        except OSError as error:
            if error.errno in _MISSING and not os.path.islink(path):
                raise _not_found(path) from None
            self._skip(path, _link_reason(error) if os.path.islink(path) else error_reason(error))
            return None

    def _search(self) -> Iterator[bool]:
        for path, status in self._arguments:
            if status is not None:
                self._take(path, status)
            elif path == STANDARD_INPUT and not self._has_standard_input:
                self._has_standard_input = True
                self.files.append(FileEntry(path, 0))
            while self._folders:
                self._list_folder(self._folders.pop())
                yield True
        # Links are followed once all has been found that has a name of its own.
        while self._links:
            self._follow(heapq.heappop(self._links))
            yield True
            while self._folders:
                self._list_folder(self._folders.pop())
                yield True

    def _follow(self, path: str) -> None:
        if self._within is not None and not is_within(path, self._within):
            self._skip(path, f"a link that leads out of {show_path(self._within)}")
            return
        try:
            status = os.stat(path)
        except OSError as error:
            self._skip(path, _link_reason(error))
            return
        self._take(path, status)

    def _list_folder(self, folder: str) -> None:
        try:
            # Sorted, so that of two names of one file the same one is met first every time.
            with os.scandir(folder) as found:
                entries = sorted(found, key=_BY_NAME)
        except OSError as error:
            self._skip(folder, error_reason(error))
            return
        below = len(self._folders)
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                self._skip(entry.path, error_reason(error))
                continue
            if stat.S_ISREG(status.st_mode):  # nearly all
                self._take_file(entry.path, status)
            elif stat.S_ISLNK(status.st_mode):
                heapq.heappush(self._links, entry.path)
            else:
                self._take(entry.path, status)
        self._folders[below:] = reversed(self._folders[below:])

    def _take(self, path: str, status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode):
            self._take_file(path, status)
        elif not stat.S_ISDIR(status.st_mode):
            self._skip(path, kind_reason(status.st_mode))
        elif self._is_new(status):
            self._folders.append(path)

    def _take_file(self, path: str, status: os.stat_result) -> None:
        if self._is_new(status):
            self.files.append(FileEntry(show_path(path), status.st_size))
            self.size += status.st_size

    def _is_new(self, status: os.stat_result) -> bool:
        identity = status.st_dev << 64 | status.st_ino
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _skip(self, path: str, reason: str) -> None:
        self._skipped.add((show_path(path), reason))


def is_within(path: str, folder: str) -> bool:
    """Whether a path leads to a folder (its real path), or to something below it, once links are followed."""
    try:
        return os.path.commonpath([os.path.realpath(path), folder]) == folder
    except ValueError:  # another drive, or a zero byte
        return False


def _link_reason(error: OSError) -> str:
    return "a link that leads nowhere" if error.errno in _MISSING else error_reason(error)


def _not_found(path: str) -> NotFoundError:
    return NotFoundError(f"no such file or folder: {show_path(path)}")
