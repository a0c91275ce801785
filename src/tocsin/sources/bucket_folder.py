"""A folder that holds the objects of a bucket, or several such folders: what there is, and what is in one object.

Rule: no file outside the folder is opened, whatever a key or a link says, and nothing but regular files. An object is
unpacked piece by piece, in bounded memory however large it is. Spec: CT-15.10.
"""

# Paths stay the strings that keys are made of: Path would rewrite them, and cost much for millions of files.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import errno
import hashlib
import os
import stat
import zlib
from typing import TYPE_CHECKING, Final

from tocsin.core.digest.check import LogContent
from tocsin.errors import SourceError
from tocsin.sources.file_system import error_reason, kind_reason
from tocsin.sources.member import CAN_INFLATE, NotOneMemberError, inflate_at_once, inflate_member

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 256 * 1024
_MOST_FOLDERS_KEPT: Final = 4096

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_MISSING: Final = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_LINK: Final = "a link, which is not followed"

# A header that isal takes and zlib, which AWS's validator uses, may not: reserved flags, a checksum of its own.
_MAGIC: Final = b"\x1f\x8b\x08"
_SPECIAL_FLAGS: Final = 0xE2

_IS_GZIP: Final = zlib.MAX_WBITS | 16


class BucketFolder:
    """The folder at `path`. Objects are named by their paths below it, with `/` between the folders.

    Links below it are not followed. `skipped` are the folders that could not be listed and the links, with the reason;
    `bytes_read` counts what came from disk.
    """

    def __init__(self, path: str) -> None:
        self.bytes_read = 0
        self.skipped: list[tuple[str, str]] = []
        self._root = os.path.realpath(path)
        self._folders: dict[str, str | None] = {}

    def files(self, *, sizes: bool = True) -> Iterator[tuple[str, list[tuple[str, int]]]]:
        """Every folder that holds files: its path, empty or with `/` at its end, and names with sizes; by name.

        Without `sizes`, which take time, they are 0.
        """
        self.skipped.clear()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            files: list[tuple[str, int]] = []
            below: list[str] = []
            try:
                with os.scandir(os.path.join(self._root, folder)) as found:
                    for entry in found:
                        if entry.is_dir(follow_symlinks=False):
                            below.append(f"{folder}{entry.name}/")
                        elif entry.is_file(follow_symlinks=False):
                            files.append((entry.name, entry.stat(follow_symlinks=False).st_size if sizes else 0))
                        elif entry.is_symlink():
                            self.skipped.append((folder + entry.name, _LINK))
            except OSError as error:
                self.skipped.append((folder or self._root, error_reason(error)))
                continue
            waiting += sorted(below, reverse=True)
            if files:
                yield folder, sorted(files)

    def read(self, path: str, *, most: int) -> bytes | None:
        """The bytes of a file, None when it is not there. SourceError when it cannot be read or is longer than that."""
        descriptor = self._open(path)
        if descriptor is None:
            return None
        try:
            data = b"".join(self._chunks(descriptor, most + 1))
        finally:
            os.close(descriptor)
        if len(data) > most:
            raise SourceError(f"longer than {most:,} bytes")
        return data

    def unpacked(self, path: str, *, most: int) -> tuple[bytes | None, bool]:
        """What a packed object unpacks to, None when it is damaged or longer than that; and whether it is there.

        What stands behind its first member is not looked at, as AWS's validator does not. SourceError when it cannot
        be read.
        """
        packed = self.read(path, most=most)
        if packed is None:
            return None, False
        inflater = zlib.decompressobj(_IS_GZIP)
        try:
            content = inflater.decompress(packed, most)
        except zlib.error:
            return None, True
        return (content if inflater.eof else None), True

    def log(self, path: str) -> LogContent | None:
        """What a log file unpacks to, in short; None when it is not there. SourceError when it cannot be read."""
        descriptor = self._open(path)
        if descriptor is None:
            return None
        try:
            first = self._read(descriptor, _PIECE)
            if CAN_INFLATE and first.startswith(_MAGIC) and len(first) > 3 and not first[3] & _SPECIAL_FLAGS:
                hashed = self._hash_at_once(first) or self._hash_member(descriptor, first)
                if hashed is not None:
                    return LogContent(sha256=hashed)
                os.lseek(descriptor, 0, os.SEEK_SET)
                first = self._read(descriptor, _PIECE)
            return self._hash_with_care(descriptor, first)
        finally:
            os.close(descriptor)

    @staticmethod
    def _hash_at_once(packed: bytes) -> str | None:
        """The hash of a small file, which most are."""
        piece = inflate_at_once(packed, size=_PIECE) if len(packed) < _PIECE else None
        return None if piece is None else hashlib.sha256(piece).hexdigest()

    def _hash_member(self, descriptor: int, first: bytes) -> str | None:
        """The hash of a file that is one whole member, None for any other."""
        hashed = hashlib.sha256()
        try:
            for piece in inflate_member(self._from(first, descriptor), size=_PIECE):
                hashed.update(piece)
        except NotOneMemberError:
            return None
        return hashed.hexdigest()

    def _hash_with_care(self, descriptor: int, first: bytes) -> LogContent:
        """The same for any file, with the library that AWS's validator uses, and in its way."""
        hashed = hashlib.sha256()
        inflater = zlib.decompressobj(_IS_GZIP)
        try:
            for chunk in self._from(first, descriptor):
                if inflater.eof:
                    return LogContent(has_trailing_data=True)
                left = chunk
                while left and not inflater.eof:
                    hashed.update(inflater.decompress(left, _PIECE))
                    left = inflater.unconsumed_tail
                if inflater.unused_data:
                    return LogContent(has_trailing_data=True)
            hashed.update(inflater.flush())
        except zlib.error:
            return LogContent(is_damaged=True)
        return LogContent(sha256=hashed.hexdigest())

    def _from(self, first: bytes, descriptor: int) -> Iterator[bytes]:
        chunk = first
        while chunk:
            yield chunk
            chunk = self._read(descriptor, _PIECE)

    def _chunks(self, descriptor: int, most: int) -> Iterator[bytes]:
        while most > 0 and (chunk := self._read(descriptor, min(most, _PIECE))):
            most -= len(chunk)
            yield chunk

    def _read(self, descriptor: int, length: int) -> bytes:
        try:
            chunk = os.read(descriptor, length)
        except OSError as error:
            raise SourceError(error_reason(error)) from None
        self.bytes_read += len(chunk)
        return chunk

    def _open(self, path: str) -> int | None:
        """A descriptor of the file at `path`, None when there is none."""
        real = self._real(path)
        if real is None:
            return None
        try:
            # Opening a device can do something, so look before.
            mode = os.stat(real, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode):
                raise SourceError(_LINK if stat.S_ISLNK(mode) else kind_reason(mode))
            return os.open(real, _FLAGS)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise SourceError(error_reason(error)) from None
        except ValueError:  # a zero byte, or a character that no name can hold
            return None

    def _real(self, path: str) -> str | None:
        """The path of the operating system; None for what lies outside the folder or cannot be the path of a file."""
        folder, slash, name = path.rpartition("/")
        if name in {"", ".", ".."} or (slash and not folder) or (os.sep != "/" and os.sep in name):
            return None
        if folder not in self._folders:
            if len(self._folders) >= _MOST_FOLDERS_KEPT:
                self._folders.clear()
            self._folders[folder] = self._real_folder(folder)
        real = self._folders[folder]
        return None if real is None else f"{real}{os.sep}{name}"

    def _real_folder(self, folder: str) -> str | None:
        parts = folder.split("/") if folder else []
        if any(part in {"", ".", ".."} or (os.sep != "/" and os.sep in part) for part in parts):
            return None
        real = os.path.join(self._root, *parts)
        try:
            return real if os.path.realpath(real) == real else None
        except (OSError, ValueError):
            return None
