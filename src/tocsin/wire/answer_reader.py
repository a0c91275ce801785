"""What an answer that went by says: output, or error and its name, and the id of the request. Spec: REC-15, REC-1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.record.call import ApiAnswer, ApiError
from tocsin.wire import cbor, json, xml_reader
from tocsin.wire.observed_body import bounded_tree, unpacked_beginning
from tocsin.wire.rest_reader import has_body_to_read, read_rest_answer
from tocsin.wire.shape import ParseError
from tocsin.wire.xml_tree import Element, parse_xml

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from tocsin.wire.model import ServiceApi
    from tocsin.wire.observed import ObservedCall

_XML: Final = frozenset({"query", "ec2", "rest-xml"})
_ID_HEADERS: Final = ("x-amzn-requestid", "x-amz-request-id", "x-amz-requestid")
_ID_TAGS: Final = ("RequestId", "RequestID", "requestId")


class ObservedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it passed by. Header names are in lower case; `body_length` as with a request."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    body_length: int | None = None

    @property
    def size(self) -> int:
        """The size of the whole body."""
        return len(self.body) if self.body_length is None else self.body_length


def read_answer(observed: ObservedCall, answer: ObservedAnswer) -> ApiAnswer:
    """The answer to a call. What cannot be read of it is left out; nothing is raised."""
    body = unpacked_beginning(answer.body, answer.headers.get("content-encoding"))
    request_id = next((answer.headers[name] for name in _ID_HEADERS if answer.headers.get(name)), None)
    is_error = answer.status >= 400 or (observed.api.name == "s3" and answer.status in {301, 307, 308})
    root = _root(body) if observed.protocol in _XML and answer.size == len(answer.body) else None
    if request_id is None and root is not None:
        request_id = _request_id(root)
    output: dict[str, Any] | None = None
    error: ApiError | None = None
    omitted_size = 0
    if is_error:
        error = _error(observed, answer, body, root)
    elif observed.model.output_shape is None or observed.model.has_streaming_output or observed.api.name == "s3":
        output = {}
    elif answer.size > len(answer.body) and has_body_to_read(observed.model.output_shape):
        omitted_size = answer.size
    else:
        output = _output(observed, answer, body, root)
    return ApiAnswer(
        output=output,
        error=error,
        request_id=request_id,
        omitted_size=omitted_size,
        is_true=observed.protocol == "ec2" and root is not None and root.child_text("return") == "true",
        headers=answer.headers if observed.api.name == "s3" else {},
        body_size=answer.size,
    )


def _root(body: bytes) -> Element | None:
    if not body:
        return None
    try:
        return parse_xml(body)
    except ParseError:
        return None


def _request_id(root: Element) -> str | None:
    for holder in (root, root.child("ResponseMetadata"), root.child("Error")):
        found = holder.child_text(*_ID_TAGS) if holder is not None else None
        if found:
            return found
    return None


# --- output ----------------------------------------------------------------------------------------------


def _output(observed: ObservedCall, answer: ObservedAnswer, body: bytes, root: Element | None) -> dict[str, Any] | None:
    api, model = observed.api, observed.model
    output: dict[str, Any] | None = None
    try:
        match observed.protocol:
            case "query":
                output = _of_query(api, model, root)
            case "ec2":
                output = _read_xml(api, model, root)
            case "json" | "cbor":
                output = _of_tree(observed.protocol, api, model, body)
            case "rest-json" | "rest-xml":
                output = read_rest_answer(
                    api,
                    model,
                    headers=answer.headers,
                    body=body,
                    is_xml=observed.protocol == "rest-xml",
                )
    except (ParseError, RecursionError):
        return None
    return output


def _of_tree(protocol: str, api: ServiceApi, model: OperationModel, body: bytes) -> Any:
    codec = json if protocol == "json" else cbor
    tree = bounded_tree(body) if protocol == "json" else cbor.decode_tree(body)
    if not isinstance(tree, dict):
        raise ParseError("Expected map or null")
    return api.closure(f"read {protocol} answer", model.name, model.output_shape, lambda: codec.readers().lenient())(
        tree
    )


def _of_query(api: ServiceApi, model: OperationModel, root: Element | None) -> Any:
    wrapper = model.output_shape.serialization.get("resultWrapper")
    result = root.child(wrapper) if root is not None and wrapper else root
    return _read_xml(api, model, result)


def _read_xml(api: ServiceApi, model: OperationModel, node: Element | None) -> Any:
    if node is None:
        return {}
    return api.closure("read xml answer", model.name, model.output_shape, lambda: xml_reader.readers().lenient())(node)


# --- errors ----------------------------------------------------------------------------------------------


def _error(observed: ObservedCall, answer: ObservedAnswer, body: bytes, root: Element | None) -> ApiError:
    if observed.protocol in _XML:
        code, message = _of_error_element(root)
    else:
        code, message = _of_error_tree(observed.protocol, answer, body)
    wire_code = code or _code_of_status(observed, answer.status)
    return ApiError(
        code=error_name(observed.api, observed.model, wire_code),
        wire_code=wire_code,
        message=message,
        status=answer.status,
    )


def _of_error_element(root: Element | None) -> tuple[str | None, str | None]:
    if root is None:
        return None, None
    errors = root.child("Errors")
    element = root if root.name == "Error" else (errors or root).child("Error")
    if element is None:
        return None, None
    return element.child_text("Code"), element.child_text("Message", "message")


def _of_error_tree(protocol: str, answer: ObservedAnswer, body: bytes) -> tuple[str | None, str | None]:
    try:
        tree = cbor.decode_tree(body) if protocol == "cbor" else bounded_tree(body)
    except (ParseError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        tree = {}
    code = answer.headers.get("x-amzn-errortype") or tree.get("__type") or tree.get("code") or tree.get("Code")
    message = next((tree[name] for name in ("message", "Message", "errorMessage") if tree.get(name)), None)
    return (
        code.partition(":")[0].rpartition("#")[2].strip() if isinstance(code, str) else None,
        message if isinstance(message, str) else None,
    )


def _code_of_status(observed: ObservedCall, status: int) -> str:
    """The code of an answer that says none: one to HEAD has no body (REC-15.1)."""
    match status:
        case 403:
            return "AccessDenied"
        case 404 if observed.api.name == "s3":
            return "NoSuchKey" if "Object" in observed.model.name else "NoSuchBucket"
        case 429:
            return "ThrottlingException"
        case 503:
            return "ServiceUnavailable"
    return "InternalFailure" if status >= 500 else str(status)


def error_name(api: ServiceApi, model: OperationModel, wire_code: str) -> str:
    """The name of the error's shape: of the operation's errors, then of the service's; else the code (REC-15.2)."""
    for shape in model.error_shapes:
        if wire_code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return str(shape.name)
    shape = api.error_shape(wire_code)
    return str(shape.name) if shape is not None else wire_code
