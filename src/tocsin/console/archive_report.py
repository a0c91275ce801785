"""What a scan of an archive found, as its page shows it. Spec: CON-4.10 (Archive), IF-2.

Rule: bounded, whatever the archive held; what is left out is counted. The page of a backtest is made of
`backtest_page.contents`, with its lanes drawn here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.report import Series
from tocsin.console.charts.event_lane import sparkline
from tocsin.console.charts.slot import StateSpan
from tocsin.console.charts.state_band import state_lane
from tocsin.console.charts.tick_row import tick_row
from tocsin.console.charts.time_axis import Window, time_ticks
from tocsin.core.event_time import parse_event_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from markupsafe import Markup

    from tocsin.app.report import FilterResult, ScanReport
    from tocsin.console.backtest_page.contents import Page
    from tocsin.console.charts.event_lane import Lane

_COLUMNS: Final = 60
_TOP: Final = 3


class FilterRow(NamedTuple):
    """What one rule has matched. `top` are the most frequent actors and addresses, each with its count."""

    name: str
    title: str
    severity: str
    matches: int
    unusable: int
    first: str
    last: str
    actors: list[tuple[str, int]]
    addresses: list[tuple[str, int]]
    spark: Lane | None


class ScanPage(NamedTuple):
    """Everything that the page says of a scan: rules that matched, the most frequent first, and those that did not."""

    headline: str
    matched: list[FilterRow]
    quiet: list[FilterRow]


def scan_page(report: ScanReport, zone: tzinfo) -> ScanPage:
    """What the page of a scan shows. `zone` is the reader's."""
    window = _window(report)
    rows = [_row(one, window, zone) for one in sorted(report.filters, key=lambda one: (-one.matches, one.name))]
    matched = [row for row in rows if row.matches]
    found = f"{len(matched)} of {len(rows)} rules matched" if rows else "No rule was asked"
    return ScanPage(
        headline=found if report.records.read else "No record was read, so nothing can be said",
        matched=matched,
        quiet=rows[len(matched) :],
    )


def _window(report: ScanReport) -> Window | None:
    """From the first record to the last, to whole minutes."""
    first, last = (
        parse_event_time(at) if at is not None else None for at in (report.records.first, report.records.last)
    )
    if first is None or last is None:
        return None
    return Window(first - first % 60, last - last % 60 + 60)


def _row(found: FilterResult, window: Window | None, zone: tzinfo) -> FilterRow:
    spark = None
    if window is not None and found.matches:
        counts, width = _binned(found, window), _width(window)
        spark = sparkline(window, counts, width=width, now=window.end, zone=zone, words="Matches")
    return FilterRow(
        name=found.name,
        title=found.title,
        severity=found.severity,
        matches=found.matches,
        unusable=found.unusable,
        first=found.first or "",
        last=found.last or "",
        actors=_most(found, "userIdentity.arn"),
        addresses=_most(found, "sourceIPAddress"),
        spark=spark,
    )


def _most(found: FilterResult, field: str) -> list[tuple[str, int]]:
    return found.top.get(field, [])[:_TOP]


def _width(window: Window) -> int:
    """Seconds of a column: whole minutes."""
    return max(60, -(-window.length // _COLUMNS // 60) * 60)


def _binned(found: FilterResult, window: Window) -> list[tuple[int, float | None]]:
    """The values of a metric by column, added up over all sets of dimensions."""
    width = _width(window)
    sums: dict[int, float] = {}
    for at, value in _points(found):
        second = parse_event_time(at)
        if second is not None:
            place = window.start + (second - window.start) // width * width
            sums[place] = sums.get(place, 0.0) + value
    return [(start, sums.get(start, 0.0)) for start in range(window.start, window.end, width)]


def _points(found: FilterResult) -> Iterable[tuple[str, float]]:
    for one in found.datapoints:
        if isinstance(one, Series):
            yield from one.datapoints
        else:
            yield one


class Lanes(NamedTuple):
    """The lanes of a backtest by the name of the alarm, and the ticks below them."""

    drawings: dict[str, Markup]
    ticks: Markup


def backtest_lanes(page: Page, zone: tzinfo) -> Lanes:
    """The lanes of the alarms that a page lists."""
    window = Window(page.span.start, page.span.end)
    drawings = {
        row.name: state_lane(window, [StateSpan(one.start, one.end, one.state) for one in row.lane.stretches])
        for row in (*page.rang, *page.quiet)
    }
    return Lanes(drawings=drawings, ticks=tick_row(time_ticks(window, zone)))
