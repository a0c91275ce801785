"""`tocsin simulate selectors`: what another setting of event selectors would drop. Spec: IF-1, CT-8, CT-10."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tocsin.cli.backtest import with_progress
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
from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.selector_report import SimulationReport
    from tocsin.app.selector_simulation import SimulationPlan
    from tocsin.cli.terminal import Stream
    from tocsin.core.trail.selector import Selectors

_EVERY_RECORD = RecordOptions()
_ANY_READING = ReadingOptions()
_TO_THE_TERMINAL = OutputOptions()


def selectors(
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")],
    /,
    *,
    setting: Annotated[str, Parameter(name="--set", metavar="JSON")],
    against: Annotated[str | None, Parameter(name="--against", metavar="JSON")] = None,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    records: RecordOptions = _EVERY_RECORD,
    output: OutputOptions = _TO_THE_TERMINAL,
    reading: ReadingOptions = _ANY_READING,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Say what another setting of a trail's event selectors would drop: events, detections, alarms, dollars a month.

    The archive is read as if the trail had had the setting: which records it keeps and which it loses, which
    metric filters match fewer of them, which alarms ring no longer, and what CloudTrail and the log group cost.

    Parameters
    ----------
    paths
        A file or folder to read; - is standard input.
    setting
        The setting to try, as JSON or a file of it: what get-event-selectors prints, what put-event-selectors takes,
        a list of basic or advanced selectors, or one of them.
    against
        The setting that it is compared with, written likewise (default: that of a new trail, all management events).
    rules
        Try the detections of this pack, rule file, folder, or output of the AWS CLI (describe-metric-filters,
        describe-alarms); may be repeated (default: every pack).

    Examples
    --------
    tocsin simulate selectors AWSLogs --set '{"ReadWriteType": "WriteOnly"}'
        what is lost where a trail records writes alone

    aws cloudtrail get-event-selectors --trail-name main > main.json
        what the trail of an account selects today

    tocsin simulate selectors AWSLogs --set new.json --against main.json -r mine
        two settings, and what the rules of a folder would make of them

    tocsin simulate selectors AWSLogs --set new.json --format json |
        jq -r '.rules[] | select(.lost > 0).name'
        names of the rules that lose matches
    """
    require_paths(paths, setting, *(() if against is None else (against,)), *rules)
    since, until, accounts, regions = records_chosen(records, invocation)
    config = config_chosen(reading, invocation)
    cases = invocation.use_cases
    from tocsin.app.alarm_data import AlarmDataPlan
    from tocsin.app.alarm_set import require_usable
    from tocsin.app.backtest import BacktestPlan
    from tocsin.app.selection import Selection
    from tocsin.app.selector_simulation import SimulationPlan
    from tocsin.core.trail.selector import DEFAULT_SELECTORS

    after = _read_setting(setting, "--set", invocation)
    before = DEFAULT_SELECTORS if against is None else _read_setting(against, "--against", invocation)
    chain = cases.load_chain(*(rules or cases.pack_names()), at=invocation.clock.now().date())
    alarms = cases.build_alarm_set(chain.entries, chain.mute_rules, topic=config.rules.topic)
    plan = SimulationPlan(
        chain=BacktestPlan(
            data=AlarmDataPlan(
                rules=tuple(rule for rule in chain.rules if rule.filter),
                selection=Selection(since=since, until=until, accounts=accounts, regions=regions),
                limits=config.limits,
            ),
            alarms=require_usable(alarms),
            subscriptions=chain.subscriptions,
            extra=config.alarm.evaluation_range,
        ),
        before=before,
        after=after,
    )
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        report: SimulationReport = with_progress(
            invocation,
            lambda progress: cases.simulate_selectors(paths, plan, jobs=jobs_chosen(reading), progress=progress),
            quiet=output.quiet,
        )
        write_report(stream, report, plan, output.format)
    if not output.quiet:
        _remark(report, invocation, told=output.format == "table" and output.output is None)
    return ANSWER_IS_NO if report.files.skipped and not reading.allow_skips else DONE


def _read_setting(given: str, option: str, invocation: Invocation) -> Selectors:
    """The setting that an option gives: JSON, a file, or `-` for standard input."""
    from tocsin.app.selector_setting import read_selector_setting

    if given.lstrip().startswith(("{", "[")):
        return read_selector_setting(given, name=option)
    name = "standard input" if given == "-" else given
    return read_selector_setting(_read_text(given, option, invocation), name=name)


def _read_text(given: str, option: str, invocation: Invocation) -> str:
    from tocsin.app.document import Problem, decode
    from tocsin.app.selector_setting import MAX_BYTES

    hint = f"{option} takes JSON, which begins with {{ or [, or a file of it"
    if given == "-":
        data = invocation.terminal.input.read(MAX_BYTES + 1)
    else:
        try:
            with Path(given).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            msg = f"{option}: {given}: there is no such file"
            raise NotFoundError(msg, hint=hint) from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            msg = f"{option}: {given}: {getattr(error, 'strerror', None) or error}"
            raise InputError(msg, hint=hint) from None
    if len(data) > MAX_BYTES:
        msg = f"{option}: {given}: a setting has at most {MAX_BYTES:,} bytes"
        raise InputError(msg)
    text = decode(data)
    if isinstance(text, Problem):
        msg = f"{option}: {given}: {text.message}"
        raise InputError(msg, hint=text.hint)
    return text


def _remark(report: SimulationReport, invocation: Invocation, *, told: bool) -> None:
    """Say on standard error what a reader of the result should not miss. `told`: the table says some of it."""
    records, skipped = report.records, report.files.skipped
    if records.read and not records.selected:
        invocation.terminal.note(
            f"none of the {counted(records.read, 'record')} lies in the time, accounts and regions that were chosen"
        )
    from tocsin.app.explain import prices

    table = prices()
    if report.costs.lines and table.is_old(invocation.clock.now().date()):
        invocation.terminal.note(f"the prices are those of {table.as_of}: they may have changed")
    if told:
        return
    if skipped:
        first = skipped[0]
        invocation.terminal.note(
            f"{counted(len(skipped), 'file')} could not be read in full, the first: {first.path}: {first.reason}"
        )
    for note in report.notes:
        invocation.terminal.note(note)


def write_report(stream: Stream, report: SimulationReport, plan: SimulationPlan, form: str) -> None:
    """Write a report as `table`, `json`, `ndjson` or `csv`.

    `ndjson`: one call a line, then a rule a line, then an alarm a line, then the rest of the report. `csv`: one call a
    row.
    """
    import msgspec

    match form:
        case "json":
            write_json(stream, msgspec.to_builtins(report))
        case "ndjson":
            rest = msgspec.to_builtins(report)
            lines = [{"kind": kind, **one} for kind in ("call", "rule", "alarm") for one in rest.pop(f"{kind}s")]
            write_ndjson(stream, [*lines, rest])
        case "csv":
            write_csv(stream, _COLUMNS, _csv_rows(report))
        case _:
            from tocsin.cli.simulate_table import draw_report

            write_lines(stream, draw_report(report, plan, stream))


_COLUMNS = (
    *("category", "source", "name", "records", "before", "after", "lost", "gained", "bytes_before", "bytes_after"),
)


def _csv_rows(report: SimulationReport) -> Iterator[tuple[str | float | None, ...]]:
    for one in report.calls:
        yield tuple(getattr(one, name) for name in _COLUMNS)
