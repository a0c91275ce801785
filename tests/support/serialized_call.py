"""Requests as botocore writes them from parameters and model alone: without client, credentials or network."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from botocore.serialize import SERIALIZERS, create_serializer
from botocore.utils import percent_encode_sequence

from tocsin.wire.model import ServiceApi
from tocsin.wire.observed import ObservedRequest

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"


def protocol_of(api: ServiceApi) -> str:
    """The first protocol of a service that botocore can write."""
    return next(protocol for protocol in api.protocols if protocol in SERIALIZERS)


def serialized(
    api: ServiceApi,
    operation: str,
    parameters: dict[str, Any],
    *,
    protocol: str | None = None,
    region: str = "us-east-1",
) -> ObservedRequest:
    """The request for an operation, signed for its service (the signature itself is left out)."""
    model = api.model.operation_model(operation)
    serializer = create_serializer(protocol or protocol_of(api), include_validation=False)
    written = serializer.serialize_to_request(parameters, model)
    path, _, query = written["url_path"].partition("?")
    fields = written["query_string"]
    more = percent_encode_sequence(fields) if fields else ""
    body = written["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True, encoding="utf-8").encode()
    elif hasattr(body, "read"):
        body = body.read()
    elif isinstance(body, str):
        body = body.encode()
    scope = f"{ACCESS_KEY}/20260725/{region}/{api.signing_name}/aws4_request"
    headers = {
        "host": f"{api.model.metadata['endpointPrefix']}.{region}.amazonaws.com",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
        **{name.lower(): value for name, value in dict(written["headers"]).items()},
    }
    return ObservedRequest(
        method=written["method"],
        raw_path=path.encode(),
        query_string="&".join(part for part in (query, more) if part).encode(),
        headers=tuple(
            (name.encode(), value if isinstance(value, bytes) else str(value).encode())
            for name, value in headers.items()
        ),
        body=body or b"",
    )
