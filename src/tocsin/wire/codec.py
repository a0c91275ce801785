"""Requests to values, results and faults to answers, in all protocols. Spec: WIRE-1.15, WIRE-2, WIRE-3, WIRE-4.

The facade of this package: a server calls `detect`, then `decode_input`, and `encode_output` or `encode_fault`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.wire import cbor, json, query
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import fault_form, json_status
from tocsin.wire.log_events import decode_put_log_events
from tocsin.wire.message import WireResponse
from tocsin.wire.shape import ParseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.wire.call import Call, Guess

Values = dict[str, Any]
"""Values by the model's member names (WIRE-2.1)."""


_QUICK: Final = {("logs", "PutLogEvents"): decode_put_log_events}
"""Quick ways for JSON, by service and operation; they give None where the general way is to be taken (WIRE-4.4)."""


def decode_input(call: Call, body: bytes) -> Values:
    """The parameters of a call, by the model's member names. `body` is unpacked; a query call brings its form.

    Raises:
        Fault: `SerializationException`, or `MalformedInput` in query: the body is not what the model says.
    """
    try:
        return _decode(call, body)
    except ParseError as error:
        raise Fault(_malformed(call), str(error)) from None
    except RecursionError:
        raise Fault(_malformed(call), "The request is nested too deeply") from None


def _malformed(call: Call) -> str:
    return "MalformedInput" if call.protocol == "query" else "SerializationException"


def _decode(call: Call, body: bytes) -> Values:
    shape = call.model.input_shape
    if call.protocol == "query":
        if shape is None:
            return {}
        values = call.api.closure("read query", call.operation, shape, query.readers)(call.form)
    else:
        quick = _QUICK.get((call.service, call.operation)) if call.protocol == "json" else None
        if quick is not None and (values := quick(body)) is not None:
            return values
        codec = json if call.protocol == "json" else cbor
        tree = codec.decode_tree(body)
        if not isinstance(tree, dict):
            raise ParseError("Expected map or null")
        if shape is None:
            return {}
        values = call.api.closure(f"read {call.protocol}", call.operation, shape, codec.readers)(tree)
    return values  # type: ignore[no-any-return]  # the closure of a structure gives a dict


def encode_output(call: Call, result: Mapping[str, Any] | bytes | None, request_id: str) -> WireResponse:
    """The answer to a call that went well. `bytes` are the body itself.

    Members that the model has not, and those that are None, are not written.
    """
    shape = call.model.output_shape
    headers = _headers(call, request_id)
    if isinstance(result, bytes):
        body = result
    elif call.protocol == "query":
        write = None
        if shape is not None:
            write = call.api.closure("write query", call.operation, shape, query.writers)
        body = query.encode_answer(call, write, result or {}, request_id)
    elif shape is None:
        body = b""
        if call.protocol == "cbor":
            headers = tuple(header for header in headers if header[0] != "Content-Type")  # WIRE-2.12
    else:
        codec = json if call.protocol == "json" else cbor
        write = call.api.closure(f"write {call.protocol}", call.operation, shape, codec.writers)
        body = codec.encode_tree(write(result or {}))
    return WireResponse(status=200, headers=headers, body=body)


def encode_fault(known: Guess, fault: Fault, request_id: str) -> WireResponse:
    """The answer to a call, or to what could be guessed of one, that went wrong."""
    form = fault_form(known, fault)
    headers = _headers(known, request_id)
    if known.protocol in {"query", "ec2", "rest-xml"}:
        members = ""
        if form.members and form.shape is not None:
            write = known.api.closure("write query", f"error {form.shape.name}", form.shape, query.writers)
            members = query.encode_members(write, form.members)
        body = query.encode_fault(known, form, members, request_id)
        return WireResponse(status=form.query_status, headers=headers, body=body)
    codec = json if known.protocol == "json" else cbor
    name = form.type_name
    if known.protocol == "json" and known.json_version == "1.1":
        name = form.code
        headers += (("x-amzn-ErrorType", form.code),)
    if known.is_query_mode:
        headers += (("x-amzn-query-error", f"{form.query_code};{'Sender' if form.is_sender else 'Receiver'}"),)
    tree: dict[str, Any] = {"__type": name}
    if form.message is not None:
        tree.update(dict.fromkeys(form.message_names, form.message))
    if form.members and form.shape is not None:
        write = known.api.closure(f"write {known.protocol}", f"error {form.shape.name}", form.shape, codec.writers)
        tree.update(write(form.members))
    return WireResponse(status=json_status(known, form), headers=headers, body=codec.encode_tree(tree))


_CONTENT_TYPES: Final = {"query": "text/xml", "ec2": "text/xml", "rest-xml": "text/xml", "cbor": "application/cbor"}


def _headers(known: Guess, request_id: str) -> tuple[tuple[str, str], ...]:
    content_type = _CONTENT_TYPES.get(known.protocol) or f"application/x-amz-json-{known.json_version}"
    headers = (("x-amzn-RequestId", request_id), ("Content-Type", content_type))
    return (*headers, ("smithy-protocol", "rpc-v2-cbor")) if known.protocol == "cbor" else headers
