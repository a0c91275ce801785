"""Log streams and log events in SQLite. Spec: FP-11, WIRE-8.1, CON-4.0."""

from __future__ import annotations

import heapq
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.activity import ActivityOfTerm, Companion, Outcomes, hours_within, require_counted
from tocsin.core.log_event import EventPlace, LogEvent, LogStream, LookUp, Sighting, Term
from tocsin.core.record_term import record_terms
from tocsin.store.log_batch import unpack_batch
from tocsin.store.log_block import BlockEvent, BlockSpan, merge_blocks, places_of, unpack_events, unpack_some
from tocsin.store.loose_terms import LooseTerms, lowered
from tocsin.store.sqlite_activity import read_companions, read_hours, read_sighting
from tocsin.store.sqlite_scope import prefix_end, scope_text
from tocsin.time_limit import require_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

    from tocsin.core.activity import ActiveHour, Companions
    from tocsin.core.scope import Scope

STREAM_TERM = "stream"
"""A kind of term of our own: the number of a stream that a block holds events of."""

_DAY_MS = 86_400_000
_STREAM = "name, created_at, first_event, last_event, last_ingestion, stored_bytes"

# Streams that are told to the database one by one; of more, every block is looked at.
_MOST_STREAMS = 500

# A term that stands in no more blocks than that is rare.
_FEW_BLOCKS = 200

# Values that are looked through for a text.
_MOST_VALUES = 50_000

_place = attrgetter("place")


class _Named(NamedTuple):
    """The names of a stream and of its group."""

    group: str
    stream: str


