"""Clients that are written by hand, without botocore: JSON, query and CBOR over a socket. Spec: WIRE-1, WIRE-2.

What they send and read rests on the specification alone, so that a mistake which our codec and botocore's shared
would show here.
"""

from __future__ import annotations

import datetime as dt
import json
import urllib.parse
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import cbor2
from live_server import Answer, LiveServer

TARGETS = {
    "logs": "Logs_20140328",
    "cloudwatch": "GraniteServiceVersion20100801",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
}
JSON_TYPES = {
    "logs": "application/x-amz-json-1.1",
    "cloudwatch": "application/x-amz-json-1.0",
    "cloudtrail": "application/x-amz-json-1.1",
}
VERSIONS = {"cloudwatch": "2010-08-01", "sns": "2010-03-31", "sts": "2011-06-15"}
SIGNING_NAMES = {"cloudwatch": "monitoring"}
PROTOCOLS = {
    "logs": ("json",),
    "cloudwatch": ("json", "query", "cbor"),
    "cloudtrail": ("json",),
    "sns": ("query",),
    "sts": ("query",),
}


class Told(NamedTuple):
    """What an answer says: the code of an error, None for a success, and the members of the result.

    `query_error` is the code that a client which has moved on from the query protocol is told beside it (WIRE-3.4).
    """

    code: str | None
    message: str
    members: Any
    status: int
    query_error: str | None


def call(
    server: LiveServer,
    protocol: str,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    *,
    is_signed: bool = True,
    is_query_mode: bool = False,
) -> Told:
    """Send one call and read the answer."""
    headers = _authorization(service) if is_signed else {}
    if is_query_mode:
        headers["x-amzn-query-mode"] = "true"
    send = {"json": _json, "query": _query, "cbor": _cbor}[protocol]
    return send(server, service, operation, parameters, headers)


def _authorization(service: str) -> dict[str, str]:
    name = SIGNING_NAMES.get(service, service)
    credential = f"111122223333/20260301/eu-west-1/{name}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}",
        "X-Amz-Date": "20260301T000000Z",
    }


def _of_members(answer: Answer, told: dict[str, Any]) -> Told:
    query_error = answer.headers.get("x-amzn-query-error")
    if answer.status == 200:
        return Told(None, "", told, 200, query_error)
    code = told["__type"].rpartition("#")[2]
    return Told(code, told.get("message", told.get("Message", "")), told, answer.status, query_error)


def _json(
    server: LiveServer, service: str, operation: str, parameters: dict[str, Any], headers: dict[str, str]
) -> Told:
    headers |= {"X-Amz-Target": f"{TARGETS[service]}.{operation}", "Content-Type": JSON_TYPES[service]}
    body = json.dumps(parameters, default=lambda value: value.timestamp()).encode()
    answer = server.ask("/", method="POST", body=body, headers=headers)
    assert answer.headers["content-type"] == JSON_TYPES[service]
    assert answer.headers["x-amzn-requestid"]
    return _of_members(answer, json.loads(answer.body) if answer.body else {})


def _cbor(
    server: LiveServer, service: str, operation: str, parameters: dict[str, Any], headers: dict[str, str]
) -> Told:
    headers |= {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"}
    path = f"/service/{TARGETS[service]}/operation/{operation}"
    body = cbor2.dumps(parameters, datetime_as_timestamp=True, timezone=dt.UTC)
    answer = server.ask(path, method="POST", body=body, headers=headers)
    if answer.body:  # an operation without a result answers with nothing, and says of nothing no type
        assert answer.headers["content-type"] == "application/cbor"
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert answer.headers["x-amzn-requestid"]
    return _of_members(answer, cbor2.loads(answer.body) if answer.body else {})


def _flat(value: Any, name: str) -> list[tuple[str, str]]:
    match value:
        case dict():
            return [pair for key, item in value.items() for pair in _flat(item, f"{name}.{key}" if name else key)]
        case _Map():
            return [
                pair
                for place, (key, item) in enumerate(value.items, 1)
                for pair in (
                    (f"{name}.entry.{place}.{value.key}", key),
                    *_flat(item, f"{name}.entry.{place}.{value.value}"),
                )
            ]
        case list() | tuple():
            return [pair for place, item in enumerate(value, 1) for pair in _flat(item, f"{name}.member.{place}")]
        case bool():
            return [(name, "true" if value else "false")]
        case dt.datetime():
            return [(name, value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))]
        case _:
            return [(name, str(value))]


class _Map:
    """A map, which a form writes in another way than a structure."""

    def __init__(self, items: dict[str, Any], names: tuple[str, str]) -> None:
        self.items = list(items.items())
        self.key, self.value = names


# Members that are maps, and what keys and values are called in them; what else looks like one is a structure.
_MAPS = {("sns", "Attributes"): ("key", "value"), ("sns", "MessageAttributes"): ("Name", "Value")}


def _query(
    server: LiveServer, service: str, operation: str, parameters: dict[str, Any], headers: dict[str, str]
) -> Told:
    marked = {
        name: _Map(value, _MAPS[service, name]) if (service, name) in _MAPS and isinstance(value, dict) else value
        for name, value in parameters.items()
    }
    form = [("Action", operation), ("Version", VERSIONS[service]), *_flat(marked, "")]
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    answer = server.ask("/", method="POST", body=urllib.parse.urlencode(form).encode(), headers=headers)
    return _read_xml(answer, operation)


def _read_xml(answer: Answer, operation: str) -> Told:
    assert answer.headers["content-type"].startswith("text/xml")
    root = ET.fromstring(answer.body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if answer.status == 200:
        assert root.tag == f"{operation}Response"
        assert root.findtext("ResponseMetadata/RequestId") == answer.headers["x-amzn-requestid"]
        return Told(None, "", root, 200, None)
    assert root.tag == "ErrorResponse"
    assert root.findtext("Error/Type") == ("Sender" if answer.status < 500 else "Receiver")
    assert root.findtext("RequestId") == answer.headers["x-amzn-requestid"]
    return Told(root.findtext("Error/Code"), root.findtext("Error/Message") or "", root, answer.status, None)
