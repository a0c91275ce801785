"""What follows when alarms change their states: history, composites, actions, notifications.

Rule: everything is written in the transaction of the change (AL-8.8). What is held, and by what, is decided by
`core.action_gate`, as in a backtest. Spec: AL-8, AL-10, AL-12 to AL-14, AL-17, AL-19.6, AR-5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_event import Contribution, contribution
from tocsin.app.alarm_network import AlarmNetworks, ScopeAlarms
from tocsin.app.alarm_notice import AlarmNotices, Speech
from tocsin.app.alarm_record import (
    COMPOSITE,
    METRIC,
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
from tocsin.core.alarm.evaluation_record import pack_evaluation
from tocsin.core.alarm.history import action_item, state_update_item
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm.state_hour import StateStep
from tocsin.core.alarm.timestamp import millisecond_of, moment, second_of
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.suppression import Suppression
from tocsin.core.notice_timing import MUTE_RULE_ASKED_AGAIN, SUPPRESSOR_ASKED_AGAIN
from tocsin.core.notification.headline import headline
from tocsin.core.notification.message import MessageSettings, compose_alarm_message
from tocsin.core.notification.state_change import StateChange
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from tocsin.app.alarm_catalogue import KnownAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.evaluation import Evaluation
    from tocsin.core.alarm.lifecycle import Transition
    from tocsin.core.alarm.state import AlarmState
    from tocsin.core.composite_alarm.network import Transition as CompositeTransition
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
        self._metrics: dict[str, KnownAlarm | None] = {}
        self._waiting: dict[str, int] | None = None
        self._contributions: dict[str, Contribution] = {}
        self._notices = AlarmNotices(service, store, scope)

    def apply(self, at: datetime, changes: Sequence[MetricChange]) -> int:
        """Write metric alarms that have changed at `at`, and all that follows; how many alarms changed."""
        before = {change.name: change.transition.old.state_value for change in changes}
        for change in changes:
            self._write_metric(change, at)
        followers: tuple[CompositeTransition, ...] = ()
        if self._around.composites and before.keys() & self._around.concerned:
            states = self._states()
            # Somebody may have set a composite after the instant that is made up for; time does not go back.
            at = max(at, *(states[name].updated_at for name in self._around.composites))
            followers = self._around.network.change(before, states, at)
        return self._finish(at, before, followers)

    def know(self, name: str, alarm: KnownAlarm) -> None:
        """Take a metric alarm as it stands in the store, where that was read already."""
        self._metrics[name] = alarm

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
        self._write(name, old, state, change, COMPOSITE, at=at)
        followers = self._around.network.change((name,), self._states(), at)
        return self._finish(at, {name: old.state_value}, followers)

    def look_again(self, at: datetime, names: Sequence[str]) -> None:
        """Let timers and the ends of windows have their effect on these alarms."""
        for name in names:
            self._standing(name)
        self._finish(at, {}, (), timed=names)

    def restart_notices(self, name: str, at: datetime) -> None:
        """Begin every timer of an alarm's messages anew: it was made, or it or its tags were changed (AL-8.2)."""
        definition, _ = self._definition(name)
        if definition is None:
            return
        state, second = self._standing(name).state, second_of(at)
        since = second_of(state.transitioned_at)
        if self._notices.restart(definition, value=state.state_value, since=since, at=second):
            self._keep(name, self._gate((name,), second), second)

    def acknowledge(self, name: str, at: datetime) -> None:
        """Somebody has taken the present state of an alarm on: it does not remind of it any more (AL-19.6)."""
        definition, _ = self._definition(name)
        if definition is not None:
            self._notices.acknowledge(definition)
            self._keep(name, self._gate((name,), second_of(at)), second_of(at))

    def may_speak(self, name: str, at: datetime) -> bool:
        """Whether no mute rule holds the actions of an alarm."""
        return self._gate((name,), second_of(at)).muted_until(name, second_of(at)) is None

    def tell_late(self, name: str, change: StateChange, behind: Contribution, *, at: datetime) -> None:
        """Tell of a breach that was found out about after its time (AL-18.5); the state stays as it is."""
        definition, alarm_type = self._definition(name)
        if definition is None or not definition.actions_enabled:
            return
        arns = tuple(definition.actions(ACTION_LISTS[change.new]))
        self._say(definition, Speech(change, arns, behind), at=at, alarm_type=alarm_type)

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
        if name not in self._metrics:
            self._metrics[name] = self._service.part(AlarmCatalogue).get(self._store, self._scope, name)
        return self._metrics[name]

    def _write_metric(self, change: MetricChange, at: datetime) -> None:
        self._standings[change.name] = change.standing
        known = self._metric(change.name)
        assert known is not None  # it was evaluated or set in this transaction
        told = StateChange.of_transition(
            change.transition, scope=alarm_scope(self._scope), configuration_updated_at=known.kept.updated_at
        )
        behind = change.contribution or contribution(self._service, self._store, self._scope, known.alarm, told)
        self._contributions[change.name] = behind
        self._write(change.name, change.transition.old, change.transition.new, told, METRIC, at=at)
        if change.transition.evaluation is not None:
            self.record(change.name, change.transition.evaluation, behind)

    def _write_composite(self, transition: CompositeTransition, at: datetime) -> None:
        name = transition.alarm_name
        old = self._standing(name).state
        told = StateChange.of_composite(
            transition,
            scope=alarm_scope(self._scope),
            configuration_updated_at=self._around.kept[name].updated_at,
        )
        self._write(name, old, transition.state(), told, COMPOSITE, at=at)

    def _write(
        self, name: str, old: AlarmState, new: AlarmState, told: StateChange, alarm_type: str, *, at: datetime
    ) -> None:
        before = self._standing(name)
        is_alarm = told.new is StateValue.ALARM
        said = headline(told, self._contributions.get(name, Contribution()).folding) if is_alarm else ""
        self._put(name, msgspec.structs.replace(before, state=new, last_change=told, headline=said))
        definition, _ = self._definition(name)
        if definition is not None:
            self._notices.changed(definition, told, at=second_of(at), is_first=before.last_change is None)
        item = state_update_item(name, old=old, new=new, at=told.at, alarm_type=alarm_type)
        step = StateStep(old.state_value, new.state_value, millisecond_of(old.transitioned_at))
        self._store.history.add(self._scope, item, step)
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
            self._write_composite(transition, at)
        second = second_of(at)
        gate = self._gate(before.keys() | self._standings.keys(), second)
        involved = before.keys() | gate.suppressed.keys() | gate.held.keys() | self._standings.keys()
        suppressors = {name_in(self._around.composites[name].actions_suppressor or "") for name in gate.suppressed}
        states = {name: self._standing(name).state for name in involved | suppressors}
        for decision in gate.decide(second, before, states):
            self._carry_out(at, decision)
        for name in timed:
            self._say_in_time(at, name, gate)
        for name in involved:
            self._keep(name, gate, second)
        return len(before)

    def _gate(self, names: Collection[str], at: int) -> ActionGate:
        """The gate for these alarms, for what they hold as suppressors, and for what is due."""
        due = {name for name, second in self._all_waiting().items() if second <= at}
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
        due = min((one for one in (gate.due(name, at), self._notices.due(name)) if one is not None), default=None)
        waiting = self._all_waiting()
        if due is not None and due != waiting.get(name):
            waiting[name] = due
            WAITING.put(self._store, self._scope, name, due)
        elif due is None and name in waiting:
            del waiting[name]
            WAITING.delete(self._store, self._scope, name)

    def _all_waiting(self) -> dict[str, int]:
        """The alarms of the scope that have to be looked at again, and when."""
        if self._waiting is None:
            self._waiting = dict(WAITING.scan(self._store, self._scope))
        return self._waiting

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
            speech = self._notices.speech(definition, change, at=second_of(at))
            self._say(definition, speech, at=at, alarm_type=alarm_type)
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

    def _say_in_time(self, at: datetime, name: str, gate: ActionGate) -> None:
        """Say what is due because time has passed (AL-19.6)."""
        definition, alarm_type = self._definition(name)
        change = self._standing(name).last_change
        if definition is None or change is None:
            return
        second = second_of(at)
        held_until = self._held_until(name, gate, second)
        for speech in self._notices.speeches_in_time(definition, change, at=second, held_until=held_until):
            self._say(definition, speech, at=at, alarm_type=alarm_type)

    def _held_until(self, name: str, gate: ActionGate, at: int) -> int | None:
        """When to ask again whether something holds the actions of an alarm; None where nothing does."""
        composite = self._around.composites.get(name)
        if composite is not None and composite.actions_suppressor is not None:
            suppressor = self._standing(name_in(composite.actions_suppressor)).state.state_value
            if suppressor is StateValue.ALARM or gate.suppressed[name].suppressed_by is not None:
                return at + SUPPRESSOR_ASKED_AGAIN
        end = gate.muted_until(name, at)
        return None if end is None else min(end, at + MUTE_RULE_ASKED_AGAIN)

    def _say(self, definition: MetricAlarm | CompositeAlarm, speech: Speech, *, at: datetime, alarm_type: str) -> None:
        name = definition.alarm_name
        if speech.why_not:
            for arn in speech.arns:
                item = action_item(
                    name,
                    arn=arn,
                    state_updated_at=self._standing(name).state.updated_at,
                    published_message=None,
                    at=at,
                    error=f"Not told: {speech.why_not}",
                    alarm_type=alarm_type,
                )
                self._store.history.add(self._scope, item)
            self._service.counters.add("alarm_actions", len(speech.arns), outcome="held")
            return
        message = self._message(definition, speech.change, speech.behind)
        for arn in speech.arns:
            self._run(name, arn, message, speech.change, at=at, alarm_type=alarm_type)

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
