"""Times in a state as stretches of colour and texture. Spec: CON-5.5.

Rule: a state is told by its texture too (solid, a line along the edge, dots, a hatch), and a time in ALARM is never
too short to be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.charts.svg import box, element, level, path, percent, picture, stretched, upright

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markupsafe import Markup

    from tocsin.console.charts.slot import StateSpan
    from tocsin.console.charts.time_axis import Window

LANE_HEIGHT: Final = 12
"""Height of a state band and of a lane in px."""

# A time in ALARM has at least 3 px. The narrowest lane has 200; what is this share of it needs no mark to be seen.
_WIDE_ENOUGH: Final = 0.015

Span = tuple[int, int]
"""From when to when, in seconds since the epoch."""


def state_band(
    window: Window,
    states: Iterable[StateSpan],
    *,
    y: int,
    muted: Iterable[Span] = (),
    acknowledged: Iterable[int] = (),
    is_thin: bool = False,
) -> list[Markup]:
    """The stretches of a band whose upper edge is at `y`. A thin one leaves OK away: it is a lane's ground."""
    parts = stretched(_stretches(window, states, y=y, is_thin=is_thin), height=y + LANE_HEIGHT)
    for start, end in muted:
        seen = window.clip(start, end)
        if seen is not None:
            parts.append(_block(window, *seen, y=y, fill="url(#hatch)"))
    parts += [_flag(window, at, y) for at in acknowledged if window.start <= at < window.end]
    return parts


def _stretches(window: Window, states: Iterable[StateSpan], *, y: int, is_thin: bool) -> Iterator[Markup]:
    """Each state as one path, and what tells it without its colour as another."""
    shares: dict[str, list[tuple[float, float]]] = {}
    for state in states:
        seen = window.clip(state.start, state.end)
        if seen is not None:
            shares.setdefault(state.state, []).append((window.share(seen[0]), window.share(seen[1])))
    if not is_thin:
        fine = shares.get("OK", ())
        yield from path((box(*one, y=y, height=LANE_HEIGHT) for one in fine), class_="sO")
        yield from path((level(*one, y=y + LANE_HEIGHT - 1) for one in fine), class_="sOl")
    silent = shares.get("INSUFFICIENT_DATA", ())
    yield from path((box(*one, y=y, height=LANE_HEIGHT) for one in silent), class_="sN")
    yield from path((level(*one, y=y + LANE_HEIGHT // 2) for one in silent), class_="sNl")
    rings = shares.get("ALARM", ())
    yield from path((box(*one, y=y, height=LANE_HEIGHT) for one in rings), class_="sA")
    short = (start for start, end in rings if end - start < _WIDE_ENOUGH)
    yield from path((upright(start, top=y, bottom=y + LANE_HEIGHT) for start in short), class_="sAl")


def _block(
    window: Window, start: int, end: int, *, y: int, class_: str | None = None, fill: str | None = None
) -> Markup:
    left, right = window.share(start), window.share(end)
    return element(
        "rect", class_=class_, x=percent(left), y=y, width=percent(right - left), height=LANE_HEIGHT, fill=fill
    )


def _flag(window: Window, at: int, y: int) -> Markup:
    """A small flag on its pole, at the moment of an acknowledgement."""
    # A nested svg is placed by percent; in it a path may be drawn in px.
    flag = element("path", class_="ack", d=f"M.5 0V{LANE_HEIGHT}M.5 1L7 4L.5 7Z")
    return element("svg", flag, class_="fl", x=percent(window.share(at)), y=y, width=8, height=LANE_HEIGHT)


def state_lane(
    window: Window, states: Iterable[StateSpan], *, muted: Iterable[Span] = (), flapping: Iterable[Span] = ()
) -> Markup:
    """The lane of one alarm, 12 px high: times in ALARM, without data and muted. `flapping` are hatched over ALARM.

    For a row of `.tl`; its name and its total stand beside it, so it is hidden from screen readers.
    """
    ground = element("rect", class_="lane", width="100%", height=LANE_HEIGHT)
    flaps = [seen for span in flapping if (seen := window.clip(*span)) is not None]
    marks = [
        part
        for start, end in flaps
        for part in (
            _block(window, start, end, y=0, class_="sA fp"),
            _block(window, start, end, y=0, fill="url(#hatch)"),
        )
    ]
    return picture(ground, *state_band(window, states, y=0, muted=muted, is_thin=True), *marks, height=LANE_HEIGHT)


def seconds_in(window: Window, states: Iterable[StateSpan], state: str = "ALARM") -> int:
    """How long an alarm was in a state within the window: the total at the right of its lane."""
    seen = (window.clip(span.start, span.end) for span in states if span.state == state)
    return sum(span[1] - span[0] for span in seen if span is not None)


def lane_rank(window: Window, states: Sequence[StateSpan]) -> tuple[bool, int]:
    """What lanes are sorted by: those that ring at the end of their states first, then the longest in ALARM."""
    rings = bool(states) and states[-1].state == "ALARM"
    return not rings, -seconds_in(window, states)
