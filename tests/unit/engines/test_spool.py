"""Matches kept on disk, to be read in the order of the files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tocsin.engines.spool import Spool, SpoolFolder


class Item(msgspec.Struct, frozen=True, array_like=True):
    text: str


def test_items_come_back_by_place_and_then_in_order() -> None:
    with SpoolFolder() as folder:
        first, second = Spool(folder, Item), Spool(folder, Item)
        second.keep(7, Item("c"))
        first.keep(10, Item("d"))
        first.keep(2, Item("a"))
        first.keep(2, Item("b\n é"))
        first.close()
        second.close()
        assert [item.text for item in Spool(folder, Item).items()] == ["a", "b\n é", "c", "d"]


def test_items_of_one_place_can_be_taken_once() -> None:
    with SpoolFolder() as folder:
        spool = Spool(folder, Item)
        spool.keep(3, Item("x"))
        spool.close()
        assert [list(spool.take(place)) for place in (3, 3, 4)] == [[Item("x")], [], []]


def test_nothing_is_left_on_disk() -> None:
    with SpoolFolder() as folder:
        spool = Spool(folder, Item)
        spool.keep(0, Item("x"))
        assert list(spool.items()) == [Item("x")]
    assert not Path(folder).exists()
