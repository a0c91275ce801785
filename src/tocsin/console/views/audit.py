"""The audit log: who changed what, from where, and what it was before. Spec: CON-4.10 (Audit log), CON-7.7, self/s17.

audit             a page of entries, newest first; those of one object   app.audit -> audit.html
audit?as=ndjson   the lines as they are kept, for whoever checks the chain
audit/{number}    one entry with all that it holds
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.audit import AuditLog
from tocsin.app.audit_chain import AuditChain
from tocsin.console.answer import Download, NoSuchPageError, Page
from tocsin.console.audit_row import audit_row, cut_of
from tocsin.console.csv_file import csv_bytes
from tocsin.console.route import page
from tocsin.core.address_mask import masked
from tocsin.core.audit_entry import AuditEntry, digest_of, read_line
from tocsin.core.audit_words import KINDS
from tocsin.core.unsafe_character import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

ROWS: Final = 100
MOST_IN_FILE: Final = 10_000
"""Entries of a page, and of a file."""

_CRUMB: Final = "Audit log"
_DIGITS: Final = 12
_ALL_LINES: Final = 500


def audit_page(visit: Visit) -> Answer:
    """A page of the log; as a file with `as=csv` or `as=ndjson`."""
    log = AuditLog(visit.service)
    as_file = visit.query("as")
    if as_file in {"csv", "ndjson"}:
        return _file(visit, log, as_file)
    kind, name = visit.query("kind"), visit.query("name")
    found = log.page(before=_number(visit.query("before")), of=(kind, name) if kind else None, limit=ROWS)
    numbers = [entry.sequence for entry in found.entries]
    offers, undone = log.offers(numbers), log.undone(numbers)
    context = {
        "rows": [
            audit_row(visit, entry, undo=offers.get(entry.sequence), undone_by=undone.get(entry.sequence))
            for entry in found.entries
        ],
        "kind": kind,
        "name": name,
        "kinds": KINDS,
        "chain": visit.service.part(AuditChain).check(),
        "head": log.head(),
        "older": visit.again(before=found.older) if found.older is not None else "",
    }
    return Page("audit.html", "Audit log", context)


def entry_page(visit: Visit) -> Answer:
    """One entry."""
    text = visit.path["number"]
    log = AuditLog(visit.service)
    found = log.entry(_number(text) or 0)
    if found is None:
        raise NoSuchPageError(f"There is no entry {text[:_DIGITS]}", hint="Entries are numbered from 1.")
    entry, line = found
    numbers = [entry.sequence]
    row = audit_row(
        visit,
        entry,
        undo=log.offers(numbers).get(entry.sequence),
        undone_by=log.undone(numbers).get(entry.sequence),
        lines=_ALL_LINES,
    )
    context = {
        "row": row,
        "before": _shown(visit, entry.before),
        "after": _shown(visit, entry.after),
        "digest": digest_of(line),
        "chain": visit.service.part(AuditChain).check(),
        "of_object": visit.url("audit", kind=entry.kind, name=entry.name),
    }
    return Page("audit_entry.html", f"Entry {entry.sequence:,}", context, crumbs=[(_CRUMB, visit.url("audit"))])


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def _shown(visit: Visit, value: Any) -> dict[str, Any] | None:
    """A value as text; of one that was too long what is kept of it."""
    if value is None:
        return None
    cut = cut_of(value)
    if cut is not None:
        begins = visit.may_see_value(str(cut.get("begins", "")))
        return {"text": escaped(begins), "size": cut.get("bytes", 0), "sha256": cut.get("sha256", "")}
    told = msgspec.json.format(msgspec.json.encode(visit.may_see_value(value)), indent=2).decode()
    return {"text": "\n".join(escaped(line) for line in told.split("\n")), "size": 0, "sha256": ""}


# ------------------------------------------------------------ files


def _file(visit: Visit, log: AuditLog, form: str) -> Download:
    """The newest entries, or those behind a number, oldest first."""
    last = log.head().sequence
    after = _number(visit.query("after"))
    if after is None:
        after = max(0, last - MOST_IN_FILE)
    lines = log.lines(after=after, limit=MOST_IN_FILE)
    name = f"audit-{after + 1}-{after + len(lines)}"
    if form == "csv":
        return Download(f"{name}.csv", "text/csv; charset=utf-8", _csv(visit, lines, last))
    if not visit.visitor.is_operator:
        lines = [masked(line.decode("utf-8", "replace")).encode() for line in lines]
        name = f"{name}-masked"
    return Download(f"{name}.ndjson", "application/x-ndjson", b"".join(line + b"\n" for line in lines))


def _csv(visit: Visit, lines: Sequence[bytes], last: int) -> bytes:
    entries = [read_line(line) for line in lines]
    rows: list[Sequence[str]] = [AuditEntry.__struct_fields__, *(_cells(visit, entry) for entry in entries)]
    if entries and entries[-1].sequence < last:
        rows.append((f"cut: these are {len(entries):,} entries, and there are more",))
    return csv_bytes(rows)


def _cells(visit: Visit, entry: AuditEntry) -> list[str]:
    told = msgspec.structs.asdict(entry) | {
        name: visit.may_see_value(getattr(entry, name)) for name in ("before", "after")
    }
    return [
        "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for value in told.values()
    ]


ROUTES = (page("audit", audit_page), page("audit/{number}", entry_page))
