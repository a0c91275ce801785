"""`tocsin backtest` and `tocsin.backtest()`: the use case with its files and processes."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan, AlarmDataReader, AlarmDataTotal, Contribution, matches_in
from tocsin.app.backtest import Backtest, BacktestPlan
from tocsin.composition.archive_work import find_files, largest_first, run, tasks_of
from tocsin.core.tally import TooManyDatapointsError
from tocsin.engines.spool import Spool, SpoolFolder
from tocsin.errors import InputError
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.report import Skip
    from tocsin.composition.archive_work import ShowProgress, Task
    from tocsin.core.notification.message import AlarmMessage, MessageSettings


def backtest(
    paths: Sequence[str],
    plan: BacktestPlan,
    *,
    jobs: int | None = None,
    progress: ShowProgress | None = None,
    within: str | None = None,
) -> BacktestReport:
    """Evaluate the alarms of `plan` on the records below `paths`.

    `within` is a folder (its real path) that links may not lead out of. InputError for a path that does not exist, or
    matches that do not fit into memory.
    """
    started = time.perf_counter()
    done = Backtest(plan, read_alarm_data(paths, plan.reading, jobs=jobs, progress=progress, within=within))
    return done.report(version=__version__, elapsed=lambda: time.perf_counter() - started)


def alarm_mail(
    paths: Sequence[str],
    plan: BacktestPlan,
    name: str,
    settings: MessageSettings,
    *,
    jobs: int | None = None,
    progress: ShowProgress | None = None,
) -> tuple[AlarmMessage | None, list[Skip]]:
    """What the alarm of that name would have published when it last went to ALARM; None when it never did.

    With it the files that could not be read in full: what they hold might have changed the answer.
    """
    data = read_alarm_data(paths, plan.reading, jobs=jobs, progress=progress)
    done = Backtest(plan, data)
    change = done.last_ring(name)
    return None if change is None else done.message(change, settings), data.ledger.files().skipped


def read_alarm_data(
    paths: Sequence[str],
    plan: AlarmDataPlan,
    *,
    jobs: int | None = None,
    progress: ShowProgress | None = None,
    within: str | None = None,
) -> AlarmData:
    """What the archive below `paths` holds for the filters of `plan`; `within` as in `backtest`."""
    total = AlarmDataTotal(plan)
    files = find_files(paths, total.data.ledger, within=within)
    work = tasks_of(largest_first(files))
    try:
        if plan.unique:
            with SpoolFolder() as folder:
                make = partial(_make_reader, plan, folder)
                for part in run(make, files, work, jobs=jobs, progress=progress, found_by=matches_in):
                    total.add(part)
                total.add_unique(Spool(folder, Contribution).items())
        else:
            for part in run(
                partial(_make_reader, plan, None), files, work, jobs=jobs, progress=progress, found_by=matches_in
            ):
                total.add(part)
    except TooManyDatapointsError:
        raise InputError(
            "the matches lie in more minutes or have more dimension values than fit into memory",
            hint="take a shorter span (--since, --until), or fewer rules at a time",
        ) from None
    return total.data


def _make_reader(plan: AlarmDataPlan, folder: str | None, open_file: OpenArchiveFile) -> Callable[[Task], AlarmData]:
    if folder is None:
        return AlarmDataReader(plan, open_file=open_file).read
    kept = Spool(folder, Contribution)
    reader = AlarmDataReader(plan, open_file=open_file, keep=kept.keep)

    def work(files: Task) -> AlarmData:
        part = reader.read(files)
        kept.close()
        return part

    return work
