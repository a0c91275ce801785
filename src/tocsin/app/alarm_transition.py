"""What follows when alarms change their states: history, composites, actions, notifications.

Rule: everything is written in the transaction of the change (AL-8.8). What is held, and by what, is decided by
`core.action_gate`, as in a backtest. Spec: AL-8, AL-10, AL-12 to AL-14, AL-17, AR-5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_event import Contribution, contribution, contribution_since
from tocsin.app.alarm_network import AlarmNetworks, ScopeAlarms
from tocsin.app.alarm_record import (
    COMPOSITE,
    METRIC,
    NOTICES,
    STANDINGS,
    WAITING,
    AlarmStanding,
    alarm_arn,
    alarm_scope,
    standing_of,
)
from tocsin.app.publication import Publication, publish, scope_of_topic
from tocsin.app.resource_tag import get_tags
from tocsin.app.topic import subscriptions_of
from tocsin.core.action_gate import MUTED, ActionGate, GateDecision
from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.evaluation_record import pack_evaluation
from tocsin.core.alarm.history import action_item, state_update_item
from tocsin.core.alarm.timestamp import millisecond_of, moment, second_of
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.suppression import Suppression
from tocsin.core.notice_timing import AS_ON_AWS, Notice, NoticeState, notice_rules, on_change, on_time, restarted
from tocsin.core.notification.message import MessageSettings, compose_alarm_message
from tocsin.core.notification.state_change import StateChange
from tocsin.core.notification.subject import Occasion
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from tocsin.app.alarm_catalogue import KnownAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.alarm.lifecycle import Transition
    from tocsin.core.alarm.state import AlarmState, StateValue
    from tocsin.core.composite_alarm.network import Transition as CompositeTransition
    from tocsin.core.notice_timing import NoticeRules
    from tocsin.core.scope import Scope

_NOT_HERE = "Tocsin executes actions on SNS topics only"


class MetricChange(NamedTuple):
    """A metric alarm that changes: its name, what happened, how it stands afterwards, and the events behind it."""

    name: str
    transition: Transition
    standing: AlarmStanding
    contribution: Contribution | None = None


class AlarmChanges:
    """The changes of the alarms of one scope, within one transaction."""

    def __init__(self, service: Service, store: StoreWriter, scope: Scope) -> None:
        self._service = service
        self._store = store
        self._scope = scope
        self._around: ScopeAlarms = service.part(AlarmNetworks).of(store, scope)
        self._standings: dict[str, AlarmStanding] = {}
        self._contributions: dict[str, Contribution] = {}

    def apply(self, at: datetime, changes: Sequence[MetricChange]) -> int:
        """Write metric alarms that have changed at `at`, and all that follows; how many alarms changed."""
        before = {change.name: change.transition.old.state_value for change in changes}
        for change in changes:
            self._write_metric(change)
        followers: tuple[CompositeTransition, ...] = ()
        if self._around.composites and before.keys() & self._around.concerned:
            states = self._states()
            # Somebody may have set a composite after the instant that is made up for; time does not go back.
            at = max(at, *(states[name].updated_at for name in self._around.composites))
            followers = self._around.network.change(before, states, at)
        return self._finish(at, before, followers)

    def record(self, name: str, evaluation: Evaluation, behind: Contribution) -> None:
        """Keep what an evaluation saw (AL-18.6)."""
        body = pack_evaluation(evaluation, behind.event_ids)
        self._store.history.add_evaluation(self._scope, name, at=millisecond_of(evaluation.at), body=body)

    def keep(self, name: str, standing: AlarmStanding) -> None:
        """Write how an alarm stands, where its state did not change."""
        self._put(name, standing)

    def follow(self, at: datetime, followers: Sequence[CompositeTransition]) -> int:
        """Write composites that were created, updated or set, with what follows."""
        return self._finish(at, {}, followers)

    def set_composite(self, name: str, state: AlarmState, *, old: AlarmState) -> int:
        """Write a composite whose state somebody has set (AL-8.7), with what follows."""
        at = state.transitioned_at
        change = StateChange(
            scope=alarm_scope(self._scope),
            old=old.state_value,
            new=state.state_value,
            reason=state.reason,
            at=at,
            configuration_updated_at=self._around.kept[name].updated_at,
        )
        self._write(name, old, state, change, COMPOSITE)
        followers = self._around.network.change((name,), self._states(), at)
        return self._finish(at, {name: old.state_value}, followers)

    def look_again(self, at: datetime, names: Sequence[str]) -> None:
        """Let timers and the ends of windows have their effect on these alarms."""
        for name in names:
            self._standing(name)
        self._finish(at, {}, (), timed=names)

    def restart_notices(self, name: str, at: datetime, *, is_new: bool = False) -> None:
        """Begin every timer of an alarm's messages anew: it was made, or it or its tags were changed (AL-8.2)."""
        definition, _ = self._definition(name)
        if definition is None:
            return
        rules = self._rules(name)
        known = NOTICES.get(self._store, self._scope, name)
        if rules == AS_ON_AWS and known is None:
            return
        value = self._standing(name).state.state_value
        second = second_of(at)
        state = restarted(
            rules, known or NoticeState(has_changed=not is_new), value=value, at=second, period=_period(definition)
        )
        NOTICES.put(self._store, self._scope, name, state)
        self._keep(name, self._gate((name,), second), second)

    # ------------------------------------------------------------ states

    def _standing(self, name: str) -> AlarmStanding:
        known = self._standings.get(name)
        if known is None:
            kept = self._around.kept.get(name)
            if kept is None:
                metric = self._metric(name)
                kept = None if metric is None else metric.kept
            created_at = self._service.now() if kept is None else kept.created_at
            known = self._standings[name] = standing_of(self._store, self._scope, name, created_at=created_at)
        return known

    def _states(self) -> dict[str, AlarmState]:
        """The states of all alarms that composites look at."""
        return {name: self._standing(name).state for name in self._around.concerned}

    def _metric(self, name: str) -> KnownAlarm | None:
        return self._service.part(AlarmCatalogue).get(self._store, self._scope, name)

    def _write_metric(self, change: MetricChange) -> None:
        self._standings[change.name] = change.standing
        known = self._metric(change.name)
        assert known is not None  # it was evaluated or set in this transaction
        told = StateChange.of_transition(
            change.transition, scope=alarm_scope(self._scope), configuration_updated_at=known.kept.updated_at
        )
        self._write(change.name, change.transition.old, change.transition.new, told, METRIC)
        behind = change.contribution or contribution(self._service, self._store, self._scope, known.alarm, told)
        self._contributions[change.name] = behind
        if change.transition.evaluation is not None:
            self.record(change.name, change.transition.evaluation, behind)

    def _write_composite(self, transition: CompositeTransition) -> None:
        name = transition.alarm_name
        old = self._standing(name).state
        told = StateChange.of_composite(
            transition,
            scope=alarm_scope(self._scope),
            configuration_updated_at=self._around.kept[name].updated_at,
        )
        self._write(name, old, transition.state(), told, COMPOSITE)

    def _write(self, name: str, old: AlarmState, new: AlarmState, told: StateChange, alarm_type: str) -> None:
        standing = msgspec.structs.replace(self._standing(name), state=new, last_change=told)
        self._put(name, standing)
        item = state_update_item(name, old=old, new=new, at=told.at, alarm_type=alarm_type)
        self._store.history.add(self._scope, item)
        self._service.counters.add("alarm_transitions", state=new.state_value.value)

    def _put(self, name: str, standing: AlarmStanding) -> None:
        self._standings[name] = standing
        STANDINGS.put(self._store, self._scope, name, standing)

    # ------------------------------------------------------------ actions

    def _finish(
        self,
        at: datetime,
        before: dict[str, StateValue],
        followers: Sequence[CompositeTransition],
        *,
        timed: Sequence[str] = (),
    ) -> int:
        for transition in followers:
            before.setdefault(transition.alarm_name, transition.old)
            self._write_composite(transition)
        second = second_of(at)
        gate = self._gate(before.keys() | self._standings.keys(), second)
        involved = before.keys() | gate.suppressed.keys() | gate.held.keys() | self._standings.keys()
        suppressors = {name_in(self._around.composites[name].actions_suppressor or "") for name in gate.suppressed}
        states = {name: self._standing(name).state for name in involved | suppressors}
        for decision in gate.decide(second, before, states):
            self._carry_out(at, decision)
        for name in timed:
            self._tell_in_time(at, name, gate)
        for name in involved:
            self._keep(name, gate, second)
        return len(before)

    def _gate(self, names: Collection[str], at: int) -> ActionGate:
        """The gate for these alarms, for what they hold as suppressors, and for what is due."""
        due = {name for name, second in WAITING.scan(self._store, self._scope) if second <= at}
        suppressed = {
            name: self._standing(name).suppression or Suppression()
            for name, alarm in self._around.composites.items()
            if alarm.actions_suppressor is not None
            and (name in names or name in due or name_in(alarm.actions_suppressor) in names)
        }
        held = {name: one for name in {*names, *due} if (one := self._standing(name).held) is not None}
        return ActionGate(self._around.composites, self._around.mutes, suppressed=suppressed, held=held)

    def _keep(self, name: str, gate: ActionGate, at: int) -> None:
        """Note what is held of an alarm, and when it has to be looked at again."""
        standing = self._standing(name)
        kept = msgspec.structs.replace(standing, suppression=gate.suppressed.get(name), held=gate.held.get(name))
        if (kept.suppression, kept.held) != (standing.suppression, standing.held):
            self._put(name, kept)
        notices = NOTICES.get(self._store, self._scope, name)
        instants = (gate.due(name, at), None if notices is None else notices.due)
        due = min((one for one in instants if one is not None), default=None)
        known = WAITING.get(self._store, self._scope, name)
        if due is not None and due != known:
            WAITING.put(self._store, self._scope, name, due)
        elif due is None and known is not None:
            WAITING.delete(self._store, self._scope, name)

    def _carry_out(self, at: datetime, decision: GateDecision) -> None:
        """Run the actions of an alarm's state, or note that a mute rule holds them (AL-14.2)."""
        name = decision.name
        standing = self._standing(name)
        definition, alarm_type = self._definition(name)
        if definition is None or standing.last_change is None or not definition.actions_enabled:
            return
        change = standing.last_change
        arns = definition.actions(ACTION_LISTS[change.new])
        if not arns:
            return
        if decision.runs:
            change = msgspec.structs.replace(change, after_mute_window=decision.is_after_window)
            untold = self._why_untold(name, definition, change, at)
            if untold:
                self._note_untold(name, arns, untold, at=at, alarm_type=alarm_type)
            else:
                self._tell(name, definition, change, at=at, alarm_type=alarm_type)
        elif decision.held_by == MUTED and decision.muted_until is not None:
            for arn in arns:
                item = action_item(
                    name,
                    arn=arn,
                    state_updated_at=standing.state.updated_at,
                    published_message=None,
                    at=at,
                    error="Actions are muted",
                    mute_window_end=moment(decision.muted_until),
                    alarm_type=alarm_type,
                )
                self._store.history.add(self._scope, item)

    def _tell(
        self,
        name: str,
        definition: MetricAlarm | CompositeAlarm,
        change: StateChange,
        *,
        at: datetime,
        alarm_type: str,
        behind: Contribution | None = None,
    ) -> None:
        message = self._message(definition, change, behind)
        for arn in definition.actions(ACTION_LISTS[change.new]):
            self._run(name, arn, message, change, at=at, alarm_type=alarm_type)

    # ------------------------------------------------------------ when it is told (AL-19.6)

    def _rules(self, name: str) -> NoticeRules:
        return notice_rules(get_tags(self._store, self._scope, alarm_arn(self._scope, name)))

    def _why_untold(
        self, name: str, definition: MetricAlarm | CompositeAlarm, change: StateChange, at: datetime
    ) -> str:
        """Why a change is not told now, where the alarm's tags ask for that."""
        rules = self._rules(name)
        known = NOTICES.get(self._store, self._scope, name)
        if rules == AS_ON_AWS and known is None:
            return ""
        state = known or NoticeState(has_changed=True)
        judged = on_change(rules, state, value=change.new, at=second_of(at), period=_period(definition))
        NOTICES.put(self._store, self._scope, name, judged.state)
        return judged.untold

    def _note_untold(self, name: str, arns: Sequence[str], reason: str, *, at: datetime, alarm_type: str) -> None:
        for arn in arns:
            item = action_item(
                name,
                arn=arn,
                state_updated_at=self._standing(name).state.updated_at,
                published_message=None,
                at=at,
                error=f"Not told: {reason}",
                alarm_type=alarm_type,
            )
            self._store.history.add(self._scope, item)
        self._service.counters.add("alarm_actions", len(arns), outcome="held")

    def _tell_in_time(self, at: datetime, name: str, gate: ActionGate) -> None:
        """Tell what is due because time has passed: what was held, what was folded, a reminder."""
        state = NOTICES.get(self._store, self._scope, name)
        definition, alarm_type = self._definition(name)
        standing = self._standing(name)
        change, second = standing.last_change, second_of(at)
        if state is None or state.due is None or state.due > second or definition is None or change is None:
            return
        rules = self._rules(name)
        told_at = state.told_at
        after, notices = on_time(rules, state, value=standing.state.state_value, at=second, period=_period(definition))
        suppression = gate.suppressed.get(name)
        is_held = (suppression is not None and suppression.suppressed_by is not None) or gate.muted_until(
            name, second
        ) is not None
        for notice in notices:
            behind = None
            if notice in {Notice.REMINDER, Notice.NEW_EVENTS} and isinstance(definition, MetricAlarm):
                behind = contribution_since(
                    self._service, self._store, self._scope, definition, since=told_at or second, until=second
                )
            if notice is Notice.NEW_EVENTS and (behind is None or not behind.total):
                continue
            if notice is Notice.NEW_EVENTS:
                after = msgspec.structs.replace(after, told_at=second)
            if not is_held and definition.actions_enabled:
                told = _as_told(change, notice, state, at)
                self._tell(name, definition, told, at=at, alarm_type=alarm_type, behind=behind)
        NOTICES.put(self._store, self._scope, name, after)

    def _definition(self, name: str) -> tuple[MetricAlarm | CompositeAlarm | None, str]:
        composite = self._around.composites.get(name)
        if composite is not None:
            return composite, COMPOSITE
        metric = self._metric(name)
        return (None if metric is None else metric.alarm), METRIC

    def _message(
        self, definition: MetricAlarm | CompositeAlarm, change: StateChange, behind: Contribution | None = None
    ) -> Publication:
        tags = get_tags(self._store, self._scope, alarm_arn(self._scope, definition.alarm_name))
        tagged = msgspec.structs.replace(definition, tags=tags)
        behind = behind or self._behind(definition, change)
        settings = self._service.settings
        composed = compose_alarm_message(
            tagged,
            change,
            events=behind.events,
            event_count=behind.total,
            settings=MessageSettings(
                events_in_message=settings.events_in_message,
                enrich_json=settings.enrich_json,
                public_url=settings.public_url,
            ),
        )
        return Publication(
            message=composed.default,
            subject=composed.subject,
            texts={"default": composed.default, "sms": composed.sms, "email": composed.email},
            alarm_arn=alarm_arn(self._scope, definition.alarm_name),
            records=behind.records,
        )

    def _behind(self, definition: MetricAlarm | CompositeAlarm, change: StateChange) -> Contribution:
        known = self._contributions.get(definition.alarm_name)
        if known is None and not isinstance(definition, CompositeAlarm):  # one that was held until now
            known = contribution(self._service, self._store, self._scope, definition, change)
        return known or Contribution()

    def _run(
        self, name: str, arn: str, message: Publication, change: StateChange, *, at: datetime, alarm_type: str
    ) -> None:
        """One action, and its item in the history (AL-10.3). One that fails does not hold the others."""
        error: str | None = None
        unheard = ""
        found = scope_of_topic(arn)
        if found is None:
            error = f"{_NOT_HERE}; {arn} is kept and shown"
        elif found[0].region != self._scope.region:
            error = "Invalid parameter: TopicArn"
        else:
            cause = f"{alarm_arn(self._scope, name)}@{millisecond_of(change.at)}"
            try:
                _, count = publish(self._service, self._store, arn, message, cause=cause)
                unheard = "" if count else _why_unheard(self._store, *found)
            except NotFoundError:
                error = "Resource: Topic does not exist"
        item = action_item(
            name,
            arn=arn,
            state_updated_at=self._standing(name).state.updated_at,
            published_message=msgspec.json.encode(message.texts).decode(),
            at=at,
            error=error,
            unheard=unheard,
            alarm_type=alarm_type,
        )
        self._store.history.add(self._scope, item)
        self._service.counters.add(
            "alarm_actions", outcome="failed" if error else "unheard" if unheard else "succeeded"
        )


def _period(definition: MetricAlarm | CompositeAlarm) -> int:
    """How often an alarm may speak again at the most, in seconds."""
    return definition.period if isinstance(definition, MetricAlarm) else 60


def _as_told(change: StateChange, notice: Notice, state: NoticeState, at: datetime) -> StateChange:
    """The change that a notice tells of."""
    if notice is Notice.HELD:
        return change
    if notice is Notice.SUMMARY:
        since = None if state.folded_since is None else moment(state.folded_since)
        return msgspec.structs.replace(
            change, occasion=Occasion.FLAPPING, at=at, folded=state.folded, folded_since=since
        )
    return msgspec.structs.replace(change, occasion=Occasion.REMINDER, at=at)


def _why_unheard(store: StoreReader, home: Scope, topic: str) -> str:
    """Why a message to a topic was for nobody (AL-19.4)."""
    confirmed = sum(one.receives for one in subscriptions_of(store, home, topic))
    if not confirmed:
        return "0 confirmed subscribers"
    return (
        "the filter policy of its one subscriber drops it"
        if confirmed == 1
        else f"the filter policies of all {confirmed} subscribers drop it"
    )
