"""`tocsin demo`: the walk-through of the whole chain, told as it happens. Spec: IF-1."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.safe_text import safe_text
from tocsin.cli.signature import Parameter
from tocsin.cli.state_band import state_band, stretches_of
from tocsin.cli.table import pad, paragraph, shorten, width_of
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.cli.terminal import Terminal

_EXTRA = "pip install 'tocsin[server,demo]' brings them"
_INDENT = "   "
_LABEL = 17
_BAND = 48
_DETAILS = "DETAILS"


def demo(
    *,
    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR", group="Data")] = None,
    realtime: Annotated[bool, Parameter(name="--realtime", group="Time")] = False,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Walk through the whole chain on this machine: a trail, an alarm, and somebody who opens a port.

    A service is started and told what to watch; a security group is changed through the recorder; the record travels
    through trail, log group, metric filter and alarm into a mail that says who did it. Then somebody goes for the
    trail itself. Each step shows the command of the AWS CLI that does the same. No account and no network are needed;
    it takes about half a minute, on a clock that runs sixty times as fast.

    Parameters
    ----------
    data
        Keep everything in this folder, which must be new or empty (default: a new folder for temporary files).
    realtime
        Let time pass as it does: half an hour, with the waits that AWS has (default: sixty times as fast).

    Examples
    --------
    tocsin demo
        half a minute

    tocsin demo --data walk-through && tocsin serve --data walk-through
        and have a look at it afterwards
    """
    _require_extra()
    folder = _new_folder(data)
    narrator = TerminalNarrator(invocation.terminal)
    narrator.opening(is_realtime=realtime)
    invocation.use_cases.demo(data=folder, is_realtime=realtime, narrator=narrator, environ=invocation.environ)
    narrator.closing(folder)
    return DONE


def _require_extra() -> None:
    try:
        import botocore  # noqa: F401  # looks whether it is there
        import uvicorn  # noqa: F401  # as above
    except ImportError as error:
        missing = f"the demonstration needs libraries that are not installed ({error.name})"
        raise InputError(missing, hint=_EXTRA) from None


def _new_folder(data: Path | None) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    try:
        if data.exists() and (not data.is_dir() or any(data.iterdir())):
            raise InputError(
                f"{data}: there is something already", hint="--data takes a folder that is empty or not there"
            )
    except OSError as error:
        raise InputError(f"{data}: {error.strerror or error}", hint="--data names another folder") from None
    return data


