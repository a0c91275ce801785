"""Prices, the free tier, quotas and latencies as a person reads them. Rule: no price without the date of the table.

Spec: prices.md, rules 13 and 14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app import explain as tables
from tocsin.app.price_words import marginal_words, price_text
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import count_text, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.explain import FreePart, Price, Prices
    from tocsin.cli.terminal import Stream

_WIDEST = 120


def draw_pricing(
    stream: Stream, table: Prices, rows: Sequence[Price], free: Sequence[FreePart], *, every: bool, old: bool
) -> Iterator[str]:
    """The lines: what is free first, then the prices by service; with `every` also quotas and latencies."""
    width = min(_WIDEST, stream.width)
    for line in paragraph(f"AWS prices as of {table.as_of}, US dollars, without tax and discounts", width):
        yield stream.style(line, "bold")
    if old:
        yield stream.style("This table is more than half a year old: prices may have changed.", "yellow")
    yield ""
    yield stream.style("Free every month", "bold cyan")
    yield from draw_table(
        [Column("", right=True), Column("", wraps=True), Column("", wraps=True, least=30, style="dim")],
        [[f"  {count_text(part.quantity)}", part.unit + _doubt(part), _only_for(part, every=every)] for part in free],
        stream,
    )
    for service in dict.fromkeys(row.service for row in rows):
        yield ""
        yield stream.style(service, "bold cyan")
        yield from _draw_service([row for row in rows if row.service == service], stream, every=every)
    if every:
        yield from _draw_quotas(stream)
    yield ""
    unsure = sum(row.is_unsure for row in rows) + sum(part.is_unsure for part in free)
    if unsure:
        yield from paragraph(
            f"{counted(unsure, 'row')} marked ? from elsewhere than AWS and its price list: check before using them.",
            width,
        )
    else:
        yield from paragraph("Each row is AWS's own, or its price list as public tools quote it.", width)
    yield from paragraph(table.free_tier_note, width)
    if not every:
        yield from paragraph(
            f"Of alarms that read one metric, {marginal_words(table, 'free-alarms', 'cw-alarm-standard')} a month. "
            "--all shows every price with its source, and quotas and latencies.",
            width,
        )


def _draw_service(rows: Sequence[Price], stream: Stream, *, every: bool) -> Iterator[str]:
    cells: list[list[str | Cell]] = []
    for row in rows:
        where = "" if row.region == "any" else f", {row.region}"
        cells.append([" ", price_text(row) + _doubt(row), row.item + where])
        remark = _sources(row) if every else row.note
        if remark:
            cells.append(["", "", Cell(remark, "dim")])
    columns = [Column("", least=1), Column("", wraps=True, least=26), Column("", wraps=True, least=30)]
    yield from draw_table(columns, cells, stream)


def _sources(row: Price) -> str:
    note = f" ({row.note})" if row.note else ""
    return f"{row.status}: {row.source}{note}" if row.source else f"{row.status}{note}"


def _only_for(part: FreePart, *, every: bool) -> str:
    text = part.only_for
    if part.note:
        text = f"{text} ({part.note})" if text else part.note
    return f"{text} [{part.status}]" if every else text


def _doubt(row: Price | FreePart) -> str:
    return " ?" if row.is_unsure else ""


def _draw_quotas(stream: Stream) -> Iterator[str]:
    table = tables.quotas()
    yield ""
    yield stream.style("Quotas and latencies", "bold")
    for service in dict.fromkeys(row.service for row in table.limits):
        yield stream.style(f"  {service}", "bold cyan")
        rows = [
            [
                "   ",
                count_text(row.value) if isinstance(row.value, int) else row.value,
                row.applies + (f" ({row.note})" if row.note else ""),
                str(row.year or "") + (" ?" if row.status else ""),
            ]
            for row in table.limits
            if row.service == service
        ]
        columns = [Column(""), Column("", wraps=True, least=16), Column("", wraps=True, least=24), Column("")]
        yield from draw_table(columns, rows, stream)
