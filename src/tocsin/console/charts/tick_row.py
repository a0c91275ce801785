"""The labels below a drawing that has none of its own. Spec: CON-5.3.

Rule: a label stands where its instant does; every second one is left out where there is little room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.charts.svg import element, percent, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from tocsin.console.charts.time_axis import Tick

ROW_HEIGHT: Final = 20
"""Height of the row in px."""

_BASE: Final = 14

# A first label with a day and a time in it takes up to this share of a narrow row: the next would run into it.
_LONG_LABEL: Final = 8
_LONG_SHARE: Final = 0.42


def tick_row(ticks: Sequence[Tick], *, height: int = ROW_HEIGHT) -> Markup:
    """The labels of some ticks, hidden from screen readers: what they mark is told in words."""
    taken = _LONG_SHARE if ticks and len(ticks[0].label) > _LONG_LABEL else 0
    labels = (
        _label(tick, is_left_out=place % 2 == 1 or (place > 0 and tick.share < taken))
        for place, tick in enumerate(ticks)
    )
    return picture(*labels, height=height)


def _label(tick: Tick, *, is_left_out: bool) -> Markup:
    anchor = "start" if tick.share == 0 else "end" if tick.share == 1 else "middle"
    class_ = "tx o" if is_left_out else "tx"
    return element("text", tick.label, class_=class_, x=percent(tick.share), y=_BASE, text_anchor=anchor)
