"""The database file: what is refused, what survives, how it is copied. Spec: AR-5, AR-7, WIRE-7.7."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import pytest

from tocsin.app.store_port import Packing
from tocsin.core.alarm.state_hour import HOUR_MS
from tocsin.core.log_event import Term
from tocsin.core.metric import MetricKey
from tocsin.core.scope import Scope
from tocsin.errors import StoreBusyError, StoreError
from tocsin.store import sqlite_checkpoint, sqlite_log_packing, sqlite_writer
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite_schema import APPLICATION_ID, MIGRATIONS, migrate

HERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.sqlite3"


def names(store: SqliteStore) -> list[str]:
    with store.read() as reader:
        return [name for name, _ in reader.scan("topic", HERE)]


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.put("topic", HERE, "a", b"1"))
    store.close()
    again = SqliteStore(path)
    assert names(again) == ["a"]
    again.close()
    assert [file.name for file in path.parent.iterdir()] == ["tocsin.sqlite3"]  # the write-ahead log was folded in


def test_sequences_go_on_after_reopening_even_when_events_are_gone(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    used = store.write(lambda writer: writer.logs.append(HERE, "g", "s", [(1, "a"), (2, "b")], ingested_at=1))
    store.write(lambda writer: writer.logs.delete_group(HERE, "g"))
    store.close()
    again = SqliteStore(path)
    again.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    new = again.write(lambda writer: writer.logs.append(HERE, "g", "s", [(3, "c")], ingested_at=1))
    again.close()
    assert new.start >= used.stop


def test_every_older_schema_is_brought_up_to_date(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for version in range(1, len(MIGRATIONS) + 1):
        migrate(connection, MIGRATIONS[:version])
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    connection.close()
    SqliteStore(path).close()


def _filled_with_history(path: Path, kept: int, *, version: int = len(MIGRATIONS)) -> None:
    """So many items, evaluations and hours of each of two ages: 0 to 9, which are too old, and from 100 on."""
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, MIGRATIONS[:version])
    ages = [*range(10), *range(100, 100 + kept)]
    connection.executemany(
        "INSERT INTO history (scope, at, alarm_name, alarm_type, item_type, body) VALUES ('s', ?, 'a', 't', 'i', x'00')",
        [(age * HOUR_MS,) for age in ages],
    )
    connection.executemany(
        "INSERT INTO evaluation (scope, alarm_name, at, body) VALUES ('s', 'a', ?, x'00')",
        [(age * HOUR_MS,) for age in ages],
    )
    connection.executemany(
        "INSERT INTO state_hour VALUES ('s', ?, 'a', 'OK', 0, 'OK', 0, 0, 0, 0, 0)", [(age,) for age in ages]
    )
    connection.close()


def test_what_is_too_old_goes_without_a_look_at_what_stays(tmp_path: Path) -> None:
    steps: list[int] = []
    for kept in (100, 3_000):
        _filled_with_history(tmp_path / f"{kept}.sqlite3", kept)
        store = SqliteStore(tmp_path / f"{kept}.sqlite3")
        steps.append(0)

        def step() -> int:
            steps[-1] += 1
            return 0

        store._writing.set_progress_handler(step, 10)
        assert store.write(lambda writer: writer.history.expire(before=50 * HOUR_MS)) == 20
        store._writing.set_progress_handler(None, 0)
        for table in ("history", "evaluation", "state_hour"):
            assert store._writing.execute(f"SELECT count(*) FROM {table}").fetchone() == (kept,)
        store.close()
    assert steps[1] <= 1.2 * steps[0] + 5


def test_an_older_history_is_kept_and_expires_as_any_other(path: Path) -> None:
    _filled_with_history(path, 5, version=len(MIGRATIONS) - 1)
    store = SqliteStore(path)
    assert store._writing.execute("SELECT count(*) FROM history").fetchone() == (15,)
    assert store.write(lambda writer: writer.history.expire(before=50 * HOUR_MS)) == 20
    assert store._writing.execute("SELECT min(hour) FROM state_hour").fetchone() == (100,)
    store.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*MIGRATIONS, "CREATE TABLE extra (x INTEGER) STRICT;\nCREATE TABLE seen (x INTEGER);\n"))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    connection.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="version 99") as caught:
        SqliteStore(path)
    assert "newer Tocsin" in caught.value.hint


def test_somebody_elses_database_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(StoreError, match="not made by Tocsin"):
        SqliteStore(path)


def test_what_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough to be looked at " * 10)
    with pytest.raises(StoreError, match="no SQLite database"):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "none" / "tocsin.sqlite3")


def test_a_damaged_database_is_told(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: [writer.put("topic", HERE, f"topic-{number}", b"x" * 500) for number in range(500)])
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        names(SqliteStore(path))


def test_a_lock_of_another_program_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "_TRIES", 2)
    store = SqliteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        store.write(lambda writer: writer.put("topic", HERE, "a", b""))
    other.execute("ROLLBACK")
    other.close()
    store.write(lambda writer: writer.put("topic", HERE, "b", b""))  # it goes on when the lock is gone
    assert names(store) == ["b"]
    store.close()


def test_a_full_queue_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "_MOST_WAITING", 1)
    monkeypatch.setattr(sqlite_writer, "_PATIENCE", 0.01)
    store = SqliteStore(path)
    go, busy = threading.Event(), threading.Event()

    def slow(_writer) -> None:
        busy.set()
        go.wait(10)

    first = threading.Thread(target=store.write, args=(slow,))
    first.start()
    busy.wait(10)
    second = threading.Thread(target=store.write, args=(lambda writer: writer.put("topic", HERE, "a", b""),))
    second.start()
    for _ in range(1000):  # until the second work has taken the only place
        if store._commits._waiting:
            break
        threading.Event().wait(0.01)
    with pytest.raises(StoreBusyError):
        store.write(lambda _writer: None)
    go.set()
    first.join()
    second.join()
    assert names(store) == ["a"]
    store.close()


def test_a_file_that_is_gone_takes_nothing_until_it_is_back(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.put("topic", HERE, "a", b""))
    away = path.with_suffix(".away")
    path.rename(away)
    with pytest.raises(StoreError, match="removed or replaced"):
        store.write(lambda writer: writer.put("topic", HERE, "lost", b""))
    with pytest.raises(StoreError, match="removed or replaced"):
        names(store)  # a thread that has not read yet would make a file of its own
    assert not path.exists()
    path.write_bytes(b"another")
    with pytest.raises(StoreError, match="removed or replaced"):
        store.check()
    away.rename(path)
    store.check()
    assert names(store) == ["a"]
    store.close()


@pytest.mark.parametrize(("is_hurried", "tries"), [(False, 100), (True, 1)])
def test_a_database_that_another_program_holds_is_tried_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, is_hurried: bool, tries: int
) -> None:
    monkeypatch.setattr(sqlite_writer, "_PAUSE", 0.001)
    store = SqliteStore(path)
    if is_hurried:
        store.hurry()
    seen: list[str] = []
    store._writing.set_trace_callback(seen.append)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        store.write(lambda writer: writer.put("topic", HERE, "a", b""))
    assert seen.count("BEGIN IMMEDIATE") == tries
    other.execute("ROLLBACK")
    other.close()
    store.write(lambda writer: writer.put("topic", HERE, "b", b""))
    assert names(store) == ["b"]
    store.close()


def test_nothing_is_written_at_once_while_another_program_holds_the_database(path: Path) -> None:
    store = SqliteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with store.at_once() as is_possible:
        assert not is_possible
    other.execute("ROLLBACK")
    other.close()
    with store.at_once() as is_possible:
        assert is_possible
    store.close()


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


@pytest.fixture
def short_log(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sqlite_checkpoint, "_MOST_BYTES", 64 * 1024)
    monkeypatch.setattr(sqlite_checkpoint, "_LOOK_EVERY", 1)
    monkeypatch.setattr(sqlite_checkpoint, "_REST", 0.001)
    return 64 * 1024


def soon(holds: Callable[[], bool]) -> bool:
    for _ in range(2000):
        if holds():
            return True
        threading.Event().wait(0.005)
    return False


@pytest.mark.parametrize("at_once", [False, True])
def test_the_log_is_folded_and_begins_anew_while_somebody_writes_on(
    path: Path, short_log: int, *, at_once: bool
) -> None:
    store = SqliteStore(path)
    sizes: list[int] = []

    def put(number: int) -> None:
        with store.at_once() if at_once else nullcontext():
            store.write(lambda writer: writer.put("topic", HERE, f"topic-{number:04}", b"x" * 4000))
        sizes.append(log_size(path))

    number = 0
    while number < 3000 and sum(after < before for before, after in pairwise(sizes)) < 3:
        put(number)
        number += 1
    assert sum(after < before for before, after in pairwise(sizes)) >= 3
    assert max(sizes) > short_log
    assert names(store) == [f"topic-{one:04}" for one in range(number)]
    store.close()
    assert names(SqliteStore(path)) == [f"topic-{one:04}" for one in range(number)]


def test_a_log_that_somebody_reads_is_folded_when_that_is_over(path: Path, short_log: int) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.put("topic", HERE, "a", b""))
    with store.read() as reader:
        for number in range(100):
            store.write(lambda writer, number=number: writer.put("topic", HERE, "b", b"%d" % number * 2000))
        assert log_size(path) > short_log
        assert [name for name, _ in reader.scan("topic", HERE)] == ["a"]

    def begins_anew() -> bool:
        store.write(lambda writer: writer.put("topic", HERE, "c", b""))
        return log_size(path) < short_log

    assert soon(begins_anew)
    assert names(store) == ["a", "b", "c"]
    store.close()


def test_a_closed_store_refuses(path: Path) -> None:
    store = SqliteStore(path)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(lambda _writer: None)


def test_a_view_does_not_change_while_others_write(path: Path) -> None:
    store = SqliteStore(path)
    with store.read() as reader:
        store.write(lambda writer: writer.put("topic", HERE, "a", b""))
        assert reader.scan("topic", HERE) == []
    assert names(store) == ["a"]
    store.close()


def test_a_backup_made_while_others_write_is_whole(path: Path, tmp_path: Path) -> None:
    store = SqliteStore(path)
    stop = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            pair = f"{number:06}"
            store.write(lambda writer, pair=pair: [writer.put("topic", HERE, f"{side}{pair}", b"") for side in "ab"])
            number += 1

    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        store.back_up_to(tmp_path / "copy.sqlite3")
    finally:
        stop.set()
        thread.join()
    store.close()
    copy = SqliteStore(tmp_path / "copy.sqlite3")
    found = names(copy)
    copy.close()
    assert {name[1:] for name in found if name[0] == "a"} == {name[1:] for name in found if name[0] == "b"}


def test_the_file_says_whose_it_is(path: Path) -> None:
    SqliteStore(path).close()
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID


def test_terms_go_with_the_last_record_that_had_them(path: Path) -> None:
    record = record_of(1, "arn:s").replace("GetObject", "StopLogging")
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    store.write(lambda writer: writer.logs.append(HERE, "g", "s", [(5, record)], ingested_at=1))
    assert store.pack_logs(at=10**15) == Packing(packed=1, loose=0)
    assert store.write(lambda writer: writer.logs.expire(HERE, "g", before=6)) == 1
    with store.read() as reader:
        assert reader.logs.sighting(HERE, Term("event_name", "StopLogging")) is None
        assert reader.logs.stored_bytes(HERE, "g") == 0
    store.close()
    connection = sqlite3.connect(path)
    for table in ("term", "posting", "record_id", "log_block", "log_event", "log_batch", "activity", "companion"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    connection.close()


def test_a_damaged_block_goes_when_its_time_is_over(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    for time in (5, 6):
        store.write(lambda writer, time=time: writer.logs.append(HERE, "g", "s", [(time, "{}")], ingested_at=1))  # type: ignore[misc]
        store.pack_logs(at=10**15)
    store._writing.execute("UPDATE log_block SET data = zeroblob(9) WHERE first_time = 5")
    assert store.write(lambda writer: writer.logs.expire(HERE, "g", before=7)) == 2
    with store.read() as reader:
        assert list(reader.logs.events(HERE, "g", limit=10)) == []
    store.close()


def record_of(number: int, actor: str) -> str:
    return json.dumps(
        {"eventTime": "2026-01-01T00:00:00Z", "eventName": "GetObject", "eventID": f"e-{number}"}
        | {"userIdentity": {"arn": actor}}
    )


def test_events_are_packed_when_there_are_enough_or_after_a_minute(path: Path) -> None:
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    events = [(number, record_of(number, "arn:a")) for number in range(1_500)]
    store.write(lambda writer: writer.logs.append(HERE, "g", "s", events, ingested_at=1_000))
    assert store.pack_logs(at=2_000) == Packing(packed=1_000, loose=500)
    assert store.pack_logs(at=61_999) == Packing(packed=0, loose=500)
    assert store.pack_logs(at=62_000) == Packing(packed=500, loose=0)
    assert store.pack_logs(at=62_000) == Packing(packed=0, loose=0)
    store.close()


def test_a_block_of_events_that_went_meanwhile_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path)
    for stream in "st":
        store.write(lambda writer, stream=stream: writer.logs.create_stream(HERE, "g", stream, at=1))
        events = [(5, record_of(5, f"arn:{stream}"))]
        store.write(
            lambda writer, stream=stream, events=events: writer.logs.append(HERE, "g", stream, events, ingested_at=1)
        )

    def make_and_delete(connection: sqlite3.Connection, group: int):
        block = sqlite_log_packing.make_block(connection, group)
        store.write(lambda writer: writer.logs.delete_stream(HERE, "g", "s"))
        return block

    monkeypatch.setattr("tocsin.store.sqlite.make_block", make_and_delete)
    assert store.pack_logs(at=10**15).packed == 0
    monkeypatch.undo()
    assert store.pack_logs(at=10**15) == Packing(packed=1, loose=0)
    with store.read() as reader:
        assert [event.stream for event in reader.logs.events(HERE, "g", limit=10)] == ["t"]
        assert reader.logs.sighting(HERE, Term("actor", "arn:s")) is None
    store.close()


@pytest.mark.parametrize("most_known", [0, 20_000])
def test_terms_that_are_remembered_are_those_of_the_database(
    path: Path, most_known: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log_packing, "_MOST_KNOWN", most_known)
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))

    def add(time: int, actor: str) -> None:
        events = [(time, record_of(time, actor))]
        store.write(lambda writer: writer.logs.append(HERE, "g", "s", events, ingested_at=1))
        store.pack_logs(at=10**15)

    def seen(actor: str) -> tuple[int, ...] | None:
        with store.read() as reader:
            return reader.logs.sighting(HERE, Term("actor", actor))

    for time, actor in ((20, "a"), (10, "a"), (30, "b"), (40, "a")):
        add(time, actor)
    assert seen("a") == (10, 40)
    assert seen("b") == (30, 30)
    store.write(lambda writer: writer.logs.expire(HERE, "g", before=41))
    assert seen("a") is None
    with pytest.raises(ValueError, match="undone"):
        store.write(lambda _writer: (_ for _ in ()).throw(ValueError("undone")))
    add(50, "a")
    assert seen("a") == (50, 50)
    with store.read() as reader:
        found = reader.logs.look_up(HERE, [Term("actor", "a")], limit=10)
    assert [event.timestamp for event in found.events] == [50]
    store.close()


def test_a_look_up_stops_at_its_budget_and_goes_on(path: Path) -> None:
    record = '{{"eventTime":"2026-01-01T00:00:00Z","eventName":"StopLogging","eventID":"e-{}"}}'
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    for number in range(6):  # six blocks, two of which lie in one another
        times = [10, 20] if number == 3 else [number, number]
        events = [(time, record.format(f"{number}-{place}")) for place, time in enumerate(times)]
        store.write(lambda writer, events=events: writer.logs.append(HERE, "g", "s", events, ingested_at=1))
        store.pack_logs(at=10**15)
    found, before = [], None
    for _ in range(20):
        with store.read() as reader:
            page = reader.logs.look_up(HERE, [Term("event_name", "StopLogging")], before=before, limit=100, blocks=2)
        found += [event.place for event in page.events]
        before = page.searched_back_to
        if before is None:
            break
    store.close()
    assert len(found) == 12
    assert found == sorted(found, reverse=True)


WRITES = """
import os, sys
from pathlib import Path
from threading import Thread
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric import MetricKey
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

