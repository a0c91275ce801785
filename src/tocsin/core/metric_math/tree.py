"""The abstract syntax tree of an expression. Spec: AL-4.

Nodes are immutable, hashable and compare by value; `position`, the 0-based code point offset into the
source, takes no part in comparison. Rule: operators of one level in a row are one flat node, so that only
parentheses, calls, brackets and signs make a tree deeper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


def _place() -> int:
    return field(default=0, compare=False, kw_only=True)


class Op(StrEnum):
    """An operator between two operands, as it is printed; `AND` and `OR` are `&&` and `||` too."""

    OR = "OR"
    AND = "AND"
    EQ = "=="
    NE = "!="
    LT = "<"
    GT = ">"
    LE = "<="
    GE = ">="
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    POWER = "^"


LEVELS: Final[dict[Op, int]] = {
    Op.OR: 1,
    Op.AND: 2,
    Op.EQ: 3,
    Op.NE: 3,
    Op.LT: 3,
    Op.GT: 3,
    Op.LE: 3,
    Op.GE: 3,
    Op.ADD: 4,
    Op.SUBTRACT: 4,
    Op.MULTIPLY: 5,
    Op.DIVIDE: 5,
    Op.POWER: 6,
}
"""The higher, the tighter it binds (AL-4.3, our choice): the parser and the printer go by this table."""

POWER_LEVEL = LEVELS[Op.POWER]
"""The one level that is read from the right to the left."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, finite and not negative: a sign is a `Negate`."""

    value: float
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Text:
    """A text between quotes, as `METRICS` and `SEARCH` take it."""

    text: str
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Word:
    """A word that some functions take as an argument, such as `REPEAT` or `ASC`."""

    word: str
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of a query of the same request."""

    name: str
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b, …]`: at least one item."""

    items: tuple[Node, ...]
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Negate:
    """`-a`."""

    operand: Node
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Chain:
    """`a op b op c …`: operators of one level, one fewer than operands.

    Those of the level of `^` are done from the right, all others from the left; the operand that is done
    first is never a `Chain` of the same level.
    """

    operands: tuple[Node, ...]
    operators: tuple[Op, ...]
    position: int = _place()

    @property
    def level(self) -> int:
        """The level of its operators, of `LEVELS`."""
        return LEVELS[self.operators[0]]


@dataclass(frozen=True, slots=True)
class Call:
    """`NAME(a, b, …)`."""

    name: str
    arguments: tuple[Node, ...]
    position: int = _place()


Node = Number | Text | Word | Reference | Array | Negate | Chain | Call


def walk(root: Node) -> list[Node]:
    """Every node of a tree, in order of appearance."""
    found: list[Node] = []
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        found.append(node)
        match node:
            case Array(items=children) | Chain(operands=children) | Call(arguments=children):
                stack.extend(reversed(children))
            case Negate(operand=operand):
                stack.append(operand)
            case _:
                pass
    return found
