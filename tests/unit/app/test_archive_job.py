"""The board of archive jobs: one runs, ten wait, and whatever ends one is said (CON-4.10)."""

from __future__ import annotations

import threading

import pytest
from rule_bench import RuleBench

from tocsin.app.archive_job import ArchiveJob, JobBoard, JobKind, JobPlan, JobProgress, JobStatus
from tocsin.app.signal import SignalWatch
from tocsin.errors import ConflictError, LimitExceededError, NotFoundError

PLAN = JobPlan(kind=JobKind.SCAN, root="/archive", folder="AWSLogs", packs=("cis",))


@pytest.fixture
def bench() -> RuleBench:
    return RuleBench()


@pytest.fixture
def board(bench: RuleBench) -> JobBoard:
    return bench.service.part(JobBoard)


def take(board: JobBoard) -> ArchiveJob | None:
    """The next job, if one may start; nothing is waited for."""
    may_start = board._next() is not None
    return board.take(stop=lambda: not may_start)


def test_jobs_run_one_after_the_other_in_their_order(board: JobBoard) -> None:
    first, second = board.submit(PLAN), board.submit(PLAN)
    assert take(board) is not None
    assert board.get(first.id).status is JobStatus.RUNNING
    assert take(board) is None
    board.end(first.id, JobStatus.DONE, result="3 matches")
    started = take(board)
    assert started is not None
    assert started.id == second.id
    assert [job.id for job in board.jobs()] == [second.id, first.id]
    assert board.get(first.id).result == "3 matches"


def test_ten_wait_and_the_next_is_refused(board: JobBoard) -> None:
    board.submit(PLAN)
    take(board)
    for _ in range(10):
        board.submit(PLAN)
    with pytest.raises(LimitExceededError, match="10 jobs wait already"):
        board.submit(PLAN)


def test_a_job_that_waits_or_runs_is_cancelled(board: JobBoard) -> None:
    first, second = board.submit(PLAN), board.submit(PLAN)
    take(board)
    for job in (first, second):
        assert board.cancel(job.id).status is JobStatus.CANCELLED
        with pytest.raises(ConflictError, match="cancelled"):
            board.cancel(job.id)
    with pytest.raises(NotFoundError):
        board.cancel("other")
    assert take(board) is None


def test_what_is_over_stays_as_it_is(board: JobBoard) -> None:
    job = board.submit(PLAN)
    take(board)
    board.cancel(job.id)
    board.advance(job.id, JobProgress(bytes_done=5))
    board.end(job.id, JobStatus.DONE, result="late")
    kept = board.get(job.id)
    assert (kept.status, kept.result, kept.progress.bytes_done) == (JobStatus.CANCELLED, "", 0)


def test_rate_and_time_left_follow_from_progress(bench: RuleBench, board: JobBoard) -> None:
    job = board.submit(PLAN)
    assert board.get(job.id).rate(bench.clock.now()) is None
    take(board)
    board.advance(job.id, JobProgress(bytes_done=1_000, bytes_total=5_000))
    assert board.get(job.id).rate(bench.clock.now()) is None  # not a second has passed
    bench.clock.advance(10)
    now = bench.clock.now()
    assert board.get(job.id).rate(now) == 100
    assert board.get(job.id).seconds_left(now) == 40
    board.end(job.id, JobStatus.DONE)
    bench.clock.advance(1_000)
    done = board.get(job.id)
    assert done.rate(bench.clock.now()) == 100
    assert done.seconds_left(bench.clock.now()) is None


def test_twenty_jobs_that_are_over_are_remembered(board: JobBoard) -> None:
    dropped: list[str] = []
    board.on_drop = dropped.append
    first = board.submit(PLAN)
    for _ in range(20):
        take(board)
        board.end(board.jobs()[0].id, JobStatus.DONE)
        board.submit(PLAN)
    assert dropped == []
    take(board)
    board.end(board.jobs()[0].id, JobStatus.FAILED, problem="p")
    assert dropped == [first.id]
    with pytest.raises(NotFoundError):
        board.get(first.id)


def test_what_was_under_way_in_an_earlier_process_was_interrupted(bench: RuleBench, board: JobBoard) -> None:
    now = bench.clock.now()
    kept: list[ArchiveJob] = []
    board.on_change = kept.append
    board.restore(
        [
            ArchiveJob(id="b", plan=PLAN, status=JobStatus.RUNNING, asked_at=now),
            ArchiveJob(id="a", plan=PLAN, status=JobStatus.DONE, asked_at=now.replace(hour=1)),
        ]
    )
    assert [(job.id, job.status) for job in board.jobs()] == [("b", JobStatus.INTERRUPTED), ("a", JobStatus.DONE)]
    assert "was stopped" in board.get("b").problem
    assert [job.id for job in kept] == ["b"]


def test_whoever_waits_for_a_job_is_woken_by_one_and_by_the_end(board: JobBoard) -> None:
    taken: list[ArchiveJob | None] = []
    is_over = threading.Event()

    def work() -> None:
        while (job := board.take(stop=is_over.is_set)) is not None:
            taken.append(job)
            board.end(job.id, JobStatus.DONE)
        taken.append(None)

    worker = threading.Thread(target=work)
    worker.start()
    job = board.submit(PLAN)
    with board._changed:
        assert board._changed.wait_for(lambda: board.get(job.id).status is JobStatus.DONE, 30)
    is_over.set()
    board.wake()
    worker.join(30)
    assert [None if one is None else one.id for one in taken] == [job.id, None]


def test_a_change_of_a_job_is_a_signal(bench: RuleBench, board: JobBoard) -> None:
    watch = SignalWatch(bench.service)
    job = board.submit(PLAN)
    watch.look()
    assert watch.look() == []
    take(board)
    board.advance(job.id, JobProgress(bytes_done=3, bytes_total=7))
    assert watch.look() == [("job", {"id": job.id, "done": 3, "total": 7})]
    assert watch.look() == []


def test_versions_tell_whether_anything_changed(board: JobBoard) -> None:
    job = board.submit(PLAN)
    before, of_all = board.version(job.id), board.version()
    take(board)
    assert board.version(job.id) > before
    assert board.version() > of_all
    assert board.version("other") == 0
