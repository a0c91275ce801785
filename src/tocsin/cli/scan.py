"""`tocsin scan`: count what metric filters match in an archive. Spec: IF-1, IF-2."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import (
    OutputOptions,
    ReadingOptions,
    RecordOptions,
    config_chosen,
    jobs_chosen,
    limits_chosen,
    records_chosen,
    require_paths,
)
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.core.quantity import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.report import ScanReport
    from tocsin.cli.terminal import Stream

_EVERY_RECORD = RecordOptions()
_ANY_READING = ReadingOptions()
_TO_THE_TERMINAL = OutputOptions()


def scan(
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")],
    /,
    *,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    unique: Annotated[bool, Parameter(name="--unique")] = False,
    events: Annotated[str | None, Parameter(name="--events", metavar="FILE")] = None,
    insights: Annotated[bool, Parameter(name="--insights")] = False,
    records: RecordOptions = _EVERY_RECORD,
    output: OutputOptions = _TO_THE_TERMINAL,
    reading: ReadingOptions = _ANY_READING,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Count what each metric filter matches in CloudTrail archives: how often, when, who, and from where.

    Everything below PATH is read, whatever it is named: log files as CloudTrail delivers them (.json.gz),
    JSON, NDJSON, EventBridge events, CloudWatch Logs subscription data, output of lookup-events. What cannot
    be read is listed with its reason, and makes the exit status 1.

    Parameters
    ----------
    paths
        A file or folder to read; - is standard input.
    rules
        Scan with this pack, rule file, folder, or output of the AWS CLI (describe-metric-filters); may be
        repeated (default: every pack).
    unique
        Count records with the same eventID once (default: each delivered record counts, as in CloudWatch).
    events
        Also write the matching records to this file, as NDJSON (default: they are not written).
    insights
        Also find unusual activity, as CloudTrail Insights do: APIs called, or failing, far more or far less often
        than in the days before (default: it is not looked for).

    Examples
    --------
    tocsin scan AWSLogs
        every pack over a folder of log files

    tocsin scan AWSLogs -r article -r my-rules.yaml --since 7d
        a pack and a file of one's own, the last seven days

    aws cloudtrail lookup-events | tocsin scan - -r cis
        what the event history holds

    tocsin scan AWSLogs -r cis --format csv -o datapoints.csv
        every datapoint of every metric, for a spreadsheet

    tocsin scan AWSLogs --insights
        and what was unusual about the calls

    tocsin scan AWSLogs --format json | jq '.filters[] | select(.matches>0).name'
        names of the filters that matched
    """
    require_paths(paths, *rules)
    since, until, accounts, regions = records_chosen(records, invocation)
    jobs, limits = jobs_chosen(reading), limits_chosen(reading, invocation)
    if events == "-":
        msg = "--events writes to a file, and standard output has the report"
        raise InputError(msg, hint="tocsin grep prints matching records")
    cases = invocation.use_cases
    # Exclusions that have expired no longer apply (IF-4): today decides, whatever the archive's time.
    loaded = cases.load_rules(*(rules or cases.pack_names()), at=invocation.clock.now().date())
    _require_filters(loaded, rules)
    with ExitStack() as stack:
        stream = stack.enter_context(open_result(output.output, invocation.terminal, invocation.environ))
        report = _scan_with_progress(
            invocation,
            paths,
            quiet=output.quiet,
            rules=loaded,
            jobs=jobs,
            since=since,
            until=until,
            accounts=accounts,
            regions=regions,
            unique=unique,
            limits=limits,
            events=None if events is None else Path(events),
            insights=config_chosen(reading, invocation).insights if insights else None,
        )
        write_report(stream, report, output.format)
    if not output.quiet:
        _remark(report, invocation, told=output.format == "table" and output.output is None)
    return ANSWER_IS_NO if report.files.skipped and not reading.allow_skips else DONE


def _require_filters(loaded: list[Any], sources: tuple[str, ...]) -> None:
    if not any(rule.filter for rule in loaded):
        named = ", ".join(sources) if sources else "the packs"
        msg = f"{named}: there is no metric filter to scan with"
        raise InputError(msg, hint="tocsin rules lists what there is")


def _scan_with_progress(invocation: Invocation, paths: tuple[str, ...], *, quiet: bool, **what: Any) -> ScanReport:
    from tocsin.cli.progress import ProgressBar

    error = invocation.terminal.error
    report: ScanReport
    if quiet or not error.can_move:
        report = invocation.use_cases.scan(paths, progress=None, **what)
    else:
        with ProgressBar(error, invocation.clock) as bar:
            report = invocation.use_cases.scan(paths, progress=bar, **what)
    return report


def _remark(report: ScanReport, invocation: Invocation, *, told: bool) -> None:
    """Say on standard error what a reader of the result should not miss. `told`: the table says some of it."""
    records, skipped = report.records, report.files.skipped
    if records.read and not records.selected:
        invocation.terminal.note(
            f"none of the {counted(records.read, 'record')} lies in the time, accounts and regions that were chosen"
        )
    if skipped and not told:
        first = skipped[0]
        invocation.terminal.note(
            f"{counted(len(skipped), 'file')} could not be read in full, the first: {first.path}: {first.reason}"
        )


def write_report(stream: Stream, report: ScanReport, form: str) -> None:
    """Write a scan report as `table`, `json`, `ndjson` or `csv` (IF-2)."""
    import msgspec

    match form:
        case "json":
            write_json(stream, msgspec.to_builtins(report))
        case "ndjson":
            rest = msgspec.to_builtins(report)
            filters = rest.pop("filters")
            write_ndjson(stream, [*filters, rest])
        case "csv":
            write_csv(stream, ("filter", "time", "value", "dimensions"), _csv_rows(report))
        case _:
            from tocsin.cli.scan_table import draw_report

            write_lines(stream, draw_report(report, stream))


def _csv_rows(report: ScanReport) -> Iterator[tuple[str, str, float, str]]:
    from tocsin.app.report import Series
    from tocsin.cli.safe_text import safe_json

    for result in report.filters:
        for point in result.datapoints:
            if isinstance(point, Series):
                dimensions = safe_json(point.dimensions)
                for time, value in point.datapoints:
                    yield result.name, time, value, dimensions
            else:
                yield result.name, point[0], point[1], ""
