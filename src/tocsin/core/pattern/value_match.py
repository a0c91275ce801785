"""What a comparison asks of one value: a JSON node, or a field of a space-delimited line.

Rule: every choice of ours about comparing values stands behind one function here, named as in
FP-16; what is made of a value once, when the pattern is compiled, is not made again for an event.
Spec: FP-5.1 to FP-5.9, FP-6.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from tocsin.core.event import lexeme
from tocsin.core.number import Number, compare_numbers, is_number, number_key
from tocsin.core.pattern.regex import parse_regex
from tocsin.core.pattern.regex_search import compile_regex
from tocsin.core.pattern.tree import Constant, Literal, Op, Regex, Value

if TYPE_CHECKING:
    from tocsin.core.event import JsonValue
    from tocsin.core.number import NumberKey

TextTest: TypeAlias = Callable[[str], bool]
NodeTest: TypeAlias = "Callable[[JsonValue], bool]"

ORDERINGS = frozenset({Op.LT, Op.GT, Op.LE, Op.GE})
"""The operators that need a number on both sides (FP-5.5)."""


# ---------------------------------------------------------------- text


def wildcard_match(pattern: str) -> TextTest:
    """How a text value is compared: a star at either edge stands for any run of characters (FP-5.7).

    At most one star at each edge counts; any other star is a star.
    """
    if pattern == "*":
        return lambda _text: True
    lead, trail = pattern.startswith("*"), pattern.endswith("*")
    core = pattern[lead : len(pattern) - trail]
    if lead and trail:
        return lambda text: core in text
    if lead:
        return lambda text: text.endswith(core)
    if trail:
        return lambda text: text.startswith(core)
    return lambda text: text == core


def is_exact(value: Value) -> TypeGuard[Literal]:
    """Tell whether a value equals one text and nothing else: no regex, no edge star, no bare number."""
    if isinstance(value, Regex) or value.is_number:
        return False
    return not value.text.startswith("*") and not value.text.endswith("*")


def _text_test(value: Value) -> TextTest:
    return compile_regex(parse_regex(value.source)) if isinstance(value, Regex) else wildcard_match(value.text)


# ---------------------------------------------------------------- JSON nodes


def comparable(node: JsonValue) -> bool:
    """Tell whether `=` and `!=` look at a node at all: strings, numbers and booleans (FP-5.1).

    Null, objects and arrays satisfy neither, whatever the value.
    """
    return isinstance(node, str | bool)


def equals(value: Value) -> NodeTest:
    """`= value` (FP-5.4): by number when both sides are numbers, else by the node's text."""
    test = _text_test(value)
    if isinstance(value, Literal) and value.is_number:
        key = number_key(value.text)

        def same(node: JsonValue) -> bool:
            if type(node) is Number:
                return _key(node) == key
            text = lexeme(node)
            return text is not None and test(text)

        return same

    def matches(node: JsonValue) -> bool:
        text = lexeme(node)
        return text is not None and test(text)

    return matches


def differs(value: Value) -> NodeTest:
    """`!= value` (FP-5.4): the node has a text to compare, and it is not equal."""
    same = equals(value)
    return lambda node: comparable(node) and not same(node)


def ordered(op: Op, value: Value) -> NodeTest:
    """`<`, `>`, `<=`, `>=` (FP-5.5): a bare number and a JSON number, else never."""
    test = _ordering(op, value)
    return lambda node: type(node) is Number and test(node)


def node_test(op: Op, value: Value) -> NodeTest:
    """What `op value` asks of a JSON node that was selected."""
    if op is Op.EQ:
        return equals(value)
    return differs(value) if op is Op.NE else ordered(op, value)


def is_constant(constant: Constant) -> NodeTest:
    """`IS NULL`, `IS TRUE`, `IS FALSE` (FP-5.9): JSON null and JSON booleans, never text."""
    wanted = {Constant.NULL: None, Constant.TRUE: True, Constant.FALSE: False}[constant]
    return lambda node: node is wanted


# ---------------------------------------------------------------- fields of a line


def field_test(op: Op, value: Value) -> TextTest:
    """What `op value` asks of a field of a space-delimited line (FP-6.6)."""
    if op in ORDERINGS:
        ordering = _ordering(op, value)
        return lambda field: is_number(field) and ordering(field)
    same = _field_equals(value)
    return same if op is Op.EQ else lambda field: not same(field)


def _field_equals(value: Value) -> TextTest:
    test = _text_test(value)
    if isinstance(value, Regex) or not value.is_number:
        return test
    key = number_key(value.text)
    return lambda field: _key(field) == key if is_number(field) else test(field)


# ---------------------------------------------------------------- numbers

_SIDES = {Op.LT: (-1,), Op.GT: (1,), Op.LE: (-1, 0), Op.GE: (1, 0)}


def _ordering(op: Op, value: Value) -> TextTest:
    """How a text that is known to be a number compares."""
    key = number_key(value.text) if isinstance(value, Literal) and value.is_number else None
    if key is None:
        return lambda _text: False
    sides = _SIDES[op]
    return lambda text: compare_numbers(_key(text), key) in sides


def _key(text: str) -> NumberKey:
    """The exact value of a text that is known to be a number."""
    key = number_key(text)
    assert key is not None
    return key
