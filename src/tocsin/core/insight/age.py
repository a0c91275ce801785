"""How long counted calls are kept, and how finely. Spec: CT-17.7, CT-17.9.

Rule: who called is known as long as a baseline may need it; then calls are counted by minute for 15 days, by five
minutes for 63, by the hour for 90, as ListInsightsMetricData tells them.
"""

from __future__ import annotations

from tocsin.core.insight.judgement import DAY

NAMED_MINUTES = 9 * DAY
"""Minutes for which it is known who called: a baseline, and a day in which what was missed is made up for."""

_KEPT_DAYS = ((1, 15), (5, 63), (60, 90))

STAGES = (0, 1, 5, 60)
"""How coarse calls are: 0 while it is known who called, else minutes that are counted together."""


def oldest_minute(stage: int, at: int) -> int:
    """The oldest minute whose calls may still be of that stage at the minute `at`."""
    days = dict(_KEPT_DAYS)
    return at - (NAMED_MINUTES if stage == 0 else days[stage] * DAY)


def stage_after(stage: int, minute: int, at: int) -> int | None:
    """The stage that calls get which are too old for theirs; None for calls that go."""
    later = (one for one in STAGES if one > stage)
    return next((one for one in later if minute >= oldest_minute(one, at)), None)


def most_kept_minutes(period: int) -> int:
    """For how many minutes calls are told by periods of so many minutes: 1, 5 or 60."""
    return dict(_KEPT_DAYS)[period] * DAY
