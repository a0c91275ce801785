"""Finding the records of an archive that a filter pattern matches. Spec: IF-1 (`grep`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.ledger import Ledger
from tocsin.app.reader import RecordReader
from tocsin.app.scan import one_line
from tocsin.app.selection import Selection
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.pattern import FilterPattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.app.ports import OpenArchiveFile


class GrepPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. `invert` asks for the records that do not match."""

    pattern: str
    invert: bool = False
    selection: Selection = Selection()
    limits: Limits = DEFAULT_LIMITS


class GrepLine(msgspec.Struct, frozen=True, array_like=True):
    """A record that was found: the `position`-th value of the file `path`, its JSON text on one line."""

    path: str
    position: int
    text: str


class GrepCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a file were found."""

    place: int
    path: str
    found: int


class GrepPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one process found in its files; the lines themselves were kept."""

    counts: list[GrepCount]
    ledger: Ledger


class Finder:
    """Looks for records in files, one after another."""

    def __init__(self, plan: GrepPlan, *, open_file: OpenArchiveFile) -> None:
        self._pattern = FilterPattern.parse(plan.pattern)
        self._invert = plan.invert
        self._reader = RecordReader(
            (self._pattern,),
            open_file=open_file,
            selection=plan.selection,
            limits=plan.limits,
            everything=plan.invert,
        )

    def lines(self, path: str, ledger: Ledger) -> Iterator[GrepLine]:
        """The records that were asked for, in the order of the file."""
        for candidate in self._reader.read(path, ledger):
            if self._pattern.matches_event(candidate.event) is not self._invert:
                yield GrepLine(path, candidate.position, one_line(candidate.event.text))

    def find(self, files: Iterable[tuple[int, str]], keep: Callable[[int, GrepLine], None] | None) -> GrepPart:
        """Count the records that were asked for in each file, and `keep` them when that is wanted."""
        ledger = Ledger()
        counts = []
        for place, path in files:
            found = 0
            for line in self.lines(path, ledger):
                found += 1
                if keep is not None:
                    keep(place, line)
            counts.append(GrepCount(place=place, path=path, found=found))
        return GrepPart(counts=counts, ledger=ledger)
