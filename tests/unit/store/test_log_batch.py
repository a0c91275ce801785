"""Large calls: log events that are packed together until they go into blocks. Spec: AR-5."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tocsin.app.store_port import Packing
from tocsin.core.scope import Scope
from tocsin.store.log_batch import LEAST_EVENTS, batches_of, bytes_of, unpack_batch, unpack_minutes
from tocsin.store.log_block import MOST_BYTES, MOST_EVENTS
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = Scope("111122223333", "eu-west-1")
LATER = 10**15


def events(count: int, *, start: int = 0, step: int = 1_000, text: str = "event {}") -> list[tuple[int, str]]:
    return [(start + place * step, text.format(place)) for place in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path)) as opened:
        make_streams(opened)
        yield opened


def make_streams(store: SqliteStore) -> None:
    for stream in ("s", "t"):
        store.write(lambda writer, stream=stream: writer.logs.create_stream(HERE, "g", stream, at=1))


def put(store: SqliteStore, sent: list[tuple[int, str]], *, stream: str = "s", at: int = 1) -> range:
    return store.write(lambda writer: writer.logs.append(HERE, "g", stream, sent, ingested_at=at))


def messages(store: SqliteStore) -> list[str]:
    with store.read() as reader:
        return [event.message for event in reader.logs.events(HERE, "g", limit=100_000)]


def count_rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# ---------------------------------------------------------------- packing


@pytest.mark.parametrize(
    ("sent", "sizes"),
    [
        (events(LEAST_EVENTS - 1), []),
        (events(LEAST_EVENTS), [LEAST_EVENTS]),
        (events(LEAST_EVENTS, step=0), [LEAST_EVENTS]),
        (events(LEAST_EVENTS, start=10**9, step=-1), []),
        (events(2 * MOST_EVENTS + 1), [MOST_EVENTS, MOST_EVENTS, 1]),
        (events(120, text="x" * (MOST_BYTES // 50)), [50, 50, 20]),
        (events(LEAST_EVENTS, text="é" * (MOST_BYTES // 100)), [50, 50]),
    ],
    ids=["few", "enough", "at once", "falling", "many", "long", "bytes, not characters"],
)
def test_a_batch_holds_what_a_block_can_hold(sent: list[tuple[int, str]], sizes: list[int]) -> None:
    made = list(batches_of(sent, bytearray()))
    assert [len(one.events) for one in made] == sizes
    assert [event for one in made for event in one.events] == (sent if sizes else [])
    assert sum(one.size for one in made) == (bytes_of(sent) if sizes else 0)


def test_a_batch_gives_its_events_back() -> None:
    [made] = batches_of(events(LEAST_EVENTS, start=59_000, text="é{}"), bytearray(b"old"))
    found = unpack_batch(made.data, sequence=7, ingestion_time=5, stream=3)
    assert [(one.timestamp, one.message) for one in found] == made.events
    assert [one.sequence for one in found] == list(range(7, 7 + LEAST_EVENTS))
    assert {(one.ingestion_time, one.stream) for one in found} == {(5, 3)}
    assert unpack_minutes(made.minutes) == {0: 1, 1: 60, 2: LEAST_EVENTS - 61}


# ---------------------------------------------------------------- in the database


def test_a_large_call_is_one_row_until_it_is_packed(store: SqliteStore, path: Path) -> None:
    sent = events(LEAST_EVENTS)
    assert len(put(store, sent)) == LEAST_EVENTS
    assert (count_rows(path, "log_batch"), count_rows(path, "log_event")) == (1, 0)
    assert messages(store) == [message for _, message in sent]
    assert store.pack_logs(at=LATER) == Packing(packed=LEAST_EVENTS, loose=0)
    assert (count_rows(path, "log_batch"), count_rows(path, "log_block")) == (0, 1)
    assert messages(store) == [message for _, message in sent]


def test_small_and_large_calls_share_blocks_and_their_order(store: SqliteStore) -> None:
    put(store, [(50_500, "between")], stream="t")
    put(store, events(200))
    put(store, [(150_500, "later")], stream="t")
    expected = [message for _, message in sorted([*events(200), (50_500, "between"), (150_500, "later")])]
    assert messages(store) == expected
    assert store.pack_logs(at=LATER) == Packing(packed=202, loose=0)
    assert messages(store) == expected


@pytest.mark.parametrize("is_row_first", [True, False])
def test_what_has_waited_longest_is_packed_first(store: SqliteStore, is_row_first: bool) -> None:
    calls = [[(1, "alone")], events(MOST_EVENTS)]
    for at, sent in enumerate(calls if is_row_first else calls[::-1]):
        put(store, sent, at=at)
    first = 1 if is_row_first else MOST_EVENTS
    assert store.pack_logs(at=LATER) == Packing(packed=first, loose=MOST_EVENTS + 1 - first)
    assert store.pack_logs(at=2 * LATER) == Packing(packed=MOST_EVENTS + 1 - first, loose=0)


def test_sequences_go_on_after_a_batch(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        make_streams(store)
        used = put(store, events(LEAST_EVENTS))
    with closing(SqliteStore(path)) as again:
        assert put(again, [(1, "one more")]).start == used.stop


def test_a_damaged_batch_keeps_nothing_else_from_being_packed(store: SqliteStore, path: Path) -> None:
    put(store, events(600, text="good {}"))
    put(store, events(600, start=10**6, text="bad {}"))
    put(store, events(600, start=10**7, text="good {}"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE log_batch SET data = x'00' WHERE sequence = 601")
        connection.commit()
    assert store.pack_logs(at=LATER).packed == 600
    assert store.pack_logs(at=LATER).packed == 600
    assert store.pack_logs(at=2 * LATER) == Packing(packed=0, loose=600)
    store.write(lambda writer: writer.logs.expire(HERE, "g", before=10**8))
    assert (messages(store), count_rows(path, "log_batch")) == ([], 0)
