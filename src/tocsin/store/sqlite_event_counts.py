"""Sums of log events in SQLite. Spec: CON-4.0 (X4), CT-1.1.

Rule: an event is counted in the transaction that packs it, which knows its record anyway, so who sends events waits for
nothing. Those that are not packed yet are counted where they are; they are those of a minute, or of one block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.event_count import DAY, HOUR, EventCount, EventKind, MinuteCount, oldest_kept
from tocsin.store.log_batch import unpack_minutes
from tocsin.store.sqlite_scope import scope_text

if TYPE_CHECKING:
    import sqlite3

    from tocsin.core.event_count import EventTally
    from tocsin.core.scope import Scope

_ADD = "INSERT INTO {} ON CONFLICT DO UPDATE SET events = events + excluded.events"
_ADD_MINUTE = _ADD.format("event_minute (scope, minute, category, events) VALUES (?, ?, ?, ?)")
_ADD_COUNT = _ADD.format("event_count (kind_id, minute, width, events) VALUES (?, ?, ?, ?)")


class SqliteEventCountReader:
    """`EventCountReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def minutes(self, scope: Scope, *, start: int, end: int) -> list[MinuteCount]:
        """Events by minute and category."""
        execute = self._connection.execute
        found = execute(
            "SELECT minute, category, events FROM event_minute WHERE scope = ? AND minute >= ? AND minute < ?",
            (scope_text(scope), start, end),
        ).fetchall()
        for (group,) in execute("SELECT id FROM log_group WHERE scope = ?", (scope_text(scope),)).fetchall():
            found += execute(
                "SELECT timestamp / 60000 AS minute, NULL, count(*) FROM log_event"
                " WHERE group_id = ? AND timestamp >= ? AND timestamp < ? GROUP BY minute",
                (group, start * 60_000, end * 60_000),
            )
            batches = execute(
                "SELECT minutes FROM log_batch WHERE group_id = ? AND last_time >= ? AND first_time < ?",
                (group, start * 60_000, end * 60_000),
            )
            for (minutes,) in batches:
                counts = unpack_minutes(minutes)
                found += [(minute, None, count) for minute, count in counts.items() if start <= minute < end]
        return [MinuteCount(*row) for row in found]

    def kinds(self, scope: Scope, *, start: int, end: int, group: str | None = None) -> list[EventCount]:
        """Sums by the hour or the day."""
        rows = self._connection.execute(
            "SELECT minute, width, group_name, category, account, region, events FROM event_kind"
            " JOIN event_count ON kind_id = id"
            " WHERE scope = ? AND (? IS NULL OR group_name = ?) AND minute >= ? AND minute < ?",
            (scope_text(scope), group, group, start, end),
        )
        return [
            EventCount(minute, width, group_name, EventKind(category, account, region), events)
            for minute, width, group_name, category, account, region, events in rows
        ]


class SqliteEventCountWriter(SqliteEventCountReader):
    """`EventCountWriter`."""

    def roll_up(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old coarser, drop what is too old."""
        execute = self._connection.execute
        minute, hour, day = oldest_kept(at)
        old = execute(
            "SELECT scope, minute, category FROM event_minute WHERE minute < ? ORDER BY minute LIMIT ?", (minute, rows)
        ).fetchall()
        self._connection.executemany("DELETE FROM event_minute WHERE scope = ? AND minute = ? AND category = ?", old)
        done = len(old)
        hours = self._take(HOUR, before=hour, rows=rows - done)
        self._connection.executemany(
            _ADD_COUNT, [(kind, minute - minute % DAY, DAY, events) for kind, minute, events in hours]
        )
        done += len(hours)
        days = self._take(DAY, before=day, rows=rows - done)
        if days:
            execute("DELETE FROM event_kind WHERE id NOT IN (SELECT kind_id FROM event_count)")
        return done + len(days)

    def _take(self, width: int, *, before: int, rows: int) -> list[tuple[int, int, int]]:
        """The oldest sums of a width, which are no more there afterwards: kind, minute, events."""
        old = self._connection.execute(
            "SELECT kind_id, minute, events FROM event_count WHERE width = ? AND minute < ? ORDER BY minute LIMIT ?",
            (width, before, rows),
        ).fetchall()
        self._connection.executemany(
            "DELETE FROM event_count WHERE kind_id = ? AND minute = ? AND width = ?",
            [(kind, minute, width) for kind, minute, _ in old],
        )
        return old

    def reset(self, scope: Scope | None) -> None:
        """Remove the sums of a scope, or all."""
        where, values = ("", ()) if scope is None else (" WHERE scope = ?", (scope_text(scope),))
        execute = self._connection.execute
        execute(f"DELETE FROM event_minute{where}", values)  # noqa: S608  (a constant)
        execute(f"DELETE FROM event_count WHERE kind_id IN (SELECT id FROM event_kind{where})", values)  # noqa: S608  (as above)
        execute(f"DELETE FROM event_kind{where}", values)  # noqa: S608  (as above)


def add_counts(connection: sqlite3.Connection, scope: str, group: str, tally: EventTally) -> None:
    """Add what was counted of events of a group, inside a transaction."""
    execute = connection.execute
    numbers: dict[EventKind, int] = {}
    for kind in dict.fromkeys(kind for _, kind in tally.hours):
        execute(
            "INSERT OR IGNORE INTO event_kind (scope, group_name, category, account, region) VALUES (?, ?, ?, ?, ?)",
            (scope, group, *kind),
        )
        (numbers[kind],) = execute(
            "SELECT id FROM event_kind"
            " WHERE scope = ? AND group_name = ? AND category = ? AND account = ? AND region = ?",
            (scope, group, *kind),
        ).fetchone()
    connection.executemany(
        _ADD_MINUTE, [(scope, minute, category, events) for (minute, category), events in sorted(tally.minutes.items())]
    )
    connection.executemany(
        _ADD_COUNT, [(numbers[kind], hour, HOUR, events) for (hour, kind), events in tally.hours.items()]
    )
