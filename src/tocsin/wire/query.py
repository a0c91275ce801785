"""The query protocol: forms to values, values to XML. Spec: WIRE-2.7 to WIRE-2.10, WIRE-3.6, WIRE-3.8.

A reader gets the fields that belong to its value, as pairs of the rest of the key and the text; nothing is
ever allocated by an index, and fields that the model has not are dropped at once. XML is written by building
strings, and never read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tocsin.wire.fault_format import COMMON_FAULT_XMLNS
from tocsin.wire.scalar import (
    INTEGER_RANGES,
    SPECIAL_DOUBLES,
    blob_from_text,
    blob_text,
    moment_from_text,
    moment_text,
    special_double,
)
from tocsin.wire.shape import Compilation, ParseError, unexpected, wire_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.model import Shape

    from tocsin.wire.call import Call, Guess
    from tocsin.wire.fault_format import FaultForm

    Fields = Iterable[tuple[str, str]]
    Reader = Callable[[Fields], Any]

# --- reading --------------------------------------------------------------------------------------------


def readers() -> Compilation:
    """The readers of one service's forms."""
    return Compilation(_build_reader)


def ec2_readers() -> Compilation:
    """The readers of EC2's forms: other names, and every list flat (REC-3.6)."""
    return Compilation(_build_ec2_reader)


def _build_ec2_reader(shape: Shape, compilation: Compilation) -> Reader:
    match shape.type_name:
        case "structure":
            return _structure_reader(shape, compilation, _ec2_name)
        case "list":
            element = compilation.closure(shape.member)
            return lambda fields: [element(group) for group in _by_index(fields, "", is_lenient=compilation.is_lenient)]
    return _build_reader(shape, compilation)


def _ec2_name(name: str, member: Shape) -> str:
    query_name = member.serialization.get("queryName")
    if query_name:
        return str(query_name)
    location = member.serialization.get("name")
    return name if location is None else location[:1].upper() + location[1:]


def _build_reader(shape: Shape, compilation: Compilation) -> Reader:
    match shape.type_name:
        case "structure":
            return _structure_reader(shape, compilation, _form_name)
        case "list":
            return _list_reader(shape, compilation)
        case "map":
            return _map_reader(shape, compilation)
    return _scalar_reader(TEXT_READERS[shape.type_name](shape))


def _scalar_reader(read_text: Callable[[str], Any]) -> Reader:
    def read(fields: Fields) -> Any:
        text = None
        for rest, value in fields:
            if not rest:
                text = value  # the last one wins (WIRE-2.3)
        if text is None:
            raise ParseError("Start of structure or map found where not expected")
        return read_text(text)

    return read


def _structure_reader(shape: Shape, compilation: Compilation, form_name: Callable[[str, Shape], str]) -> Reader:
    scalars: dict[str, tuple[str, Callable[[str], Any]]] = {}
    composites: dict[str, tuple[str, Reader]] = {}
    for name, member in shape.members.items():
        key = form_name(name, member)
        if member.type_name in TEXT_READERS:
            read_text = TEXT_READERS[member.type_name](member)
            scalars[key] = (name, _or_none(read_text) if compilation.is_lenient else read_text)
        else:
            composites[key] = (name, compilation.closure(member))

    def read(fields: Fields) -> dict[str, Any]:
        texts: dict[str, str] = {}
        groups: dict[str, list[tuple[str, str]]] = {}
        for key, value in fields:
            if key in scalars:
                texts[key] = value
                continue
            head, _, rest = key.partition(".")
            if head in composites:
                if head in groups:
                    groups[head].append((rest, value))
                else:
                    groups[head] = [(rest, value)]
            elif head in scalars and not compilation.is_lenient:
                raise ParseError("Start of structure or map found where not expected")
        values = {}
        for key, text in texts.items():
            name, read_text = scalars[key]
            values[name] = read_text(text)
        for key, group in groups.items():
            name, reader = composites[key]
            values[name] = reader(group)
        return values

    return read


