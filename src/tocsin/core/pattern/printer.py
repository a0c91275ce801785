"""Printing a filter pattern in canonical form. Spec: FP-2.11.

Rule: what is printed parses to an equal tree, and no other text of that tree is shorter than the
one without optional blanks; so a pattern that was accepted can always be printed within 1024
characters. There is no recursion: depth costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.pattern import tree
from tocsin.core.pattern.message import MAX_LENGTH
from tocsin.core.pattern.tree import (
    PRECEDENCE,
    All,
    And,
    Compare,
    Is,
    Json,
    Or,
    Regex,
    Selector,
    Text,
)

if TYPE_CHECKING:
    from tocsin.core.pattern.tree import Column, Condition, Expr, Pattern, Value


def print_pattern(pattern: Pattern) -> str:
    """The canonical text of a pattern: parsing it gives an equal tree, printing that the same text."""
    text = _print(pattern, blank=" ")
    return text if len(text) <= MAX_LENGTH else _print(pattern, blank="")


def print_condition(condition: Condition, *, blank: str = " ") -> str:
    """The canonical text of one condition; `blank` is what stands where a blank is optional."""
    operand = condition.selector
    text = operand.source if isinstance(operand, Selector) else operand.name
    if isinstance(condition, Compare):
        return f"{text}{blank}{condition.op}{blank}{print_value(condition.value)}"
    keyword = f"IS {condition.constant}" if isinstance(condition, Is) else "NOT EXISTS"
    # A keyword runs into a name, but neither into a bracket nor into a star.
    return f"{text}{blank if text[-1] in ']*' else ' '}{keyword}"


def print_value(value: Value) -> str:
    """A value as a pattern spells it: quoted as it was, a regex between its percent signs."""
    if isinstance(value, Regex):
        return f"%{value.source}%"
    return f'"{_escape(value.text)}"' if value.quoted else value.text


def _escape(text: str) -> str:
    """What stands between the quotes: a backslash is doubled only where one would read differently (FP-2.6)."""
    pieces: list[str] = []
    for character, following in zip(text, [*text[1:], ""], strict=False):
        if character == '"' or (character == "\\" and following in ("", '"', "\\")):
            pieces.append("\\")
        pieces.append(character)
    return "".join(pieces)


def _print(pattern: Pattern, *, blank: str) -> str:
    if isinstance(pattern, Json):
        return f"{{{blank}{_print_expr(pattern.expr, blank=blank)}{blank}}}"
    if isinstance(pattern, Text):
        return " ".join(term.role + print_value(term.value) for term in pattern.terms)
    if isinstance(pattern, All):
        return ""
    return f"[{f',{blank}'.join(_print_entry(column, blank=blank) for column in pattern.columns)}]"


def _print_entry(entry: Column | tree.Ellipsis, *, blank: str) -> str:
    if isinstance(entry, tree.Ellipsis):
        return "..."
    return entry.name or "" if entry.expr is None else _print_expr(entry.expr, blank=blank)


def _print_expr(expr: Expr, *, blank: str) -> str:
    """An expression, with parentheses only where precedence needs them (FP-5.3)."""
    pieces: list[str] = []
    pending: list[Expr | str] = [expr]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, And | Or):
            junction = f"{blank}{'&&' if isinstance(item, And) else '||'}{blank}"
            for child in reversed(item.items):
                looser = PRECEDENCE.get(type(child), PRECEDENCE[And]) < PRECEDENCE[type(item)]
                pending += [")", child, "(", junction] if looser else [child, junction]
            pending.pop()  # nothing joins the first item to what stands before it
        else:
            pieces.append(print_condition(item, blank=blank))
    return "".join(pieces)
