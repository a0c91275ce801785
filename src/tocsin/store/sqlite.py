"""The store on disk: one SQLite database. Spec: AR-5, AR-7, CON-4.0.

Rule: what `write` has returned survives the death of the process at any instruction. A power cut may lose the
last moments, and never damages what lies before: that is `synchronous = NORMAL` with a write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tocsin.app.store_port import Packing
from tocsin.errors import StoreError
from tocsin.store.loose_terms import LooseTerms
from tocsin.store.sqlite_calls import SqliteCallReader, SqliteCallWriter
from tocsin.store.sqlite_checkpoint import Checkpoints
from tocsin.store.sqlite_definitions import SqliteDefinitionReader, SqliteDefinitionWriter, VersionNumbers
from tocsin.store.sqlite_error import told
from tocsin.store.sqlite_event_counts import SqliteEventCountReader, SqliteEventCountWriter
from tocsin.store.sqlite_history import SqliteHistoryReader, SqliteHistoryWriter
from tocsin.store.sqlite_log_packing import EventsGoneError, make_block
from tocsin.store.sqlite_log_reader import SqliteLogReader
from tocsin.store.sqlite_log_writer import SqliteLogWriter
from tocsin.store.sqlite_metrics import SqliteMetricReader, SqliteMetricWriter
from tocsin.store.sqlite_outbox import (
    SqliteOutboxReader,
    SqliteOutboxWriter,
    SqliteSourceReader,
    SqliteSourceWriter,
)
from tocsin.store.sqlite_record_writer import SqliteRecordWriter
from tocsin.store.sqlite_records import SqliteRecordReader
from tocsin.store.sqlite_schema import migrate, require_newest
from tocsin.store.sqlite_scope import NOWHERE
from tocsin.store.sqlite_writer import GroupCommit
from tocsin.time_limit import is_time_limited, is_time_over, require_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

Result = TypeVar("Result")

# Another program, such as a backup, may hold the database for a moment. Who writes tries several times, so that
# the service need not wait for so long when it is to end.
_BUSY_MS = 5_000

_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
)


# Steps of SQLite's machine, some tenths of a millisecond, after which a statement looks whether its time is over. Each
# look has to wait for the other threads of Python.
_STEPS_OF_A_LOOK = 20_000

# Pages that a connection keeps, in KiB. Each thread has one to read with, and the system keeps the file too.
_WRITING_CACHE = 10_000
_READING_CACHE = 2_000


class SqliteStore:
    """`app.store_port.Store` over one database file, which is made when it is not there.

    Raises:
        StoreError: it cannot be opened, is damaged, not Tocsin's, or of a newer version.
    """

    def __init__(self, path: Path, *, migrates: bool = True) -> None:
        """Without `migrates` a database of an older version is left as it is: somebody may be using it."""
        self._path = path
        self._file = str(path)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._loose_terms = LooseTerms()
        self._lock = threading.Lock()
        with told(path):
            connection = self._connect(cache=_WRITING_CACHE)
            try:
                if migrates:
                    migrate(connection)
                else:
                    require_newest(connection)
                _require_writable(connection)
            except BaseException:
                connection.close()
                raise
            self._identity = _identity(self._file)
            connection.execute("PRAGMA busy_timeout = 0")
            self._writing = connection
            self._numbers = VersionNumbers()
            self._changes = 0
            self._commits = GroupCommit(
                connection, lambda: _Writer(connection, self._numbers), committed=self._note_commit
            )
            self._checkpoints = Checkpoints(
                path,
                writing=connection,
                alone=self._commits.alone,
                connect=self._connect_to_read,
            )

    @contextmanager
    def read(self) -> Iterator[StoreReader]:
        """A view of what was committed when the block was entered."""
        require_time()
        with told(self._path):
            reader = getattr(self._local, "reader", None)
            if reader is None:
                connection = self._connect_to_read()
                with self._lock:
                    self._readers.append(connection)
                reader = self._local.reader = _Reader(connection, self._loose_terms)
            connection = reader.connection
            if connection.in_transaction:  # a view within a view is of the same moment
                yield reader
                return
            connection.execute("BEGIN")
            try:
                connection.execute("SELECT number FROM version LIMIT 1").fetchone()  # the moment begins here
                if is_time_limited():
                    connection.set_progress_handler(is_time_over, _STEPS_OF_A_LOOK)
                yield reader
            finally:
                connection.set_progress_handler(None, 0)  # the end of a view is not to be cut off
                connection.execute("COMMIT")

    def write(self, work: Callable[[StoreWriter], Result]) -> Result:
        """Run `work` alone, and give its result when it is committed."""
        self._require_file()
        with told(self._path):
            return self._commits.write(work)

    @contextmanager
    def at_once(self) -> Iterator[bool]:
        """Whether this thread can write without waiting, for as long as the block lasts (`GroupCommit.take_turn`)."""
        is_mine = self._commits.take_turn()
        try:
            yield is_mine
        finally:
            if is_mine:
                self._commits.end_turn()

    def changes(self) -> int:
        """A number that is another one once a definition has been changed through here."""
        return self._changes

    def _note_commit(self) -> None:
        # After the commit: who has seen the new number must not find what was there before.
        self._changes = self._numbers.last
        self._checkpoints.note_commit()

    def pack_logs(self, *, at: int) -> Packing:
        """Make one block of loose log events, if some are due; most of the work is done beside that of others."""
        with told(self._path):
            return self._pack_logs(at)

    def _pack_logs(self, at: int) -> Packing:
        loose, group_id = self._commits.write(lambda writer: writer.logs.loose(at=at))
        if group_id is None:
            return Packing(0, loose)
        with self.read() as reader:
            assert isinstance(reader, _Reader)
            block = make_block(reader.connection, group_id)
        if block is None:
            return Packing(0, loose)
        try:
            self._commits.write(lambda writer: writer.logs.keep_block(block, at=at))
        except EventsGoneError:
            return Packing(0, loose)
        return Packing(len(block.events), loose - len(block.events))

    def check(self) -> None:
        """Write and read something that means nothing. Only what is really written says that there is room."""
        self._require_file()
        with told(self._path):
            self._commits.write(lambda writer: writer.touch())
        with self.read() as reader:
            reader.get("check", NOWHERE, "")

    def hurry(self) -> None:
        """Wait for no other program any more: the service is to end."""
        self._commits.hurry()

    def close(self) -> None:
        """Do what waits, fold the write-ahead log into the database, and let go of the file."""
        self._checkpoints.close()
        self._commits.close()
        with told(self._path), self._lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writing.close()

    def back_up_to(self, path: Path) -> None:
        """A copy of the database of one moment, made while others read and write."""
        copy_database(self._path, path)

    def _require_file(self) -> None:
        """What is written to a file that has no name any more is lost when it is closed."""
        if _identity(self._file) != self._identity:
            raise StoreError(
                f"the database {self._path} cannot be used: it was removed or replaced while it was in use",
                hint="move it back, or stop the service and start it again",
            )

    def _connect_to_read(self) -> sqlite3.Connection:
        self._require_file()  # SQLite would make another one
        return self._connect(cache=_READING_CACHE)

    def _connect(self, *, cache: int) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=256)
        try:
            for pragma in (*_PRAGMAS, f"PRAGMA cache_size = -{cache}"):
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection


def _require_writable(connection: sqlite3.Connection) -> None:
    """SQLite opens a file that may not be written all the same, and says so only when something is changed."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE counter SET number = number WHERE name = ''")
    finally:
        connection.execute("ROLLBACK")


