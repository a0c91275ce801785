"""When an alarm's changes are told, where its tags ask for less or for more than AWS says. Spec: AL-19.6, AL-8.2, R-21.

Rule: state and history are as on AWS; only messages wait, are folded or repeated. Each change that would be told is
told, or a later message names it, or it is the first one and the tags say to skip that. The functions take the state
of these matters and give the next one; instants are seconds since the epoch.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REMIND_EVERY: Final = "tocsin:remind-every"
REMIND_ON: Final = "tocsin:remind-on"
HOLD_DOWN: Final = "tocsin:hold-down"
FLAP_LIMIT: Final = "tocsin:flap-limit"
SKIP_FIRST: Final = "tocsin:skip-first"

NEW_EVENTS: Final = "new-events"
"""The value of `tocsin:remind-on`."""

MOST_UNTOLD: Final = 100
"""Changes that were not told and are named one by one; further ones are counted."""

SUPPRESSOR_ASKED_AGAIN: Final = 60
MUTE_RULE_ASKED_AGAIN: Final = 3_600
"""Seconds after which an alarm whose messages a suppressor or a mute rule holds is looked at again: either may go."""

_DURATIONS: Final = (REMIND_EVERY, HOLD_DOWN)
_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,9})W|(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?)\Z"
)
_HOUR: Final = 3_600
_DAY: Final = 86_400
_UNITS: Final = (7 * _DAY, _DAY, _HOUR, 60, 1)
_SHORTEST, _LONGEST = 60, 365 * _DAY

# An alarm is evaluated 360 times an hour at the most.
_MOST_CHANGES: Final = 360

# How often is looked for new events at the most, however short the alarm's period.
_SHORTEST_LOOK: Final = 60


# ---------------------------------------------------------------- what the tags ask for


class NoticeRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the tags of an alarm ask for; durations in seconds, 0 for none.

    `flap_limit` is how many changes in an hour are told one by one, None for all.
    """

    remind_every: int = 0
    reminds_of_events: bool = False
    hold_down: int = 0
    flap_limit: int | None = None
    skips_first: bool = False


AS_ON_AWS: Final = NoticeRules()


def notice_rules(tags: Mapping[str, str]) -> NoticeRules:
    """The rules in tags; a tag whose value means nothing has no effect (`notice_problem` says which)."""
    limit = tags.get(FLAP_LIMIT, "")
    return NoticeRules(
        remind_every=_seconds(tags.get(REMIND_EVERY, "")),
        reminds_of_events=tags.get(REMIND_ON) == NEW_EVENTS,
        hold_down=_seconds(tags.get(HOLD_DOWN, "")),
        flap_limit=int(limit) if _is_limit(limit) else None,
        skips_first=tags.get(SKIP_FIRST) == "true",
    )


def notice_problem(key: str, value: str) -> str:
    """What is wrong with a tag of these; empty when nothing is, or it is another one."""
    if key in _DURATIONS and not _seconds(value):
        return f"{key} takes an ISO 8601 duration from PT1M to P365D, for example PT1H"
    if key == REMIND_ON and value != NEW_EVENTS:
        return f"{key} takes {NEW_EVENTS}"
    if key == FLAP_LIMIT and not _is_limit(value):
        return f"{key} takes a whole number from 1 to {_MOST_CHANGES}, the changes of state in an hour"
    if key == SKIP_FIRST and value not in {"true", "false"}:
        return f"{key} takes true or false"
    return ""


def _seconds(text: str) -> int:
    """The length of a duration; 0 for what is none, or out of range."""
    found = _DURATION.match(text)
    if found is None:
        return 0
    seconds = sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS, strict=True))
    return seconds if _SHORTEST <= seconds <= _LONGEST else 0


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= _MOST_CHANGES


# ---------------------------------------------------------------- what is remembered


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A change of state that was not told: when it happened, and to what."""

    at: int
    value: StateValue


class NoticeState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an alarm with such tags.

    `is_first` tells that the latest change is the first one, `left_alarm_at` since when the alarm is out of ALARM
    (None while it is in it, or never was), `changes` when it changed in the last hour. No message has named the
    events from `events_from` on. `held` is the change to OK that goes out at `held_until`; `untold` are changes that
    a message has to name, `untold_more` further ones, at `summary_at` at the latest. `remind_at` is the next
    reminder, `look_at` the next look for new events. `is_acknowledged` says that somebody has taken the present state
    on, who need not be reminded of it.
    """

    is_first: bool = False
    is_acknowledged: bool = False
    left_alarm_at: int | None = None
    changes: tuple[int, ...] = ()
    events_from: int | None = None
    held: Change | None = None
    held_until: int | None = None
    untold: tuple[Change, ...] = ()
    untold_more: int = 0
    summary_at: int | None = None
    remind_at: int | None = None
    look_at: int | None = None

    @property
    def due(self) -> int | None:
        """When the alarm has to be looked at again."""
        instants = (self.held_until, self.summary_at, self.remind_at, self.look_at)
        return min((one for one in instants if one is not None), default=None)


