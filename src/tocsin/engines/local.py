"""Runs tasks in processes of this machine. Spec: AR-7.

Rule: results come in the order in which tasks end; whoever adds them up must not depend on it. A
process that dies takes the command down with a clear message, never a part of the answer with it.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, TypeVar

from tocsin.engines.worker import garbage_collection_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")


def default_jobs() -> int:
    """As many processes as this one may use cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_fork() -> bool:
    """May processes be forked from this one? That is quick, but only safe while there is a single thread."""
    return sys.platform == "linux" and threading.active_count() == 1


def run_tasks(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], *, jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they end. `make_worker` is called once in each process.

    With one job, or one task, everything happens in this process, in the order of `tasks`. Raises
    what a task raises, and WorkerError when a process ends before its work is done.
    """
    if jobs <= 1 or len(tasks) <= 1:
        worker = make_worker()
        for task in tasks:
            with garbage_collection_paused():
                result = worker(task)
            yield task, result
        return
    jobs = min(jobs, len(tasks))
    if can_fork():
        from tocsin.engines.forked import run_forked

        yield from run_forked(make_worker, tasks, jobs=jobs)
    else:
        from tocsin.engines.spawned import run_spawned  # loads much that forking needs nothing of

        yield from run_spawned(make_worker, tasks, jobs=jobs)
