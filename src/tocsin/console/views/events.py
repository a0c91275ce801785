"""The events page: looking for events by terms or by a filter pattern. Spec: CON-4.10 (Events), CON-3.5."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.event_search import (
    FoundEvents,
    SearchBudget,
    facets,
    search_by_pattern,
    search_by_terms,
)
from tocsin.app.log_group import GROUPS
from tocsin.caret import draw_caret
from tocsin.console.actor_name import actor_name
from tocsin.console.answer import Page
from tocsin.console.event_download import MOST_ROWS, csv_download, ndjson_download
from tocsin.console.event_line import event_line, newest_first
from tocsin.console.moment import from_epoch
from tocsin.console.route import page
from tocsin.console.shown_text import legible
from tocsin.console.views.event import event_page
from tocsin.core.event_search import LONGEST, EventQuery, QueryError, QueryTerm, parse_event_query, query_text
from tocsin.core.log_event import EventPlace
from tocsin.core.pattern import FilterPattern
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.app.event_search import FoundEvent
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

ROWS: Final = 50
"""Events of a page."""

# Rows that the facets are counted in; those of the page are the first of them.
_FACET_ROWS: Final = 500

# What a file may cost: what a reader waits for at most (CON-10.4).
_FILE_BLOCKS: Final = 1_000
_FILE_SECONDS: Final = 1.2

_MOST_GROUPS: Final = 200
_LONGEST_PATTERN: Final = 1_024

RANGES: Final = (
    ("1h", "last hour"),
    ("24h", "last 24 hours"),
    ("7d", "last 7 days"),
    ("30d", "last 30 days"),
    ("all", "all that is kept"),
)
_DEFAULT_RANGE: Final = "24h"

_PLACE: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,18})", re.ASCII)

_FACET_NAMES: Final = {
    "actor": "Actor",
    "name": "Event name",
    "address": "Address",
    "error": "Error",
    "source": "Service",
    "account": "Account",
    "region": "Region",
}


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the page was asked for. `problem` says what is wrong with it."""

    text: str
    is_pattern: bool
    pattern: str
    span: str
    group: str
    before: EventPlace | None
    query: EventQuery = EventQuery()
    compiled: FilterPattern | None = None
    problem: QueryProblem | None = None

    @property
    def shown(self) -> str:
        """The terms as they stand in their field: what acts in them is written as an escape."""
        return self.text if self.text.isprintable() or self.problem is not None else query_text(self.query.terms)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to look for."""
        return self.problem is None and (not self.is_pattern or self.compiled is not None)


class QueryProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a query or pattern: where, in which text, and what to do."""

    text: str
    source: str
    position: int
    hint: str

    @property
    def excerpt(self) -> str:
        """The text with a caret below the place; of a long one the part around it."""
        return legible(draw_caret(self.source, self.position))


def events(visit: Visit) -> Answer:
    """Events, newest first; as a file with `as=csv` or `as=ndjson`. With `name` the record of an ID that is no path."""
    if visit.query("name"):
        return event_page(visit)
    asked = _asked(visit)
    as_file = visit.query("as")
    if as_file in {"csv", "ndjson"} and asked.is_ready:
        found = _search(
            visit,
            asked,
            limit=MOST_ROWS,
            budget=SearchBudget(visit.service, blocks=_FILE_BLOCKS, seconds=_FILE_SECONDS),
        )
        return csv_download(found) if as_file == "csv" else ndjson_download(found)
    found = _search(visit, asked, limit=_FACET_ROWS) if asked.is_ready else FoundEvents()
    return Page("events.html", "Events", _context(visit, asked, found), status=422 if asked.problem else 200)


def _asked(visit: Visit) -> _Asked:
    text = visit.query("q")
    is_pattern = visit.query("tab") == "pattern"
    span = visit.query("range", _DEFAULT_RANGE)
    asked = _Asked(
        text=text,
        is_pattern=is_pattern,
        pattern=visit.query("pattern"),
        span=span if span in dict(RANGES) else _DEFAULT_RANGE,
        group=visit.query("group"),
        before=place_of(visit.query("before")),
    )
    if is_pattern:
        return _with_pattern(visit, asked)
    try:
        query = parse_event_query(text, at=visit.at, zone=visit.clock.zone)
    except QueryError as error:
        problem = QueryProblem(text=error.message, source=text[:LONGEST], position=error.position, hint=error.hint)
        return msgspec.structs.replace(asked, problem=problem)
    return msgspec.structs.replace(asked, query=_within(visit, query, asked.span))


def _with_pattern(visit: Visit, asked: _Asked) -> _Asked:
    query = _within(visit, EventQuery(), asked.span)
    if not asked.pattern:
        return msgspec.structs.replace(asked, query=query)
    try:
        compiled = FilterPattern.parse(asked.pattern)
    except PatternError as error:
        problem = QueryProblem(
            text=error.message, source=asked.pattern[:_LONGEST_PATTERN], position=error.position, hint=error.hint
        )
        return msgspec.structs.replace(asked, query=query, problem=problem)
    return msgspec.structs.replace(asked, query=query, compiled=compiled)