def _or_none(read_text: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return read_text(text)
        except ParseError:
            return None

    return read


def _form_name(name: str, member: Shape) -> str:
    """What a member of a structure is called in a form: a flattened list may go by the name of its elements."""
    if member.type_name == "list" and member.serialization.get("flattened"):
        return _flat_name(name, member)
    return wire_name(name, member)


def _flat_name(name: str, member: Shape) -> str:
    """The name of a flattened list: its own where it was given one, else that of its elements."""
    own = wire_name(name, member)
    return own if own != name else wire_name(name, member.member)


_INDEX: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def _by_index(fields: Fields, prefix: str, *, is_lenient: bool) -> list[list[tuple[str, str]]]:
    """The fields of each element, in the order of their numbers, whatever these are."""
    groups: dict[int, list[tuple[str, str]]] = {}
    for key, value in fields:
        if not key:
            if value and not is_lenient:
                raise ParseError("Expected list or null")
            continue  # `Name=` is an empty list
        rest = key
        if prefix:
            head, _, rest = key.partition(".")
            if head != prefix:
                continue
        index, _, rest = rest.partition(".")
        if not _INDEX.fullmatch(index):
            if is_lenient:
                continue
            raise ParseError(f"{index[:40]} is not a valid index")
        groups.setdefault(int(index), []).append((rest, value))
    return [groups[index] for index in sorted(groups)]


def _list_reader(shape: Shape, compilation: Compilation) -> Reader:
    element = compilation.closure(shape.member)
    is_flat = bool(shape.serialization.get("flattened"))
    prefix = "" if is_flat else wire_name("member", shape.member)
    return lambda fields: [element(group) for group in _by_index(fields, prefix, is_lenient=compilation.is_lenient)]


def _map_reader(shape: Shape, compilation: Compilation) -> Reader:
    read_key, read_value = compilation.closure(shape.key), compilation.closure(shape.value)
    key_name, value_name = wire_name("key", shape.key), wire_name("value", shape.value)
    prefix = "" if shape.serialization.get("flattened") else "entry"

    def read(fields: Fields) -> dict[Any, Any]:
        values = {}
        for group in _by_index(fields, prefix, is_lenient=compilation.is_lenient):
            keys, parts = [], []
            for key, text in group:
                head, _, rest = key.partition(".")
                if head == key_name:
                    keys.append((rest, text))
                elif head == value_name:
                    parts.append((rest, text))
            if not keys:
                raise ParseError("A map entry has no key")
            if parts:
                values[read_key(keys)] = read_value(parts)
        return values

    return read


def _read_string(_shape: Shape) -> Callable[[str], Any]:
    return str


_WHOLE: Final = re.compile(r"([+-]?[0-9]{1,40})(?:\.0{1,40})?", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,10})?", re.ASCII)


def _read_integer(shape: Shape) -> Callable[[str], Any]:
    kind = shape.type_name
    low, high = INTEGER_RANGES[kind]

    def read(text: str) -> int:
        match = _WHOLE.fullmatch(text)
        if match is None:
            raise ParseError(unexpected(text, kind))
        number = int(match[1])
        if not low <= number <= high:
            raise ParseError(f"{unexpected(text, kind)}: out of range")
        return number

    return read


def _read_double(shape: Shape) -> Callable[[str], Any]:
    kind = shape.type_name

    def read(text: str) -> float:
        special = SPECIAL_DOUBLES.get(text)
        if special is not None:
            return special
        number = float(text) if len(text) <= 400 and _DECIMAL.fullmatch(text) else float("inf")
        if number in {float("inf"), float("-inf")}:
            raise ParseError(unexpected(text, kind))
        return number

    return read


def _read_boolean(_shape: Shape) -> Callable[[str], Any]:
    def read(text: str) -> bool:
        match text.lower():
            case "true":
                return True
            case "false":
                return False
        raise ParseError(unexpected(text, "boolean"))

    return read


TEXT_READERS: Final[dict[str, Callable[[Shape], Callable[[str], Any]]]] = {
    "string": _read_string,
    "character": _read_string,
    "byte": _read_integer,
    "short": _read_integer,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_double,
    "double": _read_double,
    "boolean": _read_boolean,
    "blob": lambda _shape: blob_from_text,
    "timestamp": lambda _shape: moment_from_text,
}
"""Readers of scalars that come as text, by the name of their type; each is made for a shape."""

# --- writing: a writer gives the XML of a value's inside -------------------------------------------------


def writers() -> Compilation:
    """The writers of one service's answers; each gives the inside of its value's element."""
    return Compilation(_build_writer)


def _build_writer(shape: Shape, compilation: Compilation) -> Callable[[Any], str]:
    match shape.type_name:
        case "structure":
            return _structure_writer(shape, compilation)
        case "list":
            return _list_writer(shape, compilation)
        case "map":
            return _map_writer(shape, compilation)
    return _TEXT_WRITERS[shape.type_name](shape)


def element(tag: str, inside: str, attributes: str = "") -> str:
    """An element; one without inside is written `<tag/>`."""
    return f"<{tag}{attributes}>{inside}</{tag.partition(' ')[0]}>" if inside else f"<{tag}{attributes}/>"


def _structure_writer(shape: Shape, compilation: Compilation) -> Callable[[Any], str]:
    members = []
    for name, member in shape.members.items():
        if member.serialization.get("eventstream"):
            continue
        is_flat = bool(member.serialization.get("flattened")) and member.type_name in {"list", "map"}
        members.append((name, "" if is_flat else wire_name(name, member), _member_writer(name, member, compilation)))

    def write(value: Any) -> str:
        get = value.get
        parts = []
        for name, tag, write_member in members:
            item = get(name)
            if item is not None:
                inside = write_member(item)
                parts.append(element(tag, inside) if tag else inside)
        return "".join(parts)

    return write


