"""What stands packed in a column of a block. Rule: what cannot be unpacked is damage, and told as that."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tocsin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_encode = msgspec.msgpack.Encoder().encode


def pack(value: Any, *, level: int) -> bytes:
    """The bytes that stand for a value; zlib's `level`."""
    return zlib.compress(_encode(value), level)


def unpack(data: bytes, decode: Callable[[bytes], Value]) -> Value:
    """The value again. Raises StoreError where the bytes are not what was written."""
    try:
        return decode(zlib.decompress(data))
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise StoreError(
            "the database cannot be used: a block of what was stored is damaged",
            hint="restore the last backup (see `tocsin backup`)",
        ) from error
