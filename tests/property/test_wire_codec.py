"""Our codec and botocore's understand each other, for every operation in every protocol. Spec: WIRE-6.1.

botocore is the oracle of both directions: what its serialisers write we read, what we write its parsers read.
"""

from __future__ import annotations

import urllib.parse
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shape_values import GONE, same, through_a_form, values
from wire_client import MODELS, wire_request

from tocsin.wire import codec
from tocsin.wire.call import Call
from tocsin.wire.detection import detect
from tocsin.wire.fault import Fault
from tocsin.wire.log_events import FastLogEvents

# Few for each operation, for there are some three hundred and fifty; the shapes of one service are alike.
few = settings(max_examples=4, suppress_health_check=list(HealthCheck))

_BOTOCORE_NAMES = {"json": "json", "query": "query", "cbor": "smithy-rpc-v2-cbor"}
_PROTOCOLS = {
    "logs": ["json"],
    "cloudwatch": ["json", "query", "cbor"],
    "cloudtrail": ["json"],
    "sns": ["query"],
    "sts": ["query"],
}
OPERATIONS = [
    pytest.param(service, protocol, name, id=f"{service}-{protocol}-{name}")
    for service, protocols in _PROTOCOLS.items()
    for protocol in protocols
    for name in sorted(MODELS.service(service).operation_names)
]

WITH_WHOLE_ANSWERS = [
    row for row in OPERATIONS if not MODELS.service(row.values[0]).operation(row.values[2]).has_event_stream_output
]


def call_of(service: str, protocol: Any, operation: str, *, is_query_mode: bool = False) -> Call:
    api = MODELS.service(service)
    return Call(
        protocol=protocol,
        service=service,
        api=api,
        json_version=api.json_version,
        is_query_mode=is_query_mode,
        operation=operation,
        model=api.operation(operation),
    )


def request_of(protocol: str, model: Any, parameters: dict[str, Any]) -> Any:
    """What botocore sends for a call."""
    made = create_serializer(_BOTOCORE_NAMES[protocol], include_validation=False).serialize_to_request(
        parameters, model
    )
    body = made["body"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body)
    return wire_request(body, method=made["method"], path=made["url_path"], headers=made["headers"])


def parsed(protocol: str, response: Any, shape: Any) -> Any:
    """What botocore makes of an answer."""
    headers = {name.lower(): value for name, value in response.headers}
    answer = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
    return create_parser(_BOTOCORE_NAMES[protocol]).parse(answer, shape)


@pytest.mark.parametrize(("service", "protocol", "operation"), OPERATIONS)
@few
@given(data=st.data())
def test_what_botocore_writes_is_read_as_it_was(
    service: str, protocol: str, operation: str, data: st.DataObject
) -> None:
    model = MODELS.service(service).operation(operation)
    shape = model.input_shape
    parameters = data.draw(values(shape)) if shape is not None else {}
    request = request_of(protocol, model, parameters)
    call = detect(request, MODELS)
    assert (call.service, call.protocol, call.operation) == (service, protocol, operation)
    expected = parameters
    if protocol == "query" and shape is not None:
        expected = through_a_form(shape, parameters)
        expected = {} if expected is GONE else expected
    found = codec.decode_input(call, request.body)
    if isinstance(found.get("logEvents"), FastLogEvents):
        found = {**found, "logEvents": found["logEvents"].as_dicts()}
    assert same(found, expected)


@pytest.mark.parametrize(("service", "protocol", "operation"), WITH_WHOLE_ANSWERS)
@few
@given(data=st.data())
def test_what_we_write_botocore_reads_as_it_was(
    service: str, protocol: str, operation: str, data: st.DataObject
) -> None:
    call = call_of(service, protocol, operation)
    shape = call.model.output_shape
    # botocore leaves the strings that stand for infinities in JSON as they are
    kinds = {"is_xml": protocol == "query", "is_finite": protocol == "json"}
    result = data.draw(values(shape, **kinds)) if shape is not None else None
    response = codec.encode_output(call, result, "the-request-id")
    read = parsed(protocol, response, shape)
    # botocore takes no request id from a CBOR answer without a body
    assert read.pop("ResponseMetadata").get("RequestId", "the-request-id") == "the-request-id"
    assert ("x-amzn-RequestId", "the-request-id") in response.headers
    assert same(read, result or {})


@pytest.mark.parametrize(("service", "protocol", "operation"), OPERATIONS)
@few
@given(data=st.data())
def test_botocore_understands_every_error_of_an_operation(
    service: str, protocol: str, operation: str, data: st.DataObject
) -> None:
    is_query_mode = data.draw(st.booleans())
    call = call_of(service, protocol, operation, is_query_mode=is_query_mode)
    for shape in call.model.error_shapes:
        members = data.draw(values(shape, is_xml=protocol == "query"))
        message_name = next((name for name in shape.members if name.lower() == "message"), None)
        message = data.draw(st.none() | st.just("What is <wrong>."))
        if message_name:
            members.pop(message_name, None)
        response = codec.encode_fault(call, Fault(shape.name, message, members=members), "the-request-id")
        error = shape.metadata.get("error", {})
        status = error.get("httpStatusCode", 500 if shape._shape_model.get("fault") else 400)
        if protocol != "query" and not is_query_mode and status < 500:
            status = 400
        assert response.status == status
        read = parsed(protocol, response, None)
        assert read["ResponseMetadata"]["RequestId"] == "the-request-id"
        query_code = error.get("code", shape.name)
        uses_query_code = protocol == "query" or is_query_mode
        assert read["Error"]["Code"] == (query_code if uses_query_code else shape.name)
        assert read["Error"].get("Message") == (message if protocol == "query" or message else "")
        expected = dict(members)
        if message is not None and message_name and (protocol != "query" or message_name == "Message"):
            expected[message_name] = message
        modelled = parsed(protocol, response, shape)
        modelled.pop("ResponseMetadata", None)
        assert same(modelled, expected)
