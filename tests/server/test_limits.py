"""What one request may take, and how many there may be, over a socket. Spec: WIRE-7.4, WIRE-7.5.

Each row of the table in WIRE-7.4 is here, one step within the limit and one beyond it. Framing is in
`test_framing.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import threading
from typing import TYPE_CHECKING

import cbor2
import pytest
from live_server import LiveServer

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = """
[limits]
body = "64 KiB"
metric_data_body = "8 KiB"
header_bytes = "4 KiB"
headers = 20
header_seconds = 1
body_idle_seconds = 1
body_seconds = 2
keep_alive_seconds = 1
concurrent = 4
connections = 24
"""
LOGS = ("X-Amz-Target: Logs_20140328.DescribeLogGroups", "Content-Type: application/x-amz-json-1.1")
METRICS = ("X-Amz-Target: GraniteServiceVersion20100801.PutMetricData", "Content-Type: application/x-amz-json-1.0")
FORM = ("Content-Type: application/x-www-form-urlencoded; charset=utf-8",)
CBOR = ("Smithy-Protocol: rpc-v2-cbor", "Content-Type: application/cbor", "Accept: application/cbor")
LAST = "Connection: close"
GZIP = "Content-Encoding: gzip"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with small limits and short times."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "tocsin.toml").write_text(QUICK, encoding="utf-8")
    with LiveServer(folder / "data", "--config", str(folder / "tocsin.toml")) as one:
        yield one
        assert one.log == ""  # what is refused is no event of ours


def request(*lines: str, body: bytes = b"", method: str = "POST", path: str = "/", service: str = "logs") -> bytes:
    """One request; with a body, and its length where no line says how long it is."""
    key = (
        f"Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260301/eu-west-1/{service}/aws4_request, "
        f"SignedHeaders=host, Signature={'0' * 64}"
    )
    if body and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        lines = (*lines, f"Content-Length: {len(body)}")
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", key, *lines))
    return f"{head}\r\n\r\n".encode() + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def logs(body: bytes, *lines: str) -> bytes:
    return request(*LOGS, LAST, *lines, body=body)


def form(body: bytes, *lines: str, service: str = "sns") -> bytes:
    return request(*FORM, LAST, *lines, body=body, service=service)


def cbor(body: bytes, operation: str = "DescribeAlarms") -> bytes:
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    return request(*CBOR, LAST, body=body, path=path, service="monitoring")


def chunked(*sizes: int) -> bytes:
    pieces = b"".join(b"%x\r\n%b\r\n" % (size, b" " * (size - 2) + b"{}" if size > 2 else b"{}") for size in sizes)
    return pieces + b"0\r\n\r\n"


# ---------------------------------------------------------------- sizes


def padded(size: int) -> bytes:
    """JSON of this length."""
    return b"{" + b" " * (size - 2) + b"}"


def metric_data(size: int) -> bytes:
    text = json.dumps({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]}).encode()
    return text + b" " * (size - len(text))


KIB = 1024
SIZES: list[tuple[str, bytes, int, bytes]] = [
    ("body", logs(padded(64 * KIB)), 200, b'{"logGroups":[]}'),
    ("body, one byte more", logs(padded(64 * KIB + 1)), 413, b"RequestEntityTooLargeException"),
    ("body, only announced", request(*LOGS, "Content-Length: 65537"), 413, b"RequestEntityTooLargeException"),
    ("body in chunks", logs(b"8000\r\n{" + b" " * 0x7FFF + b"\r\n8000\r\n" + b" " * 0x7FFF + b"}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 200, b"{"),
    ("body in chunks, more", request(*LOGS, "Transfer-Encoding: chunked", body=chunked(0x8000, 0x8001)), 413, b"RequestEntityTooLargeException"),
    ("body unpacked", logs(gzip.compress(padded(64 * KIB)), GZIP), 200, b'{"logGroups":[]}'),
    ("body unpacked, one byte more", logs(gzip.compress(padded(64 * KIB + 1)), GZIP), 413, b"RequestEntityTooLargeException"),
    ("body unpacked, a thousand times more", logs(gzip.compress(bytes(50_000_000)), GZIP), 413, b"RequestEntityTooLargeException"),
    ("form unpacked", form(gzip.compress(b"Action=ListTopics&Version=2010-03-31&" + b"&" * 66_000), GZIP), 413, b"RequestEntityTooLargeException"),
    ("metric data", request(*METRICS, LAST, body=metric_data(8 * KIB), service="monitoring"), 200, b""),
    ("metric data, one byte more", request(*METRICS, LAST, body=metric_data(8 * KIB + 1), service="monitoring"), 413, b"RequestEntityTooLargeException"),
    ("metric data in a form", form(b"Action=PutMetricData&Version=2010-08-01&Namespace=n&x=" + b"y" * 8 * KIB, service="monitoring"), 413, b"<Code>RequestEntityTooLargeException</Code>"),
    ("metric data in CBOR", cbor(cbor2.dumps({"Namespace": "n", "x": "y" * 8 * KIB}), "PutMetricData"), 413, b"RequestEntityTooLargeException"),
    ("metric data counts as it was sent", request(*METRICS, LAST, GZIP, body=gzip.compress(metric_data(60 * KIB)), service="monitoring"), 200, b""),
    ("headers", logs(b"{}", "X: " + "x" * 3_500), 200, b"{"),
    ("headers too long", logs(b"{}", "X: " + "x" * 4_500), 431, b"too long or too many"),
    ("headers too long, without end", request("X: " + "x" * 9_000)[:-4], 431, b""),
    ("headers many", logs(b"{}", *[f"X-{number}: 1" for number in range(14)]), 200, b"{"),
    ("headers too many", logs(b"{}", *[f"X-{number}: 1" for number in range(15)]), 431, b"too long or too many"),
    ("a line too long", request(path="/" + "x" * 5_000), 431, b""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "status", "told"), [pytest.param(*case, id=name.replace(" ", "-")) for name, *case in SIZES]
)
def test_sizes(quick: LiveServer, sent: bytes, status: int, told: bytes) -> None:
    answer = quick.send(sent, wait=6)
    assert status_of(answer) == status, answer[:500]
    assert told in answer


# ---------------------------------------------------------------- what is in a body, by the limits that are built in


def fields(count: int) -> bytes:
    return form(b"Action=ListTopics&Version=2010-03-31" + b"&a=b" * (count - 2))


def nested(levels: int) -> bytes:
    """CBOR with that many levels, the map around it counted in."""
    return cbor(b"\xa1\x6aAlarmNames" + b"\x81" * (levels - 1) + b"\x60")


def key(parts: int) -> bytes:
    return form(b"Action=DescribeAlarms&Version=2010-08-01&" + b".".join([b"a"] * parts) + b"=x", service="monitoring")


SERIALIZATION = b"SerializationException"
MALFORMED = b"<Code>MalformedInput</Code>"
CONTENTS: list[tuple[str, bytes, int, bytes]] = [
    ("fields", fields(100_000), 200, b"<ListTopicsResult>"),
    ("fields, one more", fields(100_001), 400, MALFORMED),
    ("two million fields", fields(2_000_000), 400, MALFORMED),
    ("a place in a list far away", form(b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.999999999=x", service="monitoring"), 200, b"<DescribeAlarmsResult>"),
    ("parts of a key", key(64), 200, b"<DescribeAlarmsResult>"),
    ("parts of a key, one more", key(65), 400, MALFORMED),
    ("CBOR nested", nested(64), 400, b"not expected"),
    ("CBOR nested, one more", nested(65), 400, b"nested deeper than 64 levels"),
    ("CBOR nested without end", nested(1_000_000), 400, b"nested deeper than 64 levels"),
    ("CBOR longer than it is", cbor(b"\xa1\x6aAlarmNames\x9b" + b"\x7f" + b"\xff" * 7), 400, b"ends too early"),
    ("CBOR text longer than it is", cbor(b"\xa1\x7b" + b"\x7f" + b"\xff" * 7), 400, b"ends too early"),
    ("JSON nested", logs(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), 400, b"nested too deeply"),
    ("JSON lists nested", logs(b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"), 400, b"nested too deeply"),
    ("digits", logs(b'{"limit":' + b"1" * 5_000 + b"}"), 400, SERIALIZATION),
    ("digits, a million", logs(b'{"limit":' + b"1" * 1_000_000 + b"}"), 400, SERIALIZATION),
    ("an integer of 32 bits and more", logs(b'{"limit":2147483648}'), 400, SERIALIZATION),
    ("digits in a form", form(b"Action=DescribeAlarms&Version=2010-08-01&MaxRecords=" + b"1" * 5_000, service="monitoring"), 400, MALFORMED),
    ("NaN", logs(b'{"limit":NaN}'), 400, SERIALIZATION),
    ("a number beyond all doubles", logs(b'{"limit":1e400}'), 400, SERIALIZATION),
    ("no JSON", logs(b"{"), 400, SERIALIZATION),
    # WIRE-7.5
    ("packed", logs(gzip.compress(b"{}"), GZIP), 200, b'{"logGroups":[]}'),
    ("packed, in capitals", logs(gzip.compress(b"{}"), "Content-Encoding: GZip"), 200, b'{"logGroups":[]}'),
    ("a packed form", form(gzip.compress(b"Action=ListTopics&Version=2010-03-31"), GZIP), 200, b"<ListTopicsResult>"),
    ("identity", logs(b"{}", "Content-Encoding: identity"), 200, b'{"logGroups":[]}'),
    ("no encoding", logs(b"{}", "Content-Encoding:"), 200, b'{"logGroups":[]}'),
    ("packed, cut off", logs(gzip.compress(b"{}")[:-1], GZIP), 400, b"MalformedHttpRequestException"),
    ("packed, with something behind it", logs(gzip.compress(b"{}") + b"x", GZIP), 400, b"MalformedHttpRequestException"),
    ("packed in two members", logs(gzip.compress(b"{") + gzip.compress(b"}"), GZIP), 400, b"MalformedHttpRequestException"),
    ("said to be packed", logs(b"{}", GZIP), 400, b"MalformedHttpRequestException"),
    ("another packing", logs(b"{}", "Content-Encoding: br"), 415, b"UnsupportedMediaTypeException"),
    ("packed twice", logs(b"{}", "Content-Encoding: gzip, gzip"), 415, b"UnsupportedMediaTypeException"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "status", "told"), [pytest.param(*case, id=name.replace(" ", "-")) for name, *case in CONTENTS]
)
def test_contents(server: LiveServer, sent: bytes, status: int, told: bytes) -> None:
    answer = server.send(sent.replace(b"111122223333", b"200000000002"), wait=10)
    assert status_of(answer) == status, answer[:500]
    assert told in answer


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HT", request("X: y")[:-2], request(*LOGS, body=b"{}"), request(*LOGS, body=b"{}") + b"POST"],
    ids=["nothing", "half a line", "half the headers", "kept alive", "half a second one"],
)
def test_a_connection_that_does_nothing_is_closed(quick: LiveServer, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", quick.port), timeout=8) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionError):
            while connection.recv(65_536):
                pass  # until it is closed, which the time-out of 8 seconds is there for


def test_headers_a_byte_at_a_time_have_an_end(quick: LiveServer) -> None:
    """Each byte is progress; only the whole time counts."""
    with socket.create_connection(("127.0.0.1", quick.port), timeout=8) as connection:
        connection.sendall(request()[:-4])
        assert _drip(connection, b"X", 40) == b""


@pytest.mark.parametrize("line", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_a_byte_at_a_time_has_an_end(quick: LiveServer, line: str) -> None:
    with socket.create_connection(("127.0.0.1", quick.port), timeout=8) as connection:
        connection.sendall(request(*LOGS, line))
        answer = _drip(connection, b"1\r\n \r\n" if "chunked" in line else b" ", 20)
    assert status_of(answer) == 408
    assert b"did not arrive in time" in answer


def test_a_body_that_does_not_come_is_told(quick: LiveServer) -> None:
    answer = quick.send(request(*LOGS, "Content-Length: 10", body=b"{"), wait=6)
    assert status_of(answer) == 408
    assert b"RequestTimeoutException" in answer
    assert b"connection: close" in answer.lower()


def _drip(connection: socket.socket, piece: bytes, times: int) -> bytes:
    """What comes back while a piece is sent every 300 ms; it is an error if the connection outlives them all."""
    answer = b""
    connection.settimeout(0.3)
    for _ in range(times):
        try:
            connection.sendall(piece)
            part = connection.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            return answer
        if not part:
            return answer
        answer += part
    pytest.fail("the connection is still open")


# ---------------------------------------------------------------- how many


def test_too_many_at_once_are_told_to_come_back(quick: LiveServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", quick.port), timeout=8))
            connection.sendall(request(*LOGS, "Content-Length: 10", body=b"{"))
        threading.Event().wait(0.3)
        answers = [quick.send(logs(b"{}")), quick.send(form(b"Action=ListTopics")), quick.send(cbor(b"\xa0"))]
    assert [status_of(answer) for answer in answers] == [503] * 3
    codes = [re.search(rb"ServiceUnavailable(Exception)?", answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert [code and code[0] for code in codes] == [
        b"ServiceUnavailableException",
        b"ServiceUnavailable",
        b"ServiceUnavailableException",
    ]
    _until_there_is_room(quick)


def test_too_many_connections_are_closed(quick: LiveServer) -> None:
    with contextlib.ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", quick.port), timeout=8)) for _ in range(40)
        ]
        answers = [_read_all(connection) for connection in opened[-8:]]
    assert [status_of(answer) for answer in answers] == [503] * 8
    _until_there_is_room(quick)


def _until_there_is_room(server: LiveServer) -> None:
    for _ in range(50):
        if status_of(server.send(logs(b"{}"))) == 200:
            return
        threading.Event().wait(0.1)
    pytest.fail("there is no room again")


def _read_all(connection: socket.socket) -> bytes:
    stream = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            stream += part
    return stream


def test_head_has_no_body(quick: LiveServer) -> None:
    answer = quick.send(request(LAST, method="HEAD", path="/_tocsin/health"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (status_of(answer), body) == (200, b"")
    assert b"content-length: 0" not in head.lower()
