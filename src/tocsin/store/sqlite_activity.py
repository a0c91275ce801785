"""The activity of actors and addresses in SQLite. Spec: CON-4.0 (X5).

Rule: a block adds what its records come to when it is kept, and takes the very same back when it goes. Records that
are in no block yet are counted by who reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.activity import COMPANIONS, Companion, Outcomes
from tocsin.core.log_event import TERM_KINDS, Sighting
from tocsin.store.packed_column import pack, unpack
from tocsin.store.sqlite_rows import insert_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tocsin.core.activity import Counted
    from tocsin.core.log_event import Term

# The number of a kind in the tables; 0 stands for no companion.
_ALONE = 0
_KINDS = {kind: TERM_KINDS.index(kind) + 1 for kinds in COMPANIONS.values() for kind in kinds}

# Rows of hours that are read at most, newest first.
_MOST_ROWS = 20_000

_LEVEL = 3


_Row = tuple[int, int, int, int, int, int, int]
"""An hour of two terms, as it stands in the table and in a block: term, kind, hour, companion, outcomes."""

_decode = msgspec.msgpack.Decoder(list[_Row]).decode


def add_activity(connection: sqlite3.Connection, counted: Counted, numbers: Mapping[Term, int]) -> bytes:
    """Count what a block holds; what is to be kept with it, so that it can be taken back."""
    own = [numbers[term] for term in counted.terms]
    kinds = [_KINDS.get(term.kind, _ALONE) for term in counted.terms]
    rows: list[_Row] = []
    totals: dict[tuple[int, int], int] = {}
    for (term, other, hour), outcomes in counted.hours.items():
        if term == other:
            rows.append((own[term], _ALONE, hour, 0, *outcomes))
        else:
            rows.append((own[term], kinds[other], hour, own[other], *outcomes))
            totals[term, other] = totals.get((term, other), 0) + outcomes.calls
    seen = [
        (own[term], own[other], counted.first[term, other], counted.last[term, other], calls)
        for (term, other), calls in totals.items()
    ]
    rows.sort()  # neighbours in the table are on one page
    insert_rows(
        connection,
        "INSERT INTO activity (term_id, kind, hour, companion_id, calls, denied, failed)",
        rows,
        conflict="ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, denied = denied + excluded.denied,"
        " failed = failed + excluded.failed",
    )
    insert_rows(
        connection,
        "INSERT INTO companion (term_id, companion_id, first_seen, last_seen, calls)",
        sorted(seen),
        conflict="ON CONFLICT DO UPDATE SET first_seen = min(first_seen, excluded.first_seen),"
        " last_seen = max(last_seen, excluded.last_seen), calls = calls + excluded.calls",
    )
    return pack(rows, level=_LEVEL)


def take_back_activity(connection: sqlite3.Connection, kept: bytes) -> None:
    """Count the records of a block no more; what comes to nothing goes."""
    rows = unpack(kept, _decode)
    connection.executemany(
        "UPDATE activity SET calls = calls - ?5, denied = denied - ?6, failed = failed - ?7"
        " WHERE term_id = ?1 AND kind = ?2 AND hour = ?3 AND companion_id = ?4",
        rows,
    )
    connection.executemany(
        "DELETE FROM activity WHERE term_id = ? AND kind = ? AND hour = ? AND companion_id = ? AND calls <= 0",
        [row[:4] for row in rows],
    )
    pairs = [(term, other, calls) for term, kind, _, other, calls, _, _ in rows if kind != _ALONE]
    connection.executemany("UPDATE companion SET calls = calls - ?3 WHERE term_id = ?1 AND companion_id = ?2", pairs)
    connection.executemany(
        "DELETE FROM companion WHERE term_id = ? AND companion_id = ? AND calls <= 0", [pair[:2] for pair in pairs]
    )


def read_hours(connection: sqlite3.Connection, term_id: int, *, first: int, last: int) -> dict[int, Outcomes]:
    """The outcomes by hour since the epoch, first <= hour <= last."""
    rows = connection.execute(
        "SELECT hour, calls, denied, failed FROM activity"
        " WHERE term_id = ? AND kind = ? AND hour BETWEEN ? AND ? AND companion_id = 0",
        (term_id, _ALONE, first, last),
    )
    return {hour: Outcomes(*outcomes) for hour, *outcomes in rows}


def read_companions(
    connection: sqlite3.Connection, term_id: int, kind: str, *, first: int, last: int
) -> tuple[dict[str, Companion], bool]:
    """What was seen with a term in these hours, by value; and whether that is all, or of the newest hours alone."""
    rows = connection.execute(
        "SELECT hour, companion_id, calls, denied, failed FROM activity"
        " WHERE term_id = ? AND kind = ? AND hour BETWEEN ? AND ? ORDER BY hour DESC LIMIT ?",
        (term_id, _KINDS[kind], first, last, _MOST_ROWS + 1),
    ).fetchall()
    counted: dict[int, Outcomes] = {}
    for _, number, *outcomes in rows[:_MOST_ROWS]:
        counted[number] = counted.get(number, Outcomes()).plus(Outcomes(*outcomes))
    found: dict[str, Companion] = {}
    for number, outcomes in counted.items():
        value, first_seen, last_seen = connection.execute(
            "SELECT value, companion.first_seen, companion.last_seen FROM companion JOIN term ON id = companion_id"
            " WHERE term_id = ? AND companion_id = ?",
            (term_id, number),
        ).fetchone()
        found[value] = Companion(value=value, first=first_seen, last=last_seen, outcomes=outcomes)
    return found, len(rows) <= _MOST_ROWS


def read_sighting(connection: sqlite3.Connection, term_id: int, companion_id: int) -> Sighting | None:
    """When both were seen together for the first and the last time."""
    row = connection.execute(
        "SELECT first_seen, last_seen FROM companion WHERE term_id = ? AND companion_id = ?", (term_id, companion_id)
    ).fetchone()
    return None if row is None else Sighting(*row)
