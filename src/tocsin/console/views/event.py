"""The page of one record: what it says, what it changed, what stands around it, which filters match. Spec: CON-4.5."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.earlier_change import change_before
from tocsin.app.event_filter import EventFilters
from tocsin.app.event_reading import around, find_record
from tocsin.console.answer import Download, NoSuchPageError, Page
from tocsin.console.event_line import event_line, lateness, scoped_url, time_of
from tocsin.console.record_outline import OutlineRow, outline_of, text_of_row
from tocsin.console.route import page
from tocsin.console.shown_text import legible
from tocsin.core.change import Change
from tocsin.core.notification.event import EventSummary
from tocsin.core.pattern.explanation_text import render_explanation
from tocsin.core.pattern.field_clause import field_clause
from tocsin.core.pattern.tree import Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.event_filter import FilterOutcome
    from tocsin.app.event_search import FoundEvent
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.event import Event

PART: Final = 65_536
"""Characters of a long text that one page shows (CON-8.7)."""

# A longer record is copied from its file.
_MOST_COPIED: Final = 32_768

_MOST_EXPLAINED: Final = 20
_EXPLANATION_WIDTH: Final = 84

# An eventID that can stand in a command.
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def event_page(visit: Visit) -> Answer:
    """A record; raw with `view=raw`, as a file with `as=json`, one field of it with `field=NUMBER`."""
    found = _found(visit)
    if visit.query("as") == "json":
        return Download("event.json", "application/json", found.event.message.encode("utf-8", "surrogatepass"))
    record = found.record
    number = visit.query("field")
    if number:
        return _whole_field(visit, found, record, number)
    with visit.service.store.read() as store:
        outcomes = visit.service.part(EventFilters).outcomes(store, found.scope, found.event.group, record)
        changes = change_before(store, found.scope, record)
    at = time_of(record, found.event.timestamp)
    outline = outline_of(record)
    is_raw = visit.query("view") == "raw" or outline.is_too_large or not outline.rows
    context = {
        "found": found,
        "summary": EventSummary.of(record, int(at.timestamp())),
        "at": at,
        "late": lateness(at, found.event.ingestion_time),
        "ingested": datetime.fromtimestamp(found.event.ingestion_time / 1000, UTC),
        "who": _who(visit, found),
        "changes": [_shown_change(change) for change in changes],
        "sections": [] if is_raw else _sections(outline.rows),
        "absent": outline.absent,
        "is_raw": is_raw,
        "is_too_large": outline.is_too_large,
        "raw": _raw(visit, found) if is_raw else None,
        "copied": found.event.message if len(found.event.message) <= _MOST_COPIED else "",
        "pattern": _pattern_of(record),
        "around": _around(visit, found),
        **_filters(visit, found, record, outcomes),
        "event_url": lambda **query: _event_url(visit, found, **query),
        "search_url": lambda text: scoped_url(visit, found.scope, "events", q=text, range="30d"),
        "alarm_url": lambda name: scoped_url(visit, found.scope, "alarms", name),
    }
    return Page("event.html", "Event", context, crumbs=[("Events", visit.url("events"))])


def _found(visit: Visit) -> FoundEvent:
    event_id = visit.name()
    at = visit.query("at")
    near = int(at) * 1000 if at.isascii() and at.isdecimal() and len(at) <= 12 else None
    copies = find_record(visit.service, visit.scopes, event_id, near_ms=near)
    if not copies.copies:
        others = [scope for scope in visit.known_scopes if scope not in visit.scopes]
        copies = find_record(visit.service, others, event_id, near_ms=near) if others else copies
    if copies.copies:
        group = visit.query("group")
        return next((copy for copy in copies.copies if copy.event.group == group), copies.copies[0])
    archive = (
        f"An archive may still have it: tocsin grep '{{ $.eventID = \"{event_id}\" }}' FOLDER"
        if _PLAIN_ID.fullmatch(event_id)
        else ""
    )
    if copies.has_expired:
        raise NoSuchPageError("This event has expired: its log group keeps events no longer", hint=archive)
    raise NoSuchPageError("No event with this ID is kept here", hint=archive)


def _event_url(visit: Visit, found: FoundEvent, **query: str | int | None) -> str:
    return scoped_url(visit, found.scope, "events", visit.name(), at=found.event.timestamp // 1000, **query)


# ---------------------------------------------------------------- who, from where, on what


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a record names, with the address of its page; `text` is as the record has it."""

    title: str
    values: tuple[tuple[str, str], ...]


def _who(visit: Visit, found: FoundEvent) -> list[Fact]:
    def to_page(path: str, kind: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            (term.value, scoped_url(visit, found.scope, path, term.value))
            for term in found.terms.terms
            if term.kind == kind
        )

    keys = tuple(
        (term.value, scoped_url(visit, found.scope, "events", q=f"key:{term.value}", range="30d"))
        for term in found.terms.terms
        if term.kind == "key" and _PLAIN_ID.fullmatch(term.value)
    )
    facts = [
        Fact(title="Actor", values=to_page("actors", "actor")),
        Fact(title="Access key", values=keys),
        Fact(title="Address", values=to_page("addresses", "address")),
        Fact(title="Resources", values=to_page("resources", "resource")),
    ]
    return [fact for fact in facts if fact.values]


# ---------------------------------------------------------------- the record


