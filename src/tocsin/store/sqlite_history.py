"""Alarm history and evaluation records in SQLite. Spec: AL-10, AL-18.6, CON-4.0 (X6, X7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import HOUR_MS, AlarmStep, StateHour, StateTimes
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from tocsin.core.alarm.state_hour import StateStep
    from tocsin.core.scope import Scope

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(HistoryItem).decode

_STATES = {state.value: state for state in StateValue}  # found in a quarter of the time that the enumeration takes

_HOUR = "hour, old_state, since, new_state, last_change, changes, ok, alarm, insufficient_data"


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

    def changes(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[AlarmStep]:
        """Changes of state by time."""
        where, values = "scope = ?", [scope_text(scope)]
        for clause, value in ((" AND alarm_name = ?", alarm_name), (" AND at >= ?", start), (" AND at < ?", end)):
            if value is not None:
                where += clause
                values.append(value)  # type: ignore[arg-type]  # texts and numbers
        order = "DESC" if descending else "ASC"
        rows = self._connection.execute(
            f"SELECT at, alarm_name, old_state, new_state FROM history WHERE {where} AND new_state IS NOT NULL"  # noqa: S608  (names of columns)
            f" ORDER BY at {order}, number {order} LIMIT ?",
            (*values, limit),
        )
        return [AlarmStep(at, name, _STATES[old], _STATES[new]) for at, name, old, new in rows]

    def state_hours(
        self, scope: Scope, *, alarm_name: str | None = None, start: int, end: int
    ) -> list[tuple[str, StateHour]]:
        """The hours in which alarms changed."""
        rows = self._connection.execute(
            f"SELECT alarm_name, {_HOUR} FROM state_hour WHERE scope = ? AND hour >= ? AND hour < ?"  # noqa: S608  (as above)
            " AND (? IS NULL OR alarm_name = ?) ORDER BY hour",
            (scope_text(scope), start, end, alarm_name, alarm_name),
        )
        return [(name, _state_hour(row)) for name, *row in rows]


class SqliteHistoryWriter(SqliteHistoryReader):
    """`HistoryWriter`."""

    def add(self, scope: Scope, item: HistoryItem, step: StateStep | None = None) -> None:
        """Keep an item, and the change that it tells of."""
        at = millisecond_of(item.timestamp)
        self._connection.execute(
            "INSERT INTO history (scope, at, alarm_name, alarm_type, item_type, body, old_state, new_state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                scope_text(scope),
                at,
                item.alarm_name,
                item.alarm_type,
                item.history_item_type.value,
                _encode(item),
                None if step is None else step.old.value,
                None if step is None else step.new.value,
            ),
        )
        if step is not None:
            self._add_up(scope, item.alarm_name, step, at)

    def _add_up(self, scope: Scope, alarm_name: str, step: StateStep, at: int) -> None:
        key = (scope_text(scope), at // HOUR_MS, alarm_name)
        known = self._connection.execute(
            f"SELECT {_HOUR} FROM state_hour WHERE scope = ? AND hour = ? AND alarm_name = ?",  # noqa: S608  (as above)
            key,
        ).fetchone()
        one = StateHour.of(step, at) if known is None else _state_hour(known).then(step, at)
        times = one.times
        self._connection.execute(
            f"INSERT OR REPLACE INTO state_hour (scope, alarm_name, {_HOUR}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  (as above)
            (
                scope_text(scope),
                alarm_name,
                one.hour,
                one.old.value,
                one.since,
                one.new.value,
                one.last_change,
                one.changes,
                times.ok,
                times.alarm,
                times.insufficient_data,
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
        self._connection.execute("DELETE FROM state_hour WHERE hour < ?", (before // HOUR_MS,))
        return sum(
            self._connection.execute(f"DELETE FROM {table} WHERE at < ?", (before,)).rowcount  # noqa: S608  (two names)
            for table in ("history", "evaluation")
        )

    def reset(self, scope: Scope | None) -> None:
        """Remove the history of a scope, or all."""
        for table in ("history", "evaluation", "state_hour"):
            if scope is None:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  (three names)
            else:
                self._connection.execute(f"DELETE FROM {table} WHERE scope = ?", (scope_text(scope),))  # noqa: S608  (as above)


def _state_hour(row: Sequence[Any]) -> StateHour:
    hour, old, since, new, last_change, changes, ok, alarm, insufficient_data = row
    return StateHour(
        hour=hour,
        old=_STATES[old],
        since=since,
        new=_STATES[new],
        last_change=last_change,
        changes=changes,
        times=StateTimes(ok=ok, alarm=alarm, insufficient_data=insufficient_data),
    )
