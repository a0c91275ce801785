"""Deliveries and the places of sources in SQLite. Spec: AR-5, CON-4.0 (X8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.delivery import DeliveryAttempt
from tocsin.core.outbox import MOST_ATTEMPTS, DeliveryRow, DeliveryStatus
from tocsin.store.sqlite_scope import scope_of, scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from tocsin.core.scope import Scope

_COLUMNS = (
    "delivery_id, scope, topic_arn, target, protocol, cause, created_at, next_at, status, attempts, outcome, body"
)

# Values of one question; SQLite takes 32,766.
_MOST_VALUES = 1_000


_encode_attempt = msgspec.msgpack.Encoder().encode
_decode_attempt = msgspec.msgpack.Decoder(DeliveryAttempt).decode


class SqliteOutboxReader:
    """`OutboxReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def due(
        self, *, at: int, limit: int, not_to: Collection[str] = (), protocols: Collection[str] | None = None
    ) -> list[DeliveryRow]:
        """Pending deliveries whose time has come, found in an index that holds all that is asked."""
        named = None if protocols is None else _listed(protocols)
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM delivery WHERE delivery_id IN"  # noqa: S608  (names of columns)
            " (SELECT delivery_id FROM delivery WHERE status = 'pending' AND next_at <= ?"
            "  AND target NOT IN (SELECT value FROM json_each(?))"
            "  AND (? IS NULL OR protocol IN (SELECT value FROM json_each(?))) ORDER BY next_at, delivery_id LIMIT ?)"
            " ORDER BY next_at, delivery_id",
            (at, _listed(not_to), named, named, limit),
        )
        return list(map(_row, rows))

    def attempts(self, delivery_id: str) -> list[DeliveryAttempt]:
        """What was tried."""
        rows = self._connection.execute(
            "SELECT body FROM attempt WHERE delivery_id = ? ORDER BY number DESC LIMIT ?", (delivery_id, MOST_ATTEMPTS)
        )
        return [_decode_attempt(body) for (body,) in rows][::-1]

    def get(self, delivery_id: str) -> DeliveryRow | None:
        """One delivery."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM delivery WHERE delivery_id = ?",  # noqa: S608  (as above)
            (delivery_id,),
        ).fetchone()
        return None if row is None else _row(row)

    def deliveries(
        self,
        scope: Scope | None = None,
        *,
        status: DeliveryStatus | None = None,
        topic: str | None = None,
        target: str | None = None,
        cause: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[DeliveryRow]:
        """Deliveries, newest first."""
        where, values = ["1"], []
        for column, value in (
            ("scope", None if scope is None else scope_text(scope)),
            ("status", None if status is None else status.value),
            ("topic_arn", topic),
            ("target", target),
            ("cause", cause),
        ):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if before is not None:
            where.append("(created_at, delivery_id) < (?, ?)")
            values += before  # type: ignore[arg-type]  # a time and an id
        query = f"SELECT {_COLUMNS} FROM delivery WHERE {' AND '.join(where)}"  # noqa: S608  (as above)
        rows = self._connection.execute(f"{query} ORDER BY created_at DESC, delivery_id DESC LIMIT ?", (*values, limit))
        return list(map(_row, rows))

    def first_pending(self, target: str | None = None) -> DeliveryRow | None:
        """The oldest that is still to be made."""
        where, values = ("", ()) if target is None else (" AND target = ?", (target,))
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM delivery WHERE status = 'pending'{where}"  # noqa: S608  (names of columns)
            " ORDER BY created_at, delivery_id LIMIT 1",
            values,
        ).fetchone()
        return None if row is None else _row(row)

    def first_failure(self, target: str) -> DeliveryRow | None:
        """The first delivery in vain since the last one that went well."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM delivery WHERE target = ? AND status <> 'delivered' AND attempts > 0"  # noqa: S608  (names of columns)
            " AND created_at > ifnull((SELECT created_at FROM delivery WHERE target = ? AND status = 'delivered'"
            "  ORDER BY created_at DESC LIMIT 1), -1) ORDER BY created_at, delivery_id LIMIT 1",
            (target, target),
        ).fetchone()
        return None if row is None else _row(row)

    def count(self, status: DeliveryStatus) -> int:
        """How many there are."""
        row = self._connection.execute("SELECT count(*) FROM delivery WHERE status = ?", (status.value,)).fetchone()
        return int(row[0])


class SqliteOutboxWriter(SqliteOutboxReader):
    """`OutboxWriter`."""

    def put(self, rows: Sequence[DeliveryRow]) -> None:
        """Keep rows."""
        insert = f"INSERT OR REPLACE INTO delivery ({_COLUMNS}) VALUES ({','.join('?' * 12)})"  # noqa: S608  (as above)
        self._connection.executemany(
            insert,
            [
                (
                    row.delivery_id,
                    scope_text(row.scope),
                    row.topic_arn,
                    row.target,
                    row.protocol,
                    row.cause,
                    row.created_at,
                    row.next_at,
                    row.status.value,
                    row.attempts,
                    row.outcome,
                    row.body,
                )
                for row in rows
            ],
        )

    def record(self, row: DeliveryRow, attempt: DeliveryAttempt) -> None:
        """Keep an attempt, and how the delivery stands."""
        self._connection.execute(
            "UPDATE delivery SET next_at = ?, status = ?, attempts = ?, outcome = ? WHERE delivery_id = ?",
            (row.next_at, row.status.value, row.attempts, row.outcome, row.delivery_id),
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO attempt (delivery_id, number, body) VALUES (?, ?, ?)",
            (row.delivery_id, attempt.number, _encode_attempt(attempt)),
        )

    def expire(self, *, before: int) -> int:
        """Remove settled deliveries."""
        old = "created_at < ? AND status <> ?"
        values = (before, DeliveryStatus.PENDING.value)
        self._connection.execute(
            f"DELETE FROM attempt WHERE delivery_id IN (SELECT delivery_id FROM delivery WHERE {old})",  # noqa: S608  (as above)
            values,
        )
        return self._connection.execute(f"DELETE FROM delivery WHERE {old}", values).rowcount  # noqa: S608  (as above)

    def reset(self, scope: Scope | None) -> None:
        """Remove the deliveries of a scope, or all."""
        if scope is None:
            self._connection.execute("DELETE FROM delivery")
        else:
            self._connection.execute("DELETE FROM delivery WHERE scope = ?", (scope_text(scope),))
        self._connection.execute("DELETE FROM attempt WHERE delivery_id NOT IN (SELECT delivery_id FROM delivery)")


def _listed(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _row(row: Sequence[object]) -> DeliveryRow:
    names = _COLUMNS.split(", ")
    fields = dict(zip(names, row, strict=True))
    fields["scope"] = scope_of(str(fields["scope"]))
    fields["status"] = DeliveryStatus(str(fields["status"]))
    return DeliveryRow(**fields)  # type: ignore[arg-type]  # columns are typed by the schema (STRICT)


class SqliteSourceReader:
    """`SourceReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cursor(self, source: str) -> bytes | None:
        """Where a source was left."""
        row = self._connection.execute("SELECT body FROM cursor WHERE source = ?", (source,)).fetchone()
        return None if row is None else bytes(row[0])

    def seen(self, scope: Scope, event_ids: Collection[str]) -> set[str]:
        """Those that were noted."""
        found: set[str] = set()
        for part in _parts(event_ids):
            rows = self._connection.execute(
                f"SELECT event_id FROM seen WHERE scope = ? AND event_id IN ({','.join('?' * len(part))})",  # noqa: S608  (question marks)
                (scope_text(scope), *part),
            )
            found.update(event_id for (event_id,) in rows)
        return found


