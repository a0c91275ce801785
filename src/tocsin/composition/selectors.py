"""`tocsin simulate selectors`: the use case with its files and processes. The archive is read once."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.selector_data import SelectorData, SelectorDataPlan, SelectorDataReader, SelectorDataTotal, taken_in
from tocsin.app.selector_simulation import SimulationPlan, simulate
from tocsin.composition.archive_work import find_files, largest_first, run, tasks_of
from tocsin.core.tally import TooManyDatapointsError
from tocsin.errors import InputError
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.selector_report import SimulationReport
    from tocsin.composition.archive_work import ShowProgress, Task


def simulate_selectors(
    paths: Sequence[str], plan: SimulationPlan, *, jobs: int | None = None, progress: ShowProgress | None = None
) -> SimulationReport:
    """Say what the setting of `plan` changes for the records below `paths`.

    InputError for a path that does not exist, or matches that do not fit into memory.
    """
    started = time.perf_counter()
    reading = plan.reading
    total = SelectorDataTotal(reading)
    files = find_files(paths, total.data.ledger)
    work = tasks_of(largest_first(files))
    try:
        for part in run(partial(_make_reader, reading), files, work, jobs=jobs, progress=progress, found_by=taken_in):
            total.add(part)
    except TooManyDatapointsError:
        raise InputError(
            "the matches lie in more minutes or have more dimension values than fit into memory",
            hint="take a shorter span (--since, --until), or fewer rules at a time",
        ) from None
    return simulate(plan, total.data, version=__version__, elapsed=lambda: time.perf_counter() - started)


def _make_reader(plan: SelectorDataPlan, open_file: OpenArchiveFile) -> Callable[[Task], SelectorData]:
    return SelectorDataReader(plan, open_file=open_file).read
