"""What somebody did, over time, by service. Spec: CON-5.6, CON-10.1.

Rule: the shape of a mark says what it was (a write, a read, a refused call, one that an alarm counted), colour only
repeats it. Marks of one shape that would lie on one another are one. Where there are too many a lane has columns, as
high as there were calls, and fewer of them the more lanes there are: all of it stays within the page's budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, tzinfo
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from tocsin.console.charts.columns import MOST_COLUMNS
from tocsin.console.charts.legend import LegendItem, legend_item
from tocsin.console.charts.readout import Zone, column_link, hover_zones, readout
from tocsin.console.charts.svg import drawing, element, percent, picture
from tocsin.console.charts.tick_row import tick_row
from tocsin.console.charts.time_axis import Window, length_text, moment_text, span_text, time_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_LANES: Final = 12
"""Lanes, one a service; the last one holds the rest where there are more services."""

MOST_CALLS: Final = 500
"""Calls that have marks."""

MOST_MARKS: Final = 120
"""Marks and columns that are drawn, in all lanes together. Each has a link and a text."""

OTHER: Final = "other"
"""The name of the lane of the rest."""

ROW_HEIGHT: Final = 24
"""From lane to lane in px; names beside the drawing have lines as high."""

HEAD_HEIGHT: Final = 20
"""Height of the readout row above the first lane in px."""

_MARK = 8
_TALLEST = 18


class Deed(StrEnum):
    """What a call was."""

    WRITE = "write"
    READ = "read"
    DENIED = "denied"
    COUNTED = "counted"
    """Counted in an alarm: says more than what it was otherwise."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One call: when (seconds since the epoch), of which service, what it was.

    `text` says it in the readout behind its time (`RunInstances, denied`); `href` leads to its record.
    """

    at: int
    service: str
    deed: Deed
    text: str
    href: str = ""


class TimelineLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane: the service, its calls within the window, and its drawing, 24 px high.

    The text of a mark stands in the readout row however far above it that is.
    """

    service: str
    count: int
    drawing: Markup


class ActorTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """All lanes, busiest first; `head` is the readout row, `ticks` the time axis below; `label` is all in words."""

    head: Markup
    lanes: tuple[TimelineLane, ...]
    ticks: Markup
    label: str
    legend: tuple[LegendItem, ...]


def actor_timeline(window: Window, marks: Iterable[Mark], *, now: int, zone: tzinfo = UTC, actor: str) -> ActorTimeline:
    """The timeline of `actor` (a name for the text alternative). Marks outside the window are left out."""
    seen = sorted((mark for mark in marks if window.start <= mark.at < window.end), key=lambda mark: mark.at)
    lanes = _by_service(seen)
    draw = _draw(window, seen, lanes)
    length = length_text(window.length)
    calls = f"{len(seen):,} {'call' if len(seen) == 1 else 'calls'}"
    return ActorTimeline(
        head=picture(readout(f"{calls} in {length}"), height=HEAD_HEIGHT),
        lanes=tuple(
            TimelineLane(
                service=service,
                count=len(found),
                drawing=drawing(*draw(window, found, place, now, zone), height=ROW_HEIGHT, class_="g"),
            )
            for place, (service, found) in enumerate(lanes)
        ),
        ticks=tick_row(time_ticks(window, zone), height=HEAD_HEIGHT),
        label=_label(actor, calls, length, lanes),
        legend=tuple(
            legend_item(deed.value, words) for deed, words in _WORDS.items() if any(mark.deed is deed for mark in seen)
        ),
    )


_WORDS: Final = {
    Deed.WRITE: "write",
    Deed.READ: "read",
    Deed.DENIED: "denied",
    Deed.COUNTED: "counted in an alarm",
}


def _by_service(marks: Sequence[Mark]) -> list[tuple[str, list[Mark]]]:
    """Services with their marks, the busiest first; what has no lane of its own is in the last one."""
    frequent = [
        name for name, _ in sorted(Counter(mark.service for mark in marks).items(), key=lambda one: (-one[1], one[0]))
    ]
    own = frequent if len(frequent) <= MOST_LANES else frequent[: MOST_LANES - 1]
    lanes: dict[str, list[Mark]] = {name: [] for name in own}
    for mark in marks:
        lanes.setdefault(mark.service if mark.service in own else OTHER, []).append(mark)
    return list(lanes.items())


_Draw = Callable[[Window, "Sequence[Mark]", int, int, tzinfo], "Iterator[Markup]"]


