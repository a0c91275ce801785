"""Columns that say what they are when they are pointed at or focused, without script. Spec: CON-5.7.

Rule: the text of a column stands in the readout row at the top of its drawing, where the style sheet shows it in
place of the default; nothing follows the pointer, nothing covers data. A column with data is a link, one without
is not, and neighbours without data are one column.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.console.charts.svg import element, group, percent

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
    """The zones between `y` and `y + height`; `line` is where their text stands.

    What neighbours have in common is said once, around them: there are a hundred of them on a page.
    """
    return [
        element(
            "svg",
            group(_zone(zone, line - y) for zone in run),
            y=y,
            height=height,
            aria_hidden=None if are_links else "true",
        )
        for are_links, run in groupby(zones, lambda zone: bool(zone.href))
    ]


def _zone(zone: Zone, line: int) -> Markup:
    shape = element("rect", x=percent(zone.start), width=percent(zone.end - zone.start))
    if not zone.href:
        return element("g", shape, element("text", zone.text, y=line), class_="col")
    return column_link(shape, zone.text, href=zone.href, line=line)


def column_link(shape: Markup, text: str, *, href: str, line: int) -> Markup:
    """A shape that leads somewhere; its text at `line`."""
    said = element("text", text, y=line, aria_hidden="true")
    return element("a", shape, said, class_="col", href=href, aria_label=text)
