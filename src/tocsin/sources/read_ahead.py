"""Unpacking one file in a thread while the program decodes what was unpacked before.

Rule: the same pieces in the same order as without it, and the same error at the same place. Spec: AR-7.

isal and zlib let other threads run while they unpack. So a single large file keeps two cores busy.
"""

from __future__ import annotations

import sys
import threading
from queue import Full, Queue
from typing import TYPE_CHECKING

from tocsin.core.depth import PIECE_SIZE
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.sources.file import OpenFile

if TYPE_CHECKING:
    from collections.abc import Iterator

# Larger pieces than usual: each change from one thread to the other costs something.
_PIECE = 2 * PIECE_SIZE

# Pieces that may wait, and how long the thread waits for room before it looks whether anybody still reads.
_AHEAD = 8
_PATIENCE = 0.2

# How long a thread that wants to go on waits for the other, in seconds. By default that is several times
# as long as it takes to decode a piece, and the two threads would take turns instead of working together.
_SWITCH = 0.0001

_Item = tuple[bytes | bytearray, int] | BaseException | None


class ReadAhead:
    """A file like `OpenFile`, unpacked ahead of the reader. `bytes_read` is that of the pieces given so far."""

    def __init__(self, path: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self.bytes_read = 0
        self.bytes_unpacked = 0
        self._file = OpenFile(path, limits, size=_PIECE)
        self._queue: Queue[_Item] = Queue(_AHEAD)
        self._left = threading.Event()

    def __iter__(self) -> Iterator[bytes | bytearray]:
        thread = threading.Thread(target=self._unpack, name="tocsin read-ahead", daemon=True)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        thread.start()
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                piece, self.bytes_read = item
                self.bytes_unpacked += len(piece)
                yield piece
        finally:
            self._left.set()
            thread.join()
            sys.setswitchinterval(interval)
            self.bytes_read = self._file.bytes_read

    def _unpack(self) -> None:
        try:
            for piece in self._file:
                if not self._put((piece, self._file.bytes_read)):
                    return
        except BaseException as error:  # noqa: BLE001  (it is the reader's, who raises it)
            self._put(error)
        else:
            self._put(None)

    def _put(self, item: _Item) -> bool:
        """Hand an item over; False when nobody reads any more."""
        while not self._left.is_set():
            try:
                self._queue.put(item, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False
