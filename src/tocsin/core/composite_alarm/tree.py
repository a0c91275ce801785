"""The abstract syntax tree of an AlarmRule. Spec: AL-12.1, AL-12.2.

Nodes are immutable and compare by value. Conditions carry their place in the source as `position`
(0-based code point offset), which takes no part in comparison.

Rule: nothing here recurses. A rule of 10,240 characters may hold some 2,500 `NOT` in a row, so who
walks a tree goes through `walk` or over `postorder`; comparing two deep trees is for their texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.alarm.state import StateValue


def _place() -> int:
    return field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Constant:
    """`TRUE` or `FALSE`."""

    value: bool


@dataclass(frozen=True, slots=True)
class InState:
    """`ALARM(name)`: whether one alarm, given by name or ARN, is in a state."""

    state: StateValue
    name: str
    position: int = _place()


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`AT_LEAST(quorum, [NOT] state, (names))`: whether that many of the alarms are in the state, or are not.

    `quorum` is a number of names or, if `is_percentage`, a percentage of them. A name that is
    repeated counts each time (AL-12.2).
    """

    quorum: int
    is_percentage: bool
    is_negated: bool
    state: StateValue
    names: tuple[str, ...]
    position: int = _place()

    @property
    def needed(self) -> int:
        """The number of names that the quorum asks for; a percentage is rounded up (AL-12.2)."""
        return -(-self.quorum * len(self.names) // 100) if self.is_percentage else self.quorum

    def counts(self, state: StateValue) -> bool:
        """Whether an alarm in `state` counts towards the quorum."""
        return (state == self.state) is not self.is_negated


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT a`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """`a AND b AND …`: at least two items, none of them an `And`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a OR b OR …`: at least two items, none of them an `Or`."""

    items: tuple[Node, ...]


Condition = Constant | InState | AtLeast
Node = Or | And | Not | Condition


def operands(node: Node) -> tuple[Node, ...]:
    """The nodes right under a node, from left to right; none for a condition."""
    if isinstance(node, And | Or):
        return node.items
    return (node.operand,) if isinstance(node, Not) else ()


def walk(root: Node) -> Iterator[Node]:
    """Every node, each before those under it, from left to right."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(operands(node)))


def postorder(root: Node) -> list[Node]:
    """Every node, each behind those under it, from left to right."""
    found: list[Node] = []
    pending = [root]
    while pending:
        node = pending.pop()
        found.append(node)
        pending.extend(operands(node))
    found.reverse()
    return found


def names(root: Node) -> tuple[str, ...]:
    """Every name and ARN as it stands in the rule, in order, repeated ones each time."""
    found: list[str] = []
    for node in walk(root):
        if isinstance(node, InState):
            found.append(node.name)
        elif isinstance(node, AtLeast):
            found.extend(node.names)
    return tuple(found)
