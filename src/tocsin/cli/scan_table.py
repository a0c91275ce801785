"""The scan report as a person reads it. Rule: no line wraps, whatever the width; what is cut is marked.

Filters that matched come first, the most severe on top; those that matched nothing are one paragraph;
the ledger of what was read and what was not stands at the end. Spec: IF-2.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tocsin.app.report import Series
from tocsin.cli.arn_text import short_arn
from tocsin.cli.insight_table import draw_insights
from tocsin.cli.ledger_text import draw_ledger
from tocsin.cli.overview import draw_quiet, short_names, span_head
from tocsin.cli.safe_text import safe_text
from tocsin.cli.severity import SEVERITIES, severity_mark, severity_style
from tocsin.cli.sparkline import into_bins, sparkline
from tocsin.cli.table import pad, shorten, width_of
from tocsin.core.quantity import count_text, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.report import FilterResult, ScanReport
    from tocsin.cli.terminal import Stream

_SHOWN_VALUES = 3
_WIDEST_NAME = 44
_WIDEST_LINE = 32
_NARROWEST_LINE = 8
_WIDEST = 160
_INDENT = "  "


def draw_report(report: ScanReport, stream: Stream) -> Iterator[str]:
    """The lines of a report, for the width and the characters of `stream`."""
    width = min(_WIDEST, stream.width)
    loud = sorted(
        (result for result in report.filters if result.matches),
        key=lambda result: (_rank(result), -result.matches, result.name),
    )
    quiet = [result for result in report.filters if not result.matches]
    if loud:
        yield from _draw_filters(report, loud, stream, width)
    yield from _draw_quiet(quiet, stream, width, alone=not loud)
    yield from draw_insights(report, stream, width)
    yield from draw_ledger(report, stream, width)


def _rank(result: FilterResult) -> int:
    return SEVERITIES.index(result.severity) if result.severity in SEVERITIES else len(SEVERITIES)


def _draw_filters(report: ScanReport, loud: Sequence[FilterResult], stream: Stream, width: int) -> Iterator[str]:
    """A line for each filter that matched, and under it when, who and from where."""
    names = short_names(result.name for result in report.filters)
    ellipsis = stream.pick("…", "...")
    count_width = max(len("MATCHES"), *(len(count_text(result.matches)) for result in loud))
    # Mark, severity and count are as wide as they are; the name and the line over time share the rest.
    rest = width - (2 + 8 + 2 + 2 + count_width + 2)
    name_width = min(_WIDEST_NAME, max(6, *(width_of(safe_text(names[result.name])) for result in loud)))
    name_width = max(6, min(name_width, rest - _NARROWEST_LINE))
    line_width = min(_WIDEST_LINE, rest - name_width)
    start, end = _seconds(report.records.first), _seconds(report.records.last)
    head = (
        f"  {pad('SEVERITY', 8)}  {pad('FILTER', name_width)}  {pad('MATCHES', count_width, right=True)}"
        f"  {span_head(report.records.first, report.records.last, line_width, stream)}"
    )
    yield stream.style(head.rstrip(), "bold")
    for result in loud:
        style = severity_style(result.severity)
        name = shorten(safe_text(names[result.name]), name_width, mark=ellipsis, keep_end=True)
        course = ""
        if start is not None and end is not None:
            bins = into_bins(_points(result), start=start, end=end + 60, bins=line_width)
            course = sparkline(bins, unicode=stream.is_utf8)
        yield (
            f"{stream.style(severity_mark(result.severity, stream), style)} "
            f"{stream.style(pad(safe_text(result.severity), 8), style)}  {pad(name, name_width)}  "
            f"{stream.style(pad(count_text(result.matches), count_width, right=True), 'bold')}  "
            f"{stream.style(course, 'cyan')}"
        ).rstrip()
        yield from _draw_details(result, stream, width)
    yield ""


def _draw_details(result: FilterResult, stream: Stream, width: int) -> Iterator[str]:
    """First and last match, actors and addresses; packed into as few lines as they need."""
    indent = " " * 12
    room = width - len(indent)
    parts = [_span(result)]
    actors = [(short_arn(value), count) for value, count in result.top.get("userIdentity.arn", [])]
    if not actors:
        actors = result.top.get("userIdentity.userName", [])
    for label, values in (
        ("by", actors),
        ("from", result.top.get("sourceIPAddress", [])),
        ("in", result.top.get("awsRegion", [])),
    ):
        if values:
            parts.append(_ranking(label, values, result.matches, room, stream))
    if result.unusable:
        parts.append(f"{counted(result.unusable, 'match', 'matches')} without a usable value")
    line = ""
    for part in (shorten(part, room, mark=stream.pick("…", "...")) for part in parts):
        if line and width_of(line) + 3 + width_of(part) > room:
            yield indent + stream.style(line, "dim")
            line = part
        else:
            line = f"{line}   {part}" if line else part
    yield indent + stream.style(line, "dim")


def _span(result: FilterResult) -> str:
    first, last = (_minute(text) for text in (result.first, result.last))
    if first == last:
        return f"{first} UTC"
    if first[:10] == last[:10]:
        last = last[11:]
    return f"{first} to {last} UTC"


def _minute(text: str | None) -> str:
    return (text or "")[:16].replace("T", " ")


def _ranking(label: str, values: Sequence[tuple[str, int]], matches: int, room: int, stream: Stream) -> str:
    """`by user/alice 7, user/bob 3, others 2`: the first few, and how many matches they leave."""
    ellipsis = stream.pick("…", "...")
    shown = ""
    left = matches
    for value, count in values[:_SHOWN_VALUES]:
        number = f" {count_text(count)}" if matches > 1 else ""
        others = len(f", others {count_text(left)}")
        space = room - width_of(label) - 1 - width_of(shown) - 2 - len(number) - others
        text = safe_text(value)
        if shown and width_of(text) > space:
            break
        shown += (", " if shown else "") + shorten(text, max(8, space), mark=ellipsis, keep_end=True) + number
        left -= count
    return f"{label} {shown}, others {count_text(left)}" if left > 0 else f"{label} {shown}"


def _points(result: FilterResult) -> Iterator[tuple[float, float]]:
    """Time and value of every datapoint; those of all dimension values together."""
    for point in result.datapoints:
        for time, value in point.datapoints if isinstance(point, Series) else [point]:
            seconds = _seconds(time)
            if seconds is not None:
                yield seconds + 30, value


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _draw_quiet(quiet: Sequence[FilterResult], stream: Stream, width: int, *, alone: bool) -> Iterator[str]:
    """The filters that matched nothing."""
    if not quiet:
        return
    if alone:
        yield stream.style(f"Nothing matched. {counted(len(quiet), 'filter')} looked:", "bold")
    else:
        yield f"{counted(len(quiet), 'filter')} matched nothing:"
    yield from draw_quiet((result.name for result in quiet), stream, width)
