"""One whole gzip member, unpacked at once: right or not at all."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources.member import inflate_at_once

TEXT = b'{"Records":[' + b",".join(b'{"eventID":"%d"}' % (number * 7919 % 9973) for number in range(3000)) + b"]}"
PACKED = gzip.compress(TEXT, mtime=0)
LENGTH = PACKED[-4:]


def test_a_whole_member_is_unpacked() -> None:
    assert inflate_at_once(PACKED, size=len(TEXT)) == TEXT


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x1f\x8b",
        PACKED[:-1],
        PACKED[:-8],
        PACKED[1:],
        gzip.compress(b""),
        PACKED + PACKED,  # the second member has the length of the first
        PACKED + gzip.compress(b"x"),
        PACKED + bytes(1),
        PACKED + LENGTH,
        PACKED + LENGTH[-1:],
        PACKED + PACKED[-8:],
        PACKED[:-8] + bytes(4) + LENGTH,  # another checksum
        PACKED[:-4] + struct.pack("<I", len(TEXT) - 1),
        PACKED[:-4] + struct.pack("<I", len(TEXT) + 1),
        PACKED[:2] + b"\x07" + PACKED[3:],
        PACKED[:500] + bytes([PACKED[500] ^ 0xFF]) + PACKED[501:],
    ],
    ids=range(17),
)
def test_anything_else_is_left_to_the_careful_way(packed: bytes) -> None:
    assert inflate_at_once(packed, size=10 * len(TEXT)) is None


def test_no_more_than_was_allowed_is_unpacked() -> None:
    assert inflate_at_once(PACKED, size=len(TEXT) - 1) is None


@given(st.binary(max_size=200), st.binary(max_size=40), st.integers(0, 9), st.booleans())
def test_what_is_unpacked_is_all_that_the_file_holds(
    text: bytes, more: bytes, level: int, member_follows: bool
) -> None:
    packed = gzip.compress(text, level, mtime=0) + (gzip.compress(more, mtime=0) if member_follows else more)
    piece = inflate_at_once(packed, size=10_000)
    if piece is not None:
        careful = zlib.decompressobj(31)
        assert piece == careful.decompress(packed)
        assert careful.eof
        assert not careful.unused_data
