"""All alarms of a chain over a span of time: every change of state, what ran because of it, and when.

Rule: one order of events for all: at an instant metric alarms change first, then the composites that
stand on them, then suppressors and mute rules decide which actions run, then the alarms' own tags. Spec: AL-8,
AL-12, AL-13, AL-14, AL-19.6, IF-3.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.notice_timeline import NoticeTimeline
from tocsin.app.replay import AlarmReplay, MetricReplay
from tocsin.core.action_gate import MUTED, ActionGate
from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.evaluation import Evaluation
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.alarm.timestamp import moment, second_of
from tocsin.core.composite_alarm.network import AlarmNetwork
from tocsin.core.composite_alarm.network import Transition as CompositeTransition
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.suppression import Suppression
from tocsin.core.notice_timing import MUTE_RULE_ASKED_AGAIN, SUPPRESSOR_ASKED_AGAIN, Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.app.alarm_set import AlarmSet
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.metric import MetricKey
    from tocsin.core.metric_history import MetricHistory

__all__ = ["MUTED", "ActionsRun", "AlarmChange", "Timeline", "actions_of", "run_alarms"]


class ActionsRun(msgspec.Struct, frozen=True, kw_only=True):
    """The actions of a state were run at `at` (seconds since the epoch). `after_mute_window`: see AL-14.2."""

    at: int
    after_mute_window: bool = False


class AlarmChange(msgspec.Struct, kw_only=True):
    """One change of the state of one alarm, at `at` (seconds since the epoch).

    Of a metric alarm `evaluation` is there, of a composite alarm `composite` with the states of its
    children at that instant. `run` is None while its actions were not run: disabled, or held by
    `held_by` for good. What a tag of the alarm held is run with the message that names it (AL-19.6).
    """

    name: str
    at: int
    old: StateValue
    new: StateValue
    reason: str
    evaluation: Evaluation | None = None
    composite: CompositeTransition | None = None
    children: dict[str, AlarmState] = {}
    held_by: str = ""
    run: ActionsRun | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of all alarms, by time and then in the order in which they happened; and the replays by name."""

    changes: tuple[AlarmChange, ...]
    replays: dict[str, AlarmReplay]
    results: dict[str, MetricReplay]


def run_alarms(
    alarms: AlarmSet,
    histories: Mapping[tuple[MetricKey, str | None], MetricHistory],
    *,
    since: int,
    until: int,
    extra: int | None = None,
    every_instant: bool = False,
) -> Timeline:
    """Create all alarms at `since` and evaluate them at their instants T with since < T <= until.

    `histories` are those of `AlarmReplay`; `extra` is the setting `alarm.evaluation_range`.
    """
    replays = {
        entry.alarm.alarm_name: AlarmReplay(entry.alarm, histories, extra=extra, zone=entry.zone)
        for entry in alarms.metric_alarms
    }
    results = {name: replay.run(since, until, every_instant=every_instant) for name, replay in replays.items()}
    running = _Running(alarms, results, since, until)
    return Timeline(changes=tuple(running.run()), replays=replays, results=results)


