"""Parameters and results of REST: in path, query, headers and body. Spec: REC-3.6.

The mirror of `botocore.serialize` and its parsers. Bodies of bytes and streams are never read: records do not have
them.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tocsin.wire import json, xml_reader
from tocsin.wire.observed_body import bounded_tree
from tocsin.wire.query import TEXT_READERS
from tocsin.wire.shape import Compilation, ParseError, tree_reader, wire_name
from tocsin.wire.xml_tree import parse_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.model import OperationModel, Shape

    from tocsin.wire.model import ServiceApi

    Fields = list[tuple[str, str]]

_BODILESS: Final = frozenset({"uri", "querystring", "header", "headers", "statusCode"})


def read_rest_request(
    api: ServiceApi,
    model: OperationModel,
    *,
    labels: Mapping[str, str],
    query: Fields,
    headers: Mapping[str, str],
    body: bytes,
    is_xml: bool,
) -> dict[str, Any]:
    """The parameters of a request. `headers` are in lower case.

    Raises:
        ParseError: the body cannot be read.
    """
    shape = model.input_shape
    values = _outside_body(shape, labels=labels, query=query, headers=headers)
    values.update(_body_values(api, model, shape, body, kind="request", is_xml=is_xml))
    return values


def read_rest_answer(
    api: ServiceApi, model: OperationModel, *, headers: Mapping[str, str], body: bytes, is_xml: bool
) -> dict[str, Any]:
    """The output of an answer that went well, without its status: records do not show that.

    Raises:
        ParseError: the body cannot be read.
    """
    shape = model.output_shape
    values = _outside_body(shape, labels={}, query=[], headers=headers)
    values.update(_body_values(api, model, shape, body, kind="answer", is_xml=is_xml))
    return values


def has_body_to_read(shape: Shape | None) -> bool:
    """Does anything of a structure stand in a body that is read?"""
    if shape is None:
        return False
    payload = shape.serialization.get("payload")
    if payload is not None:
        return shape.members[payload].type_name not in {"blob", "string"} and not _is_stream(shape.members[payload])
    return any(member.serialization.get("location") not in _BODILESS for member in shape.members.values())


def _is_stream(member: Shape) -> bool:
    return bool(member.serialization.get("streaming") or member.serialization.get("eventstream"))


def _outside_body(
    shape: Shape, *, labels: Mapping[str, str], query: Fields, headers: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    taken = {
        wire_name(name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring"
    }
    for name, member in shape.members.items():
        key = wire_name(name, member)
        value: Any = None
        with suppress(ParseError):  # one that cannot be read must not hide the others
            match member.serialization.get("location"):
                case "uri":
                    value = _scalar(member, labels[key]) if key in labels else None
                case "querystring":
                    value = _of_query(member, key, query, taken)
                case "header":
                    text = headers.get(key.lower())
                    value = None if text is None else _of_header(member, text)
                case "headers":
                    value = _with_prefix(key.lower(), headers)
        if value is not None:
            values[name] = value
    return values


def _with_prefix(prefix: str, headers: Mapping[str, str]) -> dict[str, str] | None:
    return {name[len(prefix) :]: text for name, text in headers.items() if name.startswith(prefix)} or None


def _scalar(member: Shape, text: str) -> Any:
    return _text_reader(member)(text)


def _text_reader(shape: Shape) -> Callable[[str], Any]:
    make = TEXT_READERS.get(shape.type_name)
    if make is None:
        raise ParseError("Start of structure or map found where not expected")
    return make(shape)


def _of_query(member: Shape, key: str, query: Fields, taken: Iterable[str]) -> Any:
    if member.type_name == "map":
        many = member.value.type_name == "list"
        read = _text_reader(member.value.member if many else member.value)
        found: dict[str, Any] = {}
        for name, text in query:
            if name in taken:
                continue
            if many:
                found.setdefault(name, []).append(read(text))
            else:
                found[name] = read(text)
        return found or None
    texts = [text for name, text in query if name == key]
    if not texts:
        return None
    if member.type_name == "list":
        read = _text_reader(member.member)
        return [read(text) for text in texts]
    return _scalar(member, texts[-1])


def _of_header(member: Shape, text: str) -> Any:
    if member.serialization.get("jsonvalue"):
        try:
            return b64decode(text, validate=True).decode()
        except (Base64Error, ValueError):
            raise ParseError("Invalid Base64 character") from None
    if member.type_name == "list":
        read = _text_reader(member.member)
        return [read(part.strip()) for part in text.split(",")]
    return _scalar(member, text)


def _body_values(
    api: ServiceApi, model: OperationModel, shape: Shape, body: bytes, *, kind: str, is_xml: bool
) -> dict[str, Any]:
    """What stands in the body: the payload by its name, or the members that stand nowhere else."""
    payload = shape.serialization.get("payload")
    if payload is not None:
        member = shape.members[payload]
        if member.type_name in {"blob", "string"} or _is_stream(member):
            is_text = member.type_name == "string" and body and not _is_stream(member)
            return {payload: body.decode("utf-8", "replace")} if is_text else {}
        value = _of_body(api, f"{model.name} {payload}", member, body, kind=kind, is_xml=is_xml)
        return {} if value is None else {payload: value}
    if not has_body_to_read(shape):
        return {}
    value = _of_body(api, model.name, shape, body, kind=kind, is_xml=is_xml) or {}
    return {name: item for name, item in value.items() if not shape.members[name].serialization.get("location")}


def _of_body(api: ServiceApi, operation: str, shape: Shape, body: bytes, *, kind: str, is_xml: bool) -> Any:
    if not body.strip():
        return None
    if is_xml:
        make = xml_reader.readers
        tree: Any = parse_xml(body)
    else:
        make = json.readers if kind == "request" else _answer_readers
        tree = bounded_tree(body)
    name = f"observe {'xml' if is_xml else 'rest-json'} {kind}"
    return api.closure(name, operation, shape, lambda: make().lenient())(tree)


def _answer_readers() -> Compilation:
    """Readers that leave timestamps of ISO 8601 as they came: records show all their digits (REC-6.2)."""
    return tree_reader({**json.READER_LEAVES, "timestamp": _read_timestamp})


def _read_timestamp(shape: Shape) -> Callable[[Any], Any]:
    read = json.READER_LEAVES["timestamp"](shape)
    is_text = str(shape.serialization.get("timestampFormat", "")).lower() == "iso8601"
    return lambda node: node if is_text and type(node) is str else read(node)
