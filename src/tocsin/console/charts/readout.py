"""Columns that say what they are when they are pointed at or focused, without script. Spec: CON-5.7.

Rule: the text of a column stands in the readout row at the top of its drawing, where the style sheet shows it in
place of the default; nothing follows the pointer, nothing covers data. A column with data is a link, one without
is not, and neighbours without data are one column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.console.charts.svg import element, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

READOUT_LINE: Final = 14
"""Where the text of the readout row stands, in px from the top."""


class Zone(NamedTuple):
    """What can be pointed at: from `start` to `end` (shares of the width), what it says, where it leads."""

    start: float
    end: float
    text: str
    href: str = ""


def readout(text: str) -> Markup:
    """What the readout row says while nothing is pointed at."""
    return element("text", text, class_="tx t0", y=READOUT_LINE, aria_hidden="true")


def hover_zones(zones: Sequence[Zone], *, y: int, height: int, line: int = READOUT_LINE) -> list[Markup]:
    """The zones between `y` and `y + height`; `line` is where their text stands."""
    return [_zone(zone, y, height, line) for zone in zones]


def _zone(zone: Zone, y: int, height: int, line: int) -> Markup:
    hit = element("rect", class_="hit", x=percent(zone.start), y=y, width=percent(zone.end - zone.start), height=height)
    if not zone.href:
        return element("g", hit, element("text", zone.text, class_="tx t", y=line), class_="col", aria_hidden="true")
    text = element("text", zone.text, class_="tx t", y=line, aria_hidden="true")
    return element("a", hit, text, class_="col", href=zone.href, aria_label=zone.text)
