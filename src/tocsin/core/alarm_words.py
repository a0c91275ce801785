"""What a metric alarm will do, in words, before it does it. Spec: CON-4.8, AL-7.c, AL-7.d.

Rule: computed by the code that decides, never typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tocsin.core.alarm.decision import Datapoint
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_condition import condition_text
from tocsin.core.alarm_life import life_of, ring_text

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm


def alarm_words(
    alarm: MetricAlarm, *, has_default: bool = False, is_new: bool = True, extra: int | None = None
) -> list[str]:
    """When it rings, how long one burst keeps it ringing, and what the first evaluation of a new one brings.

    `has_default` tells that the filter publishes a good value also in periods without a match, `extra` is the setting
    `alarm.evaluation_range`.
    """
    if alarm.is_anomaly:
        return [f"Rings when {condition_text(alarm)}."]
    return [
        f"Rings when {condition_text(alarm)}.",
        ring_text(alarm, has_default=has_default, extra=extra),
        *(_first(alarm, has_default=has_default, extra=extra) if is_new else ()),
    ]


def _first(alarm: MetricAlarm, *, has_default: bool, extra: int | None) -> list[str]:
    """What becomes of the INSUFFICIENT_DATA that every alarm begins in (AL-7.d)."""
    quiet = Datapoint.GOOD if has_default else Datapoint.MISSING
    state = life_of(alarm, quiet=quiet, extra=extra).before
    told = alarm.actions("OKActions") if alarm.actions_enabled else ()
    match state:
        case StateValue.OK:
            after = "and tells of it" if told else "and tells nobody of that"
            when = "With its first evaluation" if not has_default else "With the first data"
            return [f"{when} it goes from INSUFFICIENT_DATA to OK, {after}."]
        case StateValue.INSUFFICIENT_DATA:
            return ["It stands in INSUFFICIENT_DATA until there are data."]
        case StateValue.ALARM:
            return []  # how long it rings has said so
        case _:
            assert_never(state)
