"""The event types as a person reads them, with an archive's own counts beside them. Spec: CT-1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app import explain as tables
from tocsin.cli.safe_text import safe_text
from tocsin.cli.table import Cell, Column, draw_table, labelled, paragraph, shorten
from tocsin.core.quantity import count_text, counted, share_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.census import CensusReport
    from tocsin.app.explain import EventType, TypeCount
    from tocsin.cli.terminal import Stream

_WIDEST = 110
_SHOWN_SKIPS = 5


def draw_event_types(stream: Stream, census: CensusReport | None) -> Iterator[str]:
    """The lines: the types side by side, then each with all that is to say about it."""
    width = min(_WIDEST, stream.width)
    types = tables.event_types()
    counts = tables.counts_by_type(census) if census else {}
    total = sum(count.records for count in counts.values()) + (sum(census.other.values()) if census else 0)
    yield from _overview(stream, types.types, counts, total)
    for kind in types.types:
        yield ""
        yield stream.style(kind.title, "bold cyan")
        yield from labelled(_rows(kind, counts.get(kind.category), total), width, indent="  ")
    yield ""
    for note in types.notes:
        yield from paragraph(note, width)
    if census is not None:
        yield ""
        yield from _ledger(census, stream, width)
    else:
        yield ""
        more = "tocsin explain event-types PATH counts the records of an archive beside each type."
        yield from paragraph(more, width)


def _overview(stream: Stream, types: tuple[EventType, ...], counts: dict[str, TypeCount], total: int) -> Iterator[str]:
    columns = [Column("EVENT TYPE"), Column("BY DEFAULT"), Column("VOLUME", wraps=True, least=14)]
    if counts:
        columns += [Column(title, right=True) for title in ("RECORDS", "SHARE", "READ", "WRITE")]
    rows: list[list[str | Cell]] = []
    for kind in types:
        by_default = Cell("logged", "green") if kind.logged_by_default else Cell("not logged", "yellow")
        row: list[str | Cell] = [kind.title.removesuffix(" events"), by_default, kind.volume.rstrip(".")]
        if counts:
            count = counts[kind.category]
            row += [count_text(count.records), share_text(count.records, total) or "-"]
            row += [count_text(count.reads), count_text(count.writes)] if count.records else ["-", "-"]
        rows.append(row)
    yield from draw_table(columns, rows, stream)


def _rows(kind: EventType, count: TypeCount | None, total: int) -> Iterator[tuple[str, str]]:
    yield "logged", "by default" if kind.logged_by_default else "only when switched on"
    yield "scope", kind.scope
    yield "volume", kind.volume
    yield "examples", "; ".join(f"{', '.join(example.calls)} ({example.of})" for example in kind.examples) + "."
    yield "tells", kind.tells
    yield "control", kind.control
    yield "switch on", kind.switch_on
    yield "in a record", kind.in_a_record
    if count is not None:
        yield "your archive", _counts(count, total)


def _counts(count: TypeCount, total: int) -> str:
    if not count.records:
        return "no record of this type: it is not logged, or nothing happened."
    text = f"{counted(count.records, 'record')}, {share_text(count.records, total)} of all"
    parts = [f"{count_text(count.reads)} read", f"{count_text(count.writes)} write"]
    if count.unsaid:
        parts.append(f"{count_text(count.unsaid)} do not say")
    text += f" ({', '.join(parts)})"
    if count.names:
        text += "; most often " + ", ".join(f"{name} {count_text(number)}" for name, number in count.names)
    return text + "."


def _ledger(census: CensusReport, stream: Stream, width: int) -> Iterator[str]:
    records, files = census.records, census.files
    text = f"{counted(records.read, 'record')} in {counted(files.read, 'file')}"
    if records.selected != records.read:
        text += f", {count_text(records.selected)} of them chosen and counted here"
    if records.malformed:
        text += f"; {count_text(records.malformed)} malformed"
    yield from paragraph(text + ".", width)
    for name, number in census.other.items():
        yield from paragraph(f"{counted(number, 'record')} of a type that is not known here: {name}.", width)
    mark = stream.pick("…", "...")
    for skip in files.skipped[:_SHOWN_SKIPS]:
        line = f"not read in full: {safe_text(skip.path)}: {safe_text(skip.reason)}"
        yield shorten(line, width, mark=mark, keep_end=True)
    if len(files.skipped) > _SHOWN_SKIPS:
        yield f"and {count_text(len(files.skipped) - _SHOWN_SKIPS)} more files (--format json lists them all)"
