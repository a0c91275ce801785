"""A call of an API as plain data: what was asked, what was answered, and around what. Spec: REC-3, REC-4.

The pieces that `record_of` makes a record of. Values go by the model's member names: str, int, float, bool, bytes,
aware datetime, list, dict.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tocsin.core.record.s3_request import S3Request
from tocsin.core.record.shape import Shape

Values = dict[str, Any]


class ApiCall(msgspec.Struct, frozen=True, kw_only=True):
    """One operation that a client called.

    `service` is the name of the service's model (`elbv2`), `signing_name` what its clients sign with
    (`elasticloadbalancing`). `path_date` is the date that the operation's path begins
    with, of eight digits (Lambda), else empty. `region` is the one that the call was made to.
    `parameters` is None where the request could not be read; `omitted_size` is then its size in bytes if it was
    for being too large. `is_rest_json` says how the service speaks (REC-6.2).
    """

    service: str
    signing_name: str
    operation: str
    region: str
    input: Shape | None
    output: Shape | None
    parameters: Values | None
    omitted_size: int = 0
    is_rest_json: bool = False
    path_date: str = ""
    s3: S3Request | None = None


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: `code` is the name of the error's shape, else what was on the wire (REC-15.2).

    `wire_code` is what was on the wire; `message` is None where there was none.
    """

    code: str
    wire_code: str
    message: str | None
    status: int


class ApiAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: `output` or `error`, and the service's id of the request.

    `output` is None where there is none to be read; `omitted_size` is then its size if it was too large. `is_true`
    says that an answer of EC2 had `<return>true</return>`.
    `headers` are those of the answer, in lower case, as far as S3's records need them (REC-9.4, 9.6).
    """

    output: Values | None = None
    error: ApiError | None = None
    request_id: str | None = None
    omitted_size: int = 0
    is_true: bool = False
    headers: dict[str, str] = {}
    body_size: int = 0


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How the client's connection was protected: `TLSv1.3`, `TLS_AES_128_GCM_SHA256`."""

    version: str
    cipher: str


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Who called, from where, and when the answer was complete (REC-1.4).

    `identity` is the userIdentity as it is to be written (REC-14), `account` the one that owns the credentials.
    `event_id` is a new UUID; `request_id` is used where the answer brings none. `host` is the Host header.
    """

    at: datetime
    event_id: str
    request_id: str
    account: str
    identity: dict[str, Any]
    source_address: str
    user_agent: str | None = None
    host: str | None = None
    tls: Tls | None = None
