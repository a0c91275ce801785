"""A metric with its threshold, what decided, and the states it led to. Spec: CON-5.2, CON-5.7, CON-5.8.

Rule: bars are the points that the reason names, since slots are anchored at the deciding evaluation (AL-6.2); what was
missing then, came late, or is another value today is told apart. Missing is not zero: a zero has a bar.

Heights in px: readout 0 to 20, plot 26 to 194, ticks of missing slots below it, state band 200 to 212, labels at 230.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from tocsin.console.charts.columns import columns_of, line_points
from tocsin.console.charts.legend import LegendItem, legend_item
from tocsin.console.charts.metric_text import MetricWords, chart_label, column_text, summary_text
from tocsin.console.charts.readout import Zone, hover_zones, readout
from tocsin.console.charts.slot import DecidingEvaluation, Side, Slot, StateSpan
from tocsin.console.charts.state_band import LANE_HEIGHT, state_band
from tocsin.console.charts.svg import drawing, element, path, percent, picture, stretched, upright
from tocsin.console.charts.time_axis import Window, span_text, time_ticks
from tocsin.console.charts.value_axis import Scale, axis_number, counts_scale, values_scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.console.charts.columns import Column

HEIGHT: Final = 238
"""Height of the chart in px."""

PLOT_TOP: Final = 26
PLOT_BOTTOM: Final = 194
BAND_TOP: Final = 200
TICK_LINE: Final = 230

_PLOT = PLOT_BOTTOM - PLOT_TOP

# Of a slot, what is left free at each side of its bar.
_FREE = 0.05

# A value that is there is seen: a zero, and one that is little beside the others.
_LEAST_BAR = 2

_GAP_TICK = 3


class MetricChart(msgspec.Struct, frozen=True, kw_only=True):
    """All that a metric chart shows.

    `slots` are in order and touch; they may begin before the window and end after it. `states` are in order.
    `threshold` is None where there is none, or a band in the slots. `is_count` draws bars from 0, otherwise a line
    over the range of the data. `muted` are spans, `acknowledged` moments; all times are seconds since the epoch.
    """

    window: Window
    slots: tuple[Slot, ...]
    now: int
    words: MetricWords
    zone: tzinfo = UTC
    threshold: float | None = None
    side: Side = Side.ABOVE
    is_count: bool = True
    decision: DecidingEvaluation | None = None
    states: tuple[StateSpan, ...] = ()
    muted: tuple[tuple[int, int], ...] = ()
    acknowledged: tuple[int, ...] = ()


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A chart as its template puts it together: axis, drawing and legend; `label` is all of it in words (CON-5.8)."""

    axis: Markup
    drawing: Markup
    label: str
    legend: tuple[LegendItem, ...]


def metric_figure(chart: MetricChart) -> Figure:
    """The drawing of a metric chart."""
    shown = [slot for slot in chart.slots if chart.window.clip(slot.start, slot.end) is not None]
    columns = columns_of(shown, side=chart.side)
    scale = _scale(chart, shown)
    parts = [
        readout(summary_text(chart.words, columns, _seen_states(chart), now=chart.now, zone=chart.zone)),
        *_future(chart),
        *_decided_slots(chart),
        *_grid(scale),
        *(_bars(chart, columns, scale) if chart.is_count else _lines(chart, shown, columns, scale)),
        *_gaps(chart, columns),
        *_limits(chart, columns, scale),
        *_transitions(chart),
        *_now(chart),
        *state_band(chart.window, chart.states, y=BAND_TOP, muted=chart.muted, acknowledged=chart.acknowledged),
        *_ticks(chart),
        *hover_zones(list(_zones(chart, columns)), y=PLOT_TOP, height=_PLOT),
    ]
    axis, width = _axis(scale)
    return Figure(
        axis=picture(*axis, height=HEIGHT, class_="yl", width=str(width)),
        drawing=drawing(*parts, height=HEIGHT, class_="g"),
        label=chart_label(chart.words, chart.window, columns, _seen_states(chart), now=chart.now, zone=chart.zone),
        legend=_legend(chart, columns),
    )


def _seen_states(chart: MetricChart) -> list[StateSpan]:
    return [state for state in chart.states if chart.window.clip(state.start, state.end) is not None]


def _scale(chart: MetricChart, shown: Sequence[Slot]) -> Scale:
    values = [
        value for slot in shown for value in (slot.value, slot.decided, slot.lower, slot.upper) if value is not None
    ]
    # A count that may go below zero is a value like any other.
    if chart.is_count and min([0.0, *values, chart.threshold or 0.0]) >= 0:
        return counts_scale(values, chart.threshold)
    return values_scale(values, chart.threshold)


def _height(scale: Scale, value: float) -> int:
    """The y of a value."""
    return PLOT_BOTTOM - round(scale.share(value) * _PLOT)


def _future(chart: MetricChart) -> list[Markup]:
    return _area(chart, chart.now, chart.window.end, class_="fut")


