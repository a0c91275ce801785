"""The last day of alarms (CON-4.2, CON-5.5)."""

from __future__ import annotations

import pytest
from board_bench import ALARM, HOUR_MS, MINUTE_MS, OK, BoardBench
from rule_bench import HERE, START

from tocsin.app.alarm_lane import AlarmDay, AlarmWindow, Lane

START_MS = int(START.timestamp() * 1000)


@pytest.fixture
def bench() -> BoardBench:
    """Two alarms that have been OK for a day and a half."""
    bench = BoardBench()
    bench.wired("a", "b")
    for name in ("a", "b"):
        bench.set(name, OK)
    bench.go(hours=36)
    return bench


def window(bench: BoardBench, store) -> AlarmWindow:
    return AlarmWindow(bench.service, store, [HERE], start=bench.now_ms - 24 * HOUR_MS, end=bench.now_ms)


def day(bench: BoardBench, **how: int) -> AlarmDay:
    with bench.store.read() as store:
        return window(bench, store).day(bench.lines(), **how)


def lane(bench: BoardBench, name: str, **how: int) -> Lane:
    with bench.store.read() as store:
        return window(bench, store).lane(bench.line(name), **how)


def told(found: Lane, bench: BoardBench) -> list[tuple[str, float, float]]:
    start = bench.now_ms - 24 * HOUR_MS
    return [(one.state.value, (one.start - start) / HOUR_MS, (one.end - start) / HOUR_MS) for one in found.stays]


def ring(bench: BoardBench, name: str, *, minutes: float) -> None:
    bench.set(name, ALARM)
    bench.go(minutes=minutes)
    bench.set(name, OK)


def test_an_alarm_that_never_rang_is_in_no_day(bench: BoardBench) -> None:
    assert day(bench) == AlarmDay([], 0)
    assert told(lane(bench, "a"), bench) == [("OK", 0, 24)]


def test_those_that_ring_come_first_then_the_longest(bench: BoardBench) -> None:
    bench.wired("c", "d")
    ring(bench, "a", minutes=30)
    ring(bench, "b", minutes=90)
    bench.set("c", ALARM)
    bench.go(minutes=10)
    found = day(bench)
    assert [(one.line.name, one.in_alarm / MINUTE_MS) for one in found.lanes] == [("c", 10), ("b", 90), ("a", 30)]
    assert found.rang == 3
    assert [one.line.name for one in day(bench, most=1).lanes] == ["c"]
    assert day(bench, most=1).rang == 3


def test_a_lane_has_every_stay_of_the_window(bench: BoardBench) -> None:
    ring(bench, "a", minutes=60)
    bench.go(hours=2)
    found = lane(bench, "a")
    assert told(found, bench) == [("OK", 0, 21), ("ALARM", 21, 22), ("OK", 22, 24)]
    assert (found.in_alarm, found.flapping, list(found.muted)) == (HOUR_MS, None, [])


def test_an_alarm_that_has_rung_all_day_fills_its_lane(bench: BoardBench) -> None:
    bench.set("a", ALARM)
    bench.go(hours=30)
    found = day(bench)
    assert told(found.lanes[0], bench) == [("ALARM", 0, 24)]
    assert found.lanes[0].in_alarm == 24 * HOUR_MS


def test_a_time_that_reaches_into_the_window_counts_for_what_is_in_it(bench: BoardBench) -> None:
    ring(bench, "a", minutes=180)
    bench.go(hours=23)
    (found,) = day(bench).lanes
    assert told(found, bench) == [("ALARM", 0, 1), ("OK", 1, 24)]
    assert found.in_alarm == HOUR_MS


def test_an_alarm_that_was_made_meanwhile_begins_there(bench: BoardBench) -> None:
    bench.wired("new")
    bench.go(hours=6)
    assert told(lane(bench, "new"), bench) == [("INSUFFICIENT_DATA", 18, 24)]


def test_one_that_flaps_is_drawn_from_its_last_changes_on(bench: BoardBench) -> None:
    for _ in range(10):
        ring(bench, "a", minutes=6)
        bench.go(minutes=6)
    found = lane(bench, "a", most=6)
    assert len(found.stays) == 7
    start, known_from = found.flapping
    assert (start, known_from) == (bench.now_ms - 24 * HOUR_MS, found.stays[0].start)
    assert found.in_alarm == 60 * MINUTE_MS, "also what is not drawn"
    assert lane(bench, "a", most=20).flapping is None


def test_windows_of_mute_rules_are_on_the_lane(bench: BoardBench) -> None:
    bench.mute("a", hours=1)
    began = bench.now_ms
    bench.go(hours=2)
    assert list(lane(bench, "a").muted) == [(began, began + HOUR_MS)]
    assert list(lane(bench, "b").muted) == []


def test_an_alarm_that_was_made_again_has_no_old_times(bench: BoardBench) -> None:
    bench.set("a", ALARM)
    bench.go(minutes=5)
    bench.no_alarm("a")
    bench.wired("a")
    bench.go(minutes=5)
    bench.set("a", OK)
    bench.go(minutes=5)
    found = lane(bench, "a")
    assert found.in_alarm == 0
    assert [(one.state.value, (one.end - one.start) / MINUTE_MS) for one in found.stays] == [
        ("INSUFFICIENT_DATA", 5),
        ("OK", 5),
    ]
