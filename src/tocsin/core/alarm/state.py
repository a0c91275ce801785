"""The state of an alarm: its value, why, and since when. Spec: AL-8.1, AL-8.6, AR-4."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

INITIAL_REASON = "Unchecked: Initial alarm creation"
"""StateReason of an alarm that was never evaluated (AL-8.1)."""


class StateValue(StrEnum):
    """What an alarm can be."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one alarm, apart from its definition.

    `reason_data` is JSON text, None where there is none. `updated_at` and `transitioned_at` are
    aware: StateUpdatedTimestamp, and StateTransitionedTimestamp, which moves only when the value
    does (AL-8.6).
    """

    state_value: StateValue
    reason: str
    reason_data: str | None = None
    updated_at: datetime
    transitioned_at: datetime

    @classmethod
    def initial(cls, at: datetime) -> AlarmState:
        """The state of an alarm that is created at `at` (AL-8.1)."""
        return cls(state_value=StateValue.INSUFFICIENT_DATA, reason=INITIAL_REASON, updated_at=at, transitioned_at=at)
