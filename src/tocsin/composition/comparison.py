"""`tocsin backtest --compare`: the use case with its files and processes. The archive is read once."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.comparison import ComparisonPlan, compare_versions
from tocsin.app.comparison_data import (
    ComparisonData,
    ComparisonDataPlan,
    ComparisonReader,
    ComparisonTotal,
    Sighting,
    sightings_in,
)
from tocsin.app.rulepack import shared_clauses
from tocsin.composition.archive_work import find_files, largest_first, run, tasks_of
from tocsin.core.tally import TooManyDatapointsError
from tocsin.engines.spool import Spool, SpoolFolder
from tocsin.errors import InputError
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.comparison_report import ComparisonReport
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.composition.archive_work import ShowProgress, Task


def compare(
    paths: Sequence[str], plan: ComparisonPlan, *, jobs: int | None = None, progress: ShowProgress | None = None
) -> ComparisonReport:
    """Say what the two versions of `plan` do differently on the records below `paths`.

    InputError for a path that does not exist, or matches that do not fit into memory.
    """
    started = time.perf_counter()
    reading = plan.data_plan(shared_clauses())
    data = _read(paths, reading, jobs=jobs, progress=progress)
    return compare_versions(plan, reading, data, version=__version__, elapsed=lambda: time.perf_counter() - started)


def _read(
    paths: Sequence[str], plan: ComparisonDataPlan, *, jobs: int | None, progress: ShowProgress | None
) -> ComparisonData:
    total = ComparisonTotal(plan)
    files = find_files(paths, total.total.data.ledger)
    work = tasks_of(largest_first(files))
    try:
        with SpoolFolder() as folder:
            make = partial(_make_reader, plan, folder if plan.data.unique else None)
            for part in run(make, files, work, jobs=jobs, progress=progress, found_by=sightings_in):
                total.add(part)
            total.add_unique(Spool(folder, Sighting).items())
    except TooManyDatapointsError:
        raise InputError(
            "the matches lie in more minutes or have more dimension values than fit into memory",
            hint="take a shorter span (--since, --until), or fewer rules at a time",
        ) from None
    return total.total


def _make_reader(
    plan: ComparisonDataPlan, folder: str | None, open_file: OpenArchiveFile
) -> Callable[[Task], ComparisonData]:
    if folder is None:
        return ComparisonReader(plan, open_file=open_file).read
    kept = Spool(folder, Sighting)
    reader = ComparisonReader(plan, open_file=open_file, keep=kept.keep)

    def work(files: Task) -> ComparisonData:
        part = reader.read(files)
        kept.close()
        return part

    return work
