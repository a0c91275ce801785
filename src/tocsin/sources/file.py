"""One file of an archive, unpacked piece by piece.

Rule: only regular files are opened, and standard input: never a pipe, a socket or a device, not even
behind a link, and not when one takes a file's place after it was found. What cannot be read ends in
`SourceError` with the reason, after everything before it was given. Spec: IF-1, IF-2, CT-14.4.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tocsin.core.depth import PIECE_SIZE
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import SourceError
from tocsin.sources.file_system import error_reason, kind_reason, real_path
from tocsin.sources.inflate import inflate

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
_STANDARD_INPUT_DESCRIPTOR = 0

# So much is read from disk at once.
_CHUNK = 256 * 1024

# Opening must not wait for the other end of a pipe, nor make a terminal ours; Windows knows neither.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


class OpenFile:
    """A file that is opened when it is iterated, and closed when that ends; to be iterated once.

    `path` is as `walk` gives it. The pieces are what the file unpacks to, `size` bytes at the most;
    SourceError says where reading cannot go on. `bytes_read` counts what came from disk so far,
    `bytes_unpacked` what was given.
    """

    def __init__(self, path: str, limits: Limits = DEFAULT_LIMITS, *, size: int = PIECE_SIZE) -> None:
        self.bytes_read = 0
        self.bytes_unpacked = 0
        self._path = path
        self._limits = limits
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        is_standard_input = self._path == STANDARD_INPUT
        descriptor = _STANDARD_INPUT_DESCRIPTOR if is_standard_input else _open(real_path(self._path))
        try:
            pieces = inflate(
                self._chunks(descriptor),
                limit=self._limits.unpacked,
                size=self._size,
                again=None if is_standard_input else lambda: self._chunks_again(descriptor),
            )
            for piece in pieces:
                self.bytes_unpacked += len(piece)
                yield piece
        finally:
            if not is_standard_input:
                os.close(descriptor)
        if not self.bytes_unpacked:
            raise SourceError("empty file")

    def _chunks(self, descriptor: int, place: int = 0) -> Iterator[bytes]:
        # Most log files are much smaller than a chunk, and room for a whole one costs more than reading them.
        room = self._room(descriptor)
        while True:
            try:
                chunk = os.read(descriptor, room)
            except OSError as error:
                raise SourceError(error_reason(error)) from None
            if not chunk:
                return
            place += len(chunk)
            self.bytes_read = max(self.bytes_read, place)
            yield chunk
            if len(chunk) < room < _CHUNK:
                return  # a regular file gives less than it is asked for only at its end

    def _room(self, descriptor: int) -> int:
        if self._path == STANDARD_INPUT:
            return _CHUNK
        return min(_CHUNK, os.fstat(descriptor).st_size + 1)

    def _chunks_again(self, descriptor: int) -> Iterator[bytes]:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return self._chunks(descriptor)


def read_file(path: str, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
    """The file at `path`, to be iterated."""
    return OpenFile(path, limits)


def _open(path: str) -> int:
    """A descriptor of the regular file at `path`."""
    try:
        # Opening a device can do something; so look before, and again at what was opened.
        _refuse_unless_regular(os.stat(path).st_mode)  # noqa: PTH116  (once for every file of an archive)
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise SourceError(error_reason(error)) from None
    except ValueError:
        raise SourceError("no path: it holds a zero byte") from None
    try:
        _refuse_unless_regular(os.fstat(descriptor).st_mode)
    except SourceError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_unless_regular(mode: int) -> None:
    reason = kind_reason(mode)
    if reason:
        raise SourceError(reason)
