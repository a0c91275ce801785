"""Where output goes and what can be shown there: width, colour, characters. Spec: IF-1.

Rule: standard output carries the result alone; everything else goes to standard error. Colour and
movement appear only on a terminal.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, TextIO

from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NARROWEST = 40
_PIPE_WIDTH = 100  # a file or a pipe has no width; a pager usually has about this
_COLOURS = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold red": "1;31",
    "bold cyan": "1;36",
}


class Stream:
    """A text stream with what it can show. `is_broken` says that writing to it has failed."""

    def __init__(self, text: TextIO, environ: Mapping[str, str]) -> None:
        self.text = text
        self.is_terminal = _is_terminal(text)
        # https://no-color.org: any value but the empty one switches colour off.
        self.has_colour = self.is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self.can_move = self.is_terminal and environ.get("TERM") != "dumb"
        self.is_utf8 = (getattr(text, "encoding", None) or "").lower().replace("_", "-") in {"utf-8", "utf8"}
        self.is_broken = False
        self._columns = environ.get("COLUMNS", "")

    @property
    def width(self) -> int:
        """Columns of the terminal now; `COLUMNS` or 100 where there is none."""
        if self.is_terminal:
            try:
                columns = os.get_terminal_size(self.text.fileno()).columns
            except (OSError, ValueError):
                columns = 0
            if columns > 0:
                return max(_NARROWEST, columns)
        if self._columns.isascii() and self._columns.isdigit() and 0 < len(self._columns) < 6 and int(self._columns):
            return max(_NARROWEST, int(self._columns))
        return 80 if self.is_terminal else _PIPE_WIDTH

    def style(self, text: str, style: str) -> str:
        """`text` in that colour where the stream has colours (`bold`, `dim`, `red`, `bold red`, …)."""
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.has_colour and text else text

    def pick(self, unicode: str, ascii_text: str) -> str:
        """`unicode` where the stream can show it, else `ascii_text`."""
        return unicode if self.is_utf8 else ascii_text

    def write(self, text: str) -> None:
        """Write text that is safe already (`safe_text`). Raises `InputError` when there is no room for it."""
        try:
            self.text.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._cannot_write(error) from error

    def flush(self) -> None:
        """Hand over what was written. Raises `InputError` when there is no room for it."""
        try:
            self.text.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> InputError:
        self.is_broken = True
        return InputError(f"cannot write the output: {error.strerror}")


def _is_terminal(text: TextIO) -> bool:
    try:
        return text.isatty()
    except ValueError:  # closed
        return False


class Terminal:
    """The three streams of a process. `input` is binary: what comes in is not trusted to be text."""

    def __init__(self, output: TextIO, error: TextIO, source: BinaryIO, environ: Mapping[str, str]) -> None:
        self.output = Stream(output, environ)
        self.error = Stream(error, environ)
        self.input = source

    def note(self, text: str) -> None:
        """Say something that is no part of the result, on standard error."""
        from tocsin.cli.safe_text import safe_text

        # Line breaks and tabs are ours here: carets stand under tabs.
        lines = ["\t".join(map(safe_text, line.split("\t"))) for line in text.split("\n")]
        self.error.write("tocsin: " + "\n".join(lines) + "\n")
        self.error.flush()
