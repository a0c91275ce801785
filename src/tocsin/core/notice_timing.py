"""When an alarm's changes are told, where its tags ask for less or for more than AWS says. Spec: AL-19.6, R-21.

Rule: state and history are as on AWS; only messages wait, are folded or repeated. What is not told at once is told
later or was never worth telling: an OK that did not last, a return to an ALARM that nobody was told had ended.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.alarm.state import StateValue
from tocsin.core.mute_rule import MuteRuleError, parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

REMIND_EVERY: Final = "tocsin:remind-every"
REMIND_ON: Final = "tocsin:remind-on"
HOLD_DOWN: Final = "tocsin:hold-down"
FLAP_LIMIT: Final = "tocsin:flap-limit"
SKIP_FIRST: Final = "tocsin:skip-first"

_DURATIONS: Final = (REMIND_EVERY, HOLD_DOWN)
_HOUR: Final = 3_600
_MOST_CHANGES: Final = 100


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
        reminds_of_events=tags.get(REMIND_ON) == "new-events",
        hold_down=_seconds(tags.get(HOLD_DOWN, "")),
        flap_limit=int(limit) if _is_limit(limit) else None,
        skips_first=tags.get(SKIP_FIRST) == "true",
    )


def notice_problem(key: str, value: str) -> str:
    """What is wrong with a tag of these; empty when nothing is, or it is another one."""
    if key in _DURATIONS and not _seconds(value):
        return f"{key} is an ISO 8601 duration from PT1M to P15D, for example PT1H"
    if key == REMIND_ON and value != "new-events":
        return f"{key} is new-events"
    if key == FLAP_LIMIT and not _is_limit(value):
        return f"{key} is a number from 1 to {_MOST_CHANGES}"
    if key == SKIP_FIRST and value not in {"true", "false"}:
        return f"{key} is true or false"
    return ""


def _seconds(text: str) -> int:
    try:
        return int(parse_duration(text).nominal.total_seconds()) if text else 0
    except MuteRuleError:
        return 0


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= _MOST_CHANGES


class NoticeState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an alarm with such tags; instants are seconds since the epoch.

    `told_at` is when ALARM was told of last, `held_until` when the OK that is held goes, `remind_at` the next
    reminder, `look_at` the next look for new events. `changes` are those of the last hour; of them `folded` have not
    been told, since `folded_since`, until `summary_at`.
    """

    has_changed: bool = False
    told_at: int | None = None
    held_until: int | None = None
    remind_at: int | None = None
    look_at: int | None = None
    changes: tuple[int, ...] = ()
    folded: int = 0
    folded_since: int | None = None
    summary_at: int | None = None

    @property
    def due(self) -> int | None:
        """When the alarm has to be looked at again."""
        instants = (self.held_until, self.remind_at, self.look_at, self.summary_at)
        return min((one for one in instants if one is not None), default=None)


class Notice(StrEnum):
    """What is to be told at an instant."""

    HELD = "held"
    SUMMARY = "summary"
    REMINDER = "reminder"
    NEW_EVENTS = "new-events"  # a reminder, if there are any


class Judgement(NamedTuple):
    """What follows from a change: the state afterwards, and why it is not told now, empty where it is."""

    state: NoticeState
    untold: str = ""


def on_change(rules: NoticeRules, state: NoticeState, *, value: StateValue, at: int, period: int) -> Judgement:
    """An alarm has changed to `value` at `at`, and nothing else holds its message. `period` is that of the alarm."""
    was_held = state.held_until is not None
    is_first = not state.has_changed
    changes = (*(one for one in state.changes if one > at - _HOUR), at)[-_MOST_CHANGES - 1 :]
    state = msgspec.structs.replace(
        state, has_changed=True, changes=changes, held_until=None, remind_at=None, look_at=None
    )
    if rules.skips_first and is_first:
        return Judgement(state, f"the first change after the alarm was made ({SKIP_FIRST})")
    if rules.flap_limit is not None and len(changes) > rules.flap_limit:
        return Judgement(
            msgspec.structs.replace(
                state,
                folded=state.folded + 1,
                folded_since=at if state.folded_since is None else state.folded_since,
                summary_at=at + _HOUR if state.summary_at is None else state.summary_at,
            ),
            f"more than {rules.flap_limit} changes within an hour ({FLAP_LIMIT}): they are told together",
        )
    if value is StateValue.ALARM:
        told = _alarm_told(rules, state, at=at, period=period)
        return Judgement(told, f"it was out of ALARM for a short while ({HOLD_DOWN})" if was_held else "")
    if value is StateValue.OK and rules.hold_down and state.told_at is not None:
        until = at + rules.hold_down
        return Judgement(msgspec.structs.replace(state, held_until=until), f"OK has to last first ({HOLD_DOWN})")
    return Judgement(msgspec.structs.replace(state, told_at=None))


def on_time(
    rules: NoticeRules, state: NoticeState, *, value: StateValue, at: int, period: int
) -> tuple[NoticeState, list[Notice]]:
    """What is to be told at `at` of an alarm that is in `value`, because time has passed."""
    notices: list[Notice] = []
    if state.held_until is not None and state.held_until <= at:
        state = msgspec.structs.replace(state, held_until=None, told_at=None)
        notices.append(Notice.HELD)
    if state.summary_at is not None and state.summary_at <= at:
        state = msgspec.structs.replace(state, folded=0, folded_since=None, summary_at=None)
        if value is StateValue.ALARM:
            state = _alarm_told(rules, state, at=at, period=period)
        notices.append(Notice.SUMMARY)
    elif state.remind_at is not None and state.remind_at <= at:
        notices.append(Notice.REMINDER)
        state = _alarm_told(rules, state, at=at, period=period)
    elif state.look_at is not None and state.look_at <= at:
        notices.append(Notice.NEW_EVENTS)
        state = msgspec.structs.replace(state, look_at=at + max(period, 60) if rules.reminds_of_events else None)
    return state, notices


def restarted(rules: NoticeRules, state: NoticeState, *, value: StateValue, at: int, period: int) -> NoticeState:
    """The state after the alarm or its tags were changed: every timer begins anew (AL-8.2)."""
    if state.held_until is not None:
        return msgspec.structs.replace(state, held_until=at + rules.hold_down)
    if value is StateValue.ALARM:
        return _timers(rules, state, at=at, period=period)
    return state


def _alarm_told(rules: NoticeRules, state: NoticeState, *, at: int, period: int) -> NoticeState:
    return _timers(rules, msgspec.structs.replace(state, told_at=at), at=at, period=period)


def _timers(rules: NoticeRules, state: NoticeState, *, at: int, period: int) -> NoticeState:
    return msgspec.structs.replace(
        state,
        remind_at=at + rules.remind_every if rules.remind_every else None,
        look_at=at + max(period, 60) if rules.reminds_of_events else None,
    )
