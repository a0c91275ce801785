"""CloudTrail records written and removed in SQLite. Spec: CT-11.5, CT-16, AR-5.

Rule: a block goes when no history finds its records any more and nothing waits for them.
"""

from __future__ import annotations

import hashlib
from operator import itemgetter
from typing import TYPE_CHECKING

from tocsin.store.record_block import PostingKeys, blocks_of, pack_bodies, pack_postings, unpack_postings
from tocsin.store.sqlite_records import POSTINGS, SqliteRecordReader
from tocsin.store.sqlite_rows import insert_rows
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.core.kept_record import Destination, NewRecord, WaitingRecords
    from tocsin.core.scope import Scope

_TABLES = (*POSTINGS, "record_block", "record_waiting", "record_batch", "record_group", "record_route")

_KEY = itemgetter(0)

# Postings that are moved together: those of some 5,000 records, in 100 ms.
_MOST_RECENT = 45_000

# Groups whose numbers are remembered.
_MOST_KNOWN = 1_000


class SqliteRecordWriter(SqliteRecordReader):
    """`RecordWriter`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._keys = PostingKeys()
        self._groups: dict[tuple[Destination, str], int] = {}
        self._recent: int | None = None  # postings that are to be moved, a few more after some were removed

    def add(
        self,
        scope: Scope,
        records: Sequence[NewRecord],
        *,
        waiting: Mapping[Destination, Sequence[int]],
        at: int,
    ) -> None:
        """Keep records: those of histories in blocks of their own, as they stay longer."""
        text = scope_text(scope)
        wanted = {place for places in waiting.values() for place in places}
        remembered = [place for place, record in enumerate(records) if record.history is not None]
        passing = [place for place, record in enumerate(records) if record.history is None and place in wanted]
        found: list[tuple[int, int, bytes, int, int]] = []
        for places in (remembered, passing):
            for start, block in blocks_of([records[place] for place in places]):
                number, postings = self._add_block(text, block, at=at)
                found += [(key, second, rank, number, place) for key, second, rank, place in postings]
                at_place = {place: here for here, place in enumerate(places[start : start + len(block)])}
                for destination, asked in waiting.items():
                    here = [at_place[place] for place in asked if place in at_place]
                    if here:
                        self._add_waiting(destination, text, number, block, here, at=at)
        found.sort(key=_KEY)  # neighbours are written to the same page
        insert_rows(self._connection, "INSERT OR IGNORE INTO record_recent (key, second, rank, block_id, place)", found)
        self._move_recent(len(found))

    def begin(self, records: WaitingRecords, *, object_key: str) -> int | None:
        """Make a batch."""
        group_id = self._group_id(records.group)
        count, size, first, last = self._connection.execute(
            "SELECT ifnull(sum(records), 0), ifnull(sum(size), 0), min(id), max(id) FROM record_waiting"
            " WHERE group_id = ? AND batch_id = 0 AND id <= ?",
            (group_id, records.last),
        ).fetchone()
        if (count, first, last) != (len(records.bodies), records.first, records.last):
            return None
        number = self._connection.execute(
            "INSERT INTO record_batch (group_id, object_key) VALUES (?, ?)", (group_id, object_key)
        ).lastrowid
        self._connection.execute(
            "UPDATE record_waiting SET batch_id = ? WHERE group_id = ? AND batch_id = 0 AND id <= ?",
            (number, group_id, records.last),
        )
        self._connection.execute(
            "UPDATE record_group SET records = records - ?, size = size - ? WHERE id = ?", (count, size, group_id)
        )
        return number

    def finish(self, number: int) -> bool:
        """Let go of a batch."""
        row = self._connection.execute("DELETE FROM record_batch WHERE id = ? RETURNING group_id", (number,)).fetchone()
        if row is None:
            return False
        blocks = self._connection.execute(
            "SELECT DISTINCT block_id FROM record_waiting WHERE batch_id = ?", (number,)
        ).fetchall()
        self._connection.execute("DELETE FROM record_waiting WHERE batch_id = ?", (number,))
        self._delete_free(block for (block,) in blocks)
        self._forget_groups("id = ?", row)
        return True

    def expire(self, *, before: int, blocks: int = 50) -> int:
        """Remove blocks of which all records are older."""
        rows = self._connection.execute(
            "SELECT id, postings FROM record_block WHERE newest < ? ORDER BY newest LIMIT ?", (before, blocks)
        ).fetchall()
        for number, postings in rows:
            self._delete_postings(number, postings)
            self._connection.execute("UPDATE record_block SET newest = NULL, postings = x'' WHERE id = ?", (number,))
        self._delete_free(number for number, _ in rows)
        return len(rows)

    def reset(self, scope: Scope | None) -> None:
        """Remove the records of a scope, or all."""
        self._groups.clear()
        execute = self._connection.execute
        if scope is None:
            for table in _TABLES:
                execute(f"DELETE FROM {table}")  # noqa: S608  (names of tables)
            return
        text = (scope_text(scope),)
        for number, postings in execute("SELECT id, postings FROM record_block WHERE scope = ?", text).fetchall():
            self._delete_postings(number, postings)
        groups = "(SELECT id FROM record_group WHERE scope = ?)"
        for table in ("record_waiting", "record_batch"):
            execute(f"DELETE FROM {table} WHERE group_id IN {groups}", text)  # noqa: S608  (as above)
        execute("DELETE FROM record_block WHERE scope = ?", text)
        self._forget_groups("scope = ?", text)

    # ------------------------------------------------------------ adding

    def _add_block(
        self, scope: str, block: Sequence[NewRecord], *, at: int
    ) -> tuple[int, Sequence[tuple[int, int, bytes, int]]]:
        """Keep texts; the number of the block, and what its records are found by."""
        postings = self._keys.postings(scope, block)
        newest: int | None = None
        if postings:  # what claims to come from the future goes with what came with it
            newest = min(max(record.second for record in block), at // 1000)
        number = self._connection.execute(
            "INSERT INTO record_block (scope, newest, postings, data) VALUES (?, ?, ?, ?)",
            (scope, newest, pack_postings(postings) if postings else b"", pack_bodies(block)),
        ).lastrowid
        assert number is not None, "a row that was inserted has a number"
        return number, postings

    def _add_waiting(
        self,
        destination: Destination,
        scope: str,
        number: int,
        block: Sequence[NewRecord],
        here: Sequence[int],
        *,
        at: int,
    ) -> None:
        """Let the records at these places of a block wait."""
        size = sum(len(block[place].body) for place in here)
        group_id = self._groups.get((destination, scope))
        if group_id is None:
            if len(self._groups) >= _MOST_KNOWN:
                self._groups.clear()
            group_id = self._groups[destination, scope] = self._made_group(destination, scope)
        self._connection.execute(
            "INSERT INTO record_waiting (group_id, batch_id, received_at, records, size, block_id, places)"
            " VALUES (?, 0, ?, ?, ?, ?, ?)",
            (group_id, at, len(here), size, number, b"" if len(here) == len(block) else bytes(here)),
        )
        self._connection.execute(
            "UPDATE record_group SET records = records + ?, size = size + ? WHERE id = ?", (len(here), size, group_id)
        )

    def _made_group(self, destination: Destination, scope: str) -> int:
        """The number of a group, which is made with its route where it is not there."""
        execute = self._connection.execute
        digest = hashlib.blake2b(destination.route, digest_size=16).digest()
        execute("INSERT OR IGNORE INTO record_route (digest, body) VALUES (?, ?)", (digest, destination.route))
        (route,) = execute("SELECT id FROM record_route WHERE digest = ?", (digest,)).fetchone()
        execute(
            "INSERT OR IGNORE INTO record_group (route_id, folder, scope) VALUES (?, ?, ?)",
            (route, destination.folder, scope),
        )
        row = execute(
            "SELECT id FROM record_group WHERE route_id = ? AND folder = ? AND scope = ?",
            (route, destination.folder, scope),
        ).fetchone()
        return int(row[0])

    def _move_recent(self, added: int) -> None:
        """Move the newest postings to the others when they are many: together they touch fewer pages."""
        if self._recent is None:
            self._recent = self._connection.execute("SELECT count(*) FROM record_recent").fetchone()[0]
        else:
            self._recent += added
        if self._recent >= _MOST_RECENT:
            self._connection.execute(
                "INSERT OR IGNORE INTO record_posting SELECT * FROM record_recent ORDER BY key, second, rank"
            )
            self._connection.execute("DELETE FROM record_recent")
            self._recent = 0

    # ------------------------------------------------------------ removing

    def _delete_postings(self, block: int, postings: bytes) -> None:
        rows = [(key, second, rank, block) for key, second, rank, _ in unpack_postings(postings)]
        for table in POSTINGS:
            self._connection.executemany(
                f"DELETE FROM {table} WHERE key = ? AND second = ? AND rank = ? AND block_id = ?",  # noqa: S608  (a name)
                rows,
            )

    def _delete_free(self, blocks: Iterable[int]) -> None:
        """Remove those of these blocks that nothing needs any more."""
        self._connection.executemany(
            "DELETE FROM record_block WHERE id = ?1 AND newest IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM record_waiting WHERE block_id = ?1)",
            [(number,) for number in blocks],
        )

    def _forget_groups(self, which: str, values: tuple[object, ...]) -> None:
        """Remove groups and routes under which nothing is left."""
        gone = self._connection.execute(
            f"DELETE FROM record_group WHERE {which}"  # noqa: S608  (a condition of this file)
            " AND NOT EXISTS (SELECT 1 FROM record_waiting WHERE group_id = record_group.id)",
            values,
        ).rowcount
        if gone:
            self._groups.clear()
            self._connection.execute("DELETE FROM record_route WHERE id NOT IN (SELECT route_id FROM record_group)")
