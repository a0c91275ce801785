"""One record, where it lies and what stands around it (CON-4.5)."""

from __future__ import annotations

import msgspec
import pytest
from console_bench import AT, SCOPE, ConsoleBench
from event_bench import GROUP, event_id, record, role, user

from tocsin.app.event_reading import around, find_record
from tocsin.core.scope import Scope

THERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def bench() -> ConsoleBench:
    return ConsoleBench()


def found(bench: ConsoleBench, number: int, **how: int) -> list[tuple[Scope, str]]:
    copies = find_record(bench.service, (SCOPE, THERE), event_id(number), **how).copies
    return [(copy.scope, copy.event.group) for copy in copies]


def test_a_record_is_found_in_every_group_of_its_scope(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(3, 1), record(2, 2)])
    bench.put_events("copy", [record(3, 1)])
    bench.put_events("there", [record(1, 3)], scope=THERE)
    assert sorted(found(bench, 1)) == [(SCOPE, "copy"), (SCOPE, GROUP)]
    assert found(bench, 3) == [(THERE, "there")]
    assert found(bench, 9) == []


def test_a_time_that_is_far_off_does_not_hide_it(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(3, 1)])
    assert found(bench, 1, near_ms=0) == [(SCOPE, GROUP)]


def test_what_has_expired_is_not_found_and_said_to_have(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(2 * 1440, 1)])
    bench.call("logs", "PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": 1})
    gone = find_record(bench.service, (SCOPE,), event_id(1))
    assert (gone.copies, gone.has_expired) == ((), True)
    assert not find_record(bench.service, (SCOPE,), event_id(2)).has_expired
    day = int(AT.timestamp() * 1000) - 2 * 86_400_000
    assert find_record(bench.service, (SCOPE,), event_id(2), near_ms=day).has_expired


def neighbours(bench: ConsoleBench, number: int, **how: int) -> tuple[list[int], bool]:
    (one,) = find_record(bench.service, (SCOPE,), event_id(number)).copies
    events, is_all = around(bench.service, one, **how)
    return [int(event.terms.event_id[:8], 16) for event in events], is_all


def test_around_a_record_is_what_the_same_actor_did(bench: ConsoleBench) -> None:
    bench.put_events(
        GROUP,
        [
            *(record(minutes, number) for number, minutes in ((1, 16), (2, 14), (3, 11), (4, 10), (5, 9), (6, 6), (7, 4))),
            record(10, 8, userIdentity=user("bob")),
            record(9, 9, userIdentity=role()),
        ],
    )  # fmt: skip
    assert neighbours(bench, 4) == ([2, 3, 5, 6], True)
    assert neighbours(bench, 8) == ([], True)


def test_a_copy_in_another_group_is_not_around_a_record(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(3, 1), record(3, 2)])
    bench.put_events("copy", [record(3, 2)])
    assert neighbours(bench, 1) == ([2, 2], True)


def test_around_a_record_of_nobody_is_what_anybody_did(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(3, 1, userIdentity=None), record(3, 2), record(2, 3, userIdentity=user("bob"))])
    assert neighbours(bench, 1) == ([2, 3], True)


def put_as_delivered(bench: ConsoleBench, minutes: float, *records: dict[str, object]) -> None:
    """As a trail does: all of a delivery at one time, so many minutes ago."""
    at = int(AT.timestamp() * 1000) - int(minutes * 60_000)
    events = [{"timestamp": at, "message": msgspec.json.encode(one).decode()} for one in records]
    bench.call("logs", "PutLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "logEvents": events})


def test_the_time_of_a_call_counts_and_not_that_of_its_delivery(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(60, 1)])
    put_as_delivered(bench, 20, record(27, 2), record(33, 3), record(30, 4))
    put_as_delivered(bench, 10, record(26, 5), record(24, 6))
    assert neighbours(bench, 4) == ([3, 2, 5], True)


def test_of_very_much_what_is_close_is_read(bench: ConsoleBench) -> None:
    for first in (1, 1_001):
        bench.put_events(GROUP, [record(10 - number / 600, number) for number in range(first, first + 1_000)])
    near, is_all = neighbours(bench, 1_000, limit=6)
    assert all(abs(number - 1_000) <= 30 for number in near)
    assert (len(near), is_all) == (6, False)


def test_what_is_nearest_is_told_of_much(bench: ConsoleBench) -> None:
    bench.put_events(GROUP, [record(5 - number / 100, number) for number in range(1, 101)])
    near, is_all = neighbours(bench, 50, limit=6)
    assert (near, is_all) == ([47, 48, 49, 51, 52, 53], False)
    first, is_all = neighbours(bench, 1, limit=6)
    assert (first, is_all) == ([2, 3, 4, 5, 6, 7], False)
    last, is_all = neighbours(bench, 100, limit=6)
    assert (last, is_all) == ([94, 95, 96, 97, 98, 99], False)
