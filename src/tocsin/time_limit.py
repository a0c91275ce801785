"""How long a piece of work may take: who waits says so, what may take long heeds it. Spec: CON-8.9, CON-10.4.

Rule: a limit is that of the thread that works. Nothing is stopped from outside: the store and the templates look at the
clock themselves and give up with `CutOffError`, so nobody goes on after the answer.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tocsin.errors import CutOffError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.clock import Clock


class _Thread(threading.local):
    is_over: Callable[[], bool] | None = None


_thread = _Thread()


@contextmanager
def time_limit(clock: Clock, seconds: float) -> Iterator[None]:
    """Within the block the work of this thread has so much time; within another limit no more than that one leaves."""
    ends, outer = clock.monotonic() + seconds, _thread.is_over

    def is_over() -> bool:
        return clock.monotonic() >= ends or (outer is not None and outer())

    _thread.is_over = is_over
    try:
        yield
    finally:
        _thread.is_over = outer


@contextmanager
def no_time_limit() -> Iterator[None]:
    """What is done within the block is done to its end: others will use it too, and it would be begun ever anew."""
    outer, _thread.is_over = _thread.is_over, None
    try:
        yield
    finally:
        _thread.is_over = outer


def is_time_limited() -> bool:
    """Whether this thread has a limit."""
    return _thread.is_over is not None


def is_time_over() -> bool:
    """Whether the time of this thread is over."""
    return _thread.is_over is not None and _thread.is_over()


def require_time() -> None:
    """Go on only while there is time.

    Raises:
        CutOffError: it is over.
    """
    if is_time_over():
        raise CutOffError("there was no more time for this")
