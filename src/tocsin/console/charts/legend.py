"""What the marks of a chart mean, each with a sample. Spec: CON-5.2, CON-1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.console.charts.svg import element

if TYPE_CHECKING:
    from markupsafe import Markup


class LegendItem(NamedTuple):
    """A sample of a mark, and what it means."""

    sample: Markup
    words: str


def legend_item(mark: str, words: str) -> LegendItem:
    """The item of a mark: one of `MARKS`."""
    return LegendItem(_sample(*MARKS[mark]), words)


def _sample(*parts: Markup) -> Markup:
    # The one drawing with a viewBox: 20 by 12 px, scaled with the text beside it.
    return element("svg", *parts, viewBox="0 0 20 12", aria_hidden="true")


def _bar(class_: str) -> Markup:
    return element("rect", class_=class_, x=6, y=1, width=8, height=11)


def _line(class_: str, y: int) -> Markup:
    return element("line", class_=class_, x1=0, x2=20, y1=y, y2=y)


def _band(class_: str | None, fill: str | None = None) -> Markup:
    return element("rect", class_=class_, y=2, width=20, height=8, fill=fill)


MARKS: Final[dict[str, tuple[Markup, ...]]] = {
    "breaching": (_bar("bb"),),
    "value": (_bar("b"),),
    "missing": (element("line", class_="gap", x1=10, x2=10, y1=8, y2=11),),
    "fill": (element("rect", class_="fill", x=4, y=1, width=12, height=10, fill="url(#hatch)"),),
    "late": (_bar("b lt"),),
    "decided": (_line("dec", 4),),
    "threshold": (_line("thr", 6),),
    "slots": (element("rect", class_="win", width=20, height=12), _line("winl", 1)),
    "ALARM": (_band("sA"),),
    "OK": (_band("sO"), _line("sOl", 9)),
    "INSUFFICIENT_DATA": (_band("sN"), _line("sNl", 6)),
    "muted": (_band(None, "url(#hatch)"),),
    "acknowledged": (element("path", class_="ack", d="M6.5 0V12M6.5 1L13 4L6.5 7Z"),),
    "write": (element("rect", class_="mw", x=6, y=2, width=8, height=8),),
    "read": (element("circle", class_="mr", cx=10, cy=6, r=3),),
    "denied": (element("path", class_="md", d="M7 3l6 6M13 3l-6 6"),),
    "counted": (element("path", class_="ma", d="M10 1.5L14.5 10H5.5Z"),),
}
"""Marks that charts make, by name."""
