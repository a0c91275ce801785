"""`tocsin backtest`: run alarms over an archive. Spec: IF-1, IF-3."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import (
    OutputOptions,
    ReadingOptions,
    RecordOptions,
    config_chosen,
    jobs_chosen,
    records_chosen,
    require_paths,
)
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.core.quantity import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.backtest import BacktestPlan
    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.report import Skip
    from tocsin.cli.terminal import Stream
    from tocsin.config import Config

_EVERY_RECORD = RecordOptions()
_ANY_READING = ReadingOptions()
_TO_THE_TERMINAL = OutputOptions()
_MOST_EXTRA = 100


def backtest(
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")],
    /,
    *,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    as_delivered: Annotated[bool, Parameter(name="--as-delivered")] = False,
    evaluation_range: Annotated[int | None, Parameter(name="--evaluation-range", metavar="N")] = None,
    unique: Annotated[bool, Parameter(name="--unique")] = False,
    html: Annotated[str | None, Parameter(name="--html", metavar="FILE")] = None,
    mail: Annotated[str | None, Parameter(name="--mail", metavar="ALARM")] = None,
    compare: Annotated[tuple[str, str] | None, Parameter(name="--compare", metavar="OLD NEW")] = None,
    records: RecordOptions = _EVERY_RECORD,
    output: OutputOptions = _TO_THE_TERMINAL,
    reading: ReadingOptions = _ANY_READING,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Run alarms over an archive: every change of state, why, which records, and who would have been told.

    The alarms are those of rule files and packs, or those of an account as the AWS CLI prints them. They are
    evaluated as CloudWatch evaluates them, missing data included, at every instant of the span.

    Parameters
    ----------
    paths
        A file or folder to read; - is standard input.
    rules
        Evaluate the alarms of this pack, rule file, folder, or output of the AWS CLI (describe-metric-filters,
        describe-alarms, list-subscriptions, get-alarm-mute-rule); may be repeated, they add up (default: every
        pack).
    as_delivered
        A record is known from the time in its log file's name on, so that late delivery shows (default: at its
        own time).
    evaluation_range
        Look at this many periods more than EvaluationPeriods (default: the setting alarm.evaluation_range, else
        what is known of CloudWatch: 2 for periods of 30 s and more).
    unique
        Count records with the same eventID once (default: each delivered record counts, as in CloudWatch).
    html
        Also write the report as one self-contained page to this file (default: it is not written).
    mail
        Show the e-mail that this alarm would have sent when it last rang, in place of the report (default: the
        report).
    compare
        Say which records and which rings the rules of the source NEW gain and lose against those of OLD, and which
        exclusion silences what; --rules adds to both (default: no comparison).

    Examples
    --------
    tocsin backtest AWSLogs
        every pack over a folder of log files

    tocsin backtest AWSLogs -r filters.json -r alarms.json -r subscriptions.json
        what an account has today, on its own past

    tocsin backtest AWSLogs -r cis --since 90d --html report.html
        the last 90 days as a page to look at

    tocsin backtest AWSLogs --compare rules.yaml tuned.yaml
        what a tuned rule still sees, and exactly what it no longer does

    tocsin backtest AWSLogs --format ndjson | jq -r 'select(.to=="ALARM").alarm'
        names of the alarms that rang, once for each time
    """
    # A comparison reads the sources that both versions share once for each.
    require_paths(paths, *(rules if compare is None else (*compare, *rules, *rules)))
    if compare is not None and (html is not None or mail is not None):
        msg = f"--compare cannot be combined with {'--html' if html is not None else '--mail'}"
        raise InputError(msg, hint="run the backtest of one version for that: -r SOURCE")
    if html is not None and html == output.output:
        msg = f"--html and --output name the same file: {html}"
        raise InputError(msg, hint="give the page a file of its own")
    since, until, accounts, regions = records_chosen(records, invocation)
    config = config_chosen(reading, invocation)
    if evaluation_range is not None and not 0 <= evaluation_range <= _MOST_EXTRA:
        msg = f"--evaluation-range: {evaluation_range} is not a number from 0 to {_MOST_EXTRA}"
        raise InputError(msg)
    extra = config.alarm.evaluation_range if evaluation_range is None else evaluation_range
    cases = invocation.use_cases
    from tocsin.app.alarm_data import AlarmDataPlan
    from tocsin.app.alarm_set import require_alarms, require_usable
    from tocsin.app.backtest import BacktestPlan
    from tocsin.app.selection import Selection

    def plan_of(*sources: str, needs_alarms: bool = True) -> BacktestPlan:
        chain = cases.load_chain(*sources, at=today)
        alarms = cases.build_alarm_set(chain.entries, chain.mute_rules, topic=config.rules.topic)
        return BacktestPlan(
            data=AlarmDataPlan(
                rules=tuple(rule for rule in chain.rules if rule.filter),
                selection=Selection(since=since, until=until, accounts=accounts, regions=regions),
                limits=config.limits,
                as_delivered=as_delivered,
                unique=unique,
            ),
            alarms=require_alarms(alarms, rules) if needs_alarms else require_usable(alarms),
            subscriptions=chain.subscriptions,
            extra=extra,
        )

    today = invocation.clock.now().date()
    if compare is not None:
        from tocsin.app.comparison import ComparisonPlan
        from tocsin.cli.comparison import run_comparison

        old, new = (plan_of(source, *rules, needs_alarms=False) for source in compare)
        comparison = ComparisonPlan(old=old, new=new, old_name=compare[0], new_name=compare[1], at=today)
        return run_comparison(paths, comparison, output=output, reading=reading, invocation=invocation)
    plan = plan_of(*(rules or cases.pack_names()))
    if mail is not None:
        return _show_mail(mail, paths, plan, config, invocation=invocation, output=output, reading=reading)
    with ExitStack() as stack:
        stream = stack.enter_context(open_result(output.output, invocation.terminal, invocation.environ))
        page = stack.enter_context(open_result(html, invocation.terminal, invocation.environ)) if html else None
        report = with_progress(
            invocation,
            lambda progress: cases.backtest(paths, plan, jobs=jobs_chosen(reading), progress=progress),
            quiet=output.quiet,
        )
        write_report(stream, report, output.format)
        if page is not None:
            from tocsin.console.backtest_page import render_page

            page.write(render_page(report, generated=invocation.clock.now().strftime("%Y-%m-%d %H:%M UTC")))
    if not output.quiet:
        _remark(report, invocation, told=output.format == "table" and output.output is None)
    return ANSWER_IS_NO if report.files.skipped and not reading.allow_skips else DONE


