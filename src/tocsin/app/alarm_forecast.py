"""When an alarm can leave its state, if nothing more comes. Spec: AL-7.c, CON-4.4.

Rule: found by evaluating the data that are there at the instants to come, with the code that will evaluate them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_reading import AlarmReading
from tocsin.app.replay import is_tied_to_the_clock
from tocsin.core.alarm.timestamp import moment, second_of

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.alarm_reading import ReadyAlarm
    from tocsin.app.alarm_record import AlarmStanding
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.state import StateValue


class Forecast(NamedTuple):
    """The state that an alarm goes to, and when; None where it stays until other data come."""

    state: StateValue
    at: datetime | None


def forecast(
    store: StoreReader, one: ReadyAlarm, standing: AlarmStanding, *, now: datetime, delay: int
) -> Forecast | None:
    """What becomes of a metric alarm without new data; `delay` is the setting `alarm.evaluation_delay`.

    None for an alarm whose state depends on the clock itself, or on a band: what it does then is not certain.
    """
    if is_tied_to_the_clock(one.known.alarm):
        return None
    start = second_of(now) - delay
    # By then everything that is there has left the range.
    end = start + (one.evaluator.range + 1) * one.known.alarm.period + one.interval
    reading = AlarmReading([one], start=start, end=end, now=end)
    state = standing.state.state_value
    for look in reading.looks(store, one, standing, delay=0):
        new = look.step.record.state.state_value
        if new is not state and look.at > start:
            return Forecast(new, moment(look.at + delay))
    return Forecast(state, None)
