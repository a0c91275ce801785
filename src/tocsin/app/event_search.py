"""Looking for events of one log group or of all. Spec: CON-3.5, CON-4.0 (X1, X2), CON-4.10 (Events).

Rule: what is looked at is bounded, in blocks and in time, and the answer says how far back it came. What has expired is
not seen, whether it is still there or not.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import product
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.log_group import GROUPS
from tocsin.core.event import Event
from tocsin.core.event_search import TERM_KIND, is_meant, is_scope
from tocsin.core.event_time import parse_event_time
from tocsin.core.log_event import EventPlace, LogEvent, Term
from tocsin.core.message_projection import MessageProjection
from tocsin.core.nearest import nearest
from tocsin.core.pattern import tree
from tocsin.core.record_term import RecordTerms, record_terms
from tocsin.core.scope import Scope
from tocsin.errors import CutOffError
from tocsin.time_limit import time_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.event_search import EventQuery
    from tocsin.core.pattern import FilterPattern

MOST_BLOCKS: Final = 150
MOST_SECONDS: Final = 0.8
"""What one search may cost (CON-4.0, B)."""

MOST_WAYS: Final = 8
"""Combinations of terms of the store that are looked for side by side: a name may be that of several roles.

What would be more is not looked up but told apart when an event is read.
"""

_place = attrgetter("place")

# So many blocks are looked at before the clock is, and so long may a step go on that was begun within the time.
_STEP_BLOCKS = 10
_STEP_SECONDS = 0.4

# Rows that are asked for at first, and at once later: each time twice as many.
_FIRST_ROWS = 200
_MOST_ROWS = 1_600

# Records that come later than that after their call are found without `until`.
_LATEST_MS = 3_600_000

# Values that a word is compared with.
_MOST_VALUES = 500

_FACETS: Final = (("actor", "actor"), ("name", "event_name"), ("address", "address"), ("error", "error"))


class FoundEvent(msgspec.Struct, frozen=True):
    """An event that was found: where, what it is, and its terms. `decoded` is its message, where it was decoded."""

    scope: Scope
    event: LogEvent
    terms: RecordTerms
    decoded: Event | None = None

    @property
    def record(self) -> Event:
        """Its message."""
        return self.decoded or Event(self.event.message)

    @property
    def place(self) -> EventPlace:
        """Where it stands among all events."""
        return self.event.place

    def value(self, kind: str) -> str:
        """Its first term of a kind; empty where it has none."""
        return next((term.value for term in self.terms.terms if term.kind == kind), "")


class FoundEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events, newest first. `searched_back_to` is where a search that was cut short goes on; None at its end.

    `has_more` says that it was cut short because enough was found, and not because it took too long. `unknown` are
    terms of the query that no record has.
    """

    rows: tuple[FoundEvent, ...] = ()
    searched_back_to: EventPlace | None = None
    has_more: bool = False
    unknown: tuple[UnknownTerm, ...] = ()


class UnknownTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A term of a query that no record has, and what records have that looks like it."""

    field: str
    value: str
    nearest: tuple[str, ...] = ()


class Retention:
    """How long log groups keep events, in a view of the store."""

    def __init__(self, service: Service, store: StoreReader) -> None:
        self._now = service.now_ms()
        self._store = store
        self._known: dict[Scope, dict[str, int]] = {}

    def keeps(self, scope: Scope, event: LogEvent) -> bool:
        """Whether an event has not expired."""
        return event.timestamp >= self.oldest(scope).get(event.group, 0)

    def oldest(self, scope: Scope) -> dict[str, int]:
        """The time before which events of a group have expired, by group; 0 where none ever do."""
        known = self._known.get(scope)
        if known is None:
            groups = GROUPS.scan(self._store, scope)
            known = self._known[scope] = {name: group.oldest(self._now) or 0 for name, group in groups}
        return known


class SearchBudget:
    """What a search may still cost. `blocks` and `seconds` are those of the whole search."""

    def __init__(self, service: Service, *, blocks: int = MOST_BLOCKS, seconds: float = MOST_SECONDS) -> None:
        self._clock = service.clock
        self._ends = service.clock.monotonic() + seconds
        self._blocks = blocks

    def take(self) -> int:
        """Blocks that may be looked at next; 0 when nothing is left."""
        if self._clock.monotonic() >= self._ends:
            return 0
        taken = min(_STEP_BLOCKS, self._blocks)
        self._blocks -= taken
        return taken

    def step(self) -> AbstractContextManager[None]:
        """The limit of a step: one that a slow disk draws out is given up."""
        return time_limit(self._clock, max(0.0, self._ends - self._clock.monotonic()) + _STEP_SECONDS)


def search_by_terms(
    service: Service,
    scopes: Sequence[Scope],
    query: EventQuery,
    *,
    group: str | None = None,
    before: EventPlace | None = None,
    limit: int,
    budget: SearchBudget | None = None,
) -> FoundEvents:
    """Events that a query looks for."""
    with service.store.read() as store:
        unknown: list[UnknownTerm] = []
        wanted: list[_Wanted] = []
        for scope in scopes:
            meanings = _Meanings(store, scope, query)
            wanted += [_Wanted(scope, terms) for terms in meanings.combinations()]
            unknown += meanings.unknown
        found = _Search(service, store, group, query, before).run(
            wanted, lambda events: _allowed(query, events), limit, budget or SearchBudget(service)
        )
    lost = () if wanted else tuple({(one.field, one.value): one for one in unknown}.values())
    return msgspec.structs.replace(found, unknown=lost)


def search_by_pattern(
    service: Service,
    scopes: Sequence[Scope],
    pattern: FilterPattern,
    query: EventQuery,
    *,
    group: str | None = None,
    before: EventPlace | None = None,
    limit: int,
    budget: SearchBudget | None = None,
) -> FoundEvents:
    """Events that a filter pattern matches, in the span of a query; its terms do not count.

    A pattern of which every match has one of few event names is looked for by these names, any other through all.
    """
    names = pattern.index_keys
    wanted: list[_Wanted] = []
    for scope in scopes:
        if names is None or len(names) > MOST_WAYS:
            wanted.append(_Wanted(scope, ()))
        else:
            wanted += [_Wanted(scope, (Term("event_name", name),)) for name in sorted(names)]
    projection = MessageProjection([pattern]) if isinstance(pattern.tree, tree.Json) else None
    with service.store.read() as store:
        return _Search(service, store, group, query, before).run(
            wanted, lambda events: _matching(pattern, projection, query, events), limit, budget or SearchBudget(service)
        )


def facets(rows: Sequence[FoundEvent], *, most: int = 10) -> list[tuple[str, list[tuple[str, int]]]]:
    """The most frequent values of the fields of a query in these rows: field, then values with counts."""
    found: list[tuple[str, list[tuple[str, int]]]] = []
    for field, kind in _FACETS:
        counts = Counter(value for row in rows if (value := row.value(kind)))
        found.append((field, _most_frequent(counts, most)))
    sources = Counter(row.terms.source for row in rows if row.terms.source)
    found.append(("source", _most_frequent(sources, most)))
    for place, field in enumerate(("account", "region")):
        parts = (row.value("scope").partition("/")[::2][place] for row in rows)
        counts = Counter(part for part in parts if part)
        found.append((field, _most_frequent(counts, most)))
    return [(field, values) for field, values in found if values]


def _most_frequent(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]


# ---------------------------------------------------------------- what a query means


class _Wanted(msgspec.Struct, frozen=True):
    """Terms that records of a scope must all have; none for every event."""

    scope: Scope
    terms: tuple[Term, ...]


class _Meanings:
    """The ways to understand the terms of a query in a scope."""

    def __init__(self, store: StoreReader, scope: Scope, query: EventQuery) -> None:
        self._store = store
        self._scope = scope
        self._query = query
        self.unknown: list[UnknownTerm] = []

    def combinations(self) -> list[tuple[Term, ...]]:
        """Terms of which records must have all, for each way; nothing where there is none."""
        choices: list[list[Term]] = []
        for field in TERM_KIND:
            words = self._query.wanted(field)
            if field == "resource":
                choices += [self._values(field, [word]) for word in words]
            elif words:
                choices.append(self._values(field, words))
        if self._query.wanted("account") or self._query.wanted("region"):
            choices.append(self._scopes())
        looked_up: list[list[Term]] = []
        ways = 1
        for choice in sorted(choices, key=len):
            ways *= len(choice)
            if ways <= MOST_WAYS:
                looked_up.append(choice)
        return list(product(*looked_up))

    def _values(self, field: str, words: Sequence[str]) -> list[Term]:
        kind = TERM_KIND[field]
        found: dict[Term, None] = {}
        for word in words:
            exact = Term(kind, word)
            if self._store.logs.sighting(self._scope, exact) is not None:
                known = [word]
            else:
                like = self._store.logs.term_values(self._scope, kind, holding=word, limit=_MOST_VALUES)
                known = [value for value in like if is_meant(field, word, value)]
                if not known:
                    like = like[:5] or self._nearest(kind, word)
                    self.unknown.append(UnknownTerm(field=field, value=word, nearest=tuple(like)))
            found.update(dict.fromkeys(Term(kind, value) for value in known))
        return list(found)

    def _nearest(self, kind: str, word: str) -> list[str]:
        values = self._store.logs.term_values(self._scope, kind, holding="", limit=_MOST_VALUES)
        by_name = {value.rpartition("/")[2]: value for value in reversed(values)}
        found = nearest(word, by_name)
        return [] if found is None else [by_name[found]]

    def _scopes(self) -> list[Term]:
        values = self._store.logs.term_values(self._scope, "scope", holding="", limit=5_000)
        for field in ("account", "region"):
            words = self._query.wanted(field)
            kept = [value for value in values if not words or any(is_scope(field, word, value) for word in words)]
            if values and not kept:
                self.unknown += [UnknownTerm(field=field, value=word) for word in words]
            values = kept
        return [Term("scope", value) for value in values]


# ---------------------------------------------------------------- searching


_Sift = Callable[["Sequence[LogEvent]"], "Iterator[tuple[LogEvent, RecordTerms]]"]
"""Of some events those that are looked for, with their terms."""


def _allowed(query: EventQuery, events: Sequence[LogEvent]) -> Iterator[tuple[LogEvent, RecordTerms]]:
    span = _Span(query)
    for event in events:
        terms = record_terms(event.message)
        if query.allows(terms) and span.holds(event, terms):
            yield event, terms


class _Span:
    """The span of a query, in the time of the calls.

    Log events of a trail are dated by their delivery (CT-12.3): that is later than the call, by minutes as a rule.
    """

    def __init__(self, query: EventQuery) -> None:
        self._since = _milliseconds(query.since)
        self._until = _milliseconds(query.until)

    @property
    def logged(self) -> tuple[int | None, int | None]:
        """The times of log events that may belong to it, start <= time < end in milliseconds."""
        return self._since, None if self._until is None else self._until + _LATEST_MS

    def holds(self, event: LogEvent, terms: RecordTerms) -> bool:
        """Whether the call of an event is within it; of what is no record, whether the log event is."""
        if self._since is None and self._until is None:
            return True
        second = parse_event_time(terms.time) if terms.time else None
        # An eventTime has no fractions: what was logged within its second was not before it.
        at = event.timestamp if second is None else max(second * 1000, min(event.timestamp, second * 1000 + 999))
        return (self._since is None or at >= self._since) and (self._until is None or at < self._until)


def _matching(
    pattern: FilterPattern, projection: MessageProjection | None, query: EventQuery, events: Sequence[LogEvent]
) -> Iterator[tuple[LogEvent, RecordTerms]]:
    span = _Span(query)
    messages = [event.message for event in events]
    for place in range(len(messages)) if projection is None else projection.candidates(messages):
        if pattern.matches(messages[place]):
            terms = record_terms(messages[place])
            if span.holds(events[place], terms):
                yield events[place], terms


class _Search:
    """One search, in a view of the store."""

    def __init__(
        self, service: Service, store: StoreReader, group: str | None, query: EventQuery, before: EventPlace | None
    ) -> None:
        self._retention = Retention(service, store)
        self._store = store
        self._group = group
        self._start, self._end = _Span(query).logged
        self._before = before
        self._stopped_at: EventPlace | None = None

    def run(
        self,
        wanted: Sequence[_Wanted],
        sift: _Sift,
        limit: int,
        budget: SearchBudget,
    ) -> FoundEvents:
        """The newest events that are wanted and that `sift` lets through."""
        ways = [self._events(one, sift, budget) for one in wanted]
        rows: list[FoundEvent] = []
        seen: set[int] = set()
        for found in heapq.merge(*ways, key=_place, reverse=True):
            # Of a way that was given up, what lies further back is not known: nothing there is told of.
            if self._stopped_at is not None and found.place < self._stopped_at:
                break
            if found.event.sequence in seen:
                continue
            if len(rows) == limit:
                return FoundEvents(rows=tuple(rows), searched_back_to=rows[-1].place, has_more=True)
            seen.add(found.event.sequence)
            rows.append(found)
        return FoundEvents(rows=tuple(rows), searched_back_to=self._stopped_at)

    def _events(self, wanted: _Wanted, sift: _Sift, budget: SearchBudget) -> Iterator[FoundEvent]:
        """The events of one way, newest first, as far as the budget goes. Each way has its first step."""
        before, blocks, rows = self._before, budget.take() or 1, _FIRST_ROWS
        while True:
            try:
                with budget.step():
                    page = self._store.logs.look_up(
                        wanted.scope,
                        wanted.terms,
                        group=self._group,
                        start=self._start,
                        end=self._end,
                        before=before,
                        limit=rows,
                        blocks=blocks,
                    )
            except CutOffError:
                if before is None or before == self._before:  # nothing new is known that could be told
                    raise
                self._stop_at(before)
                return
            alive = [event for event in page.events if self._retention.keeps(wanted.scope, event)]
            for event, terms in sift(alive):
                yield FoundEvent(wanted.scope, event, terms)
            before = page.searched_back_to
            if before is None:
                return
            blocks, rows = budget.take(), min(2 * rows, _MOST_ROWS)
            if not blocks:
                self._stop_at(before)
                return

    def _stop_at(self, place: EventPlace) -> None:
        self._stopped_at = place if self._stopped_at is None else max(place, self._stopped_at)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
