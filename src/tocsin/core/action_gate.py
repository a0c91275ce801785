"""Which actions run at an instant: what suppressors and mute rules hold, and what they let go. Spec: AL-13, AL-14.

Rule: one place decides for backtest and live service alike. The gate is told the states of all alarms and
what has moved; it answers with what runs now and what is held, and keeps what it needs for the next instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.suppression import Facts, Suppression
from tocsin.core.composite_alarm.suppression import step as suppress
from tocsin.core.mute_rule import HeldActions, muted_until
from tocsin.core.mute_rule import step as mute

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import tzinfo

    from tocsin.core.alarm.state import AlarmState, StateValue
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.mute_rule import MuteRule

MUTED = "Mute"
"""What holds actions during the window of a mute rule; beside the values of ActionsSuppressedBy (AL-13.4)."""


class GateDecision(msgspec.Struct, kw_only=True):
    """What becomes of the actions of an alarm's state: `runs`, or `held_by` something; or neither.

    `is_after_window` is ActionExecutedAfterMuteWindow; `muted_until` (seconds since the epoch) is the end of
    the window that holds them.
    """

    name: str
    held_by: str = ""
    runs: bool = False
    is_after_window: bool = False
    muted_until: int | None = None


class ActionGate:
    """Holds and lets go the actions of the alarms of one account and region.

    `suppressed` has an entry for each composite with a suppressor, `held` one for each alarm in a window;
    both are changed by `decide`, and are what has to be kept. `mutes` are the rules by alarm.
    """

    def __init__(
        self,
        composites: Mapping[str, CompositeAlarm],
        mutes: Mapping[str, Sequence[tuple[MuteRule, tzinfo]]],
        *,
        suppressed: dict[str, Suppression],
        held: dict[str, HeldActions],
    ) -> None:
        self._composites = composites
        self._mutes = mutes
        self.suppressed = suppressed
        self.held = held
        self._mute_ends: dict[str, int] = {}

    def decide(self, at: int, before: Mapping[str, StateValue], states: Mapping[str, AlarmState]) -> list[GateDecision]:
        """What runs and what is held at `at`, in seconds since the epoch.

        `before` are the alarms that have just changed, with the states that they had; `states` are those of all
        alarms now. To be called when alarms change, when a timer is due (`due`), and when rules change.
        """
        decisions = {name: GateDecision(name=name) for name in before}
        due = before.keys() - self.suppressed.keys()
        due |= self._suppress(at, before.keys(), states, decisions)
        # What waits is looked at, too: a window remembers the state that it finds (AL-14.3).
        for name in sorted(due | before.keys() | self.held.keys()):
            value = states[name].state_value
            self._mute(at, name, before=before.get(name, value), value=value, is_due=name in due, decisions=decisions)
        return list(decisions.values())

    def due(self, name: str, at: int) -> int | None:
        """When an alarm has to be looked at again, in seconds since the epoch: a timer or a window ends."""
        found = []
        suppression = self.suppressed.get(name)
        if suppression is not None and suppression.due is not None:
            found.append(second_of(suppression.due) + (suppression.due.microsecond > 0))
        if name in self.held:
            end = self.muted_until(name, at)
            found.append(at if end is None else end)
        return min(found, default=None)

    def muted_until(self, name: str, at: int) -> int | None:
        """The end of the window that an alarm is in; asked once for each window, as a rule may mute for years."""
        known = self._mute_ends.get(name)
        if known is not None and at < known:
            return known
        rules = self._mutes.get(name, ())
        end = muted_until(rules, moment(at)) if rules else None
        if end is None:
            return None
        self._mute_ends[name] = second_of(end)
        return self._mute_ends[name]

    def _suppress(
        self,
        at: int,
        moved: Collection[str],
        states: Mapping[str, AlarmState],
        decisions: dict[str, GateDecision],
    ) -> set[str]:
        """The composites whose actions would run now; what is held is noted."""
        due: set[str] = set()
        for name, held in list(self.suppressed.items()):
            alarm = self._composites[name]
            suppressor = name_in(alarm.actions_suppressor or "")
            is_timer = held.due is not None and held.due <= moment(at)
            if name not in moved and suppressor not in moved and not is_timer:
                continue
            facts = Facts(
                value=states[name].state_value,
                suppressor=states[suppressor].state_value,
                wait_period=alarm.actions_suppressor_wait_period or 0,
                extension_period=alarm.actions_suppressor_extension_period or 0,
            )
            after, runs = suppress(held, moment(at), facts)
            self.suppressed[name] = after
            if runs:
                due.add(name)
            elif after.suppressed_by is not None:
                decisions.setdefault(name, GateDecision(name=name)).held_by = after.suppressed_by.value
        return due

    def _mute(
        self,
        at: int,
        name: str,
        *,
        before: StateValue,
        value: StateValue,
        is_due: bool,
        decisions: dict[str, GateDecision],
    ) -> None:
        end = self.muted_until(name, at)
        decided = mute(self.held.get(name), is_muted=end is not None, before=before, value=value, is_due=is_due)
        if decided.held is None:
            self.held.pop(name, None)
        else:
            self.held[name] = decided.held
        if decided.is_holding:
            decision = decisions.setdefault(name, GateDecision(name=name))
            decision.held_by, decision.muted_until = MUTED, end
        if decided.run is not None:
            decision = decisions.setdefault(name, GateDecision(name=name))
            decision.runs, decision.is_after_window = True, decided.is_after_window
