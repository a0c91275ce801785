"""Which requests are answered in the event loop. Spec: WIRE-4.7, WIRE-7.4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tocsin.composition.server_app import ServerApp
from tocsin.composition.server_dispatch import MOST_AT_ONCE, Dispatcher
from tocsin.config import RequestLimits
from tocsin.wire.message import WireRequest, WireResponse
from tocsin.wire.model import ServiceModels
from tocsin.wire.web_guard import WebRules

ANSWER = WireResponse(status=200, headers=(), body=b"{}")
APPEND = (b"x-amz-target", b"Logs_20140328.PutLogEvents")


class AlwaysAtOnce(Dispatcher):
    """Answers at once whatever may be."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def answer_at_once(self, request: WireRequest, **_: Any) -> WireResponse:
        self.bodies.append(request.body)
        return ANSWER


@pytest.fixture
def app() -> Iterator[ServerApp]:
    one = ServerApp(
        AlwaysAtOnce(),
        None,  # type: ignore[arg-type]  # no pages are asked for
        None,  # type: ignore[arg-type]  # as above
        None,  # type: ignore[arg-type]  # as above
        models=ServiceModels(),
        limits=msgspec.structs.replace(RequestLimits(), body=1_000),
        web_rules=WebRules(),
        guards_api=True,
        new_id=lambda: "id",
    )
    yield one
    one.close()


def scope(*headers: tuple[bytes, bytes], method: str = "POST", path: str = "/") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 1),
    }


CBOR = "/service/GraniteServiceVersion20100801/operation/PutMetricData"


@pytest.mark.parametrize(
    ("given", "body", "is_answered"),
    [
        (scope(APPEND), b"{}", True),
        (scope((b"x-amz-target", b"GraniteServiceVersion20100801.PutMetricData")), b"{}", True),
        (scope(path=CBOR), b"\xa0", True),
        (scope((b"x-amz-target", b"Logs_20140328.GetLogEvents")), b"{}", False),
        (scope(), b"Action=PutMetricData", False),  # what the body names is not looked for
        (scope(APPEND, (b"content-encoding", b"gzip")), b"{}", False),
        (scope(APPEND, method="GET"), b"", False),
        (scope(APPEND), b" " * 1_000, True),
        (scope(APPEND), b" " * 1_001, False),  # a body in chunks, which no header gives the length of
        (scope(APPEND, (b"origin", b"https://evil.example")), b"{}", False),
        (scope(APPEND, (b"content-length", b"2"), (b"transfer-encoding", b"chunked")), b"{}", False),
    ],
)
def test_which(app: ServerApp, given: dict[str, Any], body: bytes, *, is_answered: bool) -> None:
    assert (app.answer_at_once(given, bytearray(body)) is ANSWER) is is_answered


def test_a_large_one_keeps_nobody_waiting(app: ServerApp) -> None:
    app._limits = RequestLimits()
    assert app.answer_at_once(scope(APPEND), bytearray(MOST_AT_ONCE)) is ANSWER
    assert app.answer_at_once(scope(APPEND), bytearray(MOST_AT_ONCE + 1)) is None
