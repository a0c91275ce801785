"""What a pattern tells about the events that it can match, without looking at one. Spec: FP-14.2, FP-14.4.

Rule: sound or silent. A set of keys is given only when every event that matches has one of them in
that field; what is not certain gives no set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.pattern.tree import And, AnyElement, AnyName, Compare, Json, Op, Or, Selector, conditions
from tocsin.core.pattern.value_match import is_exact

if TYPE_CHECKING:
    from tocsin.core.pattern.tree import Expr, Pattern, Step

EVENT_NAME = ("eventName",)
"""The property that patterns are indexed by first."""

Keys = frozenset[str]


def keys_for(pattern: Pattern, names: tuple[str, ...]) -> Keys | None:
    """The texts of which the property at a path has one in every event that matches; None if there is no such set.

    `frozenset()` means that the pattern matches nothing. The text is the node's lexeme (FP-5.4): an
    event whose field is a number or a boolean has to be run against every pattern, one whose field
    is absent, null, an object or an array cannot match a pattern with keys.
    """
    return _keys(pattern.expr, names) if isinstance(pattern, Json) else None


def _keys(expr: Expr, names: tuple[str, ...]) -> Keys | None:
    """From the leaves up, with a stack of our own: patterns nest as deep as they are long (FP-1.4)."""
    found: list[Keys | None] = []
    waiting: list[tuple[Expr, bool]] = [(expr, False)]
    while waiting:
        node, is_ready = waiting.pop()
        if not isinstance(node, And | Or):
            found.append(_leaf_keys(node, names))
        elif not is_ready:
            waiting.append((node, True))
            waiting.extend((item, False) for item in node.items)
        else:
            sets = [found.pop() for _ in node.items]
            found.append(_of_all(sets) if isinstance(node, And) else _of_any(sets))
    return found[0]


def _leaf_keys(condition: Expr, names: tuple[str, ...]) -> Keys | None:
    match condition:
        case Compare(Selector() as selector, Op.EQ, value) if selector.names == names and is_exact(value):
            return frozenset((value.text,))
        case _:
            return None


def _of_all(sets: list[Keys | None]) -> Keys | None:
    known = [keys for keys in sets if keys is not None]
    return frozenset.intersection(*known) if known else None


def _of_any(sets: list[Keys | None]) -> Keys | None:
    known = [keys for keys in sets if keys is not None]
    return frozenset.union(*known) if len(known) == len(sets) else None


def required_fields(pattern: Pattern) -> frozenset[tuple[Step, ...]]:
    """The paths that the conditions of a JSON pattern look at; empty for other patterns, which need the text.

    A path ends with its wildcard step, if it has one: everything below that is needed.
    """
    if not isinstance(pattern, Json):
        return frozenset()
    selectors = (condition.selector for condition in conditions(pattern.expr))
    return frozenset(_needed(selector.steps) for selector in selectors if isinstance(selector, Selector))


def _needed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    for place, step in enumerate(steps, start=1):
        if isinstance(step, AnyName | AnyElement):
            return steps[:place]
    return steps
