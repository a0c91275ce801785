"""Unpacking gzip as it comes, in bounded memory, up to where it breaks.

Rule: every byte before a break is given, then `SourceError` says what is wrong; nothing is given
twice. Data that does not begin with `1f 8b` is given as it is. Spec: CT-14.3, CT-14.4, IF-2, AR-12.

isal inflates about three times as fast as zlib, but when it meets invalid data the output of that
call is lost, and its state cannot be copied. So the member is then read again, with zlib, whose
state can be: it steps up to the very byte. Where the data cannot be read again zlib does it all.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol, cast

from tocsin.core.byte_size import show_size
from tocsin.errors import SourceError
from tocsin.sources.member import CAN_INFLATE, NotOneMemberError, inflate_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

try:
    from isal import isal_zlib
except ImportError:  # pragma: no cover  (isal has no build for some platforms)
    _crc32 = zlib.crc32
    _fast_inflater = None
    _invalid_data: tuple[type[Exception], ...] = (zlib.error,)
else:
    _crc32 = isal_zlib.crc32
    _fast_inflater = isal_zlib.decompressobj
    _invalid_data = (zlib.error, cast("type[Exception]", isal_zlib.error))

_MAGIC = b"\x1f\x8b"
_DEFLATE = 8
_RAW = -15

# Flags of a member's header (RFC 1952).
_HEADER_CHECKSUM, _EXTRA, _NAME, _COMMENT = 0x02, 0x04, 0x08, 0x10

# So much packed data is given to the inflater at once, less when a member begins: it copies what it
# does not take, and small members or a bomb would have it copy the same data over and over.
_FIRST_STEP = 4 * 1024
_STEP = 32 * 1024

# So much of a header's texts is looked at once.
_TEXT_STEP = 256


class _Inflater(Protocol):
    """What zlib and isal have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int = ..., /) -> bytes: ...


def inflate(
    chunks: Iterable[bytes],
    *,
    limit: int,
    size: int = 256 * 1024,
    again: Callable[[], Iterable[bytes]] | None = None,
) -> Iterator[bytes]:
    """Give what `chunks` unpack to, in pieces of at most `size` bytes, `limit` bytes at the most.

    `again` gives the same chunks once more, from the beginning. Raises SourceError when the data is
    damaged or longer than `limit`, after all that lies before was given.
    """
    given = 0
    if again is not None and CAN_INFLATE:
        try:
            for piece in inflate_member(chunks, size=size):
                if given + len(piece) > limit:
                    break
                given += len(piece)
                yield piece
            else:
                return
        except NotOneMemberError:
            pass
        chunks = again()
    for piece in _inflate_with_care(chunks, limit=limit, size=size, again=again):
        if len(piece) > given:
            yield piece[given:] if given else piece
        given = max(0, given - len(piece))


def _inflate_with_care(
    chunks: Iterable[bytes], *, limit: int, size: int, again: Callable[[], Iterable[bytes]] | None
) -> Iterator[bytes]:
    """The same for any data: several members, damage, no gzip at all."""
    unpacking = _Unpacking(_Packed(chunks), again)
    parts = unpacking.parts()
    pending: list[bytes] = []
    length = given = 0
    problem: SourceError | None = None
    while problem is None:
        unpacking.room = size - length
        try:
            part = next(parts, b"")
        except SourceError as error:
            problem = error
            break
        if not part:
            break
        if given + len(part) > limit:
            part = part[: limit - given]
            what = "unpacks to more than" if unpacking.is_gzip else "longer than"
            problem = SourceError(f"{what} {show_size(limit)} (limits.unpacked)")
        pending.append(part)
        given += len(part)
        length += len(part)
        if length >= size:
            yield b"".join(pending)
            pending.clear()
            length = 0
    if length:
        yield b"".join(pending)
    if problem is not None:
        raise problem


