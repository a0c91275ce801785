"""CloudTrail records in memory. Spec: CT-11.5, CT-16."""

from __future__ import annotations

from bisect import bisect_left, insort
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.kept_record import (
    EVENT_ID,
    BegunBatch,
    FoundRecord,
    RecordGroup,
    RecordPlace,
    WaitingGroup,
    WaitingRecords,
    event_rank,
)
from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tocsin.core.kept_record import Destination, NewRecord
    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo

_EVERYTHING = Term("", "")
_Key = tuple[str, Term]
_Entry = tuple[int, bytes, str]  # second and rank, which order it, and the eventID


class _Waiting(NamedTuple):
    """A record that waits; its number says when it came."""

    number: int
    body: bytes
    at: int


class _Histories:
    """The histories of one scope."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], NewRecord] = {}  # by history and eventID
        self.numbers: dict[tuple[str, str], int] = {}  # in the order in which they came
        self.ages: dict[tuple[str, str], int] = {}  # the second that says when they go
        self.entries: dict[_Key, list[_Entry]] = {}


class MemoryRecords:
    """`RecordWriter` over lists."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._next = 0
        self._scopes: dict[Scope, _Histories] = {}
        self._routes: dict[bytes, int] = {}
        self._waiting: dict[RecordGroup, tuple[_Waiting, ...]] = {}
        self._batches: dict[int, tuple[BegunBatch, tuple[_Waiting, ...]]] = {}

    # ------------------------------------------------------------ history

    def known(self, scope: Scope, history: str, event_ids: Collection[str]) -> set[str]:
        """Those that the history has."""
        kept = self._scopes.get(scope)
        return set() if kept is None else {one for one in event_ids if (history, one) in kept.records}

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
        kept = self._scopes.get(scope)
        if kept is None:
            return []
        entries = kept.entries.get((history, _EVERYTHING if term is None else term), [])
        stop = len(entries)
        if end is not None:
            stop = bisect_left(entries, (end + 1,))
        if before is not None:
            stop = min(stop, bisect_left(entries, (before.second, event_rank(before.event_id))))
        first = 0 if start is None else bisect_left(entries, (start,))
        found = (
            FoundRecord(RecordPlace(second, event_id), kept.records[history, event_id].body)
            for second, _, event_id in entries[first : max(first, stop)][::-1]
            if until is None or kept.numbers[history, event_id] <= until
        )
        return list(islice(found, limit))

    def mark(self) -> int:
        """The last number that was given."""
        return self._next

    def expire(self, *, before: int, blocks: int = 50) -> int:
        """Remove old records; one counts as a block."""
        gone = 0
        for kept in self._scopes.values():
            old = [key for key, second in kept.ages.items() if second < before][: blocks - gone]
            gone += len(old)
            for history, event_id in old:
                self._undo.remove(kept.ages, (history, event_id))
                self._undo.remove(kept.numbers, (history, event_id))
                record = self._undo.remove(kept.records, (history, event_id))
                entry = (record.second, event_rank(event_id), event_id)
                for term in _terms_of(record):
                    entries = kept.entries[history, term]
                    entries.remove(entry)
                    self._undo.note(partial(insort, entries, entry))
        return gone

    # ------------------------------------------------------------ what waits

    def waiting(self) -> list[WaitingGroup]:
        """The groups of which records wait."""
        return [
            WaitingGroup(group, len(rows), sum(len(row.body) for row in rows), rows[0].at)
            for group, rows in self._waiting.items()
        ]

    def read_waiting(self, group: RecordGroup, *, most_bytes: int) -> WaitingRecords | None:
        """The oldest of a group."""
        rows = self._waiting.get(group)
        if not rows:
            return None
        count, size = 1, len(rows[0].body)
        while count < len(rows) and size + len(rows[count].body) <= most_bytes:
            size += len(rows[count].body)
            count += 1
        read = rows[:count]
        return WaitingRecords(
            group, read[0].number, read[-1].number, read[0].at, read[-1].at, [row.body for row in read]
        )

    def begun(self) -> list[BegunBatch]:
        """The batches that are not finished."""
        return [batch for batch, _ in self._batches.values()]

    def read_begun(self, number: int) -> list[bytes]:
        """The records of a batch."""
        batch = self._batches.get(number)
        return [] if batch is None else [row.body for row in batch[1]]

    def route(self, number: int) -> bytes | None:
        """The settings of a route."""
        return next((body for body, known in self._routes.items() if known == number), None)

    # ------------------------------------------------------------ changes

    def add(
        self,
        scope: Scope,
        records: Sequence[NewRecord],
        *,
        waiting: Mapping[Destination, Sequence[int]],
        at: int,
    ) -> None:
        """Keep records."""
        kept = self._scopes.get(scope)
        if kept is None:
            kept = _Histories()
            self._undo.put(self._scopes, scope, kept)
        for record in records:
            if record.history is None or (record.history, record.event_id) in kept.records:
                continue
            self._undo.put(kept.records, (record.history, record.event_id), record)
            self._undo.put(kept.numbers, (record.history, record.event_id), self._number())
            self._undo.put(kept.ages, (record.history, record.event_id), min(record.second, at // 1000))
            entry = (record.second, event_rank(record.event_id), record.event_id)
            for term in _terms_of(record):
                entries = kept.entries.setdefault((record.history, term), [])
                insort(entries, entry)
                self._undo.note(partial(entries.remove, entry))
        for destination, places in waiting.items():
            if not places:
                continue
            group = RecordGroup(self._route_number(destination.route), destination.folder, scope)
            rows = [_Waiting(self._number(), records[place].body, at) for place in places]
            self._undo.put(self._waiting, group, (*self._waiting.get(group, ()), *rows))

    def begin(self, records: WaitingRecords, *, object_key: str) -> int | None:
        """Make a batch."""
        rows = self._waiting.get(records.group, ())
        count = len(records.bodies)
        if len(rows) < count or (rows[0].number, rows[count - 1].number) != (records.first, records.last):
            return None
        number = self._number()
        self._undo.put(self._batches, number, (BegunBatch(number, records.group, object_key), rows[:count]))
        if count == len(rows):
            self._undo.remove(self._waiting, records.group)
        else:
            self._undo.put(self._waiting, records.group, rows[count:])
        return number

    def finish(self, number: int) -> bool:
        """Let go of a batch."""
        if number not in self._batches:
            return False
        self._undo.remove(self._batches, number)
        self._forget_routes()
        return True

    def reset(self, scope: Scope | None) -> None:
        """Remove the records of a scope, or all."""
        for name in ("_scopes", "_waiting", "_batches", "_routes"):
            before = getattr(self, name)
            self._undo.note(partial(setattr, self, name, before))
        if scope is None:
            self._scopes, self._waiting, self._batches, self._routes = {}, {}, {}, {}
            return
        self._scopes = {key: one for key, one in self._scopes.items() if key != scope}
        self._waiting = {group: rows for group, rows in self._waiting.items() if group.scope != scope}
        self._batches = {key: one for key, one in self._batches.items() if one[0].group.scope != scope}
        self._routes = dict(self._routes)
        self._forget_routes()

    def _route_number(self, route: bytes) -> int:
        known = self._routes.get(route)
        if known is None:
            known = self._number()
            self._undo.put(self._routes, route, known)
        return known

    def _forget_routes(self) -> None:
        """Remove the routes under which nothing is left."""
        used = {group.route for group in self._waiting} | {batch.group.route for batch, _ in self._batches.values()}
        for route, number in list(self._routes.items()):
            if number not in used:
                self._undo.remove(self._routes, route)

    def _number(self) -> int:
        self._next += 1
        return self._next


def _terms_of(record: NewRecord) -> tuple[Term, ...]:
    return (_EVERYTHING, Term(EVENT_ID, record.event_id), *record.terms)
