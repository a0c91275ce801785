"""The body of a request or answer as it passed by, unpacked within bounds. Spec: REC-1.3, WIRE-7.5."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from tocsin.wire import json
from tocsin.wire.limits import NESTING
from tocsin.wire.shape import ParseError

if TYPE_CHECKING:
    from tocsin.wire.message import WireRequest

UNPACKED_SIZE: Final = 1024 * 1024
"""Bytes that a packed body may become; of a longer one the beginning is given."""

_GZIP_OR_ZLIB: Final = 47


def observed_body(request: WireRequest) -> bytes:
    """The body of a request, unpacked; empty when it cannot be."""
    return unpacked_beginning(request.body, request.header("content-encoding"))


def unpacked_beginning(body: bytes, content_encoding: str | None) -> bytes:
    """As much of a body as can be had; nothing of one in an encoding that is not known."""
    encoding = (content_encoding or "").strip().lower()
    if encoding in {"", "identity", "aws-chunked"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return b""
    try:
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, UNPACKED_SIZE)
    except zlib.error:
        return b""


def bounded_tree(body: bytes) -> Any:
    """The tree of a JSON body that is nested no deeper than the other protocols may be: what is made of it is deep too.

    Raises:
        ParseError: it is no JSON, or is nested deeper.
    """
    tree = json.decode_tree(body)
    if body.count(b"{") + body.count(b"[") > NESTING and _is_deeper(tree, NESTING):
        raise ParseError("The request is nested too deeply")
    return tree


def _is_deeper(tree: Any, levels: int) -> bool:
    level = [tree]
    for _ in range(levels + 1):
        level = [
            item
            for value in level
            for item in (value.values() if type(value) is dict else value if type(value) is list else ())
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True