class SqliteLogReader:
    """`LogReader`."""

    def __init__(self, connection: sqlite3.Connection, loose_terms: LooseTerms | None = None) -> None:
        self._connection = connection
        self._terms_of = (LooseTerms() if loose_terms is None else loose_terms).of

    def stream(self, scope: Scope, group: str, name: str) -> LogStream | None:
        """One stream."""
        row = self._connection.execute(
            f"SELECT {_STREAM} FROM log_stream WHERE group_id = ? AND name = ?",  # noqa: S608  (names of columns)
            (self._group_id(scope, group), name),
        ).fetchone()
        return None if row is None else _stream_of(row)

    def streams(
        self, scope: Scope, group: str, *, prefix: str = "", after: str | None = None, limit: int | None = None
    ) -> list[LogStream]:
        """Streams in the order of their names."""
        rows = self._connection.execute(
            f"SELECT {_STREAM} FROM log_stream WHERE group_id = ? AND name >= ? AND (? IS NULL OR name < ?)"  # noqa: S608  (as above)
            " AND (? IS NULL OR name > ?) ORDER BY name LIMIT ?",
            (
                self._group_id(scope, group),
                prefix,
                *(2 * [prefix_end(prefix) if prefix else None]),
                *(2 * [after]),
                -1 if limit is None else limit,
            ),
        )
        return [_stream_of(row) for row in rows]

    def streams_by_last_event(
        self, scope: Scope, group: str, *, descending: bool, after: tuple[int, str] | None = None, limit: int
    ) -> list[LogStream]:
        """Streams in the order of (last event, name)."""
        order, beyond = ("DESC", "<") if descending else ("ASC", ">")
        place = "ifnull(last_event, -1)"
        where, values = "group_id = ?", [self._group_id(scope, group)]
        if after is not None:
            where += f" AND ({place}, name) {beyond} (?, ?)"
            values += after  # type: ignore[arg-type]  # a time and a name
        rows = self._connection.execute(
            f"SELECT {_STREAM} FROM log_stream WHERE {where} ORDER BY {place} {order}, name {order} LIMIT ?",  # noqa: S608  (as above)
            (*values, limit),
        )
        return [_stream_of(row) for row in rows]

    def stored_bytes(self, scope: Scope, group: str) -> int:
        """Bytes of the messages."""
        row = self._connection.execute(
            "SELECT ifnull(sum(stored_bytes), 0) FROM log_stream WHERE group_id = ?", (self._group_id(scope, group),)
        ).fetchone()
        return int(row[0])

    def events(
        self,
        scope: Scope,
        group: str,
        *,
        streams: Collection[str] | None = None,
        start: int | None = None,
        end: int | None = None,
        after: EventPlace | None = None,
        descending: bool = False,
        limit: int,
        max_bytes: int | None = None,
    ) -> list[LogEvent]:
        """Events in the order of their places."""
        group_id = self._group_id(scope, group)
        names = self._stream_names(group_id, streams)
        if not names:
            return []
        low, high = _bounds(start, end, after, descending=descending)
        ordered = heapq.merge(
            self._open_events(group_id, names, low, high, descending=descending),
            merge_blocks(
                self._spans(
                    scope, [group_id], low, high, descending=descending, names=None if streams is None else names
                ),
                lambda span: self._block_events(span, names, low, high, descending=descending),
                _place,
                descending=descending,
            ),
            key=_place,
            reverse=descending,
        )
        found: list[LogEvent] = []
        size = 0
        for event in ordered:
            size += 0 if max_bytes is None else len(event.message.encode())
            if found and (len(found) >= limit or (max_bytes is not None and size > max_bytes)):
                break
            found.append(event)
        return found

    def look_up(
        self,
        scope: Scope,
        terms: Sequence[Term],
        *,
        group: str | None = None,
        start: int | None = None,
        end: int | None = None,
        before: EventPlace | None = None,
        limit: int,
        blocks: int = 150,
    ) -> LookUp:
        """Records of which all terms hold, newest first."""
        groups = self._groups(scope, group)
        names = {number: name for one in groups for number, name in self._stream_names(one, None).items()}
        low, high = _bounds(start, end, before, descending=True)
        numbers = self._term_numbers(scope, terms)
        budget = _Budget(blocks)

        def opened(span: BlockSpan) -> Iterator[LogEvent]:
            row = self._connection.execute("SELECT terms FROM log_block WHERE id = ?", (span.number,)).fetchone()
            places = set(places_of(row[0], numbers)) if numbers else None
            if places is None or places:
                chosen = self._unpacked(span, places)
                yield from _told(chosen, names, low, high, descending=True)

        spans: Iterator[BlockSpan] = iter(())
        if numbers is not None:
            spans = budget.spans(self._spans(scope, groups, low, high, descending=True, terms=numbers))
        wanted = set(terms)
        loose = (
            event
            for one in groups
            for event in self._open_events(one, names, low, high, descending=True)
            if wanted.issubset(self._terms_of(event).terms)
        )
        found: list[LogEvent] = []
        merged = heapq.merge(
            sorted(loose, key=_place, reverse=True),
            merge_blocks(spans, opened, _place, descending=True),
            key=_place,
            reverse=True,
        )
        for event in merged:
            if budget.stopped_at is not None and event.place <= budget.stopped_at:
                break
            if len(found) >= limit:
                return LookUp(events=tuple(found), searched_back_to=found[-1].place)
            found.append(event)
        if budget.stopped_at is None:
            return LookUp(events=tuple(found))
        last = EventPlace(budget.stopped_at[0], budget.stopped_at[1] + 1)
        return LookUp(events=tuple(found), searched_back_to=last)

    def find_record(self, scope: Scope, event_id: str, *, near: int | None = None) -> list[LogEvent]:
        """The records with that eventID."""
        digest = id_digest(event_id)
        found: list[LogEvent] = []
        for group in self._groups(scope, None):
            names = self._stream_names(group, None)
            rows = self._connection.execute(
                "SELECT timestamp, sequence, ingestion_time, stream_id, message FROM log_event"
                " WHERE group_id = ? AND instr(message, ?)",
                (group, event_id),
            )
            events = [BlockEvent._make(row) for row in rows]
            for span in self._batch_spans(group, None, None, descending=False):
                events += self._batch(span.number)
            for number in self._blocks_of_record(group, digest, near):
                events += self._unpacked(BlockSpan(number, (0, 0), (0, 0)))
            chosen = [
                one for one in events if event_id in one.message and record_terms(one.message).event_id == event_id
            ]
            found += _told(chosen, names, None, None, descending=False)
        return sorted(found, key=_place)

    def sighting(self, scope: Scope, term: Term, *, beside: Term | None = None) -> Sighting | None:
        """When the first and the last record with that term, or with both, were."""
        if beside is not None:
            require_counted(term.kind, beside.kind)
        wanted = {term} if beside is None else {term, beside}
        times = [event.timestamp for event in self._loose(scope) if wanted.issubset(self._terms_of(event).terms)]
        packed: Sighting | None = None
        if beside is None:
            row = self._connection.execute(
                "SELECT first_seen, last_seen FROM term WHERE scope = ? AND kind = ? AND value = ?",
                (scope_text(scope), *term),
            ).fetchone()
            packed = None if row is None else Sighting(*row)
        elif (numbers := self._term_numbers(scope, [term, beside])) is not None:
            packed = read_sighting(self._connection, *numbers)
        times += () if packed is None else packed
        return Sighting(min(times), max(times)) if times else None

    def activity(self, scope: Scope, term: Term, *, since: int, until: int) -> list[ActiveHour]:
        """Calls by hour."""
        first, last = hours_within(since, until)
        numbers = self._term_numbers(scope, [term])
        packed = {} if numbers is None else read_hours(self._connection, numbers[0], first=first, last=last)
        return self._activity_of(scope, term, (first, last)).by_hour(packed)

    def companions(self, scope: Scope, term: Term, kind: str, *, since: int, until: int, limit: int) -> Companions:
        """What of a kind stood in records beside a term."""
        require_counted(term.kind, kind)
        first, last = hours_within(since, until)
        packed: dict[str, Companion] = {}
        is_complete = True
        activity = self._activity_of(scope, term, (first, last))
        numbers = self._term_numbers(scope, [term])
        if numbers is not None:
            packed, is_complete = read_companions(self._connection, numbers[0], kind, first=first, last=last)
            for value in activity.values(kind) - packed.keys():
                both = self._term_numbers(scope, [term, Term(kind, value)])
                seen = None if both is None else read_sighting(self._connection, *both)
                if seen is not None:
                    packed[value] = Companion(value=value, first=seen.first, last=seen.last, outcomes=Outcomes())
        return activity.companions(kind, packed, limit=limit, is_complete=is_complete)

    def term_values(self, scope: Scope, kind: str, *, holding: str, limit: int) -> list[str]:
        """Values of a kind."""
        rows = self._connection.execute(
            "SELECT value, last_seen FROM (SELECT value, last_seen FROM term WHERE scope = ? AND kind = ? LIMIT ?)"
            " WHERE instr(lower(value), lower(?)) ORDER BY last_seen DESC, value LIMIT ?",
            (scope_text(scope), kind, _MOST_VALUES, holding, limit),
        )
        found: dict[str, int] = dict(rows.fetchall())
        wanted = lowered(holding)
        for event in self._loose(scope):
            for term in self._terms_of(event).terms:
                if term.kind == kind and wanted in lowered(term.value):
                    found[term.value] = max(found.get(term.value, 0), event.timestamp)
        return sorted(found, key=lambda value: (-found[value], value))[:limit]

    def _activity_of(self, scope: Scope, term: Term, hours: tuple[int, int]) -> ActivityOfTerm:
        loose = ((event.timestamp, self._terms_of(event)) for event in self._loose(scope))
        return ActivityOfTerm(term, loose, hours)

    def _loose(self, scope: Scope) -> Iterator[LogEvent]:
        """The events of a scope that are in no block yet."""
        for group in self._groups(scope, None):
            yield from self._open_events(group, self._stream_names(group, None), None, None, descending=False)

    # ------------------------------------------------------------ groups, streams and blocks

    def _group_id(self, scope: Scope, group: str) -> int:
        row = self._connection.execute(
            "SELECT id FROM log_group WHERE scope = ? AND name = ?", (scope_text(scope), group)
        ).fetchone()
        return -1 if row is None else int(row[0])

    def _groups(self, scope: Scope, group: str | None) -> list[int]:
        rows = self._connection.execute(
            "SELECT id FROM log_group WHERE scope = ? AND (? IS NULL OR name = ?)", (scope_text(scope), group, group)
        )
        return [number for (number,) in rows]

    def _stream_names(self, group_id: int, streams: Collection[str] | None) -> dict[int, _Named]:
        """The names of a group's streams by their numbers: all of them, or those that are asked for."""
        row = self._connection.execute("SELECT name FROM log_group WHERE id = ?", (group_id,)).fetchone()
        group = "" if row is None else str(row[0])
        if streams is not None and len(streams) <= _MOST_STREAMS:
            found = (
                self._connection.execute(
                    "SELECT id, name FROM log_stream WHERE group_id = ? AND name = ?", (group_id, name)
                ).fetchone()
                for name in streams
            )
            return {row[0]: _Named(group, row[1]) for row in found if row is not None}
        rows = self._connection.execute("SELECT id, name FROM log_stream WHERE group_id = ?", (group_id,))
        wanted = None if streams is None else set(streams)
        return {number: _Named(group, name) for number, name in rows if wanted is None or name in wanted}

    def _term_numbers(self, scope: Scope, terms: Sequence[Term]) -> list[int] | None:
        """The numbers of terms; None where one of them stands in no block."""
        numbers = []
        for term in terms:
            row = self._connection.execute(
                "SELECT id FROM term WHERE scope = ? AND kind = ? AND value = ?", (scope_text(scope), *term)
            ).fetchone()
            if row is None:
                return None
            numbers.append(int(row[0]))
        return numbers

    def _spans(
        self,
        scope: Scope,
        groups: Sequence[int],
        low: tuple[int, int] | None,
        high: tuple[int, int] | None,
        *,
        descending: bool,
        names: dict[int, _Named] | None = None,
        terms: Sequence[int] = (),
    ) -> Iterator[BlockSpan]:
        """The blocks that hold something of low <= place < high, in the order that `merge_blocks` wants."""
        where, values = _within(low, high, first="first_time, first_sequence", last="last_time, last_sequence")
        rare = self._rare(terms)
        for term in terms:
            # Of a rare term its blocks are looked up; otherwise blocks are gone through as they are asked for.
            if term == rare:
                where += " AND id IN (SELECT block_id FROM posting WHERE term_id = ?)"
            else:
                where += " AND EXISTS (SELECT 1 FROM posting WHERE term_id = ? AND block_id = log_block.id)"
            values.append(term)
        if names is not None and len(names) <= _MOST_STREAMS:
            named = f"scope = ? AND kind = ? AND value IN ({_marks(names)})"
            where += f" AND id IN (SELECT block_id FROM posting JOIN term ON term.id = term_id WHERE {named})"  # noqa: S608  (question marks)
            values += [scope_text(scope), STREAM_TERM, *map(str, names)]
        order = "last_time DESC, last_sequence DESC" if descending else "first_time, first_sequence"
        index = "" if rare is not None else f"INDEXED BY log_block_by_{'last' if descending else 'first'}"
        statement = (
            f"SELECT id, first_time, first_sequence, last_time, last_sequence FROM log_block {index}"  # noqa: S608  (names of columns)
            f" WHERE group_id = ?{where} ORDER BY {order}"
        )
        return heapq.merge(
            *(self._spans_of(statement, [group, *values]) for group in groups),
            key=attrgetter("last" if descending else "first"),
            reverse=descending,
        )

    def _spans_of(self, statement: str, values: Sequence[object]) -> Iterator[BlockSpan]:
        for row in self._connection.execute(statement, values):
            yield BlockSpan(row[0], (row[1], row[2]), (row[3], row[4]))

    def _rare(self, terms: Sequence[int]) -> int | None:
        """One of these terms that stands in few blocks, if there is one."""
        for term in terms:
            (count,) = self._connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM posting WHERE term_id = ? LIMIT ?)", (term, _FEW_BLOCKS + 1)
            ).fetchone()
            if count <= _FEW_BLOCKS:
                return term
        return None

    def _open_events(
        self,
        group_id: int,
        names: dict[int, _Named],
        low: tuple[int, int] | None,
        high: tuple[int, int] | None,
        *,
        descending: bool,
    ) -> Iterator[LogEvent]:
        """The events that are in no block yet."""
        rows = self._rows(group_id, names, low, high, descending=descending)
        spans = self._batch_spans(group_id, low, high, descending=descending)
        if not spans:
            return rows
        packed = merge_blocks(
            spans,
            lambda span: _told(self._batch(span.number), names, low, high, descending=descending),
            _place,
            descending=descending,
        )
        return heapq.merge(rows, packed, key=_place, reverse=descending)

    def _batch_spans(
        self, group_id: int, low: tuple[int, int] | None, high: tuple[int, int] | None, *, descending: bool
    ) -> list[BlockSpan]:
        where, values = _within(low, high, first="first_time, sequence", last="last_time, sequence + count - 1")
        order = "last_time DESC, sequence DESC" if descending else "first_time, sequence"
        rows = self._connection.execute(
            f"SELECT sequence, first_time, last_time, count FROM log_batch WHERE group_id = ?{where} ORDER BY {order}",  # noqa: S608  (as above)
            (group_id, *values),
        )
        return [BlockSpan(number, (first, number), (last, number + count - 1)) for number, first, last, count in rows]

    def _batch(self, number: int) -> list[BlockEvent]:
        """The events of a batch."""
        require_time()
        return read_batch(self._connection, number)

    def _rows(
        self,
        group_id: int,
        names: dict[int, _Named],
        low: tuple[int, int] | None,
        high: tuple[int, int] | None,
        *,
        descending: bool,
    ) -> Iterator[LogEvent]:
        where, values = _within(low, high, first="timestamp, sequence", last="timestamp, sequence")
        order = "DESC" if descending else "ASC"
        rows = self._connection.execute(
            "SELECT timestamp, ingestion_time, sequence, stream_id, message FROM log_event"  # noqa: S608  (as above)
            f" WHERE group_id = ?{where} ORDER BY timestamp {order}, sequence {order}",
            (group_id, *values),
        )
        for timestamp, ingestion_time, sequence, stream, message in rows:
            name = names.get(stream)
            if name is not None:
                yield LogEvent(timestamp, ingestion_time, sequence, name.stream, message, name.group)

    def _unpacked(self, span: BlockSpan, places: set[int] | None = None) -> list[BlockEvent]:
        """The events of a block, or those at these places."""
        require_time()
        row = self._connection.execute("SELECT data FROM log_block WHERE id = ?", (span.number,)).fetchone()
        return unpack_events(row[0]) if places is None else unpack_some(row[0], places)

    def _block_events(
        self,
        span: BlockSpan,
        names: dict[int, _Named],
        low: tuple[int, int] | None,
        high: tuple[int, int] | None,
        *,
        descending: bool,
    ) -> Iterator[LogEvent]:
        return _told(self._unpacked(span), names, low, high, descending=descending)

    def _blocks_of_record(self, group: int, digest: int, near: int | None) -> list[int]:
        days: list[int] = []
        if near is not None:
            day = near // _DAY_MS
            days = [day - 1, day, day + 1]
        else:
            row = self._connection.execute("SELECT min(day) FROM record_id").fetchone()
            while row[0] is not None:
                days.append(row[0])
                row = self._connection.execute("SELECT min(day) FROM record_id WHERE day > ?", (row[0],)).fetchone()
        # The plus keeps SQLite from going through all blocks of the group.
        rows = self._connection.execute(
            "SELECT id FROM log_block WHERE +group_id = ? AND id IN"  # noqa: S608  (question marks)
            f" (SELECT block_id FROM record_id WHERE day IN ({_marks(days)}) AND digest = ?)",
            (group, *days, digest),
        )
        return [number for (number,) in rows]


