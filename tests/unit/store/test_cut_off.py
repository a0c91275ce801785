"""Reads that take too long give up, and leave nothing behind. Spec: CON-8.9, CON-10.4."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.app.store_port import Store
from tocsin.clock import ManualClock, SystemClock
from tocsin.core.scope import Scope
from tocsin.errors import CutOffError
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore
from tocsin.time_limit import time_limit

HERE = Scope("111122223333", "eu-west-1")
_ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "tocsin.sqlite3")
    yield made
    made.close()


def _run(reader: Any, statement: str) -> Any:
    connection: sqlite3.Connection = reader.connection
    return connection.execute(statement).fetchone()


def test_a_statement_without_end_is_given_up(store: SqliteStore) -> None:
    began = time.monotonic()
    with pytest.raises(CutOffError), time_limit(SystemClock(), 0.05), store.read() as reader:
        _run(reader, _ENDLESS)
    assert time.monotonic() - began < 5


def test_the_next_view_is_of_its_own_moment_and_has_time_of_its_own(store: SqliteStore) -> None:
    with pytest.raises(CutOffError), time_limit(SystemClock(), 0.05), store.read() as reader:
        _run(reader, _ENDLESS)
    store.write(lambda writer: writer.put("k", HERE, "n", b"1"))
    with store.read() as reader:
        assert reader.get("k", HERE, "n") == b"1"
        # Many times the steps after which a statement looks at the clock.
        assert _run(reader, _ENDLESS.replace("FROM n)", "FROM n WHERE i < 100000)")) == (100_000,)


def test_what_is_written_is_never_cut_off(store: SqliteStore) -> None:
    with time_limit(ManualClock(datetime(2026, 3, 14, tzinfo=UTC)), 0.0):
        store.write(lambda writer: writer.put("k", HERE, "n", b"1"))
    with store.read() as reader:
        assert reader.get("k", HERE, "n") == b"1"


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_no_view_is_begun_when_the_time_is_over(kind: str, store: SqliteStore) -> None:
    chosen: Store = store if kind == "sqlite" else MemoryStore()
    clock = ManualClock(datetime(2026, 3, 14, tzinfo=UTC))
    with time_limit(clock, 2.0):
        with chosen.read():
            clock.advance(2.0)
        with pytest.raises(CutOffError), chosen.read():
            pass
