"""Loose log events made into blocks, beside the work of others. Spec: AR-5, AR-7, CON-4.0 (X1 to X5).

Rule: what costs time (reading records, packing) is done on a view of the database, while others write. Only what
came of it is written in a transaction, which does nothing if an event of it has gone meanwhile.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.activity import count_activity
from tocsin.core.event_count import EventTally
from tocsin.core.log_event import Term
from tocsin.core.record_term import record_terms
from tocsin.errors import StoreError
from tocsin.store.log_batch import LEAST_EVENTS
from tocsin.store.log_block import MOST_BYTES, MOST_EVENTS, BlockEvent, pack_events, pack_terms
from tocsin.store.sqlite_activity import add_activity
from tocsin.store.sqlite_event_counts import add_counts
from tocsin.store.sqlite_log_reader import STREAM_TERM, id_digest, read_batch

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tocsin.core.activity import Counted
    from tocsin.core.record_term import RecordTerms

_DAY_MS = 86_400_000

# Numbers of terms that are remembered; most records name what others before them have named.
_MOST_KNOWN = 20_000


class EventsGoneError(Exception):
    """Events of a block were removed while it was made. Nothing of it is kept."""


class NewBlock(NamedTuple):
    """A block that is not in the database yet."""

    group_id: int
    scope: str
    group: str
    events: Sequence[BlockEvent]
    data: bytes
    places: dict[Term, list[int]]
    """Term -> the places of its events in the block, ascending; none for the terms of streams."""
    record_ids: list[tuple[int, int]]
    """Day and digest of each eventID."""
    tally: EventTally
    activity: Counted
    """What the records come to."""
    rows: Sequence[tuple[int, int]] = ()
    batches: Sequence[int] = ()
    """Where its events are loose: rows by sequence and stream, batches by their first sequences."""


def make_block(connection: sqlite3.Connection, group_id: int) -> NewBlock | None:
    """A block of the oldest loose events of a group; None where there are none."""
    taken = _Taken(connection, group_id)
    # What has waited longest goes first; what is left of the room is for the others.
    oldest_row, oldest_batch = (
        connection.execute(f"SELECT min(ingestion_time) FROM {table} WHERE group_id = ?", (group_id,)).fetchone()[0]  # noqa: S608  (two names)
        for table in ("log_event", "log_batch")
    )
    if oldest_batch is not None and (oldest_row is None or oldest_batch <= oldest_row):
        taken.take_batches()
        taken.take_rows()
    else:
        taken.take_rows()
        taken.take_batches()
    if not taken.events:
        return None
    scope, group = connection.execute("SELECT scope, name FROM log_group WHERE id = ?", (group_id,)).fetchone()
    events = sorted(taken.events, key=itemgetter(0, 1))
    block = block_of(events, group_id=group_id, scope=scope, group=group)
    return block._replace(rows=tuple(taken.rows), batches=tuple(taken.batches))


class _Taken:
    """Loose events for a block: `rows` by sequence and stream, `batches` by their first sequences."""

    def __init__(self, connection: sqlite3.Connection, group_id: int) -> None:
        self._connection = connection
        self._group_id = group_id
        self._size = 0
        self.events: list[BlockEvent] = []
        self.rows: list[tuple[int, int]] = []
        self.batches: list[int] = []

    def _has_room(self, count: int, size: int) -> bool:
        if self.events and (len(self.events) + count > MOST_EVENTS or self._size + size > MOST_BYTES):
            return False
        self._size += size
        return True

    def take_rows(self) -> None:
        """Take the oldest rows, as far as there is room."""
        rows = self._connection.execute(
            "SELECT timestamp, sequence, ingestion_time, stream_id, message FROM log_event WHERE group_id = ?"
            " ORDER BY timestamp, sequence LIMIT ?",
            (self._group_id, MOST_EVENTS - len(self.events)),
        )
        for row in rows:
            event = BlockEvent._make(row)
            if not self._has_room(1, len(event.message)):
                break
            self.events.append(event)
            self.rows.append((event.sequence, event.stream))
        rows.close()

    def take_batches(self) -> None:
        """Take the oldest batches, as far as there is room."""
        rows = self._connection.execute(
            "SELECT sequence, count, size FROM log_batch WHERE group_id = ? ORDER BY sequence LIMIT ?",
            (self._group_id, MOST_EVENTS // LEAST_EVENTS),
        ).fetchall()
        for sequence, count, size in rows:
            if not self._has_room(count, size):
                break
            try:
                self.events += read_batch(self._connection, sequence)
            except StoreError:  # it stays where it is until its time is over, and keeps nothing else from being packed
                continue
            self.batches.append(sequence)


def block_of(events: Sequence[BlockEvent], *, group_id: int, scope: str, group: str) -> NewBlock:
    """A block of these events, which are in the order of their places. `scope` and `group` say whose they are."""
    places: dict[Term, list[int]] = {}
    idents: set[tuple[int, int]] = set()
    tally = EventTally()
    records: list[tuple[int, RecordTerms]] = []
    for place, event in enumerate(events):
        found = record_terms(event.message)
        tally.add(event.timestamp, found)
        for term in found.terms:
            places.setdefault(term, []).append(place)
        records.append((event.timestamp, found))
        if found.event_id:
            idents.add((event.timestamp // _DAY_MS, id_digest(found.event_id)))
    for stream in {event.stream for event in events}:
        places[Term(STREAM_TERM, str(stream))] = []
    activity = count_activity(records)
    return NewBlock(group_id, scope, group, events, pack_events(events), places, sorted(idents), tally, activity)


class _KnownTerm(NamedTuple):
    number: int
    first_seen: int
    last_seen: int


class BlockWriter:
    """Writes blocks inside a transaction of its connection.

    It remembers the numbers of terms, so `forget` is to be called when a term was removed or a transaction undone.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, Term], _KnownTerm] = {}

    def forget(self) -> None:
        """Look up everything anew."""
        self._known.clear()

    def keep(self, block: NewBlock) -> None:
        """Put a block in the place of its loose events.

        Raises:
            EventsGoneError: not all of them are there; the transaction is to be undone.
        """
        many = self._connection.executemany
        rows = many("DELETE FROM log_event WHERE sequence = ? AND stream_id = ?", block.rows).rowcount
        batches = many("DELETE FROM log_batch WHERE sequence = ?", [(one,) for one in block.batches]).rowcount
        if (max(rows, 0), max(batches, 0)) != (len(block.rows), len(block.batches)):
            raise EventsGoneError
        self.put(block)

    def put(self, block: NewBlock) -> None:
        """Write a block whose events are nowhere else."""
        execute, events = self._connection.execute, block.events
        numbers = self._term_numbers(block)
        first, last = events[0], events[-1]
        activity = add_activity(self._connection, block.activity, dict(zip(block.places, numbers, strict=True)))
        number = execute(
            "INSERT INTO log_block (group_id, first_time, first_sequence, last_time, last_sequence, terms, data,"
            " activity) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                block.group_id,
                first.timestamp,
                first.sequence,
                last.timestamp,
                last.sequence,
                pack_terms(dict(zip(numbers, block.places.values(), strict=True))),
                block.data,
                activity,
            ),
        ).lastrowid
        self._connection.executemany(
            "INSERT INTO posting (term_id, block_id) VALUES (?, ?)", [(one, number) for one in sorted(numbers)]
        )
        self._connection.executemany(
            "INSERT OR IGNORE INTO record_id VALUES (?, ?, ?)", [(*ident, number) for ident in block.record_ids]
        )
        add_counts(self._connection, block.scope, block.group, block.tally)

    def _term_numbers(self, block: NewBlock) -> list[int]:
        """The number of each term, with its first and last time brought up to date."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        numbers: list[int] = []
        moved: list[tuple[int, int, int]] = []
        for term, held in block.places.items():
            first, last = (block.events[held[0]].timestamp, block.events[held[-1]].timestamp) if held else (0, 0)
            known = self._known.get((block.scope, term))
            if known is None:
                row = self._connection.execute(
                    "INSERT INTO term (scope, kind, value, first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT (scope, kind, value) DO UPDATE SET first_seen = min(first_seen, ?4),"
                    " last_seen = max(last_seen, ?5) RETURNING id, first_seen, last_seen",
                    (block.scope, *term, first, last),
                ).fetchone()
                known = _KnownTerm(*row)
            elif first < known.first_seen or last > known.last_seen:
                known = _KnownTerm(known.number, min(first, known.first_seen), max(last, known.last_seen))
                moved.append((known.first_seen, known.last_seen, known.number))
            self._known[block.scope, term] = known
            numbers.append(known.number)
        self._connection.executemany("UPDATE term SET first_seen = ?, last_seen = ? WHERE id = ?", moved)
        return numbers
