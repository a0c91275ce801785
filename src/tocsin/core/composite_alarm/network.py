"""Composite alarms as a network: who depends on whom, and what one change brings about. Spec: AL-12.3 to AL-12.7.

Rule: one change evaluates each composite at most once, breadth first, and a composite that depends on
another one which may change with it comes after that one. So whatever the order of the definitions,
states agree with their rules everywhere but inside of a cycle, where the evaluation stops.
"""

from __future__ import annotations

import heapq
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.reason import child_changed, created, reason_data, updated
from tocsin.core.composite_alarm.reference import AlarmScope, name_in, parse_arn
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tocsin.core.composite_alarm.definition import CompositeAlarm

MAX_PARENTS = 150
"""In how many composites one alarm may be a child (AL-12.3)."""

_MOST_DELETED = 100
_LONGEST_NAME = 255


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One composite alarm that changed its state at `at`, with AWS's reason and its data (JSON text)."""

    alarm_name: str
    old: StateValue
    new: StateValue
    reason: str
    reason_data: str
    at: datetime

    def state(self) -> AlarmState:
        """The state of the alarm behind the transition."""
        return AlarmState(
            state_value=self.new,
            reason=self.reason,
            reason_data=self.reason_data,
            updated_at=self.at,
            transitioned_at=self.at,
        )


