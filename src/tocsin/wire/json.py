"""JSON 1.0 and 1.1: bodies to values and back. Spec: WIRE-2.2, WIRE-2.5, WIRE-2.6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.wire.scalar import (
    INTEGER_RANGES,
    SPECIAL_DOUBLES,
    blob_from_text,
    blob_text,
    clean_tree,
    epoch_seconds,
    moment_from_epoch,
    moment_from_text,
    moment_text,
    special_double,
)
from tocsin.wire.shape import Compilation, ParseError, keep, tree_reader, tree_writer, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from botocore.model import Shape

_decoder: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder()

# An escape of JSON: a pair of surrogates, a lone one, or any other.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def decode_tree(body: bytes) -> Any:
    """The tree of dicts, lists and scalars in a body; an empty body is `{}` (WIRE-2.6).

    `NaN` and its like are not JSON. Lone surrogates become U+FFFD (WIRE-2.3).

    Raises:
        ParseError: the body is not JSON, nested deeper than the decoder bears, or has a number beyond all sizes.
    """
    if not body:
        return {}
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise ParseError("The request is nested too deeply") from None
    except (msgspec.MsgspecError, ValueError):
        pass
    cleaned = _ESCAPE.sub(lambda match: rb"\ufffd" if match[1] else match[0], body)
    try:
        return _decoder.decode(cleaned)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ParseError("Could not parse request body into json") from None


def encode_tree(tree: Any) -> bytes:
    """The body of a tree."""
    try:
        return _encoder.encode(tree)
    except UnicodeEncodeError:
        return _encoder.encode(clean_tree(tree))


# --- scalars of requests --------------------------------------------------------------------------------


def read_string(_shape: Shape) -> Callable[[Any], Any]:
    """Texts."""

    def read(node: Any) -> str:
        if type(node) is not str:
            raise ParseError(unexpected(node, "string"))
        return node

    return read


def read_integer(shape: Shape) -> Callable[[Any], Any]:
    """Whole numbers within the range of their type; a float without fraction is one (WIRE-2.4)."""
    kind = shape.type_name
    low, high = INTEGER_RANGES[kind]

    def read(node: Any) -> int:
        if type(node) is float and node.is_integer():
            node = int(node)
        if type(node) is not int:
            raise ParseError(unexpected(node, kind))
        if not low <= node <= high:
            raise ParseError(f"{unexpected(node, kind)}: out of range")
        return node

    return read


def read_double(shape: Shape) -> Callable[[Any], Any]:
    """Doubles; whole numbers are some, and so are three strings."""
    kind = shape.type_name

    def read(node: Any) -> float:
        if type(node) is float:
            return node
        if type(node) is int:
            try:
                return float(node)
            except OverflowError:
                raise ParseError(f"{unexpected(node, kind)}: out of range") from None
        special = SPECIAL_DOUBLES.get(node) if type(node) is str else None
        if special is None:
            raise ParseError(unexpected(node, kind))
        return special

    return read


def read_boolean(_shape: Shape) -> Callable[[Any], Any]:
    """`true` and `false`, nothing else."""

    def read(node: Any) -> bool:
        if type(node) is not bool:
            raise ParseError(unexpected(node, "boolean"))
        return node

    return read


def _read_blob(_shape: Shape) -> Callable[[Any], Any]:
    def read(node: Any) -> bytes:
        if type(node) is not str:
            raise ParseError(unexpected(node, "blob"))
        return blob_from_text(node)

    return read


def _read_timestamp(_shape: Shape) -> Callable[[Any], Any]:
    def read(node: Any) -> datetime:
        if type(node) is int or type(node) is float:
            return moment_from_epoch(node)
        if type(node) is str:
            return moment_from_text(node)
        raise ParseError(unexpected(node, "timestamp"))

    return read


READER_LEAVES: Final = {
    "string": read_string,
    "character": read_string,
    "byte": read_integer,
    "short": read_integer,
    "integer": read_integer,
    "long": read_integer,
    "float": read_double,
    "double": read_double,
    "boolean": read_boolean,
    "blob": _read_blob,
    "timestamp": _read_timestamp,
}

# --- scalars of answers -----------------------------------------------------------------------------------


def _write_double(_shape: Shape) -> Callable[[Any], Any]:
    def write(value: Any) -> float | str:
        number = float(value)
        return special_double(number) or number

    return write


def _write_timestamp(shape: Shape) -> Callable[[Any], Any]:
    timestamp_format = str(shape.serialization.get("timestampFormat", "unixtimestamp")).lower()
    if timestamp_format == "unixtimestamp":
        return epoch_seconds
    return lambda moment: moment_text(moment, timestamp_format)


def _as_it_is(_shape: Shape) -> Callable[[Any], Any]:
    return keep


WRITER_LEAVES: Final = {
    "string": _as_it_is,
    "character": _as_it_is,
    "byte": _as_it_is,
    "short": _as_it_is,
    "integer": _as_it_is,
    "long": _as_it_is,
    "float": _write_double,
    "double": _write_double,
    "boolean": _as_it_is,
    "blob": lambda _shape: blob_text,
    "timestamp": _write_timestamp,
}


def readers() -> Compilation:
    """The readers of one service's requests."""
    return tree_reader(READER_LEAVES)


def writers() -> Compilation:
    """The writers of one service's answers."""
    return tree_writer(WRITER_LEAVES)
