"""Work for processes. It stands here, since a process that does not inherit ours finds it by its name."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable


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
