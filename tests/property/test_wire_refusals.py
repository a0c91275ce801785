"""Whatever is sent, no request ends in a defect of ours, and every answer has the form of its protocol. Spec: WIRE-3.11.

Each operation that is served is called with parameters that its model allows, with such that it does not, and with
bytes that are no message at all; half of the time with names of things that exist.
"""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cbor2
import pytest
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shape_values import values

from tocsin.api.service_table import Support, operation_table, service_table
from tocsin.app.service import Service
from tocsin.archive.folder import FolderStore
from tocsin.clock import ManualClock
from tocsin.composition.digest_keys import DigestKeyFolder
from tocsin.composition.server_dispatch import Dispatcher
from tocsin.store.memory import MemoryStore
from tocsin.wire.authentication import AuthenticationRules, Authenticator, AuthMode
from tocsin.wire.message import WireRequest
from tocsin.wire.model import ServiceModels
from tocsin.wire.page_token import PageTokens

ACCOUNT, REGION = "111122223333", "eu-west-1"
MODELS = ServiceModels()
TARGETS = {
    "logs": "Logs_20140328",
    "cloudwatch": "GraniteServiceVersion20100801",
    "cloudtrail": "CloudTrail_20131101",
}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/abc"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"

# What exists, by the names of members that name it.
EXISTING = {
    "logGroupName": "g",
    "logGroupIdentifier": "g",
    "logStreamName": "s",
    "filterName": "f",
    "filterPattern": "{ $.a = 1 }",
    "AlarmName": "a",
    "AlarmNames": ["a", "c"],
    "AlarmRule": "ALARM(a)",
    "Namespace": "N",
    "MetricName": "m",
    "TopicArn": TOPIC,
    "Name": "abc",
    "TrailName": "abc",
    "S3BucketName": "trail-bucket",
    "ResourceId": TRAIL,
    "ResourceIdList": [TRAIL],
    "resourceArn": GROUP,
    "Protocol": "email",
    "Endpoint": "a@example.com",
    "Period": 60,
    "Statistic": "Sum",
    "DashboardName": "d",
    "DashboardBody": '{"widgets":[]}',
    "MetricWidget": '{"metrics":[["N","m"]]}',
}
JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
CALLS = [
    (service, name)
    for service, entries in operation_table().items()
    for name, entry in entries.items()
    if entry.support is not Support.NONE
]


@cache
def dispatcher() -> Dispatcher:
    """One server for all of it: what earlier calls have made is there for later ones."""
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    numbers = iter(range(10**9))
    service = Service(
        MemoryStore(),
        clock,
        new_id=lambda: f"00000000-0000-4000-9000-{next(numbers):012}",
        new_secret=bytes,
        objects=FolderStore(Path("never-written")),
        digest_keys=DigestKeyFolder(None, clock),
    )

    def report(_request_id: str, called: str, error: BaseException) -> None:
        raise AssertionError(f"{called} failed") from error

    return Dispatcher(
        service,
        service_table(),
        models=MODELS,
        authenticator=Authenticator(
            AuthenticationRules(mode=AuthMode.OFF, account=ACCOUNT, region=REGION), {}, session=lambda *_: None
        ),
        page_tokens=PageTokens(bytes(32)),
        most_unpacked=2**20,
        report=report,
    )


def ask(path: str, headers: dict[str, str], body: bytes) -> Any:
    pairs = {"host": "127.0.0.1", **headers}
    request = WireRequest(
        method="POST",
        raw_path=path.encode(),
        query_string=b"",
        headers=tuple((name.lower().encode(), value.encode()) for name, value in pairs.items()),
        body=body,
    )
    response = dispatcher().answer(request, request_id="r", source_address="192.0.2.1")
    assert response.status < 500, response.body
    return response


