"""Elements of XML to values by the model: bodies of REST-XML requests, answers of REST-XML, query and EC2.

The mirror of `botocore.serialize` and of its parsers. Spec: REC-3.6, WIRE-2.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.wire.query import TEXT_READERS
from tocsin.wire.shape import Compilation, ParseError, wire_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import Shape

    from tocsin.wire.xml_tree import Element

    Reader = Callable[[Element], Any]


def readers() -> Compilation:
    """The readers of one service's documents; each takes the element of its value."""
    return Compilation(_build)


def _build(shape: Shape, compilation: Compilation) -> Reader:
    match shape.type_name:
        case "structure":
            return _structure_reader(shape, compilation)
        case "list":
            element = compilation.closure(shape.member)
            return lambda node: [element(child) for child in node.children]
        case "map":
            return _map_reader(shape, compilation)
    read_text = TEXT_READERS[shape.type_name](shape)

    def read(node: Element) -> Any:
        if node.children:
            raise ParseError("Start of structure or map found where not expected")
        return read_text(node.text)

    return read


def _structure_reader(shape: Shape, compilation: Compilation) -> Reader:
    single: dict[str, tuple[str, Reader]] = {}
    repeated: dict[str, tuple[str, Callable[[list[Element]], Any]]] = {}
    attributes: dict[str, tuple[str, Callable[[str], Any]]] = {}
    for name, member in shape.members.items():
        traits = member.serialization
        if traits.get("location") or traits.get("eventstream"):
            continue
        tag = wire_name(name, member).rpartition(":")[2]
        if traits.get("xmlAttribute"):
            attributes[wire_name(name, member)] = (name, TEXT_READERS[member.type_name](member))
        elif traits.get("flattened") and member.type_name in {"list", "map"}:
            repeated[_flat_tag(name, member)] = (name, _flat_reader(member, compilation))
        else:
            single[tag] = (name, compilation.closure(member))

    def read(node: Element) -> dict[str, Any]:
        values: dict[str, Any] = {}
        groups: dict[str, list[Element]] = {}
        for child in node.children:
            if child.name in repeated:
                groups.setdefault(child.name, []).append(child)
            elif child.name in single:
                name, reader = single[child.name]
                values[name] = reader(child)
        for tag, group in groups.items():
            name, read_group = repeated[tag]
            values[name] = read_group(group)
        for key, (name, read_text) in attributes.items():
            if key in node.attributes:
                values[name] = read_text(node.attributes[key])
        return values

    return read


def _flat_tag(name: str, member: Shape) -> str:
    """A flattened list goes by the name of its elements where that is given, else by its own."""
    if member.type_name == "list":
        return wire_name(wire_name(name, member), member.member)
    return wire_name(name, member)


def _flat_reader(member: Shape, compilation: Compilation) -> Callable[[list[Element]], Any]:
    if member.type_name == "list":
        element = compilation.closure(member.member)
        return lambda nodes: [element(node) for node in nodes]
    return _entries_reader(member, compilation)


def _map_reader(shape: Shape, compilation: Compilation) -> Reader:
    read_entries = _entries_reader(shape, compilation)
    return lambda node: read_entries(node.children)


def _entries_reader(shape: Shape, compilation: Compilation) -> Callable[[list[Element]], dict[Any, Any]]:
    key_tag, value_tag = wire_name("key", shape.key), wire_name("value", shape.value)
    read_key, read_value = compilation.closure(shape.key), compilation.closure(shape.value)

    def read(nodes: list[Element]) -> dict[Any, Any]:
        values = {}
        for node in nodes:
            key, value = node.child(key_tag), node.child(value_tag)
            if key is None:
                raise ParseError("A map entry has no key")
            if value is not None:
                values[read_key(key)] = read_value(value)
        return values

    return read