here = Scope("111122223333", "eu-west-1")
store = SqliteStore(Path(sys.argv[1]))
key = MetricKey.of("N", "m")

def run(thread):
    number = 0
    while True:
        number += 1
        text = f"{os.getpid()}-{thread}-{number}"
        def work(writer):
            if writer.logs.stream(here, "g", "s") is None:
                writer.logs.create_stream(here, "g", "s", at=1)
            writer.logs.append(here, "g", "s", [(number, text)], ingested_at=1)
            writer.metrics.add(here, [MetricDatum(key=key, timestamp=0, statistics=StatisticSet.of(1.0))])
        store.write(work)
        if number % 7 == 0:
            store.pack_logs(at=10**15)
        os.write(1, (text + "\\n").encode())

for thread in range(3):
    Thread(target=run, args=(thread,)).start()
"""


def test_what_was_acknowledged_survives_being_killed(path: Path) -> None:
    acknowledged: set[str] = set()
    for lines in (1, 90, 17, 140, 3, 61):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITES), str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(lines):
            acknowledged.add(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        acknowledged.update(line.strip() for line in process.stdout if line.endswith("\n"))
        process.stdout.close()
        process.wait()
    store = SqliteStore(path)
    with store.read() as reader:
        kept = [event.message for event in reader.logs.events(HERE, "g", limit=100_000)]
        (point,) = reader.metrics.data(HERE, MetricKey.of("N", "m"), start=0, end=1)
    store.close()
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
    assert point.statistics.sum == len(kept)  # event and datum came together, or not at all
