"""How many records of each event type an archive holds. Spec: CT-1.1, CT-1.2."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.ledger import Ledger
from tocsin.app.reader import RecordReader
from tocsin.app.report import Bytes, Files, Records
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.record_category import Category, category_of, is_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.selection import Selection
    from tocsin.core.event import Event

# How many distinct event names are counted, and how many are shown.
_NAMES = 100_000
_NAMES_SHOWN = 5


class CategoryCount(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one kind: how many, how many of them read or write, the most frequent names.

    `unsaid` are those that do not tell whether they read or write. Names are `source:name`.
    """

    category: Category
    records: int
    reads: int
    writes: int
    unsaid: int
    names: list[tuple[str, int]]


class CensusReport(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of an archive by event type, with the ledger of IF-2.

    `other` counts records of categories that this version does not know, by their name.
    """

    categories: list[CategoryCount]
    other: dict[str, int]
    files: Files
    records: Records
    bytes: Bytes


class CensusPart:
    """What one process has counted; parts add up."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.reads: Counter[tuple[str, bool | None]] = Counter()
        self.names: Counter[tuple[str, str]] = Counter()

    def merge(self, other: CensusPart) -> None:
        """Add what another process has counted."""
        self.ledger.merge(other.ledger)
        self.reads.update(other.reads)
        for key, count in other.names.items():
            self._name(key, count)

    def count(self, event: Event) -> None:
        """Count one record."""
        record = event.value
        assert isinstance(record, dict)  # the reader gives nothing else
        category = category_of(record)
        self.reads[category, is_read(record)] += 1
        name, source = event.get("eventName"), event.get("eventSource")
        if type(name) is str and type(source) is str:
            self._name((category, f"{source.removesuffix('.amazonaws.com')}:{name}"[:200]), 1)

    def _name(self, key: tuple[str, str], count: int) -> None:
        if key in self.names or len(self.names) < _NAMES:
            self.names[key] += count

    def report(self) -> CensusReport:
        """The counts of everything that was added."""
        known = {category.value for category in Category}
        return CensusReport(
            categories=[self._category(category) for category in Category],
            other={name: sum(self._reads(name)) for name in sorted({name for name, _ in self.reads} - known)},
            files=self.ledger.files(),
            records=self.ledger.records(),
            bytes=self.ledger.bytes(),
        )

    def _reads(self, category: str) -> tuple[int, int, int]:
        return self.reads[category, True], self.reads[category, False], self.reads[category, None]

    def _category(self, category: Category) -> CategoryCount:
        reads, writes, unsaid = self._reads(category)
        names = sorted((-count, name) for (kind, name), count in self.names.items() if kind == category)
        return CategoryCount(
            category=category,
            records=reads + writes + unsaid,
            reads=reads,
            writes=writes,
            unsaid=unsaid,
            names=[(name, -count) for count, name in names[:_NAMES_SHOWN]],
        )


class CensusTaker:
    """Counts the records of files, one after another."""

    def __init__(self, selection: Selection, *, open_file: OpenArchiveFile, limits: Limits = DEFAULT_LIMITS) -> None:
        self._reader = RecordReader((), open_file=open_file, selection=selection, limits=limits, everything=True)

    def count(self, files: Iterable[tuple[int, str]]) -> CensusPart:
        """Count the records of these files, each given by its place in the order of all and its path."""
        part = CensusPart()
        for _, path in files:
            for candidate in self._reader.read(path, part.ledger):
                part.count(candidate.event)
        return part
