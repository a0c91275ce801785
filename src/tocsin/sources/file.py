"""One file of an archive, unpacked piece by piece.

Rule: only regular files are opened, and standard input: never a pipe, a socket or a device, not even
behind a link, and not when one takes a file's place after it was found. What cannot be read ends in
`SourceError` with the reason, after everything before it was given. Spec: IF-1, IF-2, CT-14.4.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from tocsin.core.depth import PIECE_SIZE, WHOLE_SIZE
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import SourceError
from tocsin.sources.file_system import error_reason, kind_reason, real_path
from tocsin.sources.inflate import inflate
from tocsin.sources.member import inflate_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
_STANDARD_INPUT_DESCRIPTOR = 0

# So much is read from disk at once, and of a file that may be unpacked as a whole so much.
_CHUNK = 256 * 1024
_WHOLE = 1024 * 1024

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

    `path` is as `walk` gives it. The pieces are what the file unpacks to, `size` bytes at the most, or
    all of it when that is no more than `whole`. SourceError says where reading cannot go on. `bytes_read`
    counts what came from disk so far, `bytes_unpacked` what was given.
    """

    def __init__(
        self, path: str, limits: Limits = DEFAULT_LIMITS, *, size: int = PIECE_SIZE, whole: int = WHOLE_SIZE
    ) -> None:
        self.bytes_read = 0
        self.bytes_unpacked = 0
        self._path = path
        self._limits = limits
        self._size = size
        self._whole = whole

    def __iter__(self) -> Iterator[bytes | bytearray]:
        is_standard_input = self._path == STANDARD_INPUT
        if is_standard_input:
            descriptor, room = _STANDARD_INPUT_DESCRIPTOR, _CHUNK
        else:
            descriptor, length = _open(real_path(self._path))
            # Most log files are much smaller than a chunk, and room for a whole one costs more than reading them.
            room = min(_CHUNK, length + 1)
        try:
            if not is_standard_input and length < _WHOLE and (piece := self._at_once(descriptor, length + 1)):
                self.bytes_unpacked = len(piece)
                yield piece
                return
            pieces = inflate(
                self._chunks(descriptor, room),
                limit=self._limits.unpacked,
                size=self._size,
                again=None if is_standard_input else lambda: self._chunks_again(descriptor, room),
            )
            for piece in pieces:
                self.bytes_unpacked += len(piece)
                yield piece
        finally:
            if not is_standard_input:
                os.close(descriptor)
        if not self.bytes_unpacked:
            raise SourceError("empty file")

    def _at_once(self, descriptor: int, room: int) -> bytes | bytearray | None:
        """What the file unpacks to when that is a single piece and needs no care; else it is as if nothing was read."""
        try:
            packed = os.read(descriptor, room)
            # A regular file gives less than it is asked for only at its end.
            if len(packed) < room:
                piece = inflate_at_once(packed, size=min(self._whole, self._limits.unpacked))
                if piece:
                    self.bytes_read = len(packed)
                    return piece
            os.lseek(descriptor, 0, os.SEEK_SET)
        except OSError as error:
            raise SourceError(error_reason(error)) from None
        return None

    def _chunks(self, descriptor: int, room: int) -> Iterator[bytes]:
        place = 0
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

    def _chunks_again(self, descriptor: int, room: int) -> Iterator[bytes]:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return self._chunks(descriptor, room)


def read_file(path: str, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
    """The file at `path`, to be iterated."""
    return OpenFile(path, limits)


def _open(path: str) -> tuple[int, int]:
    """A descriptor of the regular file at `path`, and the file's length."""
    try:
        # Opening a device can do something; so look before, and again at what was opened.
        _require_regular(os.stat(path).st_mode)  # noqa: PTH116  (once for every file of an archive)
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise SourceError(error_reason(error)) from None
    except ValueError:
        raise SourceError("no path: it holds a zero byte") from None
    try:
        status = os.fstat(descriptor)
        _require_regular(status.st_mode)
    except SourceError:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise SourceError(kind_reason(mode))
