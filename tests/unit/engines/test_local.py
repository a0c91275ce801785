"""Running tasks in processes of this machine (AR-7)."""

from __future__ import annotations

import gc
import operator
import os
import threading
from functools import partial

import pytest
from engine_worker import make_dier, make_reporter, make_squarer

from tocsin.engines.local import default_jobs, run_tasks
from tocsin.engines.worker import WorkerError


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_task_gets_its_result(jobs: int) -> None:
    tasks = list(range(20))
    assert sorted(run_tasks(make_squarer, tasks, jobs=jobs)) == [(task, task * task) for task in tasks]


@pytest.mark.parametrize(("tasks", "jobs"), [([1, 2, 3], 1), ([1], 4)])
def test_little_work_stays_in_this_process(tasks: list[int], jobs: int) -> None:
    assert {pid for _, (pid, _) in run_tasks(make_reporter, tasks, jobs=jobs)} == {os.getpid()}


def test_work_is_shared_among_processes() -> None:
    results = [result for _, result in run_tasks(make_reporter, list(range(50)), jobs=2)]
    assert os.getpid() not in {pid for pid, _ in results}


@pytest.mark.parametrize("jobs", [1, 2])
def test_garbage_collection_is_paused_while_a_task_runs(jobs: int) -> None:
    assert {enabled for _, (_, enabled) in run_tasks(make_reporter, [1, 2], jobs=jobs)} == {False}
    assert gc.isenabled()


def test_garbage_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        list(run_tasks(make_squarer, [1, 2], jobs=1))
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_task_is_the_callers(jobs: int) -> None:
    with pytest.raises(ValueError, match="-1"):
        list(run_tasks(make_squarer, [1, 2, -1, 3], jobs=jobs))


def test_a_process_that_dies_takes_the_command_down_with_a_message() -> None:
    with pytest.raises(WorkerError, match="ended unexpectedly"):
        list(run_tasks(make_dier, [1, 2, 3], jobs=2))


def test_tasks_that_nobody_waits_for_are_not_run() -> None:
    results = run_tasks(make_squarer, list(range(1000)), jobs=2)
    next(results)
    results.close()


def test_a_program_with_threads_gets_processes_that_do_not_inherit_them() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        # What the new processes run must be found by its name: functions of this file cannot be.
        bit_length = partial(operator.methodcaller, "bit_length")
        assert sorted(run_tasks(bit_length, [1, 2, 8], jobs=2)) == [(1, 1), (2, 2), (8, 4)]
    finally:
        stop.set()
        thread.join()


def test_there_is_at_least_one_job() -> None:
    assert default_jobs() >= 1
