"""A request and an answer of HTTP, as far as AWS's protocols look at them. Spec: WIRE-1.5, WIRE-1.15."""

from __future__ import annotations

from functools import cached_property

import msgspec


class WireRequest(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One request as it was received. Header names are in lower case; a header that came twice is there twice.

    `raw_path` and `query_string` are undecoded, as signatures need them; `body` is as received, still
    packed if it came packed.
    """

    method: str
    raw_path: bytes
    query_string: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that name (in lower case), decoded as Latin-1; None when there is none."""
        value = self._first.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    @cached_property
    def _first(self) -> dict[bytes, bytes]:
        return dict(reversed(self.headers))


class WireResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, ready to be sent; Content-Length and Date are the server's business."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
