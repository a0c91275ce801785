"""Definitions, transactions and views: what every store promises. Spec: AR-5, AR-7."""

from __future__ import annotations

import threading

import pytest

from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
ELSEWHERE = Scope("444455556666", "eu-west-1")


def put(store, *names: str, scope: Scope = HERE, kind: str = "topic") -> None:
    store.write(lambda writer: [writer.put(kind, scope, name, name.encode()) for name in names])


def names(store, **how) -> list[str]:
    with store.read() as reader:
        return [name for name, _ in reader.scan("topic", HERE, **how)]


def test_what_was_put_is_got(store) -> None:
    put(store, "a")
    with store.read() as reader:
        assert reader.get("topic", HERE, "a") == b"a"
        assert reader.get("topic", THERE, "a") is None
        assert reader.get("alarm", HERE, "a") is None
        assert reader.get("topic", HERE, "b") is None


def test_put_replaces(store) -> None:
    put(store, "a")
    store.write(lambda writer: writer.put("topic", HERE, "a", b"new"))
    with store.read() as reader:
        assert reader.scan("topic", HERE) == [("a", b"new")]


def test_delete_tells_whether_there_was_one(store) -> None:
    put(store, "a")
    assert store.write(lambda writer: writer.delete("topic", HERE, "a")) is True
    assert store.write(lambda writer: writer.delete("topic", HERE, "a")) is False
    assert names(store) == []


ODD = ["", "A", "a", "a%", "a_", "a\0b", "ab", "aé", "a\uffff", "a\U0001f514", "b"]


def test_names_come_in_the_order_of_their_utf_8(store) -> None:
    put(store, *reversed(ODD))
    assert names(store) == sorted(ODD, key=lambda name: name.encode())


@pytest.mark.parametrize("prefix", ["", "a", "a%", "a_", "a\0", "aé", "a\uffff", "a\U0001f514", "c"])
def test_prefix(store, prefix: str) -> None:
    put(store, *ODD)
    wanted = sorted((name for name in ODD if name.startswith(prefix)), key=lambda name: name.encode())
    assert names(store, prefix=prefix) == wanted
    with store.read() as reader:
        assert reader.count("topic", HERE, prefix=prefix) == len(wanted)


