"""Results of the tests of rules as JUnit XML, which CI systems read. Spec: IF-1 (`--junit`).

Rule: the document is XML 1.0 whatever a rule or a message holds: characters that XML does not have
stand as escapes, and so does everything that could act on a terminal.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from tocsin.cli.safe_text import safe_text
from tocsin.core.alarm.number_text import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.app.ruletest_report import Failure, RuleTestReport, RuleTestResult
    from tocsin.core.finding import Finding

# What `safe_text` leaves and XML does not have.
_NO_CHARACTERS = str.maketrans({"\ufffe": r"\ufffe", "\uffff": r"\uffff"})


def junit_document(report: RuleTestReport, *, generated: str) -> str:
    """The document: one test suite a rule, and one for the errors of rules that could not run.

    `generated` is the time of the run as ISO 8601 without a zone, as the format has it.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    totals = {"tests": report.tests + len(report.errors), "failures": report.failed, "errors": len(report.errors)}
    lines.append(f"<testsuites{_attributes(name='tocsin test', **totals, time=_seconds(report.seconds))}>")
    for rule, results in groupby(report.results, key=lambda result: result.rule):
        lines += _suite(rule, list(results), generated)
    if report.errors:
        lines += _errors(report.errors, generated)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(rule: str, results: Sequence[RuleTestResult], generated: str) -> Iterator[str]:
    failed = sum(not result.passed for result in results)
    counts = {"tests": len(results), "failures": failed, "errors": 0, "skipped": 0}
    took = _seconds(sum(result.seconds for result in results))
    yield f"  <testsuite{_attributes(name=rule, **counts, time=took, timestamp=generated, file=results[0].path)}>"
    for result in results:
        case = _attributes(
            classname=rule, name=result.test, time=_seconds(result.seconds), file=result.path, line=result.line
        )
        if result.passed:
            yield f"    <testcase{case}/>"
            continue
        # Some readers take one failure of a test case and leave out the rest.
        message = "; ".join(_headline(failure) for failure in result.failures)
        text = "\n\n".join(_told(result, failure) for failure in result.failures)
        yield f"    <testcase{case}>"
        yield f"      <failure{_attributes(message=message, type=result.failures[0].kind)}>{_text(text)}</failure>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _errors(errors: Sequence[Finding], generated: str) -> Iterator[str]:
    counts = {"tests": len(errors), "failures": 0, "errors": len(errors), "skipped": 0}
    yield f"  <testsuite{_attributes(name='rules that cannot run', **counts, time='0', timestamp=generated)}>"
    for error in errors:
        place = f"{error.path}:{error.line}:{error.column}"
        told = "\n".join(filter(None, (f"{place}: {error.severity} {error.name}: {error.message}", error.hint)))
        case = _attributes(classname=error.rule or error.path, name=f"{error.name} at {place}", time="0")
        yield f"    <testcase{case}>"
        yield f"      <error{_attributes(message=error.message, type=error.name)}>{_text(told)}</error>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _headline(failure: Failure) -> str:
    at = f" ({'up to ' if failure.kind == 'never' else 'at '}{failure.at})" if failure.at else ""
    return f"expected {failure.expected}{at}, got {failure.got}"


def _told(result: RuleTestResult, failure: Failure) -> str:
    """A failure in full, a line for each thing that is known of it."""
    points = "; ".join(f"{number_text(point.value)} from {point.from_} to {point.until}" for point in failure.points)
    known = (
        ("since", failure.since),
        ("why", failure.reason),
        ("decided by", failure.decided_by),
        ("points", points),
        ("children", "; ".join(failure.children)),
        ("nearest", failure.nearest),
        ("pattern", failure.pattern),
    )
    first = f"{result.path}:{failure.line}:{failure.column}: {_headline(failure)}"
    blocks = [
        f"{title}:\n{text}"
        for title, text in (("explained", failure.explanation), ("the message begins", failure.text))
        if text
    ]
    return "\n".join([first, *(f"{label}: {value}" for label, value in known if value), *blocks])


def _attributes(**values: str | float) -> str:
    return "".join(f" {name}={quoteattr(_safe(str(value)))}" for name, value in values.items())


def _text(text: str) -> str:
    return escape("\n".join(map(_safe, text.split("\n"))))


def _safe(text: str) -> str:
    return safe_text(text).translate(_NO_CHARACTERS)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"
