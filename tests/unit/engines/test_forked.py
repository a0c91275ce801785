"""Tasks in forked processes (AR-7): what passes through the pipes, and how the processes end."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_worker import (
    make_echo,
    make_nothing,
    make_odd,
    make_repeater,
    make_reporter,
    make_squarer,
    make_waiter,
)

if sys.platform != "linux":
    pytest.skip("processes are forked on Linux alone", allow_module_level=True)

from tocsin.engines.forked import run_forked
from tocsin.engines.worker import WorkerError


def test_results_may_be_longer_than_a_pipe_holds() -> None:
    lengths = [0, 1, 65_535, 65_536, 3_000_000, 10]
    assert sorted((task, len(result)) for task, result in run_forked(make_repeater, lengths, jobs=3)) == [
        (length, length) for length in sorted(lengths)
    ]


def test_tasks_may_be_longer_than_a_pipe_holds_while_results_are() -> None:
    texts = ["x" * (300_000 + length) for length in range(12)]
    results = dict(run_forked(make_echo, texts, jobs=2))
    assert results == {text: text for text in texts}


def test_tasks_are_asked_for_when_they_are_needed() -> None:
    asked: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(40):
            asked.append(task)
            yield task

    results = run_forked(make_reporter, tasks(), jobs=2)
    assert asked == []
    next(results)
    assert len(asked) == 5  # two for each, and one for the one that was done
    assert len(list(results)) == 39


def test_something_else_is_done_until_there_are_results() -> None:
    steps: list[int] = []

    def meanwhile() -> Iterator[None]:
        for step in range(1000):
            steps.append(step)
            yield

    results = run_forked(make_reporter, [1, 2, 3], jobs=2, meanwhile=meanwhile())
    next(results)
    begun = len(steps)
    assert len(list(results)) == 2
    assert begun <= len(steps) <= 1000


def test_a_failure_meanwhile_ends_the_processes() -> None:
    def fails() -> Iterator[None]:
        yield
        raise OSError("no such folder")

    before = _open_ends()
    with pytest.raises(OSError, match="no such folder"):
        list(run_forked(make_waiter, [1, 2], jobs=2, meanwhile=fails()))
    assert _open_ends() == before


def test_an_error_says_where_in_the_other_process_it_was_raised() -> None:
    with pytest.raises(ValueError, match="-7") as caught:
        list(run_forked(make_squarer, [1, -7], jobs=2))
    shown = "".join(traceback.format_exception(caught.value))
    assert "in square" in shown


def test_an_error_that_cannot_be_handed_over_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match="OddError: no way"):
        list(run_forked(make_odd, [1, 2], jobs=2))


def test_work_that_cannot_be_begun_says_why() -> None:
    with pytest.raises(ValueError, match="nothing to work with"):
        list(run_forked(make_nothing, [1, 2, 3], jobs=2))


def test_a_process_that_is_killed_between_two_tasks_is_missed() -> None:
    results = run_forked(make_reporter, list(range(1000)), jobs=2)
    pid = next(results)[1][0]
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="ended unexpectedly"):
        list(results)


def _open_ends() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("taken", [1, 5, 40])
def test_no_process_and_no_pipe_is_left(taken: int) -> None:
    before = _open_ends()
    results = run_forked(make_reporter, list(range(40)), jobs=3)
    processes = {next(results)[1][0] for _ in range(taken)}
    results.close()
    assert _open_ends() == before
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