class _Budget:
    """So many blocks are opened; `stopped_at` is the last place of the first one that was not."""

    def __init__(self, blocks: int) -> None:
        self._left = blocks
        self.stopped_at: tuple[int, int] | None = None

    def spans(self, spans: Iterator[BlockSpan]) -> Iterator[BlockSpan]:
        """As many of them as may be opened."""
        for span in spans:
            if not self._left:
                self.stopped_at = span.last
                return
            self._left -= 1
            yield span


def id_digest(event_id: str) -> int:
    """Eight bytes of an eventID's digest, as a signed integer."""
    digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _within(
    low: tuple[int, int] | None, high: tuple[int, int] | None, *, first: str, last: str
) -> tuple[str, list[object]]:
    """The condition, and its values, that of what lies from `first` to `last` something is in low <= place < high."""
    where = ""
    values: list[object] = []
    if low is not None:
        where += f" AND ({last}) >= (?, ?)"
        values += low
    if high is not None:
        where += f" AND ({first}) < (?, ?)"
        values += high
    return where, values


def read_batch(connection: sqlite3.Connection, number: int) -> list[BlockEvent]:
    """The events of a batch, in the order of their places."""
    ingestion_time, stream, data = connection.execute(
        "SELECT ingestion_time, stream_id, data FROM log_batch WHERE sequence = ?", (number,)
    ).fetchone()
    return unpack_batch(data, sequence=number, ingestion_time=ingestion_time, stream=stream)


