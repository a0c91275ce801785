"""CBOR as rpc-v2-cbor uses it: a strict decoder for exactly that, and bodies of answers. Spec: WIRE-2.11 to WIRE-2.13.

A general library accepts far more than the protocol has (cyclic values, sets, regular expressions, bignums), so
requests are read by hand. Answers are our own values: there the library is safe.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import cbor2

from tocsin.wire.json import read_boolean, read_double, read_integer, read_string
from tocsin.wire.limits import CBOR_ITEMS, NESTING
from tocsin.wire.scalar import clean_tree, epoch_seconds, moment_from_epoch
from tocsin.wire.shape import Compilation, ParseError, keep, tree_reader, tree_writer, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from botocore.model import Shape

_BREAK: Final = 0xFF
_INDEFINITE: Final = 31
_SELF_DESCRIBED: Final = b"\xd9\xd9\xf7"
_ARGUMENT_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_FLOATS: Final = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}
_SIMPLE: Final = {20: False, 21: True, 22: None, 23: None}


class _Break(Exception):  # noqa: N818  (CBOR's word for the end of a value without length)
    """The end of an indefinite value."""


class _Reader:
    """Reads data items off a body, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._size = len(body)
        self.position = 0
        self._items = 0

    def item(self, depth: int) -> Any:
        """The next data item.

        Raises:
            _Break: it is the end of an indefinite value.
            ParseError: it is none that the protocol has.
        """
        position = self.position
        if position >= self._size:
            raise ParseError("The CBOR body ends too early")
        self._items += 1
        if self._items > CBOR_ITEMS:
            raise ParseError(f"The CBOR body has more than {CBOR_ITEMS} data items")
        initial = self._body[position]
        self.position = position + 1
        major, info = initial >> 5, initial & 31
        if major == 3 and info < 24:  # short texts: keys, names
            return self._text(self._take(info))
        if major == 7:
            return self._simple(initial, info)
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        argument = info if info < 24 else self._argument(info)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(self._take(argument))
            case 4:
                self._check(argument, depth)
                return [self._value(depth + 1) for _ in range(argument)]
            case 5:
                self._check(argument * 2, depth)
                entries = {}
                for _ in range(argument):
                    key = self._key()
                    entries[key] = self._value(depth + 1)
                return entries
        return self._tagged(argument)

    def _value(self, depth: int) -> Any:
        try:
            return self.item(depth)
        except _Break:
            raise ParseError("Unexpected break in the CBOR body") from None

    def _key(self) -> str:
        if self._next_major() != 3:  # before it is read: what stands there may be nested
            raise ParseError("A key of a CBOR map is no text")
        return self._value(NESTING)  # type: ignore[no-any-return]  # major type 3 is text

    def _next_major(self) -> int:
        if self.position >= self._size:
            raise ParseError("The CBOR body ends too early")
        return self._body[self.position] >> 5

    def _argument(self, info: int) -> int:
        size = _ARGUMENT_SIZES.get(info)
        if size is None:
            raise ParseError("A CBOR data item has a reserved length")
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > self._size:
            raise ParseError("The CBOR body ends too early")
        taken = self._body[self.position : end]
        self.position = end
        return taken

    def _check(self, items: int, depth: int) -> None:
        """Each item takes a byte at least, so what is declared must still be there."""
        if items > self._size - self.position:
            raise ParseError("The CBOR body ends too early")
        if depth >= NESTING:
            raise ParseError(f"The CBOR body is nested deeper than {NESTING} levels")

    @staticmethod
    def _text(raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            # Surrogates, each on its own, are replaced as in JSON (WIRE-2.3); other bytes are an error.
            try:
                return (
                    raw.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                )
            except UnicodeDecodeError:
                raise ParseError("A CBOR text is not UTF-8") from None

    def _simple(self, initial: int, info: int) -> Any:
        if initial == _BREAK:
            raise _Break
        layout = _FLOATS.get(info)
        if layout is not None:
            return layout.unpack(self._take(layout.size))[0]
        if info not in _SIMPLE:
            raise ParseError("Unsupported simple value in the CBOR body")
        return _SIMPLE[info]

    def _indefinite(self, major: int, depth: int) -> Any:
        self._check(0, depth)
        match major:
            case 2:
                return b"".join(self._chunks(2))
            case 3:
                return "".join(self._text(chunk) for chunk in self._chunks(3))
            case 4:
                items: list[Any] = []
                try:
                    while True:
                        items.append(self.item(depth + 1))
                except _Break:
                    return items
            case 5:
                entries = {}
                while self._body[self.position : self.position + 1] != b"\xff":
                    key = self._key()
                    entries[key] = self._value(depth + 1)
                self.position += 1
                return entries
        raise ParseError("A CBOR data item has a reserved length")

    def _chunks(self, major: int) -> list[bytes]:
        chunks: list[bytes] = []
        while True:
            initial = self._take(1)[0]
            if initial == _BREAK:
                return chunks
            if initial >> 5 != major or initial & 31 == _INDEFINITE:
                raise ParseError("A chunk of a CBOR string is of another kind")
            self._items += 1
            info = initial & 31
            chunks.append(self._take(info if info < 24 else self._argument(info)))

    def _tagged(self, tag: int) -> datetime:
        if tag != 1:
            raise ParseError(f"CBOR tag {tag} is not supported")
        if self._next_major() not in {0, 1, 7}:
            raise ParseError("A CBOR timestamp is no number")
        seconds = self._value(NESTING)
        if type(seconds) is not int and type(seconds) is not float:
            raise ParseError("A CBOR timestamp is no number")
        return moment_from_epoch(seconds)


def decode_tree(body: bytes) -> Any:
    """The tree in a body: dicts, lists, scalars, and aware moments; zero bytes are an empty map.

    Raises:
        ParseError: the body is not CBOR of this protocol, is nested too deeply, or goes on behind its end.
    """
    if not body:
        return {}
    reader = _Reader(body)
    if body.startswith(_SELF_DESCRIBED):
        reader.position = len(_SELF_DESCRIBED)
    try:
        tree = reader.item(0)
    except _Break:
        raise ParseError("Unexpected break in the CBOR body") from None
    if reader.position != len(body):
        raise ParseError("The CBOR body goes on behind its end")
    return tree


def encode_tree(tree: Any) -> bytes:
    """The body of a tree."""
    try:
        return cbor2.dumps(tree)
    except UnicodeEncodeError:
        return cbor2.dumps(clean_tree(tree))


# --- scalars ------------------------------------------------------------------------------------------------


def _read_blob(_shape: Shape) -> Callable[[Any], Any]:
    def read(node: Any) -> bytes:
        if type(node) is not bytes:
            raise ParseError(unexpected(node, "blob"))
        return node

    return read


def _read_timestamp(_shape: Shape) -> Callable[[Any], Any]:
    from datetime import datetime

    def read(node: Any) -> datetime:
        if type(node) is not datetime:
            raise ParseError(unexpected(node, "timestamp"))
        return node

    return read


def _write_timestamp(_shape: Shape) -> Callable[[Any], Any]:
    return lambda moment: cbor2.CBORTag(1, epoch_seconds(moment))


def _as_it_is(_shape: Shape) -> Callable[[Any], Any]:
    return keep


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
WRITER_LEAVES: Final[dict[str, Callable[[Shape], Callable[[Any], Any]]]] = {
    "string": _as_it_is,
    "character": _as_it_is,
    "byte": _as_it_is,
    "short": _as_it_is,
    "integer": _as_it_is,
    "long": _as_it_is,
    "float": lambda _shape: float,
    "double": lambda _shape: float,
    "boolean": _as_it_is,
    "blob": _as_it_is,
    "timestamp": _write_timestamp,
}


def readers() -> Compilation:
    """The readers of one service's requests."""
    return tree_reader(READER_LEAVES)


def writers() -> Compilation:
    """The writers of one service's answers."""
    return tree_writer(WRITER_LEAVES)
