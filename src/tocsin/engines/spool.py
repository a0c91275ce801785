"""Matches kept on disk between the processes that find them and the one that puts them in order.

Rule: memory does not grow with the number of matches.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

Item = TypeVar("Item", bound=msgspec.Struct)

_LENGTH = struct.Struct("<I")


class Spool(Generic[Item]):
    """Items by the place of their file in the order of all. Processes share it by its folder."""

    def __init__(self, folder: str, kind: type[Item]) -> None:
        self._folder = Path(folder)
        self._kind = kind
        self._encode = msgspec.msgpack.Encoder().encode
        self._place = -1
        self._file: BinaryIO | None = None

    def keep(self, place: int, item: Item) -> None:
        """Append an item. The items of one place come from one process, one after another."""
        if place != self._place or self._file is None:
            self.close()
            self._file = (self._folder / f"{place:012}").open("wb")
            self._place = place
        data = self._encode(item)
        self._file.write(_LENGTH.pack(len(data)) + data)

    def close(self) -> None:
        """Write out what is still held back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def items(self) -> Iterator[Item]:
        """All items, by place and then in the order in which they were kept."""
        self.close()
        for path in sorted(self._folder.iterdir()):
            yield from self._read(path)

    def take(self, place: int) -> Iterator[Item]:
        """The items of one place, which are then gone."""
        path = self._folder / f"{place:012}"
        if path.exists():
            yield from self._read(path)
            path.unlink()

    def _read(self, path: Path) -> Iterator[Item]:
        decode = msgspec.msgpack.Decoder(self._kind).decode
        with path.open("rb") as file:
            while head := file.read(_LENGTH.size):
                yield decode(file.read(_LENGTH.unpack(head)[0]))


class SpoolFolder:
    """A folder for a spool, gone when the block ends."""

    def __enter__(self) -> str:
        import tempfile  # takes 5 ms to load, and few scans need it

        self._path = tempfile.mkdtemp(prefix="tocsin-")
        return self._path

    def __exit__(self, *_: object) -> None:
        import shutil

        shutil.rmtree(self._path, ignore_errors=True)
