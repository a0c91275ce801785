"""Anomaly bands: between which values a metric is expected. Rule: the model is named and can be replaced.

CloudWatch's model is not public; this one is our choice (AL-15.3). It is pure: the same history gives
the same band. Spec: AL-15.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, ClassVar, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_WEEKS = 2
_LEAST_SPAN = 3 * _DAY

# The standard deviation of a normal distribution is so many times its median absolute deviation.
_DEVIATION = 1.4826


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The edges of a band, one value for each slot, oldest first; None where there is no band yet.

    `model` is the name of the model that made it, for the evaluation record.
    """

    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    model: str


class BandModel(Protocol):
    """Makes a band out of what a metric has been. `name` stands in evaluation records (AL-15.3)."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    def band(self, history: Sequence[tuple[int, float]], slots: Sequence[int], *, deviations: float) -> Band:
        """The band at `slots` (their starts, in seconds since the epoch).

        `history` are datapoints (start of the period, value) in ascending order; those at or after
        a slot take no part in its band. `deviations` is the width on either side.
        """
        ...


class HourOfWeekModel:
    """Median and median absolute deviation of the same hour of the week, in UTC, over the last two weeks.

    No band where the history is shorter than three days or the hour is not in it. The lower edge is
    not below 0 for a metric that was never negative (AL-15.3).
    """

    name: ClassVar[str] = "hour-of-week-median"

    def band(self, history: Sequence[tuple[int, float]], slots: Sequence[int], *, deviations: float) -> Band:
        """See `BandModel.band`."""
        starts = [start for start, _ in history]
        first_negative = next((start for start, value in history if value < 0), None)
        edges: list[tuple[float | None, float | None]] = []
        for slot in slots:
            values = _values_of_hour(history, starts, slot)
            if not values:
                edges.append((None, None))
                continue
            middle = _median(values)
            width = deviations * _DEVIATION * _median([abs(value - middle) for value in values])
            lower = middle - width
            if first_negative is None or first_negative >= slot:
                lower = max(lower, 0.0)
            edges.append((lower, middle + width))
        return Band(lower=tuple(lower for lower, _ in edges), upper=tuple(upper for _, upper in edges), model=self.name)


DEFAULT_MODEL = HourOfWeekModel()


def _values_of_hour(history: Sequence[tuple[int, float]], starts: Sequence[int], slot: int) -> list[float]:
    """The values of the slot's hour of the week in the two weeks before it; none before there are three days."""
    begin, end = bisect_left(starts, slot - _WEEKS * _WEEK), bisect_left(starts, slot)
    if begin == end or slot - starts[begin] < _LEAST_SPAN:
        return []
    hour = slot - slot % _HOUR
    found: list[float] = []
    for weeks in range(_WEEKS, -1, -1):
        low = bisect_left(starts, max(hour - weeks * _WEEK, starts[begin]), begin, end)
        high = bisect_left(starts, hour - weeks * _WEEK + _HOUR, begin, end)
        found.extend(value for _, value in history[low:high])
    return found


def _median(values: Sequence[float]) -> float:
    """The middle of values of which there is one at least; of two in the middle the mean."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else ordered[half - 1] / 2 + ordered[half] / 2
