"""The result of `tocsin validate` as people and programs read it. Spec: CT-15.8, IF-1.

Rule: what AWS's validator says as well stands in its words, with tabs between the parts of a line as it has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from tocsin.app.validate_report import FileVerdict, GapReport, Tally
from tocsin.cli.output import write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.safe_text import csv_line, safe_text
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.digest import digest_time_text
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.validate_report import ChainReport, ValidateReport
    from tocsin.cli.terminal import Stream

_MOST_SHOWN: Final = 10_000
"""Of problems in the table and the JSON document; the other formats have every file."""

_HEAD: Final = ("kind", "bucket", "key", "verdict", "text", "account", "region", "trail", "backfill")


class ResultWriter(Protocol):
    """Writes what is found as it comes, and the rest at the end."""

    names_valid: bool
    is_streaming: bool

    def show(self, found: FileVerdict | GapReport) -> None:
        """Take what was found."""
        ...

    def finish(self, report: ValidateReport) -> None:
        """Write the rest."""
        ...


def writer_of(form: str, stream: Stream, *, verbose: bool) -> ResultWriter:
    """What writes `table`, `json`, `ndjson` or `csv`. `verbose`: the table names valid files as well."""
    match form:
        case "json":
            return _JsonWriter(stream)
        case "ndjson":
            return _NdjsonWriter(stream)
        case "csv":
            return _CsvWriter(stream)
        case _:
            return _TextWriter(stream, verbose=verbose)


class _TextWriter:
    """Lines as AWS's validator prints them, then a table of the chains and the sums."""

    def __init__(self, stream: Stream, *, verbose: bool) -> None:
        self.names_valid = self.is_streaming = verbose
        self._stream = stream
        self._lines: list[str] = []
        self._found = 0

    def show(self, found: FileVerdict | GapReport) -> None:
        line = self._line(found)
        self._found += 1
        if self.is_streaming:
            self._stream.write(line + "\n")
        elif len(self._lines) < _MOST_SHOWN:
            self._lines.append(line)

    def _line(self, found: FileVerdict | GapReport) -> str:
        if isinstance(found, GapReport):
            return safe_text(f"{found.text} (trail {found.trail}, account {found.account}, region {found.region})")
        what, where, text = map(safe_text, found.columns)
        style = "red" if found.is_problem else ""
        return f"{what}\t{where}\t{self._stream.style(text, style) if style else text}"

    def finish(self, report: ValidateReport) -> None:
        write_lines(self._stream, self._lines)
        if self._found > len(self._lines) and not self.is_streaming:
            more = counted(self._found - len(self._lines), "more line")
            write_lines(self._stream, [f"and {more}: --format csv has a row for each file"])
        if self._found:
            self._stream.write("\n")
        write_lines(self._stream, draw_summary(report, self._stream))


class _JsonWriter:
    """One document: the sums, the chains, and the files that are not valid."""

    names_valid = False
    is_streaming = False

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._files: list[Any] = []
        self._omitted = 0

    def show(self, found: FileVerdict | GapReport) -> None:
        if isinstance(found, GapReport):
            return  # chains have theirs
        if len(self._files) < _MOST_SHOWN:
            self._files.append(_file_document(found))
        else:
            self._omitted += 1

    def finish(self, report: ValidateReport) -> None:
        write_json(self._stream, {**_document(report), "files": self._files, "files_omitted": self._omitted})


class _NdjsonWriter:
    """A line for each file, then one with the rest of the report."""

    names_valid = True
    is_streaming = True

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def show(self, found: FileVerdict | GapReport) -> None:
        if isinstance(found, FileVerdict):
            write_ndjson(self._stream, [_file_document(found)])

    def finish(self, report: ValidateReport) -> None:
        write_ndjson(self._stream, [_document(report)])


class _CsvWriter:
    """A row for each file."""

    names_valid = True
    is_streaming = True

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        write_csv(stream, _HEAD, ())

    def show(self, found: FileVerdict | GapReport) -> None:
        if isinstance(found, FileVerdict):
            document = _file_document(found)
            document["backfill"] = "true" if found.is_backfill else ""
            self._stream.write(csv_line([document[name] for name in _HEAD]))

    def finish(self, report: ValidateReport) -> None:
        """Everything was written."""


def _file_document(found: FileVerdict) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "bucket": found.bucket,
        "key": found.key,
        "verdict": found.verdict.value,
        "text": found.text,
        "account": found.account,
        "region": found.region,
        "trail": found.trail,
        "backfill": found.is_backfill,
    }


