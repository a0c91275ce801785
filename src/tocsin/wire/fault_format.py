"""Faults in the form of each protocol: codes, statuses, members. Spec: WIRE-3.1 to WIRE-3.14."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.model import Shape

    from tocsin.wire.call import Call, Guess

VALIDATION_NAMESPACE: Final = "com.amazon.coral.validate"
SERVICE_NAMESPACE: Final = "com.amazon.coral.service"
COMMON_FAULT_XMLNS: Final = "http://webservices.amazon.com/AWSFault/2005-15-09"


class _CommonCode(msgspec.Struct, frozen=True):
    """A code that no model has: what it is called in JSON and CBOR, in query, and the statuses there."""

    json: str
    query: str
    json_status: int = 400
    query_status: int = 400
    namespace: str = SERVICE_NAMESPACE


_COMMON_CODES: Final = (
    _CommonCode("ValidationException", "ValidationError", namespace=VALIDATION_NAMESPACE),
    _CommonCode("UnknownOperationException", "InvalidAction", namespace=""),  # bare on AWS as well (WIRE-3.12)
    _CommonCode("SerializationException", "MalformedInput"),
    _CommonCode("MissingAction", "MissingAction"),
    _CommonCode("ThrottlingException", "Throttling"),
    _CommonCode("MissingAuthenticationTokenException", "MissingAuthenticationToken", 400, 403),
    _CommonCode("IncompleteSignatureException", "IncompleteSignature", 400, 403),
    _CommonCode("UnrecognizedClientException", "InvalidClientTokenId", 400, 403),
    _CommonCode("ExpiredTokenException", "ExpiredToken", 400, 403),
    _CommonCode("InvalidSignatureException", "SignatureDoesNotMatch", 400, 403),
    _CommonCode("AccessDeniedException", "AccessDenied", 400, 403),
    _CommonCode("MalformedHttpRequestException", "MalformedHttpRequestException"),
    _CommonCode("RequestTimeoutException", "RequestTimeout", 408, 408),
    _CommonCode("RequestEntityTooLargeException", "RequestEntityTooLargeException", 413, 413),
    _CommonCode("UnsupportedMediaTypeException", "UnsupportedMediaTypeException", 415, 415),
    _CommonCode("InternalFailure", "InternalFailure", 500, 500),
    _CommonCode("ServiceUnavailableException", "ServiceUnavailable", 503, 503),
)
_COMMON: Final = {code.query: code for code in _COMMON_CODES} | {code.json: code for code in _COMMON_CODES}


class FaultForm(msgspec.Struct, frozen=True, kw_only=True):
    """A fault with everything that the model says of it.

    `code` is the name for JSON and CBOR, `query_code` that of query. `members` are the further members by
    their names in the model, `shape` their shape. `message_names` are the members that carry the message.
    """

    code: str
    query_code: str
    namespace: str
    status: int
    query_status: int
    is_sender: bool
    message: str | None
    message_names: tuple[str, ...]
    members: dict[str, Any]
    shape: Any = None

    @property
    def type_name(self) -> str:
        """The absolute shape id, as JSON 1.0 and CBOR write it (WIRE-3.3, WIRE-3.7)."""
        return f"{self.namespace}#{self.code}" if self.namespace else self.code


def fault_form(known: Guess, fault: Fault) -> FaultForm:
    """What a fault is called in each protocol, and its statuses.

    The operation's or service's error shape of that name decides, then one with that query code, then
    the codes that all services have; any other name is taken as it is, with status 400.
    """
    shape: Shape | None = known.api.error_shape(fault.shape) if known.api is not None else None
    if shape is None:
        common = _COMMON.get(fault.shape) or _CommonCode(fault.shape, fault.shape)
        status = fault.status or common.json_status
        return FaultForm(
            code=common.json,
            query_code=fault.query_code or common.query,
            namespace=common.namespace,
            status=status,
            query_status=fault.status or common.query_status,
            is_sender=status < 500,
            message=fault.message,
            message_names=_message_names(known, None),
            members=fault.members,
        )
    error = shape.metadata.get("error", {})
    is_receiver = bool(shape._shape_model.get("fault"))  # noqa: SLF001  (botocore gives the trait no other way)
    status = fault.status or error.get("httpStatusCode") or (500 if is_receiver else 400)
    is_validation = shape.name == "ValidationException" and known.service == "cloudwatch"
    return FaultForm(
        code=shape.name,
        query_code=fault.query_code or error.get("code") or shape.name,
        namespace=VALIDATION_NAMESPACE if is_validation else _namespace(known),
        status=status,
        query_status=status,
        is_sender=bool(error.get("senderFault")) or status < 500,
        message=fault.message,
        message_names=_message_names(known, shape),
        members=fault.members,
        shape=shape,
    )


def _namespace(known: Guess) -> str:
    return f"com.amazonaws.{known.service}.v{known.api.version.replace('-', '_')}"


def _message_names(known: Guess, shape: Shape | None) -> tuple[str, ...]:
    own = next((name for name in shape.members if name.lower() == "message"), "message") if shape else "message"
    if known.service == "cloudtrail":  # AWS writes `Message` whatever its model says (WIRE-3.1)
        return ("Message", "message")
    return (own,)


def json_status(known: Guess, form: FaultForm) -> int:
    """The status in JSON and CBOR: a client's fault without query mode is 400 where query has another (WIRE-3.5)."""
    if known.is_query_mode:
        return form.query_status
    is_query_compatible = known.api is not None and known.api.is_query_compatible
    if is_query_compatible and form.shape is not None and form.status < 500:
        return 400
    return form.status


