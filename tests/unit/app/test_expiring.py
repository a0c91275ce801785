"""Definitions that are kept until a time. Spec: SNS-4.1, SNS-2.7, WIRE-5.12."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.app.expiring import ExpiringDefinitions
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")


class Thing(msgspec.Struct, frozen=True):
    """Something to keep."""

    value: str


THINGS = ExpiringDefinitions("thing", Thing)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def put(store: MemoryStore, name: str, value: str, *, now: int, until: int) -> None:
    store.write(lambda writer: THINGS.put(writer, HERE, name, Thing(value), now=now, until=until))


def get(store: MemoryStore, name: str, *, now: int) -> str | None:
    with store.read() as reader:
        found = THINGS.get(reader, HERE, name, now=now)
    return None if found is None else found.value


def left(store: MemoryStore) -> tuple[int, int]:
    with store.read() as reader:
        return reader.count("thing", HERE), reader.count("thing-end", HERE)


def test_it_is_there_until_it_ends(store: MemoryStore) -> None:
    put(store, "a", "x", now=0, until=10)
    assert [get(store, "a", now=now) for now in (0, 9, 10)] == ["x", "x", None]
    assert get(store, "b", now=0) is None


def test_what_has_ended_goes_when_something_is_kept(store: MemoryStore) -> None:
    for number in range(10):
        put(store, f"old{number}", "x", now=0, until=10)
    for number in range(5):
        put(store, f"new{number}", "y", now=20, until=30)
    assert left(store) == (5, 5)
    assert get(store, "new0", now=20) == "y"


def test_one_that_is_kept_again_lasts_longer(store: MemoryStore) -> None:
    put(store, "a", "x", now=0, until=10)
    put(store, "a", "y", now=5, until=50)
    put(store, "b", "z", now=20, until=30)
    assert get(store, "a", now=20) == "y"
    put(store, "c", "z", now=60, until=70)
    assert left(store) == (1, 1)


def test_all_that_begin_so_are_removed(store: MemoryStore) -> None:
    for name in ("a\0one", "a\0two", "ab\0one"):
        put(store, name, "x", now=0, until=10)
    store.write(lambda writer: THINGS.delete_all(writer, HERE, prefix="a\0"))
    assert [get(store, name, now=0) for name in ("a\0one", "a\0two", "ab\0one")] == [None, None, "x"]
    assert left(store) == (1, 1)


def test_ends_of_those_that_last(store: MemoryStore) -> None:
    for number, until in enumerate((30, 10, 20)):
        put(store, f"a\0{number}", "x", now=0, until=until)
    put(store, "b\0", "x", now=0, until=15)
    with store.read() as reader:
        assert THINGS.ends(reader, HERE, prefix="a\0", now=0) == [10, 20, 30]
        assert THINGS.ends(reader, HERE, prefix="a\0", now=10) == [20, 30]
