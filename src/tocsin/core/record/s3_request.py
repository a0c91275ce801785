"""What of an S3 request goes into its record: S3 records show the request itself, not the model. Spec: REC-9.1."""

from __future__ import annotations

from typing import Any

import msgspec


class S3Request(msgspec.Struct, frozen=True, kw_only=True):
    """Names, query and body of a request to S3.

    `host` is the Host header. `labels` are what stands in the path of a request to S3 control.
    `query` holds the fields of the query string, `headers` those in lower case.
    `body` is the XML as a tree under its root's name (REC-9.1), `document` a JSON policy; both None when there is
    none. `body_size` counts the bytes that came in. `access` is how the request was signed: `AuthHeader`,
    `QueryString`, or None; `signature_version` is `SigV4`, `SigV4A` or `SigV2`.
    """

    host: str
    bucket: str | None = None
    key: str | None = None
    labels: dict[str, str] = {}
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    document: Any = None
    body_size: int = 0
    access: str | None = None
    signature_version: str | None = None
