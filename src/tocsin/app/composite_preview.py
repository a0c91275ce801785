"""What a composite alarm would have done lately, before it is made. Spec: CON-4.8, AL-12.6.

Rule: judged by the changes of its children that are kept, so by what they were told to be, whoever said so. Where they
changed more often than is looked at, only what was looked at is judged, and that is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, standing_of
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.stay import Stay, stays_of
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.composite_alarm import tree
from tocsin.core.composite_alarm.outline import outcome
from tocsin.core.composite_alarm.past import CompositeStay, composite_past
from tocsin.core.composite_alarm.reference import name_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.alarm_record import KeptAlarm
    from tocsin.app.store_port import StoreReader
    from tocsin.core.composite_alarm.alarm_rule import AlarmRule
    from tocsin.core.scope import Scope

DAYS: Final = 14
"""How far a preview looks back."""

_DAY_MS: Final = 86_400_000

# Parts of a rule that are worked out, one by one, over all changes: some tenths of a second.
_MOST_STEPS: Final = 100_000
_MOST_CHANGES: Final = 600


class ChildPast(msgspec.Struct, frozen=True, kw_only=True):
    """A child of a rule. `state` is None where there is no such alarm; `actions` are those of its way into ALARM."""

    name: str
    state: StateValue | None
    stays: tuple[Stay, ...] = ()
    actions: tuple[str, ...] = ()


class CompositePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule came to from `since` to `until`, in milliseconds since the epoch.

    `holds` is what it comes to now, None where that depends on an alarm that is not there. `is_cut` tells that the
    stretch was to begin earlier.
    """

    since: int
    until: int
    is_cut: bool
    holds: bool | None
    children: tuple[ChildPast, ...]
    stays: tuple[CompositeStay, ...]

    @property
    def rings(self) -> list[CompositeStay]:
        """The times in ALARM."""
        return [one for one in self.stays if one.state is StateValue.ALARM]

    @property
    def states(self) -> dict[str, StateValue]:
        """How the children that are there stand, by name."""
        return {one.name: one.state for one in self.children if one.state is not None}


def preview_composite(store: StoreReader, scope: Scope, rule: AlarmRule, *, now: int) -> CompositePreview:
    """What the rule would have done in the last days; `now` in milliseconds since the epoch."""
    names = list(dict.fromkeys(map(name_in, rule.children)))
    start = now - DAYS * _DAY_MS
    parts = len(tree.postorder(rule.tree))
    most = max(10, min(_MOST_CHANGES, _MOST_STEPS // (parts * max(1, len(names)))))
    children, since = [], start
    for name in names:
        child, known_from = _child(store, scope, name, start=start, end=now, most=most)
        children.append(child)
        since = max(since, known_from)
    states = {one.name: one.state for one in children if one.state is not None}
    past = composite_past(rule, {one.name: one.stays for one in children}, start=since, end=now)
    return CompositePreview(
        since=since,
        until=now,
        is_cut=since > start,
        holds=outcome(rule, states),
        children=tuple(children),
        stays=tuple(past),
    )


def _child(store: StoreReader, scope: Scope, name: str, *, start: int, end: int, most: int) -> tuple[ChildPast, int]:
    """A child, and from when on all that it did is known."""
    kept = _kept(store, scope, name)
    if kept is None:
        return ChildPast(name=name, state=None), start
    steps = store.history.changes(scope, alarm_name=name, start=start, end=end, limit=most + 1)[::-1]
    is_cut = len(steps) > most
    known_from = steps[0].at if is_cut else start
    state = standing_of(store, scope, name, created_at=kept.created_at).state
    stays: Sequence[Stay] = stays_of(
        steps[1:] if is_cut else steps,
        start=known_from,
        end=end,
        now_in=state.state_value,
        since=millisecond_of(state.transitioned_at),
        created_at=millisecond_of(kept.created_at),
    )
    actions = kept.parameters.get("AlarmActions") or () if kept.parameters.get("ActionsEnabled", True) else ()
    return ChildPast(name=name, state=state.state_value, stays=tuple(stays), actions=tuple(actions)), known_from


def _kept(store: StoreReader, scope: Scope, name: str) -> KeptAlarm | None:
    return METRIC_ALARMS.get(store, scope, name) or COMPOSITES.get(store, scope, name)
