"""Requests of API Gateway that records show in a form of their own. Spec: REC-7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.core.record.tree import Tree

_BODIES: Final = {
    "CreateStage": ("createStageInput", frozenset({"restApiId"})),
    "TagResource": ("tagResourceInput", frozenset({"resourceArn"})),
}
"""By operation: the key of its body, and the members that stand in its path [seen, these two]."""


def with_body_apart(operation: str, tree: Tree) -> Tree:
    """The parameters with those of the body under a key of their own."""
    known = _BODIES.get(operation)
    if known is None:
        return tree
    key, in_path = known
    outside = {name: value for name, value in tree.items() if name in in_path}
    return {**outside, key: {name: value for name, value in tree.items() if name not in in_path}, "template": False}
