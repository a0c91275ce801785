"""A filter pattern as a person reads it: laid out one condition a line, and said in words. Spec: R-16, R-51, FP-2.

Rule: letters stand for conditions in their order, as in explanations of events, so that the two can be
laid side by side. What stands in the pattern is told as it is; whoever shows it sees to what it could do there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tocsin.core.pattern import tree
from tocsin.core.pattern.printer import print_condition, print_value
from tocsin.core.pattern.tree import (
    All,
    And,
    Column,
    Compare,
    Is,
    Json,
    Literal,
    NotExists,
    Op,
    Or,
    Regex,
    Role,
    Selector,
    Space,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.pattern.tree import Condition, Expr, Pattern, Term, Value

_STEP = "  "


def pattern_lines(pattern: Pattern) -> list[str]:
    """The pattern with one condition, term or column a line; joined, the lines are the pattern again."""
    match pattern:
        case All():
            return ['""']
        case Text(terms):
            return [term.role + print_value(term.value) for term in terms]
        case Json(expr):
            return ["{", *(_STEP + line for line in _expr_lines(expr)), "}"]
        case Space(columns):
            lines = [f"{_STEP}{_column_text(column)}," for column in columns]
            lines[-1] = lines[-1].removesuffix(",")
            return ["[", *lines, "]"]
        case _:
            assert_never(pattern)


def _column_text(column: Column | tree.Ellipsis) -> str:
    if isinstance(column, tree.Ellipsis):
        return "..."
    return " ".join(_expr_lines(column.expr)) if column.expr else column.name or ""


def _expr_lines(expr: Expr) -> list[str]:
    if not isinstance(expr, And | Or):
        return [print_condition(expr)]
    junction = "&&" if isinstance(expr, And) else "||"
    lines: list[str] = []
    for place, item in enumerate(expr.items):
        inner = _expr_lines(item)
        if isinstance(item, And | Or):
            inner = ["(", *(_STEP + line for line in inner), ")"]
        first = f"{junction} {inner[0]}" if place else inner[0]
        lines += [first, *inner[1:]]
    return lines


def pattern_words(pattern: Pattern) -> list[str]:
    """What the pattern asks of an event, in words, one condition a line."""
    match pattern:
        case All():
            return ["Every event matches."]
        case Text(terms):
            return _text_words(terms)
        case Json(expr):
            return _json_words(expr)
        case Space(columns):
            return _space_words(columns)
        case _:
            assert_never(pattern)


def _letters() -> Iterator[str]:
    place = 0
    while True:
        letters, rest = "", place + 1
        while rest:
            rest, digit = divmod(rest - 1, 26)
            letters = chr(ord("A") + digit) + letters
        yield letters
        place += 1


def _json_words(expr: Expr) -> list[str]:
    letters = _letters()
    if isinstance(expr, And | Or):
        return ["Matches a JSON event in which", *_group_words(expr, letters, _STEP)]
    return [f"Matches a JSON event in which {_condition_words(expr)}."]


def _group_words(expr: And | Or, letters: Iterator[str], indent: str) -> list[str]:
    lines = [f"{indent}{'all of these hold:' if isinstance(expr, And) else 'at least one of these holds:'}"]
    deeper = indent + _STEP
    for item in expr.items:
        if isinstance(item, And | Or):
            lines += _group_words(item, letters, deeper)
        else:
            lines.append(f"{deeper}{next(letters)}  {_condition_words(item)}")
    return lines


def _condition_words(condition: Condition) -> str:
    operand = condition.selector
    name = operand.source[1:].removeprefix(".") if isinstance(operand, Selector) else operand.name
    if isinstance(operand, Selector) and operand.has_wildcard:
        name = f"some value of {name}"
    match condition:
        case NotExists():
            return f"{name} is absent (null would be there)"
        case Is(_, constant):
            return f"{name} is JSON {constant.lower()}"
        case Compare(_, op, value):
            words = _comparison_words(op, value)
            # The trap that silences most exclusions (FP-13.1).
            is_field = isinstance(operand, Selector)
            return f"{name} is there and {words}" if op is Op.NE and is_field else f"{name} {words}"
        case _:
            assert_never(condition)


_ORDERS = {Op.LT: "less than", Op.GT: "greater than", Op.LE: "at most", Op.GE: "at least"}


def _comparison_words(op: Op, value: Value) -> str:
    if op in _ORDERS:
        return f"is a number {_ORDERS[op]} {print_value(value)}"
    no = op is Op.NE
    if isinstance(value, Regex):
        return f"{'does not match' if no else 'matches'} {print_value(value)}"
    return _literal_words(value, no=no)


def _literal_words(value: Literal, *, no: bool) -> str:
    text = value.text
    if value.is_number:
        return f"{'does not equal' if no else 'equals'} {text}"
    lead, trail = text.startswith("*"), text.endswith("*")
    core = text[lead : len(text) - trail] if text != "*" else ""
    if (lead or trail) and not core:
        return "has no value" if no else "has any value"
    if lead and trail:
        said = "does not contain" if no else "contains"
    elif trail:
        said = "does not begin with" if no else "begins with"
    elif lead:
        said = "does not end with" if no else "ends with"
    else:
        said = "is not" if no else "is"
    return f"{said} {_quoted(core)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text_words(terms: tuple[Term, ...]) -> list[str]:
    def said(role: Role) -> list[str]:
        return [
            print_value(term.value) if isinstance(term.value, Regex) else _quoted(term.value.text)
            for term in terms
            if term.role is role
        ]

    required, excluded, optional = said(Role.REQUIRED), said(Role.EXCLUDED), said(Role.OPTIONAL)
    lines = ["Matches a message that"]
    if required:
        lines.append(f"{_STEP}contains {' and '.join(required)}")
    if excluded:
        lines.append(f"{_STEP}does not contain {' nor '.join(excluded)}")
    if optional and not (required or excluded):
        lines.append(f"{_STEP}contains {' or '.join(optional)}")
    elif optional:
        lines.append(f"{_STEP}({', '.join(optional)}: no effect beside terms without a question mark)")
    return [*lines, "Upper and lower case differ; the terms may stand anywhere, also within words."]


def _space_words(columns: tuple[Column | tree.Ellipsis, ...]) -> list[str]:
    letters = _letters()
    count = sum(isinstance(column, Column) for column in columns)
    open_ = any(isinstance(column, tree.Ellipsis) for column in columns)
    lines = [f"Matches a line of {'at least ' if open_ else ''}{count} fields, separated by blanks,"]
    for column in columns:
        if isinstance(column, tree.Ellipsis):
            lines.append(f"{_STEP}... any number of fields")
            continue
        name = column.name or "a field"
        if column.expr is None:
            lines.append(f"{_STEP}{name}: anything")
        elif isinstance(column.expr, And | Or):
            lines += [f"{_STEP}{name}:", *_group_words(column.expr, letters, _STEP * 2)]
        else:
            lines.append(f"{_STEP}{name}: {next(letters)}  {_condition_words(column.expr)}")
    return lines
