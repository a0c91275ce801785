"""From the JSON of a filter policy to its alternatives. Spec: SNS-9.2, SNS-9.3, SNS-9.5, SNS-9.6."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tocsin.core.filter_policy_message import decoded, exact_number
from tocsin.core.filter_policy_rule import RULE_WORDS, Refusal, Rules, read_rules
from tocsin.errors import FilterPolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

Alternative = dict[str, Rules]
"""Rules by path; all of them must hold."""

MOST_KEYS = 5
MOST_COMPLEXITY = 150
MOST_BYTES = 256 * 1024
"""Keys at the top of a policy, its complexity, and its size (SNS-9.5)."""

_MOST_DEPTH = 100

NESTED_IN_ATTRIBUTES = "Filter policy scope MessageAttributes does not support nested filter policy"
"""A refusal with a prefix of its own (SNS-9.6)."""


def parse_policy(policy: str | Mapping[str, Any], *, is_nested: bool) -> tuple[str, list[Alternative]]:
    """The text of a policy and its alternatives; `is_nested` for the scope MessageBody.

    Raises:
        FilterPolicyError: it is refused.
    """
    source = policy if isinstance(policy, str) else json.dumps(policy)
    try:
        return source, _read(source, is_nested=is_nested)
    except Refusal as refusal:
        raise FilterPolicyError(str(refusal)) from None


def _read(source: str, *, is_nested: bool) -> list[Alternative]:
    tree = _decoded(source)
    if len(tree) > MOST_KEYS:
        raise Refusal("Filter policy can not have more than 5 keys")
    alternatives = _alternatives(tree, "", depth=1, is_nested=is_nested)
    if _complexity(tree, 1, is_nested=is_nested) > MOST_COMPLEXITY:
        raise Refusal("Filter policy is too complex")
    return alternatives


def _decoded(source: str) -> dict[str, Any]:
    if len(source.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise Refusal("Filter policy is too long")
    try:
        tree = decoded(source)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"failed to parse JSON. {error}") from None
    if not isinstance(tree, dict):
        raise Refusal("failed to parse JSON. The policy must be a JSON object.")
    return _with_decimals(tree, 0)  # type: ignore[no-any-return]  # a dict stays one


def _with_decimals(node: Any, depth: int) -> Any:
    """The same with every number a decimal."""
    if depth > _MOST_DEPTH:
        raise Refusal("Filter policy is too complex")
    if isinstance(node, dict):
        return {name: _with_decimals(item, depth + 1) for name, item in node.items()}
    if isinstance(node, list):
        return [_with_decimals(item, depth + 1) for item in node]
    if isinstance(node, int | float | Decimal) and not isinstance(node, bool):
        return exact_number(node)
    return node


def _is_or(name: str, node: Any) -> bool:
    """Whether a key is the word `$or`, and no name of a property."""
    if name != "$or" or not isinstance(node, list) or not all(isinstance(one, dict) for one in node):
        return False
    return not all(one and one.keys() <= RULE_WORDS for one in node)


def _alternatives(tree: Mapping[str, Any], path: str, *, depth: int, is_nested: bool) -> list[Alternative]:
    """The object multiplied out: one alternative for each combination of branches."""
    found: list[Alternative] = [{}]
    for name, node in tree.items():
        if _is_or(name, node):
            found = _product(found, _branches(node, path, depth=depth, is_nested=is_nested))
            continue
        below = f"{path}.{name}" if path else name
        if isinstance(node, list):
            rules = read_rules(node)
            for one in found:
                one[below] = rules
        elif not isinstance(node, dict):
            raise Refusal(f'"{name}" must be an object or an array')
        elif not is_nested:
            raise Refusal(NESTED_IN_ATTRIBUTES)
        else:
            found = _product(found, _alternatives(node, below, depth=depth + 1, is_nested=is_nested))
    return found


def _branches(nodes: list[dict[str, Any]], path: str, *, depth: int, is_nested: bool) -> list[Alternative]:
    if len(nodes) < 2 or not all(nodes):
        raise Refusal("$or must have at least two elements, none of them empty")
    return [one for node in nodes for one in _alternatives(node, path, depth=depth, is_nested=is_nested)]


def _product(left: list[Alternative], right: list[Alternative]) -> list[Alternative]:
    if len(left) * len(right) > MOST_COMPLEXITY:
        raise Refusal("Filter policy is too complex")
    return [{**one, **other} for one in left for other in right]


def _complexity(tree: Mapping[str, Any], depth: int, *, is_nested: bool) -> int:
    """SNS-9.5: a product over the keys; branches of `$or` add up."""
    total = 1
    for name, node in tree.items():
        if _is_or(name, node):
            total *= sum(_complexity(one, depth, is_nested=is_nested) for one in node)
        elif isinstance(node, list):
            total *= len(node) * (depth if is_nested else 1)
        else:
            total *= _complexity(node, depth + 1, is_nested=is_nested)
    return total
