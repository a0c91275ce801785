from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from tocsin.core.alarm.slot import fill_slots, sliding_edges, wall_clock_edges
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.metric import StatisticSet

BERLIN = ZoneInfo("Europe/Berlin")
INDIA = timezone(timedelta(hours=5, minutes=30))


# AL-6.2: a period of 300 at minute 6 uses minutes 2 to 6, counted from 1.
def test_sliding_slots() -> None:
    assert sliding_edges(360, period=300, count=1) == (60, 360)
    assert sliding_edges(100, period=10, count=3) == (70, 80, 90, 100)


def shown(at: str, period: int, count: int, zone: tzinfo) -> list[str]:
    edges = wall_clock_edges(second_of(datetime.fromisoformat(at)), period=period, count=count, zone=zone)
    return [f"{moment(edge).astimezone(zone):%m-%d %H:%M}" for edge in edges]


# AL-5.8: minutes and hours on the hour, days at midnight, weeks on Monday (our choice); the last complete ones.
@pytest.mark.parametrize(
    ("at", "period", "count", "zone", "edges"),
    [
        ("2026-09-14T12:07:30Z", 60, 2, UTC, ["09-14 12:05", "09-14 12:06", "09-14 12:07"]),
        ("2026-09-14T12:07:00Z", 300, 2, UTC, ["09-14 11:55", "09-14 12:00", "09-14 12:05"]),
        ("2026-09-14T12:05:00Z", 300, 1, UTC, ["09-14 12:00", "09-14 12:05"]),
        ("2026-09-14T12:07:00Z", 3600, 1, INDIA, ["09-14 16:00", "09-14 17:00"]),
        ("2026-09-14T12:07:00Z", 86_400, 2, BERLIN, ["09-12 00:00", "09-13 00:00", "09-14 00:00"]),
        # The day of the change to winter time has 25 hours, that to summer time 23.
        ("2026-10-26T12:00:00Z", 86_400, 1, BERLIN, ["10-25 00:00", "10-26 00:00"]),
        ("2026-03-30T12:00:00Z", 86_400, 1, BERLIN, ["03-29 00:00", "03-30 00:00"]),
        # The hour that exists twice is two slots.
        ("2026-10-25T02:30:00Z", 3600, 3, BERLIN, ["10-25 01:00", "10-25 02:00", "10-25 02:00", "10-25 03:00"]),
        ("2026-09-16T12:00:00Z", 604_800, 1, UTC, ["09-07 00:00", "09-14 00:00"]),
    ],
)
def test_wall_clock_slots(at: str, period: int, count: int, zone: tzinfo, edges: list[str]) -> None:
    assert shown(at, period, count, zone) == edges


def test_days_are_as_long_as_they_are_there() -> None:
    at = second_of(datetime(2026, 10, 26, 12, tzinfo=UTC))
    first, last = wall_clock_edges(at, period=86_400, count=1, zone=BERLIN)
    assert last - first == 25 * 3600


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("period", [60, 86_400, 604_800])
def test_slots_at_the_ends_of_the_calendar_do_not_fail(at: datetime, period: int) -> None:
    assert len(wall_clock_edges(second_of(at), period=period, count=1, zone=BERLIN)) == 2


# AL-6.2: the start belongs to the slot, the end does not.
def test_data_lie_in_the_slot_that_contains_them() -> None:
    data = [(59, 9.0), (60, 1.0), (119, 2.0), (120, 4.0), (179, 8.0), (180, 9.0)]
    slots = fill_slots((60, 120, 180), [(second, StatisticSet.of(value)) for second, value in data])
    assert slots == (StatisticSet.of(1.0, 2.0), StatisticSet.of(4.0, 8.0))


def test_a_slot_without_data_is_none() -> None:
    assert fill_slots((0, 60, 120), [(60, StatisticSet.of(0.0))]) == (None, StatisticSet.of(0.0))
