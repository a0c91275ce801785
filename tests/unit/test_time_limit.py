"""How long a piece of work may take. Spec: CON-8.9, CON-10.4."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from tocsin.clock import ManualClock
from tocsin.errors import CutOffError
from tocsin.time_limit import is_time_limited, is_time_over, no_time_limit, require_time, time_limit


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 14, tzinfo=UTC))


def test_work_goes_on_until_its_time_is_over(clock: ManualClock) -> None:
    with time_limit(clock, 2.0):
        clock.advance(1.9)
        require_time()
        clock.advance(0.1)
        with pytest.raises(CutOffError):
            require_time()
    require_time()
    assert not is_time_limited()


@pytest.mark.parametrize(("outer", "inner"), [(1.0, 5.0), (5.0, 1.0)])
def test_a_limit_within_another_one_gives_no_more_than_that(clock: ManualClock, outer: float, inner: float) -> None:
    with time_limit(clock, outer), time_limit(clock, inner):
        clock.advance(0.9)
        assert not is_time_over()
        clock.advance(0.2)
        assert is_time_over()


def test_what_others_will_use_is_done_to_its_end_and_does_not_count(clock: ManualClock) -> None:
    with time_limit(clock, 1.0), time_limit(clock, 0.5):
        clock.advance(0.4)
        with no_time_limit():
            clock.advance(10.0)
            require_time()
        assert not is_time_over()
        clock.advance(0.1)
        assert is_time_over()


def test_what_is_over_stays_over(clock: ManualClock) -> None:
    with time_limit(clock, 1.0):
        clock.advance(2.0)
        with no_time_limit():
            clock.advance(0.5)
        assert is_time_over()


def test_the_limit_of_one_thread_is_none_of_another(clock: ManualClock) -> None:
    seen: list[bool] = []
    with time_limit(clock, 0.0):
        thread = threading.Thread(target=lambda: seen.append(is_time_over()))
        thread.start()
        thread.join()
    assert seen == [False]
