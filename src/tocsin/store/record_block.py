"""A block of CloudTrail records as it stands on disk. Spec: CT-16.

Rule: a block holds the texts of at most 256 records of one account and region; whatever else speaks of a record
names the block and its place in it. A block whose records are in a history also says under which keys, so that it
can be removed without reading them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.kept_record import EVENT_ID, event_rank
from tocsin.core.log_event import Term
from tocsin.store.packed_column import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.core.kept_record import NewRecord

MOST_RECORDS = 256
"""So many that a place fits into a byte."""

MOST_BYTES = 256 * 1024

# Measured on 1,100 bytes of CloudTrail a record, 256 of them in a block: level 1 packs to 13 % in 8 us, level 3 to
# 12 % in 10 us, level 6 to 9 % in 18 us.
_LEVEL = 1

EVERYTHING = Term("", "")
"""What each record of a history is found by."""

# Keys that are remembered; most records name what others before them have named.
_MOST_KNOWN = 50_000

_decode_bodies = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_postings = msgspec.msgpack.Decoder(list[tuple[int, int, bytes, int]]).decode


def blocks_of(records: Sequence[NewRecord]) -> Iterator[tuple[int, Sequence[NewRecord]]]:
    """The records in parts that each fit into a block, with the place of the first of each part."""
    start = size = 0
    for place, record in enumerate(records):
        size += len(record.body)
        if place > start and (place - start == MOST_RECORDS or size > MOST_BYTES):
            yield start, records[start:place]
            start, size = place, len(record.body)
    if start < len(records):
        yield start, records[start:]


def pack_bodies(records: Iterable[NewRecord]) -> bytes:
    """The texts of a block."""
    return pack([record.body for record in records], level=_LEVEL)


def unpack_bodies(data: bytes) -> list[bytes]:
    """The same, back."""
    return unpack(data, _decode_bodies)


class PostingKeys:
    """Gives what records are found by as numbers: eight bytes of a digest. It remembers those that come often."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[Term, int]] = {}
        self._count = 0

    def postings(self, scope: str, records: Iterable[NewRecord]) -> list[tuple[int, int, bytes, int]]:
        """(key, second, rank, place in the block) of each thing that a record of a history is found by."""
        made: list[tuple[int, int, bytes, int]] = []
        for place, (_, second, event_id, history, terms) in enumerate(records):
            if history is None:
                continue
            rank = event_rank(event_id)
            known = self._of(scope, history)
            made.append((known[EVERYTHING], second, rank, place))
            made.append((posting_key(scope, history, Term(EVENT_ID, event_id)), second, rank, place))  # comes once
            for term in terms:
                key = known.get(term)
                if key is None:
                    key = known[term] = posting_key(scope, history, term)
                    self._count += 1
                made.append((key, second, rank, place))
        return made

    def _of(self, scope: str, history: str) -> dict[Term, int]:
        """What is remembered of a history."""
        if self._count > _MOST_KNOWN:
            self._known.clear()
            self._count = 0
        known = self._known.get((scope, history))
        if known is None:
            known = self._known[scope, history] = {EVERYTHING: posting_key(scope, history, EVERYTHING)}
            self._count += 1
        return known


def posting_key(scope: str, history: str, term: Term) -> int:
    """The number of a term in the history of a scope."""
    text = f"{scope}\0{history}\0{term[0]}\0{term[1]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


def pack_postings(postings: Sequence[tuple[int, int, bytes, int]]) -> bytes:
    """What a block's records are found by, to remove it."""
    return pack(postings, level=_LEVEL)


def unpack_postings(data: bytes) -> list[tuple[int, int, bytes, int]]:
    """The same, back."""
    return unpack(data, _decode_postings) if data else []