class AlarmNetwork:
    """The composites of one account and region. It holds definitions, no states, and is never changed.

    Of several definitions with one name the last one counts. `dependents` and the checks count
    suppressors; evaluation and cycles go by rules alone.
    """

    def __init__(self, composites: Iterable[CompositeAlarm], *, scope: AlarmScope) -> None:
        self.composites = {alarm.alarm_name: alarm for alarm in composites}
        self.scope = scope
        self._children = {name: _children(alarm) for name, alarm in self.composites.items()}
        self._parents: dict[str, list[str]] = {}
        for name, children in self._children.items():
            for child in children:
                self._parents.setdefault(child, []).append(name)
        self._groups = {name: place for place, group in enumerate(_groups(self._children)) for name in group}

    # ------------------------------------------------------------ who depends on whom

    def children(self, name: str) -> tuple[str, ...]:
        """The names of the children of a composite, each once, in the order of its rule; none for other alarms."""
        return self._children.get(name, ())

    def parents(self, name: str) -> tuple[str, ...]:
        """The composites whose rules name this alarm, in the order of the definitions."""
        return tuple(self._parents.get(name, ()))

    def dependents(self, name: str) -> tuple[str, ...]:
        """The composites that reference this alarm, as child or as suppressor (AL-11.4)."""
        return tuple(
            parent
            for parent, alarm in self.composites.items()
            if name in self._children[parent] or name == _suppressor(alarm)
        )

    def check(self, alarm: CompositeAlarm, *, known: Collection[str]) -> None:
        """Whether `alarm` may be put into this network, `known` being the names of all alarms there are.

        Raises AlarmRuleError (wrong region) or AlarmError: another account, itself as child, unknown
        children, an unknown suppressor, a child in too many composites (AL-12.3, AL-12.4).
        """
        for reference in alarm.alarm_rule.children:
            self._check_scope(reference, alarm.alarm_rule.source)
        children = _children(alarm)
        if alarm.alarm_name in children:
            raise _itself("AlarmRule")
        unknown = [self.scope.arn(child) for child in children if child not in known]
        if unknown:
            raise AlarmError(
                f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist",
                parameter="AlarmRule",
                hint="create the children first; names are case-sensitive, and single quotes are part of a name",
            )
        for child in children:
            others = sum(parent != alarm.alarm_name for parent in self._parents.get(child, ()))
            if others >= MAX_PARENTS:
                raise AlarmError(
                    f"An alarm can be a child of at most {MAX_PARENTS} composite alarms: {self.scope.arn(child)}",
                    parameter="AlarmRule",
                    hint="name a composite that already has this child",
                )
        self._check_suppressor(alarm, known)

    def check_deletion(self, names: Sequence[str]) -> None:
        """Whether DeleteAlarms may delete these alarms; unknown ones do not matter. Raises AlarmError (AL-11.4)."""
        if len(names) > _MOST_DELETED:
            raise AlarmError(
                f"1 validation error detected: Value 'list of {len(names)}' at 'alarmNames' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_MOST_DELETED}",
                parameter="AlarmNames",
                hint=f"delete {_MOST_DELETED} alarms at a time",
            )
        for place, name in enumerate(names, 1):
            if not 1 <= len(name) <= _LONGEST_NAME:
                limit = f"less than or equal to {_LONGEST_NAME}" if name else "greater than or equal to 1"
                raise AlarmError(
                    f"1 validation error detected: Value '{name[:_LONGEST_NAME]}' at 'alarmNames.{place}.member' "
                    f"failed to satisfy constraint: Member must have length {limit}",
                    parameter=f"AlarmNames.{place}",
                    hint="an alarm's name has 1 to 255 characters",
                )
        needed = self._needed() if names else set()
        held = [name for name in dict.fromkeys(names) if name in needed]
        if held:
            those = "it" if len(held) == 1 else "them"
            raise AlarmError(
                f"Cannot delete {','.join(held)} as there are composite alarm(s) depending on {those}.",
                parameter="AlarmNames",
                hint="delete or change the composite alarms that name it first, in a call of their own",
            )
        if len({name for name in names if name in self.composites}) > 1:
            raise AlarmError(
                "At most one composite alarm can be deleted in one call",
                parameter="AlarmNames",
                hint="delete composite alarms one by one",
            )

    def _needed(self) -> set[str]:
        """Every alarm that some composite references."""
        suppressors = {_suppressor(alarm) for alarm in self.composites.values()}
        return self._parents.keys() | {name for name in suppressors if name is not None}

    def _check_scope(self, reference: str, rule: str | None) -> None:
        """An ARN must be of this account and region. `rule` is None for a suppressor."""
        arn = parse_arn(reference)
        if arn is None:
            return
        parameter = "ActionsSuppressor" if rule is None else "AlarmRule"
        if arn.account != self.scope.account:
            raise AlarmError(
                "A composite alarm cannot have a child relation with alarms from another AWS account",
                parameter=parameter,
                hint=f"{reference} belongs to account {arn.account}; name an alarm of {self.scope.account}",
            )
        if arn.region != self.scope.region:
            message = f"Wrong ARN region, it was {arn.region} but {self.scope.region} was expected instead"
            hint = "children and suppressor live in the region of the composite"
            if rule is None:
                raise AlarmError(message, parameter=parameter, hint=hint)
            raise AlarmRuleError(
                f"Error in AlarmRule [{message}]", source=rule, position=max(rule.find(reference), 0), hint=hint
            )

    def _check_suppressor(self, alarm: CompositeAlarm, known: Collection[str]) -> None:
        """By analogy to children (our choice)."""
        if alarm.actions_suppressor is None:
            return
        self._check_scope(alarm.actions_suppressor, None)
        name = name_in(alarm.actions_suppressor)
        if name == alarm.alarm_name:
            raise _itself("ActionsSuppressor")
        if name not in known:
            raise AlarmError(
                f"Could not save the composite alarm as the actions suppressor [{self.scope.arn(name)}] does not exist",
                parameter="ActionsSuppressor",
                hint="create the suppressor first; names are case-sensitive",
            )

    # ------------------------------------------------------------ evaluation

    def create(self, name: str, states: Mapping[str, AlarmState], at: datetime) -> tuple[Transition, ...]:
        """The first evaluation of a composite, and what that brings about (AL-12.6).

        `states` are those of all alarms before. It is always a transition, out of the state there is
        (INSUFFICIENT_DATA for an alarm that has none yet). Raises NotFoundError for an unknown child.
        """
        old = _old_value(name, states)
        value = self._value(name, states)
        return self._from_definition(name, states, at, old=old, reason=created(self.scope.arn(name), value))

    def update(self, name: str, states: Mapping[str, AlarmState], at: datetime) -> tuple[Transition, ...]:
        """The evaluation after a change of the definition; nothing when the state stays (AL-12.6)."""
        value = self._value(name, states)
        old = _old_value(name, states)
        if value is old:
            return ()
        return self._from_definition(name, states, at, old=old, reason=updated(self.scope.arn(name), value))

    def change(self, changed: Iterable[str], states: Mapping[str, AlarmState], at: datetime) -> tuple[Transition, ...]:
        """What follows from alarms that have changed their state at `at`, in the order in which it happens.

        `changed` are names, of any kind of alarm; `states` are those of all alarms, with the change
        in them. A composite that is among `changed` is not evaluated again. Several alarms that
        change at one instant may be given together: composites then see only what holds in the end.
        Raises NotFoundError for the state of a child that is not there.
        """
        roots = list(dict.fromkeys(changed))
        order = self._order(roots)
        if not order:
            return ()
        now = dict(states)
        moved = {name: place for place, name in enumerate(roots)}
        transitions: list[Transition] = []
        for name in order:
            movers = [child for child in self._children[name] if child in moved]
            if not movers:
                continue
            value = self._value(name, now)
            old = _old_value(name, now)
            if value is old:
                continue
            last = max(movers, key=moved.__getitem__)
            reason = child_changed(self.scope.arn(last), now[last])
            transition = self._transition(name, now, at, old=old, reason=reason)
            transitions.append(transition)
            now[name] = transition.state()
            moved[name] = len(moved)
        return tuple(transitions)

    def _from_definition(
        self, name: str, states: Mapping[str, AlarmState], at: datetime, *, old: StateValue, reason: str
    ) -> tuple[Transition, ...]:
        first = self._transition(name, states, at, old=old, reason=reason)
        return (first, *self.change((name,), {**states, name: first.state()}, at))

    def _transition(
        self, name: str, states: Mapping[str, AlarmState], at: datetime, *, old: StateValue, reason: str
    ) -> Transition:
        values = _values(states, self._children[name])
        causes = dict.fromkeys(map(name_in, self.composites[name].alarm_rule.explain(values)))
        return Transition(
            alarm_name=name,
            old=old,
            new=self._value(name, states),
            reason=reason,
            reason_data=reason_data((self.scope.arn(cause), states[cause]) for cause in causes),
            at=at,
        )

    def _value(self, name: str, states: Mapping[str, AlarmState]) -> StateValue:
        holds = self.composites[name].alarm_rule.evaluate(_values(states, self._children[name]))
        return StateValue.ALARM if holds else StateValue.OK

    def _order(self, roots: list[str]) -> list[str]:
        """Every composite that a change of `roots` may reach, in the order of evaluation.

        Breadth first from the roots; of those that are next, one waits for composites that it
        depends on, unless they depend on it, too. The roots themselves have changed already.
        """
        reached = self._reach(roots)
        waits = {
            name: sum(child in reached and not self._in_cycle(name, child) for child in self._children[name])
            for name in reached
        }
        ready = [(place, name) for name, place in reached.items() if waits[name] == 0]
        heapq.heapify(ready)
        order: list[str] = []
        while ready:
            _, name = heapq.heappop(ready)
            order.append(name)
            for parent in self._parents.get(name, ()):
                if parent in reached and not self._in_cycle(parent, name):
                    waits[parent] -= 1
                    if waits[parent] == 0:
                        heapq.heappush(ready, (reached[parent], parent))
        return order

    def _reach(self, roots: list[str]) -> dict[str, int]:
        """The composites that depend on `roots`, the roots apart, with their places in breadth-first order."""
        seen = set(roots)
        queue = list(roots)
        for name in queue:
            for parent in self._parents.get(name, ()):
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
        return {name: place for place, name in enumerate(queue[len(roots) :])}

    def _in_cycle(self, one: str, other: str) -> bool:
        return self._groups[one] == self._groups[other]


