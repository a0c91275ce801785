"""Work for processes. It stands here, since a process that does not inherit ours finds it by its name."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from functools import partial

from tocsin.app.ports import OpenArchiveFile
from tocsin.composition.archive_work import Task
from tocsin.core.limits import DEFAULT_LIMITS


def make_squarer() -> Callable[[int], int]:
    """Work that squares, and refuses what is negative."""
    return square


def square(number: int) -> int:
    """The square of a number."""
    if number < 0:
        raise ValueError(number)
    return number * number


def make_reporter() -> Callable[[int], tuple[int, bool]]:
    """Work that says in which process it is done, and whether garbage is looked for meanwhile."""
    return lambda _task: (os.getpid(), gc.isenabled())


def dying(_task: int) -> None:
    """End the process."""
    os._exit(9)


def make_dier() -> Callable[[int], None]:
    """Work that ends its process."""
    return dying


def make_repeater() -> Callable[[int], bytes]:
    """Work whose results have as many bytes as a task says."""
    return bytes


def make_echo() -> Callable[[str], str]:
    """Work that gives back what it is given."""
    return str


def make_waiter() -> Callable[[object], None]:
    """Work that goes on until its process is killed."""
    return lambda _task: signal.pause()


def make_lister(open_file: OpenArchiveFile) -> Callable[[Task], tuple[int, list[tuple[str, int]]]]:
    """Work that says in which process it read which files, and how long they are."""
    return partial(_list, open_file)


def _list(open_file: OpenArchiveFile, task: Task) -> tuple[int, list[tuple[str, int]]]:
    return os.getpid(), [(path, sum(map(len, open_file(path, DEFAULT_LIMITS)))) for _, path in task]


class OddError(Exception):
    """An error that can be pickled, and not be read."""

    def __init__(self, reason: str, *, place: int) -> None:
        super().__init__(reason)
        self.place = place


def fail_oddly(task: int) -> None:
    """Raise an error that cannot be handed over to another process."""
    raise OddError("no way", place=task)


def make_odd() -> Callable[[int], None]:
    """Work that raises an error that cannot be handed over."""
    return fail_oddly


def make_nothing() -> Callable[[int], int]:
    """Work that cannot even be begun."""
    raise ValueError("nothing to work with")
