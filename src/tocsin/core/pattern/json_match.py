"""JSON patterns: what a selector selects and what its condition asks of that. Spec: FP-4.8, FP-5.

Rule: a condition is true or false of every JSON value and never raises; a field that is missing
satisfies `NOT EXISTS` and nothing else. Each choice of ours stands behind one function, named as
in FP-16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, assert_never

from tocsin.core.event import ABSENT, lexeme
from tocsin.core.pattern.branching import Stop, join, route_fused
from tocsin.core.pattern.tree import (
    AnyElement,
    AnyName,
    Compare,
    Index,
    Is,
    Name,
    NotExists,
    Op,
    Selector,
    Step,
    conditions,
)
from tocsin.core.pattern.value_match import is_constant, is_exact, node_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tocsin.core.event import Absent, JsonValue
    from tocsin.core.pattern.tree import Condition, Expr
    from tocsin.core.pattern.value_match import NodeTest

RootTest: TypeAlias = "Callable[[JsonValue], bool]"

# The only texts that a node which is no string can be equal to, numbers apart (FP-5.1).
_BOOLEANS = frozenset({"true", "false"})


def compile_json(expr: Expr) -> RootTest:
    """A test for the root of a JSON event."""
    return join([Stop(leaf_test(stop.leaf), stop.if_true, stop.if_false) for stop in route_fused(expr, _fuse)])


def extract_json(expr: Expr) -> Callable[[JsonValue], dict[str, str]]:
    """The extracted values of a match (FP-5.11): selector as written to the first scalar it selects.

    Conditions in branches that were not needed count too; the first of equal selector texts stays.
    """
    readers: dict[str, Callable[[JsonValue], str | None]] = {}
    for condition in conditions(expr):
        selector = condition.selector
        assert isinstance(selector, Selector)
        if selector.source not in readers:
            readers[selector.source] = first_lexeme(selector.steps)

    def extract(root: JsonValue) -> dict[str, str]:
        return {source: text for source, read in readers.items() if (text := read(root)) is not None}

    return extract


# ---------------------------------------------------------------- selecting


def select(steps: Sequence[Step]) -> Callable[[JsonValue], list[JsonValue]]:
    """The nodes that a selector selects, in the order of the message; an empty list when it is missing."""
    walks = [_walk(step) for step in steps]

    def selected(root: JsonValue) -> list[JsonValue]:
        nodes = [root]
        for walk in walks:
            nodes = [child for node in nodes for child in walk(node)]
        return nodes

    return selected


def first_lexeme(steps: Sequence[Step]) -> Callable[[JsonValue], str | None]:
    """The text of the first string, number or boolean that a selector selects; None without one."""
    selected = select(steps)

    def read(root: JsonValue) -> str | None:
        # str() makes a plain string of a Number.
        return next((str(text) for node in selected(root) if (text := lexeme(node)) is not None), None)

    return read


def _walk(step: Step) -> Callable[[JsonValue], Iterable[JsonValue]]:
    """What a step selects below one node (FP-4.8); nothing if the node is of the wrong kind."""
    match step:
        case Name(name):
            return lambda node: (node[name],) if isinstance(node, dict) and name in node else ()
        case Index(index):
            return lambda node: (node[index],) if isinstance(node, list) and index < len(node) else ()
        case AnyName():
            return lambda node: node.values() if isinstance(node, dict) else ()
        case AnyElement():
            return lambda node: node if isinstance(node, list) else ()
        case _:
            assert_never(step)


def _reach(steps: Sequence[Step]) -> Callable[[JsonValue], JsonValue | Absent]:
    """The one node that a selector without wildcard selects, or `ABSENT`. Short property paths come first."""
    match steps:
        case [Name(name)]:
            return lambda root: root.get(name, ABSENT) if isinstance(root, dict) else ABSENT
        case [Name(outer), Name(name)]:

            def reach_second(root: JsonValue) -> JsonValue | Absent:
                node = root.get(outer) if isinstance(root, dict) else None
                return node.get(name, ABSENT) if isinstance(node, dict) else ABSENT

            return reach_second
        case _ if all(isinstance(step, Name) for step in steps):
            names = tuple(step.name for step in steps if isinstance(step, Name))

            def reach_deep(root: JsonValue) -> JsonValue | Absent:
                node: JsonValue | Absent = root
                for name in names:
                    if not isinstance(node, dict):
                        return ABSENT
                    node = node.get(name, ABSENT)
                return node

            return reach_deep
    selected = select(steps)

    def reach(root: JsonValue) -> JsonValue | Absent:
        nodes = selected(root)
        return nodes[0] if nodes else ABSENT

    return reach


# ---------------------------------------------------------------- conditions


class OneOf(NamedTuple):
    """Several `=` with texts on one selector, any of which may hold."""

    selector: Selector
    texts: frozenset[str]


def _fuse(items: tuple[Expr, ...]) -> list[Expr | OneOf]:
    """Put the equalities of an `||` that look at the same place and compare whole texts together.

    Sound for every node, also with a wildcard selector: some node equals one of the texts.
    """
    groups: dict[tuple[Step, ...], list[Expr]] = {}
    for item in items:
        steps = _exact_steps(item)
        if steps is not None:
            groups.setdefault(steps, []).append(item)
    fused: list[Expr | OneOf] = []
    for item in items:
        steps = _exact_steps(item)
        group = [] if steps is None else groups[steps]
        if len(group) < 2:
            fused.append(item)
        elif item is group[0]:
            fused.append(_one_of(group))
    return fused


def _exact_steps(item: Expr) -> tuple[Step, ...] | None:
    match item:
        case Compare(Selector(_, steps), Op.EQ, value) if is_exact(value):
            return steps
        case _:
            return None


def _one_of(group: list[Any]) -> OneOf:
    return OneOf(group[0].selector, frozenset(condition.value.text for condition in group))


def leaf_test(leaf: Condition | OneOf) -> RootTest:
    """What one condition asks of the root of an event."""
    match leaf:
        case OneOf(selector, texts):
            return _on_selector(selector, _is_one_of(texts))
        case Compare(selector, op, value):
            assert isinstance(selector, Selector)  # a column belongs to a space-delimited pattern
            if op is Op.EQ and is_exact(value) and value.text not in _BOOLEANS:
                hot = _text_at(selector.steps, value.text)
                if hot is not None:
                    return hot
            return _on_selector(selector, node_test(op, value))
        case Is(selector, constant):
            return _on_selector(selector, is_constant(constant))
        case NotExists(selector):
            return not_exists(selector)
        case _:
            assert_never(leaf)


def _on_selector(selector: Selector, test: NodeTest) -> RootTest:
    if selector.has_wildcard:
        return any_node(selector, test)
    reach = _reach(selector.steps)
    return lambda root: (node := reach(root)) is not ABSENT and test(node)


def any_node(selector: Selector, test: NodeTest) -> RootTest:
    """A condition on a wildcard selector holds when any node satisfies it, also for `!=` (FP-5.10)."""
    selected = select(selector.steps)
    return lambda root: any(map(test, selected(root)))


def not_exists(selector: Selector) -> RootTest:
    """`NOT EXISTS` holds when nothing at all is selected, so also for an empty array (FP-5.10)."""
    selected = select(selector.steps)
    return lambda root: not selected(root)


def _is_one_of(texts: frozenset[str]) -> NodeTest:
    if texts & _BOOLEANS:
        return lambda node: lexeme(node) in texts
    return lambda node: isinstance(node, str) and node in texts


def _text_at(steps: Sequence[Step], text: str) -> RootTest | None:
    """The condition that patterns are mostly made of: a property path equals a text that no boolean has."""
    match steps:
        case [Name(name)]:
            return lambda root: isinstance(root, dict) and root.get(name) == text
        case [Name(outer), Name(name)]:

            def test(root: JsonValue) -> bool:
                node = root.get(outer) if isinstance(root, dict) else None
                return isinstance(node, dict) and node.get(name) == text

            return test
        case _:
            return None
