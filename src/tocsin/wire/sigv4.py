"""Signature Version 4: what a client must have computed. Spec: WIRE-5.7, WIRE-5.8; AWS "Signature Version 4".

Rule: raw path and raw query string are used, as they came; nothing is compared but in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.wire.message import WireRequest

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_BLANKS = re.compile(r"\s+")
_UNRESERVED = "-_.~"


class Credential(NamedTuple):
    """The parts of a credential: access key, day, region, service."""

    access_key: str
    day: str
    region: str
    service: str

    @property
    def scope(self) -> str:
        """The scope as it is signed."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def signatures(
    request: WireRequest, credential: Credential, *, secret: str, date: str, signed: Sequence[str], payload_hash: str
) -> tuple[str, ...]:
    """The signatures that are right for a request: clients differ in how they write the query string (WIRE-5.7)."""
    found = []
    for query in dict.fromkeys((_query_as_sent(request.query_string), _query_encoded(request.query_string))):
        canonical = canonical_request(request, signed=signed, query=query, payload_hash=payload_hash)
        to_sign = "\n".join((ALGORITHM, date, credential.scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = _signing_key(secret, credential.day, credential.region, credential.service)
        found.append(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest())
    return tuple(found)


def canonical_request(request: WireRequest, *, signed: Sequence[str], query: str, payload_hash: str) -> str:
    """The canonical request."""
    headers = "".join(f"{name}:{_value_of(request, name)}\n" for name in signed)
    return "\n".join((request.method, _path(request.raw_path), query, headers, ";".join(signed), payload_hash))


def _value_of(request: WireRequest, name: str) -> str:
    wanted = name.encode("latin-1")
    values = [value.decode("latin-1") for key, value in request.headers if key == wanted]
    return ",".join(_BLANKS.sub(" ", value.strip()) for value in values)


def _path(raw: bytes) -> str:
    """Dot segments and doubled slashes removed, then encoded once more."""
    kept: list[str] = []
    text = raw.decode("latin-1")
    for part in text.split("/"):
        if part == "..":
            kept[-1:] = []
        elif part not in ("", "."):
            kept.append(part)
    tail = "/" if text.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + tail, safe="/~")


def _pairs(query: bytes) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in query.decode("latin-1").split("&") if part)
    return [(name, value) for name, _, value in parts if name != "X-Amz-Signature"]


def _query_as_sent(query: bytes) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(_pairs(query)))


def _query_encoded(query: bytes) -> str:
    decoded = ((unquote(name.replace("+", " ")), unquote(value.replace("+", " "))) for name, value in _pairs(query))
    encoded = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in decoded)
    return "&".join(f"{name}={value}" for name, value in encoded)


@lru_cache(maxsize=1_024)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
