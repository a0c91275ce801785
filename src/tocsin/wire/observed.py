"""A request and an answer that went over the network, recognised and read for a record. Spec: REC-2, REC-3, WIRE-10.

Rule: nothing here fails. What cannot be recognised gives an `Unobserved` that says why; what cannot be read is
recorded without (REC-3.6). Models are loaded one service at a time, when the first call of it is seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote_plus, unquote_to_bytes

import msgspec

from tocsin.core.record.call import ApiCall
from tocsin.core.record.region import recorded_region
from tocsin.core.record.s3_request import S3Request
from tocsin.wire.form import Form, parse_form
from tocsin.wire.message import WireRequest
from tocsin.wire.observed_body import observed_body
from tocsin.wire.request_reader import ReadRequest, RestRequest, read_request
from tocsin.wire.rest_route import query_fields
from tocsin.wire.s3_observed import is_control_request, is_s3_host, s3_place, s3_request
from tocsin.wire.service_index import service_index
from tocsin.wire.shape import ParseError
from tocsin.wire.signing_scope import SigningScope, signing_scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tocsin.wire.model import ServiceApi, ServiceModels

ObservedProtocol = Literal["json", "query", "ec2", "cbor", "rest-json", "rest-xml"]
"""How a request speaks: JSON 1.0 and 1.1 are one here."""

Reason = Literal["private", "preflight", "upload", "link", "excluded", "unrecognised"]
"""Why a request is not recorded (REC-2.2); only the last one is told in the log."""

EXCLUDED: Final = frozenset({("logs", "PutLogEvents"), ("cloudwatch", "PutMetricData"), ("xray", "PutTraceSegments")})
"""Calls that are never recorded: too many, and no management events (REC-2.2)."""

_HOST_SIZE: Final = 255
_S3_NAMES: Final = frozenset({"s3", "s3express"})
"""Signing names of S3's API; the second is that of directory buckets."""
_CBOR_PATH: Final = re.compile(rb"/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})/?$", re.ASCII)
_TARGET: Final = re.compile(r"([A-Za-z0-9_.-]{1,128})\.([A-Za-z0-9_]{1,128})", re.ASCII)
_ACTION_OR_VERSION: Final = re.compile(rb"(?:^|&)(Action|Version)=([^&]{1,400})")
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_ALSO_QUERY: Final = frozenset({"sqs"})
"""Services whose older clients speak query, though the model no longer says so."""
_PROTOCOLS: Final = {"json": "json", "cbor": "smithy-rpc-v2-cbor"}
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,128}", re.ASCII)
_LINKS: Final = frozenset({"ConfirmSubscription", "Unsubscribe"})
_PATH_DATE: Final = re.compile(r"/(\d{4})-(\d{2})-(\d{2})(?:/|$)", re.ASCII)


class ObservedRequest(WireRequest, frozen=True, kw_only=True):
    """A request as it passed by. `body` is its beginning, `body_length` the size of all of it; None: that is all."""

    body_length: int | None = None

    @property
    def is_truncated(self) -> bool:
        """Was there more of the body than was kept?"""
        return self.body_length is not None and self.body_length > len(self.body)


class Unobserved(msgspec.Struct, frozen=True, kw_only=True):
    """A request of which no record is made; `service` and `form` say what it looked like, for the log."""

    reason: Reason
    service: str = ""
    form: str = ""


class ObservedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request for an operation; `call` is what the record is made of.

    `api` is its ServiceApi, `model` botocore's OperationModel; `scope` is None for a call that is not signed.
    """

    protocol: ObservedProtocol
    api: Any  # a ServiceApi; msgspec would look at its type
    model: Any  # an OperationModel; as above
    scope: SigningScope | None
    call: ApiCall

    @property
    def is_unread(self) -> bool:
        """Could the parameters not be read, though they were there? Such a call is worth a count (WIRE-10.3)."""
        return self.call.parameters is None and not self.call.omitted_size

    @property
    def access_key(self) -> str | None:
        """The key that the request was signed with, unverified."""
        return self.scope.access_key if self.scope is not None else None


class _Found(msgspec.Struct, frozen=True):
    """The operation that a request is for, and what of the request was read to find out."""

    protocol: ObservedProtocol
    api: Any
    model: Any
    form: Form | None = ()
    rest: RestRequest | None = None
    s3: S3Request | None = None


def observe(
    request: ObservedRequest,
    models: ServiceModels,
    *,
    default_region: str = "us-east-1",
    s3_hosts: Collection[str] = (),
    assume_s3: bool = False,
) -> ObservedCall | Unobserved:
    """The call that a request is; `default_region` is that of requests which name none.

    `s3_hosts` are the names of S3's hosts besides AWS's, for buckets in the host's name (REC-9.2). `assume_s3` takes
    unsigned requests that nothing else tells for requests to S3 (REC-3.1).
    """
    if request.method == "OPTIONS":
        return Unobserved(reason="preflight")
    if request.raw_path.startswith(b"/_"):
        return Unobserved(reason="private")
    scope = signing_scope(request)
    host = (request.header("host") or "").lower()
    host = host if len(host) <= _HOST_SIZE else ""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data" and (scope is None or scope.service in _S3_NAMES):
        return Unobserved(reason="upload")
    body = observed_body(request)
    found = _find(request, body, models, scope, host=host, content_type=content_type)
    if found is None:
        found = _find_rest(request, body, models, scope, host=host, s3_hosts=s3_hosts, assume_s3=assume_s3)
    if isinstance(found, Unobserved):
        return found
    if found is None:
        return Unobserved(reason="unrecognised", service=scope.service if scope else "", form=_form_of(request))
    if (found.api.name, found.model.name) in EXCLUDED:
        return Unobserved(reason="excluded", service=found.api.name)
    read = read_request(found.protocol, found.api, found.model, request, body, form=found.form, rest=found.rest)
    return ObservedCall(
        protocol=found.protocol,
        api=found.api,
        model=found.model,
        scope=scope,
        call=_api_call(found, read, scope, host=host, default_region=default_region),
    )


def _api_call(
    found: _Found,
    read: ReadRequest,
    scope: SigningScope | None,
    *,
    host: str,
    default_region: str,
) -> ApiCall:
    api: ServiceApi = found.api
    region = (scope.region if scope is not None else "") or default_region
    path_date = _PATH_DATE.match(found.model.http.get("requestUri", "")) if api.name == "lambda" else None
    return ApiCall(
        service=api.name,
        signing_name=scope.service if scope is not None and found.s3 is not None else api.signing_name,
        operation=found.model.name,
        region=recorded_region(api.name, region, host=host),
        input=api.record_shapes.shape(found.model.input_shape),
        output=api.record_shapes.shape(found.model.output_shape),
        parameters=read.parameters,
        omitted_size=read.omitted_size,
        is_rest_json=found.protocol == "rest-json",
        path_date="".join(path_date.groups()) if path_date else "",
        s3=found.s3,
    )


def _form_of(request: ObservedRequest) -> str:
    """What an unknown request looks like, without what it says."""
    target = request.header("x-amz-target")
    if target:
        return f"target {target[:100]}"
    first = request.raw_path.split(b"/", 2)[1:2] or [b""]
    return f"{request.method} /{first[0][:40].decode('latin-1')}"


def _find(
    request: ObservedRequest,
    body: bytes,
    models: ServiceModels,
    scope: SigningScope | None,
    *,
    host: str,
    content_type: str,
) -> _Found | Unobserved | None:
    """The operation (REC-3.2); None for a request that is for none."""
    signing_name = scope.service if scope is not None else None
    found: _Found | Unobserved | None = None
    if content_type == _FORM_TYPE and request.method == "POST":
        found = _find_query(request, body, models, signing_name, host=host)
    path = _CBOR_PATH.search(request.raw_path)
    if found is None and path is not None:
        names = _candidates(path[1].decode("ascii"), signing_name)
        found = _operation(names, path[2].decode("ascii"), models, "cbor")
    target = _TARGET.fullmatch(request.header("x-amz-target") or "")
    if found is None and target is not None:
        found = _operation(_candidates(target[1], signing_name), target[2], models, "json")
    if found is None:
        may_be_form = request.method == "POST" and not content_type
        if (may_be_form and body) or _has_action(request.query_string):
            found = _find_query(request, body if may_be_form else b"", models, signing_name, host=host)
    return found


def _has_action(query_string: bytes) -> bool:
    return b"Action=" in (unquote_to_bytes(query_string) if b"%" in query_string else query_string)


def _candidates(target_prefix: str, signing_name: str | None) -> list[str]:
    """The models of a target prefix; the signature decides among them, and alone where the prefix is not known."""
    index = service_index()
    by_target = index.by_target(target_prefix)
    if signing_name is None:
        return by_target
    signed = index.by_signing_name(signing_name)
    return [name for name in by_target if name in signed] or by_target or signed


def _operation(
    candidates: Iterable[str], operation: str, models: ServiceModels, protocol: Literal["json", "cbor"]
) -> _Found | None:
    """The first candidate that speaks the protocol and has the operation.

    A header or a path of another protocol than the service's must not hide what the call is.
    """
    for name in candidates:
        api = _api(models, name)
        if api is None or _PROTOCOLS[protocol] not in api.protocols:
            continue
        model = api.operation(operation)
        if model is not None:
            return _Found(protocol, api, model)
    return None


def _find_rest(
    request: ObservedRequest,
    body: bytes,
    models: ServiceModels,
    scope: SigningScope | None,
    *,
    host: str,
    s3_hosts: Collection[str],
    assume_s3: bool,
) -> _Found | None:
    """The operation by method and path (REC-3.2)."""
    query = query_fields(request.query_string)
    index = service_index()
    signing_name = scope.service if scope is not None else None
    if signing_name in _S3_NAMES or (signing_name is None and (assume_s3 or is_s3_host(host, s3_hosts))):
        return _find_s3(request, body, models, scope, query, host=host, s3_hosts=s3_hosts)
    names = index.by_host(host) if signing_name is None else index.by_signing_name(signing_name, host=host)
    path = request.raw_path.decode("utf-8", "replace")
    for name in names:
        api = _api(models, name)
        protocol = _rest_protocol(api)
        if api is None or protocol is None:
            continue
        match = api.routes.match(request.method, path, dict(query))
        model = api.operation(match.operation) if match is not None else None
        if match is not None and model is not None:
            return _Found(protocol, api, model, rest=RestRequest(labels=match.labels, query=query))
    return None


def _rest_protocol(api: ServiceApi | None) -> Literal["rest-json", "rest-xml"] | None:
    protocols = api.protocols if api is not None else ()
    return "rest-json" if "rest-json" in protocols else "rest-xml" if "rest-xml" in protocols else None


def _find_s3(
    request: ObservedRequest,
    body: bytes,
    models: ServiceModels,
    scope: SigningScope | None,
    query: list[tuple[str, str]],
    *,
    host: str,
    s3_hosts: Collection[str],
) -> _Found | None:
    if is_control_request(request, host):
        api, place = models.service("s3control"), None
        path = request.raw_path.decode("utf-8", "replace")
    else:
        api, place = models.service("s3"), s3_place(request.raw_path, host, s3_hosts)
        path = place.path
    match = api.routes.match(request.method, path, dict(query), [name.decode("latin-1") for name, _ in request.headers])
    model = api.operation(match.operation) if match is not None else None
    if match is None or model is None:
        return None
    rest = RestRequest(labels=match.labels, query=query)
    return _Found(
        "rest-xml", api, model, rest=rest, s3=s3_request(request, body, model, scope=scope, rest=rest, place=place)
    )


def _api(models: ServiceModels, name: str) -> ServiceApi | None:
    try:
        return models.service(name)
    except KeyError:
        return None


def _find_query(
    request: ObservedRequest, body: bytes, models: ServiceModels, signing_name: str | None, *, host: str
) -> _Found | Unobserved | None:
    form = _form(request.query_string, body)
    fields = dict(form or _few_fields(request.query_string, body))
    action, version = fields.get("Action", ""), fields.get("Version", "")
    if not _NAME.fullmatch(action):
        return None
    if signing_name is None and request.method == "GET" and action in _LINKS:
        return Unobserved(reason="link", service="sns")
    index = service_index()
    if signing_name is not None:
        signed = index.by_signing_name(signing_name, host=host)
        names = index.by_version(version, among=signed) or signed
    else:
        names = index.by_version(version) or index.by_host(host)
    for name in names:
        api = _api(models, name)
        if api is None or not (name in _ALSO_QUERY or {"query", "ec2"} & {*api.protocols}):
            continue
        model = api.operation(action)
        if model is not None:
            return _Found("ec2" if "ec2" in api.protocols else "query", api, model, form)
    return None


def _form(query_string: bytes, body: bytes) -> Form | None:
    """The fields; None where they are too many or too deep to be read."""
    try:
        return parse_form(query_string, body)
    except ParseError:
        return None


def _few_fields(query_string: bytes, body: bytes) -> dict[str, str]:
    """Action and Version of a form that is not read: what is added to a call must not hide it (REC-3.6)."""
    found = {}
    for part in (query_string, body):
        for name, value in _ACTION_OR_VERSION.findall(part):
            found[name.decode("ascii")] = unquote_plus(value.decode("utf-8", "replace"))
    return found
