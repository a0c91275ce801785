"""Runs tasks in processes of this machine. Spec: AR-7.

Rule: results come in the order in which tasks end; whoever adds them up must not depend on it. A
process that dies takes the command down with a clear message, never a part of the answer with it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerError(TocsinError):
    """A worker process ended before its work was done, most likely for want of memory."""

    code = "worker"


def default_jobs() -> int:
    """As many processes as this one may use cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], *, jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they end. `make_worker` is called once in each process.

    With one job, or one task, everything happens in this process, in the order of `tasks`.
    """
    if jobs <= 1 or len(tasks) <= 1:
        worker = make_worker()
        for task in tasks:
            with _garbage_collection_paused():
                result = worker(task)
            yield task, result
        return
    yield from _run_in_processes(make_worker, tasks, jobs=min(jobs, len(tasks)))


def _run_in_processes(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], *, jobs: int
) -> Iterator[tuple[Task, Result]]:
    executor = ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_start, initargs=(make_worker,))
    waiting = iter(tasks)
    running: dict[Future[Result], Task] = {}
    try:
        # Two tasks a process: one at work, one at hand. More would only be held in memory.
        for task in _first(waiting, 2 * jobs):
            running[executor.submit(_work, task)] = task
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                result = future.result()
                for more in _first(waiting, 1):
                    running[executor.submit(_work, more)] = more
                yield task, result
    except BrokenProcessPool:
        raise WorkerError(
            "a worker process ended unexpectedly", hint="the machine may be out of memory; try again with --jobs 1"
        ) from None
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _first(tasks: Iterator[Task], count: int) -> Iterator[Task]:
    for _, task in zip(range(count), tasks):  # noqa: B905  (the range is the bound)
        yield task


def _context() -> multiprocessing.context.BaseContext:
    """Forking is quick, but only safe while there is a single thread."""
    alone = threading.active_count() == 1
    return multiprocessing.get_context("fork" if sys.platform == "linux" and alone else "spawn")


_worker: Callable[[Any], Any] | None = None


def _start(make_worker: Callable[[], Callable[[Any], Any]]) -> None:
    global _worker  # noqa: PLW0603  (one worker a process, made when the process starts)
    # Ctrl-C reaches every process of the terminal; this one has nothing to say about it.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    _worker = make_worker()
    # What is there now stays: no search for garbage need look at it, nor write to memory that is shared.
    gc.freeze()


def _work(task: Any) -> Any:
    assert _worker is not None
    with _garbage_collection_paused():
        return _worker(task)


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Tasks make millions of objects and no cycles; looking for cycles among them takes a third of the time (AR-13)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
