"""A clock that jumps. Spec: AL-18, AR-6."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from live_alarm import ALARM_A, HERE, Live

from tocsin.app import metric_alarm
from tocsin.app.evaluator import Evaluator
from tocsin.clock import ManualClock
from tocsin.core.metric import MetricKey

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = MetricKey.of("N", "m")
ALARM = {**ALARM_A, "TreatMissingData": "notBreaching"}


def set_clock(live: Live, at: datetime) -> None:
    live.clock = ManualClock(at)
    live.service.clock = live.clock


@pytest.fixture
def live() -> Live:
    one = Live(START)
    metric_alarm.put_metric_alarm(one.service, HERE, ALARM)
    for minute in range(1, 4):
        one.move_to(START + timedelta(minutes=minute))
        one.run()
    return one


@pytest.mark.parametrize("back", [3600, 26 * 3600])
def test_a_clock_that_was_set_back_is_told_and_followed(live: Live, back: int) -> None:
    before = live.states()
    set_clock(live, START + timedelta(minutes=3, seconds=-back))
    assert live.service.part(Evaluator).run().set_back == back
    assert live.states() == before  # nothing happened twice
    live.add(KEY, live.clock.now(), 5.0)
    live.move_to(live.clock.now() + timedelta(minutes=2))
    runs = live.run()
    assert [run.set_back for run in runs] == [0] * len(runs)
    assert "Alarm updated from OK to ALARM" in [change.told for change in live.states()]


def test_a_little_back_is_waited_for(live: Live) -> None:
    before = live.states()
    set_clock(live, START + timedelta(minutes=2, seconds=30))
    run = live.service.part(Evaluator).run()
    assert (run.set_back, run.evaluations) == (0, 0)
    live.move_to(START + timedelta(minutes=5))
    live.run()
    assert live.states() == before


def test_after_a_jump_ahead_a_day_is_made_up_for_and_the_rest_is_told(live: Live) -> None:
    live.move_to(START + timedelta(days=3))
    runs = live.run()
    assert sum(run.passed_over for run in runs) >= 2 * 24 * 60 - 5
    assert runs[-1].is_behind is False
    assert sum(run.evaluations for run in runs) <= 24 * 60 + 5
    assert [change.told for change in live.states()] == ["Alarm updated from INSUFFICIENT_DATA to OK"]
