"""The quick way for PutLogEvents takes nothing that the general one refuses, and gives the same. Spec: WIRE-4.4."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_client import MODELS, scope_header, wire_request

from tocsin.wire import codec
from tocsin.wire.detection import detect
from tocsin.wire.fault import Fault
from tocsin.wire.log_events import FastLogEvents, decode_put_log_events

CALL = detect(wire_request(headers={"X-Amz-Target": "Logs_20140328.PutLogEvents", **scope_header("logs")}), MODELS)

VALUES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5)
EVENT = st.fixed_dictionaries(
    {"timestamp": st.integers(-5, 2**63 + 5) | VALUES, "message": st.text(max_size=20) | VALUES},
    optional={"extra": VALUES},
)
REQUEST = st.fixed_dictionaries(
    {
        "logGroupName": st.text(max_size=5) | VALUES,
        "logStreamName": st.text(max_size=5),
        "logEvents": st.lists(EVENT, max_size=4) | VALUES,
    },
    optional={"sequenceToken": VALUES, "entity": st.none() | st.dictionaries(st.text(), VALUES), "other": VALUES},
)


def general(body: bytes):
    """What the general way gives, or None for a fault."""
    saved, codec._QUICK = codec._QUICK, {}
    try:
        return codec.decode_input(CALL, body)
    except Fault:
        return None
    finally:
        codec._QUICK = saved


def agree(body: bytes) -> None:
    quick = decode_put_log_events(body)
    if quick is not None:
        assert isinstance(quick["logEvents"], FastLogEvents)
        assert {**quick, "logEvents": quick["logEvents"].as_dicts()} == general(body)


@given(REQUEST)
def test_on_requests_of_every_kind(request) -> None:
    agree(json.dumps(request).encode())


@given(st.binary(max_size=40), st.integers(0, 120))
def test_on_damaged_requests(noise: bytes, place: int) -> None:
    body = json.dumps(
        {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "\U0001f514 x"}]}
    ).encode()
    agree(body[:place] + noise + body[place:])
    agree(body[:place] + noise)


@pytest.mark.parametrize(
    "message", [rb"\ud83d\udd14", rb"\u00e9", rb"\n", "é".encode()], ids=["pair", "escape", "newline", "utf-8"]
)
def test_ordinary_requests_take_the_quick_way(message: bytes) -> None:
    body = b'{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":5,"message":"' + message + b'"}]}'
    assert decode_put_log_events(body) is not None
    agree(body)


@pytest.mark.parametrize(
    "message", [rb"\ud83d", rb"\udd14x", b"\xff", b"\x01"], ids=["high", "low", "latin", "control"]
)
def test_odd_texts_are_left_to_the_general_way(message: bytes) -> None:
    body = b'{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":5,"message":"' + message + b'"}]}'
    assert decode_put_log_events(body) is None
