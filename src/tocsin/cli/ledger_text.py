"""The ledger at the end of a report: what was read, how fast, and what was not, with the reasons. Spec: IF-2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.safe_text import safe_text
from tocsin.cli.table import paragraph, shorten, width_of
from tocsin.core.quantity import bytes_text, count_text, counted, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.comparison_report import ComparisonReport
    from tocsin.app.report import ScanReport
    from tocsin.app.selector_report import SimulationReport
    from tocsin.cli.terminal import Stream

    _Report = ScanReport | BacktestReport | ComparisonReport | SimulationReport

_SHOWN_PROBLEMS = 3
_SHOWN_SKIPS = 5
_INDENT = "  "


def draw_ledger(report: _Report, stream: Stream, width: int) -> Iterator[str]:
    """What was read, how fast, and what was not, with the reasons."""
    files, records, size = report.files, report.records, report.bytes
    parts = [counted(records.read, "record")]
    if records.selected != records.read:
        parts[0] += f" ({count_text(records.selected)} chosen)"
    parts[0] += f" in {counted(files.read, 'file')}"
    if records.malformed:
        parts.append(f"{count_text(records.malformed)} malformed")
    if files.digests:
        parts.append(counted(files.digests, "digest file"))
    unpacked = f", {bytes_text(size.unpacked)} unpacked" if size.unpacked != size.read else ""
    parts.append(f"{bytes_text(size.read)}{unpacked}")
    speed = ""
    if report.seconds > 0:
        speed = f" ({count_text(round(records.read / report.seconds))} records/s)"
    parts.append(f"{duration_text(report.seconds)}{speed}")
    yield from paragraph("; ".join(parts), width)
    yield from _draw_problems(report, stream, width)
    yield from _draw_skips(report, stream, width)


def _draw_problems(report: _Report, stream: Stream, width: int) -> Iterator[str]:
    ellipsis = stream.pick("…", "...")
    problems = report.records.problems
    for problem in problems[:_SHOWN_PROBLEMS]:
        reason = f" no. {count_text(problem.position)}: {safe_text(problem.reason)}"
        reason = shorten(reason, max(20, width - 30), mark=ellipsis)
        path = shorten(safe_text(problem.path), max(8, width - 13 - width_of(reason)), mark=ellipsis, keep_end=True)
        yield f"{_INDENT}{stream.style('malformed', 'yellow')}  {path}{reason}"
    more = report.records.malformed - min(len(problems), _SHOWN_PROBLEMS)
    if problems and more > 0:
        yield f"{_INDENT}and {count_text(more)} more malformed (--format json lists a hundred)"


def _draw_skips(report: _Report, stream: Stream, width: int) -> Iterator[str]:
    skipped = report.files.skipped
    if not skipped:
        return
    ellipsis = stream.pick("…", "...")
    yield stream.style(f"{counted(len(skipped), 'file')} not read, or not to the end:", "red")
    for skip in skipped[:_SHOWN_SKIPS]:
        reason = shorten(safe_text(skip.reason), width - 4, mark=ellipsis)
        path = safe_text(skip.path)
        if width_of(path) + 2 + width_of(reason) + len(_INDENT) <= width:
            yield f"{_INDENT}{path}: {reason}"
        else:
            yield _INDENT + shorten(path, width - len(_INDENT), mark=ellipsis, keep_end=True)
            yield f"{_INDENT * 2}{reason}"
    if len(skipped) > _SHOWN_SKIPS:
        yield f"{_INDENT}and {count_text(len(skipped) - _SHOWN_SKIPS)} more (--format json lists them all)"