class SqliteSourceWriter(SqliteSourceReader):
    """`SourceWriter`."""

    def set_cursor(self, source: str, cursor: bytes) -> None:
        """Note where a source was left."""
        self._connection.execute("INSERT OR REPLACE INTO cursor (source, body) VALUES (?, ?)", (source, cursor))

    def note_seen(self, scope: Scope, event_ids: Collection[str], *, at: int) -> None:
        """Note eventIDs."""
        text = scope_text(scope)
        self._connection.executemany(
            "INSERT OR REPLACE INTO seen (scope, event_id, at) VALUES (?, ?, ?)",
            [(text, event_id, at) for event_id in event_ids],
        )

    def forget_seen(self, *, before: int) -> int:
        """Forget old ones."""
        return self._connection.execute("DELETE FROM seen WHERE at < ?", (before,)).rowcount

    def reset(self, scope: Scope | None) -> None:
        """Forget what was noted of a scope, or all."""
        if scope is None:
            self._connection.execute("DELETE FROM cursor")
            self._connection.execute("DELETE FROM seen")
        else:
            self._connection.execute("DELETE FROM seen WHERE scope = ?", (scope_text(scope),))


def _parts(values: Iterable[str]) -> list[list[str]]:
    listed = list(values)
    return [listed[start : start + _MOST_VALUES] for start in range(0, len(listed), _MOST_VALUES)]