class FieldSection(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that stand together: fields at the top of the record, or what one of them holds. `title` is that one's."""

    title: OutlineRow | None
    rows: tuple[OutlineRow, ...]


def _sections(rows: Sequence[OutlineRow]) -> list[FieldSection]:
    """The fields at the top first, then each object and array that stands there."""
    top = tuple(row for row in rows if row.depth == 0 and (row.kind not in {"object", "array"} or row.text == "0"))
    sections = [FieldSection(title=None, rows=top)]
    inside: list[OutlineRow] = []
    title: OutlineRow | None = None
    for row in rows:
        if row.depth:
            inside.append(row)
            continue
        if title is not None and inside:
            sections.append(FieldSection(title=title, rows=tuple(inside)))
        title, inside = row, []
    if title is not None and inside:
        sections.append(FieldSection(title=title, rows=tuple(inside)))
    return sections


class RawText(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a long text, safe to show, and the numbers of the parts before and after; 0 for none."""

    text: str
    length: int
    number: int
    count: int


def _part(visit: Visit, text: str) -> RawText:
    count = max(1, -(-len(text) // PART))
    asked = visit.query("part")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1
    number = min(max(1, number), count)
    shown = legible(text[(number - 1) * PART : number * PART])
    return RawText(text=shown, length=len(text), number=number, count=count)


def _raw(visit: Visit, found: FoundEvent) -> RawText:
    """The record, laid out where it is JSON."""
    message = found.event.message
    try:
        laid_out = msgspec.json.format(message.encode("utf-8", "surrogatepass"), indent=2)
    except (msgspec.DecodeError, RecursionError):
        return _part(visit, message)
    return _part(visit, laid_out.decode("utf-8", "surrogatepass"))


def _whole_field(visit: Visit, found: FoundEvent, record: Event, number: str) -> Answer:
    """The whole text of one field, a part at a time (CON-8.7)."""
    is_number = number.isascii() and number.isdecimal() and len(number) < 6
    text = text_of_row(record, int(number)) if is_number else None
    if text is None:
        raise NoSuchPageError("The record has no such field")
    crumbs = [("Events", visit.url("events")), ("Event", _event_url(visit, found))]
    context = {"part": _part(visit, text), "part_url": lambda part: _event_url(visit, found, field=number, part=part)}
    return Page("event_field.html", "Whole text", context, crumbs=crumbs)


def _pattern_of(record: Event) -> str:
    """A filter pattern to start from: what was called, and whether it was refused."""
    clauses: list[str] = []
    for name in ("eventSource", "eventName", "errorCode"):
        value = record.get(name)
        clause = field_clause((Name(name),), value) if isinstance(value, str) else None
        if clause is not None:
            clauses.append(clause)
    return "{ " + " && ".join(f"({clause})" for clause in clauses) + " }" if clauses else ""


# ---------------------------------------------------------------- change, around, filters


class ShownChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change with what is to be said of how it was before."""

    change: Change
    title: str
    known_at: datetime | None
    lines: tuple[tuple[str, str], ...]
    left_out: int


_SIGN_CLASSES: Final = {"+": "add", "-": "rem", "=": "set", " ": "same"}
_MOST_LINES: Final = 60


def _shown_change(change: Change) -> ShownChange:
    lines = tuple((_SIGN_CLASSES[line.sign.value], f"{line.sign.value} {line.text}") for line in change.lines)
    return ShownChange(
        change=change,
        title="" if change.subject is None else f"{change.subject.kind} {change.subject.name}",
        known_at=None if change.known_at is None else datetime.fromtimestamp(change.known_at, UTC),
        lines=lines[:_MOST_LINES],
        left_out=max(0, len(lines) - _MOST_LINES),
    )


def _around(visit: Visit, found: FoundEvent) -> dict[str, Any]:
    events, is_all = around(visit.service, found)
    actor = found.value("actor")
    return {"lines": [event_line(visit, one) for one in events], "is_all": is_all, "has_actor": bool(actor)}


class FilterVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A filter, whether it matches, the alarms that count the event by it, and why, clause by clause."""

    name: str
    url: str
    pattern: str
    matches: bool
    has_value: bool
    alarms: tuple[str, ...]
    why: str = ""


def _filters(visit: Visit, found: FoundEvent, record: Event, outcomes: Sequence[FilterOutcome]) -> dict[str, Any]:
    explains = visit.query("why") == "all"
    verdicts = [
        FilterVerdict(
            name=outcome.name,
            url=scoped_url(visit, found.scope, "filters", f"{found.event.group}:{outcome.name}"),
            pattern=outcome.filter.pattern.source,
            matches=outcome.matches,
            has_value=outcome.has_value,
            alarms=outcome.alarms,
            why=legible(render_explanation(outcome.filter.pattern.explain(record), width=_EXPLANATION_WIDTH))
            if explains and place < _MOST_EXPLAINED + sum(one.matches for one in outcomes)
            else "",
        )
        for place, outcome in enumerate(outcomes)
    ]
    return {
        "matching": [verdict for verdict in verdicts if verdict.matches],
        "others": [verdict for verdict in verdicts if not verdict.matches],
        "explains": explains,
        "counted_in": sorted({name for verdict in verdicts for name in verdict.alarms}),
    }


ROUTES = (page("events/{name...}", event_page),)
