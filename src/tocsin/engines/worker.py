"""What every process that works on tasks does around them. Spec: AR-7, AR-13."""

from __future__ import annotations

import gc
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerError(TocsinError):
    """A worker process ended before its work was done, most likely for want of memory."""

    code = "worker"

    def __init__(self) -> None:
        super().__init__(
            "a worker process ended unexpectedly", hint="the machine may be out of memory; try again with --jobs 1"
        )


def start_worker(make_worker: Callable[[], Callable[[Task], Result]]) -> Callable[[Task], Result]:
    """Make ready the process that this is called in, which has no other purpose, and make its worker."""
    # Ctrl-C reaches every process of the terminal; this one has nothing to say about it.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    worker = make_worker()
    # What is there now stays: no search for garbage need look at it, nor write to memory that is shared.
    gc.freeze()
    return worker


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Tasks make millions of objects and no cycles; looking for cycles among them takes a third of the time (AR-13)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
