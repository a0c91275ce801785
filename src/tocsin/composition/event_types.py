"""`tocsin explain event-types PATH`: the use case with its files and processes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.census import CensusPart, CensusReport, CensusTaker
from tocsin.app.selection import Selection
from tocsin.composition.archive_work import run_while_finding
from tocsin.core.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.composition.archive_work import ShowProgress, Task


def count_event_types(
    paths: Sequence[str],
    *,
    jobs: int | None = None,
    since: int | None = None,
    until: int | None = None,
    accounts: frozenset[str] = frozenset(),
    regions: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
    progress: ShowProgress | None = None,
) -> CensusReport:
    """How many records of each event type lie below `paths` (CT-1.1)."""
    total = CensusPart()
    make = partial(_make_census_taker, Selection(since=since, until=until, accounts=accounts, regions=regions), limits)
    for part in run_while_finding(make, paths, total.ledger, jobs=jobs, progress=progress, found_by=_records_of):
        total.merge(part)
    return total.report()


def _records_of(part: CensusPart) -> int:
    return part.ledger.read


def _make_census_taker(
    selection: Selection, limits: Limits, open_file: OpenArchiveFile
) -> Callable[[Task], CensusPart]:
    return CensusTaker(selection, open_file=open_file, limits=limits).count
