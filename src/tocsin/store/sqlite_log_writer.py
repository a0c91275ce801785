"""Log events written and removed. Spec: AR-5, CON-4.0 (X1 to X3), WIRE-8.1.

Rule: events are kept as they come, as rows, or as a batch where a call brings many, which is quick; they are packed
into blocks later, which makes them small and gives them their terms. All are found alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import StoreError
from tocsin.store.log_batch import NewBatch, batches_of, bytes_of
from tocsin.store.log_block import MOST_EVENTS, unpack_events
from tocsin.store.sqlite_activity import take_back_activity
from tocsin.store.sqlite_log_packing import BlockWriter
from tocsin.store.sqlite_log_reader import SqliteLogReader
from tocsin.store.sqlite_rows import insert_rows
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tocsin.core.scope import Scope
    from tocsin.store.log_block import BlockEvent
    from tocsin.store.sqlite_log_packing import NewBlock

# Events of a group are packed when a block is full, or when the first of them has waited so long.
_WAIT_MS = 60_000

# Blocks that one call removes at most.
_MOST_EXPIRED = 64


def _readable(data: bytes) -> list[BlockEvent]:
    """The events of a block that goes. One that is damaged goes, too: it would keep all others of its age here.

    What it took is then counted in its streams for good.
    """
    try:
        return unpack_events(data)
    except StoreError:
        return []


class SqliteLogWriter(SqliteLogReader):
    """`LogWriter`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._blocks = BlockWriter(connection)
        self._buffer = bytearray()
        self._sequence: int | None = None
        self._ids: dict[tuple[Scope, str, str], tuple[int, int]] = {}
        self._times: dict[int, tuple[int, int]] = {}  # stream -> the times of its first and last event
        self._open: dict[int, tuple[int, int]] | None = None  # group -> events that are not packed, oldest ingestion

    def create_stream(self, scope: Scope, group: str, name: str, *, at: int) -> None:
        """Make a stream."""
        self._connection.execute(
            "INSERT OR IGNORE INTO log_group (scope, name) VALUES (?, ?)", (scope_text(scope), group)
        )
        self._connection.execute(
            "INSERT INTO log_stream (group_id, name, created_at) VALUES (?, ?, ?)",
            (self._group_id(scope, group), name, at),
        )

    def delete_stream(self, scope: Scope, group: str, name: str) -> None:
        """Remove a stream. What it has in blocks belongs to nobody from now on, and goes with them."""
        group_id = self._group_id(scope, group)
        row = self._connection.execute(
            "SELECT id FROM log_stream WHERE group_id = ? AND name = ?", (group_id, name)
        ).fetchone()
        if row is not None:
            self._keep_sequence()
            for table in ("log_event", "log_batch"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE group_id = ? AND stream_id = ?",  # noqa: S608  (two names)
                    (group_id, row[0]),
                )
            self._connection.execute("DELETE FROM log_stream WHERE id = ?", row)
            self._forget()

    def delete_group(self, scope: Scope, group: str) -> None:
        """Remove all streams of a group."""
        self._delete_groups([self._group_id(scope, group)])

    def has_stream(self, scope: Scope, group: str, name: str) -> bool:
        """Whether there is a stream."""
        return (scope, group, name) in self._ids or self.stream(scope, group, name) is not None

    def append(
        self, scope: Scope, group: str, stream: str, events: Sequence[tuple[int, str]], *, ingested_at: int
    ) -> range:
        """Keep events."""
        group_id, stream_id = self._stream_ids(scope, group, stream)
        first = self._next_sequence()
        if events:
            self._open_counts()
            batches = list(batches_of(events, self._buffer))
            if batches:
                self._keep_batches(batches, first, group_id, stream_id, ingested_at)
            else:
                insert_rows(
                    self._connection,
                    "INSERT INTO log_event (sequence, group_id, stream_id, timestamp, ingestion_time, message)",
                    [
                        (sequence, group_id, stream_id, timestamp, ingested_at, message)
                        for sequence, (timestamp, message) in enumerate(events, first)
                    ],
                )
            size = sum(one.size for one in batches) or bytes_of(events)
            self._note_append(stream_id, [timestamp for timestamp, _ in events], size, ingested_at)
            counts = self._open_counts()
            count, oldest = counts.get(group_id, (0, ingested_at))
            counts[group_id] = (count + len(events), min(oldest, ingested_at))
        self._sequence = first + len(events) - 1
        return range(first, first + len(events))

    def _note_append(self, stream_id: int, times: Sequence[int], size: int, ingested_at: int) -> None:
        first, last = min(times), max(times)
        known = self._times.get(stream_id)
        if known is not None and known[0] <= first and last <= known[1]:
            # Often so: records have whole seconds. An index has the times, which is written anew where they are set.
            self._connection.execute(
                "UPDATE log_stream SET last_ingestion = ?, stored_bytes = stored_bytes + ? WHERE id = ?",
                (ingested_at, size, stream_id),
            )
            return
        row = self._connection.execute(
            "UPDATE log_stream SET first_event = min(ifnull(first_event, ?1), ?1),"
            " last_event = max(ifnull(last_event, ?2), ?2), last_ingestion = ?3,"
            " stored_bytes = stored_bytes + ?4 WHERE id = ?5 RETURNING first_event, last_event",
            (first, last, ingested_at, size, stream_id),
        ).fetchone()
        self._times[stream_id] = row

    def _keep_batches(
        self, batches: Sequence[NewBatch], sequence: int, group_id: int, stream_id: int, ingested_at: int
    ) -> None:
        for one in batches:
            count, first, last = len(one.events), one.events[0][0], one.events[-1][0]
            self._connection.execute(
                "INSERT INTO log_batch (sequence, group_id, stream_id, count, first_time, last_time, ingestion_time,"
                " size, minutes, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (sequence, group_id, stream_id, count, first, last, ingested_at, one.size, one.minutes, one.data),
            )
            sequence += count

    def loose(self, *, at: int) -> tuple[int, int | None]:
        """How many events are in no block, and the group of which some are to be packed, if any."""
        counts = self._open_counts()
        due = [
            (count, group_id)
            for group_id, (count, oldest) in counts.items()
            if count >= MOST_EVENTS or oldest <= at - _WAIT_MS
        ]
        return sum(count for count, _ in counts.values()), max(due)[1] if due else None

    def keep_block(self, block: NewBlock, *, at: int) -> None:
        """Put a block in the place of its loose events. EventsGoneError if not all of them are there."""
        self._keep_sequence()
        self._blocks.keep(block)
        counts = self._open_counts()
        count = counts[block.group_id][0] - len(block.events)
        counts[block.group_id] = (count, at)
        if not count:
            del counts[block.group_id]

    def expire(self, scope: Scope, group: str, *, before: int) -> int:
        """Remove events of that age, of blocks as a whole; how many blocks went."""
        group_id = self._group_id(scope, group)
        rows = self._connection.execute(
            "SELECT id, data FROM log_block WHERE group_id = ? AND last_time < ? ORDER BY last_time LIMIT ?",
            (group_id, before, _MOST_EXPIRED),
        ).fetchall()
        sizes: dict[int, int] = {}
        for number, data in rows:
            for event in _readable(data):
                sizes[event.stream] = sizes.get(event.stream, 0) + len(event.message.encode())
            self._delete_block(number)
        loose = self._connection.execute(
            "SELECT stream_id, message FROM log_event WHERE group_id = ? AND timestamp < ?", (group_id, before)
        ).fetchall()
        for stream, message in loose:
            sizes[stream] = sizes.get(stream, 0) + len(message.encode())
        batches = self._connection.execute(
            "SELECT stream_id, size FROM log_batch WHERE group_id = ? AND last_time < ?", (group_id, before)
        ).fetchall()
        for stream, size in batches:
            sizes[stream] = sizes.get(stream, 0) + size
        if loose or batches:
            self._keep_sequence()
            self._connection.execute("DELETE FROM log_event WHERE group_id = ? AND timestamp < ?", (group_id, before))
            self._connection.execute("DELETE FROM log_batch WHERE group_id = ? AND last_time < ?", (group_id, before))
            self._open = None
        self._times.clear()
        for stream, size in sizes.items():
            self._connection.execute(
                "UPDATE log_stream SET stored_bytes = max(0, stored_bytes - ?1),"
                " first_event = iif(last_event < ?2, NULL, max(first_event, ?2)),"
                " last_event = iif(last_event < ?2, NULL, last_event) WHERE id = ?3",
                (size, before, stream),
            )
        return len(rows)

    def reset(self, scope: Scope | None) -> None:
        """Remove the streams of a scope, or all."""
        if scope is None:
            rows = self._connection.execute("SELECT id FROM log_group").fetchall()
            self._delete_groups([number for (number,) in rows])
            for table in ("term", "activity", "companion"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  (three names)
        else:
            self._delete_groups(self._groups(scope, None))
            self._connection.execute("DELETE FROM term WHERE scope = ?", (scope_text(scope),))

    # ------------------------------------------------------------ removing

    def _delete_block(self, number: int) -> None:
        self._blocks.forget()
        row = self._connection.execute("SELECT activity FROM log_block WHERE id = ?", (number,)).fetchone()
        if row[0] is not None:
            take_back_activity(self._connection, row[0])
        terms = self._connection.execute("SELECT term_id FROM posting WHERE block_id = ?", (number,)).fetchall()
        self._connection.execute("DELETE FROM posting WHERE block_id = ?", (number,))
        self._connection.execute("DELETE FROM record_id WHERE block_id = ?", (number,))
        self._connection.execute("DELETE FROM log_block WHERE id = ?", (number,))
        # A term that stands in no block any more was of records that are gone.
        self._connection.executemany(
            "DELETE FROM term WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM posting WHERE term_id = ?1)", terms
        )

    def _delete_groups(self, groups: Sequence[int]) -> None:
        self._keep_sequence()
        for group_id in groups:
            blocks = self._connection.execute("SELECT id FROM log_block WHERE group_id = ?", (group_id,)).fetchall()
            for (number,) in blocks:
                self._delete_block(number)
            for table in ("log_event", "log_batch", "log_stream"):
                self._connection.execute(f"DELETE FROM {table} WHERE group_id = ?", (group_id,))  # noqa: S608  (three names)
            self._connection.execute("DELETE FROM log_group WHERE id = ?", (group_id,))
        self._forget()

    # ------------------------------------------------------------ what is kept in memory

    def _forget(self) -> None:
        self._ids.clear()
        self._times.clear()
        self._open = None
        self._blocks.forget()

    def _stream_ids(self, scope: Scope, group: str, stream: str) -> tuple[int, int]:
        key = (scope, group, stream)
        known = self._ids.get(key)
        if known is None:
            group_id = self._group_id(scope, group)
            row = self._connection.execute(
                "SELECT id FROM log_stream WHERE group_id = ? AND name = ?", (group_id, stream)
            ).fetchone()
            assert row is not None, f"there is no stream {stream!r}"
            known = self._ids[key] = (group_id, int(row[0]))
        return known

    def _open_counts(self) -> dict[int, tuple[int, int]]:
        if self._open is None:
            rows = self._connection.execute(
                "SELECT group_id, sum(count), min(at) FROM"
                " (SELECT group_id, count(*) AS count, min(ingestion_time) AS at FROM log_event GROUP BY group_id"
                " UNION ALL SELECT group_id, count, ingestion_time FROM log_batch) GROUP BY group_id"
            )
            self._open = {group: (count, oldest) for group, count, oldest in rows}
        return self._open

    def _next_sequence(self) -> int:
        if self._sequence is None:
            row = self._connection.execute(
                "SELECT max(ifnull((SELECT max(sequence) FROM log_event), 0),"
                " ifnull((SELECT max(sequence + count - 1) FROM log_batch), 0),"
                " ifnull((SELECT number FROM counter WHERE name = 'sequence'), 0))"
            ).fetchone()
            self._sequence = int(row[0])
        return self._sequence + 1

    def _keep_sequence(self) -> None:
        """Note the last sequence, before the events that would tell it are gone."""
        last = self._next_sequence() - 1
        self._connection.execute("INSERT OR REPLACE INTO counter VALUES ('sequence', ?)", (last,))
