"""`tocsin explain pattern`: read a filter pattern, and try it on an event. Spec: R-16, R-51, FP-13.32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions, ReadingOptions, limits_chosen
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.cli.terminal import Stream
    from tocsin.core.lint import Observation
    from tocsin.core.pattern import FilterPattern

_TO_THE_TERMINAL = OutputOptions()
_WIDEST = 110
_GZIP = b"\x1f\x8b"


def pattern(
    source: Annotated[str, Parameter(name="PATTERN")],
    event: Annotated[str | None, Parameter(name="EVENT")] = None,
    /,
    *,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Read a CloudWatch Logs filter pattern aloud: its structure, what it asks for, what may be wrong with it.

    It makes up an event that the pattern matches; with EVENT it says clause by clause why that event does or does
    not match.

    Parameters
    ----------
    source
        A filter pattern; write -- in front of one that begins with a dash.
    event
        A file with one event, a JSON record or a line of text; - is standard input (default: none).

    Examples
    --------
    tocsin explain pattern '{ $.eventName = ConsoleLogin }'
        what it asks for, and an event that it matches

    tocsin explain pattern '{ $.userIdentity.invokedBy != "x" }' record.json
        why a record does not match

    echo '10.0.0.1 GET 404' | tocsin explain pattern '[ip, verb, code = 4*]' -
        a line from standard input
    """
    from tocsin.core.lint import lint_pattern
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.pattern.equivalence import example_of

    parsed = FilterPattern.parse(source)
    message = None if event is None else _read_event(event, invocation)
    findings = lint_pattern(source)
    example = example_of(parsed)
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        if output.format == "table":
            write_lines(stream, _draw(parsed, findings, example, message, stream))
        elif output.format == "csv":
            rows = [(str(one.severity), one.name, one.spec, one.position, one.message, one.hint) for one in findings]
            write_csv(stream, ("severity", "name", "spec", "position", "message", "hint"), rows)
        else:
            document = _document(parsed, findings, example, message)
            write_json(stream, document) if output.format == "json" else write_ndjson(stream, [document])
    return DONE


def _read_event(path: str, invocation: Invocation) -> bytes:
    """The bytes of an event, without the line break at its end. Raises `InputError` for what is no single event."""
    most = limits_chosen(ReadingOptions(), invocation).record
    if path == "-":
        data = invocation.terminal.input.read(most + 1)
    else:
        place = Path(path)
        if not place.exists():
            msg = f"{path}: there is no such file"
            raise NotFoundError(msg)
        if not (place.is_file() or place.is_fifo()):  # a shell gives the output of a command as a pipe
            msg = f"{path}: not a file with an event"
            raise InputError(msg)
        try:
            with place.open("rb") as file:
                data = file.read(most + 1)
        except OSError as error:
            msg = f"{path}: {error.strerror or error}"
            raise InputError(msg) from error
    if len(data) > most:
        msg = f"{path}: an event has at most {most:,} bytes"
        raise InputError(msg, hint="tocsin grep --explain reads whole archives")
    if data.startswith(_GZIP):
        msg = f"{path}: a packed log file is no single event"
        raise InputError(msg, hint=f"tocsin grep --explain PATTERN {path} explains each record of it")
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _draw(
    parsed: FilterPattern, findings: list[Observation], example: str | None, message: bytes | None, stream: Stream
) -> Iterator[str]:
    from tocsin.cli.safe_text import safe_text
    from tocsin.cli.table import paragraph
    from tocsin.core.pattern.explanation_text import render_explanation
    from tocsin.core.pattern.tree import Json
    from tocsin.core.pattern.words import pattern_lines, pattern_words

    width = min(_WIDEST, stream.width)
    yield stream.style("Pattern", "bold cyan")
    yield from _indented(pattern_lines(parsed.tree), width)
    yield ""
    yield stream.style("In words", "bold cyan")
    yield from _indented(pattern_words(parsed.tree), width)
    if isinstance(parsed.tree, Json):
        names = parsed.index_keys
        if names:
            text = f"Only events named {', '.join(sorted(names))} are looked at closely."
        else:
            text = "It has to be tried on every event: no eventName is certain to be asked for."
        yield from paragraph(text, width, indent="  ")
    if findings:
        yield ""
        yield stream.style("Findings", "bold cyan")
        for finding in findings:
            yield from _finding(parsed.source, finding, stream, width)
    yield ""
    if message is None:
        yield stream.style("An event that it matches", "bold cyan")
        if example is None:
            yield "  none was found"
        else:
            yield from _example_lines(example, width)
        return
    yield stream.style("The event", "bold cyan")
    lines = render_explanation(parsed.explain(message), width=width - 2).split("\n")
    yield from (f"  {line}" for line in lines)
    remark = _remark(message)
    if remark:
        yield ""
        yield from paragraph(safe_text(remark), width, indent="  ")


