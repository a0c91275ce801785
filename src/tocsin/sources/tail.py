"""A file that grows by lines, read from where it was left. Spec: IF-9 (`[[source]]`).

Rule: only whole lines are given, each once, whatever happens to the file between two looks: another one in its place
(after a rename, what is left of the old one comes first), cut off to nothing, cut off and grown again.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from tocsin.errors import SourceError
from tocsin.sources.file_system import error_reason, kind_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

# Bytes by which a file is told from another one in its place, and what is read at once.
_HEAD = 256
_AT_ONCE = 4 * 1024 * 1024


class TailPlace(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a file was left: which one it was, how many bytes of it are behind us, and a digest of the first of them.

    `is_overlong` says that the line at this place is longer than any may be, and is being passed over.
    """

    device: int
    inode: int
    offset: int = 0
    head: bytes = b""
    is_overlong: bool = False


class TailPiece(msgspec.Struct, frozen=True, kw_only=True):
    """Whole lines, the place where they begin and the one behind them.

    `dropped` lines were too long. `is_behind`: there may be more at once. `is_old`: the lines are of a file that
    another one has taken the name of; whoever writes may not have noticed yet.
    """

    data: bytes = b""
    start: TailPlace
    place: TailPlace
    dropped: int = 0
    is_behind: bool = False
    is_old: bool = False


def read_tail(path: str, place: TailPlace | None, *, longest: int, leaves_old: bool = False) -> TailPiece:
    """The next lines of a file, from `place` on, or from its beginning; a line has `longest` bytes at most.

    Where another file has taken the name, the old one is read on until it is told to be left: then its last line
    need not have an end, and the new one is next.

    Raises:
        SourceError: there is no such file, or it cannot be read.
    """
    with _opened(path) as descriptor:
        if place is not None and _identity(descriptor) != _named(place):
            rest = _rest_of_old(path, place, longest, is_over=leaves_old)
            if rest is not None and not (leaves_old and rest.place == place):
                return rest
        return _read(descriptor, _follow(descriptor, place), longest, is_over=False)


def _named(place: TailPlace) -> tuple[int, int]:
    return place.device, place.inode


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _follow(descriptor: int, place: TailPlace | None) -> TailPlace:
    """The place in this very file: the one that is given, if it is of this file, else its beginning."""
    device, inode = _identity(descriptor)
    if (
        place is not None
        and (device, inode) == _named(place)
        and place.offset <= os.fstat(descriptor).st_size
        and _head_of(descriptor, place.offset) == place.head
    ):
        return place
    return TailPlace(device=device, inode=inode, head=_head_of(descriptor, 0))


def _head_of(descriptor: int, offset: int) -> bytes:
    return hashlib.blake2b(os.pread(descriptor, min(_HEAD, offset), 0), digest_size=8).digest()


def _rest_of_old(path: str, place: TailPlace, longest: int, *, is_over: bool) -> TailPiece | None:
    """What is left of the file that was read before, where it lies beside the new one under another name."""
    with suppress(OSError), os.scandir(os.path.dirname(path) or ".") as found:  # noqa: PTH120  (paths stay texts)
        for entry in found:
            if entry.inode() != place.inode or not entry.is_file(follow_symlinks=False):
                continue
            with suppress(SourceError), _opened(entry.path) as descriptor:
                if _follow(descriptor, place) == place:
                    return msgspec.structs.replace(_read(descriptor, place, longest, is_over=is_over), is_old=True)
    return None


def _read(descriptor: int, place: TailPlace, longest: int, *, is_over: bool) -> TailPiece:
    """The lines from `place` on. Of a file that `is_over` the last one need not have an end."""
    data = os.pread(descriptor, max(_AT_ONCE, longest + 1), place.offset)
    at_end = place.offset + len(data) >= os.fstat(descriptor).st_size
    dropped, start = 0, 0
    if place.is_overlong:
        start = data.find(b"\n") + 1
        if not start:
            return _moved(descriptor, place, len(data), is_overlong=not (is_over and at_end), is_behind=not at_end)
    end = data.rfind(b"\n") + 1
    if is_over and at_end:
        end = len(data)
    end = max(end, start)
    if end == start and len(data) - start > longest:
        return _moved(descriptor, place, len(data), dropped=1, is_overlong=True, is_behind=not at_end)
    lines = data[start:end]
    if len(lines) > longest:
        kept = [line for line in lines.split(b"\n") if len(line) <= longest]
        dropped = lines.count(b"\n") + 1 - len(kept)
        lines = b"\n".join(kept)
    piece = _moved(descriptor, place, end, dropped=dropped, is_behind=not at_end and end > 0)
    return msgspec.structs.replace(piece, data=lines)


def _moved(
    descriptor: int, place: TailPlace, by: int, *, dropped: int = 0, is_overlong: bool = False, is_behind: bool = False
) -> TailPiece:
    offset = place.offset + by
    moved = TailPlace(
        device=place.device,
        inode=place.inode,
        offset=offset,
        head=_head_of(descriptor, offset),
        is_overlong=is_overlong,
    )
    return TailPiece(start=place, place=moved, dropped=dropped, is_behind=is_behind)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise SourceError("there is no such file") from None
    except OSError as error:
        raise SourceError(error_reason(error)) from None
    try:
        reason = kind_reason(os.fstat(descriptor).st_mode)
        if reason:
            raise SourceError(reason)
        yield descriptor
    except OSError as error:
        raise SourceError(error_reason(error)) from None
    finally:
        os.close(descriptor)