def _document(report: ValidateReport) -> dict[str, Any]:
    digests, backfill, logs = report.sums()
    return {
        "tocsin": report.tocsin,
        "command": "validate",
        "path": report.path,
        "public_keys": {"source": report.keys_from, "count": report.keys},
        "valid": report.is_valid,
        "requested": _span(report.since, report.until),
        "digests": _tally(digests),
        "backfill_digests": _tally(backfill),
        "logs": _tally(logs),
        "chains": [_chain(chain) for chain in report.chains],
        "unsigned": report.unsigned,
        "skipped": [{"path": path, "reason": reason} for path, reason in report.skipped],
        "seconds": round(report.seconds, 3),
    }


def _chain(chain: ChainReport) -> dict[str, Any]:
    return {
        "account": chain.account,
        "region": chain.region,
        "trail": chain.trail,
        "home_region": chain.home_region,
        "bucket": chain.bucket,
        "folder": chain.folder,
        "valid": chain.is_valid,
        "found": _span(chain.start, chain.end),
        "digests": _tally(chain.digests),
        "backfill_digests": _tally(chain.backfill_digests),
        "logs": _tally(chain.logs),
        "gaps": [
            {**_span(gap.start, gap.end), "new_chain": gap.is_new_chain, "backfill": gap.is_backfill}
            for gap in chain.gaps
        ],
        "broken_links": chain.broken,
    }


def _tally(tally: Tally) -> dict[str, int]:
    counts: dict[str, int] = msgspec.to_builtins(tally)
    return counts


def _span(start: int | None, end: int | None) -> dict[str, str | None]:
    return {"from": _time(start), "to": _time(end)}


def _time(second: int | None) -> str | None:
    return None if second is None else digest_time_text(second)


def _covered(chain: ChainReport, dash: str) -> str:
    if chain.start is None or chain.end is None:
        return "-"
    start, end = (digest_time_text(second)[:16].replace("T", " ") for second in (chain.start, chain.end))
    return f"{start} {dash} {end[11:] if start[:10] == end[:10] else end}"


def draw_summary(report: ValidateReport, stream: Stream) -> Iterator[str]:
    """The chains, the files that are in no digest, and the sums as AWS's validator prints them."""
    yield f"{counted(report.keys, 'public key')} from {safe_text(report.keys_from)}"
    yield ""
    if report.chains:
        yield from _draw_chains(report, stream)
        yield ""
    yield from _draw_unsigned(report, stream)
    for path, reason in report.skipped:
        yield f"not looked into: {safe_text(path)}: {reason}"
    if report.skipped:
        yield ""
    if report.since is not None or report.until is not None:
        since, until = _time(report.since) or "the beginning", _time(report.until) or "the end"
        yield f"Results requested for {since} to {until}"
    yield from _draw_sums(report, stream)


def _draw_chains(report: ValidateReport, stream: Stream) -> Iterator[str]:
    columns = [
        Column("ACCOUNT"),
        Column("REGION"),
        Column("TRAIL", wraps=True, least=8),
        Column("DIGESTS COVER (UTC)", wraps=True, least=16),
        Column("DIGESTS", right=True),
        Column("LOGS", right=True),
        Column(""),
    ]
    rows: list[list[str | Cell]] = []
    for chain in report.chains:
        digests = Tally()
        digests.add(chain.digests)
        digests.add(chain.backfill_digests)
        rows.append(
            [
                chain.account,
                chain.region,
                chain.trail,
                _covered(chain, stream.pick("–", "-")),
                f"{digests.valid}/{digests.total}",
                f"{chain.logs.valid}/{chain.logs.total}",
                _chain_cell(chain, digests),
            ]
        )
    yield from draw_table(columns, rows, stream)


def _chain_cell(chain: ChainReport, digests: Tally) -> str | Cell:
    if not digests.total:
        return "no digests"
    return Cell("valid", "green") if chain.is_valid else Cell("NOT VALID", "bold red")


def _draw_unsigned(report: ValidateReport, stream: Stream) -> Iterator[str]:
    if report.unsigned:
        yield f"{counted(sum(report.unsigned.values()), 'file')} in no digest:"
        for reason, number in sorted(report.unsigned.items(), key=lambda item: (-item[1], item[0])):
            yield from paragraph(f"{number:,}  {reason}", stream.width, indent="  ")
        yield ""


def _draw_sums(report: ValidateReport, stream: Stream) -> Iterator[str]:
    digests, backfill, logs = report.sums()
    if not digests.total and not backfill.total:
        yield "No digests found"
        return
    span = report.span()
    if span is None:
        yield "No valid digests found in range"
    else:
        yield f"Results found for {digest_time_text(span[0])} to {digest_time_text(span[1])}:"
    yield ""
    for tally, name in ((digests, "digest"), (backfill, "backfill digest"), (logs, "log")):
        if tally.total:
            text = f"{tally.valid}/{tally.total} {name} files valid"
            if tally.invalid:
                text += f", {tally.invalid}/{tally.total} {name} files INVALID"
            if tally.unknown:
                text += f", {tally.unknown}/{tally.total} {name} files not verifiable"
            yield stream.style(text, "green" if tally.valid == tally.total else "bold red")