def _draw(window: Window, seen: Sequence[Mark], lanes: Sequence[tuple[str, Sequence[Mark]]]) -> _Draw:
    """How the calls of a lane are drawn: as marks, if these are few enough in all lanes, else as columns."""
    if len(seen) <= MOST_CALLS and sum(len(_apart(window, marks)) for _, marks in lanes) <= MOST_MARKS:
        return _marks
    return partial(_columns, count=max(1, min(MOST_COLUMNS, MOST_MARKS // len(lanes))))


def _apart(window: Window, marks: Sequence[Mark]) -> list[list[Mark]]:
    """Marks of a lane that can be told apart, each with all calls that it stands for."""
    found: dict[tuple[Deed, int], list[Mark]] = {}
    for mark in marks:
        found.setdefault((mark.deed, _cell(window, mark, MOST_COLUMNS)), []).append(mark)
    return list(found.values())


def _cell(window: Window, mark: Mark, count: int) -> int:
    return (mark.at - window.start) * count // window.length


def _line(place: int) -> int:
    """Where the readout row is, as seen from a lane: a lane's drawing does not clip."""
    return -place * ROW_HEIGHT - HEAD_HEIGHT + 14


def _marks(window: Window, marks: Sequence[Mark], place: int, now: int, zone: tzinfo) -> Iterator[Markup]:
    yield _ground()
    # What says most comes last, on top.
    for found in sorted(_apart(window, marks), key=lambda one: (_ORDER.index(one[0].deed), one[0].at)):
        mark, text = found[0], _mark_text(found, now, zone)
        shape = element("svg", _shape(mark.deed), x=percent(window.share(mark.at)), y=_MARK)
        href = next((one.href for one in found if one.href), "")
        if href:
            yield column_link(shape, text, href=href, line=_line(place))
        else:
            yield element("g", shape, element("text", text, y=_line(place)), class_="col", aria_hidden="true")


def _mark_text(found: Sequence[Mark], now: int, zone: tzinfo) -> str:
    if len(found) == 1:
        return f"{moment_text(found[0].at, now=now, zone=zone)} {found[0].text}"
    (text, count), *others = Counter(mark.text for mark in found).most_common()
    what = f"{text}{f' {count:,} times' if others and count > 1 else ''}{' and others' if others else ''}"
    return f"{span_text(found[0].at, found[-1].at, now=now, zone=zone)}: {len(found):,} calls, {what}"


_ORDER: Final = (Deed.READ, Deed.WRITE, Deed.DENIED, Deed.COUNTED)


def _ground() -> Markup:
    middle = ROW_HEIGHT // 2
    return element("line", class_="grid", x2="100%", y1=middle, y2=middle)


def _shape(deed: Deed) -> Markup:
    """8 px around x = 0."""
    match deed:
        case Deed.WRITE:
            return element("path", class_="mw", d="M-4 0H4V8H-4Z")
        case Deed.READ:
            return element("circle", class_="mr", cy=4, r=3)
        case Deed.DENIED:
            return element("path", class_="md", d="M-4 0L4 8M4 0L-4 8")
        case Deed.COUNTED:
            return element("path", class_="ma", d="M0 -1L4.5 8H-4.5Z")


def _columns(
    window: Window, marks: Sequence[Mark], place: int, now: int, zone: tzinfo, *, count: int
) -> Iterator[Markup]:
    """Columns as high as there were calls, relative to the busiest of the lane; refused and counted ones show."""
    cells: dict[int, list[Mark]] = {}
    for mark in marks:
        cells.setdefault(_cell(window, mark, count), []).append(mark)
    top = max(map(len, cells.values()))
    yield _ground()
    zones = []
    for cell, found in sorted(cells.items()):
        left, right = cell / count, (cell + 1) / count
        tall = max(2, round(len(found) / top * _TALLEST))
        deeds = Counter(mark.deed for mark in found)
        class_ = "bb" if deeds[Deed.COUNTED] else "bd" if deeds[Deed.DENIED] else "b"
        yield element(
            "rect", class_=class_, x=percent(left), y=ROW_HEIGHT - tall, width=percent(right - left), height=tall
        )
        zones.append(
            Zone(left, right, _cell_text(found, deeds, now, zone), next((m.href for m in found if m.href), ""))
        )
    yield from hover_zones(zones, y=0, height=ROW_HEIGHT, line=_line(place))


def _cell_text(found: Sequence[Mark], deeds: Counter[Deed], now: int, zone: tzinfo) -> str:
    parts = [f"{len(found):,} {'call' if len(found) == 1 else 'calls'}"]
    parts += [f"{deeds[deed]:,} {_WORDS[deed]}" for deed in (Deed.DENIED, Deed.COUNTED) if deeds[deed]]
    return f"{span_text(found[0].at, found[-1].at, now=now, zone=zone)}: {', '.join(parts)}"


def _label(actor: str, calls: str, length: str, lanes: Sequence[tuple[str, Sequence[Mark]]]) -> str:
    by_service = ", ".join(f"{service} {len(found):,}" for service, found in lanes)
    deeds = Counter(mark.deed for _, found in lanes for mark in found)
    denied = f", {deeds[Deed.DENIED]:,} denied" if deeds[Deed.DENIED] else ""
    counted = f", {deeds[Deed.COUNTED]:,} counted in an alarm" if deeds[Deed.COUNTED] else ""
    return f"{actor}, {calls} in {length}{denied}{counted}{f': {by_service}' if by_service else ''}."
