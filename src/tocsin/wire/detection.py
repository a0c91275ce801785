"""Which service, protocol and operation a request is for. Spec: WIRE-1.9 to WIRE-1.14."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tocsin.wire.call import Call, Guess, UnknownCallError
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import not_found, unknown_operation
from tocsin.wire.form import parse_form
from tocsin.wire.shape import ParseError

if TYPE_CHECKING:
    from tocsin.wire.message import WireRequest
    from tocsin.wire.model import ServiceApi, ServiceModels

_CBOR_PATH: Final = re.compile(rb"/service/([A-Za-z0-9_.]{1,128})/operation/([A-Za-z0-9_]{1,128})$", re.ASCII)
_SCOPE: Final = re.compile(r"Credential=[^/,\s]*/[^/,\s]*/[^/,\s]*/([A-Za-z0-9-]{1,64})/aws4_request", re.ASCII)
_SCOPE_IN_QUERY: Final = re.compile(
    rb"X-Amz-Credential=[^&]*?(?:/|%2[Ff])([A-Za-z0-9-]{1,64})(?:/|%2[Ff])aws4_request", re.ASCII
)
_ACTION: Final = re.compile(rb"(?:^|&)Action=")
_SOURCES_OF_LINKS: Final = {"ConfirmSubscription": "TopicArn", "Unsubscribe": "SubscriptionArn"}  # WIRE-1.13

REST_XML_SERVICES: Final = frozenset({"s3", "s3-outposts", "s3express", "cloudfront", "route53"})
"""Signing names of services whose clients understand only XML, even in an error (WIRE-1.12)."""


def signing_name(request: WireRequest) -> str | None:
    """The service in the credential scope, of the header or of a presigned URL."""
    authorization = request.header("authorization")
    if authorization:
        match = _SCOPE.search(authorization)
        return match[1] if match else None
    in_query = _SCOPE_IN_QUERY.search(request.query_string)
    return in_query[1].decode("ascii") if in_query else None


def is_form(request: WireRequest) -> bool:
    """Does the request carry, or may it carry, a form in its body?"""
    if request.method != "POST":
        return False
    content_type = request.header("content-type")
    return not content_type or _media_type(content_type) == "application/x-www-form-urlencoded"


def named_operation(request: WireRequest) -> str:
    """The operation that a header or the path names; empty where the body does. Whether there is such a one is open."""
    target = request.header("x-amz-target")
    if target is not None:
        return target.rpartition(".")[2]
    path = _CBOR_PATH.search(request.raw_path)
    return path[2].decode("ascii") if path else ""


def guess(request: WireRequest, models: ServiceModels) -> Guess:
    """Service and protocol by headers and URL alone: for answers to requests whose body was not read."""
    is_query_mode = (request.header("x-amzn-query-mode") or "").lower() == "true"
    path = _CBOR_PATH.search(request.raw_path)
    smithy = request.header("smithy-protocol")
    if path or smithy is not None:
        api = models.by_target_prefix(path[1].decode("ascii")) if path else _api_of_scope(request, models)
        is_other = smithy is not None and smithy.strip().lower() != "rpc-v2-cbor"
        return Guess(
            protocol="json" if is_other else "cbor",
            service=api.name if api else "",
            api=api,
            json_version="1.0",
            is_query_mode=is_query_mode,
        )
    target = request.header("x-amz-target")
    if target is not None:
        api = models.by_target_prefix(target.rpartition(".")[0])
        return Guess(
            protocol="json",
            service=api.name if api else "",
            api=api,
            json_version=_json_version(request, api),
            is_query_mode=is_query_mode,
        )
    name = signing_name(request) or ""
    api = _api_of_scope(request, models)
    if name in REST_XML_SERVICES:
        return Guess(protocol="rest-xml", service=name)
    if request.query_string or is_form(request):
        if name == "ec2":
            return Guess(protocol="ec2", service=name)
        return Guess(protocol="query", service=api.name if api else name, api=api)
    return Guess(protocol="json", service=api.name if api else name, api=api, json_version=_json_version(request, api))


def detect(request: WireRequest, models: ServiceModels) -> Call:
    """The operation that a request is for. A packed form is to be unpacked before.

    Raises:
        UnknownCallError: with what is to be answered, and in which protocol.
    """
    first = guess(request, models)
    path = _CBOR_PATH.search(request.raw_path)
    smithy = request.header("smithy-protocol")
    if path or smithy is not None:
        is_cbor = smithy is None or smithy.strip().lower() == "rpc-v2-cbor"
        operation = path[2].decode("ascii") if path else ""
        return _call(first, operation if is_cbor and request.method == "POST" else "", first.api)
    target = request.header("x-amz-target")
    if target is not None:
        operation = target.rpartition(".")[2] if request.method == "POST" else ""
        return _call(first, operation, first.api)
    if first.protocol == "rest-xml" or request.method not in {"GET", "POST"}:
        raise UnknownCallError(first, not_found(request.method))
    return _detect_query(request, models, first)


def _detect_query(request: WireRequest, models: ServiceModels, first: Guess) -> Call:
    has_form = is_form(request)
    if not has_form and not _ACTION.search(request.query_string):
        if request.query_string:
            raise UnknownCallError(_missing_action_guess(request, models, first), Fault("MissingAction", _NO_ACTION))
        raise UnknownCallError(first, not_found(request.method))
    if has_form and not request.body and not request.query_string and not request.header("content-type"):
        raise UnknownCallError(first, not_found(request.method))
    try:
        form = parse_form(request.query_string, request.body if has_form else b"")
    except ParseError as error:
        raise UnknownCallError(first, Fault("MalformedInput", str(error))) from None
    fields = dict(form)
    action = fields.get("Action")
    if not action:
        raise UnknownCallError(_missing_action_guess(request, models, first), Fault("MissingAction", _NO_ACTION))
    version = fields.get("Version")
    api = _service_of_query(models, first, action, version, is_scoped=bool(first.service))
    found = Guess(
        protocol="ec2" if first.protocol == "ec2" or (api is None and version == "2016-11-15") else "query",
        service=api.name if api else first.service,
        api=api,
    )
    if api is not None and "query" not in api.protocols:
        raise UnknownCallError(found, unknown_operation(found, action, version))
    if version and api is not None and version != api.version:
        raise UnknownCallError(found, unknown_operation(found, action, version))
    return _call(found, action, api, form=form, is_signed=signing_name(request) is not None, version=version)


_NO_ACTION: Final = "Missing Action"


def _service_of_query(
    models: ServiceModels, first: Guess, action: str, version: str | None, *, is_scoped: bool
) -> ServiceApi | None:
    if is_scoped:
        return first.api  # type: ignore[no-any-return]  # a ServiceApi or None, see Guess
    if version:
        return models.by_query_version(version)
    if action in _SOURCES_OF_LINKS:  # links in messages have no version (WIRE-1.13)
        return models.by_signing_name("sns")
    return models.by_query_action(action)


def _call(
    found: Guess,
    operation: str,
    api: ServiceApi | None,
    *,
    form: tuple[tuple[str, str], ...] = (),
    is_signed: bool = True,
    version: str | None = None,
) -> Call:
    model = api.operation(operation) if api is not None else None
    if model is None or api is None:
        raise UnknownCallError(found, unknown_operation(found, operation, version))
    link = None
    if not is_signed and api.name == "sns" and operation in _SOURCES_OF_LINKS:
        link = next((value for key, value in reversed(form) if key == _SOURCES_OF_LINKS[operation]), "")
    return Call(
        protocol=found.protocol,
        service=api.name,
        api=api,
        json_version=found.json_version,
        is_query_mode=found.is_query_mode,
        operation=operation,
        model=model,
        form=form,
        link_arn=link,
        allows_unsigned=link is not None or model.auth_type == "none",
    )


def _missing_action_guess(request: WireRequest, models: ServiceModels, first: Guess) -> Guess:
    """The service that a form without `Action` was meant for: by the scope, the first label of Host, or `sns`."""
    label = (request.header("host") or "").partition(".")[0].lower()
    api = first.api or models.by_signing_name(label) or models.by_signing_name("sns")
    return Guess(protocol="ec2" if first.protocol == "ec2" else "query", service=api.name if api else "sns", api=api)


def _api_of_scope(request: WireRequest, models: ServiceModels) -> ServiceApi | None:
    name = signing_name(request)
    return models.by_signing_name(name) if name else None


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _json_version(request: WireRequest, api: ServiceApi | None) -> str:
    """That of the request, else of the model (WIRE-1.9 (2))."""
    match _media_type(request.header("content-type") or ""):
        case "application/x-amz-json-1.0":
            return "1.0"
        case "application/x-amz-json-1.1":
            return "1.1"
    return api.json_version if api else "1.1"