class Told(NamedTuple):
    """What follows from a message: the state afterwards, and what the message has to name.

    `untold` are changes, `more` further ones; the events to list are those from `since` on where that is not None,
    else those behind the change. Where there is no message now, `held_by` is the tag that holds it, and `why_not` says
    it in words.
    """

    state: NoticeState
    untold: tuple[Change, ...] = ()
    more: int = 0
    since: int | None = None
    held_by: str = ""
    why_not: str = ""


# ---------------------------------------------------------------- a change


def changed(
    rules: NoticeRules,
    state: NoticeState,
    *,
    old: StateValue,
    new: StateValue,
    at: int,
    period: int | None,
    is_first: bool = False,
) -> NoticeState:
    """An alarm has changed at `at`, whether anybody is to be told or not.

    `period` is that of a metric alarm, None for a composite, which has no events of its own; `is_first` tells that
    it had never changed before.
    """
    recent = (*(one for one in state.changes if one > at - _HOUR), at)[-_MOST_CHANGES - 1 :]
    state = msgspec.structs.replace(
        state, is_first=is_first, is_acknowledged=False, changes=recent, remind_at=None, look_at=None
    )
    if new is StateValue.ALARM:
        if state.held is not None:  # it did not last
            state = _owed(msgspec.structs.replace(state, held=None, held_until=None), state.held, at=at)
        return _reminding(rules, msgspec.structs.replace(state, left_alarm_at=None), at=at, period=period)
    return msgspec.structs.replace(state, left_alarm_at=at) if old is StateValue.ALARM else state


def tell(
    rules: NoticeRules,
    state: NoticeState,
    change: Change,
    *,
    at: int,
    reaches: Collection[StateValue],
    events_from: int,
) -> Told:
    """The actions of a change would run at `at`: whether they do.

    `reaches` are the states whose actions all run with those of this one, so that whoever was to be told of them
    hears this message, too. `events_from` is when the events behind the change begin.
    """
    if rules.skips_first and state.is_first:
        state = _passed(state, change, events_from)
        return Told(state, held_by=SKIP_FIRST, why_not=f"it is the first change ({SKIP_FIRST})")
    recent = sum(one > at - _HOUR for one in state.changes)
    if rules.flap_limit is not None and recent > rules.flap_limit:
        state = _owed(_passed(state, change, events_from), change, at=at)
        assert state.summary_at is not None  # something is owed
        return Told(
            state,
            held_by=FLAP_LIMIT,
            why_not=f"more than {rules.flap_limit} changes within an hour are told together,"
            f" on {_instant(state.summary_at)} at the latest ({FLAP_LIMIT})",
        )
    if change.value is StateValue.OK and rules.hold_down and state.left_alarm_at is not None:
        until = state.left_alarm_at + rules.hold_down
        if until > at:
            if state.held is not None:
                state = _owed(state, state.held, at=at)
            return Told(
                msgspec.structs.replace(state, held=change, held_until=until),
                held_by=HOLD_DOWN,
                why_not=f"OK is told on {_instant(until)} if it lasts ({HOLD_DOWN})",
            )
    told = _named(state, change.at, reaches)
    if told.since is not None:
        told = told._replace(since=min(told.since, events_from))
    return told


# ---------------------------------------------------------------- time passes


class Notice(StrEnum):
    """What is to be told because time has passed."""

    HELD = "held"
    SUMMARY = "summary"
    REMINDER = "reminder"
    NEW_EVENTS = "new-events"  # a reminder, if there are any


def due_notice(state: NoticeState, at: int) -> Notice | None:
    """What is due at `at`, one thing after another."""
    instants = {
        Notice.HELD: state.held_until,
        Notice.SUMMARY: state.summary_at,
        Notice.REMINDER: state.remind_at,
        Notice.NEW_EVENTS: state.look_at,
    }
    return next((notice for notice, due in instants.items() if due is not None and due <= at), None)


def tell_in_time(
    rules: NoticeRules,
    state: NoticeState,
    notice: Notice,
    *,
    at: int,
    period: int | None,
    reaches: Collection[StateValue],
) -> Told:
    """What is due at `at` is told. A summary goes to all who are owed one, whatever `reaches` is."""
    if notice is Notice.HELD:
        return _named(msgspec.structs.replace(state, held=None, held_until=None), at, reaches)
    if notice is Notice.SUMMARY:
        return _named(state, at, tuple(StateValue))
    told = _named(state, at, reaches)
    return told._replace(state=_reminding(rules, told.state, at=at, period=period), since=state.events_from)


