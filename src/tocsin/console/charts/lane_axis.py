"""The times under lanes. Spec: CON-5.3, CON-5.5."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from tocsin.console.charts.svg import element, percent, picture
from tocsin.console.charts.time_axis import time_ticks

if TYPE_CHECKING:
    from markupsafe import Markup

    from tocsin.console.charts.time_axis import Window

HEIGHT: Final = 20
_BASE: Final = 14


def lane_axis(window: Window, zone: tzinfo = UTC) -> Markup:
    """Each tick with its time, every second one only where there is room; at the edges the text stays inside."""
    ticks = time_ticks(window, zone)
    parts = []
    for place, tick in enumerate(ticks):
        anchor = "start" if tick.share < 0.02 else "end" if tick.share > 0.98 else "middle"
        shown = "tx o" if place % 2 else "tx"
        parts.append(element("text", tick.label, class_=shown, text_anchor=anchor, x=percent(tick.share), y=_BASE))
    return picture(*parts, height=HEIGHT)
