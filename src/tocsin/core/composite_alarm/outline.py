"""A composite alarm's rule line by line, with what each part comes to as its children stand. Spec: AL-12.6, CON-4.8.

Rule: a child whose state is not known makes the outcome of what depends on it unknown, and of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from tocsin.core.composite_alarm import tree
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.tree import And, AtLeast, Constant, InState, Not, Or

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.core.alarm.state import StateValue
    from tocsin.core.composite_alarm.alarm_rule import AlarmRule
    from tocsin.core.composite_alarm.tree import Node


class OutlineLine(NamedTuple):
    """One part of a rule, `depth` steps in.

    `text` says what is asked; `alarm` is the child that it is asked of, empty for a junction, and `state` how that
    stands, None where there is no such alarm. `holds` is None where it depends on an alarm that is not there.
    """

    depth: int
    text: str
    alarm: str
    state: StateValue | None
    holds: bool | None


def outline(rule: AlarmRule, states: Mapping[str, StateValue], *, most: int = 200) -> list[OutlineLine]:
    """The first lines of a rule, `most` of them; `states` are those of the alarms by their names.

    >>> from tocsin.core.alarm.state import StateValue
    >>> from tocsin.core.composite_alarm.alarm_rule import AlarmRule
    >>> lines = outline(AlarmRule.parse("ALARM(a) AND NOT OK(b)"), {"a": StateValue.ALARM, "b": StateValue.OK})
    >>> [(line.depth, line.text, line.holds) for line in lines]
    [(0, 'all of', False), (1, 'is ALARM', True), (1, 'not', False), (2, 'is OK', True)]
    """
    values = _values(rule.tree, states)
    found: list[OutlineLine] = []
    pending: list[tuple[int, Node]] = [(0, rule.tree)]
    while pending and len(found) < most:
        depth, node = pending.pop()
        found += _lines(node, depth, values[id(node)], states)
        pending += [(depth + 1, one) for one in reversed(tree.operands(node))]
    return found[:most]


def outcome(rule: AlarmRule, states: Mapping[str, StateValue]) -> bool | None:
    """Whether a rule holds; None where that depends on alarms whose states are not known.

    >>> from tocsin.core.alarm.state import StateValue
    >>> from tocsin.core.composite_alarm.alarm_rule import AlarmRule
    >>> rule = AlarmRule.parse("ALARM(a) OR ALARM(b)")
    >>> outcome(rule, {"a": StateValue.ALARM}), outcome(rule, {"a": StateValue.OK})
    (True, None)
    """
    return _values(rule.tree, states)[id(rule.tree)]


def _lines(node: Node, depth: int, holds: bool | None, states: Mapping[str, StateValue]) -> Iterator[OutlineLine]:
    match node:
        case Constant():
            yield OutlineLine(depth, "always" if node.value else "never", "", None, holds)
        case InState():
            name = name_in(node.name)
            yield OutlineLine(depth, f"is {node.state.value}", name, states.get(name), holds)
        case AtLeast():
            quorum = f"{node.quorum} %" if node.is_percentage else str(node.quorum)
            asked = f"{'not ' if node.is_negated else ''}{node.state.value}"
            yield OutlineLine(depth, f"at least {quorum} of", "", None, holds)
            for name in map(name_in, node.names):
                state = states.get(name)
                counts = None if state is None else node.counts(state)
                yield OutlineLine(depth + 1, f"is {asked}", name, state, counts)
        case Not():
            yield OutlineLine(depth, "not", "", None, holds)
        case And() | Or():
            yield OutlineLine(depth, "all of" if isinstance(node, And) else "any of", "", None, holds)
        case _:
            assert_never(node)


def _values(root: Node, states: Mapping[str, StateValue]) -> dict[int, bool | None]:
    """What every node comes to, by its identity."""
    values: dict[int, bool | None] = {}
    for node in tree.postorder(root):
        values[id(node)] = _value(node, values, states)
    return values


def _value(node: Node, values: Mapping[int, bool | None], states: Mapping[str, StateValue]) -> bool | None:
    match node:
        case Constant():
            return node.value
        case InState():
            state = states.get(name_in(node.name))
            return None if state is None else state == node.state
        case AtLeast():
            known = [states.get(name_in(name)) for name in node.names]
            counted = sum(state is not None and node.counts(state) for state in known)
            if counted >= node.needed:
                return True
            return None if counted + known.count(None) >= node.needed else False
        case Not():
            value = values[id(node.operand)]
            return None if value is None else not value
        case And() | Or():
            decisive = isinstance(node, Or)
            items = [values[id(item)] for item in node.items]
            return decisive if decisive in items else None if None in items else not decisive
        case _:
            assert_never(node)
