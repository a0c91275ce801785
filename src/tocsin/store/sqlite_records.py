"""CloudTrail records in SQLite. Spec: CT-11.5, CT-16, AR-5.

Rule: texts lie in packed blocks. A history is one table of what records are found by, in the order in which they are
shown, so that a page costs the same however long the history is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.kept_record import (
    EVENT_ID,
    BegunBatch,
    FoundRecord,
    RecordGroup,
    RecordPlace,
    WaitingGroup,
    WaitingRecords,
    event_id_of,
    event_rank,
)
from tocsin.core.log_event import Term
from tocsin.store.record_block import EVERYTHING, posting_key, unpack_bodies
from tocsin.store.sqlite_scope import scope_of, scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from tocsin.core.scope import Scope

POSTINGS = ("record_posting", "record_recent")
"""Where postings are: the many, and those that came last."""

# Values of one question; SQLite takes 32,766.
_MOST_VALUES = 1_000


class SqliteRecordReader:
    """`RecordReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # ------------------------------------------------------------ history

    def known(self, scope: Scope, history: str, event_ids: Collection[str]) -> set[str]:
        """Those that the history has."""
        text = scope_text(scope)
        by_key = {posting_key(text, history, Term(EVENT_ID, one)): one for one in event_ids}
        found: set[str] = set()
        keys = list(by_key)
        for start in range(0, len(keys), _MOST_VALUES):
            part = keys[start : start + _MOST_VALUES]
            for table in POSTINGS:
                rows = self._connection.execute(
                    f"SELECT key, rank FROM {table} WHERE key IN ({','.join('?' * len(part))})",  # noqa: S608  (a name, question marks)
                    part,
                )
                found.update(by_key[key] for key, rank in rows if rank == event_rank(by_key[key]))
        return found

    def look_up(
        self,
        scope: Scope,
        history: str,
        term: Term | None = None,
        *,
        start: int | None = None,
        end: int | None = None,
        before: RecordPlace | None = None,
        until: int | None = None,
        limit: int,
    ) -> list[FoundRecord]:
        """Records, newest first."""
        where = ["key = ?"]
        values: list[object] = [posting_key(scope_text(scope), history, EVERYTHING if term is None else term)]
        for clause, value in (("second >= ?", start), ("second <= ?", end), ("block_id <= ?", until)):
            if value is not None:
                where.append(clause)
                values.append(value)
        if before is not None:
            where.append("(second, rank) < (?, ?)")
            values += (before.second, event_rank(before.event_id))
        places: dict[tuple[int, bytes], tuple[int, int]] = {}
        for table in POSTINGS:
            rows = self._connection.execute(
                f"SELECT second, rank, block_id, place FROM {table} WHERE {' AND '.join(where)}"  # noqa: S608  (names)
                " ORDER BY second DESC, rank DESC LIMIT ?",
                (*values, limit),
            )
            for second, rank, block, place in rows:
                places.setdefault((second, rank), (block, place))
        found = sorted(places.items(), reverse=True)[:limit]
        blocks = self._bodies({block for _, (block, _) in found})
        return [
            FoundRecord(RecordPlace(second, event_id_of(rank)), blocks[block][place])
            for (second, rank), (block, place) in found
        ]

    def mark(self) -> int:
        """The number of the last block; they are not used twice."""
        (number,) = self._connection.execute("SELECT ifnull(max(id), 0) FROM record_block").fetchone()
        return int(number)

    # ------------------------------------------------------------ what waits

    def waiting(self) -> list[WaitingGroup]:
        """The groups of which records wait."""
        rows = self._connection.execute(
            "SELECT route_id, folder, scope, records, size, (SELECT received_at FROM record_waiting"
            "  WHERE group_id = record_group.id AND batch_id = 0 ORDER BY id LIMIT 1)"
            " FROM record_group WHERE records > 0 ORDER BY id"
        )
        return [
            WaitingGroup(RecordGroup(route, folder, scope_of(scope)), records, size, oldest)
            for route, folder, scope, records, size, oldest in rows
        ]

    def read_waiting(self, group: RecordGroup, *, most_bytes: int) -> WaitingRecords | None:
        """The oldest of a group, in whole rows."""
        rows = self._connection.execute(
            "SELECT id, received_at, size, block_id, places FROM record_waiting"
            " WHERE group_id = ? AND batch_id = 0 ORDER BY id",
            (self._group_id(group),),
        )
        read: list[tuple[int, int, int, bytes]] = []
        total = 0
        for number, received_at, size, block, places in rows:
            total += size
            if read and total > most_bytes:
                break
            read.append((number, received_at, block, places))
        rows.close()
        if not read:
            return None
        bodies = self._chosen((block, places) for _, _, block, places in read)
        return WaitingRecords(group, read[0][0], read[-1][0], read[0][1], read[-1][1], bodies)

    def begun(self) -> list[BegunBatch]:
        """The batches that are not finished."""
        rows = self._connection.execute(
            "SELECT record_batch.id, route_id, folder, scope, object_key FROM record_batch"
            " JOIN record_group ON record_group.id = group_id ORDER BY record_batch.id"
        )
        return [
            BegunBatch(number, RecordGroup(route, folder, scope_of(scope)), object_key)
            for number, route, folder, scope, object_key in rows
        ]

    def read_begun(self, number: int) -> list[bytes]:
        """The records of a batch."""
        rows = self._connection.execute(
            "SELECT block_id, places FROM record_waiting WHERE batch_id = ? ORDER BY id", (number,)
        ).fetchall()
        return self._chosen(rows)

    def route(self, number: int) -> bytes | None:
        """The settings of a route."""
        row = self._connection.execute("SELECT body FROM record_route WHERE id = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])

    # ------------------------------------------------------------ what both need

    def _group_id(self, group: RecordGroup) -> int | None:
        row = self._connection.execute(
            "SELECT id FROM record_group WHERE route_id = ? AND folder = ? AND scope = ?",
            (group.route, group.folder, scope_text(group.scope)),
        ).fetchone()
        return None if row is None else int(row[0])

    def _bodies(self, blocks: Collection[int]) -> dict[int, list[bytes]]:
        return {number: self._block(number) for number in blocks}

    def _block(self, number: int) -> list[bytes]:
        (data,) = self._connection.execute("SELECT data FROM record_block WHERE id = ?", (number,)).fetchone()
        return unpack_bodies(data)

    def _chosen(self, rows: Iterable[tuple[int, bytes]]) -> list[bytes]:
        """The texts at some places of blocks; no places stand for all."""
        bodies: list[bytes] = []
        for number, places in rows:
            block = self._block(number)
            bodies += [block[place] for place in places] if places else block
        return bodies