class _Packed:
    """Bytes that come in chunks, with the place in them."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._data = memoryview(b"")
        self.offset = 0

    def step(self, width: int) -> memoryview:
        """Some of the bytes ahead, at most `width`, without taking them; none at the end."""
        while not self._data:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._data = memoryview(chunk)
        return self._data[:width]

    def skip(self, count: int) -> None:
        """Take `count` bytes of the step at hand."""
        self._data = self._data[count:]
        self.offset += count

    def put_back(self, data: bytes, step: memoryview) -> None:
        """Of the `step` at hand, and perhaps of what came before it, `data` was not taken."""
        if len(data) <= len(step):
            self.skip(len(step) - len(data))
        else:
            self.offset -= len(data) - len(step)
            self._data = memoryview(data + bytes(self._data[len(step) :]))

    def read(self, count: int) -> bytes:
        """Take `count` bytes, fewer at the end."""
        taken = b""
        while len(taken) < count and (step := self.step(count - len(taken))):
            taken += step
            self.skip(len(step))
        return taken

    def skip_text(self) -> bool:
        """Take everything up to and with the next zero byte; False when there is none."""
        while step := self.step(_TEXT_STEP):
            end = bytes(step).find(0)
            self.skip(len(step) if end < 0 else end + 1)
            if end >= 0:
                return True
        return False

    def skip_zeros(self) -> None:
        """Take all zero bytes at hand."""
        while (step := self.step(_TEXT_STEP)) and step[0] == 0:
            self.skip(len(step) - len(bytes(step).lstrip(b"\0")))

    def skip_to(self, offset: int) -> None:
        """Take everything before `offset`."""
        while self.offset < offset and (step := self.step(offset - self.offset)):
            self.skip(len(step))


class _Unpacking:
    """The state of unpacking one file. `room` is how much the next part may hold."""

    def __init__(self, packed: _Packed, again: Callable[[], Iterable[bytes]] | None) -> None:
        self._packed = packed
        self._again = again
        self.room = 0
        self.is_gzip = False

    def parts(self) -> Iterator[bytes]:
        """What the file unpacks to, in parts that are never empty."""
        packed = self._packed
        first = packed.read(len(_MAGIC))
        if first != _MAGIC:
            packed.put_back(first, memoryview(b""))
            while step := packed.step(self.room):
                packed.skip(len(step))
                yield bytes(step)
            return
        self.is_gzip = True
        while True:
            self._read_header()
            yield from self._member()
            packed = self._packed
            packed.skip_zeros()  # padding, as tapes and some uploaders leave it
            first = packed.read(len(_MAGIC))
            if not first:
                return
            if first != _MAGIC:
                raise _ended() if _MAGIC.startswith(first) else SourceError("gzip: data after the end of the stream")

    def _read_header(self) -> None:
        """Take the header of a member, behind its first two bytes.

        Its own checksum is not looked at, since it guards no data, nor are reserved flags, as isal
        does not, either: fields that we did not know would make the data behind them invalid.
        """
        packed = self._packed
        header = packed.read(8)
        if len(header) < 8:
            raise _ended()
        method, flags = header[0], header[1]
        if method != _DEFLATE:
            raise SourceError(f"gzip: invalid data at byte {packed.offset - 8}")
        if flags & _EXTRA:
            length = packed.read(2)
            packed.skip_to(packed.offset + int.from_bytes(length, "little"))
        for flag in (_NAME, _COMMENT):
            if flags & flag and not packed.skip_text():
                raise _ended()
        if flags & _HEADER_CHECKSUM:
            packed.read(2)

    def _member(self) -> Iterator[bytes]:
        """What one member unpacks to, and its checksum."""
        start = self._packed.offset
        checksum = length = 0
        for part in self._deflated(start):
            checksum = _crc32(part, checksum)
            length += len(part)
            yield part
        trailer = self._packed.read(8)
        if len(trailer) < 8:
            raise _ended()
        if int.from_bytes(trailer[:4], "little") != checksum:
            raise SourceError("gzip: bad checksum")
        if int.from_bytes(trailer[4:], "little") != length & 0xFFFFFFFF:
            raise SourceError("gzip: bad length")

    def _deflated(self, start: int) -> Iterator[bytes]:
        given = 0
        if _fast_inflater is not None and self._again is not None:
            try:
                for part in self._run(_fast_inflater(_RAW)):
                    given += len(part)
                    yield part
            except _invalid_data:
                self._packed = _Packed(self._again())
                self._again = None
                self._packed.skip_to(start)
            else:
                return
        for part in self._run_exactly():
            if given < len(part):
                yield part[given:] if given else part
            given = max(0, given - len(part))

    def _run(self, inflater: _Inflater) -> Iterator[bytes]:
        packed, width = self._packed, _FIRST_STEP
        while not inflater.eof:
            step = packed.step(width)
            width = min(2 * width, _STEP)
            part = inflater.decompress(step, self.room)
            yield from self._taken(inflater, step, part)

    def _run_exactly(self) -> Iterator[bytes]:
        """The same with zlib, up to the very byte where the data is invalid."""
        packed, width = self._packed, _FIRST_STEP
        inflater = zlib.decompressobj(_RAW)
        most: int | None = None  # bytes of output that may still be had of the packed byte at hand
        is_near = False  # has the invalid data been met?
        while not inflater.eof:
            step = packed.step(width)
            room = self.room if most is None else min(most, self.room)
            trial = inflater.copy()
            try:
                part = trial.decompress(step, room)
            except zlib.error:
                # Less packed data first, down to one byte; then less output of that byte.
                is_near = True
                if len(step) > 1:
                    width = len(step) // 2
                elif room > 1:
                    most = room // 2
                else:
                    raise SourceError(f"gzip: invalid data at byte {packed.offset}") from None
                continue
            inflater = trial
            if not is_near:
                width = min(2 * width, _STEP)
            yield from self._taken(inflater, step, part)

    def _taken(self, inflater: _Inflater, step: memoryview, part: bytes) -> Iterator[bytes]:
        """Note how much of `step` was taken for `part`, and give it."""
        if inflater.eof:
            self._packed.put_back(inflater.unused_data, step)
        else:
            self._packed.skip(len(step) - len(inflater.unconsumed_tail))
        if part:
            yield part
        elif not step and not inflater.eof:
            raise _ended()


def _ended() -> SourceError:
    return SourceError("gzip: unexpected end of stream")
