"""The lane of an alarm as a drawing. Spec: CON-5.5, CON-10.1.

Rule: a lane has so many marks at most, whatever the alarm has done; what flapped is hatched, and never left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.console.charts import StateSpan, small_lane, state_lane
from tocsin.console.moment import duration_text
from tocsin.core.alarm.stay import gather

if TYPE_CHECKING:
    from markupsafe import Markup

    from tocsin.app.alarm_lane import Lane
    from tocsin.console.charts import Window


def lane_drawing(window: Window, lane: Lane, *, most: int) -> Markup:
    """A lane with at most `most` times in ALARM."""
    parts = _parts(lane, most)
    return state_lane(window, parts.states, muted=parts.muted, flapping=parts.flapping)


def small_lane_drawing(window: Window, lane: Lane, *, most: int) -> Markup:
    """The same for a row of a list, and how long it was in ALARM in words."""
    parts = _parts(lane, most)
    label = f"ALARM for {duration_text(lane.in_alarm / 1000)}" if lane.in_alarm else ""
    return small_lane(window, parts.states, muted=parts.muted, flapping=parts.flapping, label=label)


class _Parts(NamedTuple):
    """What is drawn of a lane, in seconds since the epoch."""

    states: list[StateSpan]
    muted: list[tuple[int, int]]
    flapping: list[tuple[int, int]]


def _parts(lane: Lane, most: int) -> _Parts:
    found = gather(lane.stays, most=most)
    unread = [] if lane.flapping is None else [lane.flapping]
    return _Parts(
        [StateSpan(one.start // 1000, -(-one.end // 1000), one.state.value) for one in found.stays],
        [_seconds(span) for span in lane.muted],
        [_seconds(span) for span in (*unread, *found.flapping)],
    )


def _seconds(span: tuple[int, int]) -> tuple[int, int]:
    return span[0] // 1000, -(-span[1] // 1000)