# ---------------------------------------------------------------- cycles


def cycles(composites: Iterable[CompositeAlarm]) -> tuple[tuple[str, ...], ...]:
    """The composites that depend on themselves, in groups of those that depend on one another (AL-12.7).

    Every composite that lies on a cycle is in exactly one group. A group starts with its first name
    by the alphabet and goes on along children, so that a plain cycle reads in its order; groups are
    sorted. Linear in the size of the rules.
    """
    children = {alarm.alarm_name: _children(alarm) for alarm in composites}
    found = [
        _along_children(group, children)
        for group in _groups(children)
        if len(group) > 1 or group[0] in children[group[0]]
    ]
    return tuple(sorted(found))


def _along_children(group: list[str], children: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The members of a group, depth first from the first by the alphabet."""
    members = set(group)
    found: dict[str, None] = {}
    pending = [min(group)]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = None
            pending.extend(child for child in reversed(children[name]) if child in members)
    return tuple(found)


def _groups(children: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """The strongly connected parts of the network: those that depend on one another, everything else alone.

    Tarjan's algorithm, on a stack of our own.
    """
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_names: dict[str, None] = {}  # in the order of their numbers; not yet in a group
    groups: list[list[str]] = []
    for root in children:
        if root in numbers:
            continue
        path = [(root, iter(children[root]))]
        numbers[root] = lowest[root] = len(numbers)
        open_names[root] = None
        while path:
            name, rest = path[-1]
            for child in rest:
                if child not in children:
                    continue
                if child not in numbers:
                    numbers[child] = lowest[child] = len(numbers)
                    open_names[child] = None
                    path.append((child, iter(children[child])))
                    break
                if child in open_names:
                    lowest[name] = min(lowest[name], numbers[child])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[name])
                if lowest[name] == numbers[name]:
                    groups.append(_take_group(open_names, name))
    return groups


def _take_group(open_names: dict[str, None], first: str) -> list[str]:
    """Take the names from `first` on out of those that are open."""
    group: list[str] = []
    while not group or group[-1] != first:
        group.append(open_names.popitem()[0])
    return group


# ---------------------------------------------------------------- parts of a definition


def _children(alarm: CompositeAlarm) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(name_in, alarm.alarm_rule.children)))


def _suppressor(alarm: CompositeAlarm) -> str | None:
    return None if alarm.actions_suppressor is None else name_in(alarm.actions_suppressor)


def _values(states: Mapping[str, AlarmState], names: Iterable[str]) -> dict[str, StateValue]:
    missing = [name for name in names if name not in states]
    if missing:
        raise NotFoundError(
            f"the state of the alarm {missing[0]} is not known",
            hint="a composite alarm can only be evaluated when all its children exist",
        )
    return {name: states[name].state_value for name in names}


def _old_value(name: str, states: Mapping[str, AlarmState]) -> StateValue:
    """The state before an evaluation; an alarm that was never evaluated has the initial one (AL-8.1)."""
    return states[name].state_value if name in states else StateValue.INSUFFICIENT_DATA


def _itself(parameter: str) -> AlarmError:
    return AlarmError(
        f"A composite alarm cannot have a child relation with itself via its {parameter}, "
        "as it would introduce a circular dependency",
        parameter=parameter,
        hint="name another alarm",
    )
