"""Records as lines of a file, or of standard output, as soon as each call is answered. Spec: REC-16.1, IF-8.

Rule: a line is there in full or not at all; where the disk is full, the next line that fits is written behind the
last whole one.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.app.counters import Counters

STANDARD_OUTPUT = "-"


class NdjsonSink:
    """Appends each record to a file."""

    name = "ndjson"

    def __init__(self, target: str, *, counters: Counters, log: Any) -> None:
        """`target` is a path, or `-`. Raises InputError where it cannot be written to."""
        self._shown = "standard output" if target == STANDARD_OUTPUT else target
        try:
            if target == STANDARD_OUTPUT:
                self._file = os.dup(sys.stdout.fileno())
            else:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
                self._file = os.open(Path(target), flags, 0o600)
        except (OSError, ValueError, AttributeError) as error:  # of a process without standard output
            reason = getattr(error, "strerror", None) or "it is closed"
            raise InputError(f"--ndjson: cannot write {self._shown}: {reason}") from None
        self._is_regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        self._counters = counters
        self._log = log
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the last line could not be written; empty where it was."""
        return self._problem

    def take(self, record: dict[str, Any], line: bytes) -> None:
        """Write one line, at once."""
        del record
        size = os.fstat(self._file).st_size if self._is_regular else 0
        rest = memoryview(line + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            if self._is_regular and len(rest) <= len(line):
                with suppress(OSError):
                    os.ftruncate(self._file, size)  # a part of a line would spoil the next one
            self._fail(error)
            return
        self._counters.add("records_delivered", sink=self.name)
        if self._problem:
            self._problem = ""
            self._log.info("sink-recovered", sink=self.name, target=self._shown)

    def _fail(self, error: OSError) -> None:
        self._counters.add("sink_failures", sink=self.name)
        self._counters.add("records_dropped", reason=self.name)
        problem = f"cannot write {self._shown}: {error.strerror or error}"
        if problem != self._problem:
            self._problem = problem
            self._log.error("sink-failed", sink=self.name, reason=problem)

    def tick(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
