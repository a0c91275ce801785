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
    from collections.abc import Iterator

    from tocsin.clock import Clock


class _Limit:
    """The end of the time of a piece of work, and the limit around it."""

    def __init__(self, clock: Clock, seconds: float, outer: _Limit | None) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds
        self._outer = outer

    def is_over(self) -> bool:
        """Whether it is past, or the one around it is."""
        return self._clock.monotonic() >= self._ends or (self._outer is not None and self._outer.is_over())

    def now(self) -> float:
        """What the clock says."""
        return self._clock.monotonic()

    def put_off(self, seconds: float) -> None:
        """Let it, and those around it, end later."""
        self._ends += seconds
        if self._outer is not None:
            self._outer.put_off(seconds)


class _Thread(threading.local):
    limit: _Limit | None = None


_thread = _Thread()


@contextmanager
def time_limit(clock: Clock, seconds: float) -> Iterator[None]:
    """Within the block the work of this thread has so much time; within another limit no more than that one leaves."""
    outer = _thread.limit
    _thread.limit = _Limit(clock, seconds, outer)
    try:
        yield
    finally:
        _thread.limit = outer


@contextmanager
def no_time_limit() -> Iterator[None]:
    """What is done within the block is done to its end, and its time does not count.

    For what is kept for all who come later: it would be begun ever anew.
    """
    outer, _thread.limit = _thread.limit, None
    began = 0.0 if outer is None else outer.now()
    try:
        yield
    finally:
        if outer is not None:
            outer.put_off(outer.now() - began)
        _thread.limit = outer


def is_time_limited() -> bool:
    """Whether this thread has a limit."""
    return _thread.limit is not None


def is_time_over() -> bool:
    """Whether the time of this thread is over."""
    return _thread.limit is not None and _thread.limit.is_over()


def require_time() -> None:
    """Go on only while there is time.

    Raises:
        CutOffError: it is over.
    """
    if is_time_over():
        raise CutOffError("there was no more time for this")
