"""What a composite alarm says about its state: StateReason and StateReasonData. Spec: AL-9.9, AL-9.10.

Rule: AWS's wording stands here and nowhere else. Times are UTC and in English wherever this runs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.core.alarm.timestamp import aws_timestamp, moment, second_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tocsin.core.alarm.state import AlarmState, StateValue

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def created(arn: str, value: StateValue) -> str:
    """The reason of the first state, `arn` being the composite's."""
    return f"{arn} was created and its alarm rule evaluates to {value}"


def updated(arn: str, value: StateValue) -> str:
    """The reason of a state that a new definition brought."""
    return f"{arn} was updated and its new alarm rule evaluates to {value}"


def child_changed(arn: str, child: AlarmState) -> str:
    """The reason of a state that a child brought; `arn` and `child` are the child's."""
    return f"{arn} transitioned to {child.state_value} at {_long_time(child.transitioned_at)}"


def reason_data(children: Iterable[tuple[str, AlarmState]]) -> str:
    """The children (ARN and state) that make the rule have its value, as compact JSON."""
    alarms = [
        {"arn": arn, "state": {"value": str(state.state_value), "timestamp": aws_timestamp(state.transitioned_at)}}
        for arn, state in children
    ]
    return json.dumps({"triggeringAlarms": alarms}, ensure_ascii=False, separators=(",", ":"))


def _long_time(at: datetime) -> str:
    """`Monday 14 September, 2026 11:18:44 UTC`."""
    utc = moment(second_of(at))
    return f"{_DAYS[utc.weekday()]} {utc.day:02} {_MONTHS[utc.month - 1]}, {utc.year:04} {utc:%H:%M:%S} UTC"
