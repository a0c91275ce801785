"""Records as log files in CloudTrail's layout, in a folder. Spec: CT-11, REC-16.1, IF-8.

Rule: a file appears when it is whole, and is never written again. What cannot be written now is kept, up to a bound,
and written with the next file.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

from tocsin.archive.folder import FolderStore
from tocsin.core.kept_record import LOG_FOLDER
from tocsin.core.scope import Scope
from tocsin.core.trail.log_file import log_file_content
from tocsin.core.trail.object_key import log_file_key, unique_part
from tocsin.errors import ArchiveError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tocsin.app.counters import Counters
    from tocsin.clock import Clock

INTERVAL: Final = 300.0
"""Seconds between two files of an account and region (CT-11.4)."""

_MOST_BYTES: Final = 64 * 1024 * 1024
_FILE_BYTES: Final = 32 * 1024 * 1024
"""Of records, unpacked: a file is written before there is more."""

_TOP: Final = "AWSLogs"
_AGAIN: Final = 10.0


class ArchiveSink:
    """Gathers records, and writes a file for each account and region."""

    name = "archive"

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        new_secret: Callable[[int], bytes],
        counters: Counters,
        log: Any,
        interval: float = INTERVAL,
    ) -> None:
        """Raises InputError where the folder cannot be made."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--archive: cannot make {folder}: {error.strerror or error}") from None
        self._folder = folder
        self._store = FolderStore(folder)
        self._clock = clock
        self._new_secret = new_secret
        self._counters = counters
        self._log = log
        self._interval = interval
        self._lines: dict[Scope, list[bytes]] = {}
        self._bytes: dict[Scope, int] = {}
        self._due: dict[Scope, float] = {}
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the last file could not be written; empty where it was."""
        return self._problem

    def take(self, record: dict[str, Any], line: bytes) -> None:
        """Keep one record for the next file."""
        if sum(self._bytes.values()) + len(line) > _MOST_BYTES:
            self._counters.add("records_dropped", reason=self.name)
            return
        scope = Scope(record["recipientAccountId"], record["awsRegion"])
        self._lines.setdefault(scope, []).append(line)
        self._bytes[scope] = self._bytes.get(scope, 0) + len(line)
        self._due.setdefault(scope, self._clock.monotonic() + self._interval)
        if self._bytes[scope] >= _FILE_BYTES and not self._problem:
            self._write(scope)

    def tick(self) -> None:
        """Write the files that are due."""
        now = self._clock.monotonic()
        for scope in [scope for scope, due in self._due.items() if due <= now]:
            self._write(scope)

    def close(self) -> None:
        """Write what is here."""
        for scope in list(self._due):
            self._write(scope)
        left = sum(len(lines) for lines in self._lines.values())
        if left:
            self._counters.add("records_dropped", left, reason=self.name)
            self._log.error("records-lost", count=left, reason=self._problem)

    def _write(self, scope: Scope) -> None:
        lines = self._lines[scope]
        key = log_file_key(scope, folder=LOG_FOLDER, at=self._clock.now(), unique=unique_part(self._new_secret(16)))
        body = gzip.compress(log_file_content(lines).content, 6, mtime=0)
        try:
            self._store.put(_TOP, key.removeprefix(f"{_TOP}/"), body, metadata={})
        except ArchiveError as error:
            self._counters.add("sink_failures", sink=self.name)
            self._due[scope] = self._clock.monotonic() + _AGAIN
            if error.message != self._problem:
                self._problem = error.message
                self._log.error("sink-failed", sink=self.name, reason=error.message)
            return
        del self._lines[scope], self._bytes[scope], self._due[scope]
        self._problem = ""
        self._counters.add("records_delivered", len(lines), sink=self.name)
