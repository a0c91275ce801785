"""Requests of DynamoDB as data events show them: which keys, not which values. Spec: REC-7, REC-10.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.record.tree import json_value

if TYPE_CHECKING:
    from tocsin.core.record.tree import Tree

_KEYS: Final = frozenset({"key", "keys"})


def without_types(tree: Tree) -> Tree:
    """The parameters with the keys as plain values (`{"Artist": "x"}`), not by type (`{"Artist": {"s": "x"}}`)."""
    return {name: _plain_keys(value) if name in _KEYS else _deeper(value) for name, value in tree.items()}


def _deeper(value: Any) -> Any:
    if isinstance(value, dict):
        return without_types(value)
    return [_deeper(item) for item in value] if isinstance(value, list) else value


def _plain_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_keys(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _plain(value: Any) -> Any:
    """The one value of an attribute, which stands behind the letter of its type."""
    if isinstance(value, dict) and len(value) == 1:
        (only,) = value.values()
        return json_value(only)
    return json_value(value)
