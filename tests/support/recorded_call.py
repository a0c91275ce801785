"""What boto3 puts on the wire for a call, and the record that is made of it and of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tocsin.core.record import Circumstances, record_of
from tocsin.wire.answer_reader import ObservedAnswer, read_answer
from tocsin.wire.model import ServiceModels
from tocsin.wire.observed import ObservedCall, ObservedRequest, Unobserved, observe

AT = datetime(2026, 7, 25, 10, 20, 30, 999_999, tzinfo=UTC)
CIRCUMSTANCES = Circumstances(
    at=AT,
    event_id="00000000-0000-4000-8000-000000000001",
    request_id="00000000-0000-4000-8000-000000000002",
    account="111122223333",
    identity={"type": "Root", "accountId": "111122223333"},
    source_address="192.0.2.7",
    user_agent="Boto3/1.0",
    host="localhost:4566",
)
MODELS = ServiceModels()
_CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class _Body:
    """The body of an answer as botocore takes it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Any:
        yield self._body

    def read(self, *_: object) -> bytes:
        return self._body


def client(service: str, region: str = "eu-west-1", **settings: Any) -> Any:
    """A client of AWS that reaches nothing; requests are caught before they are sent."""
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x" * 40,
        config=_CONFIG.merge(Config(**settings)) if settings else _CONFIG,
    )


def sent(service: Any, operation: str, parameters: dict[str, Any]) -> ObservedRequest:
    """The request of a call, as a proxy would see it. `operation` is the name of the client's method."""
    seen: list[ObservedRequest] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        seen.append(observed_request(request))
        return AWSResponse(request.url, 500, {}, _Body(b""))

    service.meta.events.register("before-send", catch)
    try:
        getattr(service, operation)(**parameters)
    except (ClientError, BotoCoreError):
        pass
    finally:
        service.meta.events.unregister("before-send", catch)
    return seen[0]


def observed_request(request: Any) -> ObservedRequest:
    """A prepared request of botocore as it would arrive."""
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.read() if hasattr(body, "read") else body
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers.setdefault("host", url.netloc)
    return ObservedRequest(
        method=request.method,
        raw_path=(url.path or "/").encode(),
        query_string=url.query.encode(),
        headers=tuple(
            (name.encode(), value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape"))
            for name, value in headers.items()
        ),
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def call_of(request: ObservedRequest, **options: Any) -> ObservedCall:
    """The call that a request is recognised as."""
    observed = observe(request, MODELS, **options)
    assert not isinstance(observed, Unobserved), observed
    return observed


def record(
    request: ObservedRequest,
    body: bytes = b"",
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The record of a request and its answer."""
    observed = call_of(request, **options)
    answer = read_answer(observed, ObservedAnswer(status=status, headers=headers or {}, body=body))
    return record_of(observed.call, answer, CIRCUMSTANCES)
