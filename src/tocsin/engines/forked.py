"""Tasks in processes that are forked from this one. Spec: AR-7.

Rule: nothing is loaded or started that two pipes a process do not need. The standard library's pool costs as
much processor time as a scan needs for 40 MB of log files: its modules, its threads and its queues.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from tocsin.engines.worker import WorkerError, garbage_collection_paused, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")

_ORDER = struct.Struct("<I")  # the number of a task
_LENGTH = struct.Struct("<Q")  # of the result that follows
_PIPE_SIZE = 64 * 1024


class _RaisedThereError(Exception):
    """The traceback of an error, where it was raised: the cause of the one that is raised here."""


class _Child(Generic[Result]):
    """A forked process that does tasks. `orders` takes their numbers, `results` gives what they come to."""

    def __init__(self, pid: int, orders: int, results: int) -> None:
        self.pid = pid
        self.orders = orders
        self.results = results
        self.numbers: list[int] = []  # of the tasks that it has, the one at work first

    def order(self, number: int) -> None:
        """Have it do the task of this number, after those that it has."""
        with suppress(BrokenPipeError):  # it has ended, and why stands in its results
            os.write(self.orders, _ORDER.pack(number))
        self.numbers.append(number)

    def take(self) -> tuple[int, Result]:
        """The number of its task at work, and the result. Raises what the task raised, or WorkerError."""
        head = _read(self.results, _LENGTH.size)
        text = None if head is None else _read(self.results, _LENGTH.unpack(head)[0])
        if text is None:
            raise WorkerError
        result, error, trace = pickle.loads(text)  # noqa: S301  (a child of ours wrote it)
        if error is not None:
            raise error from _RaisedThereError(trace)
        return self.numbers.pop(0), result

    def close(self) -> None:
        """Let it end: no more orders are coming."""
        os.close(self.orders)
        os.close(self.results)


def run_forked(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], *, jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they end, from `jobs` processes. Raises WorkerError when one of them ends."""
    with _children(make_worker, tasks, jobs) as children:
        by_end = {child.results: child for child in children}
        poll = select.poll()
        for end in by_end:
            poll.register(end, select.POLLIN)
        # Two tasks a process: one at work, one at hand. More would only keep the processes from ending together.
        waiting = iter(range(len(tasks)))
        for child, number in zip(2 * children, waiting):  # noqa: B905  (there may be fewer tasks)
            child.order(number)
        while any(child.numbers for child in children):
            for end, _ in poll.poll():
                number, result = by_end[end].take()
                for more in islice(waiting, 1):
                    by_end[end].order(more)
                yield tasks[number], result


@contextmanager
def _children(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], jobs: int
) -> Iterator[list[_Child[Result]]]:
    """So many processes, which have ended when the block is left."""
    children: list[_Child[Result]] = []
    try:
        for _ in range(jobs):
            children.append(_fork(make_worker, tasks, children))
        yield children
    except BaseException:
        for child in children:
            os.kill(child.pid, signal.SIGKILL)  # what a child has is not worth waiting for
        raise
    finally:
        for child in children:
            child.close()
        for child in children:
            os.waitpid(child.pid, 0)


def _fork(
    make_worker: Callable[[], Callable[[Task], Result]], tasks: Sequence[Task], others: Sequence[_Child[Result]]
) -> _Child[Result]:
    taken, orders = os.pipe()
    results, given = os.pipe()
    pid = os.fork()
    if pid == 0:
        # A child that holds an end of another's pipe would keep that from seeing its other end closed.
        ours = [orders, results, *(end for one in others for end in (one.orders, one.results))]
        _serve_and_exit(make_worker, tasks, taken=taken, given=given, close=ours)
    os.close(taken)
    os.close(given)
    return _Child(pid, orders, results)


def _serve_and_exit(
    make_worker: Callable[[], Callable[[Any], Any]], tasks: Sequence[Any], *, taken: int, given: int, close: list[int]
) -> NoReturn:
    """Do the tasks whose numbers come; then end, without anything that the parent is to do at its end."""
    status = 1
    try:
        for end in close:
            os.close(end)
        try:
            worker = start_worker(make_worker)
            while (order := _read(taken, _ORDER.size)) is not None:
                with garbage_collection_paused():
                    result = worker(tasks[_ORDER.unpack(order)[0]])
                _write(given, pickle.dumps((result, None, ""), pickle.HIGHEST_PROTOCOL))
        except Exception as error:  # noqa: BLE001  (it is the parent's)
            _write(given, _failure(error))
        status = 0
    finally:
        os._exit(status)


def _failure(error: Exception) -> bytes:
    """An error, and where it was raised, for the parent."""
    import traceback

    trace = traceback.format_exc()
    try:
        text = pickle.dumps((None, error, trace))
        pickle.loads(text)  # noqa: S301  (just written; some errors can be pickled and not be read)
    except Exception:  # noqa: BLE001  (whatever it is, this error cannot be handed over)
        text = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}"), trace))
    return text


def _write(end: int, text: bytes) -> None:
    left = memoryview(_LENGTH.pack(len(text)) + text)
    while left:
        left = left[os.write(end, left) :]


def _read(end: int, count: int) -> bytes | None:
    """So many bytes; None when the other end is closed before."""
    parts = []
    while count:
        part = os.read(end, min(count, _PIPE_SIZE))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
