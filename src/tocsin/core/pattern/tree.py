"""The abstract syntax tree of a filter pattern. Spec: FP-2.10.

Nodes are immutable, hashable and compare by value. Every node that has a place in the source
carries it as `position` (0-based code point offset into the pattern as given), which takes no
part in comparison.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from tocsin.core.number import is_number


class _Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A node that knows its place, and compares and hashes by everything else."""

    position: int = 0

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def _value(self) -> tuple[object, ...]:
        # `position` is the last field of each: what is for keywords alone stands behind the rest.
        return msgspec.structs.astuple(self)[:-1]


# ---------------------------------------------------------------- values


class Literal(_Node, frozen=True, eq=False):
    """A text value: the characters it stands for, after escapes, and whether it was quoted.

    Quoting matters: only a bare value can be a number (FP-2.8, FP-5.4).
    """

    text: str
    quoted: bool

    @property
    def is_number(self) -> bool:
        """Whether this is a bare value that is a number as a whole (FP-2.8)."""
        return not self.quoted and is_number(self.text)


class Regex(_Node, frozen=True, eq=False):
    """A regular expression: the text between the two `%` (FP-7)."""

    source: str


Value = Literal | Regex

# ---------------------------------------------------------------- selectors


class Name(msgspec.Struct, frozen=True):
    """`.name` or `['name']`: the property of that name of an object."""

    name: str


class Index(msgspec.Struct, frozen=True):
    """`[n]`: the element of an array at that place, from 0."""

    index: int


class AnyName(msgspec.Struct, frozen=True):
    """`.*`: every property value of an object."""


class AnyElement(msgspec.Struct, frozen=True):
    """`[*]`: every element of an array."""


Step = Name | Index | AnyName | AnyElement


class Selector(_Node, frozen=True, eq=False):
    """`$.a.b[0]`: its text as written (the key of extracted values) and the steps it takes."""

    source: str
    steps: tuple[Step, ...]

    @property
    def has_wildcard(self) -> bool:
        """Whether it holds a `.*` or `[*]` step, so that it may select several nodes."""
        return any(isinstance(step, AnyName | AnyElement) for step in self.steps)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The property names when every step is a `Name`, else None."""
        names = tuple(step.name for step in self.steps if isinstance(step, Name))
        return names if len(names) == len(self.steps) else None


class ColumnRef(_Node, frozen=True, eq=False):
    """The column that a condition of a space-delimited pattern looks at."""

    name: str


# ---------------------------------------------------------------- expressions


class Op(StrEnum):
    """A comparison operator, as written."""

    EQ = "="
    NE = "!="
    LT = "<"
    GT = ">"
    LE = "<="
    GE = ">="


class Constant(StrEnum):
    """What `IS` can be asked for."""

    NULL = "NULL"
    TRUE = "TRUE"
    FALSE = "FALSE"


class Compare(_Node, frozen=True, eq=False):
    """`selector op value`. In a space-delimited pattern the operand is a `ColumnRef`."""

    selector: Selector | ColumnRef
    op: Op
    value: Value


class Is(_Node, frozen=True, eq=False):
    """`selector IS NULL | TRUE | FALSE`."""

    selector: Selector
    constant: Constant


class NotExists(_Node, frozen=True, eq=False):
    """`selector NOT EXISTS`."""

    selector: Selector


class _Junction(_Node, frozen=True, eq=False):
    items: tuple[Expr, ...]

    def __reduce__(self) -> tuple[object, ...]:
        # Trees are deep, and every tuple around the items is one more level of the pickler's recursion.
        return _joined, (type(self), self.position, *self.items)


def _joined(kind: type[_Junction], position: int, *items: Expr) -> _Junction:
    return kind(items, position=position)


class And(_Junction, frozen=True, eq=False):
    """`a && b && …`: at least two items, none of them an `And`."""


class Or(_Junction, frozen=True, eq=False):
    """`a || b || …`: at least two items, none of them an `Or`."""


Condition = Compare | Is | NotExists
Expr = And | Or | Compare | Is | NotExists

PRECEDENCE: Final[dict[type[Expr], int]] = {Or: 1, And: 2}
"""The higher, the tighter it binds (FP-5.3): the parser and the printer go by this table."""

# ---------------------------------------------------------------- patterns


class Role(StrEnum):
    """What a term of a text pattern demands: it must, must not, or may (one of them must) occur."""

    REQUIRED = ""
    EXCLUDED = "-"
    OPTIONAL = "?"


class Term(_Node, frozen=True, eq=False):
    """One term of a text pattern. A bare word is a `Literal` that is not quoted."""

    role: Role
    value: Value


class Ellipsis(_Node, frozen=True, eq=False):  # noqa: A001 - what the language calls it
    """`...`: any number of columns, none included."""


class Column(_Node, frozen=True, eq=False):
    """One column. `name` is None for an unnamed one, `expr` None for one without a condition.

    `position` is that of the name: with conditions, the first name in them (FP-6.5).
    """

    name: str | None
    expr: Expr | None


class All(msgspec.Struct, frozen=True):
    """The empty pattern: it matches every event."""


class Text(msgspec.Struct, frozen=True):
    """Terms and phrases, looked for in the raw message (FP-3)."""

    terms: tuple[Term, ...]


class Json(msgspec.Struct, frozen=True):
    """`{ … }`: conditions on the fields of a JSON event (FP-4, FP-5)."""

    expr: Expr


class Space(msgspec.Struct, frozen=True):
    """`[ … ]`: one entry for each column of a space-delimited line (FP-6)."""

    columns: tuple[Column | Ellipsis, ...]


Pattern = All | Text | Json | Space


def conditions(expr: Expr) -> tuple[Condition, ...]:
    """Every condition of an expression, in order of appearance."""
    found: list[Condition] = []
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, And | Or):
            stack.extend(reversed(node.items))
        else:
            found.append(node)
    return tuple(found)


def has_regex(pattern: Pattern) -> bool:
    """Whether a regex stands anywhere in a pattern (FP-7.4)."""
    match pattern:
        case Text(terms):
            values: list[object] = [term.value for term in terms]
        case Json(expr):
            values = _compared([expr])
        case Space(columns):
            values = _compared([one.expr for one in columns if isinstance(one, Column) and one.expr is not None])
        case _:  # it matches all
            values = []
    return any(isinstance(value, Regex) for value in values)


def _compared(exprs: list[Expr]) -> list[object]:
    return [one.value for expr in exprs for one in conditions(expr) if isinstance(one, Compare)]
