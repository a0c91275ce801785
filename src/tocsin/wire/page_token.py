"""Pagination tokens: opaque, and bound to the request that they continue. Spec: WIRE-9.1, WIRE-9.2.

Rule: a token holds the sort position of the last item, never an offset, and nothing that is secret; it
is signed, not encrypted. One that was not made by this installation for this very request is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Position = tuple[str | int | None, ...]
"""Where a page ended: the sort key of its last item."""

_VERSION = 1
_DIGEST_SIZE = 16
_LONGEST = 4096
_SHORTEST_KEY = 16


class PageTokenError(Exception):
    """A token that is malformed, forged, too old, or that belongs to another request."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    version: int
    made_at: int
    position: Position


class PageTokens:
    """Makes and opens tokens with a key of this installation; one that survives restarts."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"the key of page tokens needs {_SHORTEST_KEY} bytes or more")
        self._key = key
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Content).decode

    def seal(self, position: Sequence[str | int | None], binding: object, *, at: int) -> str:
        """A token, in letters, digits, `-` and `_`.

        `binding` is whatever the next request must have in common with this one, in builtin types; `at` the
        time in milliseconds since the epoch.
        """
        content = self._encode(_Content(_VERSION, at, tuple(position)))
        return base64.urlsafe_b64encode(self._digest(content, binding) + content).rstrip(b"=").decode("ascii")

    def open(self, token: str, binding: object, *, at: int, lifetime: int | None = None) -> Position:
        """The position in a token. With a `lifetime`, in milliseconds, one that is older is refused.

        Raises:
            PageTokenError: the token is not one of ours for this request.
        """
        if not token or len(token) > _LONGEST:
            raise PageTokenError
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            digest, content = raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]
            if not hmac.compare_digest(digest, self._digest(content, binding)):
                raise PageTokenError
            sealed = self._decode(content)
        except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError):
            raise PageTokenError from None
        if sealed.version != _VERSION or (lifetime is not None and at - sealed.made_at > lifetime):
            raise PageTokenError
        return sealed.position

    def _digest(self, content: bytes, binding: object) -> bytes:
        bound = msgspec.msgpack.encode(binding, order="deterministic")
        text = len(content).to_bytes(4, "big") + content + bound
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_DIGEST_SIZE]
