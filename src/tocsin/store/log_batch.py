"""The log events of one large call, packed together until they go into blocks. Spec: AR-5, WIRE-7.1.

Rule: a batch holds events of one stream whose sequences follow one another and whose times do not fall; they are found
as if each of them were a row. Writing them one by one, and removing them again, costs more than all the rest of a call.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.store.log_block import MOST_BYTES, MOST_EVENTS, BlockEvent
from tocsin.store.packed_column import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

try:
    from isal import isal_zlib
except ImportError:  # pragma: no cover  (isal has no build for some platforms)
    _deflate = zlib.compress
else:
    _deflate = isal_zlib.compress

# The quickest of both libraries: what is written here is written anew, and smaller, within minutes.
_LEVEL = 1

LEAST_EVENTS = 100
"""Fewer events are rows: a batch costs half of a hundred rows, and as much as some fifteen."""

_encoder = msgspec.msgpack.Encoder()
_decode_events = msgspec.msgpack.Decoder(list[tuple[int, str]]).decode
_decode_minutes = msgspec.msgpack.Decoder(dict[int, int]).decode


class NewBatch(NamedTuple):
    """A batch that is not in the database yet: its events, their bytes, and both as they stand there."""

    events: Sequence[tuple[int, str]]
    size: int
    minutes: bytes
    data: bytes


def batches_of(events: Sequence[tuple[int, str]], buffer: bytearray) -> Iterator[NewBatch]:
    """Events, (milliseconds since the epoch, message), as batches of no more than a block holds.

    None where they are few, or where their times fall. `buffer` is room to work in: whoever keeps it for the next call
    saves each thread that calls a megabyte of its own.
    """
    times = [time for time, _ in events]
    if len(events) < LEAST_EVENTS or times != sorted(times):
        return
    begin = size = 0
    for place, (_, message) in enumerate(events):
        length = _bytes_of(message)
        if place > begin and (place - begin == MOST_EVENTS or size + length > MOST_BYTES):
            yield _new_batch(events[begin:place], size, buffer)
            begin, size = place, 0
        size += length
    yield _new_batch(events[begin:], size, buffer)


def bytes_of(events: Sequence[tuple[int, str]]) -> int:
    """The bytes of their messages."""
    return sum(_bytes_of(message) for _, message in events)


def _bytes_of(message: str) -> int:
    return len(message) if message.isascii() else len(message.encode())


def _new_batch(events: Sequence[tuple[int, str]], size: int, buffer: bytearray) -> NewBatch:
    minutes = Counter(time // 60_000 for time, _ in events)
    _encoder.encode_into(events, buffer)
    return NewBatch(events, size, _encoder.encode(minutes), _deflate(buffer, _LEVEL))


def unpack_batch(data: bytes, *, sequence: int, ingestion_time: int, stream: int) -> list[BlockEvent]:
    """The events of a batch; `sequence` is that of the first. StoreError where they are damaged."""
    return [
        BlockEvent(time, number, ingestion_time, stream, message)
        for number, (time, message) in enumerate(unpack(data, _decode_events), sequence)
    ]


def unpack_minutes(minutes: bytes) -> dict[int, int]:
    """How many events of a batch are of which minute since the epoch."""
    return _decode_minutes(minutes)
