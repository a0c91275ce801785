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
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from tocsin.engines.worker import WorkerError, garbage_collection_paused, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")

_LENGTH = struct.Struct("<Q")  # of the task, or the result, that follows
_PIPE_SIZE = 64 * 1024

# Tasks that a process has: one at work, one at hand. More would only keep the processes from ending together.
_AT_HAND = 2

_END = object()


class _RaisedThereError(Exception):
    """The traceback of an error, where it was raised: the cause of the one that is raised here."""


class _Child(Generic[Task, Result]):
    """A forked process that does tasks: `orders` takes them, `results` gives what they come to."""

    def __init__(self, pid: int, orders: int, results: int) -> None:
        self.pid = pid
        self.orders = orders
        self.results = results
        self.tasks: list[Task] = []  # that it has, the one at work first
        self._unsent = bytearray()
        os.set_blocking(orders, False)

    def order(self, task: Task) -> bool:
        """Have it do a task, after the one that it has. True when that has been sent."""
        self.tasks.append(task)
        self._unsent += _framed(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
        return self.send()

    def send(self) -> bool:
        """Send what there is room for; True when nothing is left.

        Waiting for room would be wrong: it may itself wait until a result of its has been taken.
        """
        try:
            while self._unsent:
                del self._unsent[: os.write(self.orders, self._unsent)]
        except BlockingIOError:
            return False
        except BrokenPipeError:  # it has ended, and why stands in its results
            self._unsent.clear()
        return True

    def take(self) -> tuple[Task, Result]:
        """The task at work, and its result. Raises what the task raised, or WorkerError."""
        text = _read_framed(self.results)
        if text is None:
            raise WorkerError
        result, error, trace = pickle.loads(text)  # noqa: S301  (a child of ours wrote it)
        if error is not None:
            raise error from _RaisedThereError(trace)
        return self.tasks.pop(0), result

    def close(self) -> None:
        """Let it end: no more orders are coming."""
        os.close(self.orders)
        os.close(self.results)


def run_forked(
    make_worker: Callable[[], Callable[[Task], Result]],
    tasks: Iterable[Task],
    *,
    jobs: int,
    meanwhile: Iterable[object] = (),
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they end, from `jobs` processes. Raises WorkerError when one of them ends.

    `tasks` are asked for when a process needs one. `meanwhile` is gone through here as long as none has anything to
    say.
    """
    with _children(make_worker, jobs) as children:
        poll = select.poll()
        by_end: dict[int, _Child[Task, Result]] = {}
        for child in children:
            by_end[child.results] = by_end[child.orders] = child
            poll.register(child.results, select.POLLIN)
        waiting, aside = iter(tasks), iter(meanwhile)

        def order(child: _Child[Task, Result]) -> None:
            for task in islice(waiting, 1):
                if not child.order(task):
                    poll.register(child.orders, select.POLLOUT)

        for child in _AT_HAND * children:
            order(child)
        is_idle = False
        while any(child.tasks for child in children):
            ready = poll.poll(None if is_idle else 0)
            if not ready:
                is_idle = next(aside, _END) is _END
            for end, _ in ready:
                child = by_end[end]
                if end == child.results:
                    done = child.take()
                    order(child)
                    yield done
                elif child.send():
                    poll.unregister(end)


@contextmanager
def _children(make_worker: Callable[[], Callable[[Task], Result]], jobs: int) -> Iterator[list[_Child[Task, Result]]]:
    """So many processes, which have ended when the block is left."""
    children: list[_Child[Task, Result]] = []
    try:
        for _ in range(jobs):
            children.append(_fork(make_worker, children))
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
    make_worker: Callable[[], Callable[[Task], Result]], others: Sequence[_Child[Task, Result]]
) -> _Child[Task, Result]:
    taken, orders = os.pipe()
    results, given = os.pipe()
    pid = os.fork()
    if pid == 0:
        # A child that holds an end of another's pipe would keep that from seeing its other end closed.
        ours = [orders, results, *(end for one in others for end in (one.orders, one.results))]
        _serve_and_exit(make_worker, taken=taken, given=given, close=ours)
    os.close(taken)
    os.close(given)
    return _Child(pid, orders, results)


def _serve_and_exit(
    make_worker: Callable[[], Callable[[Any], Any]], *, taken: int, given: int, close: list[int]
) -> NoReturn:
    """Do the tasks that come; then end, without anything that the parent is to do at its end."""
    status = 1
    try:
        for end in close:
            os.close(end)
        try:
            worker = start_worker(make_worker)
            while (order := _read_framed(taken)) is not None:
                task = pickle.loads(order)  # noqa: S301  (our parent wrote it)
                with garbage_collection_paused():
                    result = worker(task)
                _write(given, _framed(pickle.dumps((result, None, ""), pickle.HIGHEST_PROTOCOL)))
        except Exception as error:  # noqa: BLE001  (it is the parent's)
            _write(given, _framed(_failure(error)))
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


def _framed(text: bytes) -> bytes:
    return _LENGTH.pack(len(text)) + text


def _write(end: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(end, left) :]


def _read_framed(end: int) -> bytes | None:
    """What was written with its length before it; None when the other end is closed before."""
    head = _read(end, _LENGTH.size)
    return None if head is None else _read(end, _LENGTH.unpack(head)[0])


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
