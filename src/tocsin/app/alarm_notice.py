"""When the alarms of a scope speak, where their tags ask for less or for more than AWS says. Spec: AL-19.6.

Rule: `core.notice_timing` decides; what it remembers is written in the transaction of the change, so it outlives the
process as the change does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_event import Contribution, contribution_since
from tocsin.app.alarm_record import NOTICES, KeptNotices, alarm_arn
from tocsin.app.resource_tag import get_tags
from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.notice_timing import (
    AS_ON_AWS,
    Change,
    Notice,
    NoticeRules,
    Told,
    acknowledged,
    caught_up,
    changed,
    due_notice,
    lapsed,
    nothing_new,
    notice_rules,
    postponed,
    restarted,
    tell,
    tell_in_time,
)
from tocsin.core.notification.state_change import StateChange, UntoldChange
from tocsin.core.notification.subject import Occasion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.scope import Scope

_DISABLED = "the alarm's actions are disabled"

_OCCASIONS = {
    Notice.SUMMARY: Occasion.SUMMARY,
    Notice.REMINDER: Occasion.REMINDER,
    Notice.NEW_EVENTS: Occasion.REMINDER,
}


class Speech(NamedTuple):
    """What an alarm says of a change, and to which actions.

    `behind` are the events to list where those of the change itself are not meant. Where `why_not` is not empty
    nothing is said, for that reason.
    """

    change: StateChange
    arns: tuple[str, ...]
    behind: Contribution | None = None
    why_not: str = ""


class AlarmNotices:
    """What the alarms of one scope say and when, within one transaction."""

    def __init__(self, service: Service, store: StoreWriter, scope: Scope) -> None:
        self._service = service
        self._store = store
        self._scope = scope
        self._remembered: dict[str, KeptNotices | None] = {}

    def due(self, name: str) -> int | None:
        """When an alarm has to be looked at again, in seconds since the epoch."""
        kept = self._kept(name)
        return None if kept is None else kept.timing.due

    def changed(
        self, definition: MetricAlarm | CompositeAlarm, change: StateChange, *, at: int, is_first: bool
    ) -> None:
        """An alarm has changed its state, whether its actions run or not. `is_first`: it never had before."""
        rules, kept = self._known(definition)
        if kept is None:
            return
        timing = changed(
            rules,
            kept.timing,
            old=change.old,
            new=change.new,
            at=at,
            period=_period(definition),
            is_first=is_first,
        )
        self._put(definition, KeptNotices(timing=timing, held=None if timing.held is None else kept.held))

    def speech(self, definition: MetricAlarm | CompositeAlarm, change: StateChange, *, at: int) -> Speech:
        """What is said of a change whose actions would run at `at`."""
        arns = _actions(definition, change.new)
        rules, kept = self._known(definition)
        if kept is None:
            return Speech(change, arns)
        told = tell(
            rules,
            kept.timing,
            Change(second_of(change.at), change.new),
            at=at,
            reaches=_reached(definition, change.new),
            events_from=_events_from(change),
        )
        is_held = told.state.held is not None and told.state.held != kept.timing.held
        self._put(definition, KeptNotices(timing=told.state, held=change if is_held else kept.held))
        if told.why_not:
            return Speech(change, arns, why_not=told.why_not)
        return Speech(_naming(change, told), arns, self._since(definition, told.since, at))

    def speeches_in_time(
        self, definition: MetricAlarm | CompositeAlarm, change: StateChange, *, at: int, held_until: int | None
    ) -> Iterator[Speech]:
        """What is said at `at` because time has passed: what was held or folded, reminders.

        `change` is the latest one. `held_until` is when whatever else holds the alarm's actions is to be asked again,
        None where nothing does.
        """
        rules, kept = self._known(definition)
        if kept is None:
            return
        period = _period(definition)
        timing, held = kept.timing, kept.held
        if held_until is not None:
            timing = postponed(timing, at=at, until=held_until)
        timing = caught_up(rules, timing, at=at, now=second_of(self._service.now()), period=period)
        while (notice := due_notice(timing, at)) is not None:
            subject = held if notice is Notice.HELD and held is not None else change
            arns = _actions(definition, subject.new)
            if notice is Notice.SUMMARY:
                owed = (one.value for one in timing.untold)
                arns = tuple(dict.fromkeys(arn for value in owed for arn in _actions(definition, value)))
            if not definition.actions_enabled:
                if notice in {Notice.HELD, Notice.SUMMARY}:
                    yield Speech(subject, arns, why_not=_DISABLED)
                timing = lapsed(rules, timing, at=at, period=period)
                continue
            told = tell_in_time(rules, timing, notice, at=at, period=period, reaches=_reached(definition, subject.new))
            since = told.since
            if notice in {Notice.REMINDER, Notice.NEW_EVENTS} and since is None:
                since = _events_from(change)
            behind = self._since(definition, since, at)
            if notice is Notice.NEW_EVENTS and not (behind and (behind.total or not behind.is_complete)):
                timing = nothing_new(rules, timing, at=at, period=period)
                continue
            timing = told.state
            occasion = _OCCASIONS.get(notice)
            said = _naming(subject, told)
            if occasion is not None:
                said = msgspec.structs.replace(said, occasion=occasion, told_at=moment(at))
            yield Speech(said, arns, behind)
        self._put(definition, KeptNotices(timing=timing, held=None if timing.held is None else held))

    def acknowledge(self, definition: MetricAlarm | CompositeAlarm) -> None:
        """Somebody has taken the alarm's present state on; remembered also where no tag asks for reminders yet."""
        _, kept = self._known(definition)
        kept = kept or KeptNotices()
        self._put(definition, msgspec.structs.replace(kept, timing=acknowledged(kept.timing)))

    def restart(self, definition: MetricAlarm | CompositeAlarm, *, value: StateValue, since: int, at: int) -> bool:
        """Begin the timers of an alarm anew; False for one that has none. It is in `value` since the second `since`."""
        rules, kept = self._known(definition)
        if kept is None:
            return False
        timing = restarted(rules, kept.timing, value=value, since=since, at=at, period=_period(definition))
        self._put(definition, msgspec.structs.replace(kept, timing=timing))
        return True

    # ------------------------------------------------------------ steps

    def _known(self, definition: MetricAlarm | CompositeAlarm) -> tuple[NoticeRules, KeptNotices | None]:
        """What the tags ask for, and what is remembered; None for an alarm that speaks as on AWS."""
        name = definition.alarm_name
        rules = notice_rules(get_tags(self._store, self._scope, alarm_arn(self._scope, name)))
        kept = self._kept(name)
        return rules, KeptNotices() if kept is None and rules != AS_ON_AWS else kept

    def _kept(self, name: str) -> KeptNotices | None:
        if name not in self._remembered:
            self._remembered[name] = NOTICES.get(self._store, self._scope, name)
        return self._remembered[name]

    def _put(self, definition: MetricAlarm | CompositeAlarm, kept: KeptNotices) -> None:
        self._remembered[definition.alarm_name] = kept
        NOTICES.put(self._store, self._scope, definition.alarm_name, kept)

    def _since(self, definition: MetricAlarm | CompositeAlarm, since: int | None, until: int) -> Contribution | None:
        if since is None or not isinstance(definition, MetricAlarm):
            return None
        return contribution_since(self._service, self._store, self._scope, definition, since=since, until=until)


def _period(definition: MetricAlarm | CompositeAlarm) -> int | None:
    return definition.period if isinstance(definition, MetricAlarm) else None


def _actions(definition: MetricAlarm | CompositeAlarm, value: StateValue) -> tuple[str, ...]:
    return tuple(definition.actions(ACTION_LISTS[value]))


def _reached(definition: MetricAlarm | CompositeAlarm, value: StateValue) -> set[StateValue]:
    """The states whose actions all run with those of `value`."""
    told = set(_actions(definition, value))
    return {one for one in StateValue if told.issuperset(_actions(definition, one))}


def _events_from(change: StateChange) -> int:
    """When the events behind a change begin."""
    starts = [second_of(start) for start, _ in change.points] if change.new is StateValue.ALARM else []
    return min(starts, default=second_of(change.at))


def _naming(change: StateChange, told: Told) -> StateChange:
    """The change as a message tells of it that names others, too."""
    if not told.untold:
        return change
    untold = tuple(UntoldChange(at=moment(one.at), value=one.value) for one in told.untold)
    return msgspec.structs.replace(change, untold=untold, untold_more=told.more)