def _identity(path: str) -> tuple[int, int] | None:
    """Which file it is; None where there is none that can be seen."""
    try:
        status = os.stat(path)  # noqa: PTH116  (it is asked at each write; `Path.stat` takes half as long again)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def copy_database(source: Path, target: Path) -> None:
    """Copy a database, of one moment, also while somebody writes to it. StoreError where that is not possible."""
    with told(source):
        reading = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
        reading.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    try:
        with told(target):
            writing = sqlite3.connect(target)
            try:
                # All at once: in steps it would begin anew whenever somebody writes.
                reading.backup(writing)
            finally:
                writing.close()
    finally:
        reading.close()


class _Reader(SqliteDefinitionReader):
    """All that is in the store."""

    def __init__(self, connection: sqlite3.Connection, loose_terms: LooseTerms) -> None:
        super().__init__(connection)
        self.connection = connection
        self.logs = SqliteLogReader(connection, loose_terms)
        self.metrics = SqliteMetricReader(connection)
        self.history = SqliteHistoryReader(connection)
        self.outbox = SqliteOutboxReader(connection)
        self.sources = SqliteSourceReader(connection)
        self.records = SqliteRecordReader(connection)
        self.calls = SqliteCallReader(connection)
        self.event_counts = SqliteEventCountReader(connection)


class _Writer(SqliteDefinitionWriter):
    """The same, being changed."""

    def __init__(self, connection: sqlite3.Connection, numbers: VersionNumbers) -> None:
        super().__init__(connection, numbers)
        self.logs = SqliteLogWriter(connection)
        self.metrics = SqliteMetricWriter(connection)
        self.history = SqliteHistoryWriter(connection)
        self.outbox = SqliteOutboxWriter(connection)
        self.sources = SqliteSourceWriter(connection)
        self.records = SqliteRecordWriter(connection)
        self.calls = SqliteCallWriter(connection)
        self.event_counts = SqliteEventCountWriter(connection)

    def touch(self) -> None:
        """Write a number that nobody reads."""
        self._connection.execute(
            "INSERT INTO counter VALUES ('check', 1) ON CONFLICT (name) DO UPDATE SET number = number + 1"
        )

    def reset(self, scope: Scope | None = None) -> None:
        """Remove everything, or everything of one scope."""
        self.reset_definitions(scope)
        for part in (
            self.logs,
            self.event_counts,
            self.metrics,
            self.history,
            self.outbox,
            self.sources,
            self.records,
            self.calls,
        ):
            part.reset(scope)
