"""`tocsin explain event-types`, `alarm-states` and `pricing`: what the tables that ship say.

Spec: IF-1, CT-1, AL-7, AL-8, prices.md.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.explain_rule import find_rule_of
from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import (
    OutputOptions,
    ReadingOptions,
    RecordOptions,
    jobs_chosen,
    limits_chosen,
    records_chosen,
    require_paths,
)
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_states import AlarmStates
    from tocsin.app.census import CensusReport
    from tocsin.cli.terminal import Stream

_EVERY_RECORD = RecordOptions()
_ANY_READING = ReadingOptions()
_TO_THE_TERMINAL = OutputOptions()


def event_types(
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")] = (),
    /,
    *,
    records: RecordOptions = _EVERY_RECORD,
    output: OutputOptions = _TO_THE_TERMINAL,
    reading: ReadingOptions = _ANY_READING,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Compare the types of events that CloudTrail records: what they cover, whether they are logged, how to log them.

    With PATH the records of an archive are counted beside each type, so that you see what your own trail logs and
    what it does not.

    Parameters
    ----------
    paths
        A file or folder whose records are counted; - is standard input (default: none).

    Examples
    --------
    tocsin explain event-types
        the four types

    tocsin explain event-types AWSLogs
        the same with the counts of an archive

    tocsin explain event-types AWSLogs --since 7d --format json
        the last seven days, for another program
    """
    from tocsin.cli.event_types_text import draw_event_types

    require_paths(paths)
    census = _census(paths, records, output, reading, invocation) if paths else None
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "table":
                write_lines(stream, draw_event_types(stream, census))
            case "json":
                write_json(stream, _event_types_document(census))
            case "ndjson":
                write_ndjson(stream, _event_types_document(census)["types"])
            case "csv":
                _write_event_types_csv(stream, census)
    return ANSWER_IS_NO if census and census.files.skipped and not reading.allow_skips else DONE


def _census(
    paths: Sequence[str],
    records: RecordOptions,
    output: OutputOptions,
    reading: ReadingOptions,
    invocation: Invocation,
) -> CensusReport:
    from contextlib import nullcontext

    from tocsin.cli.progress import ProgressBar

    since, until, accounts, regions = records_chosen(records, invocation)
    error = invocation.terminal.error
    shown = not output.quiet and error.can_move
    with ProgressBar(error, invocation.clock, found="records") if shown else nullcontext() as bar:
        census: CensusReport = invocation.use_cases.count_event_types(
            paths,
            jobs=jobs_chosen(reading),
            since=since,
            until=until,
            accounts=accounts,
            regions=regions,
            limits=limits_chosen(reading, invocation),
            progress=bar,
        )
    if not output.quiet and census.files.skipped and (output.format != "table" or output.output):
        invocation.terminal.note(f"{len(census.files.skipped)} files could not be read in full")
    return census


def _event_types_document(census: CensusReport | None) -> dict[str, Any]:
    import msgspec

    from tocsin.app import explain as tables

    document: dict[str, Any] = msgspec.to_builtins(tables.event_types())
    if census is not None:
        counts = tables.counts_by_type(census)
        for kind in document["types"]:
            kind["archive"] = msgspec.to_builtins(counts[kind["category"]])
        document["other"] = census.other
        for part in ("files", "records", "bytes"):
            document[part] = msgspec.to_builtins(getattr(census, part))
    return document


def _write_event_types_csv(stream: Stream, census: CensusReport | None) -> None:
    from tocsin.app import explain as tables

    texts = ("category", "logged_by_default", "scope", "volume", "tells", "control", "switch_on", "in_a_record")
    numbers = ("records", "share", "reads", "writes", "unsaid") if census else ()
    counts = tables.counts_by_type(census) if census else {}
    rows = []
    for kind in tables.event_types().types:
        cells: list[str | float] = [
            ("yes" if value else "no") if isinstance(value := getattr(kind, name), bool) else value for name in texts
        ]
        cells.insert(4, "; ".join(f"{', '.join(example.calls)} ({example.of})" for example in kind.examples))
        rows.append([*cells, *(getattr(counts[kind.category], name) for name in numbers)])
    write_csv(stream, (*texts[:4], "examples", *texts[4:], *numbers), rows)


