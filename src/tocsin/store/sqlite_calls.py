"""Calls counted for Insights, in SQLite. Spec: CT-17.7, CT-17.9.

The calls of one caller in one minute take some fifty bytes, however many they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.insight.age import STAGES, oldest_minute, stage_after
from tocsin.core.insight.call import Api, Caller, InsightKey
from tocsin.core.scope import Scope
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from tocsin.core.insight.call import CountedCall

_encode = msgspec.msgpack.Encoder().encode
_decode_api = msgspec.msgpack.Decoder(Api).decode
_decode_caller = msgspec.msgpack.Decoder(Caller).decode

# Of a key: its API, and those callers whose calls are counted for it.
_OF_KEY = (
    " FROM call_count CROSS JOIN call_caller ON call_caller.id = caller_id"
    " WHERE api_id = (SELECT id FROM call_api WHERE body = ?) AND minute >= ? AND minute < ?"
    " AND CASE WHEN ? IS NULL THEN counts_for_rate ELSE error_code = ? END"
)

# Ids that are remembered; beyond it the memory starts afresh.
_REMEMBERED = 10_000


class SqliteCallReader:
    """`CallReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def active(self, *, start: int, end: int) -> list[Api]:
        """The APIs with calls of callers that are known."""
        rows = self._connection.execute(
            "SELECT body FROM call_api WHERE id IN"
            " (SELECT api_id FROM call_count WHERE stage = 0 AND minute >= ? AND minute < ?)",
            (start, end),
        )
        return sorted(_decode_api(body) for (body,) in rows)

    def total(self, key: InsightKey, *, start: int, end: int) -> int:
        """How many calls of the key there are."""
        return self._one("SELECT ifnull(sum(count), 0)", key, start, end) or 0

    def first(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        return self._one("SELECT min(minute)", key, start, end)

    def last(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        return self._one("SELECT max(minute)", key, start, end)

    def minutes(self, key: InsightKey, *, start: int, end: int) -> list[tuple[int, int]]:
        """Those minutes, ascending, each with its calls."""
        statement = f"SELECT minute, sum(count){_OF_KEY} GROUP BY minute ORDER BY minute"
        return self._connection.execute(statement, _parameters(key, start, end)).fetchall()

    def callers(self, api: Api, *, start: int, end: int, limit: int) -> list[tuple[Caller, int]]:
        """Who called the API, and how often."""
        rows = self._connection.execute(
            "SELECT body, calls FROM (SELECT caller_id, sum(count) AS calls FROM call_count"
            " WHERE api_id = (SELECT id FROM call_api WHERE body = ?) AND minute >= ? AND minute < ?"
            " GROUP BY caller_id LIMIT ?) JOIN call_caller ON call_caller.id = caller_id",
            (_encode(api), start, end, limit),
        )
        return [(_decode_caller(body), count) for body, count in rows]

    def keys(self, api: Api, *, start: int, end: int, limit: int) -> list[InsightKey]:
        """What is counted of the API's calls."""
        rows = self._connection.execute(
            "WITH caller AS (SELECT error_code, counts_for_rate FROM"
            " (SELECT DISTINCT caller_id FROM call_count WHERE api_id = (SELECT id FROM call_api WHERE body = ?)"
            " AND minute >= ? AND minute < ?) JOIN call_caller ON call_caller.id = caller_id)"
            " SELECT NULL AS code FROM caller WHERE counts_for_rate"
            " UNION SELECT error_code FROM caller WHERE error_code IS NOT NULL ORDER BY code LIMIT ?",
            (_encode(api), start, end, limit),
        )
        return [InsightKey(api, code) for (code,) in rows]

    def _one(self, what: str, key: InsightKey, start: int, end: int) -> int | None:
        found: int | None = self._connection.execute(what + _OF_KEY, _parameters(key, start, end)).fetchone()[0]
        return found


class SqliteCallWriter(SqliteCallReader):
    """`CallWriter`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._ids: dict[tuple[Any, ...], tuple[int, int]] = {}  # of an API or a caller: its id and `last`

    def add(self, calls: Iterable[CountedCall]) -> None:
        """Count calls."""
        self._keep(
            [
                (self._api(api, minute), minute, self._caller(caller, minute), 0, count)
                for api, minute, caller, count in calls
            ]
        )

    def age(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old coarser, drop what is too old."""
        done = 0
        for stage in STAGES:
            oldest = oldest_minute(stage, at)
            old = self._connection.execute(
                "SELECT api_id, minute, caller_id, count FROM call_count WHERE stage = ? AND minute < ?"
                " ORDER BY minute LIMIT ?",
                (stage, oldest, rows - done),
            ).fetchall()
            done += len(old)
            self._connection.executemany(
                "DELETE FROM call_count WHERE api_id = ? AND minute = ? AND caller_id = ?", [row[:3] for row in old]
            )
            nameless: dict[int, int] = {}
            for api, minute, caller, count in old:
                later = stage_after(stage, minute, at)
                if later is None:
                    continue
                if caller not in nameless:
                    nameless[caller] = self._nameless(caller, minute)
                self._keep([(api, minute - minute % later, nameless[caller], later, count)])
            if len(old) < rows and stage in (STAGES[0], STAGES[-1]) and old:
                self._forget(oldest, everything=stage == STAGES[-1])
        return done

    def reset(self, scope: Scope | None) -> None:
        """Remove the calls of a scope, or all."""
        self._ids.clear()
        if scope is None:
            for table in ("call_count", "call_api", "call_caller"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  (constants)
            return
        text = scope_text(scope)
        self._connection.execute(
            "DELETE FROM call_count WHERE api_id IN (SELECT id FROM call_api WHERE scope = ?)", (text,)
        )
        self._connection.execute("DELETE FROM call_api WHERE scope = ?", (text,))

    def _keep(self, rows: list[tuple[int, int, int, int, int]]) -> None:
        self._connection.executemany(
            "INSERT INTO call_count (api_id, minute, caller_id, stage, count) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET count = count + excluded.count, stage = max(stage, excluded.stage)",
            rows,
        )

    def _forget(self, oldest: int, *, everything: bool) -> None:
        """Let go of callers, and of APIs too, that have no calls any more: all of theirs were older than that."""
        self._ids.clear()
        if everything:
            self._connection.execute("DELETE FROM call_api WHERE last < ?", (oldest,))
            self._connection.execute("DELETE FROM call_caller WHERE last < ?", (oldest,))
            return
        self._connection.execute(
            "DELETE FROM call_caller WHERE last < ? AND id NOT IN (SELECT caller_id FROM call_count WHERE stage > 0)",
            (oldest,),
        )

    def _api(self, api: Api, minute: int) -> int:
        named = {"scope": scope_text(Scope(api.account, api.region))}
        return self._id("call_api", api, named, minute)

    def _caller(self, caller: Caller, minute: int) -> int:
        named = {"error_code": caller.error_code, "counts_for_rate": caller.counts_for_rate}
        return self._id("call_caller", caller, named, minute)

    def _nameless(self, caller: int, minute: int) -> int:
        row = self._connection.execute("SELECT body FROM call_caller WHERE id = ?", (caller,)).fetchone()
        return self._caller(_decode_caller(row[0]).without_names, minute)

    def _id(self, table: str, item: tuple[Any, ...], named: dict[str, Any], minute: int) -> int:
        known = self._ids.get(item)
        if known is not None and known[1] >= minute:
            return known[0]
        columns = ", ".join(named)
        marks = ", ".join("?" * len(named))
        row = self._connection.execute(
            f"INSERT INTO {table} (body, last, {columns}) VALUES (?, ?, {marks})"  # noqa: S608  (constants)
            " ON CONFLICT (body) DO UPDATE SET last = max(last, excluded.last) RETURNING id, last",
            (_encode(item), minute, *named.values()),
        ).fetchone()
        if len(self._ids) >= _REMEMBERED:
            self._ids.clear()
        self._ids[item] = row
        return int(row[0])


def _parameters(key: InsightKey, start: int, end: int) -> tuple[Any, ...]:
    return _encode(key.api), start, end, key.error_code, key.error_code