def nothing_new(rules: NoticeRules, state: NoticeState, *, at: int, period: int | None) -> NoticeState:
    """The state after a look that found no new events."""
    seen = state.events_from if state.untold else at
    again = _reminding(rules, state, at=at, period=period).look_at
    return msgspec.structs.replace(state, events_from=seen, look_at=again)


def acknowledged(state: NoticeState) -> NoticeState:
    """Somebody has taken the present state on: no reminder of it comes just because time passes (AL-19.6)."""
    return msgspec.structs.replace(state, is_acknowledged=True, remind_at=None)


def postponed(state: NoticeState, *, at: int, until: int) -> NoticeState:
    """What is due at `at` is held by something else and comes at `until`."""

    def later(due: int | None) -> int | None:
        return until if due is not None and due <= at else due

    return msgspec.structs.replace(
        state,
        held_until=later(state.held_until),
        summary_at=later(state.summary_at),
        remind_at=later(state.remind_at),
        look_at=later(state.look_at),
    )


def lapsed(rules: NoticeRules, state: NoticeState, *, at: int, period: int | None) -> NoticeState:
    """What is due comes to nothing: the alarm's actions are disabled, and enabling them replays nothing (AL-8.4)."""
    notice = due_notice(state, at)
    if notice is Notice.HELD:
        return msgspec.structs.replace(state, held=None, held_until=None)
    if notice is Notice.SUMMARY:
        return msgspec.structs.replace(state, untold=(), untold_more=0, summary_at=None)
    return _reminding(rules, state, at=at, period=period)


def caught_up(rules: NoticeRules, state: NoticeState, *, at: int, now: int, period: int | None) -> NoticeState:
    """After a pause the reminders up to `now` are one: those due at `at` move to the last of their instants."""

    def last(due: int | None, every: int) -> int | None:
        return due + (now - due) // every * every if due is not None and due <= at and every else due

    look = 0 if period is None else max(period, _SHORTEST_LOOK)
    return msgspec.structs.replace(
        state, remind_at=last(state.remind_at, rules.remind_every), look_at=last(state.look_at, look)
    )


def restarted(
    rules: NoticeRules, state: NoticeState, *, value: StateValue, since: int, at: int, period: int | None
) -> NoticeState:
    """The state after the alarm or its tags were changed: every timer begins anew (AL-8.2).

    The alarm is in `value` since the instant `since`.
    """
    state = msgspec.structs.replace(
        state,
        held_until=None if state.held is None else at + rules.hold_down,
        summary_at=None if not state.untold else at if rules.flap_limit is None else at + _HOUR,
        remind_at=None,
        look_at=None,
    )
    if value is not StateValue.ALARM:
        return state
    seen = since if state.events_from is None else state.events_from
    return _reminding(rules, msgspec.structs.replace(state, events_from=seen), at=at, period=period)


# ---------------------------------------------------------------- steps of all of them


def _named(state: NoticeState, at: int, reaches: Collection[StateValue]) -> Told:
    """A message goes out at `at` and names what is owed; who is not reached by it is told later."""
    since = state.events_from if any(one.value is StateValue.ALARM for one in state.untold) else None
    left = tuple(one for one in state.untold if one.value not in reaches)
    after = msgspec.structs.replace(
        state,
        events_from=state.events_from if left else at,
        untold=left,
        untold_more=state.untold_more if left else 0,
        summary_at=state.summary_at if left else None,
    )
    return Told(after, state.untold, state.untold_more, since)


def _owed(state: NoticeState, change: Change, *, at: int) -> NoticeState:
    """A message has to name this change, within an hour."""
    is_room = len(state.untold) < MOST_UNTOLD
    return msgspec.structs.replace(
        state,
        untold=(*state.untold, change) if is_room else state.untold,
        untold_more=state.untold_more + (not is_room),
        summary_at=at + _HOUR if state.summary_at is None else state.summary_at,
    )


def _passed(state: NoticeState, change: Change, events_from: int) -> NoticeState:
    """There is no message now: the events behind an ALARM are for the next one."""
    if change.value is not StateValue.ALARM:
        return state
    seen = events_from if state.events_from is None else min(state.events_from, events_from)
    return msgspec.structs.replace(state, events_from=seen)


def _reminding(rules: NoticeRules, state: NoticeState, *, at: int, period: int | None) -> NoticeState:
    looks = rules.reminds_of_events and period is not None
    reminds = rules.remind_every and not state.is_acknowledged
    return msgspec.structs.replace(
        state,
        remind_at=at + rules.remind_every if reminds else None,
        look_at=at + max(period or 0, _SHORTEST_LOOK) if looks else None,
    )


def _instant(second: int) -> str:
    return f"{moment(second):%Y-%m-%dT%H:%M:%SZ}"
