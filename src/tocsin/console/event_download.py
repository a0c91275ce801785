"""Events as files: NDJSON as they are stored, CSV for spreadsheets. Spec: CON-8.8.

Rule: a program gets the stored bytes; a person's spreadsheet gets nothing that it would run, and sees what is missing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.console.answer import Download
from tocsin.console.csv_file import csv_bytes
from tocsin.console.event_line import time_of
from tocsin.console.moment import machine_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.event_search import FoundEvents

MOST_ROWS: Final = 10_000
"""Events of one file."""

_COLUMNS: Final = (
    *("time", "event name", "event source", "actor", "key", "address", "account", "region"),
    *("result", "error", "resource", "event ID", "log group"),
)


def ndjson_download(found: FoundEvents) -> Download:
    """One event a line, as it is stored; only what has line breaks in it is written without them."""
    is_cut = found.searched_back_to is not None
    body = b"".join(_line(row.event.message) + b"\n" for row in found.rows)
    return Download("events-cut.ndjson" if is_cut else "events.ndjson", "application/x-ndjson", body)


def csv_download(found: FoundEvents) -> Download:
    """A row an event, and a last line that says so where there are more."""
    rows: list[Sequence[str]] = [_COLUMNS]
    for row in found.rows:
        account, _, region = row.value("scope").partition("/")
        rows.append(
            (
                machine_text(time_of(row.record, row.event.timestamp)),
                row.value("event_name"),
                row.terms.source,
                row.value("actor"),
                row.value("key"),
                row.value("address"),
                account,
                region,
                row.terms.result if row.terms.terms else "",
                row.value("error"),
                " ".join(term.value for term in row.terms.terms if term.kind == "resource"),
                row.terms.event_id,
                row.event.group,
            )
        )
    if found.searched_back_to is not None:
        rows.append((f"cut: these are the newest {len(found.rows):,} events, and there may be more",))
    return Download("events.csv", "text/csv; charset=utf-8", csv_bytes(rows))


def _line(message: str) -> bytes:
    body = message.encode("utf-8", "surrogatepass")
    if b"\n" not in body and b"\r" not in body:
        return body
    try:
        return msgspec.json.format(body, indent=-1)
    except msgspec.DecodeError:
        return json.dumps(message).encode()
