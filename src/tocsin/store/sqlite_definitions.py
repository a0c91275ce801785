"""Definitions in SQLite. Spec: AR-5."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tocsin.store.sqlite_scope import prefix_end, scope_of, scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tocsin.core.scope import Scope


class SqliteDefinitionReader:
    """`StoreReader`'s definitions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, kind: str, scope: Scope, name: str) -> bytes | None:
        """One definition."""
        row = self._connection.execute(
            "SELECT body FROM definition WHERE kind = ? AND scope = ? AND name = ?", (kind, scope_text(scope), name)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def scan(
        self,
        kind: str,
        scope: Scope,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> list[tuple[str, bytes]]:
        """Definitions in the order of their names, or in the opposite one."""
        where, values = _named(kind, scope, prefix)
        if after is not None:
            where += f" AND name {'<' if descending else '>'} ?"
            values.append(after)
        values.append(-1 if limit is None else limit)
        order = "name DESC" if descending else "name"
        query = f"SELECT name, body FROM definition WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608  (names of columns)
        return self._connection.execute(query, values).fetchall()

    def scan_all(self, kind: str) -> Iterator[tuple[Scope, str, bytes]]:
        """The definitions of every scope."""
        rows = self._connection.execute(
            "SELECT scope, name, body FROM definition WHERE kind = ? ORDER BY scope, name", (kind,)
        ).fetchall()
        return ((scope_of(scope), name, body) for scope, name, body in rows)

    def count(self, kind: str, scope: Scope, *, prefix: str = "") -> int:
        """How many definitions there are."""
        where, values = _named(kind, scope, prefix)
        query = f"SELECT count(*) FROM definition WHERE {where}"  # noqa: S608  (names of columns)
        return int(self._connection.execute(query, values).fetchone()[0])

    def version(self, kind: str) -> int:
        """A number that is another one after each change of that kind."""
        row = self._connection.execute("SELECT number FROM version WHERE kind = ?", (kind,)).fetchone()
        return 0 if row is None else int(row[0])


_MARK_BITS = 24


class VersionNumbers:
    """Numbers of versions. One is never given twice, even where a work fails, or another process gives some as well.

    The lowest bits are those of whoever gives them: a number that was undone here is unknown to the others, who would
    give it again, for something else.
    """

    def __init__(self) -> None:
        self._mark = secrets.randbits(_MARK_BITS)
        self._last = 0

    @property
    def last(self) -> int:
        """The last one that was given here; 0 before the first."""
        return self._last

    def after(self, known: int) -> int:
        """A number that is greater than all that were given here, and than the one that is known to the database."""
        self._last = (((max(self._last, known) >> _MARK_BITS) + 1) << _MARK_BITS) | self._mark
        return self._last


class SqliteDefinitionWriter(SqliteDefinitionReader):
    """The same, being changed."""

    def __init__(self, connection: sqlite3.Connection, numbers: VersionNumbers) -> None:
        super().__init__(connection)
        self._numbers = numbers

    def put(self, kind: str, scope: Scope, name: str, body: bytes) -> None:
        """Keep a definition."""
        self._connection.execute(
            "INSERT OR REPLACE INTO definition (kind, scope, name, body) VALUES (?, ?, ?, ?)",
            (kind, scope_text(scope), name, body),
        )
        self._changed(kind)

    def delete(self, kind: str, scope: Scope, name: str) -> bool:
        """Remove a definition."""
        done = self._connection.execute(
            "DELETE FROM definition WHERE kind = ? AND scope = ? AND name = ?", (kind, scope_text(scope), name)
        )
        if done.rowcount:
            self._changed(kind)
        return bool(done.rowcount)

    def reset_definitions(self, scope: Scope | None) -> None:
        """Remove the definitions of a scope, or all."""
        where, values = ("", ()) if scope is None else (" WHERE scope = ?", (scope_text(scope),))
        kinds = self._connection.execute(f"SELECT DISTINCT kind FROM definition{where}", values).fetchall()  # noqa: S608  (as above)
        self._connection.execute(f"DELETE FROM definition{where}", values)  # noqa: S608  (as above)
        for (kind,) in kinds:
            self._changed(kind)

    def _changed(self, kind: str) -> None:
        known = self._connection.execute("SELECT ifnull(max(number), 0) FROM version").fetchone()[0]
        self._connection.execute(
            "INSERT OR REPLACE INTO version (kind, number) VALUES (?, ?)", (kind, self._numbers.after(known))
        )


def _named(kind: str, scope: Scope, prefix: str) -> tuple[str, list[str | int]]:
    where, values = "kind = ? AND scope = ?", [kind, scope_text(scope)]
    if prefix:
        where += " AND name >= ?"
        values.append(prefix)
        end = prefix_end(prefix)
        if end is not None:
            where += " AND name < ?"
            values.append(end)
    return where, list(values)
