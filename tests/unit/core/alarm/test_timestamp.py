from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.core.alarm import AlarmError
from tocsin.core.alarm.timestamp import aws_timestamp, moment, point_time, second_of

EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-12))


# AL-9.10, AL-9.1: milliseconds, cut and not rounded; UTC, whatever the zone.
@pytest.mark.parametrize(
    ("at", "aws", "point"),
    [
        (datetime(2026, 9, 14, 5, 43, 4, 472_999, UTC), "2026-09-14T05:43:04.472+0000", "14/09/26 05:43:04"),
        (
            datetime(2026, 9, 14, 7, tzinfo=timezone(timedelta(hours=2))),
            "2026-09-14T05:00:00.000+0000",
            "14/09/26 05:00:00",
        ),
        (datetime(1969, 12, 31, 23, 59, 59, 1000, UTC), "1969-12-31T23:59:59.001+0000", "31/12/69 23:59:59"),
        (datetime.min.replace(tzinfo=EAST), "0001-01-01T00:00:00.000+0000", "01/01/01 00:00:00"),
        (datetime.max.replace(tzinfo=WEST), "9999-12-31T23:59:59.999+0000", "31/12/99 23:59:59"),
    ],
)
def test_times_as_aws_writes_them(at: datetime, aws: str, point: str) -> None:
    assert (aws_timestamp(at), point_time(at)) == (aws, point)


def test_seconds_and_moments() -> None:
    at = datetime(2026, 9, 14, 5, 43, 4, tzinfo=UTC)
    assert moment(second_of(at)) == at
    assert second_of(at + timedelta(microseconds=999_999)) == second_of(at)


def test_a_naive_datetime_names_no_instant() -> None:
    with pytest.raises(AlarmError, match="time zone") as caught:
        second_of(datetime(2026, 9, 14, tzinfo=UTC).replace(tzinfo=None), name="points")
    assert caught.value.parameter == "points"
