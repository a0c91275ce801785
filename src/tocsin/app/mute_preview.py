"""What muting an alarm would have held: the same stretch of its past. Spec: CON-4.4, AL-14.

Rule: counted from the changes that are kept; where more are kept than are looked at, the number is the least there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.scope import Scope

DAYS: Final = 7
"""How far back is counted."""

MOST_COUNTED: Final = 1_000
"""Changes that are looked at."""

_DAY_MS: Final = 86_400_000


class MutePreview(NamedTuple):
    """Messages of the last days that a mute would have held; `is_more` where there may be more."""

    messages: int
    is_more: bool
    days: int = DAYS


def mute_preview(store: StoreReader, scope: Scope, alarm: MetricAlarm | CompositeAlarm, *, now: int) -> MutePreview:
    """What muting an alarm would have held in the last seven days; `now` is in milliseconds since the epoch."""
    told = {
        StateValue.ALARM: bool(alarm.alarm_actions),
        StateValue.OK: bool(alarm.ok_actions),
        StateValue.INSUFFICIENT_DATA: bool(alarm.insufficient_data_actions),
    }
    steps = store.history.changes(scope, alarm_name=alarm.alarm_name, start=now - DAYS * _DAY_MS, limit=MOST_COUNTED)
    count = sum(told[step.new] for step in steps) if alarm.actions_enabled else 0
    return MutePreview(count, len(steps) == MOST_COUNTED)