def _bounds(
    start: int | None, end: int | None, beyond: EventPlace | None, *, descending: bool
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """The places low <= place < high that are asked for; None where there is no bound."""
    low = None if start is None else (start, 0)
    high = None if end is None else (end, 0)
    if beyond is not None and descending:
        place = (beyond.timestamp, beyond.sequence)
        high = place if high is None else min(high, place)
    elif beyond is not None:
        behind = (beyond.timestamp, beyond.sequence + 1)
        low = behind if low is None else max(low, behind)
    return low, high


def _told(
    events: Sequence[BlockEvent],
    names: dict[int, _Named],
    low: tuple[int, int] | None,
    high: tuple[int, int] | None,
    *,
    descending: bool,
) -> Iterator[LogEvent]:
    for event in reversed(events) if descending else events:
        place = (event.timestamp, event.sequence)
        name = names.get(event.stream)
        if name is not None and (low is None or place >= low) and (high is None or place < high):
            yield LogEvent(
                event.timestamp, event.ingestion_time, event.sequence, name.stream, event.message, name.group
            )


def _stream_of(row: tuple[str, int, int | None, int | None, int | None, int]) -> LogStream:
    name, created_at, first_event, last_event, last_ingestion, stored_bytes = row
    return LogStream(
        name=name,
        created_at=created_at,
        first_event=first_event,
        last_event=last_event,
        last_ingestion=last_ingestion,
        stored_bytes=stored_bytes,
    )


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
