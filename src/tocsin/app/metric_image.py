"""Pictures of metrics: the widget of GetMetricWidgetImage as a PNG. Spec: AL-3.6, WIRE-8.2.

Rule: what is drawn is what GetMetricData answers. A widget that cannot be drawn is refused with the member
that is wrong; sizes, metrics and annotations are bounded.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from tocsin.app.metric_query import Query, QueryResult, run_queries
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric import MetricKey
from tocsin.core.statistic import Statistic
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

MOST_METRICS = 100
MOST_BYTES = 100 * 1024
_MOST_ANNOTATIONS = 50
_LEAST_SIZE, _MOST_SIZE = 1, 2_000
_DPI = 100

# Told apart also by those who see red and green alike (after Paul Tol's bright scheme, SRON/EPS/TN/09-002).
_COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
_INK, _FAINT, _GRID = "#1f2933", "#52606d", "#e4e7eb"

_AGO = re.compile(r"-P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?\Z")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*\Z")

# matplotlib keeps fonts and caches for the whole process.
_drawing = threading.Lock()


class _Line(NamedTuple):
    """One series with how it is drawn."""

    result: QueryResult
    color: str
    on_right: bool


class _Metric(NamedTuple):
    """One entry of `metrics`: its query and its look."""

    query: Query
    color: str | None
    on_right: bool


def draw_widget(service: Service, scope: Scope, widget: str) -> bytes:
    """The PNG of a widget, given as JSON. InvalidParameterError for one that cannot be drawn."""
    if len(widget.encode()) > MOST_BYTES:
        _refuse("MetricWidget", f"at most {MOST_BYTES} bytes")
    try:
        given = msgspec.json.decode(widget)
    except (msgspec.DecodeError, ValueError, RecursionError):
        _refuse("MetricWidget", "it is not valid JSON")
    if not isinstance(given, dict):
        _refuse("MetricWidget", "it must be a JSON object")
    width, height = _size(given, "width", 600), _size(given, "height", 400)
    now = service.now()
    start, end = _moment(given, "start", now - timedelta(hours=3), now), _moment(given, "end", now, now)
    if start >= end:
        _refuse("start", "it must be before end")
    metrics = _metrics(given, _period(given.get("period", 300), "period"), str(given.get("stat", "Average")))
    queries = [metric.query for metric in metrics]
    results = run_queries(service, scope, queries, start=second_of(start), end=second_of(end)) if queries else []
    lines = _lines(metrics, results)
    with _drawing:
        return _draw(given, lines, width=width, height=height, start=start, end=end)


def _refuse(member: str, why: str) -> NoReturn:
    raise InvalidParameterError(
        f"Invalid parameter value for MetricWidget: {member}: {why}", aws_code="ValidationError"
    )


# ---------------------------------------------------------------- what is asked for


def _size(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not _LEAST_SIZE <= value <= _MOST_SIZE:
        _refuse(name, f"a whole number from {_LEAST_SIZE} to {_MOST_SIZE}")
    return value


def _period(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _refuse(place, "a number of seconds")
    return value


def _moment(given: Mapping[str, Any], name: str, default: datetime, now: datetime) -> datetime:
    """`-PT3H`, counted back from now, or an ISO 8601 time."""
    text = given.get(name)
    if text is None:
        return default
    if isinstance(text, str):
        ago = _AGO.match(text)
        if ago is not None and any(ago.groups()):
            weeks, days, hours, minutes, seconds = (int(one or 0) for one in ago.groups())
            return now - timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        try:
            parsed = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
    return _refuse(name, "a time such as 2026-03-01T12:00:00Z, or a distance such as -PT3H")


def _metrics(given: Mapping[str, Any], period: int, stat: str) -> list[_Metric]:
    """The entries of `metrics`: arrays in which `.` and `...` repeat what stands above."""
    entries = given.get("metrics", [])
    if not isinstance(entries, list) or len(entries) > MOST_METRICS:
        _refuse("metrics", f"a list of at most {MOST_METRICS} metrics")
    found: list[_Metric] = []
    above: list[str] = []
    for number, entry in enumerate(entries):
        place = f"metrics[{number}]"
        if not isinstance(entry, list) or not entry:
            _refuse(place, 'an array such as ["Namespace", "MetricName", "Dimension", "value"]')
        options = entry[-1] if isinstance(entry[-1], dict) else {}
        parts = entry[:-1] if options else entry
        if not all(isinstance(part, str) for part in parts):
            _refuse(place, "texts, and an object at the end")
        ident = options.get("id", f"tocsin_{number}")
        if not isinstance(ident, str) or not _ID.match(ident):
            _refuse(f"{place}.id", "a lower-case letter, then letters, digits and _")
        color = options.get("color")
        if color is not None and not (isinstance(color, str) and _COLOR.match(color)):
            _refuse(f"{place}.color", "a colour such as #1f77b4")
        label, is_returned = options.get("label"), options.get("visible", True) is not False
        if label is not None and not isinstance(label, str):
            _refuse(f"{place}.label", "a text")
        if "expression" in options:
            query = Query(
                id=ident, expression=str(options["expression"]), label=label, is_returned=is_returned, period=None
            )
        else:
            above = _expanded(parts, above, place)
            query = Query(
                id=ident,
                key=MetricKey.of(above[0], above[1], dict(zip(above[2::2], above[3::2], strict=True))),
                statistic=Statistic.parse(str(options.get("stat", stat)), parameter=f"{place}.stat"),
                period=_period(options.get("period", period), f"{place}.period"),
                label=label,
                is_returned=is_returned,
            )
        found.append(_Metric(query, color, options.get("yAxis") == "right"))
    return found


def _expanded(parts: Sequence[str], above: Sequence[str], place: str) -> list[str]:
    expanded: list[str] = []
    for part in parts:
        if part == "...":
            left = len(parts) - 1 - list(parts).index("...")
            expanded += above[len(expanded) : len(above) - left]
        elif part == ".":
            if len(expanded) >= len(above):
                _refuse(place, "'.' repeats what stands in that place above, and nothing does")
            expanded.append(above[len(expanded)])
        else:
            expanded.append(part)
    if len(expanded) < 2 or len(expanded) % 2:
        _refuse(place, "a namespace, a name, then pairs of dimension and value")
    return expanded


def _lines(metrics: Sequence[_Metric], results: Sequence[QueryResult]) -> list[_Line]:
    looks = {metric.query.id: metric for metric in metrics}
    lines = []
    for number, result in enumerate(results):
        look = looks[result.id]
        lines.append(_Line(result, look.color or _COLORS[number % len(_COLORS)], look.on_right))
    return lines


# ---------------------------------------------------------------- drawing


def _draw(
    given: Mapping[str, Any],
    lines: Sequence[_Line],
    *,
    width: int,
    height: int,
    start: datetime,
    end: datetime,
) -> bytes:
    from io import BytesIO

    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.family": ["DejaVu Sans"], "font.size": 8.5, "text.color": _INK, "text.parse_math": False}):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        if given.get("view") == "singleValue":
            _draw_numbers(figure, lines)
        else:
            _draw_graph(figure, given, lines, start=start, end=end)
        title = given.get("title")
        if isinstance(title, str) and title:
            figure.suptitle(title[:200], fontsize=11, fontweight="bold", color=_INK, x=0.02, ha="left")
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_numbers(figure: Figure, lines: Sequence[_Line]) -> None:
    """The newest value of each series, large."""
    count = max(len(lines), 1)
    for place in range(count):
        axes = figure.add_subplot(1, count, place + 1)
        axes.axis("off")
        if not lines:
            axes.text(0.5, 0.5, "no metrics", ha="center", color=_FAINT)
            continue
        line = lines[place]
        value = f"{line.result.points[-1][1]:,.6g}" if line.result.points else "--"
        axes.text(0.5, 0.55, value, ha="center", va="center", fontsize=26, color=_INK)
        axes.text(0.5, 0.25, line.result.label[:60], ha="center", va="center", color=_FAINT)


def _draw_graph(
    figure: Figure, given: Mapping[str, Any], lines: Sequence[_Line], *, start: datetime, end: datetime
) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import EngFormatter

    axes = figure.add_subplot()
    right = axes.twinx() if any(line.on_right for line in lines) else None
    is_stacked, is_bar = given.get("stacked") is True, given.get("view") == "bar"
    if is_stacked:
        _stack(axes, [line for line in lines if not line.on_right])
    for line in lines:
        target = right if line.on_right and right is not None else axes
        if not is_stacked or line.on_right:
            _plot(target, line, is_bar=is_bar)
    _annotate(axes, given.get("annotations"), start, end)
    axes.set_xlim(start, end)  # type: ignore[arg-type]  # matplotlib takes moments
    locator = AutoDateLocator(minticks=3, maxticks=8, tz=UTC)  # type: ignore[no-untyped-call]  # matplotlib has no types here
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]  # as above
    sides = given.get("yAxis") if isinstance(given.get("yAxis"), dict) else {}
    for one, side in ((axes, "left"), (right, "right")):
        if one is not None:
            one.yaxis.set_major_formatter(EngFormatter(sep=""))
            _style(one, sides.get(side) if isinstance(sides, dict) else None)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if not any(line.result.points for line in lines):
        axes.text(0.5, 0.5, "no data in this time", transform=axes.transAxes, ha="center", va="center", color=_FAINT)
    if lines:
        handles = [_handle(line) for line in lines]
        figure.legend(handles=handles, loc="outside lower left", ncols=min(3, len(handles)), frameon=False, fontsize=8)


def _handle(line: _Line) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=line.color, linewidth=2.5, label=line.result.label[:80] or " ")


def _plot(axes: Axes, line: _Line, *, is_bar: bool) -> None:
    """A line that breaks where a slot is empty; points that stand alone are dots."""
    if is_bar:
        times = [moment(second) for second, _ in line.result.points]
        width = timedelta(seconds=line.result.period * 0.8)
        axes.bar(times, [value for _, value in line.result.points], width=width, color=line.color, align="edge")  # type: ignore[arg-type]  # matplotlib takes moments
        return
    for part in _unbroken(line.result):
        times = [moment(second) for second, _ in part]
        values = [value for _, value in part]
        style = {"marker": "o", "markersize": 3.5} if len(part) == 1 else {"linewidth": 1.6}
        axes.plot(times, values, color=line.color, solid_capstyle="round", **style)  # type: ignore[arg-type]  # as above


def _unbroken(result: QueryResult) -> list[list[tuple[int, float]]]:
    parts: list[list[tuple[int, float]]] = []
    for point in result.points:
        if parts and point[0] - parts[-1][-1][0] <= result.period:
            parts[-1].append(point)
        else:
            parts.append([point])
    return parts


def _stack(axes: Axes, lines: Sequence[_Line]) -> None:
    times = sorted({second for line in lines for second, _ in line.result.points})
    if times:
        columns = [dict(line.result.points) for line in lines]
        values = [[column.get(second, 0.0) for second in times] for column in columns]
        axes.stackplot([moment(one) for one in times], values, colors=[line.color for line in lines], alpha=0.75)  # type: ignore[arg-type]  # as above


def _annotate(axes: Axes, given: object, start: datetime, end: datetime) -> None:
    """Thresholds across, and moments from top to bottom."""
    if not isinstance(given, dict):
        return
    horizontal, vertical = given.get("horizontal", []), given.get("vertical", [])
    for one in _listed(horizontal):
        value = one.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            color = _annotation_color(one)
            axes.axhline(value, color=color, linewidth=1.1, linestyle=(0, (5, 3)))
            _fill(axes, one.get("fill"), float(value), color)
            label = one.get("label")
            if isinstance(label, str):
                axes.annotate(
                    label[:80], (0.005, value), xycoords=("axes fraction", "data"),
                    xytext=(0, 2), textcoords="offset points", color=color, fontsize=8,
                )  # fmt: skip
    for one in _listed(vertical):
        at = _moment(one, "value", start, end)
        color = _annotation_color(one)
        axes.axvline(at, color=color, linewidth=1.1)  # type: ignore[arg-type]  # matplotlib takes moments
        label = one.get("label")
        if isinstance(label, str):
            axes.annotate(
                label[:80], (at, 0.98), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right",
                color=color, fontsize=8,
            )  # fmt: skip


def _fill(axes: Axes, fill: object, value: float, color: str) -> None:
    low, high = axes.get_ylim()
    if fill == "above":
        axes.axhspan(value, max(high, value), color=color, alpha=0.12, linewidth=0)
    elif fill == "below":
        axes.axhspan(min(low, value), value, color=color, alpha=0.12, linewidth=0)


def _listed(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        return []
    return [one for one in given[:_MOST_ANNOTATIONS] if isinstance(one, dict)]


def _annotation_color(one: Mapping[str, Any]) -> str:
    color = one.get("color")
    return color if isinstance(color, str) and _COLOR.match(color) else "#bb3e03"


def _style(axes: Axes, settings: object) -> None:
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.tick_params(colors=_FAINT, length=0, labelcolor=_FAINT)
    if axes.get_ylim()[0] > 0:
        axes.set_ylim(bottom=0)
    if isinstance(settings, dict):
        low, high = settings.get("min"), settings.get("max")
        if isinstance(low, int | float):
            axes.set_ylim(bottom=low)
        if isinstance(high, int | float):
            axes.set_ylim(top=high)
        label = settings.get("label")
        if isinstance(label, str):
            axes.set_ylabel(label[:80], color=_FAINT)