def headers_of(protocol: str, service: str, operation: str) -> tuple[str, dict[str, str]]:
    signing = "monitoring" if service == "cloudwatch" else service
    credential = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260301/{REGION}/{signing}/aws4_request"
    headers = {"Authorization": f"{credential}, SignedHeaders=host, Signature={'0' * 64}"}
    match protocol:
        case "json":
            version = "1.0" if service == "cloudwatch" else "1.1"
            target = f"{TARGETS[service]}.{operation}"
            return "/", {**headers, "X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
        case "cbor":
            path = f"/service/{TARGETS[service]}/operation/{operation}"
            return path, {**headers, "Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    return "/", {**headers, "Content-Type": "application/x-www-form-urlencoded"}


def body_of(protocol: str, service: str, operation: str, parameters: Any) -> bytes:
    if protocol == "json":
        return json.dumps(parameters, default=_plain).encode()
    if protocol == "cbor":
        return cbor2.dumps(parameters, datetime_as_timestamp=True)
    model = MODELS.service(service).operation(operation)
    try:
        made = create_serializer("query", include_validation=False).serialize_to_request(parameters, model)["body"]
    except (TypeError, ValueError, AttributeError, KeyError):  # a client cannot write it: somebody else's form
        made = {"Action": operation, "Version": "2010-03-31", "Junk": repr(parameters)}
    from urllib.parse import urlencode

    return urlencode(made, errors="surrogatepass").encode()


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def spoilt(data: st.DataObject, value: Any) -> Any:
    """The value, with something else in some places."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(JUNK)
    if isinstance(value, dict):
        return {key: spoilt(data, item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoilt(data, item) for item in value]
    return value


def protocols(service: str) -> tuple[str, ...]:
    known = {"logs": ("json",), "cloudwatch": ("json", "query", "cbor"), "cloudtrail": ("json",)}
    return known.get(service, ("query",))


@pytest.mark.parametrize(
    ("service", "operation", "protocol"), [(s, name, p) for s, name in CALLS for p in protocols(s)]
)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_parameters_end_in_a_defect(service: str, operation: str, protocol: str, data: st.DataObject) -> None:
    shape = MODELS.service(service).operation(operation).input_shape
    parameters = {} if shape is None else data.draw(values(shape, is_finite=protocol == "json"))
    named = {name: value for name, value in EXISTING.items() if shape is not None and name in shape.members}
    if data.draw(st.booleans()):
        parameters = {**parameters, **named}
    if data.draw(st.booleans()):
        parameters = spoilt(data, parameters)
    path, headers = headers_of(protocol, service, operation)
    ask(path, headers, body_of(protocol, service, operation, parameters))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(CALLS),
    st.data(),
    st.binary(max_size=200)
    | st.text('{}[]":,0123456789eE+-.tfn\\u ', max_size=60).map(str.encode)
    | st.sampled_from(
        [b"[" * 100_000, b"\x81" * 100_000, b"\xbf" * 5_000, b"1" * 10_000, b"a.1=" * 3_000, b"&" * 200_000]
    ),
)
def test_no_bytes_end_in_a_defect(called: tuple[str, str], data: st.DataObject, body: bytes) -> None:
    service, operation = called
    protocol = data.draw(st.sampled_from(protocols(service)))
    path, headers = headers_of(protocol, service, operation)
    if data.draw(st.booleans()):
        headers["Content-Encoding"] = "gzip"
        if data.draw(st.booleans()):
            packer = zlib.compressobj(wbits=31)
            body = packer.compress(body * data.draw(st.sampled_from([1, 1_000]))) + packer.flush()
    ask(path, headers, body)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["X-Amz-Target", "Content-Type", "Smithy-Protocol", "Authorization", "Content-Encoding", "X-Amz-Date"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
        | st.sampled_from(
            ["Logs_20140328.PutLogEvents", "application/cbor", "rpc-v2-cbor", "application/x-amz-json-1.1", "gzip"]
        ),
    ),
    st.sampled_from(
        ["/", "/service/x/operation/y", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "//"]
    ),
    st.sampled_from([b"", b"{}", b"Action=Publish", b"Action=GetMetricData&Version=2010-08-01", b"\xa0", b"Version=1"]),
)
def test_no_headers_end_in_a_defect(headers: dict[str, str], path: str, body: bytes) -> None:
    ask(path, headers, body)
