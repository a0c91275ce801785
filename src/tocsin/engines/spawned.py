"""Tasks in processes that start afresh: where forking does not exist, or is not safe because there are threads.

Rule: what a process works with comes to it pickled, so it must be found by its name. Spec: AR-7.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from tocsin.engines.worker import WorkerError, garbage_collection_paused, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_spawned(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], *, jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they end, from `jobs` processes. Raises WorkerError when one of them ends."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(make_worker,))
    waiting = iter(tasks)
    running: dict[Future[Result], Task] = {}
    try:
        # Two tasks a process: one at work, one at hand. More would only be held in memory.
        for task in islice(waiting, 2 * jobs):
            running[executor.submit(_work, task)] = task
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                result = future.result()
                for more in islice(waiting, 1):
                    running[executor.submit(_work, more)] = more
                yield task, result
    except BrokenProcessPool:
        raise WorkerError from None
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


_worker: Callable[[Any], Any] | None = None


def _start(make_worker: Callable[[], Callable[[Any], Any]]) -> None:
    global _worker  # noqa: PLW0603  (one worker a process, made when the process starts)
    _worker = start_worker(make_worker)


def _work(task: Any) -> Any:
    assert _worker is not None
    with garbage_collection_paused():
        return _worker(task)