# --- faults that the frame around the handlers makes -------------------------------------------------------


def unknown_operation(known: Guess, operation: str, version: str | None = None) -> Fault:
    """An operation that the model has not (WIRE-3.12)."""
    if known.protocol in {"query", "ec2"}:
        shown = version or (known.api.version if known.api is not None else "")
        return Fault("InvalidAction", f"Could not find operation {operation} for version {shown}".rstrip())
    return Fault("UnknownOperationException")


def not_found(method: str) -> Fault:
    """A request in which no protocol of AWS can be recognised (WIRE-1.9 (5))."""
    if method not in {"GET", "HEAD", "POST", "OPTIONS"}:
        return Fault("UnknownOperationException", f"The method {method[:20]} is not supported here.", status=405)
    return Fault(
        "UnknownOperationException",
        "This is no request to an AWS service that is served here. The console is at /console, health at"
        " /_tocsin/health.",
        status=404,
    )


def not_supported(call: Call) -> Fault:
    """An operation that the model has and we have not (WIRE-3.13)."""
    text = f"Operation ({call.operation}) is not supported by Tocsin."
    if call.service == "cloudtrail":
        return Fault("UnsupportedOperationException", text)
    return Fault("InvalidAction" if call.protocol == "query" else "UnknownOperationException", text)


def internal_failure(known: Guess, request_id: str) -> Fault:
    """A defect of ours, under the name that the operation has for it (WIRE-3.11)."""
    text = f"An internal error occurred. Quote request id {request_id}."
    model = getattr(known, "model", None)
    name = _internal_shape(model.error_shapes) if model is not None else None
    return Fault(name or "InternalFailure", text, status=500)


def unavailable(known: Guess, reason: str) -> Fault:
    """The store cannot take or give anything just now; a client may try again (WIRE-7.7)."""
    name = _internal_shape(known.api.model.error_shapes) if known.api is not None else None
    return Fault(name or "ServiceUnavailableException", reason, status=503)


def _internal_shape(errors: Iterable[Shape]) -> str | None:
    """The name of the error that stands for the service's own failure."""
    return next(
        (
            str(shape.name)
            for shape in errors
            if shape.name.startswith("Internal") and shape.metadata.get("error", {}).get("httpStatusCode", 400) >= 500
        ),
        None,
    )
