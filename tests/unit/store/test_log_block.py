"""Blocks of log events, packed and merged. Spec: CON-4.0 (X1, X2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.store.log_block import BlockEvent, BlockSpan, merge_blocks, pack_events, unpack_events, unpack_some

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[int, int]

PLACES = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), min_size=1, max_size=8), max_size=6)


def merged(blocks: list[list[Place]], *, descending: bool, opened: list[int] | None = None) -> Iterator[Place]:
    sorted_blocks = [sorted(block) for block in blocks]
    spans = [BlockSpan(number, block[0], block[-1]) for number, block in enumerate(sorted_blocks)]
    spans.sort(key=lambda span: span.last if descending else span.first, reverse=descending)

    def open_block(span: BlockSpan) -> Iterator[Place]:
        if opened is not None:
            opened.append(span.number)
        return iter(sorted(sorted_blocks[span.number], reverse=descending))

    return merge_blocks(spans, open_block, lambda place: place, descending=descending)


@given(PLACES, st.booleans())
def test_what_overlaps_comes_in_order(blocks: list[list[Place]], descending: bool) -> None:
    found = list(merged(blocks, descending=descending))
    assert found == sorted((place for block in blocks for place in block), reverse=descending)


def test_a_block_is_opened_when_its_turn_has_come() -> None:
    opened: list[int] = []
    places = merged([[(1, 0), (5, 0)], [(4, 0), (6, 0)], [(9, 0)]], descending=False, opened=opened)
    assert next(places) == (1, 0)
    assert opened == [0]
    assert [next(places) for _ in range(3)] == [(4, 0), (5, 0), (6, 0)]
    assert opened == [0, 1]


@pytest.mark.parametrize("places", [set(), {0}, {1, 2}, {0, 1, 2, 7}])
def test_some_events_of_a_block(places: set[int]) -> None:
    events = [BlockEvent(number, number, 9, 1, "text") for number in range(3)]
    packed = pack_events(events)
    assert unpack_events(packed) == events
    assert unpack_some(packed, places) == [event for place, event in enumerate(events) if place in places]
