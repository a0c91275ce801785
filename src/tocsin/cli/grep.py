"""`tocsin grep`: print the records that a filter pattern matches. Exit status as grep's. Spec: IF-1."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tocsin.cli.failure import WRONG_CALL
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import (
    Format,
    ReadingOptions,
    RecordOptions,
    jobs_chosen,
    limits_chosen,
    missing_paths,
    records_chosen,
    require_paths,
)
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.safe_text import csv_line, safe_json, safe_json_text, safe_text
from tocsin.cli.signature import Parameter
from tocsin.core.quantity import counted
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from tocsin.app.grep import GrepCount, GrepLine
    from tocsin.app.ledger import Ledger
    from tocsin.cli.terminal import Stream

_MATCHED = 0
_NOTHING_MATCHED = 1
_TROUBLE = WRONG_CALL
_SHOWN_SKIPS = 5
_WIDEST_EXPLANATION = 120

_EVERY_RECORD = RecordOptions()
_ANY_READING = ReadingOptions()


class GrepOutput(msgspec.Struct, frozen=True, kw_only=True):
    """Where the records go and what they look like."""

    format: Annotated[Format | None, Parameter(name="--format", metavar="FORMAT", group="Output")] = None
    """Write records as ndjson, as json (one array), or their main fields as table or csv (default: ndjson)."""

    output: Annotated[str | None, Parameter(name=("--output", "-o"), metavar="FILE", group="Output")] = None
    """Write the result to this file, all of it or nothing (default: standard output)."""

    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), group="Output")] = False
    """Show no progress and no remarks on standard error; errors still show (default: show them)."""


_AS_NDJSON = GrepOutput()


def grep(
    pattern: Annotated[str, Parameter(name="PATTERN")],
    paths: Annotated[tuple[str, ...], Parameter(name="PATH")],
    /,
    *,
    count: Annotated[bool, Parameter(name=("--count", "-c"))] = False,
    invert: Annotated[bool, Parameter(name=("--invert", "-v"))] = False,
    explain: Annotated[bool, Parameter(name="--explain")] = False,
    records: RecordOptions = _EVERY_RECORD,
    output: GrepOutput = _AS_NDJSON,
    reading: ReadingOptions = _ANY_READING,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Print the records of CloudTrail archives that a CloudWatch Logs filter pattern matches, one record a line.

    Exit status as grep's: 0 when a record was found, 1 when none was, 2 when something could not be read or the
    pattern is refused. Everything below PATH is read, as by tocsin scan.

    Parameters
    ----------
    pattern
        A filter pattern as in a metric filter; write -- in front of one that begins with a dash.
    paths
        A file or folder to read; - is standard input.
    count
        Print how many records were found, for each file when there are several (default: the records).
    invert
        Find the records that do not match (default: those that do).
    explain
        Print with each record, clause by clause, why it does or does not match (default: the record alone).

    Examples
    --------
    tocsin grep '{ $.eventName = StopLogging }' AWSLogs
        the records, as NDJSON

    tocsin grep '{ $.errorCode = "AccessDenied*" }' AWSLogs --format table
        one line for each: when, what, who, from where

    tocsin grep -c '{ $.userIdentity.type = Root }' AWSLogs --since 30d
        how many in each file

    tocsin grep '{ $.sourceIPAddress = 203.0.113.* }' AWSLogs | jq -r .eventID
        on to another tool

    tocsin grep -v --explain '{ $.eventName = ConsoleLogin }' signin.json
        why records do not match
    """
    missing = missing_paths(paths)
    for path in missing:
        invocation.terminal.note(f"{path}: there is no such file or folder")
    present = [path for path in paths if path not in missing]
    if explain and output.format == "csv":
        msg = "--explain has no form as csv"
        raise InputError(msg, hint="--format ndjson gives each record with its explanation")
    require_paths(present)
    since, until, accounts, regions = records_chosen(records, invocation)
    jobs, limits = jobs_chosen(reading), limits_chosen(reading, invocation)
    bar = _progress(invocation, quiet=output.quiet, to_file=count or output.output is not None)
    with bar as progress, open_result(output.output, invocation.terminal, invocation.environ) as stream:
        search = invocation.use_cases.grep(
            pattern,
            present,
            invert=invert,
            count_only=count,
            jobs=jobs,
            since=since,
            until=until,
            accounts=accounts,
            regions=regions,
            limits=limits,
            progress=progress,
        )
        if count:
            for _ in search:
                pass
            _write_counts(stream, search.counts, output.format)
        elif explain:
            _write_explained(stream, search, pattern, output.format or "table")
        else:
            _write_records(stream, search, output.format or "ndjson")
    if not output.quiet:
        _remark(search.ledger, invocation)
    if missing or (search.ledger.skipped and not reading.allow_skips):
        return _TROUBLE
    return _MATCHED if any(counted.found for counted in search.counts) else _NOTHING_MATCHED


def _progress(invocation: Invocation, *, quiet: bool, to_file: bool) -> AbstractContextManager[Any]:
    """A bar where it cannot get between the records: when they do not go to the same terminal."""
    from tocsin.cli.progress import ProgressBar

    error = invocation.terminal.error
    if quiet or not error.can_move or (invocation.terminal.output.is_terminal and not to_file):
        return nullcontext(None)
    return ProgressBar(error, invocation.clock)


