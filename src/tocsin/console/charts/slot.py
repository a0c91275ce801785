"""What a chart is given: slots with values, states, the evaluation that decided. Spec: CON-5.2, AL-6.2, AL-19.7."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec


class Side(StrEnum):
    """On which side of its threshold a metric breaches."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"
    """Outside a band."""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of a metric, as it is to be drawn. Times are seconds since the epoch, the end is not part of it.

    `value` is what the data say today, None for a missing one; `decided` what the evaluation that decided saw, where
    that was another value. `is_breaching` is the verdict on the value; `is_fill` says that the slot is missing and
    counts as breaching; `is_late` that data of it came after it had been evaluated. `lower` and `upper` are the edges
    of a band there. `href` leads to the data; `note` ends the readout of the slot: `decided ALARM at 03:11`.
    """

    start: int
    end: int
    value: float | None = None
    decided: float | None = None
    is_breaching: bool = False
    is_fill: bool = False
    is_late: bool = False
    lower: float | None = None
    upper: float | None = None
    href: str = ""
    note: str = ""


class StateSpan(NamedTuple):
    """A time in one state. `state` is AWS's word; `start` <= t < `end` in seconds since the epoch."""

    start: int
    end: int
    state: str


class DecidingEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation that made the state: at `at` it looked at `looked_at` slots (R) of `period` seconds.

    `evaluated` is the number of the newest among them that had to decide (N).
    """

    at: int
    period: int
    looked_at: int
    evaluated: int

    @property
    def start(self) -> int:
        """Where the oldest of the slots begins."""
        return self.at - self.looked_at * self.period
