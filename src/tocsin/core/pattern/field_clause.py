"""The condition that holds of a field as it stands in a record. Spec: FP-4, FP-5, CON-4.5.

Rule: what is given holds of the record that it was made of, and of no record whose field has another value; where the
language has no such condition, none is given.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from tocsin.core.event import Absent
from tocsin.core.number import Number
from tocsin.core.pattern.lexer import is_name_char
from tocsin.core.pattern.message import MAX_LENGTH
from tocsin.core.pattern.printer import print_condition
from tocsin.core.pattern.tree import (
    AnyElement,
    Compare,
    Constant,
    Index,
    Is,
    Literal,
    Name,
    NotExists,
    Op,
    Regex,
    Selector,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.event import JsonValue
    from tocsin.core.pattern.tree import Condition, Step

# What stands for itself in a regex, and what does behind a backslash (FP-7.1). All other ASCII is written by its code.
_PLAIN: Final = re.compile(r"[A-Za-z0-9:_#=@/;, -]")
_AROUND: Final = len("{  }")


def field_clause(steps: Sequence[Name | Index], value: JsonValue | Absent) -> str | None:
    r"""The condition for the field at `steps` with that value; None where the language has none.

    Of a field inside one list any element may have the value, since its place says little; with a list in a list it
    is the element itself.

    >>> field_clause((Name("eventName"),), "StopLogging"), field_clause((Name("service.name"),), None)
    ('$.eventName = "StopLogging"', "$['service.name'] IS NULL")
    """
    selector = _selector(steps)
    condition = None if selector is None else _condition(selector, value)
    text = "" if condition is None else print_condition(condition)
    return text if text and len(text) + _AROUND <= MAX_LENGTH else None


def _selector(steps: Sequence[Name | Index]) -> Selector | None:
    are_many = sum(isinstance(step, Index) for step in steps) > 1
    written: list[str] = []
    taken: list[Step] = []
    for step in steps:
        match step:
            case Name(name):
                text = _name(name)
                if text is None:
                    return None
                written.append(text)
                taken.append(step)
            case Index(index):
                written.append(f"[{index}]" if are_many else "[*]")
                taken.append(step if are_many else AnyElement())
            case _:
                assert_never(step)
    return Selector("$" + "".join(written), tuple(taken))


def _name(name: str) -> str | None:
    if name and all(map(is_name_char, name)):
        return f".{name}"
    quote = next((quote for quote in "'\"" if f"{quote}]" not in name), None)
    return None if quote is None else f"[{quote}{name}{quote}]"


def _condition(selector: Selector, value: JsonValue | Absent) -> Condition | None:
    match value:
        case Absent():
            return NotExists(selector)
        case None:
            return Is(selector, Constant.NULL)
        case bool():
            return Is(selector, Constant.TRUE if value else Constant.FALSE)
        case Number():
            return Compare(selector, Op.EQ, Literal(str(value), quoted=False))
        case str():
            return _equals(selector, value)
        case dict() | list():
            return None  # no condition is true of an object or an array
        case _:
            assert_never(value)


def _equals(selector: Selector, text: str) -> Condition | None:
    if not (text.startswith("*") or text.endswith("*")):
        return Compare(selector, Op.EQ, Literal(text, quoted=True))
    # A star at an edge stands for anything; a regex is the only way to mean the star itself (FP-5.7).
    return Compare(selector, Op.EQ, Regex(f"^{''.join(map(_in_regex, text))}$")) if text.isascii() else None


def _in_regex(character: str) -> str:
    return character if _PLAIN.fullmatch(character) else f"\\x{ord(character):02x}"
