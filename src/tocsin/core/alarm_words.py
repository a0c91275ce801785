"""What an alarm will do, in words, before it does it. Spec: CON-4.8, AL-7.c, AL-7.d, AL-12.6, AL-13.2.

Rule: computed by the code that decides, never typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tocsin.core.alarm.decision import Datapoint
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_condition import condition_text, span_text
from tocsin.core.alarm_life import life_of, ring_text
from tocsin.core.composite_alarm.reference import name_in

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm


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


def composite_words(
    alarm: CompositeAlarm,
    *,
    holds: bool | None,
    before: StateValue | None = None,
    suppressor: StateValue | None = None,
) -> list[str]:
    """What a composite comes to at once, and what its suppressor holds back: a sentence each.

    `holds` is its rule as its children stand, None where one of them is not there; `before` its state, None for a new
    one; `suppressor` the state of that alarm.
    """
    return [*_at_once(alarm, holds, before, suppressor), *_held(alarm)]


def _at_once(
    alarm: CompositeAlarm, holds: bool | None, before: StateValue | None, suppressor: StateValue | None
) -> list[str]:
    if holds is None:
        return ["Rings while its rule holds. Whether it does now cannot be said: an alarm in it is not there."]
    first = f"Rings while its rule holds, and now it {'holds' if holds else 'does not'}."
    state = StateValue.ALARM if holds else StateValue.OK
    if before is state:
        return [first]
    from_where = "It begins in INSUFFICIENT_DATA and" if before is None else f"Saved, it leaves {before.value} and"
    return [first, f"{from_where} goes to {state.value} at once, and {_tells(alarm, state, suppressor)}."]


def _tells(alarm: CompositeAlarm, state: StateValue, suppressor: StateValue | None) -> str:
    told = alarm.actions("AlarmActions" if state is StateValue.ALARM else "OKActions")
    if not told or not alarm.actions_enabled:
        return "tells nobody of that"
    if suppressor is StateValue.ALARM:
        return "tells of it when its suppressor lets it"
    wait = alarm.actions_suppressor_wait_period if alarm.actions_suppressor is not None else 0
    return f"tells of it after {span_text(wait)}" if wait else "tells of it"


def _held(alarm: CompositeAlarm) -> list[str]:
    if alarm.actions_suppressor is None:
        return []
    name, wait = name_in(alarm.actions_suppressor), alarm.actions_suppressor_wait_period
    extension = alarm.actions_suppressor_extension_period
    waits = f"Before it tells of a change it waits {span_text(wait)} for {name} to ring. " if wait else ""
    later = f"{span_text(extension)} after that" if extension else "as soon as that has ended"
    return [f"{waits}While {name} rings it tells nothing; how it stands then is told {later}."]
