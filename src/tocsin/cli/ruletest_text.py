"""Results of the tests of rules as a person reads them: every failure in full, then one line. Spec: IF-1, AL-19.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.check import lines_of_sources
from tocsin.cli.findings_text import draw_finding
from tocsin.cli.safe_text import safe_text
from tocsin.cli.table import labelled, shorten
from tocsin.core.alarm.number_text import number_text
from tocsin.core.quantity import counted, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.ruletest_report import Failure, RuleTestReport, RuleTestResult
    from tocsin.cli.terminal import Stream

_WIDEST = 120
_MOST_POINTS = 5
_INDENT = "  "


def draw_report(report: RuleTestReport, stream: Stream, *, verbose: bool = False) -> Iterator[str]:
    """The lines of a report: rules that could not run, tests that failed, and a summary."""
    line_of = lines_of_sources()
    for error in report.errors:
        yield from draw_finding(error, line_of, stream)
    if report.errors:
        yield ""
    for result in report.results:
        if not result.passed:
            yield from _draw_failed(result, stream)
            yield ""
        elif verbose:
            yield f"{stream.style('passed', 'green')}  {_name(result)}"
    if verbose and report.results and report.results[-1].passed:
        yield ""
    yield summary(report, stream)


def summary(report: RuleTestReport, stream: Stream) -> str:
    """How many tests there were, how many of them failed, and how long it took."""
    of_rules = f"of {counted(report.rules, 'rule')}"
    if report.failed:
        text = f"{report.failed:,} of {counted(report.tests, 'test')} {of_rules} failed"
    else:
        text = f"{counted(report.tests, 'test')} {of_rules} passed" if report.tests else "no test ran"
    parts = [stream.style(text, "red" if report.failed else "green" if not report.errors else "yellow")]
    if report.errors:
        parts.append(stream.style(f"{counted(len(report.errors), 'error')} in rules", "red"))
    if report.deselected:
        parts.append(f"{report.deselected:,} not chosen")
    return "; ".join([*parts, duration_text(report.seconds)])


def _name(result: RuleTestResult) -> str:
    return safe_text(f"{result.rule}: {result.test}")


def _draw_failed(result: RuleTestResult, stream: Stream) -> Iterator[str]:
    yield f"{stream.style('FAILED', 'bold red')}  {stream.style(_name(result), 'bold')}"
    told = ""
    for failure in result.failures:
        yield f"{_INDENT}{safe_text(result.path)}:{failure.line}:{failure.column}"
        yield from _draw_failure(failure, stream, told)
        told = failure.text or told


def _draw_failure(failure: Failure, stream: Stream, told: str) -> Iterator[str]:
    """One failure; `told` is the text of a message that the reader has just seen."""
    width = min(_WIDEST, stream.width)
    at = ""
    if failure.at:
        at = f" up to {failure.at}" if failure.kind == "never" else f" at {failure.at}"
    since = f" since {failure.since}" if failure.kind == "state" else ""
    why = f"{failure.reason}{f' [AL-7: {failure.decided_by}]' if failure.decided_by else ''}"
    rows = [
        ("expected", failure.expected + at),
        ("got", failure.got + since),
        ("why", why),
        ("points", _points(failure)),
        ("children", "; ".join(failure.children)),
        ("nearest", failure.nearest),
        ("pattern", failure.pattern),
    ]
    yield from labelled(rows, width, indent=_INDENT * 2)
    for title, text in (("explained", failure.explanation), ("the message begins", failure.text)):
        if text and text != told:
            yield f"{_INDENT * 2}{title}"
            mark = stream.pick("…", "...")
            for line in text.split("\n"):
                yield f"{_INDENT * 3}{shorten(safe_text(line), width - len(_INDENT * 3), mark=mark)}".rstrip()


def _points(failure: Failure) -> str:
    """The points that decided, newest first: `3 from -3m to 2m`."""
    shown = [f"{number_text(point.value)} from {point.from_} to {point.until}" for point in failure.points]
    more = len(shown) - _MOST_POINTS
    return "; ".join([*shown[:_MOST_POINTS], *([f"and {more} more"] if more > 0 else [])])
