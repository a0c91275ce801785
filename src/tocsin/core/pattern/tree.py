"""The abstract syntax tree of a filter pattern. Spec: FP-2.10.

Nodes are immutable, hashable and compare by value. Every node that has a place in the source
carries it as `position` (0-based code point offset into the pattern as given), which takes no
part in comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tocsin.core.number import is_number


def _place() -> int:
    return field(default=0, compare=False, kw_only=True)


# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Literal:
    """A text value: the characters it stands for, after escapes, and whether it was quoted.

    Quoting matters: only a bare value can be a number (FP-2.8, FP-5.4).
    """

    text: str
    quoted: bool
    position: int = _place()

    @property
    def is_number(self) -> bool:
        """Whether this is a bare value that is a number as a whole (FP-2.8)."""
        return not self.quoted and is_number(self.text)


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression: the text between the two `%` (FP-7)."""

    source: str
    position: int = _place()


Value = Literal | Regex

# ---------------------------------------------------------------- selectors


@dataclass(frozen=True, slots=True)
class Name:
    """`.name` or `['name']`: the property of that name of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[n]`: the element of an array at that place, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class AnyName:
    """`.*`: every property value of an object."""


@dataclass(frozen=True, slots=True)
class AnyElement:
    """`[*]`: every element of an array."""


Step = Name | Index | AnyName | AnyElement


@dataclass(frozen=True, slots=True)
class Selector:
    """`$.a.b[0]`: its text as written (the key of extracted values) and the steps it takes."""

    source: str
    steps: tuple[Step, ...]
    position: int = _place()

    @property
    def has_wildcard(self) -> bool:
        """Whether it holds a `.*` or `[*]` step, so that it may select several nodes."""
        return any(isinstance(step, AnyName | AnyElement) for step in self.steps)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The property names when every step is a `Name`, else None."""
        names = tuple(step.name for step in self.steps if isinstance(step, Name))
        return names if len(names) == len(self.steps) else None


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """The column that a condition of a space-delimited pattern looks at."""

    name: str
    position: int = _place()


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


@dataclass(frozen=True, slots=True)
class Compare:
    """`selector op value`. In a space-delimited pattern the operand is a `ColumnRef`."""

    selector: Selector | ColumnRef
    op: Op
    value: Value
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Is:
    """`selector IS NULL | TRUE | FALSE`."""

    selector: Selector
    constant: Constant
    position: int = _place()


@dataclass(frozen=True, slots=True)
class NotExists:
    """`selector NOT EXISTS`."""

    selector: Selector
    position: int = _place()


@dataclass(frozen=True, slots=True)
class And:
    """`a && b && …`: at least two items, none of them an `And`."""

    items: tuple[Expr, ...]
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Or:
    """`a || b || …`: at least two items, none of them an `Or`."""

    items: tuple[Expr, ...]
    position: int = _place()


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


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a text pattern. A bare word is a `Literal` that is not quoted."""

    role: Role
    value: Value
    position: int = _place()


@dataclass(frozen=True, slots=True)
class Ellipsis:  # noqa: A001 - what the language calls it
    """`...`: any number of columns, none included."""

    position: int = _place()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is None for an unnamed one, `expr` None for one without a condition.

    `position` is that of the name: with conditions, the first name in them (FP-6.5).
    """

    name: str | None
    expr: Expr | None
    position: int = _place()


@dataclass(frozen=True, slots=True)
class All:
    """The empty pattern: it matches every event."""


@dataclass(frozen=True, slots=True)
class Text:
    """Terms and phrases, looked for in the raw message (FP-3)."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Json:
    """`{ … }`: conditions on the fields of a JSON event (FP-4, FP-5)."""

    expr: Expr


@dataclass(frozen=True, slots=True)
class Space:
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
