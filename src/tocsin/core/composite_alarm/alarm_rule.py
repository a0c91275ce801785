"""The rule of a composite alarm: parse, evaluate, explain. Spec: AL-12.1, AL-12.2, AL-12.6, IF-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tocsin.core.composite_alarm import tree
from tocsin.core.composite_alarm.parser import parse_rule
from tocsin.core.composite_alarm.printer import print_rule
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.composite_alarm.tree import And, AtLeast, Constant, InState, Not, Or
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.alarm.state import StateValue
    from tocsin.core.composite_alarm.tree import Node


class AlarmRule:
    """A rule that was accepted: made by `parse`, never changed, safe to share between threads.

    Two rules are equal, and hash alike, when their trees are: spacing, quotes and redundant
    parentheses do not matter. Pickling carries the text alone; the other side parses it again.
    """

    __slots__ = ("_canonical", "_children", "_nodes", "_source", "_tree")

    def __init__(self, source: str) -> None:
        """Parse; `parse` does the same."""
        self._source = source
        self._tree = parse_rule(source)
        self._nodes = tree.postorder(self._tree)
        self._children = tuple(dict.fromkeys(tree.names(self._tree)))
        self._canonical = print_rule(self._tree)

    @classmethod
    def parse(cls, source: str) -> AlarmRule:
        """Read a rule.

        Raises `AlarmRuleError` when PutCompositeAlarm would refuse it: AWS's text in `.message`, the
        place in `.position`, what to do about it in `.hint` (AL-12.4). Whether the children exist is
        not asked.

        >>> from tocsin.core.alarm.state import StateValue
        >>> AlarmRule.parse("ALARM(a) AND NOT OK(b)").evaluate({"a": StateValue.ALARM, "b": StateValue.ALARM})
        True
        """
        return cls(source)

    @property
    def source(self) -> str:
        """The rule as it was given, which is how AWS echoes it (AL-12.8)."""
        return self._source

    @property
    def tree(self) -> Node:
        """The abstract syntax tree."""
        return self._tree

    @property
    def children(self) -> tuple[str, ...]:
        """The names and ARNs in the rule, as written there, each once, in order of appearance."""
        return self._children

    def evaluate(self, states: Mapping[str, StateValue]) -> bool:
        """Whether the rule holds, which makes the composite ALARM (AL-12.6).

        `states` gives the state of each child, by what stands in the rule or by its name. Raises
        NotFoundError when a child is in neither way there: a state that is not known is not guessed.
        """
        return self._values(states)[-1]

    def explain(self, states: Mapping[str, StateValue]) -> tuple[str, ...]:
        """The children that make the rule have its value, as written, in order of appearance (AL-9.10).

        Of an AND or OR, those under the items that have its value; of AT_LEAST, those that count when
        it holds and those that do not when it does not; constants have none. Raises as `evaluate`.
        """
        values = dict(zip(map(id, self._nodes), self._values(states), strict=True))
        found: dict[str, None] = {}
        pending: list[Node] = [self._tree]
        while pending:
            node = pending.pop()
            if isinstance(node, And | Or):
                decisive = values[id(node)]
                pending.extend(item for item in reversed(node.items) if values[id(item)] is decisive)
            elif isinstance(node, Not):
                pending.append(node.operand)
            elif isinstance(node, InState):
                found[node.name] = None
            elif isinstance(node, AtLeast):
                holds = values[id(node)]
                found.update(dict.fromkeys(n for n in node.names if node.counts(_state(states, n)) is holds))
        return tuple(found)

    def holds_with(self, child: str, state: StateValue) -> bool:
        """Whether the rule holds as soon as that child is in that state, whatever the others are in.

        `child` is a name. True only where that is certain: what could depend on another child, or on how states go
        together, is not.

        >>> from tocsin.core.alarm.state import StateValue
        >>> AlarmRule.parse("ALARM(a) OR ALARM(b)").holds_with("a", StateValue.ALARM)
        True
        """
        waiting: list[bool | None] = []  # None: it depends on others
        for node in self._nodes:
            value: bool | None
            match node:
                case Constant():
                    value = node.value
                case InState():
                    value = node.state == state if name_in(node.name) == child else None
                case AtLeast():
                    known = [name for name in node.names if name_in(name) == child]
                    counted = len(known) if node.counts(state) else 0
                    most = counted + len(node.names) - len(known)
                    value = True if counted >= node.needed else None if most >= node.needed else False
                case Not():
                    operand = waiting.pop()
                    value = None if operand is None else not operand
                case And() | Or():
                    start = len(waiting) - len(node.items)
                    decisive = isinstance(node, Or)
                    items = waiting[start:]
                    value = decisive if decisive in items else None if None in items else not decisive
                    del waiting[start:]
                case _:
                    assert_never(node)
            waiting.append(value)
        return waiting[-1] is True

    def _values(self, states: Mapping[str, StateValue]) -> list[bool]:
        """The value of every node, in the order of `_nodes`."""
        values: list[bool] = []
        waiting: list[bool] = []  # values of nodes whose parent is still to come
        for node in self._nodes:
            match node:
                case Constant():
                    value = node.value
                case InState():
                    value = _state(states, node.name) == node.state
                case AtLeast():
                    value = sum(node.counts(_state(states, name)) for name in node.names) >= node.needed
                case Not():
                    value = not waiting.pop()
                case And() | Or():
                    start = len(waiting) - len(node.items)
                    value = all(waiting[start:]) if isinstance(node, And) else any(waiting[start:])
                    del waiting[start:]
                case _:
                    assert_never(node)
            values.append(value)
            waiting.append(value)
        return values

    # ------------------------------------------------------------ as a value

    def __str__(self) -> str:
        """Canonical text that parses to an equal rule."""
        return self._canonical

    def __repr__(self) -> str:
        return f"AlarmRule.parse({self._source!r})"

    # Canonical texts are equal exactly when the trees are, and comparing them needs no recursion.

    def __eq__(self, other: object) -> bool:
        return self._canonical == other._canonical if isinstance(other, AlarmRule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._canonical)

    def __reduce__(self) -> tuple[object, ...]:
        return (AlarmRule.parse, (self._source,))


def _state(states: Mapping[str, StateValue], child: str) -> StateValue:
    state = states.get(child)
    if state is None:
        state = states.get(name_in(child))
    if state is None:
        raise NotFoundError(
            f"no state is given for the alarm {child} of the rule",
            hint="a composite alarm can only be evaluated when the states of all its children are known",
        )
    return state