class TerminalNarrator:
    """Tells the story on standard output."""

    def __init__(self, terminal: Terminal) -> None:
        self._out = terminal.output
        self._error = terminal.error
        self._chapters = 0
        self._waits_for = ""

    def opening(self, *, is_realtime: bool) -> None:
        """What is about to come."""
        pace = "in real time: half an hour" if is_realtime else "on a clock sixty times as fast: about half a minute"
        self._lines(
            self._out.style("From a trail to the mail that says who did it", "bold"),
            *paragraph(f"Everything runs on this machine, {pace}. Times are those of that clock, in UTC.", self._width),
        )

    def closing(self, folder: Path) -> None:
        """What one can do with what is left."""
        self._lines("", self._out.style("Have a look at it:", "bold"))
        name = safe_text(str(folder))
        for command in (
            f"tocsin serve --data {name}",
            f"tocsin mailbox --data {name}",
            f"tocsin validate {name}/s3 --data {name}",
            f"tocsin scan {name}/s3 -r article",
        ):
            self._lines(f"{_INDENT}$ {command}")

    def chapter(self, title: str, text: str) -> None:
        """A new part begins."""
        self._chapters += 1
        self._lines("", self._out.style(f"{self._chapters}  {safe_text(title)}", "bold cyan"))
        for line in paragraph(safe_text(text), self._width) if text else ():
            self._lines(_INDENT + line)

    def command(self, actor: str, command: str) -> None:
        """Somebody makes a call."""
        style = "red" if actor == "mallory" else "dim"
        lines = list(continued(f"$ {safe_text(command)}", self._width - 9))
        self._lines(_INDENT + self._out.style(pad(actor, 8), style) + lines[0])
        self._lines(*(f"{_INDENT}{' ' * 12}{line}" for line in lines[1:]))

    def fact(self, at: datetime | None, label: str, text: str) -> None:
        """Something is there now."""
        moment = "" if at is None else f"{at.astimezone(UTC):%H:%M:%S}"
        told = safe_text(text)
        style = "bold red" if told.endswith(": ALARM") else "green" if told.endswith(": OK") else ""
        room = self._width - _LABEL - 10
        first, *rest = list(paragraph(told, room)) if " " in told else [shorten(told, room, keep_end=True)]
        shown = self._out.style(first, style) if style else first
        self._lines(f"{_INDENT}{self._out.style(pad(moment, 8), 'dim')}  {pad(safe_text(label), _LABEL)}{shown}")
        self._lines(*(f"{_INDENT}{' ' * (_LABEL + 10)}{line}" for line in rest))

    def say(self, text: str) -> None:
        """What one should know about what comes next."""
        self._lines(*(_INDENT + line for line in paragraph(safe_text(text), self._width)))

    def mail(self, name: str, sender: str, recipient: str, subject: str, lines: Sequence[str]) -> None:
        """A mail has come: its beginning, which says what one has to know."""
        bar = self._out.style(self._out.pick("│", "|"), "dim")
        head = [f"From: {sender}", f"To: {recipient}", f"Subject: {subject}", ""]
        said = [*takewhile(lambda line: line != _DETAILS, lines)]
        if len(said) < len(lines):
            said.append(f"… and the details: tocsin mailbox show {name}")
        shown = [shorten(safe_text(line), self._width - 2) for line in [*head, *said]]
        self._lines("", *(f"{_INDENT}{bar} {line}".rstrip() for line in shown), "")

    def waiting(self, what: str) -> None:
        """Say on a terminal what is being waited for."""
        if self._error.can_move and self._waits_for != what:
            self._waits_for = what
            self._error.write(f"\r\x1b[K{_INDENT}{self._error.style(f'waiting for {safe_text(what)} …', 'dim')}")
            self._error.flush()

    def states(self, rows: Sequence[tuple[str, Sequence[tuple[float, str]]]], *, start: float, end: float) -> None:
        """The alarms over the time of the story, one line each."""
        width = max((width_of(name) for name, _ in rows), default=0)
        first, last = (f"{datetime.fromtimestamp(second, UTC):%H:%M}" for second in (start, end))
        self._lines(f"{_INDENT}{' ' * width}  {first}{' ' * (_BAND - len(first) - len(last))}{last}")
        for name, changes in rows:
            stretches = stretches_of(changes, start=start, end=end)
            band = state_band(stretches, start=start, end=end, width=_BAND, unicode=self._out.is_utf8)
            self._lines(f"{_INDENT}{pad(safe_text(name), width)}  {band}")
        marks = self._out.pick("█ ALARM   · OK   ░ not enough data yet", "# ALARM   . OK   ? not enough data yet")
        self._lines(f"{_INDENT}{' ' * width}  {marks}", "")

    @property
    def _width(self) -> int:
        return min(self._out.width, 120) - len(_INDENT)

    def _lines(self, *lines: str) -> None:
        if self._waits_for:
            self._waits_for = ""
            self._error.write("\r\x1b[K")
            self._error.flush()
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def continued(command: str, width: int) -> Iterator[str]:
    """A command of a POSIX shell over several lines, none wider than asked as far as its words allow.

    An option stands on one line with its first value; what is quoted is not broken.
    """
    line = ""
    for piece in _pieces(command):
        if line and width_of(line) + width_of(piece) + 3 > width:
            yield f"{line} \\"
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    yield line


def _pieces(command: str) -> Iterator[str]:
    """The words of a command as they are written, an option with its first value."""
    option = ""
    for word in _words(command):
        if option and word.startswith("--"):
            yield option
            option = word
        elif option:
            yield f"{option} {word}"
            option = ""
        elif word.startswith("--"):
            option = word
        else:
            yield word
    if option:
        yield option


def _words(command: str) -> Iterator[str]:
    word, quote = "", ""
    for character in command:
        if character == " " and not quote:
            yield word
            word = ""
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        word += character
    yield word
