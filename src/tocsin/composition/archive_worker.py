"""The process that does one archive job beside the service: `python -m tocsin.composition.archive_worker`.

Rule: it takes its order on standard input, tells on standard output how far it has come, and leaves the report in a
file. It runs at the lowest priority, with half of the cores, and ends when nobody listens any more. Spec: CON-4.10.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tocsin.app.archive_job import JobKind, JobProgress
from tocsin.core.limits import Limits
from tocsin.core.topic import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.report import ScanReport
    from tocsin.composition.archive_work import Progress

_LOWEST = 19


class WorkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to do. `path` is a folder, out of whose root `within` (a real path) no link may lead.

    `packs`, `since`, `until` and `topic` are those of the job's plan, `subscriptions` who is subscribed to the topic;
    `day` is the one for which exclusions count. `report` is the file that the report is written to.
    """

    kind: JobKind
    path: str
    within: str
    packs: tuple[str, ...]
    since: int | None
    until: int | None
    topic: str
    subscriptions: tuple[Subscription, ...]
    day: date
    extra: int | None
    limits: Limits
    report: str


class WorkerNews(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of what the process tells: progress, or its end, well (`is_done`) or with a `problem`.

    `defect` is the trace of what should not have happened.
    """

    progress: JobProgress | None = None
    is_done: bool = False
    result: str = ""
    problem: str = ""
    defect: str = ""


def run_order(order: WorkOrder, tell: Callable[[WorkerNews], None], *, monotonic: Callable[[], float]) -> None:
    """Do what an order says, and tell of it once a second at most. What goes wrong is told, and not raised."""
    from tocsin.atomic_file import replacing
    from tocsin.errors import TocsinError

    told_at, told = -1.0, JobProgress()

    def progress(reached: Progress) -> None:
        nonlocal told_at, told
        now, made = monotonic(), msgspec.convert(reached, JobProgress, from_attributes=True)
        if now - told_at >= 1 or (made.bytes_done == made.bytes_total and made != told):
            told_at, told = now, made
            tell(WorkerNews(progress=made))

    try:
        report = _scan(order, progress) if order.kind is JobKind.SCAN else _backtest(order, progress)
        with replacing(Path(order.report)) as file:
            file.write(msgspec.json.encode(report))
    except TocsinError as error:
        tell(WorkerNews(problem=str(error)))
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001  (the supervisor of the job: it is told, with its trace)
        tell(WorkerNews(problem="something went wrong; the service's log says more", defect=traceback.format_exc()))
    else:
        tell(WorkerNews(is_done=True, result=_result(report)))


def _jobs() -> int:
    from tocsin.engines.local import default_jobs

    return max(1, default_jobs() // 2)


def _scan(order: WorkOrder, progress: Callable[[Progress], None]) -> ScanReport:
    from tocsin.app.pack import load_rules
    from tocsin.composition.scan import scan

    return scan(
        [order.path],
        rules=load_rules(*order.packs, at=order.day),
        jobs=_jobs(),
        since=order.since,
        until=order.until,
        limits=order.limits,
        progress=progress,
        within=order.within,
    )


def _backtest(order: WorkOrder, progress: Callable[[Progress], None]) -> BacktestReport:
    from tocsin.app.alarm_data import AlarmDataPlan
    from tocsin.app.alarm_set import build_alarm_set, require_alarms
    from tocsin.app.backtest import BacktestPlan
    from tocsin.app.rulepack import load_chain
    from tocsin.app.selection import Selection
    from tocsin.composition.backtest import backtest

    chain = load_chain(*order.packs, at=order.day)
    alarms = build_alarm_set(chain.entries, chain.mute_rules, topic=order.topic)
    plan = BacktestPlan(
        data=AlarmDataPlan(
            rules=tuple(rule for rule in chain.rules if rule.filter),
            selection=Selection(since=order.since, until=order.until),
            limits=order.limits,
        ),
        alarms=require_alarms(alarms, order.packs),
        subscriptions=order.subscriptions if order.topic else None,
        extra=order.extra,
    )
    return backtest([order.path], plan, jobs=_jobs(), progress=progress, within=order.within)


def _result(report: ScanReport | BacktestReport) -> str:
    """What came of it, in a line."""
    from tocsin.app.report import ScanReport
    from tocsin.core.quantity import count_text, counted

    records = counted(report.records.selected, "record")
    if isinstance(report, ScanReport):
        matches = sum(one.matches for one in report.filters)
        found = sum(one.matches > 0 for one in report.filters)
        rules = f"{count_text(found)} of {counted(len(report.filters), 'rule')}"
        return f"{counted(matches, 'match', 'matches')} of {rules} in {records}"
    rang = sum(any(line.to == "ALARM" for line in alarm.transitions) for alarm in report.alarms)
    return f"{count_text(rang)} of {counted(len(report.alarms), 'alarm')} rang over {records}"


def main(orders: BinaryIO, news: BinaryIO) -> int:
    """Do the one order that stands on `orders`, telling of it on `news`; the exit status."""
    from tocsin.clock import SystemClock

    if hasattr(os, "nice"):
        os.nice(_LOWEST)

    def tell(one: WorkerNews) -> None:
        news.write(msgspec.json.encode(one) + b"\n")
        news.flush()

    order = msgspec.json.decode(orders.read(), type=WorkOrder)
    try:
        run_order(order, tell, monotonic=SystemClock().monotonic)
    except BrokenPipeError:
        return 1  # the service is gone
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
