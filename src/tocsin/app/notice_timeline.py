"""When the alarms of a backtest would have spoken, where their tags ask for less than AWS says. Spec: AL-19.6, IF-3.

Rule: the decisions are those of the live service, in `core.notice_timing`. Looks for new events, which change no
state and hold nothing back, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue
from tocsin.core.notice_timing import (
    AS_ON_AWS,
    Change,
    Notice,
    NoticeRules,
    NoticeState,
    changed,
    due_notice,
    notice_rules,
    postponed,
    tell,
    tell_in_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.core.composite_alarm.definition import CompositeAlarm


class NoticeTimeline:
    """What the tags of a set of alarms hold back as time goes on. Instants are seconds since the epoch."""

    def __init__(self, definitions: Mapping[str, MetricAlarm | CompositeAlarm]) -> None:
        self._alarms = {
            name: _Speaker(definition, rules)
            for name, definition in definitions.items()
            if (rules := notice_rules(definition.tags)) != AS_ON_AWS
        }

    def changed(self, name: str, *, old: StateValue, new: StateValue, at: int) -> None:
        """An alarm has changed, whether its actions run or not."""
        speaker = self._alarms.get(name)
        if speaker is not None:
            speaker.changed(old, new, at)

    def held_by(self, name: str, change: Change, at: int) -> str:
        """The tag that holds the actions of an alarm's latest change, which would run at `at`; empty: none does."""
        speaker = self._alarms.get(name)
        return "" if speaker is None else speaker.held_by(change, at)

    def released(self, name: str) -> set[Change]:
        """Changes that were held and of which a message has told since this was asked last."""
        speaker = self._alarms.get(name)
        return set() if speaker is None else speaker.released()

    def waiting(self) -> Iterator[tuple[str, int]]:
        """The alarms that have something to say later, and when they have to be looked at again."""
        for name, speaker in self._alarms.items():
            due = speaker.due
            if due is not None:
                yield name, due

    def pass_time(self, name: str, value: StateValue, at: int, *, held_until: int | None) -> None:
        """What an alarm in `value` holds is told where it is due; `held_until`: something else holds its actions."""
        self._alarms[name].pass_time(value, at, held_until)


class _Speaker:
    """One alarm with such tags."""

    def __init__(self, definition: MetricAlarm | CompositeAlarm, rules: NoticeRules) -> None:
        self._definition = definition
        self._period = definition.period if isinstance(definition, MetricAlarm) else None
        self._rules = msgspec.structs.replace(rules, reminds_of_events=False)
        self._state = NoticeState()
        self._released: set[Change] = set()
        self._is_new = True

    @property
    def due(self) -> int | None:
        """When something that is held has to be told, or a reminder is due, which may name it."""
        return self._state.due

    def changed(self, old: StateValue, new: StateValue, at: int) -> None:
        self._state = changed(
            self._rules, self._state, old=old, new=new, at=at, period=self._period, is_first=self._is_new
        )
        self._is_new = False

    def held_by(self, change: Change, at: int) -> str:
        told = tell(self._rules, self._state, change, at=at, reaches=self._reached(change.value), events_from=change.at)
        self._state = told.state
        self._released.update(told.untold)
        return told.held_by

    def released(self) -> set[Change]:
        released, self._released = self._released, set()
        return released

    def pass_time(self, value: StateValue, at: int, held_until: int | None) -> None:
        if held_until is not None:
            self._state = postponed(self._state, at=at, until=held_until)
        while (notice := due_notice(self._state, at)) is not None:
            held = self._state.held
            is_held = notice is Notice.HELD and held is not None
            told = tell_in_time(
                self._rules,
                self._state,
                notice,
                at=at,
                period=self._period,
                reaches=self._reached(StateValue.OK if is_held else value),
            )
            self._state = told.state
            self._released.update(told.untold)
            if is_held and held is not None:
                self._released.add(held)

    def _reached(self, value: StateValue) -> set[StateValue]:
        """The states whose actions all run with those of `value`."""
        told = set(self._definition.actions(ACTION_LISTS[value]))
        return {one for one in StateValue if told.issuperset(self._definition.actions(ACTION_LISTS[one]))}
