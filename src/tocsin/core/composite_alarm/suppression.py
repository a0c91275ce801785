"""Holding the actions of a composite alarm while its suppressor is in ALARM. Spec: AL-13.

Rule: the state goes on, only actions are held. What happens at an instant depends on what is held
and on the facts of that instant alone; looking more often than something happens changes nothing,
and looking late loses nothing: a timer that was due earlier is run first, as of when it was due.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tocsin.core.alarm.state import StateValue


class SuppressedBy(StrEnum):
    """What actions are held by: ActionsSuppressedBy (AL-13.4)."""

    WAIT_PERIOD = "WaitPeriod"
    EXTENSION_PERIOD = "ExtensionPeriod"
    ALARM = "Alarm"

    @property
    def reason(self) -> str:
        """ActionsSuppressedReason; seen for the wait, by analogy for the others (our choice, AL-13.4)."""
        return f"Actions suppressed by {self.value}"


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one composite alarm (AL-13.2).

    `value` is the state of the composite; None before its first evaluation. `is_pending` says that
    actions of that state are held. `timer` is WAIT_PERIOD or EXTENSION_PERIOD and runs until `due`,
    an aware datetime; both are None when no timer runs. `in_alarm` says whether the suppressor was
    in ALARM when last looked at.
    """

    value: StateValue | None = None
    is_pending: bool = False
    timer: SuppressedBy | None = None
    due: datetime | None = None
    in_alarm: bool = False

    @property
    def suppressed_by(self) -> SuppressedBy | None:
        """ActionsSuppressedBy: set while something is pending (AL-13.4)."""
        if not self.is_pending:
            return None
        return SuppressedBy.ALARM if self.timer is None else self.timer


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What there is at an instant: the composite's state, the suppressor's, and the two periods in seconds."""

    value: StateValue
    suppressor: StateValue
    wait_period: int
    extension_period: int


class ActionRun(msgspec.Struct, frozen=True):
    """The actions of state `value` are run, as of `at`."""

    at: datetime
    value: StateValue


def replace_suppressor(value: StateValue | None, *, suppressor: StateValue) -> Suppression:
    """What is held once a suppressor is set or replaced: nothing (AL-13.3).

    Timers are discarded, and what was pending is dropped with them (our choice). For a composite
    that is being created `value` is None, so that its first state waits, too.
    """
    return Suppression(value=value, in_alarm=suppressor is StateValue.ALARM)


def step(held: Suppression, at: datetime, facts: Facts) -> tuple[Suppression, tuple[ActionRun, ...]]:
    """What is held after the instant `at`, and which actions are run (AL-13.2).

    It is to be called at every change of the composite or the suppressor, once for all that changes
    at one instant, and when a timer is due; calls in between do nothing. `at` is aware and not
    before that of the call before. There are two runs only when an earlier timer was passed over.
    """
    runs: list[ActionRun] = []
    if held.due is not None and held.due < at:
        held = _run(held, held.due, runs)
    held = _apply(held, at, facts)
    if held.due is not None and held.due <= at:  # rule 1, and periods of no seconds (AL-13.3)
        held = _run(held, at, runs)
    return held, tuple(runs)


def _apply(held: Suppression, at: datetime, facts: Facts) -> Suppression:
    """Rules 2 to 5 of AL-13.2. While the suppressor is in ALARM no timer runs, so rule 1 is left to the caller."""
    in_alarm = facts.suppressor is StateValue.ALARM
    has_left = held.in_alarm and not in_alarm
    value, is_pending, timer, due = held.value, held.is_pending, held.timer, held.due
    if facts.value is not value:
        value, is_pending, timer, due = facts.value, True, None, None
        if not in_alarm:
            timer, due = SuppressedBy.WAIT_PERIOD, _later(at, facts.wait_period)
    elif in_alarm:
        timer, due = None, None
    if has_left and is_pending and timer is not SuppressedBy.WAIT_PERIOD:
        timer, due = SuppressedBy.EXTENSION_PERIOD, _later(at, facts.extension_period)
    return Suppression(value=value, is_pending=is_pending, timer=timer, due=due, in_alarm=in_alarm)


def _run(held: Suppression, at: datetime, runs: list[ActionRun]) -> Suppression:
    """The timer has ended: the actions of the state then are run, once."""
    assert held.value is not None  # a timer starts with a state
    runs.append(ActionRun(at, held.value))
    return Suppression(value=held.value, in_alarm=held.in_alarm)


def _later(at: datetime, seconds: int) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:  # a period may be of 68 years, and a calendar ends
        return datetime.max.replace(tzinfo=at.tzinfo)
