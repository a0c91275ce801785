"""The states of an alarm as a person reads them. Spec: AL-7, AL-8, AL-19.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.safe_text import safe_text
from tocsin.cli.table import Cell, Column, draw_table, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.alarm_states import AlarmStates, Life, PointsTable
    from tocsin.cli.terminal import Stream

_WIDEST = 100
_STYLES = {"OK": "green", "ALARM": "bold red", "INSUFFICIENT_DATA": "yellow"}


def draw_alarm_states(stream: Stream, table: AlarmStates) -> Iterator[str]:
    """The lines: each state with what leads to it, the rules for all, gaps in the data, and a life."""
    width = min(_WIDEST, stream.width)
    dot = stream.pick("•", "*")
    for state in table.states:
        yield stream.style(state.state, _STYLES[state.state])
        yield from paragraph(state.means, width, indent="  ")
        yield "  What leads to it:"
        for way in state.leads_to_it:
            yield from paragraph(way, width, indent="      ", first=f"    {dot} ")
        yield from paragraph(f"Runs {state.runs}", width, indent="  ")
        yield ""
    yield stream.style("What keeps the state as it was", "bold")
    for way in table.keeps:
        yield from paragraph(way, width, indent="    ", first=f"  {dot} ")
    yield ""
    yield stream.style("Whatever the state", "bold")
    for rule in table.rules:
        yield from paragraph(rule, width, indent="    ", first=f"  {dot} ")
    for points in table.tables:
        yield ""
        yield from _draw_points(points, stream, width)
    yield ""
    yield from _draw_life(table.example, stream, width)


def _draw_points(table: PointsTable, stream: Stream, width: int) -> Iterator[str]:
    for line in paragraph(table.title, width):
        yield stream.style(line, "bold")
    columns = [Column("  points"), *(Column(name) for name in table.columns)]
    rows: list[list[str | Cell]] = [
        [f"  {row[0]}", *(Cell(cell, _STYLES.get(cell, "")) for cell in row[1:])] for row in table.rows
    ]
    yield from draw_table(columns, rows, stream)


def _draw_life(life: Life, stream: Stream, width: int) -> Iterator[str]:
    for line in paragraph(safe_text(life.title), width):
        yield stream.style(line, "bold")
    yield from paragraph(safe_text(life.set_up), width, indent="  ")
    steps = [Column(""), Column("", style="dim"), Column(""), Column("", wraps=True, least=20)]
    yield from draw_table(
        steps, [[" ", step.at, Cell(step.state, _STYLES[step.state]), step.why] for step in life.steps], stream
    )
    yield from paragraph(life.remark, width, indent="  ")
    yield ""
    yield stream.style("The same under each TreatMissingData", "bold")
    columns = [Column(""), Column("", style="dim"), Column("before"), Column("in ALARM"), Column("after")]
    mark = stream.pick("→", ">")
    rows: list[list[str | Cell]] = [
        [
            mark if one.is_its_own else " ",
            one.name,
            Cell(one.before, _STYLES[one.before]),
            one.rings,
            Cell(one.after, _STYLES[one.after]),
        ]
        for one in life.treatments
    ]
    yield from draw_table(columns, rows, stream)
