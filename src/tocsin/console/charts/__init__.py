"""Charts: values, window, size in; SVG text and the same in words out. Spec: CON-5.

Rule: pure. No clock, no store, no template, no style: classes of `console.css` and presentation attributes alone.
Times are whole seconds since the epoch; a zone is a `tzinfo`, UTC unless given; `now` is the instant of the request,
and days other than its own are named. Nothing here decides what is breaching: that comes with the values.

What is drawn:

    metric_figure(MetricChart(window, slots, now, words, …)) -> Figure(axis, drawing, label, legend)
        A metric with threshold, deciding evaluation and states (CON-5.2). `slots` are `Slot`s in order that touch,
        anchored at the deciding evaluation, `words` a `MetricWords`, `states` `StateSpan`s. In a template:
            <figure class="chart" aria-label="{{ figure.label }}">
            <div class="plot">{{ figure.axis }}{{ figure.drawing }}</div>
            {{ legend(figure.legend) }}</figure>

    small_lane(window, states, muted=, flapping=) -> Markup
    state_lane(window, states, muted=, flapping=) -> Markup
        One alarm of the last 24 hours, 12 px high, for a row of `.tl` (CON-5.5). `states` are `StateSpan`s;
        `muted` and `flapping` are (start, end). `lane_rank(window, states)` is the key that sorts lanes,
        `seconds_in(window, states)` the total in ALARM at the right.

    lane_axis(window, zone) -> Markup
        The times under lanes, for the last row of `.tl`.

    event_lane(window, counts, width=, now=) -> Lane(drawing, label)
    sparkline(window, counts, width=, now=)  -> Lane
        Counts as columns: 56 px high in 144 columns, 24 px in 60. `counts` are (start, count) in order, each
        `width` seconds wide; a count of None is not known.

    actor_timeline(window, marks, now=, actor=) -> ActorTimeline(head, lanes, ticks, label, legend)
        Calls by service (CON-5.6). `marks` are `Mark(at, service, deed, text, href)`; rows of 24 px, to be put
        beside names of the same height:
            <figure class="acts" aria-label="{{ timeline.label }}">
            <span></span>{{ timeline.head }}<span></span>
            {% for lane in timeline.lanes %}<span>{{ lane.service }}</span>{{ lane.drawing }}<span>…</span>{% endfor %}

The time axis (CON-5.3): `window_to(now, length, zone)` is the window that ends at the next tick after now;
`time_ticks(window, zone)` are its ticks, for axes made of HTML. The value axis: `counts_scale`, `values_scale`.

Down-sampling (CON-5.4): `columns_of(slots, side=, most=)` and, for lines, `line_points`. All drawings do it themselves.
"""

from __future__ import annotations

from tocsin.console.charts.actor_timeline import ActorTimeline, Deed, Mark, TimelineLane, actor_timeline
from tocsin.console.charts.columns import Column, columns_of, line_points
from tocsin.console.charts.event_lane import Lane, event_lane, sparkline
from tocsin.console.charts.lane_axis import lane_axis
from tocsin.console.charts.legend import LegendItem, legend_item
from tocsin.console.charts.metric_chart import Figure, MetricChart, metric_figure
from tocsin.console.charts.metric_text import MetricWords
from tocsin.console.charts.slot import DecidingEvaluation, Side, Slot, StateSpan
from tocsin.console.charts.small_lane import small_lane
from tocsin.console.charts.state_band import lane_rank, seconds_in, state_lane
from tocsin.console.charts.tick_row import tick_row
from tocsin.console.charts.time_axis import Tick, Window, time_ticks, window_to
from tocsin.console.charts.value_axis import Scale, counts_scale, values_scale

__all__ = [
    "ActorTimeline",
    "Column",
    "DecidingEvaluation",
    "Deed",
    "Figure",
    "Lane",
    "LegendItem",
    "Mark",
    "MetricChart",
    "MetricWords",
    "Scale",
    "Side",
    "Slot",
    "StateSpan",
    "Tick",
    "TimelineLane",
    "Window",
    "actor_timeline",
    "columns_of",
    "counts_scale",
    "event_lane",
    "lane_axis",
    "lane_rank",
    "legend_item",
    "line_points",
    "metric_figure",
    "seconds_in",
    "small_lane",
    "sparkline",
    "state_lane",
    "tick_row",
    "time_ticks",
    "values_scale",
    "window_to",
]
