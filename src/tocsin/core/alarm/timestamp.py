"""Seconds, moments, and the texts that AWS writes for them. Rule: UTC, and total for every second.

Slots are reckoned in whole seconds since the epoch; people and stores get aware datetimes. What
lies outside the years 1 to 9999 is shown as the nearest second inside. Spec: AL-9.1, AL-9.10.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tocsin.core.alarm.error import AlarmError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = -62_135_596_800
_LAST = 253_402_300_799
_DAY = 86_400


@lru_cache(maxsize=1024)
def moment(second: int) -> datetime:
    """The second since the epoch as an aware datetime in UTC."""
    return _EPOCH + timedelta(seconds=min(max(second, _FIRST), _LAST))


def second_of(at: datetime, *, name: str = "at") -> int:
    """The second since the epoch that `at` lies in. Raises AlarmError for a naive datetime."""
    if at.utcoffset() is None:
        raise AlarmError(
            f"The parameter {name} must have a time zone.",
            parameter=name,
            hint="a datetime without one names no instant; give tzinfo, for example datetime.UTC",
        )
    between = at - _EPOCH
    return between.days * _DAY + between.seconds


def millisecond_of(at: datetime, *, name: str = "at") -> int:
    """The millisecond since the epoch that `at` lies in. Raises AlarmError for a naive datetime."""
    return second_of(at, name=name) * 1000 + at.microsecond // 1000


@lru_cache(maxsize=1024)
def aws_timestamp(at: datetime) -> str:
    """An aware datetime as `2026-09-14T05:43:04.472+0000`, to the millisecond, in UTC."""
    utc = moment(second_of(at))  # and not astimezone, which fails at the ends of the calendar
    return f"{utc.year:04}-{utc:%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def point_time(at: datetime) -> str:
    """An aware datetime as it stands in reasons: `dd/MM/yy HH:mm:ss`, day first, in UTC."""
    return f"{moment(second_of(at)):%d/%m/%y %H:%M:%S}"
