"""The line that says what was done, which stays until it is dismissed. Spec: CON-7.1, CON-7.7.

Rule: what a line says is kept here and named in the address by a number that nobody can guess from outside, so no link
of somebody else's makes the console say anything.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.audit import UNDO_MS

if TYPE_CHECKING:
    from tocsin.console.answer import Redirect, Undo

UNDO_FOR: Final = timedelta(milliseconds=UNDO_MS)
"""For so long a change can be taken back."""

_MOST: Final = 1_000


class ResultLine(NamedTuple):
    """What was done, on which page that is told, and how it is taken back, which can be done until a time."""

    text: str
    to: str
    undo: Undo | None
    undo_until: datetime


class ResultLines:
    """The newest lines."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, ResultLine] = OrderedDict()

    def told(self, redirect: Redirect, at: datetime) -> str:
        """Keep what a redirect tells; the address that tells it."""
        ident = secrets.token_urlsafe(9)
        with self._lock:
            self._lines[ident] = ResultLine(redirect.told, redirect.to, redirect.undo, at + UNDO_FOR)
            if len(self._lines) > _MOST:
                self._lines.popitem(last=False)
        path, mark, rest = redirect.to.partition("#")
        return f"{path}{'&' if '?' in path else '?'}told={ident}{mark}{rest}"

    def line(self, ident: str, at: datetime) -> ResultLine | None:
        """The line of that name, as it is at a time; None where there is none (any more)."""
        with self._lock:
            line = self._lines.get(ident) if ident else None
        return line if line is None or at < line.undo_until else line._replace(undo=None)