def _member_writer(name: str, member: Shape, compilation: Compilation) -> Callable[[Any], str]:
    """The writer of a member; that of a flattened one gives whole elements."""
    if not member.serialization.get("flattened"):
        return compilation.closure(member)
    if member.type_name == "list":
        tag = wire_name(wire_name(name, member), member.member)
        write = compilation.closure(member.member)
        return lambda value: "".join(element(tag, write(item)) for item in value if item is not None)
    if member.type_name == "map":
        return _entries_writer(wire_name(name, member), member, compilation)
    return compilation.closure(member)


def _list_writer(shape: Shape, compilation: Compilation) -> Callable[[Any], str]:
    tag = wire_name("member", shape.member)
    write = compilation.closure(shape.member)
    return lambda value: "".join([element(tag, write(item)) for item in value if item is not None])


def _map_writer(shape: Shape, compilation: Compilation) -> Callable[[Any], str]:
    return _entries_writer("entry", shape, compilation)


def _entries_writer(tag: str, shape: Shape, compilation: Compilation) -> Callable[[Any], str]:
    key_tag, value_tag = wire_name("key", shape.key), wire_name("value", shape.value)
    write_key, write_value = compilation.closure(shape.key), compilation.closure(shape.value)

    def write(value: Any) -> str:
        return "".join(
            [
                element(tag, element(key_tag, write_key(key)) + element(value_tag, write_value(item)))
                for key, item in value.items()
                if item is not None
            ]
        )

    return write


_NEEDS_ESCAPE: Final = re.compile("[<>&\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\r": "&#13;"}


def text_content(text: Any) -> str:
    """Text as the content of an element; what XML 1.0 cannot carry becomes U+FFFD (WIRE-2.10)."""
    return _NEEDS_ESCAPE.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), str(text))


def _write_double(value: Any) -> str:
    number = float(value)
    return special_double(number) or repr(number)


def _write_timestamp(shape: Shape) -> Callable[[Any], str]:
    timestamp_format = str(shape.serialization.get("timestampFormat", "iso8601")).lower()
    return lambda moment: moment_text(moment, timestamp_format)


def _write_boolean(value: Any) -> str:
    return "true" if value else "false"


def _write_integer(value: Any) -> str:
    return str(int(value))


_TEXT_WRITERS: Final[dict[str, Callable[[Shape], Callable[[Any], str]]]] = {
    "string": lambda _shape: text_content,
    "character": lambda _shape: text_content,
    "byte": lambda _shape: _write_integer,
    "short": lambda _shape: _write_integer,
    "integer": lambda _shape: _write_integer,
    "long": lambda _shape: _write_integer,
    "float": lambda _shape: _write_double,
    "double": lambda _shape: _write_double,
    "boolean": lambda _shape: _write_boolean,
    "blob": lambda _shape: blob_text,
    "timestamp": _write_timestamp,
}

# --- whole answers ----------------------------------------------------------------------------------------


def encode_answer(call: Call, write: Callable[[Any], str] | None, result: Mapping[str, Any], request_id: str) -> bytes:
    """The document of a call that went well; `write` is None for an operation without output (WIRE-2.8)."""
    inside = element("ResponseMetadata", element("RequestId", text_content(request_id)))
    if write is not None:
        wrapper = call.model.output_shape.serialization.get("resultWrapper") or f"{call.operation}Result"
        inside = element(wrapper, write(result)) + inside
    return element(f"{call.operation}Response", inside, f' xmlns="{call.api.xml_namespace}"').encode()


def encode_members(write: Callable[[Any], str], members: Mapping[str, Any]) -> str:
    """The elements of the further members of a fault."""
    return write(members)


def encode_fault(known: Guess, form: FaultForm, members: str, request_id: str) -> bytes:
    """The document of a fault (WIRE-3.6, WIRE-3.8); `members` are its further members, written."""
    message = "" if form.message is None else element("Message", text_content(form.message))
    code = element("Code", text_content(form.query_code))
    identifier = text_content(request_id)
    if known.protocol == "ec2":
        errors = element("Errors", element("Error", code + message))
        return element("Response", errors + element("RequestID", identifier)).encode()
    if known.protocol == "rest-xml":
        return element("Error", code + message + element("RequestId", identifier)).encode()
    namespace = known.api.xml_namespace if known.api is not None else ""
    if form.query_code == "InvalidAction" or not namespace:
        namespace = COMMON_FAULT_XMLNS
    kind = element("Type", "Sender" if form.is_sender else "Receiver")
    inside = element("Error", kind + code + message + members) + element("RequestId", identifier)
    return element("ErrorResponse", inside, f' xmlns="{namespace}"').encode()
