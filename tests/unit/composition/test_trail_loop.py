"""The loop that delivers for trails: it wakes when records come in, and waits for no bucket. Spec: AR-7, REC-16.3."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from trail_bench import TrailBench

from tocsin.clock import SystemClock
from tocsin.composition.trail_loop import TrailLoop, TrailWatch
from tocsin.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


@pytest.fixture
def bench() -> TrailBench:
    return TrailBench(MemoryStore(), clock=SystemClock(), trail_delivery_interval=0)


def run(
    bench: TrailBench,
    work: Callable[[], Coroutine[Any, Any, None]],
    reports: list[BaseException],
    notes: list[tuple[str, str | None]] | None = None,
) -> None:
    """Work while the loop runs, and end it."""

    def note(bucket: str, reason: str | None) -> None:
        if notes is not None:
            notes.append((bucket, reason))

    async def both() -> None:
        loop = asyncio.create_task(TrailLoop(bench.service, report=reports.append, note_bucket=note).run())
        try:
            async with asyncio.timeout(10):
                await work()
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)

    asyncio.run(both())


async def until(found: Callable[[], Any]) -> None:
    while not found():  # noqa: ASYNC110  (it is threads that bring it about)
        await asyncio.sleep(0.01)


def test_records_wake_it_and_a_bucket_that_never_answers_keeps_nothing_else_waiting(bench: TrailBench) -> None:
    answers = threading.Event()
    bench.keep(
        bench.trail(name="slow", s3_bucket_name="slow", s3_key_prefix="slow", log_group_arn=bench.make_group()),
        bench.trail(name="quick", s3_bucket_name="quick"),
    )

    def wait_for_answer(moment: str, key: str) -> None:
        if key.startswith("slow/") and moment == "before":
            answers.wait(20)

    bench.buckets.fault = wait_for_answer

    async def work() -> None:
        await asyncio.sleep(0.05)  # it has looked, and waits for two seconds
        for number, name in enumerate(("A", "B"), 1):
            await asyncio.to_thread(bench.take, name)
            await until(lambda: len(bench.names()) == number)  # noqa: B023  (asked at once)
            await until(lambda: len(bench.buckets.files("quick")) == number)  # noqa: B023
        assert bench.buckets.files("slow") == {}

    reports: list[BaseException] = []
    run(bench, work, reports)  # ends although a thread still waits
    answers.set()
    assert reports == []


def test_a_defect_in_the_midst_is_reported_and_the_file_put_again(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    reports: list[BaseException] = []

    def fail(moment: str, key: str) -> None:
        bench.buckets.fault = lambda moment, key: None
        raise RuntimeError("a defect")

    bench.buckets.fault = fail

    async def work() -> None:
        await asyncio.to_thread(bench.take, "A")
        await until(bench.buckets.files)

    run(bench, work, reports)
    assert [str(one) for one in reports] == ["a defect"]


def test_a_bucket_is_told_of_when_it_begins_to_fail_and_when_it_works_again(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.buckets.missing.add("logs")
    notes: list[tuple[str, str | None]] = []

    async def work() -> None:
        await asyncio.to_thread(bench.take, "A")
        await until(lambda: notes)
        bench.buckets.missing.clear()
        await until(bench.buckets.files)
        await until(lambda: len(notes) == 2)

    run(bench, work, [], notes)
    assert notes == [("logs", "NoSuchBucket: The specified bucket does not exist"), ("logs", None)]


def test_it_ends_also_in_the_moment_in_which_it_is_told_of_something(bench: TrailBench) -> None:
    async def work() -> None:
        loop = TrailLoop(bench.service, report=lambda _error: None)
        turned = asyncio.Event()
        task = asyncio.create_task(loop.run(turned.set))
        await turned.wait()
        await asyncio.sleep(0.02)  # it waits
        loop._is_told.set()
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done == {task}

    asyncio.run(work())


def test_what_waits_is_told() -> None:
    bench = TrailBench(MemoryStore())
    watch = TrailWatch(bench.service)
    bench.keep(bench.trail(validates_log_files=True), bench.trail(name="other", s3_bucket_name="others"))
    bench.run()
    bench.buckets.missing.add("logs")
    bench.take("A", "B")
    assert {name: value for name, (_, value) in watch.gauges.items()} == {
        "trail_records_waiting": 4,
        "trail_files_waiting": 0,
        "trail_buckets_failing": 0,
    }
    assert watch.health == {}
    bench.run(300)
    bench.run(3600)
    assert {name: value for name, (_, value) in watch.gauges.items()} == {
        "trail_records_waiting": 0,
        "trail_files_waiting": 2,
        "trail_buckets_failing": 1,
    }
    assert watch.health == {"trail_buckets_failing": 1}


def test_a_bucket_that_fails_again_after_nothing_waited_is_news(bench: TrailBench) -> None:
    notes: list[tuple[str, str | None]] = []
    loop = TrailLoop(bench.service, report=lambda _: None, note_bucket=lambda *note: notes.append(note))
    loop._note("gone", "no such bucket")
    loop._note("gone", "no such bucket")
    assert notes == [("gone", "no such bucket")]
    asyncio.run(loop.step())  # nothing waits for it any more
    loop._note("gone", "no such bucket")
    assert len(notes) == 2
