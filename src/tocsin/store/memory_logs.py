"""Log streams and log events in memory. Spec: FP-11, WIRE-8.1, CON-4.0."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from tocsin.core.activity import ActivityOfTerm, hours_within, require_counted
from tocsin.core.log_event import EventPlace, LogEvent, LogStream, LookUp, Sighting
from tocsin.core.record_term import RecordTerms, record_terms
from tocsin.store.loose_terms import lowered
from tocsin.store.memory_definitions import NamedTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tocsin.core.activity import ActiveHour, Companions
    from tocsin.core.log_event import Term
    from tocsin.core.scope import Scope
    from tocsin.store.memory_event_counts import MemoryEventCounts
    from tocsin.store.undo import Undo

_place = attrgetter("place")

# Events that one block of a look-up stands for, as in the store on disk (CON-4.0, X1).
_BLOCK = 1_000


class _Stream:
    """A stream with its events in the order of their places."""

    def __init__(self, name: str, created_at: int) -> None:
        self.name = name
        self.created_at = created_at
        self.last_ingestion: int | None = None
        self.stored_bytes = 0
        self.events: list[LogEvent] = []

    def described(self) -> LogStream:
        """What is told of it."""
        return LogStream(
            name=self.name,
            created_at=self.created_at,
            first_event=self.events[0].timestamp if self.events else None,
            last_event=self.events[-1].timestamp if self.events else None,
            last_ingestion=self.last_ingestion,
            stored_bytes=self.stored_bytes,
        )


class _Group:
    def __init__(self) -> None:
        self.names = NamedTable()
        self.streams: dict[str, _Stream] = {}


class MemoryLogs:
    """`LogWriter` over lists. `counts` are told what is appended."""

    def __init__(self, undo: Undo, counts: MemoryEventCounts) -> None:
        self._undo = undo
        self._counts = counts
        self._groups: dict[tuple[Scope, str], _Group] = {}
        self._next = 1
        self._terms: dict[int, RecordTerms] = {}  # by sequence, as far as they were asked for

    def stream(self, scope: Scope, group: str, name: str) -> LogStream | None:
        """One stream."""
        found = self._stream(scope, group, name)
        return None if found is None else found.described()

    def streams(
        self, scope: Scope, group: str, *, prefix: str = "", after: str | None = None, limit: int | None = None
    ) -> list[LogStream]:
        """Streams in the order of their names."""
        kept = self._groups.get((scope, group))
        if kept is None:
            return []
        return [kept.streams[name].described() for name in islice(kept.names.range(prefix, after), limit)]

    def streams_by_last_event(
        self, scope: Scope, group: str, *, descending: bool, after: tuple[int, str] | None = None, limit: int
    ) -> list[LogStream]:
        """Streams in the order of (last event, name)."""
        kept = self._groups.get((scope, group), _Group())
        keyed = [
            ((-1 if told.last_event is None else told.last_event, told.name), told)
            for told in (stream.described() for stream in kept.streams.values())
        ]
        keyed.sort(reverse=descending)
        if after is not None:
            keyed = [(key, told) for key, told in keyed if (key < after if descending else key > after)]
        return [told for _, told in keyed[:limit]]

    def stored_bytes(self, scope: Scope, group: str) -> int:
        """Bytes of the messages."""
        kept = self._groups.get((scope, group), _Group())
        return sum(stream.stored_bytes for stream in kept.streams.values())

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
        found: list[LogEvent] = []
        size = 0
        ordered = self._ordered(scope, group, streams, start=start, end=end, after=after, descending=descending)
        for event in ordered:
            size += 0 if max_bytes is None else len(event.message.encode("utf-8", "surrogatepass"))
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
        groups = [name for place, name in self._groups if place == scope and group in (None, name)]
        found: list[LogEvent] = []
        merged = heapq.merge(
            *(self._ordered(scope, name, None, start=start, end=end, after=before, descending=True) for name in groups),
            key=_place,
            reverse=True,
        )
        wanted = set(terms)
        last: EventPlace | None = None
        for looked_at, event in enumerate(merged):
            if len(found) >= limit or looked_at >= blocks * _BLOCK:
                return LookUp(events=tuple(found), searched_back_to=last)
            last = event.place
            if wanted.issubset(self._terms_of(event).terms):
                found.append(event)
        return LookUp(events=tuple(found))

    def find_record(self, scope: Scope, event_id: str, *, near: int | None = None) -> list[LogEvent]:  # noqa: ARG002  (`near` helps where there are blocks)
        """The records with that eventID."""
        return [event for event in self._all(scope) if event_id and self._terms_of(event).event_id == event_id]

    def sighting(self, scope: Scope, term: Term, *, beside: Term | None = None) -> Sighting | None:
        """When the first and the last record with that term, or with both, were."""
        if beside is not None:
            require_counted(term.kind, beside.kind)
        wanted = {term} if beside is None else {term, beside}
        times = [event.timestamp for event in self._all(scope) if wanted.issubset(self._terms_of(event).terms)]
        return Sighting(min(times), max(times)) if times else None

    def activity(self, scope: Scope, term: Term, *, since: int, until: int) -> list[ActiveHour]:
        """Calls by hour."""
        return self._activity_of(scope, term, hours_within(since, until)).by_hour({})

    def companions(self, scope: Scope, term: Term, kind: str, *, since: int, until: int, limit: int) -> Companions:
        """What of a kind stood in records beside a term."""
        return self._activity_of(scope, term, hours_within(since, until)).companions(kind, {}, limit=limit)

    def term_values(self, scope: Scope, kind: str, *, holding: str, limit: int) -> list[str]:
        """Values of a kind."""
        wanted = lowered(holding)
        found: dict[str, int] = {}
        for event in self._all(scope):
            for term in self._terms_of(event).terms:
                if term.kind == kind and wanted in lowered(term.value):
                    found[term.value] = max(found.get(term.value, 0), event.timestamp)
        return sorted(found, key=lambda value: (-found[value], value))[:limit]

    def _activity_of(self, scope: Scope, term: Term, hours: tuple[int, int]) -> ActivityOfTerm:
        return ActivityOfTerm(term, ((event.timestamp, self._terms_of(event)) for event in self._all(scope)), hours)

    def create_stream(self, scope: Scope, group: str, name: str, *, at: int) -> None:
        """Make a stream."""
        kept = self._groups.setdefault((scope, group), _Group())
        kept.names.add(name)
        self._undo.note(lambda: kept.names.drop(name))
        self._undo.put(kept.streams, name, _Stream(name, at))

    def delete_stream(self, scope: Scope, group: str, name: str) -> None:
        """Remove a stream."""
        kept = self._groups.get((scope, group))
        if kept is not None and name in kept.streams:
            self._undo.remove(kept.streams, name)
            kept.names.drop(name)
            self._undo.note(lambda: kept.names.add(name))

    def delete_group(self, scope: Scope, group: str) -> None:
        """Remove all streams of a group."""
        if (scope, group) in self._groups:
            self._undo.remove(self._groups, (scope, group))

    def has_stream(self, scope: Scope, group: str, name: str) -> bool:
        """Whether there is a stream."""
        return self._stream(scope, group, name) is not None

    def append(
        self, scope: Scope, group: str, stream: str, events: Sequence[tuple[int, str]], *, ingested_at: int
    ) -> range:
        """Keep events."""
        kept = self._stream(scope, group, stream)
        assert kept is not None, f"there is no stream {stream!r}"
        first = self._next
        made = [
            LogEvent(timestamp, ingested_at, first + place, stream, message, group)
            for place, (timestamp, message) in enumerate(events)
        ]
        before = (kept.last_ingestion, kept.stored_bytes, kept.events)
        self._undo.note(lambda: _restore(kept, before))
        self._undo.note(lambda: setattr(self, "_next", first))
        made.sort(key=_place)
        if not kept.events or not made or kept.events[-1].place < made[0].place:
            length = len(kept.events)
            self._undo.note(lambda: kept.events.__delitem__(slice(length, None)))
            kept.events.extend(made)
        else:
            kept.events = sorted([*kept.events, *made], key=_place)
        kept.last_ingestion = ingested_at
        kept.stored_bytes += sum(len(event.message.encode("utf-8", "surrogatepass")) for event in made)
        self._next += len(made)
        self._counts.note(scope, group, events)
        return range(first, self._next)

    def expire(self, scope: Scope, group: str, *, before: int) -> int:
        """Remove old events; how many streams lost some."""
        touched = 0
        for stream in self._groups.get((scope, group), _Group()).streams.values():
            keep = bisect_left(stream.events, before, key=lambda event: event.timestamp)
            if keep:
                before_it = (stream.last_ingestion, stream.stored_bytes, stream.events)
                self._undo.note(partial(_restore, stream, before_it))
                gone = stream.events[:keep]
                stream.events = stream.events[keep:]
                stream.stored_bytes -= sum(len(event.message.encode("utf-8", "surrogatepass")) for event in gone)
                touched += 1
        return touched

    def reset(self, scope: Scope | None) -> None:
        """Remove the streams of a scope, or all."""
        before = self._groups
        self._undo.note(lambda: setattr(self, "_groups", before))
        self._terms = {}
        self._groups = {} if scope is None else {key: one for key, one in before.items() if key[0] != scope}

    def _stream(self, scope: Scope, group: str, name: str) -> _Stream | None:
        kept = self._groups.get((scope, group))
        return None if kept is None else kept.streams.get(name)

    def _all(self, scope: Scope) -> Iterator[LogEvent]:
        for (place, _), kept in self._groups.items():
            if place == scope:
                for stream in kept.streams.values():
                    yield from stream.events

    def _ordered(
        self,
        scope: Scope,
        group: str,
        streams: Collection[str] | None,
        *,
        start: int | None,
        end: int | None,
        after: EventPlace | None,
        descending: bool,
    ) -> Iterator[LogEvent]:
        kept = self._groups.get((scope, group), _Group())
        names = kept.streams if streams is None else dict.fromkeys(name for name in streams if name in kept.streams)
        parts = []
        for name in names:
            part = kept.streams[name].events
            first = 0 if start is None else bisect_left(part, EventPlace(start, 0), key=_place)
            last = len(part) if end is None else bisect_left(part, EventPlace(end, 0), key=_place)
            if after is not None and descending:
                last = min(last, bisect_left(part, after, key=_place))
            elif after is not None:
                first = max(first, bisect_right(part, after, key=_place))
            chosen = part[first:last]
            parts.append(reversed(chosen) if descending else iter(chosen))
        return heapq.merge(*parts, key=_place, reverse=descending)

    def _terms_of(self, event: LogEvent) -> RecordTerms:
        found = self._terms.get(event.sequence)
        if found is None:
            found = self._terms[event.sequence] = record_terms(event.message)
        return found


def _restore(stream: _Stream, before: tuple[int | None, int, list[LogEvent]]) -> None:
    stream.last_ingestion, stream.stored_bytes, stream.events = before