class _NoMail(Exception):  # noqa: N818  (an answer, not an error)
    """The alarm did not ring."""


def _show_mail(
    name: str,
    paths: tuple[str, ...],
    plan: BacktestPlan,
    config: Config,
    *,
    invocation: Invocation,
    output: OutputOptions,
    reading: ReadingOptions,
) -> int:
    """Write the mail of an alarm's last ring; the exit status says whether there was one."""
    from tocsin.core.nearest import did_you_mean
    from tocsin.core.notification.message import MessageSettings

    if output.format != "table":
        msg = f"--mail is text, and has no --format {output.format}"
        raise InputError(msg, hint="leave out --format, or --mail for the report as data")
    if name not in plan.alarms.names:
        msg = f"--mail: there is no alarm '{name}'"
        raise InputError(msg, hint=did_you_mean(name, sorted(plan.alarms.names)))
    settings = MessageSettings(events_in_message=config.alarm.events_in_message, enrich_json=config.alarm.enrich_json)
    # Where there is no mail, a file that was there stays as it was.
    with suppress(_NoMail), open_result(output.output, invocation.terminal, invocation.environ) as stream:
        message, skipped = with_progress(
            invocation,
            lambda progress: invocation.use_cases.alarm_mail(
                paths, plan, name, settings, jobs=jobs_chosen(reading), progress=progress
            ),
            quiet=output.quiet,
        )
        if message is None:
            raise _NoMail
        stream.write(f"Subject: {message.subject}\n\n{message.email}")
    if message is None:
        invocation.terminal.note(f"{name} did not ring")
    if skipped and not output.quiet:
        _tell_skipped(skipped, invocation)
    return ANSWER_IS_NO if message is None or (skipped and not reading.allow_skips) else DONE


def with_progress(invocation: Invocation, work: Callable[[Any], Any], *, quiet: bool) -> Any:
    """The result of `work`, which is given what shows its progress, or None where nothing is to be shown."""
    error = invocation.terminal.error
    if quiet or not error.can_move:
        return work(None)
    from tocsin.cli.progress import ProgressBar

    with ProgressBar(error, invocation.clock) as bar:
        return work(bar)


def _remark(report: BacktestReport, invocation: Invocation, *, told: bool) -> None:
    """Say on standard error what a reader of the result should not miss. `told`: the table says some of it."""
    records, skipped = report.records, report.files.skipped
    if records.read and not records.selected:
        invocation.terminal.note(
            f"none of the {counted(records.read, 'record')} lies in the time, accounts and regions that were chosen"
        )
    if skipped and not told:
        _tell_skipped(skipped, invocation)
    if not told:
        for note in report.notes:
            invocation.terminal.note(note)


def _tell_skipped(skipped: Sequence[Skip], invocation: Invocation) -> None:
    first = skipped[0]
    invocation.terminal.note(
        f"{counted(len(skipped), 'file')} could not be read in full, the first: {first.path}: {first.reason}"
    )


def write_report(stream: Stream, report: BacktestReport, form: str) -> None:
    """Write a backtest report as `table`, `json`, `ndjson` or `csv` (IF-3)."""
    from tocsin.app.backtest_report import encode_report

    match form:
        case "json":
            write_json(stream, encode_report(report))
        case "ndjson":
            rest = encode_report(report)
            alarms = rest["alarms"]
            lines = [{"alarm": alarm["name"], **line} for alarm in alarms for line in alarm.pop("transitions")]
            write_ndjson(stream, [*lines, rest])
        case "csv":
            write_csv(stream, _COLUMNS, _csv_rows(report))
        case _:
            from tocsin.cli.backtest_table import draw_report

            write_lines(stream, draw_report(report, stream))


_COLUMNS = ("alarm", "at", "from", "to", "reason", "events", "events_omitted", "actions", "notified", "not_notified")


def _csv_rows(report: BacktestReport) -> Iterator[tuple[str | float | None, ...]]:
    for alarm in report.alarms:
        for line in alarm.transitions:
            yield (
                alarm.name,
                line.at,
                line.from_,
                line.to,
                line.reason,
                " ".join(line.events),
                line.events_omitted,
                " ".join(line.actions),
                " ".join(line.notified),
                line.not_notified,
            )
