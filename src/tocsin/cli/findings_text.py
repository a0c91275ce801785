"""Findings as a person reads them: place, sentence, the line with a caret, the remedy. Spec: HS-1, IF-1, R-16."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tocsin.caret import make_visible
from tocsin.cli.safe_text import safe_text
from tocsin.cli.severity import severity_style
from tocsin.cli.table import paragraph, width_of
from tocsin.core.finding import Severity
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.app.check import CheckResult
    from tocsin.cli.terminal import Stream
    from tocsin.core.finding import Finding

_WIDEST = 120
_GUTTER = "   |  "
_REMEDY = "   = "


def draw_check(result: CheckResult, stream: Stream) -> Iterator[str]:
    """The lines of a check: every finding, what `--fix` did, and a summary."""
    from tocsin.cli.check import lines_of_sources

    line_of = lines_of_sources()
    for finding in result.findings:
        yield from draw_finding(finding, line_of, stream)
    for fix in result.fixed:
        finding = fix.finding
        yield f"{_place(finding)}: {stream.style('fixed', 'green')} {finding.name}"
        width = min(_WIDEST, stream.width)
        yield from paragraph(fix.before, width, indent="        ", first="   was  ")
        yield from paragraph(fix.after, width, indent="        ", first="   now  ")
    for unfixed in result.unfixed:
        finding = unfixed.finding
        yield f"{_place(finding)}: {stream.style('not fixed', 'yellow')} {finding.name}: {safe_text(unfixed.reason)}"
    yield summary(result)


def draw_finding(finding: Finding, line_of: Callable[[str, int], str], stream: Stream) -> Iterator[str]:
    """One finding: its place and sentence on one line, so that other tools can read it, then what it is about."""
    severity = stream.style(finding.severity, severity_style(finding.severity))
    yield f"{_place(finding)}: {severity} {safe_text(finding.name)}: {safe_text(finding.message)}"
    width = min(_WIDEST, stream.width)
    source = line_of(finding.path, finding.line)
    if source.strip():
        text, caret = window(source, finding.column - 1, width - len(_GUTTER), mark=stream.pick("…", "..."))
        yield f"{_GUTTER}{text}"
        yield f"{_GUTTER}{' ' * caret}{stream.style('^', severity_style(finding.severity))}"
    if finding.hint:
        yield from paragraph(finding.hint, width, indent=" " * len(_REMEDY), first=_REMEDY)


def _place(finding: Finding) -> str:
    return f"{safe_text(finding.path)}:{finding.line}:{finding.column}"


def window(source: str, column: int, width: int, *, mark: str = "…") -> tuple[str, int]:
    """The part of a line around the character `column` (from 0) that fits into `width`, and where it stands there.

    Indentation is left out; what is cut is marked at that end.
    """
    text = make_visible(source).replace("\t", " ").rstrip()
    column = min(max(column, 0), len(text))
    start = len(text) - len(text.lstrip())
    start = min(start, column)
    end = len(text)
    if width_of(text[start:end]) > width:
        # Two thirds of the room show what leads to the place: a mistake is mostly seen from its left.
        first = max(start, column - width * 2 // 3)
        while first < column and width_of(text[first:column]) > width * 2 // 3:
            first += 1
        start_mark = mark if first > start else ""
        start = first
        room = width - width_of(start_mark)
        while width_of(text[start:end]) > room:
            end -= 1
        if end < len(text):
            while width_of(text[start:end]) > room - width_of(mark):
                end -= 1
            return start_mark + text[start:end] + mark, width_of(start_mark) + width_of(text[start:column])
        return start_mark + text[start:end], width_of(start_mark) + width_of(text[start:column])
    return text[start:end], width_of(text[start:column])


def summary(result: CheckResult) -> str:
    """How many findings of each severity there are, in how many places, and what can be used."""
    counts = Counter(finding.severity for finding in result.findings)
    outcome = f"{counted(len(result.rules), 'rule')} can run"
    if result.settings_only:
        outcome = "the settings cannot be used" if result.has_errors else "the settings can be used"
    parts = [
        counted(counts[severity], noun)
        for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "remark"))
        if counts[severity]
    ]
    files = len({finding.path for finding in result.findings})
    found = f"{', '.join(parts)} in {counted(files, 'file')}" if parts else "no findings"
    extra: Iterable[str] = [
        counted(len(some), noun, noun)
        for some, noun in ((result.fixed, "fixed"), (result.silenced, "silenced"))
        if some
    ]
    return "; ".join([found, *extra, outcome])