def _indented(lines: list[str], width: int) -> Iterator[str]:
    from tocsin.cli.safe_text import safe_text
    from tocsin.cli.table import wrap

    for line in map(safe_text, lines):
        text = line.lstrip()
        indent = "  " + " " * (len(line) - len(text))
        first, *more = wrap(text, max(20, width - len(indent)))
        yield indent + first
        yield from (f"{indent}   {part}" for part in more)


def _finding(source: str, finding: Observation, stream: Stream, width: int) -> Iterator[str]:
    from tocsin.cli.findings_text import window
    from tocsin.cli.severity import severity_style
    from tocsin.cli.table import paragraph

    style = severity_style(finding.severity)
    first = f"  {stream.style(finding.severity, style)} {finding.name}: "
    indent = "    "
    plain = f"{finding.severity} {finding.name}: {finding.message}  [{finding.spec}]"
    lines = paragraph(plain, width, indent=indent, first="  ")
    if stream.has_colour and lines[0].startswith(f"  {finding.severity} {finding.name}:"):
        lines[0] = first + lines[0][len(f"  {finding.severity} {finding.name}: ") :]
    yield from lines
    text, caret = window(source.replace("\n", " "), finding.position, width - 8, mark=stream.pick("…", "..."))
    yield f"      {text}"
    yield f"      {' ' * caret}{stream.style('^', style)}"
    if finding.hint:
        yield from paragraph(finding.hint, width, indent="      ", first="    = ")


def _example_lines(example: str, width: int) -> Iterator[str]:
    from tocsin.cli.safe_text import safe_json_text, safe_text

    try:
        value = json.loads(example)
    except (ValueError, RecursionError):
        yield f"  {safe_text(example)}"
        return
    if len(example) + 2 <= width:
        yield f"  {safe_json_text(example)}"
        return
    laid_out = json.dumps(value, indent=2, ensure_ascii=False)
    yield from (f"  {safe_json_text(line)}" for line in laid_out.split("\n"))


def _remark(message: bytes) -> str:
    """A word about an event that is a file of records, which is a mistake easily made."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return ""
    if isinstance(value, dict) and isinstance(value.get("Records"), list):
        return (
            f"This is a log file with {len(value['Records'])} records, taken here as one event. "
            "tocsin grep --explain takes each record by itself."
        )
    return ""


def _document(
    parsed: FilterPattern, findings: list[Observation], example: str | None, message: bytes | None
) -> dict[str, Any]:
    import msgspec

    from tocsin.core.pattern.words import pattern_words

    names = parsed.index_keys
    document: dict[str, Any] = {
        "pattern": parsed.source,
        "canonical": str(parsed),
        "words": pattern_words(parsed.tree),
        "event_names": None if names is None else sorted(names),
        "findings": [msgspec.to_builtins(finding) for finding in findings],
        "example": example,
    }
    if message is not None:
        document["explanation"] = msgspec.to_builtins(parsed.explain(message))
    return document
