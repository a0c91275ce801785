"""How many events there were, over time: the event lane and the sparkline. Spec: CON-4.2, CON-5.4.

Rule: a column shows the highest of its values, so that a burst of a minute is as high as it was.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from tocsin.console.charts.columns import MOST_EVENT_COLUMNS, MOST_SPARKS, parts_of
from tocsin.console.charts.svg import box, element, path, picture, stretched, upright
from tocsin.console.charts.time_axis import Window, length_text, moment_text
from tocsin.console.charts.value_axis import number

if TYPE_CHECKING:
    from collections.abc import Sequence

LANE_HEIGHT: Final = 56
SPARK_HEIGHT: Final = 24

# Left free above the highest column, in px.
_HEADROOM = 2
_FREE = 0.1
_LEAST_BAR = 1


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing and the same in words."""

    drawing: Markup
    label: str


def event_lane(
    window: Window,
    counts: Sequence[tuple[int, float | None]],
    *,
    width: int,
    now: int,
    zone: tzinfo = UTC,
    words: str = "Events a minute",
    height: int = LANE_HEIGHT,
    most: int = MOST_EVENT_COLUMNS,
) -> Lane:
    """Counts over a window, on the time axis of the lanes above it.

    `counts` are (start in seconds since the epoch, count) in order, each `width` seconds wide; None is "not known",
    which is not zero. The highest column is as high as the lane.
    """
    # Without the columns of a metric chart, which know much more: a day is 1,440 minutes, and drawn often.
    shown = [(start, count) for start, count in counts if start < window.end and window.start < start + width]
    columns = [
        (
            shown[first][0],
            shown[end - 1][0] + width,
            max((n for _, n in shown[first:end] if n is not None), default=None),
        )
        for first, end in parts_of(len(shown), most=most)
    ]
    top = max((value for _, _, value in columns if value is not None), default=0.0)
    base = element("line", class_="axis", x2="100%", y1=height, y2=height)
    bars = (_bar(window, start, end, value / top, height) for start, end, value in columns if value)
    gaps = (_gap(window, start, end, height) for start, end, value in columns if value is None)
    columns_drawn = stretched([*path(bars, class_="b"), *path(gaps, class_="gap")], height=height)
    return Lane(
        drawing=picture(*columns_drawn, base, height=height),
        label=_label(words, shown, window, now=now, zone=zone),
    )


def sparkline(
    window: Window,
    counts: Sequence[tuple[int, float | None]],
    *,
    width: int,
    now: int,
    zone: tzinfo = UTC,
    words: str = "Events",
) -> Lane:
    """The same, 24 px high and in at most 60 columns: beside a name in a list."""
    return event_lane(
        window, counts, width=width, now=now, zone=zone, words=words, height=SPARK_HEIGHT, most=MOST_SPARKS
    )


def _bar(window: Window, start: int, end: int, share: float, height: int) -> str:
    free = (end - start) * _FREE
    tall = max(_LEAST_BAR, round(share * (height - _HEADROOM)))
    return box(window.share(start + free), window.share(end - free), y=height - tall, height=tall)


def _gap(window: Window, start: int, end: int, height: int) -> str:
    return upright(window.share((start + end) / 2), top=height - 4, bottom=height - 1)


def _label(words: str, counts: Sequence[tuple[int, float | None]], window: Window, *, now: int, zone: tzinfo) -> str:
    known = [(value, start) for start, value in counts if value is not None]
    length = length_text(window.length)
    if not known:
        return f"{words}: nothing is known of these {length}."
    highest, high_at = max(known)
    lowest, _ = min(known)
    low_at = max(start for value, start in known if value == lowest)
    total = sum(value for value, _ in known)
    when = [moment_text(at, now=now, zone=zone) for at in (high_at, low_at)]
    return (
        f"{words}: highest {number(highest)} at {when[0]}, lowest {number(lowest)} at {when[1]}, "
        f"{number(total)} in {length}."
    )
