"""From the JSON of a filter policy to its alternatives. Spec: SNS-9.2, SNS-9.3, SNS-9.5, SNS-9.6."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from tocsin.core.filter_policy_message import decoded
from tocsin.core.filter_policy_rule import RULE_WORDS, Rules, read_rules
from tocsin.core.filter_policy_source import Node, Refusal, locate
from tocsin.errors import FilterPolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

Alternative: TypeAlias = dict[str, Rules]
"""Rules by path; all of them must hold."""

MOST_KEYS = 5
MOST_COMPLEXITY = 150
MOST_BYTES = 256 * 1024
"""Keys at the top of a policy, its complexity, and its size (SNS-9.5)."""

_NESTED = "Filter policy scope MessageAttributes does not support nested filter policy"


def parse_policy(policy: str | Mapping[str, Any], *, is_nested: bool) -> tuple[str, list[Alternative]]:
    """The text of a policy and its alternatives; `is_nested` for the scope MessageBody.

    Raises:
        FilterPolicyError: it is refused.
    """
    source = policy if isinstance(policy, str) else json.dumps(policy)
    text = ""
    try:
        text, root = locate(_decoded(source))
        return source, _read(root, is_nested=is_nested)
    except Refusal as refusal:
        raise FilterPolicyError(refusal.told(text)) from None


def _decoded(source: str) -> dict[str, Any]:
    if len(source.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise Refusal("Filter policy is too long")
    try:
        tree = decoded(source)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"failed to parse JSON. {error}") from None
    if not isinstance(tree, dict):
        raise Refusal("failed to parse JSON. The policy must be a JSON object.")
    return tree


def _read(root: dict[str, Node], *, is_nested: bool) -> list[Alternative]:
    if len(root) > MOST_KEYS:
        raise Refusal("Filter policy can not have more than 5 keys")
    alternatives = _alternatives(root, "")
    if not is_nested and _has_objects(root):
        raise Refusal(_NESTED)
    if _complexity(root, 1, is_nested=is_nested) > MOST_COMPLEXITY:
        raise Refusal("Filter policy is too complex")
    return alternatives


def _or(name: str, node: Node) -> list[dict[str, Node]] | None:
    """The branches of a key that is the word `$or`; None for the name of a property."""
    if name != "$or" or not isinstance(node.value, list):
        return None
    branches = [item.value for item in node.value if isinstance(item.value, dict)]
    if len(branches) < len(node.value) or all(one and one.keys() <= RULE_WORDS for one in branches):
        return None
    return branches


def _alternatives(members: Mapping[str, Node], path: str) -> list[Alternative]:
    """An object multiplied out: one alternative for each combination of branches."""
    found: list[Alternative] = [{}]
    for name, node in members.items():
        branches = _or(name, node)
        if branches is not None:
            if len(branches) < 2 or not all(branches):
                raise Refusal("$or must have at least two elements, none of them empty", node.end)
            found = _product(found, [one for branch in branches for one in _alternatives(branch, path)])
            continue
        below = f"{path}.{name}" if path else name
        match node.value:
            case list() as items:
                rules = read_rules(items, end=node.end)
                for one in found:
                    one[below] = rules
            case dict() as object_:
                if not object_:
                    raise Refusal("Empty objects are not allowed", node.end)
                found = _product(found, _alternatives(object_, below))
            case _:
                raise Refusal(f'"{name}" must be an object or an array', node.seen)
    return found


def _product(left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
    if len(left) * len(right) > MOST_COMPLEXITY:
        raise Refusal("Filter policy is too complex")
    return [{**one, **other} for one in left for other in right]


def _has_objects(members: Mapping[str, Node]) -> bool:
    """Whether a key has an object for its value, here or in a branch of `$or`."""
    return any(
        isinstance(node.value, dict) or any(map(_has_objects, _or(name, node) or ())) for name, node in members.items()
    )


def _complexity(members: Mapping[str, Node], depth: int, *, is_nested: bool) -> int:
    """SNS-9.5: a product over the keys; branches of `$or` add up."""
    total = 1
    for name, node in members.items():
        branches = _or(name, node)
        if branches is not None:
            total *= sum(_complexity(one, depth, is_nested=is_nested) for one in branches)
        elif isinstance(node.value, dict):
            total *= _complexity(node.value, depth + 1, is_nested=is_nested)
        else:
            total *= len(_rules_in(node)) * (depth if is_nested else 1)
    return total


def _rules_in(node: Node) -> list[Node]:
    """The rules of a key that was read."""
    assert isinstance(node.value, list)
    return node.value
