"""Writing without waiting, in every store. Spec: AR-7, WIRE-4.7."""

from __future__ import annotations

import threading

import pytest

from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")


def names(store) -> list[str]:
    with store.read() as reader:
        return [name for name, _ in reader.scan("topic", HERE)]


def test_it_is_possible_while_nobody_writes(store) -> None:
    with store.at_once() as is_possible:
        assert is_possible
        store.write(lambda writer: writer.put("topic", HERE, "a", b"1"))
        store.write(lambda writer: writer.put("topic", HERE, "b", b"1"))
    assert names(store) == ["a", "b"]


def test_it_is_not_while_somebody_writes(store) -> None:
    busy, go = threading.Event(), threading.Event()

    def slow(writer) -> None:
        writer.put("topic", HERE, "slow", b"1")
        busy.set()
        assert go.wait(20)

    thread = threading.Thread(target=store.write, args=(slow,))
    thread.start()
    assert busy.wait(20)
    with store.at_once() as is_possible:
        assert not is_possible
    go.set()
    thread.join(20)
    assert names(store) == ["slow"]


def test_others_write_when_the_block_has_ended(store) -> None:
    thread = threading.Thread(target=store.write, args=(lambda writer: writer.put("topic", HERE, "b", b"1"),))
    with store.at_once():
        thread.start()
        store.write(lambda writer: writer.put("topic", HERE, "a", b"1"))
    thread.join(20)
    assert names(store) == ["a", "b"]


def test_what_fails_in_it_leaves_nothing(store) -> None:
    def fails(writer) -> None:
        writer.put("topic", HERE, "x", b"1")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), store.at_once():
        store.write(fails)
    store.write(lambda writer: writer.put("topic", HERE, "a", b"1"))
    assert names(store) == ["a"]
