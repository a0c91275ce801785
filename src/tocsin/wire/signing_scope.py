"""Who signed a request, and for what: the credential scope, unverified. Spec: REC-3.1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec

if TYPE_CHECKING:
    from tocsin.wire.message import WireRequest

_V4: Final = re.compile(
    r"Credential=([^/,\s]{1,128})/[^/,\s]{1,16}/([A-Za-z0-9-]{1,64})/([A-Za-z0-9-]{1,64})/aws4_request", re.ASCII
)
_V4A: Final = re.compile(r"Credential=([^/,\s]{1,128})/[^/,\s]{1,16}/([A-Za-z0-9-]{1,64})/aws4_request", re.ASCII)
_V2: Final = re.compile(r"AWS ([^:\s]{1,128}):", re.ASCII)
_QUERY_SIZE: Final = 64 * 1024


class SigningScope(msgspec.Struct, frozen=True, kw_only=True):
    """The access key, the region (empty where the signature names none), the service's signing name.

    `version` is that of the signature, `SigV4`, `SigV4A` or `SigV2`; `is_in_query` says that the URL is presigned.
    """

    access_key: str
    region: str
    service: str
    version: str
    is_in_query: bool = False


def signing_scope(request: WireRequest) -> SigningScope | None:
    """The scope in the Authorization header, else in the query string; None for a request that is not signed."""
    authorization = request.header("authorization")
    if authorization:
        return _of_header(authorization.strip(), request)
    query = request.query_string
    if b"X-Amz-Credential=" not in query and b"AWSAccessKeyId=" not in query:
        return None
    if len(query) > _QUERY_SIZE:
        return None
    fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    credential = fields.get("X-Amz-Credential")
    if credential is not None:
        return _of_credential(f"Credential={credential}", request, is_in_query=True)
    key = fields.get("AWSAccessKeyId", "")[:128]
    return SigningScope(access_key=key, region="", service="s3", version="SigV2", is_in_query=True) if key else None


def _of_header(authorization: str, request: WireRequest) -> SigningScope | None:
    old = _V2.match(authorization)
    if old:
        return SigningScope(access_key=old[1], region="", service="s3", version="SigV2")
    return _of_credential(authorization, request, is_in_query=False)


def _of_credential(text: str, request: WireRequest, *, is_in_query: bool) -> SigningScope | None:
    match = _V4.search(text)
    if match:
        key, region, service = match.groups()
        return SigningScope(access_key=key, region=region, service=service, version="SigV4", is_in_query=is_in_query)
    match = _V4A.search(text)
    if match is None:
        return None
    regions = request.header("x-amz-region-set") or ""
    region = regions.partition(",")[0].strip()
    return SigningScope(
        access_key=match[1],
        region="" if "*" in region else region,
        service=match[2],
        version="SigV4A",
        is_in_query=is_in_query,
    )
