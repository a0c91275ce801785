"""Writing a result: to standard output or, all of it or nothing, to a file; as JSON, NDJSON or CSV. Spec: IF-1, IF-2.

Rule: the same result gives the same bytes, and none of them acts on a terminal (`safe_text`).
"""

from __future__ import annotations

import io
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.atomic_file import replacing
from tocsin.cli.safe_text import csv_line, safe_json
from tocsin.cli.terminal import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tocsin.cli.terminal import Terminal

_JSON_WIDTH = 100
_STANDARD_OUTPUT = "-"


@contextmanager
def open_result(path: str | None, terminal: Terminal, environ: Mapping[str, str]) -> Iterator[Stream]:
    """Where the result is written to: standard output, or with `path` that file.

    The file appears under its name when the block ends well; before that, and when the block raises,
    a file that was there stays as it was. Pipes and devices are written to directly. Raises
    `InputError` when it cannot be written.
    """
    if path is None or path == _STANDARD_OUTPUT:
        yield terminal.output
        return
    with replacing(Path(path)) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="\n")
        stream = Stream(text, environ)
        try:
            yield stream
            stream.flush()
        finally:
            # The file belongs to `replacing`, which closes it; what could not be written has been told.
            with suppress(OSError, ValueError):
                text.detach()


def write_json(stream: Stream, value: Any) -> None:
    """One JSON document, laid out for reading: what fits on a line stands on one."""
    stream.write(_layout(value, "", ascii_only=not stream.is_utf8) + "\n")


def _layout(value: Any, indent: str, *, ascii_only: bool) -> str:
    text = safe_json(value, ascii_only=ascii_only)
    if len(indent) + len(text) <= _JSON_WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return text
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{safe_json(key, ascii_only=ascii_only)}: {_layout(item, deeper, ascii_only=ascii_only)}"
            for key, item in value.items()
        ]
        start, end = "{", "}"
    else:
        parts = [_layout(item, deeper, ascii_only=ascii_only) for item in value]
        start, end = "[", "]"
    inner = ",\n".join(deeper + part for part in parts)
    return f"{start}\n{inner}\n{indent}{end}"


def write_ndjson(stream: Stream, values: Iterable[Any]) -> None:
    """One JSON value a line."""
    for value in values:
        stream.write(safe_json(value, ascii_only=not stream.is_utf8) + "\n")


def write_csv(stream: Stream, head: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> None:
    """A CSV file with its head. Text that a spreadsheet would run begins with an apostrophe."""
    stream.write(csv_line(list(head)))
    for row in rows:
        stream.write(csv_line(list(row)))


def write_lines(stream: Stream, lines: Iterable[str]) -> None:
    """Lines of text that is safe already."""
    for line in lines:
        stream.write(f"{line}\n")
