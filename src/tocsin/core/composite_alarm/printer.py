"""Printing an AlarmRule in canonical form. Spec: AL-12.1.

Rule: what is printed parses to an equal tree, and the form without optional characters is never
longer than a text that was parsed to that tree; so a rule that was accepted can always be printed
within 10,240 characters. There is no recursion: depth costs nothing.
"""

from __future__ import annotations

import re
from itertools import pairwise

from tocsin.core.composite_alarm import tree
from tocsin.core.composite_alarm.lexer import is_bare, quoted
from tocsin.core.composite_alarm.parser import MAX_LENGTH
from tocsin.core.composite_alarm.tree import And, Constant, InState, Node, Not, Or

_PRECEDENCE: dict[type[Node], int] = {Or: 1, And: 2, Not: 3}
_CONDITION = 4

# Names that need no quotes for a reader either.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/-]+\Z")


def print_rule(root: Node) -> str:
    """The canonical text of a rule: parsing it gives an equal tree, printing that the same text."""
    text = _print(root, blank=" ")
    return text if len(text) <= MAX_LENGTH else _print(root, blank="")


def _print(root: Node, *, blank: str) -> str:
    pieces: list[str] = []
    pending: list[Node | str] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, And | Or | Not):
            pending.extend(reversed(_operation(item)))
        else:
            pieces.append(_print_condition(item, blank=blank))
    return _joined(pieces, blank=blank)


def _operation(node: And | Or | Not) -> list[Node | str]:
    """A node as words, parentheses and nodes; parentheses only where precedence needs them."""
    binds = _PRECEDENCE[type(node)]
    found: list[Node | str] = []
    for operand in tree.operands(node):
        if isinstance(node, Not):
            found.append("NOT")
        elif found:
            found.append("AND" if isinstance(node, And) else "OR")
        looser = _PRECEDENCE.get(type(operand), _CONDITION) < binds
        found.extend(["(", operand, ")"] if looser else [operand])
    return found


def _joined(pieces: list[str], *, blank: str) -> str:
    """Words, parentheses and conditions with `blank` between them; a blank where two would run together."""
    text = pieces[:1]
    for before, piece in pairwise(pieces):
        if before != "(" and piece != ")":
            runs_together = before[-1] != ")" and piece[0] != "("
            text.append(" " if runs_together else blank)
        text.append(piece)
    return "".join(text)


def _print_condition(node: tree.Condition, *, blank: str) -> str:
    if isinstance(node, Constant):
        return "TRUE" if node.value else "FALSE"
    if isinstance(node, InState):
        return f"{node.state}({_print_name(node.name, blank=blank)})"
    comma = f",{blank}"
    names = comma.join(_print_name(name, blank=blank) for name in node.names)
    quorum = f"{node.quorum}%" if node.is_percentage else str(node.quorum)
    # NOT runs into the state.
    state = f"NOT {node.state}" if node.is_negated else str(node.state)
    return f"AT_LEAST({quorum}{comma}{state}{comma}({names}))"


def _print_name(name: str, *, blank: str) -> str:
    bare = is_bare(name) and (not blank or _PLAIN.match(name) is not None)
    return name if bare else quoted(name)
