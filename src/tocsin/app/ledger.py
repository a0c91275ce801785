"""What was read and what was not, and why: the ledger that every archive command ends with.

Rule: nothing is left out without a line here, and ledgers of parts add up to the ledger of the whole,
in whatever order they are merged. Spec: IF-2, HS-4.
"""

from __future__ import annotations

import heapq

from tocsin.app.report import Bytes, Files, Problem, Records, Skip
from tocsin.core.event_time import format_time

# How many problems are shown; the rest are counted.
_PROBLEMS = 100


class Ledger:
    """Counts of files, records and bytes, with the reasons for what is missing."""

    def __init__(self) -> None:
        self.files_read = 0
        self.digests = 0
        self.skipped: list[tuple[str, str]] = []
        self.read = 0
        self.selected = 0
        self.malformed = 0
        self.first: int | None = None
        self.last: int | None = None
        self.problems: list[tuple[str, int, str]] = []
        self.bytes_read = 0
        self.bytes_unpacked = 0

    def skip(self, path: str, reason: str) -> None:
        """Note a file that was not read, or not to its end."""
        self.skipped.append((path, reason))

    def problem(self, path: str, position: int, reason: str) -> None:
        """Count a value that is no record: the `position`-th of its file, from 1."""
        self.malformed += 1
        self.problems.append((path, position, reason))
        if len(self.problems) >= 4 * _PROBLEMS:
            self.problems = heapq.nsmallest(_PROBLEMS, self.problems)

    @property
    def known_span(self) -> tuple[int, int] | None:
        """The earliest and the latest second of selected records so far; None before the first one."""
        return None if self.first is None or self.last is None else (self.first, self.last)

    def span(self, first: int, last: int) -> None:
        """Widen the span of selected records, in seconds since the epoch."""
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def merge(self, other: Ledger) -> None:
        """Add all that `other` holds."""
        self.files_read += other.files_read
        self.digests += other.digests
        self.skipped += other.skipped
        self.read += other.read
        self.selected += other.selected
        self.malformed += other.malformed
        if other.first is not None and other.last is not None:
            self.span(other.first, other.last)
        self.problems = heapq.nsmallest(_PROBLEMS, self.problems + other.problems)
        self.bytes_read += other.bytes_read
        self.bytes_unpacked += other.bytes_unpacked

    def files(self) -> Files:
        """The files part of a report, skipped ones by path."""
        skipped = [Skip(path=path, reason=reason) for path, reason in sorted(self.skipped)]
        return Files(read=self.files_read, digests=self.digests, skipped=skipped)

    def records(self) -> Records:
        """The records part of a report."""
        return Records(
            read=self.read,
            selected=self.selected,
            malformed=self.malformed,
            first=None if self.first is None else format_time(self.first),
            last=None if self.last is None else format_time(self.last),
            problems=[
                Problem(path=path, position=position, reason=reason)
                for path, position, reason in heapq.nsmallest(_PROBLEMS, self.problems)
            ],
        )

    def bytes(self) -> Bytes:
        """The bytes part of a report."""
        return Bytes(read=self.bytes_read, unpacked=self.bytes_unpacked)
