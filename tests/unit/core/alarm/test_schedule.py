from __future__ import annotations

from typing import Any

import pytest
from alarms import band_parameters, expression, math_parameters, parameters, stat

from tocsin.core.alarm import MetricAlarm
from tocsin.core.alarm.schedule import (
    due_instants,
    evaluation_interval,
    instant_after,
    instant_at,
    instants,
    must_run_every_instant,
)


# AL-6.1
@pytest.mark.parametrize(
    ("period", "n", "interval"),
    [
        (10, 3, 10),
        (20, 1, 10),
        (30, 2880, 10),
        (60, 1, 60),
        (300, 288, 60),
        (3600, 24, 60),
        (3600, 25, 3600),
        (86_400, 1, 60),
        (86_400, 2, 3600),
    ],
)
def test_interval(period: int, n: int, interval: int) -> None:
    assert evaluation_interval(MetricAlarm.from_aws(parameters(Period=period, EvaluationPeriods=n))) == interval


def test_instants() -> None:
    assert list(instants(60, 240, 60)) == [120, 180, 240]
    assert list(instants(61, 119, 60)) == []
    assert (instant_at(120, 60), instant_after(120, 60)) == (120, 180)
    assert (instant_at(-1, 60), instant_after(-1, 60)) == (0, 0)


# AL-18.3: what depends on the clock itself.
@pytest.mark.parametrize(
    ("given", "every"),
    [
        (parameters(), False),
        (parameters(EvaluationWindow={"SlidingWindow": {}}), False),
        (parameters(EvaluationWindow={"WallClockWindow": {}}), True),
        (math_parameters(stat("m1"), expression("e1", "FILL(m1, 0)", returned=True)), False),
        (math_parameters(stat("m1"), expression("e1", "m1", returned=True), expression("e2", "HOUR(m1)")), True),
        (math_parameters(stat("m1"), expression("e1", "FIRST(ANOMALY_DETECTION_BAND(m1))", returned=True)), True),
        (band_parameters(), True),
    ],
)
def test_alarms_that_are_evaluated_at_every_instant(given: dict[str, Any], every: bool) -> None:
    assert must_run_every_instant(MetricAlarm.from_aws(given)) is every


def due(seconds: list[int], **options: Any) -> list[int]:
    return list(due_instants(seconds, **{"period": 60, "evaluation_range": 2, "interval": 60, **options}))


# AL-18.3: the first instant strictly after s + j * P, j = 0 to R.
def test_due_instants() -> None:
    assert due([]) == []
    assert due([60]) == due([119]) == [120, 180, 240]
    assert due([60, 130, 150]) == [120, 180, 240, 300]
    # AL-18.a, its first part.
    assert due([600], period=300, evaluation_range=3) == [660, 960, 1260, 1560]
    assert due([5], period=20, evaluation_range=2, interval=10) == [10, 30, 50]


# AL-18.a, its second part: the event of minute 10 arrives at 18:30; what it would have done before is left out.
def test_late_data() -> None:
    options = {"period": 300, "evaluation_range": 3}
    assert due([], late=[(600, 1110)], **options) == [1140, 1260, 1560]
    assert due([], late=[(600, 1560)], **options) == [1560]
    assert due([], late=[(600, 1561)], **options) == []
    assert due([600], late=[(600, 1110)], **options) == [660, 960, 1140, 1260, 1560]
