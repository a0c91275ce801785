"""`tocsin test`: run the tests that are written in rule files. Spec: IF-1, IF-4."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path  # noqa: TC003  # the signature is read at run time
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE, WRONG_CALL
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions, ReadingOptions, config_chosen, jobs_chosen, require_paths
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.ruletest_report import RuleTestReport
    from tocsin.cli.terminal import Stream

_TO_THE_TERMINAL = OutputOptions()


def run_tests(
    sources: Annotated[tuple[str, ...], Parameter(name="FILE")] = (),
    /,
    *,
    run: Annotated[str | None, Parameter(name="--run", metavar="REGEX")] = None,
    junit: Annotated[str | None, Parameter(name="--junit", metavar="FILE")] = None,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"))] = False,
    jobs: Annotated[int | None, Parameter(name=("--jobs", "-j"), metavar="N")] = None,
    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE")] = None,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Run the tests that are written in rule files: which events a filter takes, when an alarm rings, what it says.

    Events happen on a virtual clock, so a day takes no time, and the answer is the same on every machine. Filters,
    alarms and messages are those of backtest and of the live service. The exit status is 1 when a test fails, 2
    when a rule is wrong.

    Parameters
    ----------
    sources
        A rule file, a folder of them, or a pack; - is standard input (default: every pack).
    run
        Run only the tests whose RULE: TEST NAME holds this regular expression (default: all).
    junit
        Also write the results as JUnit XML to this file (default: it is not written).
    verbose
        List the tests that pass as well (default: failures alone).
    jobs
        Run with this many processes (default: one, or one for each core when there is much to do); the result is
        the same.
    config
        Take settings from this file (default: tocsin.toml in the working folder, if there is one).

    Examples
    --------
    tocsin test
        the tests of every pack

    tocsin test my-rules --junit results.xml
        a folder of one's own, in CI

    tocsin test my-rules --run 'root.*quiet' -v
        some tests, each of them listed

    tocsin test my-rules --format json | jq '.results[].failures[]'
        what failed, for another program
    """
    require_paths((), *sources)
    selected = _pattern(run)
    if junit == "-":
        msg = "--junit writes to a file, and standard output has the report"
        raise InputError(msg, hint="--format json writes the results to standard output")
    reading = ReadingOptions(jobs=jobs, config=config)
    workers = jobs_chosen(reading)
    settings = config_chosen(reading, invocation)
    cases = invocation.use_cases
    now = invocation.clock.now()
    report: RuleTestReport = cases.run_rule_tests(
        sources or cases.pack_names(),
        at=now.date(),
        run=selected,
        extra=settings.alarm.evaluation_range,
        jobs=workers,
    )
    if not report.tests and not report.errors:
        raise _no_test(sources, run, report)
    with ExitStack() as stack:
        stream = stack.enter_context(open_result(output.output, invocation.terminal, invocation.environ))
        write_report(stream, report, output.format, verbose=verbose)
        if junit is not None:
            from tocsin.cli.junit import junit_document

            file = stack.enter_context(open_result(junit, invocation.terminal, invocation.environ))
            file.write(junit_document(report, generated=now.strftime("%Y-%m-%dT%H:%M:%S")))
    if report.errors:
        return WRONG_CALL
    return ANSWER_IS_NO if report.failed else DONE


def _pattern(run: str | None) -> re.Pattern[str] | None:
    if run is None:
        return None
    try:
        return re.compile(run)
    except (re.error, OverflowError, RecursionError) as error:
        msg = f'--run: "{run}" is no regular expression: {error}'
        raise InputError(msg, hint="as in Python; a name with ( or [ in it needs a backslash before them") from None


def _no_test(sources: tuple[str, ...], run: str | None, report: RuleTestReport) -> InputError:
    """Nothing ran: a run without tests must not pass for one in which they held."""
    named = ", ".join(sources) if sources else "the packs"
    if run is not None and report.deselected:
        return InputError(
            f'{named}: none of the {report.deselected} tests has "{run}" in RULE: TEST NAME',
            hint="tocsin test -v lists the tests",
        )
    return InputError(f"{named}: there is no test to run", hint="write some under `tests:` in the rule (IF-4)")


def write_report(stream: Stream, report: RuleTestReport, form: str, *, verbose: bool = False) -> None:
    """Write the results as `table`, `json`, `ndjson` or `csv`; `verbose` lists tests that passed in the table too."""
    import msgspec

    match form:
        case "json":
            write_json(stream, msgspec.to_builtins(report))
        case "ndjson":
            rest: dict[str, Any] = msgspec.to_builtins(report)
            results = rest.pop("results")
            write_ndjson(stream, [*results, rest])
        case "csv":
            write_csv(stream, _COLUMNS, _csv_rows(report))
        case _:
            from tocsin.cli.ruletest_text import draw_report

            write_lines(stream, draw_report(report, stream, verbose=verbose))


_COLUMNS = ("rule", "test", "passed", "path", "line", "column", "at", "expected", "got")


def _csv_rows(report: RuleTestReport) -> Iterator[tuple[str | float | None, ...]]:
    """One row for a test that passed, one for each failure of another; errors of rules have no test."""
    for error in report.errors:
        yield error.rule, "", "false", error.path, error.line, error.column, "", "", f"{error.name}: {error.message}"
    for result in report.results:
        name = (result.rule, result.test)
        if result.passed:
            yield *name, "true", result.path, result.line, result.column, "", "", ""
        for failure in result.failures:
            place = (result.path, failure.line, failure.column)
            yield *name, "false", *place, failure.at, failure.expected, failure.got
