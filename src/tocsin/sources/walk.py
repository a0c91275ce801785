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
    from collections.abc import Sequence

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
    finding = _Finding(within)
    for path in paths:
        finding.take_argument(path)
    finding.take_links()
    finding.files.sort(key=_BY_PATH)
    return Walk(finding.files, sorted(finding.skipped))


class _Finding:
    """What has been found so far."""

    def __init__(self, within: str | None = None) -> None:
        self._within = within
        self.files: list[FileEntry] = []
        self.skipped: set[tuple[str, str]] = set()  # what is met twice is noted once
        self._has_standard_input = False
        self._seen: set[int] = set()  # device and inode of files and folders in one number
        self._folders: list[str] = []  # still to be listed
        self._links: list[str] = []  # a heap: the smallest path is followed first

    def take_argument(self, path: str) -> None:
        """Find what a path of the command line names."""
        if path == STANDARD_INPUT:
            if not self._has_standard_input:
                self.files.append(FileEntry(path, 0))
            self._has_standard_input = True
            return
        try:
            status = os.stat(path)
        except ValueError:  # a zero byte
            raise _not_found(path) from None
        except OSError as error:
            if error.errno in _MISSING and not os.path.islink(path):
                raise _not_found(path) from None
            self._skip(path, _link_reason(error) if os.path.islink(path) else error_reason(error))
            return
        self._take(path, status)
        self._list_folders()

    def take_links(self) -> None:
        """Follow the links that were met, once all has been found that has a name of its own."""
        while self._links:
            path = heapq.heappop(self._links)
            if self._within is not None and not is_within(path, self._within):
                self._skip(path, f"a link that leads out of {show_path(self._within)}")
                continue
            try:
                status = os.stat(path)
            except OSError as error:
                self._skip(path, _link_reason(error))
                continue
            self._take(path, status)
            self._list_folders()

    def _list_folders(self) -> None:
        while self._folders:
            folder = self._folders.pop()
            try:
                # Sorted, so that of two names of one file the same one is met first every time.
                with os.scandir(folder) as found:
                    entries = sorted(found, key=_BY_NAME)
            except OSError as error:
                self._skip(folder, error_reason(error))
                continue
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

    def _is_new(self, status: os.stat_result) -> bool:
        identity = status.st_dev << 64 | status.st_ino
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.add((show_path(path), reason))


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