def _remark(ledger: Ledger, invocation: Invocation) -> None:
    """Name what could not be read, as grep does, and say when the selection left nothing."""
    skipped = sorted(ledger.skipped)
    for path, reason in skipped[:_SHOWN_SKIPS]:
        invocation.terminal.note(f"{path}: {reason}")
    if len(skipped) > _SHOWN_SKIPS:
        invocation.terminal.note(f"and {len(skipped) - _SHOWN_SKIPS} more files could not be read in full")
    if ledger.malformed:
        path, position, reason = min(ledger.problems)
        invocation.terminal.note(
            f"{counted(ledger.malformed, 'value')} no usable record, the first: {path} no. {position}: {reason}"
        )
    if ledger.read and not ledger.selected:
        invocation.terminal.note(
            f"none of the {counted(ledger.read, 'record')} lies in the time, accounts and regions that were chosen"
        )


# ---------------------------------------------------------------- counts


def _write_counts(stream: Stream, counts: Sequence[GrepCount], form: str | None) -> None:
    total = sum(count.found for count in counts)
    rows = [{"path": count.path, "found": count.found} for count in counts]
    match form:
        case "json":
            write_json(stream, {"found": total, "files": rows})
        case "csv":
            write_csv(stream, ("path", "found"), [(count.path, count.found) for count in counts])
        case "ndjson":
            write_ndjson(stream, rows)
        case _ if len(counts) > 1:
            write_lines(stream, (f"{safe_text(count.path)}:{count.found}" for count in counts))
        case _:
            write_lines(stream, [str(total)])


# ---------------------------------------------------------------- records


def _write_records(stream: Stream, lines: Iterable[GrepLine], form: str) -> None:
    match form:
        case "json":
            _write_array(stream, (safe_json_text(line.text) for line in lines))
        case "csv":
            stream.write(csv_line(list(_COLUMNS)))
            for line in lines:
                stream.write(csv_line(list(_columns(line))))
        case "table":
            for line in lines:
                stream.write(_table_line(_columns(line), stream) + "\n")
        case _:
            write = stream.write
            for line in lines:
                write(safe_json_text(line.text) + "\n")


def _write_array(stream: Stream, texts: Iterable[str]) -> None:
    """One JSON array, written as it comes: memory stays bounded."""
    before = "["
    for text in texts:
        stream.write(f"{before}\n{text}")
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")


_COLUMNS = (
    "eventTime",
    "eventSource",
    "eventName",
    "errorCode",
    "userIdentity.arn",
    "sourceIPAddress",
    "awsRegion",
    "recipientAccountId",
    "eventID",
)


def _columns(line: GrepLine) -> tuple[str, ...]:
    """The main fields of a record as text; empty where there is none."""
    from tocsin.core.event import Event

    event = Event(line.text)
    values = (event.get(name) for name in _COLUMNS)
    return tuple(value if isinstance(value, str) else "" for value in values)


def _table_line(columns: tuple[str, ...], stream: Stream) -> str:
    """A record on one line: when, what, how it ended, who, from where. The line is cut at the terminal's width."""
    from tocsin.cli.arn_text import short_arn
    from tocsin.cli.table import pad, shorten

    time, source, name, error, arn, address, region, _, _ = map(safe_text, columns)
    what = f"{source.removesuffix('.amazonaws.com')}:{name}" if source else name
    mark = stream.pick("…", "...")
    who = short_arn(arn) or "-"
    text = "  ".join(
        [
            time.replace("T", " ").removesuffix("Z"),
            pad(shorten(what, 32, mark=mark), 32),
            pad(who, 26),
            pad(address or "-", 15),
            region,
            error,
        ]
    )
    return shorten(text.rstrip(), stream.width, mark=mark) if stream.is_terminal else text.rstrip()


# ---------------------------------------------------------------- reasons


def _write_explained(stream: Stream, lines: Iterable[GrepLine], pattern: str, form: str) -> None:
    """Each record with the reasons why it does or does not match (FP-13.32)."""
    import msgspec

    from tocsin.core.pattern import FilterPattern
    from tocsin.core.pattern.explanation_text import render_explanation

    parsed = FilterPattern.parse(pattern)
    if form == "table":
        width = min(_WIDEST_EXPLANATION, stream.width)
        for line in lines:
            place = f"{safe_text(line.path)} no. {line.position}"
            stream.write(f"{stream.style(place, 'bold')}\n{_table_line(_columns(line), stream)}\n")
            explanation = render_explanation(parsed.explain(line.text), width=width - 2)
            stream.write("".join(f"  {part}\n" for part in explanation.split("\n")) + "\n")
        return
    texts = (
        f'{{"path":{safe_json(line.path)},"position":{line.position},'
        f'"explanation":{safe_json(msgspec.to_builtins(parsed.explain(line.text)))},'
        f'"record":{safe_json_text(line.text)}}}'
        for line in lines
    )
    if form == "json":
        _write_array(stream, texts)
    else:
        write_lines(stream, texts)
