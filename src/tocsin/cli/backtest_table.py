"""The backtest report as a person reads it. Rule: no line wraps, whatever the width; nobody told is said loudly.

Alarms that rang come first, the most severe on top, each with its states over time and when it rang, who
did it and who was told; alarms that stayed quiet are one paragraph; the ledger stands at the end.
Spec: IF-3, AL-19.4.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tocsin.cli.ledger_text import draw_ledger
from tocsin.cli.overview import draw_quiet, short_names, span_head
from tocsin.cli.safe_text import safe_text
from tocsin.cli.severity import SEVERITIES, severity_mark, severity_style
from tocsin.cli.state_band import state_band, stretches_of
from tocsin.cli.table import pad, paragraph, shorten, width_of
from tocsin.core.event_time import parse_event_time
from tocsin.core.quantity import count_text, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.backtest_report import AlarmResult, BacktestReport, EventLine, TransitionLine
    from tocsin.cli.terminal import Stream

_WIDEST = 160
_WIDEST_NAME = 44
_WIDEST_BAND = 32
_NARROWEST_BAND = 8
_SHOWN_RINGS = 4
_SHOWN_NOTES = 5
_INDENT = "  "
_DETAIL_INDENT = " " * 12


class _Ring(NamedTuple):
    """One stay in ALARM: its transition, and for how many seconds it lasted within the span."""

    line: TransitionLine
    seconds: int


def draw_report(report: BacktestReport, stream: Stream) -> Iterator[str]:
    """The lines of a report, for the width and the characters of `stream`."""
    width = min(_WIDEST, stream.width)
    rang = sorted(
        (alarm for alarm in report.alarms if _rings(alarm, report)),
        key=lambda alarm: (_rank(alarm), -len(_rings(alarm, report)), alarm.name),
    )
    quiet = [alarm for alarm in report.alarms if not _rings(alarm, report)]
    if rang:
        yield from _draw_alarms(report, rang, stream, width)
    yield from _draw_quiet(quiet, stream, width, alone=not rang)
    yield from _draw_audience(rang, report, stream, width)
    for note in report.notes[:_SHOWN_NOTES]:
        yield from paragraph(note, width)
    yield from paragraph(
        f"{counted(report.evaluations, 'evaluation')} of {counted(len(report.alarms), 'alarm')}, "
        f"{_moment(report.from_)} to {_moment(report.until)} UTC"
        + (", each record known from its delivery on" if report.clock == "delivery" else ""),
        width,
    )
    yield from draw_ledger(report, stream, width)


def _rings(alarm: AlarmResult, report: BacktestReport) -> list[_Ring]:
    found = []
    for place, line in enumerate(alarm.transitions):
        if line.to == "ALARM":
            after = alarm.transitions[place + 1].at if place + 1 < len(alarm.transitions) else report.until
            found.append(_Ring(line, _second(after) - _second(line.at)))
    return found


def _rank(alarm: AlarmResult) -> int:
    return SEVERITIES.index(alarm.severity) if alarm.severity in SEVERITIES else len(SEVERITIES)


def _draw_alarms(report: BacktestReport, rang: Sequence[AlarmResult], stream: Stream, width: int) -> Iterator[str]:
    """A line for each alarm that rang, with its states over time, and under it when it rang and why."""
    names = short_names(alarm.name for alarm in report.alarms)
    ellipsis = stream.pick("…", "...")
    rest = width - (2 + 8 + 2 + 2 + 4 + 2 + 10 + 2)
    name_width = min(_WIDEST_NAME, max(6, *(width_of(safe_text(names[alarm.name])) for alarm in rang)))
    name_width = max(6, min(name_width, rest - _NARROWEST_BAND))
    band_width = max(1, min(_WIDEST_BAND, rest - name_width))
    start, end = _second(report.from_), _second(report.until)
    head = f"  {pad('SEVERITY', 8)}  {pad('ALARM', name_width)}  {pad('RANG', 4, right=True)}"
    head += f"  {pad('FOR', 10, right=True)}  {span_head(report.from_, report.until, band_width, stream)}"
    yield stream.style(head.rstrip(), "bold")
    for alarm in rang:
        rings = _rings(alarm, report)
        style = severity_style(alarm.severity)
        band = state_band(
            stretches_of([(_second(line.at), line.to) for line in alarm.transitions], start=start, end=end),
            start=start,
            end=end,
            width=band_width,
            unicode=stream.is_utf8,
        )
        name = shorten(safe_text(names[alarm.name]), name_width, mark=ellipsis, keep_end=True)
        yield (
            f"{stream.style(severity_mark(alarm.severity, stream), style)} "
            f"{stream.style(pad(safe_text(alarm.severity), 8), style)}  {pad(name, name_width)}  "
            f"{stream.style(pad(count_text(len(rings)), 4, right=True), 'bold')}  "
            f"{pad(_length(sum(ring.seconds for ring in rings)), 10, right=True)}  {stream.style(band, 'cyan')}"
        ).rstrip()
        yield from _draw_rings(rings, stream, width)
    yield ""


def _draw_rings(rings: Sequence[_Ring], stream: Stream, width: int) -> Iterator[str]:
    ellipsis = stream.pick("…", "...")
    room = width - len(_DETAIL_INDENT)
    for ring in rings[:_SHOWN_RINGS]:
        parts = [f"{_moment(ring.line.at)} for {_length(ring.seconds)}", *_cause(ring.line)]
        indent = _DETAIL_INDENT
        line = parts[0]
        for part in parts[1:]:
            if width_of(line) + 3 + width_of(part) > width - len(indent):
                yield indent + stream.style(shorten(line, width - len(indent), mark=ellipsis), "dim")
                line, indent = part, _DETAIL_INDENT + _INDENT
            else:
                line = f"{line}   {part}"
        yield indent + stream.style(shorten(line, width - len(indent), mark=ellipsis), "dim")
    if len(rings) > _SHOWN_RINGS:
        more = f"and {counted(len(rings) - _SHOWN_RINGS, 'more time')} (--format json lists them all)"
        yield _DETAIL_INDENT + stream.style(shorten(more, room, mark=ellipsis), "dim")


def _cause(line: TransitionLine) -> list[str]:
    """What set it off: the events, most frequent first, and who and from where."""
    if line.children is not None:
        return ["because of " + ", ".join(safe_text(f"{child.name} ({child.state})") for child in line.children)]
    if not line.details:
        return [safe_text(line.reason)]
    return [_events(line), f"by {_named(line.details, 'who')}", f"from {_named(line.details, 'address')}"]


def _events(line: TransitionLine) -> str:
    total = len(line.events) + line.events_omitted
    whats = Counter(event.event for event in line.details).most_common()
    shown = ", ".join(f"{count_text(count)} {safe_text(what)}" for what, count in whats[:2])
    if len(whats) > 2 or line.events_omitted:
        shown = f"{counted(total, 'record')}: {shown}" + (", …" if len(whats) > 2 else "")
    return shown


def _named(events: Sequence[EventLine], field: str) -> str:
    """The most frequent value of a field, and how many others there are."""
    counts = Counter(getattr(event, field) or "unknown" for event in events).most_common()
    first = safe_text(counts[0][0])
    return first if len(counts) == 1 else f"{first} and {counted(len(counts) - 1, 'other')}"


def _draw_quiet(quiet: Sequence[AlarmResult], stream: Stream, width: int, *, alone: bool) -> Iterator[str]:
    """The alarms that never rang."""
    if not quiet:
        return
    if alone:
        yield stream.style(f"No alarm rang. {counted(len(quiet), 'alarm')} looked:", "bold")
    else:
        yield f"{counted(len(quiet), 'alarm')} never rang:"
    yield from draw_quiet((alarm.name for alarm in quiet), stream, width)


def _draw_audience(rang: Sequence[AlarmResult], report: BacktestReport, stream: Stream, width: int) -> Iterator[str]:
    """Who would have been told, and loudly why nobody would (AL-19.4)."""
    lines = [ring.line for alarm in rang for ring in _rings(alarm, report)]
    if not lines:
        return
    told = Counter(endpoint for line in lines for endpoint in line.notified)
    if told:
        names = ", ".join(
            f"{safe_text(name)} {count_text(count)} times" if count > 1 else f"{safe_text(name)} once"
            for name, count in told.most_common()
        )
        yield from paragraph(f"Told: {names}", width, indent=_INDENT, first="")
    silent = Counter(line.not_notified for line in lines if not line.notified)
    for reason, count in silent.most_common():
        head = "Nobody would have been told" if count == len(lines) else f"Nobody was told {counted(count, 'time')}"
        for line in paragraph(f"{head}: {reason}.", width, indent=_INDENT, first=""):
            yield stream.style(line, "bold red")
    yield ""


def _moment(text: str) -> str:
    return text[:16].replace("T", " ")


def _second(text: str) -> int:
    second = parse_event_time(text)
    assert second is not None  # reports hold times that were made from seconds
    return second


def _length(seconds: int) -> str:
    """A length of time in its two largest units: `17 min`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < 3600:
        return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds // 60} min {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 86_400:,} d {seconds % 86_400 // 3600} h"