class _Running:
    """The states of all alarms as time goes on."""

    def __init__(self, alarms: AlarmSet, results: Mapping[str, MetricReplay], since: int, until: int) -> None:
        self._definitions: dict[str, MetricAlarm | CompositeAlarm] = {
            entry.alarm.alarm_name: entry.alarm for entry in alarms.metric_alarms
        }
        self._definitions |= {entry.alarm.alarm_name: entry.alarm for entry in alarms.composites}
        self._composites = {entry.alarm.alarm_name: entry.alarm for entry in alarms.composites}
        self._network = AlarmNetwork(self._composites.values(), scope=alarms.scope)
        self._mutes = {
            name: [(entry.rule, entry.zone) for entry in alarms.mute_rules if name in entry.rule.alarm_names]
            for name in self._definitions
        }
        self._since, self._until = since, until
        self._evaluations = _by_time(results)
        self._states = {name: AlarmState.initial(moment(since)) for name in self._definitions}
        suppressed = {
            name: Suppression() for name, alarm in self._composites.items() if alarm.actions_suppressor is not None
        }
        self._gate = ActionGate(self._composites, self._mutes, suppressed=suppressed, held={})
        self._notices = NoticeTimeline(self._definitions)
        self._latest: dict[str, AlarmChange] = {}
        self._held: dict[str, dict[Change, AlarmChange]] = {}  # what tags hold, by alarm
        self._timers: list[int] = []  # a heap: when something is due besides evaluations

    def run(self) -> Iterator[AlarmChange]:
        """Every change, by time."""
        yield from self._finish(self._since, list(self._create()))
        evaluated = 0
        instants = sorted(self._evaluations)
        while evaluated < len(instants) or self._timers:
            at = min(
                instants[evaluated] if evaluated < len(instants) else self._until + 1,
                *self._timers[:1] or [self._until + 1],
            )
            if at > self._until:
                return
            while self._timers and self._timers[0] <= at:
                heapq.heappop(self._timers)
            changes: list[AlarmChange] = []
            if evaluated < len(instants) and instants[evaluated] == at:
                evaluated += 1
                changes = self._change(at)
            yield from self._finish(at, changes)

    def _create(self) -> Iterator[AlarmChange]:
        """Composites are evaluated when they are created, children before what stands on them (AL-12.6)."""
        waiting = list(self._composites)
        while waiting:
            free = (name for name in waiting if not any(child in waiting for child in self._network.children(name)))
            name = next(free, waiting[0])
            waiting.remove(name)
            # What follows for composites that are there already; those to come are evaluated when they come.
            for transition in self._network.create(name, self._states, moment(self._since)):
                if transition.alarm_name not in waiting:
                    yield self._composite_change(transition)

    def _change(self, at: int) -> list[AlarmChange]:
        changes = [self._metric_change(name, evaluation) for name, evaluation in self._evaluations[at]]
        moved = [change.name for change in changes]
        changes += map(self._composite_change, self._network.change(moved, self._states, moment(at)))
        return changes

    def _metric_change(self, name: str, evaluation: Evaluation) -> AlarmChange:
        self._states[name] = AlarmState(
            state_value=evaluation.new,
            reason=evaluation.reason,
            reason_data=evaluation.reason_data,
            updated_at=evaluation.at,
            transitioned_at=evaluation.at,
        )
        return AlarmChange(
            name=name,
            at=second_of(evaluation.at),
            old=evaluation.old,
            new=evaluation.new,
            reason=evaluation.reason,
            evaluation=evaluation,
        )

    def _composite_change(self, transition: CompositeTransition) -> AlarmChange:
        name = transition.alarm_name
        self._states[name] = transition.state()
        return AlarmChange(
            name=name,
            at=second_of(transition.at),
            old=transition.old,
            new=transition.new,
            reason=transition.reason,
            composite=transition,
            children={child: self._states[child] for child in self._network.children(name)},
        )

    # ------------------------------------------------------------ which actions run

    def _finish(self, at: int, changes: list[AlarmChange]) -> list[AlarmChange]:
        """Let suppressors and mute rules decide about the actions of these changes, and of earlier ones that wait."""
        before = {change.name: change.old for change in reversed(changes)}
        for change in changes:
            self._latest[change.name] = change
            self._notices.changed(change.name, old=change.old, new=change.new, at=at)
        for decision in self._gate.decide(at, before, self._states):
            name, latest = decision.name, self._latest[decision.name]
            if decision.held_by:
                latest.held_by = decision.held_by
            if decision.runs and self._definitions[name].actions_enabled:
                self._run(latest, at, after_mute_window=decision.is_after_window)
        for name, due in list(self._notices.waiting()):
            if due <= at:
                self._notices.pass_time(name, self._states[name].state_value, at, held_until=self._held_until(name, at))
                self._release(name, at)
        for name in self._gate.suppressed.keys() | self._gate.held.keys():
            self._look_at(self._gate.due(name, at), at)
        for _, due in self._notices.waiting():
            self._look_at(due, at)
        return changes

    def _run(self, change: AlarmChange, at: int, *, after_mute_window: bool) -> None:
        """Run the actions of a change, unless a tag of the alarm holds them."""
        name = change.name
        held, tag = Change(change.at, change.new), ""
        if actions_of(self._definitions[name], change.new):
            tag = self._notices.held_by(name, held, at)
            self._release(name, at)
        if tag:
            change.held_by = tag
            self._held.setdefault(name, {})[held] = change
        else:
            change.run = ActionsRun(at=at, after_mute_window=after_mute_window)

    def _release(self, name: str, at: int) -> None:
        for released in self._notices.released(name):
            change = self._held[name].pop(released, None)
            if change is not None:
                change.run = ActionsRun(at=at)

    def _held_until(self, name: str, at: int) -> int | None:
        """When to ask again whether something besides its tags holds the actions of an alarm; None: nothing does."""
        suppression = self._gate.suppressed.get(name)
        if suppression is not None:
            suppressor = name_in(self._composites[name].actions_suppressor or "")
            if self._states[suppressor].state_value is StateValue.ALARM or suppression.suppressed_by is not None:
                return at + SUPPRESSOR_ASKED_AGAIN
        end = self._gate.muted_until(name, at)
        return None if end is None else min(end, at + MUTE_RULE_ASKED_AGAIN)

    def _look_at(self, due: int | None, at: int) -> None:
        if due is not None and due > at:
            heapq.heappush(self._timers, due)


def _by_time(results: Mapping[str, MetricReplay]) -> dict[int, list[tuple[str, Evaluation]]]:
    found: dict[int, list[tuple[str, Evaluation]]] = {}
    for name, result in results.items():
        for evaluation in result.transitions:
            found.setdefault(second_of(evaluation.at), []).append((name, evaluation))
    return found


def actions_of(alarm: MetricAlarm | CompositeAlarm, state: StateValue) -> tuple[str, ...]:
    """The list of actions that belongs to a state (AL-8.3)."""
    return alarm.actions(ACTION_LISTS[state])
