"""Shape trees of AWS's models, compiled once into closures. Spec: WIRE-4.2, WIRE-2.1 to WIRE-2.4.

A closure takes one value and gives one value. `Compilation` keeps the closures of one protocol and one
direction; recursion is closed by a cell that is filled when the shape's closure is ready.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import Shape


class ParseError(Exception):
    """A value that is not what the model says; the message is AWS's. The codec makes the fault of it (WIRE-2.4)."""


class _Cell:
    """Stands for a closure that is still being made."""

    target: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        return self.target(value)


class Compilation:
    """The closures of one protocol and one direction, by shape and the traits of the reference to it.

    botocore merges the traits of a reference (`locationName`, `flattened`, `timestampFormat`, …) into the
    shape that it gives, so the name alone does not identify what is to be done. Names are those of one
    service: each has compilations of its own.
    """

    def __init__(
        self, build: Callable[[Shape, Compilation], Callable[[Any], Any]], *, is_lenient: bool = False
    ) -> None:
        self._build = build
        self.is_lenient = is_lenient
        self._closures: dict[tuple[str, str], Callable[[Any], Any]] = {}
        self._lock = threading.RLock()

    def closure(self, shape: Shape) -> Callable[[Any], Any]:
        """The closure for a shape; safe to ask for from several threads."""
        key = (shape.name, repr(sorted(shape.serialization.items(), key=lambda pair: pair[0])))
        with self._lock:
            known = self._closures.get(key)
            if known is not None:
                return known
            cell = self._closures[key] = _Cell()
            built = cell.target = self._closures[key] = self._build(shape, self)
            return built

    def lenient(self) -> Compilation:
        """One where what cannot be read is None, and all around it is read: for calls that only pass by.

        A value that a service refuses, or an emulator passes over, must not hide the others from a record.
        """

        def build(shape: Shape, made: Compilation) -> Callable[[Any], Any]:
            read = self._build(shape, made)

            def read_or_none(value: Any) -> Any:
                try:
                    return read(value)
                except ParseError:
                    return None

            return read_or_none

        return Compilation(build, is_lenient=True)


def wire_name(name: str, shape: Shape) -> str:
    """What a member is called on the wire: its `locationName`, else its own name."""
    return str(shape.serialization.get("name", name))


# --- reading: what JSON and CBOR decoders gave -> values by the model -----------------------------------


def tree_reader(leaves: dict[str, Callable[[Shape], Callable[[Any], Any]]]) -> Compilation:
    """Readers of decoded trees; `leaves` makes the closures of scalars by the name of their type."""

    def build(shape: Shape, compilation: Compilation) -> Callable[[Any], Any]:
        match shape.type_name:
            case "structure":
                return _structure_reader(shape, compilation)
            case "list":
                return _list_reader(compilation.closure(shape.member))
            case "map":
                return _map_reader(compilation.closure(shape.key), compilation.closure(shape.value))
        return leaves[shape.type_name](shape)

    return Compilation(build)


def _structure_reader(shape: Shape, compilation: Compilation) -> Callable[[Any], Any]:
    if shape.is_document_type:
        return lambda node: node
    members = {
        wire_name(name, member): (name, compilation.closure(member))
        for name, member in shape.members.items()
        if not member.serialization.get("eventstream")
    }
    find = members.get

    def read(node: Any) -> dict[str, Any]:
        if type(node) is not dict:
            raise ParseError(unexpected(node, "structure"))
        values = {}
        for key, raw in node.items():
            if raw is not None:  # null is absent (WIRE-2.2)
                member = find(key)
                if member is not None:
                    values[member[0]] = member[1](raw)
        return values

    return read


def _list_reader(element: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(node: Any) -> list[Any]:
        if type(node) is not list:
            raise ParseError(unexpected(node, "list"))
        return [None if raw is None else element(raw) for raw in node]  # null elements: section 11

    return read


def _map_reader(key: Callable[[Any], Any], value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(node: Any) -> dict[Any, Any]:
        if type(node) is not dict:
            raise ParseError(unexpected(node, "map"))
        return {key(name): value(raw) for name, raw in node.items() if raw is not None}

    return read


_KINDS = {
    "string": "a String",
    "character": "a Character",
    "integer": "an Integer",
    "short": "a Short",
    "byte": "a Byte",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
    "boolean": "a Boolean",
    "blob": "a Blob",
    "timestamp": "a Timestamp",
}


def unexpected(node: Any, wanted: str) -> str:
    """AWS's words for a value of the wrong kind, such as `STRING_VALUE can not be converted to an Integer`."""
    if isinstance(node, list):
        return "Start of list found where not expected"
    if isinstance(node, dict):
        return "Start of structure or map found where not expected"
    if wanted == "list":
        return "Expected list or null"
    if wanted in {"structure", "map"}:
        return "Expected map or null"
    if isinstance(node, bool):
        token = "TRUE_VALUE" if node else "FALSE_VALUE"
    elif isinstance(node, (int, float)):
        token = "NUMBER_VALUE"  # noqa: S105  (a kind of JSON token, not a secret)
    elif isinstance(node, str):
        token = "STRING_VALUE"  # noqa: S105  (as above)
    else:
        token = "BINARY_VALUE" if isinstance(node, bytes) else "TIMESTAMP_VALUE"
    return f"{token} can not be converted to {_KINDS[wanted]}"


# --- writing: values by the model -> what JSON and CBOR encoders take -----------------------------------


def tree_writer(leaves: dict[str, Callable[[Shape], Callable[[Any], Any]]]) -> Compilation:
    """Writers of trees for an encoder. What is a `msgspec.Raw` already is left as it is (WIRE-4.5)."""

    def build(shape: Shape, compilation: Compilation) -> Callable[[Any], Any]:
        match shape.type_name:
            case "structure":
                return _structure_writer(shape, compilation)
            case "list":
                return _list_writer(compilation.closure(shape.member))
            case "map":
                return _map_writer(compilation.closure(shape.value))
        return leaves[shape.type_name](shape)

    return Compilation(build)


def _structure_writer(shape: Shape, compilation: Compilation) -> Callable[[Any], Any]:
    if shape.is_document_type:
        return lambda value: value
    members = {
        name: (wire_name(name, member), compilation.closure(member))
        for name, member in shape.members.items()
        if not member.serialization.get("eventstream")
    }
    find = members.get

    def write(value: Any) -> Any:
        if type(value) is msgspec.Raw:
            return value
        tree = {}
        for name, item in value.items():
            if item is not None:  # null is never written (WIRE-2.2)
                member = find(name)
                if member is not None:
                    tree[member[0]] = member[1](item)
        return tree

    return write


def _list_writer(element: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if type(value) is msgspec.Raw:
            return value
        return [element(item) for item in value if item is not None]

    return write


def _map_writer(element: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if type(value) is msgspec.Raw:
            return value
        return {name: element(item) for name, item in value.items() if item is not None}

    return write


def keep(value: Any) -> Any:
    """The closure of scalars that are written as they are."""
    return value
