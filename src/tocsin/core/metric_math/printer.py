"""The canonical text of an expression. Rule: reading it gives the same tree, and it fits where the source did.

One blank on each side of an operator, one behind a comma, parentheses only where they are needed, `AND` and
`OR` as words. A text that would get longer than an expression may be is written without blanks, with `&&` and
`||` and the shortest form of each number: no spelling of the same tree is shorter. Spec: AL-4.3, AL-5.2.
"""

from __future__ import annotations

from typing import assert_never

from tocsin.core.metric_math.parser import MAX_LENGTH
from tocsin.core.metric_math.tree import (
    Array,
    Call,
    Chain,
    Negate,
    Node,
    Number,
    Op,
    Reference,
    Text,
    Word,
)

_SHORT = {Op.AND: "&&", Op.OR: "||"}
_ZEROS = 2  # from there on an exponent is shorter


def print_expression(root: Node) -> str:
    """The canonical text."""
    text = _print(root, is_short=False)
    return text if len(text) <= MAX_LENGTH else _print(root, is_short=True)


def _print(node: Node, *, is_short: bool) -> str:
    match node:
        case Number(value):
            return _short_number(value) if is_short else _number(value)
        case Text(text):
            return f"'{text}'" if '"' in text else f'"{text}"'
        case Word(word):
            return word
        case Reference(name):
            return name
        case Array(items):
            return f"[{_list(items, is_short=is_short)}]"
        case Call(name, arguments):
            return f"{name}({_list(arguments, is_short=is_short)})"
        case Negate(operand):
            text = _print(operand, is_short=is_short)
            return f"-({text})" if isinstance(operand, Chain) else f"-{text}"
        case Chain():
            return _chain(node, is_short=is_short)
    assert_never(node)


def _list(nodes: tuple[Node, ...], *, is_short: bool) -> str:
    return ("," if is_short else ", ").join(_print(node, is_short=is_short) for node in nodes)


def _chain(chain: Chain, *, is_short: bool) -> str:
    """An operand that is a chain needs parentheses unless its operators bind tighter than those around it."""
    parts = []
    for place, operand in enumerate(chain.operands):
        text = _print(operand, is_short=is_short)
        if isinstance(operand, Chain) and operand.level <= chain.level:
            text = f"({text})"
        parts.append(text)
        if place < len(chain.operators):
            op = chain.operators[place]
            parts.append(_SHORT.get(op, str(op)) if is_short else f" {op} ")
    return "".join(parts)


def _number(value: float) -> str:
    """Python's shortest text that reads as the same number, without `.0`."""
    return repr(value).removesuffix(".0")


def _short_number(value: float) -> str:
    """The shortest of all texts that read as this number."""
    digits, _, exponent = repr(value).partition("e")
    whole, _, fraction = digits.partition(".")
    significant = (whole + fraction).lstrip("0")
    mantissa = significant.rstrip("0") or "0"
    power = int(exponent or "0") - len(fraction) + len(significant) - len(mantissa) if significant else 0
    texts = [_number(value), f"{mantissa}e{power}"]
    if 0 < power <= _ZEROS:
        texts.append(mantissa + "0" * power)
    if value < 1 and not exponent:
        texts.append(f".{fraction}")
    return min(texts, key=len)