def alarm_states(
    ident: Annotated[str, Parameter(name="RULE")] = "",
    /,
    *,
    rules: Annotated[tuple[str, ...], Parameter(name=("--rules", "-r"), metavar="SOURCE")] = (),
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Say what leads an alarm to OK, ALARM and INSUFFICIENT_DATA, and what each state sets off.

    The life of the usual security alarm, or of your own, shows why it rings for longer than its period, and how
    missing data decides.

    Parameters
    ----------
    ident
        A rule whose alarm's life is shown, by its full name, catalogue id or id (default: the usual security alarm).
    rules
        Look for it in this pack, rule file, folder or output of the AWS CLI; may be repeated (default: every pack).

    Examples
    --------
    tocsin explain alarm-states
        the states, and the usual security alarm

    tocsin explain alarm-states cis/root-user-used
        how long one event rings this one

    tocsin explain alarm-states my-alarm -r alarms.json
        one of an account, from aws cloudwatch describe-alarms
    """
    import msgspec

    from tocsin.cli.alarm_states_text import draw_alarm_states

    table = _alarm_states(ident, rules, invocation)
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "table":
                write_lines(stream, draw_alarm_states(stream, table))
            case "json":
                write_json(stream, msgspec.to_builtins(table))
            case "ndjson":
                write_ndjson(stream, msgspec.to_builtins(table)["states"])
            case "csv":
                rows = [(state.state, state.means, "; ".join(state.leads_to_it), state.runs) for state in table.states]
                write_csv(stream, ("state", "means", "leads_to_it", "runs"), rows)
    return DONE


def _alarm_states(ident: str, sources: Sequence[str], invocation: Invocation) -> AlarmStates:
    from tocsin.app import alarm_states as states
    from tocsin.app.alarm_set import find_zone, metric_alarm_parameters
    from tocsin.app.rule_words import has_default
    from tocsin.config import load_config
    from tocsin.core.alarm.definition import MetricAlarm

    extra = load_config(None, invocation.environ).alarm.evaluation_range
    if not ident:
        if sources:
            raise InputError("no alarm is named", hint="tocsin explain alarm-states RULE -r SOURCE")
        return states.alarm_states(extra=extra)
    cases = invocation.use_cases
    loaded = cases.load_rules(*(sources or cases.pack_names()), at=invocation.clock.now().date())
    try:  # in an account a filter and an alarm may share a name
        rule = find_rule_of(ident, [one for one in loaded if one.alarm is not None])
    except NotFoundError:
        rule = find_rule_of(ident, loaded)
    if rule.alarm is None:
        kind = "a composite alarm, which looks at other alarms" if rule.composite else "a rule without an alarm"
        raise InputError(f"{rule.name} is {kind}", hint="name a rule with a metric alarm")
    alarm = MetricAlarm.from_aws(metric_alarm_parameters(rule), zones=find_zone)
    zone = None if alarm.wall_clock is None else find_zone(alarm.wall_clock)
    return states.alarm_states(alarm, zone=zone, has_default=has_default(rule), extra=extra)


def pricing(
    *,
    every: Annotated[bool, Parameter(name="--all")] = False,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Show what AWS charges for trails, metric filters, alarms and their mails, and how much of it is free.

    Prices marked ? come from neither AWS nor its price list. The date of the table is named: prices change.

    Parameters
    ----------
    every
        Show every price with its source, and quotas and latencies too (default: what the usual set-up costs).

    Examples
    --------
    tocsin explain pricing
        trail, alarms, mails, and the free tier

    tocsin explain pricing --all --format csv -o prices.csv
        every row, for a spreadsheet
    """
    from tocsin.app import explain as tables
    from tocsin.app.price_words import price_text
    from tocsin.cli.pricing_text import draw_pricing

    table = tables.prices()
    rows = table.rows if every else tuple(tables.brief_rows(table.rows))
    free = table.free_tier if every else tuple(tables.brief_rows(table.free_tier))
    old = table.is_old(invocation.clock.now().date())
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "table":
                write_lines(stream, draw_pricing(stream, table, rows, free, every=every, old=old))
            case "json":
                write_json(stream, _pricing_document(table, rows, free, every=every))
            case "ndjson":
                write_ndjson(stream, _pricing_document(table, rows, free, every=every)["rows"])
            case "csv":
                head = ("id", "service", "item", "price", "region", "status", "usage", "source", "note")
                shown = attrgetter("id", "service", "item"), attrgetter("region", "status", "usage", "source", "note")
                write_csv(stream, head, ((*shown[0](row), price_text(row), *shown[1](row)) for row in rows))
    if old and not output.quiet and output.format != "table":
        invocation.terminal.note(f"the prices are those of {table.as_of}: they may have changed")
    return DONE


def _pricing_document(table: Any, rows: Sequence[Any], free: Sequence[Any], *, every: bool) -> dict[str, Any]:
    import msgspec

    from tocsin.app import explain as tables

    document: dict[str, Any] = {
        "as_of": table.as_of.isoformat(),
        "currency": table.currency,
        "unverified": sum(row.is_unsure for row in (*rows, *free)),
        "rows": [_price_document(row) for row in rows],
        "free_tier": [_without_brief(part) for part in free],
    }
    if every:
        document["limits"] = msgspec.to_builtins(tables.quotas().limits)
    return document


def _without_brief(part: Any) -> dict[str, Any]:
    import msgspec

    document: dict[str, Any] = msgspec.to_builtins(part)
    del document["brief"]
    return document


def _price_document(row: Any) -> dict[str, Any]:
    import msgspec

    # Amounts are numbers in JSON; a Decimal would come out as text.
    document: dict[str, Any] = msgspec.to_builtins(row, builtin_types=())
    document.pop("brief")
    document["price"] = None if row.price is None else float(row.price)
    document["tiers"] = [[quantity, float(price)] for quantity, price in row.tiers]
    return document