def _area(chart: MetricChart, start: int, end: int, *, class_: str) -> list[Markup]:
    seen = chart.window.clip(start, end)
    if seen is None:
        return []
    left, right = map(chart.window.share, seen)
    return [element("rect", class_=class_, x=percent(left), y=PLOT_TOP, width=percent(right - left), height=_PLOT)]


def _decided_slots(chart: MetricChart) -> list[Markup]:
    """What the deciding evaluation looked at: tinted, a bar on top, the newest N outlined."""
    decision = chart.decision
    if decision is None or chart.window.clip(decision.start, decision.at) is None:
        return []
    left, right = percent(chart.window.share(decision.start)), percent(chart.window.share(decision.at))
    return [
        *_area(chart, decision.start, decision.at, class_="win"),
        *_area(chart, decision.at - decision.evaluated * decision.period, decision.at, class_="winn"),
        element("line", class_="winl", x1=left, x2=right, y1=PLOT_TOP, y2=PLOT_TOP),
    ]


def _grid(scale: Scale) -> Iterator[Markup]:
    for place, value in enumerate(scale.lines):
        y = _height(scale, value)
        yield element("line", class_="grid" if place else "axis", x2="100%", y1=y, y2=y)


def _bars(chart: MetricChart, columns: Iterable[Column], scale: Scale) -> Iterator[Markup]:
    for column in columns:
        left, width = _room(chart, column)
        if column.value is not None:
            height = max(_LEAST_BAR, PLOT_BOTTOM - _height(scale, column.value))
            class_ = ("bb" if column.is_breaching else "b") + (" lt" if column.is_late else "")
            yield element("rect", class_=class_, x=left, y=PLOT_BOTTOM - height, width=width, height=height)
        elif column.fills:
            yield _fill(chart, column, scale)
        yield from _decided(chart, column, scale)


def _fill(chart: MetricChart, column: Column, scale: Scale) -> Markup:
    """Missing slots that count as breaching: a hatch up to the threshold, as if a value stood there."""
    left, width = _room(chart, column)
    top = PLOT_TOP if chart.threshold is None else min(_height(scale, chart.threshold), PLOT_BOTTOM - LANE_HEIGHT)
    return element("rect", class_="fill", x=left, y=top, width=width, height=PLOT_BOTTOM - top, fill="url(#hatch)")


def _decided(chart: MetricChart, column: Column, scale: Scale) -> Iterator[Markup]:
    """How high the value stood that decided, where it is another one today (AL-19.7)."""
    if column.decided is not None:
        y = _height(scale, column.decided)
        left, right = chart.window.share(column.start), chart.window.share(column.end)
        yield element("line", class_="dec", x1=percent(left), x2=percent(right), y1=y, y2=y)


def _room(chart: MetricChart, column: Column) -> tuple[str, str]:
    """Left edge and width of a column's bar."""
    free = (column.end - column.start) / column.slots * _FREE
    left, right = chart.window.share(column.start + free), chart.window.share(column.end - free)
    return percent(left), percent(right - left)


def _lines(chart: MetricChart, shown: Sequence[Slot], columns: Iterable[Column], scale: Scale) -> Iterator[Markup]:
    """A value from slot to slot; breaching columns stand behind it, single slots are dots."""
    for column in columns:
        if column.is_breaching:
            left, width = _room(chart, column)
            y = _height(scale, column.value) if column.value is not None else PLOT_TOP
            class_ = "bb" + (" lt" if column.is_late else "")
            yield element("rect", class_=class_, x=left, y=y - _LEAST_BAR, width=width, height=2 * _LEAST_BAR)
        elif column.value is None and column.fills:
            yield _fill(chart, column, scale)
        yield from _decided(chart, column, scale)
    for stretch in line_points(shown):
        places = [
            (chart.window.share((slot.start + slot.end) / 2), _height(scale, slot.value))
            for slot in stretch
            if slot.value is not None
        ]
        if len(places) == 1:
            yield element("circle", class_="b", cx=percent(places[0][0]), cy=places[0][1], r=_LEAST_BAR)
        for (x1, y1), (x2, y2) in pairwise(places):
            yield element("line", class_="ln", x1=percent(x1), x2=percent(x2), y1=y1, y2=y2)


def _gaps(chart: MetricChart, columns: Iterable[Column]) -> list[Markup]:
    """A tick below the axis where slots are missing, also where the column shows a value of others."""
    top = PLOT_BOTTOM + 1
    ticks = (
        upright(chart.window.share((column.start + column.end) / 2), top=top, bottom=top + _GAP_TICK)
        for column in columns
        if column.missing
    )
    return stretched(path(ticks, class_="gap"), height=top + _GAP_TICK)


