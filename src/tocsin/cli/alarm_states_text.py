"""The states of an alarm as a person reads them. Spec: AL-7, AL-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.table import Cell, Column, draw_table, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.explain import AlarmStates
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
    yield stream.style("Whatever the state", "bold")
    for rule in table.rules:
        yield from paragraph(rule, width, indent="    ", first=f"  {dot} ")
    yield ""
    for line in paragraph(table.missing_data.title, width):
        yield stream.style(line, "bold")
    columns = [Column("  points"), *(Column(name) for name in table.missing_data.columns)]
    rows: list[list[str | Cell]] = [
        [f"  {row[0]}", *(Cell(cell, _STYLES.get(cell, "")) for cell in row[1:])] for row in table.missing_data.rows
    ]
    yield from draw_table(columns, rows, stream)
    yield ""
    life = table.example
    yield stream.style(life.title, "bold")
    yield from paragraph(life.set_up, width, indent="  ")
    steps = [Column(""), Column("", style="dim"), Column(""), Column("", wraps=True, least=20)]
    yield from draw_table(
        steps, [[" ", step.at, Cell(step.state, _STYLES[step.state]), step.why] for step in life.steps], stream
    )
    yield from paragraph(life.remark, width, indent="  ")
