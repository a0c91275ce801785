"""Header fields on their way through a proxy. Spec: REC-1.1; RFC 9110 section 7.6, RFC 9112 section 6.

Rule: fields keep their order and the case of their names; only those go that are about one connection alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Field = tuple[bytes, bytes]

_HOP_BY_HOP: Final = frozenset(
    (b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"http2-settings", b"proxy-authenticate")
)
"""Of one connection alone. Connection and Keep-Alive go through: each client has a connection of its own behind."""

_NEVER_NAMED: Final = frozenset((b"close", b"keep-alive", b"host", b"content-length", b"authorization"))
"""What a Connection field may say without the field of that name being taken out."""


def has_token(fields: Iterable[Field], name: bytes, token: bytes) -> bool:
    """Whether one of the fields of that name (in lower case) lists a token (in lower case)."""
    return any(
        token in (part.strip() for part in value.lower().split(b","))
        for field, value in fields
        if field.lower() == name
    )


def passed_on(fields: Sequence[Field]) -> list[Field]:
    """The fields that go on to the other side."""
    listed = {
        part.strip() for name, value in fields if name.lower() == b"connection" for part in value.lower().split(b",")
    } - _NEVER_NAMED
    left_out = _HOP_BY_HOP | listed
    if not listed:
        return [field for field in fields if field[0].lower() not in left_out]
    kept = [field for field in fields if field[0].lower() not in left_out and field[0].lower() != b"connection"]
    tokens = (token for token in (b"close", b"keep-alive") if has_token(fields, b"connection", token))
    kept.extend((b"Connection", token) for token in tokens)
    return kept


def head(first_line: bytes, fields: Iterable[Field]) -> bytes:
    """The head of a message, with the blank line behind it."""
    lines = [first_line]
    for name, value in fields:
        lines.append(name + b": " + value)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def chunk(data: bytes) -> bytes:
    """Data as one chunk of a body without a length."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[Field]) -> bytes:
    """The end of such a body."""
    return b"0\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in trailers) + b"\r\n"
