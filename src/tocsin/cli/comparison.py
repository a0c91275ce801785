"""`tocsin backtest --compare OLD NEW`: what a changed rule gains and loses. Spec: IF-1, IF-4 (Exclusions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.backtest import with_progress
from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.options import jobs_chosen
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.comparison import ComparisonPlan
    from tocsin.app.comparison_report import ComparisonReport, RecordLine, RuleDifference
    from tocsin.cli.invocation import Invocation
    from tocsin.cli.options import OutputOptions, ReadingOptions
    from tocsin.cli.terminal import Stream


def run_comparison(
    paths: tuple[str, ...],
    plan: ComparisonPlan,
    *,
    output: OutputOptions,
    reading: ReadingOptions,
    invocation: Invocation,
) -> int:
    """Compare and write; the exit status is that of a backtest."""
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        report: ComparisonReport = with_progress(
            invocation,
            lambda progress: invocation.use_cases.compare(paths, plan, jobs=jobs_chosen(reading), progress=progress),
            quiet=output.quiet,
        )
        write_comparison(stream, report, output.format)
    if not output.quiet:
        _remark(report, invocation, told=output.format == "table" and output.output is None)
    return ANSWER_IS_NO if report.files.skipped and not reading.allow_skips else DONE


def write_comparison(stream: Stream, report: ComparisonReport, form: str) -> None:
    """Write a comparison as `table`, `json`, `ndjson` or `csv`.

    `ndjson`: one gained or lost record a line, then one gained or lost stay in ALARM a line, then the
    rest of the report. `csv`: one of them a row.
    """
    from tocsin.app.comparison_report import encode_comparison

    match form:
        case "json":
            write_json(stream, encode_comparison(report))
        case "ndjson":
            rest = encode_comparison(report)
            lines = []
            for rule in rest["rules"]:
                for change in ("lost", "gained"):
                    records = rule[change].pop("records")
                    lines += [{"rule": rule["name"], "change": change, **record} for record in records]
            for alarm in rest["alarms"]:
                for change in ("lost", "gained"):
                    lines += [{"alarm": alarm["name"], "change": change, **ring} for ring in alarm.pop(change)]
            write_ndjson(stream, [*lines, rest])
        case "csv":
            write_csv(stream, _COLUMNS, _csv_rows(report))
        case _:
            from tocsin.cli.comparison_table import draw_comparison

            write_lines(stream, draw_comparison(report, stream))


_COLUMNS = (
    *("kind", "name", "change", "at", "until", "event", "who", "address", "region", "account"),
    *("error", "resource", "id", "excluded_by"),
)


def _csv_rows(report: ComparisonReport) -> Iterator[tuple[str | float | None, ...]]:
    for rule in report.rules:
        for change, record in _records(rule):
            yield (
                "record",
                rule.name,
                change,
                record.at,
                None,
                record.event,
                record.who,
                record.address,
                record.region,
                record.account,
                record.error,
                record.resource,
                record.id,
                "; ".join(record.excluded_by),
            )
    for alarm in report.alarms:
        for change, rings in (("lost", alarm.lost), ("gained", alarm.gained)):
            for ring in rings:
                blank = (None,) * 6
                yield ("alarm", alarm.name, change, ring.at, ring.until, *blank, None, " ".join(ring.events), None)


def _records(rule: RuleDifference) -> Iterator[tuple[str, RecordLine]]:
    for record in rule.lost.records:
        yield "lost", record
    for record in rule.gained.records:
        yield "gained", record


def _remark(report: ComparisonReport, invocation: Invocation, *, told: bool) -> None:
    """Say on standard error what a reader of the result should not miss. `told`: the table says some of it."""
    records, skipped = report.records, report.files.skipped
    if records.read and not records.selected:
        invocation.terminal.note(
            f"none of the {counted(records.read, 'record')} lies in the time, accounts and regions that were chosen"
        )
    if told:
        return
    if skipped:
        first = skipped[0]
        invocation.terminal.note(
            f"{counted(len(skipped), 'file')} could not be read in full, the first: {first.path}: {first.reason}"
        )
    for note in report.notes:
        invocation.terminal.note(note)