def _within(visit: Visit, query: EventQuery, span: str) -> EventQuery:
    """A query that begins where the range does, unless it says itself when."""
    if query.since is not None or query.until is not None or span == "all":
        return query
    return msgspec.structs.replace(query, since=parse_event_query(f"since:{span}", at=visit.at).since)


def _search(visit: Visit, asked: _Asked, *, limit: int, budget: SearchBudget | None = None) -> FoundEvents:
    how: dict[str, Any] = {"group": asked.group or None, "before": asked.before, "limit": limit, "budget": budget}
    if asked.compiled is not None:
        return search_by_pattern(visit.service, visit.scopes, asked.compiled, asked.query, **how)
    return search_by_terms(visit.service, visit.scopes, asked.query, **how)


# ---------------------------------------------------------------- what is shown


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """Values of a field, each with its count and the addresses of the search with it and without."""

    title: str
    values: tuple[FacetValue, ...]


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value."""

    text: str
    count: int
    only: str
    without: str


def _context(visit: Visit, asked: _Asked, found: FoundEvents) -> dict[str, Any]:
    rows = found.rows[:ROWS]
    return {
        "asked": asked,
        "ranges": RANGES,
        "has_own_span": any(term.field in {"since", "until"} for term in asked.query.terms),
        "groups": _groups(visit),
        "lines": newest_first([event_line(visit, row) for row in rows]),
        "read": len(found.rows),
        "facets": _facets(visit, asked, found.rows),
        "older": visit.again(before=place_text(rows[-1].place)) if len(found.rows) > ROWS else "",
        "continued": _continued(visit, found) if len(found.rows) <= ROWS else "",
        "searched_back_to": _reached(found) if len(found.rows) <= ROWS else None,
        "since": asked.query.since,
        "unknown": [
            (one, [(near, visit.again(q=_instead(asked, one.field, one.value, near))) for near in one.nearest])
            for one in found.unknown
        ],
        "by_terms": visit.again(tab="", before=""),
        "by_pattern": visit.again(tab="pattern", before=""),
        "wider": "" if asked.span == "all" else visit.again(range="all", before=""),
        "files": (visit.again(**{"as": "csv", "before": ""}), visit.again(**{"as": "ndjson", "before": ""})),
        "most_rows": MOST_ROWS,
    }


def _continued(visit: Visit, found: FoundEvents) -> str:
    return visit.again(before=place_text(found.searched_back_to)) if found.searched_back_to is not None else ""


def _reached(found: FoundEvents) -> datetime | None:
    return None if found.searched_back_to is None else from_epoch(found.searched_back_to.timestamp)


def _groups(visit: Visit) -> list[str]:
    with visit.service.store.read() as store:
        names = {name for scope in visit.scopes for name, _ in GROUPS.scan(store, scope, limit=_MOST_GROUPS)}
    return sorted(names)


def _facets(visit: Visit, asked: _Asked, rows: Sequence[FoundEvent]) -> list[Facet]:
    if asked.is_pattern:
        return []
    return [
        Facet(
            title=_FACET_NAMES[field],
            values=tuple(
                FacetValue(
                    text=_facet_text(field, value),
                    count=count,
                    only=_with_term(visit, asked, QueryTerm(field=field, value=value)),
                    without=_with_term(visit, asked, QueryTerm(field=field, value=value, is_excluded=True)),
                )
                for value, count in values
            ),
        )
        for field, values in facets(rows)
    ]


def _facet_text(field: str, value: str) -> str:
    if field == "actor":
        named = actor_name(value)
        return f"{named.kind} {named.name or named.account}".strip()
    return value.removesuffix(".amazonaws.com") if field == "source" else value


def _with_term(visit: Visit, asked: _Asked, term: QueryTerm) -> str:
    """The address of the search with one term more; empty where a search cannot hold it."""
    kept = tuple(one for one in asked.query.terms if (one.field, one.value) != (term.field, term.value))
    text = query_text((*kept, term))
    return visit.again(q=text, before="") if len(text) <= LONGEST else ""


def _instead(asked: _Asked, field: str, value: str, near: str) -> str:
    terms = tuple(
        msgspec.structs.replace(term, value=near) if (term.field, term.value) == (field, value) else term
        for term in asked.query.terms
    )
    return query_text(terms)


def place_text(place: EventPlace) -> str:
    """A place as the cursor of a page."""
    return f"{place.timestamp}-{place.sequence}"


def place_of(text: str) -> EventPlace | None:
    """The place that a cursor names; None for what is none."""
    found = _PLACE.fullmatch(text)
    return None if found is None else EventPlace(int(found[1]), int(found[2]))


ROUTES = (page("events", events),)
