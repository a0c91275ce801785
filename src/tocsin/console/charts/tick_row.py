"""The labels below a drawing that has none of its own. Spec: CON-5.3.

Rule: a label stands where its instant does; every second one is left out where there is little room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.charts.svg import element, percent, picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markupsafe import Markup

    from tocsin.console.charts.time_axis import Tick

ROW_HEIGHT: Final = 20
"""Height of the row in px."""

_BASE: Final = 14


def tick_row(ticks: Iterable[Tick], *, height: int = ROW_HEIGHT) -> Markup:
    """The labels of some ticks, hidden from screen readers: what they mark is told in words."""
    return picture(*(_label(tick, is_odd=bool(place % 2)) for place, tick in enumerate(ticks)), height=height)


def _label(tick: Tick, *, is_odd: bool) -> Markup:
    anchor = "start" if tick.share == 0 else "end" if tick.share == 1 else "middle"
    class_ = "tx o" if is_odd else "tx"
    return element("text", tick.label, class_=class_, x=percent(tick.share), y=_BASE, text_anchor=anchor)
