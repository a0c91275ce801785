"""What stands packed in a column of a block. Spec: AR-8."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from tocsin.errors import StoreError
from tocsin.store.packed_column import pack, unpack

DECODE = msgspec.msgpack.Decoder(list[tuple[int, str]]).decode


def test_what_was_packed_comes_out_again() -> None:
    assert unpack(pack([(1, "a"), (2, "\U0001f514")], level=3), DECODE) == [(1, "a"), (2, "\U0001f514")]


@pytest.mark.parametrize(
    "data",
    [b"", b"no zlib", pack([(1, "secret")], level=3)[:-3], zlib.compress(b"\xff"), pack({"another": "shape"}, level=3)],
    ids=["nothing", "noise", "cut", "no msgpack", "of another shape"],
)
def test_damage_is_told_as_that_and_what_was_stored_is_not(data: bytes) -> None:
    with pytest.raises(StoreError) as failure:
        unpack(data, DECODE)
    assert failure.value.message == "the database cannot be used: a block of what was stored is damaged"
    assert failure.value.hint == "restore the last backup (see `tocsin backup`)"
