"""botocore's own protocol cases, read from the server's side. Spec: WIRE-6.2.

`scripts/protocol_cases.py` fetches them. An input case says what a client sends for some parameters: we must read
these parameters. An output case says what a client makes of an answer: it must make the same of ours.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from shape_values import GONE, same, through_a_form

from tocsin.wire import codec
from tocsin.wire.call import Call
from tocsin.wire.fault import Fault
from tocsin.wire.form import parse_form
from tocsin.wire.model import ServiceApi

FOLDER = Path(__file__).resolve().parents[2] / ".protocol-cases" / botocore.__version__
FILES = (
    "json",
    "json_1_0",
    "json_1_0-query-compatible",
    "query",
    "smithy-rpc-v2-cbor",
    "smithy-rpc-v2-cbor-query-compatible",
    "smithy-rpc-v2-cbor-non-query-compatible",
)
OUR_NAMES = {"json": "json", "query": "query", "smithy-rpc-v2-cbor": "cbor"}

ABSENT = f"no protocol cases of botocore {botocore.__version__}: run scripts/protocol_cases.py"

# The only way to leave a case out: its id, and the reason.
_NO_BODY = "it is about the Content-Encoding that a client sends, and says nothing of a body"
SKIPPED: dict[str, str] = {
    **{
        f"{case}_{protocol}": _NO_BODY
        for case in ("SDKAppliedContentEncoding", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding")
        for protocol in ("awsJson1_0", "awsJson1_1", "awsQuery")
    },
    "QueryProtocolIdempotencyTokenAutoFill": "it is about a member that a client adds to what it is given",
    "QueryXmlLists": "botocore reads a flattened list by the name of its elements, and two lists here share one; no"
    " operation of ours has such lists",
}


def cases(direction: str) -> list[Any]:
    if not FOLDER.is_dir():
        return [pytest.param({}, {}, marks=pytest.mark.skip(reason=ABSENT), id="none")]
    rows = []
    for name in FILES:
        for suite in json.loads((FOLDER / direction / f"{name}.json").read_text(encoding="utf-8")):
            for case in suite["cases"]:
                marks = [pytest.mark.skip(reason=SKIPPED[case["id"]])] if case["id"] in SKIPPED else []
                rows.append(pytest.param(suite, case, marks=marks, id=f"{name}-{case['id']}"))
    return rows


def test_every_case_that_is_left_out_is_there() -> None:
    if not FOLDER.is_dir():
        pytest.skip(ABSENT)
    told = {row.values[1]["id"] for direction in ("input", "output") for row in cases(direction)}
    assert told >= SKIPPED.keys()


def call_of(suite: dict[str, Any], case: dict[str, Any], form: bytes = b"") -> Call:
    name = case["given"]["name"]
    description = {
        "metadata": {"endpointPrefix": "example", **suite["metadata"]},
        "shapes": suite["shapes"],
        "operations": {name: case["given"]},
    }
    api = ServiceApi("example", ServiceModel(description, "example"))
    return Call(
        protocol=OUR_NAMES[suite["metadata"]["protocol"]],
        service="example",
        api=api,
        json_version=api.json_version,
        is_query_mode=api.is_query_compatible,
        operation=name,
        model=api.operation(name),
        form=parse_form(form),
    )


def value_of(shape: Any, value: Any) -> Any:
    """A value of a case as the codec has it: cases write moments as numbers, and bytes as text."""
    match shape.type_name:
        case "structure":
            if shape.is_document_type:
                return value
            return {k: value_of(shape.members[k], item) for k, item in value.items() if item is not None}
        case "list":
            return [None if item is None else value_of(shape.member, item) for item in value]
        case "map":
            return {key: value_of(shape.value, item) for key, item in value.items() if item is not None}
        case "timestamp":
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
        case "blob":
            return value.encode()
        case "float" | "double":
            return float(value)
    return value


@pytest.mark.parametrize(("suite", "case"), cases("input"))
def test_a_request_is_read_as_the_parameters_it_was_made_of(suite: dict[str, Any], case: dict[str, Any]) -> None:
    body = case["serialized"].get("body", "").encode()
    call = call_of(suite, case, body if suite["metadata"]["protocol"] == "query" else b"")
    if call.protocol == "cbor":
        body = base64.b64decode(body)
    shape = call.model.input_shape
    expected = value_of(shape, case["params"]) if shape is not None else {}
    if call.protocol == "query" and shape is not None:
        expected = through_a_form(shape, expected)
        expected = {} if expected is GONE else expected
    assert same(codec.decode_input(call, body), expected)


def read_by_botocore(call: Call, response: Any, shape: Any) -> dict[str, Any]:
    names = {ours: theirs for theirs, ours in OUR_NAMES.items()}
    headers = {name.lower(): value for name, value in response.headers}
    answer = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
    read = create_parser(names[call.protocol]).parse(answer, shape)
    read.pop("ResponseMetadata", None)
    return read


OUTPUT_CASES = cases("output")


@pytest.mark.parametrize(("suite", "case"), [row for row in OUTPUT_CASES if "error" not in row.values[1]])
def test_a_client_reads_an_answer_as_the_result_it_was_made_of(suite: dict[str, Any], case: dict[str, Any]) -> None:
    call = call_of(suite, case)
    shape = call.model.output_shape
    if call.protocol == "query" and shape is not None and shape.members:
        shape.serialization["resultWrapper"] = f"{call.operation}Result"
    result = value_of(shape, case["result"]) if shape is not None else {}
    read = read_by_botocore(call, codec.encode_output(call, result, "an-id"), shape)
    if shape is not None and call.protocol == "json":  # botocore leaves special doubles of JSON as strings
        read = {
            name: float(v) if shape.members[name].type_name in {"float", "double"} else v for name, v in read.items()
        }
    assert same(read, result)


@pytest.mark.parametrize(
    ("suite", "case"), [row for row in OUTPUT_CASES if "error" in row.values[1] or not row.values[1]]
)
def test_a_client_reads_an_error_as_the_fault_it_was_made_of(suite: dict[str, Any], case: dict[str, Any]) -> None:
    call = call_of(suite, case)
    shape = call.api.error_shape(case["errorCode"])
    members = {name: value for name, value in case["error"].items() if name.lower() != "message"}
    response = codec.encode_fault(call, Fault(shape.name, case.get("errorMessage"), members=members), "an-id")
    assert response.status == shape.metadata.get("error", {}).get("httpStatusCode", response.status)
    read = read_by_botocore(call, response, None)
    assert read["Error"]["Code"] == case["errorCode"]
    assert read["Error"].get("Message", "") == case.get("errorMessage", "")
    assert same(read_by_botocore(call, response, shape), case["error"])
