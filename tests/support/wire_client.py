"""Real AWS clients in process: botocore's whole stack, without a socket. Spec: WIRE-6.3, WIRE-6.4.

A client of a service, whose requests go to a callable `(WireRequest) -> WireResponse`:

    logs = client("logs", target)
    cloudwatch = client("cloudwatch", target, protocol="cbor")      # or "query", or "json", its own choice

`target` is the server's entry, or, for tests of handlers alone, a `Dispatcher`:

    dispatcher = Dispatcher(service, logs_operations, cloudwatch_operations)
    client("logs", dispatcher).create_log_group(logGroupName="g")

It detects, decodes, validates, calls the handler and encodes, and does nothing else: no authentication, no
limits. The account is 111122223333 and the region that of the client. Errors of Tocsin become faults by
`Operations.fault_of`; any other exception goes through to the test. What a handler gives must be what the
model says: unknown members, wrong types and missing required members are assertion errors.

With an address in place of `target` (`client("logs", "http://127.0.0.1:4590")`) requests go over a socket.

`client(..., check=False)` switches off botocore's own validation, to send what it would refuse. Clients do not
retry. `wire_request` makes a `WireRequest` by hand, `wire_request_of` makes one of what botocore is about to send.
"""

from __future__ import annotations

import itertools
import os
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import msgspec
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.loaders import Loader
from botocore.validate import ParamValidator

from tocsin.api.operation import Context, Operations
from tocsin.core.scope import Scope
from tocsin.errors import TocsinError
from tocsin.wire import codec
from tocsin.wire.call import UnknownCallError
from tocsin.wire.detection import detect
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import not_supported
from tocsin.wire.message import WireRequest, WireResponse
from tocsin.wire.model import ServiceModels
from tocsin.wire.page_token import PageTokens
from tocsin.wire.validate import validate

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from tocsin.app.service import Service

Target = Callable[[WireRequest], WireResponse]

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
ENDPOINT = "http://tocsin.localhost:4590"
MODELS = ServiceModels()
_PROTOCOL_NAMES = {"json": "json", "query": "query", "cbor": "smithy-rpc-v2-cbor"}


class _OneProtocol(Loader):
    """Gives models that know one protocol only, if they know it at all."""

    def __init__(self, protocol: str) -> None:
        super().__init__(extra_search_paths=[self.BUILTIN_DATA_PATH], include_default_search_paths=False)
        self._protocol = protocol

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2" and self._protocol in model["metadata"].get("protocols", ()):
            model = deepcopy(model)
            model["metadata"].update(protocol=self._protocol, protocols=[self._protocol])
        return model


@cache
def _session(protocol: str | None) -> botocore.session.Session:
    variables = {
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "profile": (None, None, None, None),
    }
    session = botocore.session.Session(session_vars=variables)
    if protocol is not None:
        session.register_component("data_loader", _OneProtocol(_PROTOCOL_NAMES[protocol]))
    return session


