"""The lane of an alarm as a drawing. Spec: CON-5.5, CON-10.1.

Rule: a lane has so many marks at most, whatever the alarm has done; what flapped is hatched, and never left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.console.charts import StateSpan, state_lane
from tocsin.core.alarm.stay import gather

if TYPE_CHECKING:
    from markupsafe import Markup

    from tocsin.app.alarm_lane import Lane
    from tocsin.console.charts import Window


def lane_drawing(window: Window, lane: Lane, *, most: int) -> Markup:
    """A lane with at most `most` times in ALARM."""
    found = gather(lane.stays, most=most)
    unread = [] if lane.flapping is None else [lane.flapping]
    return state_lane(
        window,
        [StateSpan(one.start // 1000, -(-one.end // 1000), one.state.value) for one in found.stays],
        muted=[_seconds(span) for span in lane.muted],
        flapping=[_seconds(span) for span in (*unread, *found.flapping)],
    )


def _seconds(span: tuple[int, int]) -> tuple[int, int]:
    return span[0] // 1000, -(-span[1] // 1000)
