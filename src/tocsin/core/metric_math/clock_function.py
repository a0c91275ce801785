"""The functions that tell the time of a slot, in UTC. Spec: AL-4.4, AL-4.6.

Rule: each slot has a point, whether the argument has one there or not; the start of the slot is its time.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tocsin.core.metric_math.function import SERIES, Function, gives
from tocsin.core.metric_math.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.core.metric_math.function import Argument
    from tocsin.core.metric_math.series import Point, Value, Window

_EPOCH = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()


def _clock(read: Callable[[int], Point]) -> Function:
    def apply(window: Window, _arguments: Sequence[Argument]) -> Value:
        return window.series(read(slot) for slot in window.slots)

    return Function((SERIES,), 1, gives(Kind.SERIES), apply)


def _calendar(read: Callable[[date], int]) -> Function:
    """Of the day that a slot starts on; no point outside of the years 1 to 9999."""

    def of_slot(slot: int) -> Point:
        day = slot // 86_400 + _EPOCH
        return float(read(date.fromordinal(day))) if 1 <= day <= _LAST_DAY else None

    return _clock(of_slot)


CLOCK_FUNCTIONS = {
    "MINUTE": _clock(lambda slot: float(slot // 60 % 60)),
    "HOUR": _clock(lambda slot: float(slot // 3600 % 24)),
    "DAY": _calendar(date.isoweekday),  # 1 is Monday
    "DATE": _calendar(lambda day: day.day),
    "MONTH": _calendar(lambda day: day.month),
    "YEAR": _calendar(lambda day: day.year),
    "EPOCH": _clock(float),
}
