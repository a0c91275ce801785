"""The leaves of a message: what filter policies compare. Spec: SNS-9.3."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.core.envelope import MessageAttribute

# Leaves of one message; a body of 256 KiB can hold as many scalars as that, and no honest one does.
_MOST_LEAVES = 50_000

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Leaf(NamedTuple):
    """A scalar, its path, and for each array of objects on the way which element it lies in."""

    path: str
    value: str | Decimal | bool | None
    positions: frozenset[tuple[str, int]] = frozenset()


def decoded(text: str) -> Any:
    """A JSON text with exact numbers. Raises ValueError or RecursionError for anything else."""
    try:
        return _decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def exact_number(value: float | Decimal) -> Decimal:
    """A number as a decimal."""
    return value if isinstance(value, Decimal) else Decimal(value)


def attribute_leaves(attributes: Mapping[str, MessageAttribute]) -> list[Leaf] | None:
    """Those of message attributes; None where there are none, or a String.Array is malformed."""
    leaves: list[Leaf] = []
    if not attributes:
        return None
    for name, attribute in attributes.items():
        kind = ".".join(attribute.data_type.split(".")[:2])
        if kind == "String.Array":
            try:
                items = decoded(attribute.value)
            except (ValueError, RecursionError):
                return None
            if not isinstance(items, list):
                return None
            leaves += [Leaf(name, _scalar(one)) for one in items if not isinstance(one, dict | list)]
        elif kind.startswith("Number"):
            try:
                leaves.append(Leaf(name, Decimal(attribute.value)))
            except InvalidOperation:
                return None
        elif kind.startswith("String"):
            leaves.append(Leaf(name, attribute.value))
    return leaves


def is_json_object(body: str) -> bool:
    """Whether a policy on the body can look at anything in it."""
    try:
        return isinstance(decoded(body), dict)
    except (ValueError, RecursionError):
        return False


def body_leaves(body: str) -> list[Leaf] | None:
    """Those of a body; None where it is no JSON object, or holds too many."""
    try:
        tree = decoded(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    leaves: list[Leaf] = []
    for leaf in _walk(tree):
        leaves.append(leaf)
        if len(leaves) > _MOST_LEAVES:
            return None
    return leaves


def _walk(tree: dict[str, Any]) -> Iterator[Leaf]:
    stack: list[tuple[str, Any, frozenset[tuple[str, int]]]] = [("", tree, frozenset())]
    while stack:
        path, node, positions = stack.pop()
        if isinstance(node, dict):
            prefix = f"{path}." if path else ""
            stack += [(f"{prefix}{name}", item, positions) for name, item in node.items()]
        elif isinstance(node, list):
            for index, item in enumerate(node):
                # Elements of an array of objects are told apart; those of any other array are not.
                place = positions | {(path, index)} if isinstance(item, dict) else positions
                stack.append((path, item, place))
        else:
            yield Leaf(path, _scalar(node), positions)


def _scalar(value: Any) -> str | Decimal | bool | None:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return exact_number(value)
