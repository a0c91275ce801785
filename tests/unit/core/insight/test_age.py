"""How long counted calls are kept, and how finely (CT-17.9)."""

from __future__ import annotations

import pytest

from tocsin.core.insight.age import most_kept_minutes, oldest_minute, stage_after

DAY = 1440


@pytest.mark.parametrize(
    ("stage", "days", "later"),
    [(0, 10, 1), (0, 16, 5), (0, 64, 60), (0, 91, None), (1, 16, 5), (5, 64, 60), (60, 91, None)],
)
def test_the_stage_after_the_one_that_calls_are_too_old_for(stage: int, days: int, later: int | None) -> None:
    assert oldest_minute(stage, 0) > -days * DAY
    assert stage_after(stage, -days * DAY, 0) == later


@pytest.mark.parametrize(("period", "days"), [(1, 15), (5, 63), (60, 90)])
def test_how_long_a_period_is_told(period: int, days: int) -> None:
    assert most_kept_minutes(period) == days * DAY
    assert oldest_minute(period, 0) == -days * DAY