@pytest.mark.parametrize("prefix", ["", "a", "a%", "a_", "a\0", "aé", "a\uffff", "a\U0001f514", "a\U0010ffff", "c"])
def test_descending_order_is_the_opposite_one(store, prefix: str) -> None:
    put(store, *ODD, "a\U0010ffff\U0010ffff", "\U0010ffff")
    assert names(store, prefix=prefix, descending=True) == names(store, prefix=prefix)[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_descending_pages_give_every_name_once(store, size: int) -> None:
    put(store, *ODD)
    found: list[str] = []
    page = names(store, prefix="a", descending=True, limit=size)
    while page:
        found += page
        page = names(store, prefix="a", descending=True, limit=size, after=page[-1])
    assert found == names(store, prefix="a")[::-1]


def test_descending_begins_before_a_name_that_is_not_there(store) -> None:
    put(store, "a1", "a3", "b")
    assert names(store, prefix="a", descending=True, after="a2") == ["a1"]
    assert names(store, prefix="a", descending=True, after="c") == ["a3", "a1"]
    assert names(store, prefix="a", descending=True, after="a1") == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_give_every_name_once(store, size: int) -> None:
    put(store, *ODD)
    found: list[str] = []
    page = names(store, limit=size)
    while page:
        found += page
        page = names(store, limit=size, after=page[-1])
    assert found == sorted(ODD, key=lambda name: name.encode())


def test_deletion_between_pages_skips_nothing(store) -> None:
    put(store, "a", "b", "c", "d")
    assert names(store, limit=2) == ["a", "b"]
    store.write(lambda writer: [writer.delete("topic", HERE, name) for name in ("a", "b")])
    assert names(store, limit=2, after="b") == ["c", "d"]


def test_after_and_prefix_together(store) -> None:
    put(store, *ODD)
    assert names(store, prefix="a", after="a_", limit=2) == ["ab", "aé"]
    assert names(store, prefix="b", after="a") == ["b"]


def test_scan_all_gives_every_scope(store) -> None:
    for scope in (THERE, HERE, ELSEWHERE):
        put(store, "x", scope=scope)
    with store.read() as reader:
        assert list(reader.scan_all("topic")) == [(HERE, "x", b"x"), (THERE, "x", b"x"), (ELSEWHERE, "x", b"x")]


def test_scopes_are_strangers(store) -> None:
    put(store, "a", scope=HERE)
    put(store, "b", scope=THERE)
    assert names(store) == ["a"]


def test_what_fails_leaves_no_trace(store) -> None:
    put(store, "kept", "changed")

    def work(writer) -> None:
        writer.put("topic", HERE, "new", b"1")
        writer.put("topic", HERE, "changed", b"other")
        writer.delete("topic", HERE, "kept")
        assert writer.get("topic", HERE, "new") == b"1"  # a work reads what it wrote
        assert [name for name, _ in writer.scan("topic", HERE)] == ["changed", "new"]
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        store.write(work)
    with store.read() as reader:
        assert reader.scan("topic", HERE) == [("changed", b"changed"), ("kept", b"kept")]


def test_a_work_after_a_failed_one_is_kept(store) -> None:
    def fail(_writer) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        store.write(fail)
    put(store, "a")
    assert names(store) == ["a"]


def test_write_gives_the_result(store) -> None:
    assert store.write(lambda _writer: 42) == 42


def test_version_changes_with_every_change_of_its_kind(store) -> None:
    def version(kind: str = "topic") -> int:
        with store.read() as reader:
            return reader.version(kind)

    seen = [version()]
    for change in (
        lambda: put(store, "a"),
        lambda: put(store, "a", scope=ELSEWHERE),
        lambda: store.write(lambda writer: writer.delete("topic", HERE, "a")),
        lambda: store.write(lambda writer: writer.reset()),
    ):
        change()
        seen.append(version())
    assert len(set(seen)) == len(seen)
    other = version("alarm")
    put(store, "b")
    assert version("alarm") == other


def test_a_change_of_any_definition_shows_without_a_view(store) -> None:
    seen = [store.changes()]
    for change in (
        lambda: put(store, "a"),
        lambda: put(store, "a", scope=ELSEWHERE),
        lambda: store.write(lambda writer: writer.put("alarm", HERE, "a", b"")),
        lambda: store.write(lambda writer: writer.delete("topic", HERE, "a")),
        lambda: store.write(lambda writer: writer.reset()),
    ):
        change()
        seen.append(store.changes())
    assert len(set(seen)) == len(seen)


def test_what_is_no_definition_is_no_change(store) -> None:
    put(store, "a")
    before = store.changes()
    store.write(lambda writer: writer.delete("topic", HERE, "b"))
    store.write(lambda writer: writer.logs.create_stream(HERE, "group", "stream", at=0))
    with store.read() as reader:
        reader.get("topic", HERE, "a")
    assert store.changes() == before


def test_version_stays_where_nothing_was_deleted(store) -> None:
    put(store, "a")
    with store.read() as reader:
        before = reader.version("topic")
    store.write(lambda writer: writer.delete("topic", HERE, "none"))
    with store.read() as reader:
        assert reader.version("topic") == before


def test_reset_of_a_scope_leaves_the_others(store) -> None:
    put(store, "a", scope=HERE)
    put(store, "b", scope=THERE)
    store.write(lambda writer: writer.reset(HERE))
    with store.read() as reader:
        assert [(scope, name) for scope, name, _ in reader.scan_all("topic")] == [(THERE, "b")]
    store.write(lambda writer: writer.reset())
    with store.read() as reader:
        assert list(reader.scan_all("topic")) == []


def test_many_threads_lose_nothing(store) -> None:
    def count_up() -> None:
        for _ in range(25):
            store.write(
                lambda writer: writer.put(
                    "number", HERE, "n", str(int(writer.get("number", HERE, "n") or b"0") + 1).encode()
                )
            )

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as reader:
        assert reader.get("number", HERE, "n") == b"200"


def test_a_failing_work_does_not_harm_its_neighbours(store) -> None:
    barrier = threading.Barrier(8)
    failed: list[int] = []

    def run(number: int) -> None:
        def work(writer) -> None:
            writer.put("topic", HERE, str(number), b"")
            if number % 2:
                raise LookupError

        barrier.wait()
        try:
            store.write(work)
        except LookupError:
            failed.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(failed) == [1, 3, 5, 7]
    assert names(store) == ["0", "2", "4", "6"]


def test_check_is_content(store) -> None:
    store.check()


def test_a_version_that_was_undone_never_comes_back(store) -> None:
    seen: list[int] = []

    def work(writer, *, fails: bool) -> None:
        writer.put("topic", HERE, "a", b"")
        seen.append(writer.version("topic"))
        if fails:
            raise LookupError

    with pytest.raises(LookupError):
        store.write(lambda writer: work(writer, fails=True))
    store.write(lambda writer: work(writer, fails=False))
    assert len(set(seen)) == 2
