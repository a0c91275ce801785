"""The page on searching events says what the search understands, and no more."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from tocsin.app.event_search import MOST_BLOCKS, MOST_SECONDS
from tocsin.console.event_download import MOST_ROWS
from tocsin.core.event import Event
from tocsin.core.event_search import FIELDS, LONGEST, MOST_TERMS, TYPES, parse_event_query
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.field_clause import field_clause
from tocsin.core.pattern.tree import Index, Name

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/find-what-somebody-did.md").read_text("utf-8")
AT = datetime(2026, 3, 14, 3, 14, tzinfo=UTC)


def test_every_term_has_a_row_and_every_example_is_read() -> None:
    told = re.findall(r"`([a-z]+:[^`]+)`", PAGE.partition("| term |")[2].partition("\n\n")[0])
    for text in told:
        parse_event_query(text, at=AT)
    assert [text.partition(":")[0] for text in told] == list(FIELDS)
    parse_event_query("error:AccessDenied -actor:ci-deployer since:7d", at=AT)


def test_types_and_numbers_are_those_of_the_search() -> None:
    assert f"of a type: {', '.join(f'`{name}`' for name in TYPES)} |" in PAGE
    assert f"A search has {LONGEST} characters and {MOST_TERMS} terms at most." in PAGE
    assert f"looks at {MOST_BLOCKS} blocks of events or for {MOST_SECONDS} seconds" in PAGE
    assert f"up to {MOST_ROWS:,} events" in PAGE


def test_clauses_are_those_that_a_field_is_copied_as() -> None:
    names = ("requestParameters", "ipPermissions", "items", 0, "ipRanges", "items", 0, "cidrIp")
    steps = [Name(one) if isinstance(one, str) else Index(one) for one in names]
    clauses = [field_clause(steps, "0.0.0.0/0"), field_clause((Name("readOnly"),), False)]
    assert all(f"`{clause}`" in PAGE for clause in clauses)
    assert FilterPattern.parse("{ $.errorCode NOT EXISTS }").matches_event(Event("{}"))
