"""The clock (AR-1, AR-6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.clock import ManualClock, SystemClock

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
