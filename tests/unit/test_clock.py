"""The clock (AR-1, AR-6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.clock import FastClock, ManualClock, SystemClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_system_clock_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_manual_clock_stands_still() -> None:
    clock = ManualClock(NOON)
    assert (clock.now(), clock.monotonic()) == (NOON, 0.0)
    assert (clock.now(), clock.monotonic()) == (NOON, 0.0)


def test_manual_clock_moves_both_times_together() -> None:
    clock = ManualClock(NOON)
    clock.advance(90)
    clock.advance(0.5)
    assert clock.now() == NOON + timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5


def test_manual_clock_gives_utc_whatever_it_was_set_to() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC


def test_manual_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        ManualClock(NOON).advance(-1)


def test_manual_clock_refuses_a_start_without_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ManualClock(datetime(2026, 3, 1, 12))  # noqa: DTZ001  # that is what is refused


def test_fast_clock_starts_where_it_is_told_and_runs_ahead() -> None:
    clock = FastClock(NOON, speed=1_000_000)
    before = clock.monotonic()
    shown = clock.now()
    assert shown.tzinfo is UTC
    while clock.monotonic() == before:
        pass
    assert clock.now() > shown >= NOON


def test_a_wait_is_as_long_as_the_machine_needs_for_it() -> None:
    later = NOON + timedelta(minutes=1)
    assert ManualClock(NOON).seconds_until(later) == 60
    assert 0.9 < FastClock(NOON, speed=60).seconds_until(later) <= 1
    assert SystemClock().seconds_until(SystemClock().now() + timedelta(hours=1)) == pytest.approx(3600, abs=1)


@pytest.mark.parametrize("clock", [ManualClock(NOON), FastClock(NOON, speed=2), SystemClock()])
def test_nobody_waits_for_what_is_past(clock: ManualClock | FastClock | SystemClock) -> None:
    assert clock.seconds_until(datetime(2000, 1, 1, tzinfo=UTC)) == 0


@pytest.mark.parametrize(("start", "speed"), [(datetime(2026, 3, 1, 12), 60), (NOON, 0), (NOON, -1)])  # noqa: DTZ001
def test_fast_clock_refuses_what_is_no_clock(start: datetime, speed: float) -> None:
    with pytest.raises(ValueError, match="a fast clock needs"):
        FastClock(start, speed=speed)
