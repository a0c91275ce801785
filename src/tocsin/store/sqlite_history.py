"""Alarm history and evaluation records in SQLite. Spec: AL-10, AL-18.6, CON-4.0 (X6, X7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from tocsin.core.scope import Scope

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(HistoryItem).decode


class SqliteHistoryReader:
    """`HistoryReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def items(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        alarm_types: Collection[str] | None = None,
        item_type: HistoryItemType | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        after: tuple[int, int] | None = None,
        limit: int,
    ) -> list[tuple[tuple[int, int], HistoryItem]]:
        """Items by time, each with its place."""
        where: list[str] = ["scope = ?"]
        values: list[object] = [scope_text(scope)]
        for clause, value in (
            ("alarm_name = ?", alarm_name),
            ("item_type = ?", item_type),
            ("at >= ?", start),
            ("at < ?", end),
        ):
            if value is not None:
                where.append(clause)
                values.append(value)
        if alarm_types is not None:
            where.append(f"alarm_type IN ({','.join('?' * len(alarm_types))})")
            values += alarm_types
        order = "DESC" if descending else "ASC"
        if after is not None:
            where.append(f"(at, number) {'<' if descending else '>'} (?, ?)")
            values += after
        rows = self._connection.execute(
            f"SELECT at, number, body FROM history WHERE {' AND '.join(where)}"  # noqa: S608  (names of columns)
            f" ORDER BY at {order}, number {order} LIMIT ?",
            (*values, limit),
        )
        return [((at, number), _decode(body)) for at, number, body in rows]

    def evaluations(
        self,
        scope: Scope,
        alarm_name: str,
        *,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[tuple[int, bytes]]:
        """Evaluation records by time."""
        order = "DESC" if descending else "ASC"
        return self._connection.execute(
            "SELECT at, body FROM evaluation WHERE scope = ? AND alarm_name = ? AND (? IS NULL OR at >= ?)"  # noqa: S608  (as above)
            f" AND (? IS NULL OR at < ?) ORDER BY at {order}, number {order} LIMIT ?",
            (scope_text(scope), alarm_name, start, start, end, end, limit),
        ).fetchall()


class SqliteHistoryWriter(SqliteHistoryReader):
    """`HistoryWriter`."""

    def add(self, scope: Scope, item: HistoryItem) -> None:
        """Keep an item."""
        self._connection.execute(
            "INSERT INTO history (scope, at, alarm_name, alarm_type, item_type, body) VALUES (?, ?, ?, ?, ?, ?)",
            (
                scope_text(scope),
                millisecond_of(item.timestamp),
                item.alarm_name,
                item.alarm_type,
                item.history_item_type.value,
                _encode(item),
            ),
        )

    def add_evaluation(self, scope: Scope, alarm_name: str, *, at: int, body: bytes) -> None:
        """Keep an evaluation record."""
        self._connection.execute(
            "INSERT INTO evaluation (scope, alarm_name, at, body) VALUES (?, ?, ?, ?)",
            (scope_text(scope), alarm_name, at, body),
        )

    def expire(self, *, before: int) -> int:
        """Remove what is older."""
        return sum(
            self._connection.execute(f"DELETE FROM {table} WHERE at < ?", (before,)).rowcount  # noqa: S608  (two names)
            for table in ("history", "evaluation")
        )

    def reset(self, scope: Scope | None) -> None:
        """Remove the history of a scope, or all."""
        for table in ("history", "evaluation"):
            if scope is None:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  (two names)
            else:
                self._connection.execute(f"DELETE FROM {table} WHERE scope = ?", (scope_text(scope),))  # noqa: S608  (as above)