def _limits(chart: MetricChart, columns: Iterable[Column], scale: Scale) -> Iterator[Markup]:
    """The threshold with its words, or the edges of the band."""
    if chart.threshold is not None:
        y = _height(scale, chart.threshold)
        yield element("line", class_="thr", x2="100%", y1=y, y2=y)
        yield _threshold_words(chart, y)
        return
    words_at = None
    for column in columns:
        left, right = percent(chart.window.share(column.start)), percent(chart.window.share(column.end))
        for edge in (column.lower, column.upper):
            if edge is not None:
                y = _height(scale, edge)
                words_at = y if words_at is None else min(y, words_at)
                yield element("line", class_="thr", x1=left, x2=right, y1=y, y2=y)
    if words_at is not None:
        yield _threshold_words(chart, words_at)


def _threshold_words(chart: MetricChart, y: int) -> Markup:
    """The words of the threshold on the side where the alarm rings, within the plot."""
    above, below = y - 6, y + 15
    line = below if chart.side is Side.BELOW and below < PLOT_BOTTOM else above
    return element("text", chart.words.threshold, class_="tx al", x=4, y=line)


def _transitions(chart: MetricChart) -> list[Markup]:
    lines = (
        upright(chart.window.share(after.start), top=PLOT_TOP, bottom=BAND_TOP + LANE_HEIGHT)
        for before, after in pairwise(chart.states)
        if before.state != after.state and chart.window.start < after.start < chart.window.end
    )
    return stretched(path(lines, class_="trl"), height=BAND_TOP + LANE_HEIGHT)


def _now(chart: MetricChart) -> Iterator[Markup]:
    if chart.window.start < chart.now < chart.window.end:
        at = percent(chart.window.share(chart.now))
        yield element("line", class_="now", x1=at, x2=at, y1=PLOT_TOP, y2=BAND_TOP + LANE_HEIGHT)


def _ticks(chart: MetricChart) -> Iterator[Markup]:
    for place, tick in enumerate(time_ticks(chart.window, chart.zone)):
        # The first one says the date too: it begins left of the plot, where there is room.
        is_wide = tick.share == 0 and ":" in tick.label
        yield element(
            "text",
            tick.label,
            class_="tx o" if place % 2 else "tx",
            x=percent(tick.share),
            dx=-28 if is_wide else None,
            y=TICK_LINE,
            text_anchor=None if is_wide else "middle",
        )


def _axis(scale: Scale) -> tuple[list[Markup], int]:
    """The labels of the value axis, and how wide they are in px."""
    labels = [(axis_number(value), _height(scale, value) + 4) for value in scale.lines]
    width = min(48, max(20, 8 * max(len(label) for label, _ in labels)))
    return [element("text", label, class_="tx", x="100%", y=y, text_anchor="end") for label, y in labels], width


def _zones(chart: MetricChart, columns: Sequence[Column]) -> Iterator[Zone]:
    """What can be pointed at: each column with data, and neighbours without data as one."""
    run: list[Column] = []
    for column in columns:
        is_blank = column.value is None and not column.fills and not column.note and column.decided is None
        if is_blank:
            run.append(column)
            continue
        yield from _blank(chart, run)
        run = []
        yield _zone(chart, column, column.end, column_text(chart.words, column, chart.side))
    yield from _blank(chart, run)


def _blank(chart: MetricChart, run: Sequence[Column]) -> Iterator[Zone]:
    if run:
        yield _zone(chart, run[0], run[-1].end, chart.words.missing)


def _zone(chart: MetricChart, column: Column, end: int, text: str) -> Zone:
    when = span_text(column.start, end, now=chart.now, zone=chart.zone)
    window = chart.window
    return Zone(window.share(column.start), window.share(end), f"{when}: {text}", column.href)


def _legend(chart: MetricChart, columns: Sequence[Column]) -> tuple[LegendItem, ...]:
    """What is in this chart and needs words."""
    decision = chart.decision
    states = {state.state for state in _seen_states(chart)}
    items = [
        ("breaching", "breaching slot", any(column.is_breaching for column in columns)),
        ("fill", "missing, counts as breaching", any(column.fills for column in columns)),
        ("late", "came late", any(column.is_late for column in columns)),
        ("decided", "value that decided", any(column.decided is not None for column in columns)),
        ("threshold", "threshold", chart.threshold is not None),
        ("threshold", "band", any(column.upper is not None or column.lower is not None for column in columns)),
        ("missing", "no data", chart.is_count is False and any(column.missing for column in columns)),
        *((state, state, state in states) for state in ("ALARM", "OK", "INSUFFICIENT_DATA")),
        ("muted", "muted", bool(chart.muted)),
        ("acknowledged", "acknowledged", bool(chart.acknowledged)),
    ]
    if decision is not None and chart.window.clip(decision.start, decision.at) is not None:
        slots = f"{decision.looked_at} {'slot' if decision.looked_at == 1 else 'slots'}"
        items.insert(5, ("slots", f"{slots} seen {chart.words.decided_at}".rstrip(), True))
    return tuple(legend_item(mark, words) for mark, words, is_there in items if is_there)
