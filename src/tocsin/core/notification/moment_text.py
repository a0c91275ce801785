"""Moments for people. Rule: UTC, in English whatever the machine's language. Spec: AL-17.6, CON-1.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.alarm.timestamp import moment, second_of

if TYPE_CHECKING:
    from datetime import datetime

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def long_moment(at: datetime) -> str:
    """An aware datetime as `Monday 14 September, 2026 11:18:44 UTC` (AL-17.6)."""
    utc = moment(second_of(at))
    return f"{_DAYS[utc.weekday()]} {utc.day:02} {_MONTHS[utc.month - 1]}, {utc.year} {utc:%H:%M:%S} UTC"


def short_moment(second: int) -> str:
    """A second since the epoch as `2026-09-14 11:18:44Z`."""
    at = moment(second)
    return f"{at.year:04}-{at:%m-%d %H:%M:%S}Z"


def span_of_moments(first: int, last: int) -> str:
    """From one second to another; the date is said once where it is the same.

    >>> span_of_moments(1789384620, 1789384724)
    '2026-09-14 11:17:00Z to 11:18:44Z'
    """
    if first == last:
        return short_moment(first)
    start, end = short_moment(first), short_moment(last)
    date, _, clock = end.partition(" ")
    return f"{start} to {clock if start.startswith(date) else end}"