class _Raw:
    """As much of urllib3's response as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: object, **_kwargs: object) -> Iterable[bytes]:
        yield self._body

    def read(self, *_args: object, **_kwargs: object) -> bytes:
        body, self._body = self._body, b""
        return body


def client(
    service: str,
    target: Target | str,
    *,
    protocol: str | None = None,
    region: str = REGION,
    access_key: str = ACCESS_KEY,
    secret: str = "secret",
    token: str | None = None,
    check: bool = True,
    **config: Any,
) -> BaseClient:
    """A botocore client of a service whose requests are answered by `target`; `config` goes to `Config`."""
    made = _session(protocol).create_client(
        service,
        region_name=region,
        endpoint_url=target if isinstance(target, str) else ENDPOINT,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(parameter_validation=check, retries={"mode": "standard", "total_max_attempts": 1}, **config),
    )

    if isinstance(target, str):
        return made

    def answer(request: Any, **_: object) -> AWSResponse:
        response = target(wire_request_of(request))
        headers = dict(response.headers)
        headers.setdefault("Content-Length", str(len(response.body)))
        return AWSResponse(request.url, response.status, headers, _Raw(response.body))

    made.meta.events.register("before-send", answer)
    return made


def wire_request_of(request: Any) -> WireRequest:
    """A request that botocore is about to send, as a server receives it."""
    url = urllib.parse.urlsplit(request.url)
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = [(b"host", url.netloc.encode())]
    for name, value in request.headers.items():
        text = value if isinstance(value, bytes) else str(value).encode("latin-1")
        headers.append((name.lower().encode(), text))
    return WireRequest(
        method=request.method,
        raw_path=(url.path or "/").encode(),
        query_string=url.query.encode(),
        headers=tuple(headers),
        body=bytes(body or b""),
    )


def wire_request(
    body: bytes | str = b"",
    *,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> WireRequest:
    """A request made by hand."""
    return WireRequest(
        method=method,
        raw_path=path.encode(),
        query_string=query.encode(),
        headers=tuple((name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()),
        body=body.encode() if isinstance(body, str) else body,
    )


def scope_header(service: str, region: str = REGION, access_key: str = ACCESS_KEY) -> dict[str, str]:
    """An `Authorization` header with a credential scope and no valid signature."""
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request,"
        " SignedHeaders=host;x-amz-date, Signature=00"
    }


class Dispatcher:
    """The way of a request through detection, codec, validation and handler, and back."""

    def __init__(self, service: Service, *operations: Operations, account: str = ACCOUNT) -> None:
        self.service = service
        self.operations = {table.service: table for table in operations}
        self.account = account
        self.requests: list[WireRequest] = []
        self._numbers = itertools.count(1)
        self._page_tokens = PageTokens(b"\0" * 32)

    def __call__(self, request: WireRequest) -> WireResponse:
        self.requests.append(request)
        request_id = f"00000000-0000-4000-8000-{next(self._numbers):012}"
        if request.header("content-encoding") == "gzip":
            request = msgspec.structs.replace(request, body=zlib.decompress(request.body, 31))
        try:
            call = detect(request, MODELS)
        except UnknownCallError as error:
            return codec.encode_fault(error.guess, error.fault, request_id)
        try:
            result = self._handle(call, request, request_id)
        except Fault as fault:
            return codec.encode_fault(call, fault, request_id)
        except TocsinError as error:
            told = self.operations[call.service].fault_of(error)
            if told is None:
                raise
            return codec.encode_fault(call, told, request_id)
        check_output(call.model, result)
        return codec.encode_output(call, result, request_id)

    def _handle(self, call: Any, request: WireRequest, request_id: str) -> Any:
        parameters = codec.decode_input(call, request.body)
        validate(call, parameters)
        table = self.operations.get(call.service)
        handler = table.handlers.get(call.operation) if table else None
        if handler is None:
            raise not_supported(call)
        return handler(self._context(call, request, request_id), parameters)

    def _context(self, call: Any, request: WireRequest, request_id: str) -> Context:
        credential = (request.header("authorization") or "").partition("Credential=")[2].split(",")[0].split("/")
        key, region = (credential[0], credential[2]) if len(credential) > 2 else ("", REGION)
        account = self.account
        if call.link_arn:
            region, account = [*call.link_arn.split(":"), "", "", "", "", ""][3:5]
        return Context(
            service=call.service,
            operation=call.operation,
            protocol=call.protocol,
            is_query_mode=call.is_query_mode,
            scope=Scope(account=account, region=region),
            access_key=key,
            principal_arn=f"arn:aws:iam::{account}:user/tocsin",
            request_id=request_id,
            received_at=self.service.now(),
            source_address="192.0.2.1",
            user_agent=request.header("user-agent") or "",
            is_signed=bool(key),
            app=self.service,
            page_tokens=self._page_tokens,
        )


_SERIOUS = ("Unknown parameter", "Invalid type", "Missing required")


def check_output(model: Any, result: Any) -> None:
    """What a handler gives is what the model says: no other members, no other types, none missing."""
    if isinstance(result, bytes):
        return
    if model.output_shape is None:
        assert not result, f"{model.name} has no output"
        return
    report = ParamValidator().validate(_without_nulls(result or {}), model.output_shape).generate_report()
    found = [line for line in report.splitlines() if line.startswith(_SERIOUS) and "msgspec.Raw" not in line]
    assert not found, f"{model.name}: {found}"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value if item is not None]
    return value
