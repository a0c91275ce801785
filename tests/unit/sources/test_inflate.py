"""Unpacking: all that lies before a break, then the reason, in bounded memory."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest

from tocsin.errors import SourceError
from tocsin.sources.inflate import inflate

GIB = 1024**3
TEXT = b"".join(b'{"eventName":"ConsoleLogin","eventID":"%d"},' % (number * 7919 % 9973) for number in range(3000))
PACKED = gzip.compress(TEXT, mtime=0)
ENDED = "gzip: unexpected end of stream"


def chunks(data: bytes, step: int) -> Callable[[], Iterator[bytes]]:
    return lambda: (data[at : at + step] for at in range(0, len(data), step))


def unpack(
    data: bytes, *, step: int = 1000, size: int = 10_000, limit: int = GIB, can_repeat: bool = True
) -> tuple[bytes, str | None]:
    """What came out, and the reason for which it ended early."""
    source = chunks(data, step)
    given = []
    try:
        for piece in inflate(source(), limit=limit, size=size, again=source if can_repeat else None):
            assert 0 < len(piece) <= size
            given.append(piece)
    except SourceError as error:
        return b"".join(given), error.message
    return b"".join(given), None


@pytest.fixture(params=[True, False], ids=["file", "stream"])
def can_repeat(request) -> bool:
    """Can the data be read a second time?"""
    return request.param


def with_full_header(packed: bytes) -> bytes:
    """The same with every optional field of the header."""
    header = b"\x1f\x8b\x08\x1f\0\0\0\0\0\xff" + b"\x04\0abcd" + b"name\0" + b"comment\0"
    return header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + packed[10:]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", b""),
        (b"{", b"{"),
        (b"\x1f", b"\x1f"),
        (b"\x1f\x8c plain", b"\x1f\x8c plain"),
        (TEXT, TEXT),
        (PACKED, TEXT),
        (gzip.compress(b""), b""),
        (gzip.compress(TEXT, compresslevel=0), TEXT),
        (PACKED + PACKED, TEXT * 2),
        (gzip.compress(b"") * 100 + PACKED, TEXT),
        (PACKED + bytes(1000), TEXT),
        (PACKED + bytes(7) + PACKED + bytes(1), TEXT * 2),
        (with_full_header(PACKED), TEXT),
        (with_full_header(PACKED) * 2, TEXT * 2),
        (PACKED[:3] + b"\xe0" + PACKED[4:], TEXT),
        (gzip.compress(PACKED), PACKED),
        (gzip.compress(b"x") * 3000, b"x" * 3000),
    ],
)
@pytest.mark.parametrize(("step", "size"), [(7, 1000), (1000, 262_144), (1000, 500), (10**9, 10**9)])
def test_data_is_unpacked_however_it_comes(data: bytes, text: bytes, step: int, size: int, can_repeat: bool) -> None:
    assert unpack(data, step=step, size=size, can_repeat=can_repeat) == (text, None)


@pytest.mark.parametrize(
    ("data", "text", "reason"),
    [
        (PACKED + b"garbage", TEXT, "gzip: data after the end of the stream"),
        (PACKED + b"\0\0\0x", TEXT, "gzip: data after the end of the stream"),
        (PACKED + b"\x1f", TEXT, ENDED),
        (PACKED + PACKED[:2], TEXT, ENDED),
        (PACKED + PACKED[:9], TEXT, ENDED),
        (PACKED[:-8] + b"xxxx" + PACKED[-4:], TEXT, "gzip: bad checksum"),
        (PACKED[:-4] + b"xxxx", TEXT, "gzip: bad length"),
        (PACKED + PACKED[:2] + b"\x07" + PACKED[3:], TEXT, f"gzip: invalid data at byte {len(PACKED) + 2}"),
        (PACKED[:2] + b"\x07" + PACKED[3:], b"", "gzip: invalid data at byte 2"),
        (PACKED[:3] + b"\x08" + PACKED[4:10] + b"name without end", b"", ENDED),
        (PACKED[:3] + b"\x04" + PACKED[4:10] + b"\xff\xff", b"", ENDED),
        (PACKED[:10] + b"\x07" + PACKED[11:], b"", "gzip: invalid data at byte 10"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000, 10**9])
def test_what_lies_before_a_break_is_given(data: bytes, text: bytes, reason: str, step: int, can_repeat: bool) -> None:
    assert unpack(data, step=step, can_repeat=can_repeat) == (text, reason)


@pytest.mark.parametrize("place", [2, 5, 9, 10, 11, 50, 1000, 5000, -9, -8, -4, -1])
@pytest.mark.parametrize("step", [1, 700])
def test_a_stream_that_is_cut_off_gives_all_that_it_holds(place: int, step: int, can_repeat: bool) -> None:
    data = PACKED[:place]
    assert unpack(data, step=step, can_repeat=can_repeat) == (zlib.decompressobj(31).decompress(data), ENDED)


@pytest.mark.parametrize("place", range(40, len(PACKED) - 8, 397))
def test_both_ways_stop_at_the_same_byte_of_invalid_data(place: int) -> None:
    data = PACKED[:place] + bytes([PACKED[place] ^ 0x55]) + PACKED[place + 1 :]
    given, reason = unpack(data, size=262_144)
    exactly, exact_reason = unpack(data, size=262_144, can_repeat=False)
    assert given == exactly
    assert reason is not None
    assert reason.partition(" at ")[0] == (exact_reason or "").partition(" at ")[0]


@pytest.mark.parametrize(
    "data", [b"plain", gzip.compress(b"packed", mtime=0) * 2, with_full_header(gzip.compress(b"x"))]
)
def test_data_may_come_and_go_byte_by_byte(data: bytes, can_repeat: bool) -> None:
    text = gzip.decompress(data) if data.startswith(b"\x1f") else data
    assert unpack(data, step=1, size=1, can_repeat=can_repeat) == (text, None)


def test_all_text_before_invalid_data_is_given() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(TEXT) + packer.flush(zlib.Z_FULL_FLUSH)
    given, reason = unpack(start + b"\x07" * 100, size=262_144)
    assert given == TEXT
    words, _, place = (reason or "").rpartition(" ")
    assert words == "gzip: invalid data at byte"
    assert len(start) - 8 <= int(place) <= len(start)


@pytest.mark.parametrize(
    ("data", "words"),
    [(TEXT, "longer than"), (PACKED, "unpacks to more than"), (PACKED * 2, "unpacks to more than")],
)
@pytest.mark.parametrize("limit", [1, 9_999, 10_000, 65_536])
def test_no_more_than_the_limit_is_given(data: bytes, words: str, limit: int, can_repeat: bool) -> None:
    given, reason = unpack(data, limit=limit, can_repeat=can_repeat)
    assert given == (TEXT * 2)[:limit]
    assert reason == f"{words} {'64 KiB' if limit == 65_536 else f'{limit} bytes'} (limits.unpacked)"


@pytest.mark.parametrize("data", [TEXT, PACKED])
def test_exactly_the_limit_is_no_excess(data: bytes, can_repeat: bool) -> None:
    assert unpack(data, limit=len(TEXT), can_repeat=can_repeat) == (TEXT, None)


def test_a_bomb_costs_no_memory_and_ends_at_the_limit(can_repeat: bool) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(64)) + packer.flush()
    source = chunks(bomb, 256 * 1024)
    given = 0
    tracemalloc.start()
    reason = None
    try:
        for piece in inflate(source(), limit=32 * 1024 * 1024, again=source if can_repeat else None):
            given += len(piece)
    except SourceError as error:
        reason = error.message
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (given, reason) == (32 * 1024 * 1024, "unpacks to more than 32 MiB (limits.unpacked)")
    assert peak < 4 * 1024 * 1024


def test_a_source_that_fails_gives_what_it_had(can_repeat: bool) -> None:
    def failing() -> Iterator[bytes]:
        yield PACKED[:4000]
        raise SourceError("input/output error")

    given = []
    with pytest.raises(SourceError, match="input/output error"):
        given.extend(inflate(failing(), limit=GIB, again=failing if can_repeat else None))
    assert b"".join(given) == zlib.decompressobj(31).decompress(PACKED[:4000])
