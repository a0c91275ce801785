"""Requests of DynamoDB as data events show them: which keys, not which values. Spec: REC-7, REC-10.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.record.tree import json_value

if TYPE_CHECKING:
    from tocsin.core.record.tree import Tree

_SEVERAL: Final = {
    "TransactGetItems": "transactItems",
    "TransactWriteItems": "transactItems",
    "BatchExecuteStatement": "statements",
    "ExecuteTransaction": "transactStatements",
}
_KEYS: Final = frozenset({"key", "keys"})


def dynamodb_parameters(operation: str, tree: Tree) -> Tree:
    """The parameters with their keys as plain values, and what is done to several items as `requestItems`."""
    shown = without_types(tree)
    key = _SEVERAL.get(operation, "")
    several = shown.pop(key, None)
    return shown if several is None else {"requestItems": [_named(item) for item in several], **shown}


def _named(item: Any) -> Any:
    """`{"put": {…}}` as `{"operation": "Put", …}`; a statement as it is."""
    if isinstance(item, dict) and len(item) == 1:
        ((name, action),) = item.items()
        return {"operation": name[:1].upper() + name[1:], **action} if isinstance(action, dict) else item
    return item


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
