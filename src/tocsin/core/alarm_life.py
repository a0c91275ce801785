"""How long one burst of breaching data rings an alarm. Rule: computed by `decide`, never typed.

Spec: AL-6.5, AL-7, AL-7.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.decision import Datapoint, DecisionRule, TreatMissingData, decide
from tocsin.core.alarm.evaluation_range import evaluation_range
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_condition import span_text

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the state: `after` periods from the first evaluation that sees the burst, and its rule."""

    after: int
    state: StateValue
    rule: DecisionRule


class AlarmLife(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm does about `burst` breaching periods on end, with nothing that breaches before or after.

    `before` is the state that it has come to by then, `first_rule` what led there; `changes` are in
    the order of time. `slots` is R. `rings` is how many periods ALARM lasts once it has begun: 0
    where it never does, None where it has no end.
    """

    burst: int
    slots: int
    before: StateValue
    first_rule: DecisionRule
    changes: tuple[Change, ...]
    rings: int | None

    @property
    def after(self) -> StateValue:
        """The state in the end."""
        return self.changes[-1].state if self.changes else self.before


def life_of(
    alarm: MetricAlarm,
    *,
    treat: TreatMissingData | None = None,
    quiet: Datapoint = Datapoint.MISSING,
    extra: int | None = None,
) -> AlarmLife:
    """The life of an alarm around the smallest burst that rings it: one period, or else M on end.

    `treat` is taken in place of the alarm's own TreatMissingData. `quiet` is what a period without
    a burst holds: nothing, or a good point (a filter with a default value while other records
    arrive). `extra` is the setting `alarm.evaluation_range`.
    """
    n, m = alarm.evaluation_periods, alarm.points_to_alarm
    slots = evaluation_range(n, alarm.period, extra, wall_clock=alarm.wall_clock is not None)
    chosen = alarm.missing_data if treat is None else treat
    single = _live(n, m, slots, chosen, quiet, burst=1)
    return single if single.rings != 0 or m == 1 else _live(n, m, slots, chosen, quiet, burst=m)


def _live(n: int, m: int, slots: int, treat: TreatMissingData, quiet: Datapoint, *, burst: int) -> AlarmLife:
    first = decide([quiet] * slots, n=n, m=m, treat=treat, old=StateValue.INSUFFICIENT_DATA)
    state = first.state
    changes: list[Change] = []
    for after in _instants(n, m, slots, burst):
        values = [quiet] * slots
        # The burst fills the periods 0 to burst - 1; the newest slot is the period `after`.
        for place in range(max(0, slots - 1 - after), min(slots, slots - 1 - after + burst)):
            values[place] = Datapoint.BAD
        decision = decide(values, n=n, m=m, treat=treat, old=state)
        if decision.state is not state:
            state = decision.state
            changes.append(Change(after=after, state=state, rule=decision.rule))
    return AlarmLife(
        burst=burst,
        slots=slots,
        before=first.state,
        first_rule=first.rule,
        changes=tuple(changes),
        rings=_rings(first.state, changes),
    )


def _instants(n: int, m: int, slots: int, burst: int) -> list[int]:
    """The periods in which the state can change: a count of points, or the age of the oldest, crosses its bound.

    The first to enter, the M-th to enter or to grow old, and those that leave the newest N or the range.
    """
    marks = {0, m - 1, burst - 1}
    for end in (n, slots):
        marks |= {end, end + burst - m, end + burst - 1}
    near = {mark + step for mark in marks for step in (-1, 0, 1)}
    return sorted(mark for mark in near if mark >= 0)


def _rings(before: StateValue, changes: list[Change]) -> int | None:
    if before is StateValue.ALARM:
        return None  # a burst ends nothing
    begun = next((place for place, change in enumerate(changes) if change.state is StateValue.ALARM), None)
    if begun is None:
        return 0
    following = changes[begun + 1 :]
    return following[0].after - changes[begun].after if following else None


def ring_text(alarm: MetricAlarm, *, has_default: bool = False, extra: int | None = None) -> str:
    """How long a burst rings the alarm, and what comes then, as a sentence.

    `has_default` tells that the filter publishes a good value also in periods without a match, as
    long as other records arrive.

    For Period 300, 1 of 1, `notBreaching`: `One breaching period rings it for 15 minutes: so long the
    point stays in the range of 3 periods. Then it is OK.`
    """
    life = life_of(alarm, quiet=Datapoint.GOOD if has_default else Datapoint.MISSING, extra=extra)
    if life.before is StateValue.ALARM:
        return "Without data it is in ALARM from its first evaluation on: what is missing counts as breaching."
    if life.burst == 1:
        start = "One breaching period rings it"
    else:
        start = f"{life.burst} breaching periods on end ring it"
    if life.rings is None:
        return f"{start}, and it stays in ALARM until a period has data that do not breach."
    span = span_text(life.rings * alarm.period)
    if has_default:
        return f"{start} for {span}. Then it is {life.after.value}, if other records arrive meanwhile."
    why = "the point stays" if life.burst == 1 else "enough points stay"
    periods = "one period" if life.slots == 1 else f"{life.slots} periods"
    end = "is OK" if life.after is StateValue.OK else f"goes to {life.after.value}"
    return f"{start} for {span}: so long {why} in the range of {periods}. Then it {end}."
