"""What is derived from definitions is made once for each version of them (AR-5)."""

from __future__ import annotations

from tocsin.app.by_version import ByVersion
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")


def test_a_value_is_made_again_when_what_it_rests_on_has_changed() -> None:
    store = MemoryStore()
    kept: ByVersion[str, int] = ByVersion("alarm", "topic")
    made: list[str] = []

    def get(key: str = "a", turn: int = 0) -> None:
        with store.read() as reader:
            kept.get(reader, key, lambda: made.append(key) or len(made), turn=turn)

    get()
    get()
    get("b")
    assert made == ["a", "b"]
    store.write(lambda writer: writer.put("other", HERE, "x", b""))
    get()
    assert made == ["a", "b"]
    store.write(lambda writer: writer.put("topic", HERE, "x", b""))
    get()
    get()
    assert made == ["a", "b", "a"]
    get(turn=1)
    assert made == ["a", "b", "a", "a"]


def test_its_tag_is_another_one_then() -> None:
    store = MemoryStore()
    kept: ByVersion[str, int] = ByVersion("alarm")
    with store.read() as reader:
        tags = [kept.tag(reader), kept.tag(reader), kept.tag(reader, turn=1)]
    store.write(lambda writer: writer.put("alarm", HERE, "x", b""))
    with store.read() as reader:
        tags.append(kept.tag(reader))
    assert tags[0] == tags[1]
    assert len(set(tags)) == 3


def test_it_keeps_no_more_than_it_may() -> None:
    kept: ByVersion[int, int] = ByVersion()
    with MemoryStore().read() as reader:
        for key in range(1_000):
            kept.get(reader, key, lambda: 1)
    assert len(kept._known) <= 200
