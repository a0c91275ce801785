"""Where one request ends and the next begins, over a raw socket (RFC 9112). Spec: WIRE-7.4, WIRE-7.6.

Every answer that is expected is listed, so that a request which is seen in what was a body would be one too many.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer
from raw_http import all_of, answers, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMITS = """
[limits]
body = "64 KiB"
header_bytes = "4 KiB"
header_seconds = 1
body_idle_seconds = 1
keep_alive_seconds = 2
"""
HOST = "Host: 127.0.0.1\r\n"
CALL = (
    "X-Amz-Target: Logs_20140328.DescribeLogGroups\r\nContent-Type: application/x-amz-json-1.1\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260301/eu-west-1/logs/aws4_request, "
    f"SignedHeaders=host, Signature={'0' * 64}\r\n"
)
LAST = "Connection: close\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
HEALTH = f"GET /_tocsin/health HTTP/1.1\r\n{HOST}\r\n"
GOODBYE = f"GET /_tocsin/health HTTP/1.1\r\n{HOST}{LAST}\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("framing")
    (folder / "tocsin.toml").write_text(LIMITS, encoding="utf-8")
    with LiveServer(folder / "data", "--config", str(folder / "tocsin.toml")) as one:
        yield one
        assert one.log == ""  # whatever came, it is no event of ours


def post(*headers: str, body: str = "", to: str = "/ HTTP/1.1", call: str = CALL) -> bytes:
    return (f"POST {to}\r\n{HOST}{call}" + "".join(headers) + "\r\n" + body).encode("latin-1")


def get(*headers: str, to: str = "/_tocsin/health HTTP/1.1", host: str = HOST) -> bytes:
    return (f"GET {to}\r\n{host}{LAST}" + "".join(headers) + "\r\n").encode("latin-1")


def statuses(server: LiveServer, sent: bytes) -> list[int]:
    return [status for status, _ in answers(server.send(sent, wait=6))]


REQUESTS: list[tuple[str, bytes, list[int]]] = [
    # Two lengths: who believes the one reads another request than who believes the other.
    ("both lengths", post(CHUNKED, "Content-Length: 4\r\n", body=f"0\r\n\r\n{GOODBYE}"), [400]),
    ("both, the other way round", post("Content-Length: 4\r\n", CHUNKED, body=f"0\r\n\r\n{GOODBYE}"), [400]),
    ("one length twice", post("Content-Length: 2\r\n", "Content-Length: 2\r\n", body="{}"), [400]),
    ("two different lengths", post("Content-Length: 2\r\n", f"Content-Length: {2 + len(GOODBYE)}\r\n", body="{}" + GOODBYE), [400]),
    ("a list of lengths", post("Content-Length: 2, 2\r\n", body="{}"), [400]),
    ("a length with a sign", post("Content-Length: +2\r\n", body="{}"), [400]),
    ("a length in hexadecimal", post("Content-Length: 0x2\r\n", body="{}"), [400]),
    ("a length as Python writes it", post("Content-Length: 0_2\r\n", body="{}"), [400]),
    ("an empty length", post("Content-Length:\r\n", body="{}"), [400]),
    ("a length beyond 64 bits", post("Content-Length: 18446744073709551618\r\n", body="{}"), [400]),
    ("a length with blanks around it", post("Content-Length:  2 \t\r\n", LAST, body="{}"), [200]),
    # Codings
    ("chunks", post(CHUNKED, LAST, body="1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), [200]),
    ("chunks with an extension", post(CHUNKED, LAST, body="2;name=value\r\n{}\r\n0\r\n\r\n"), [200]),
    ("chunked is not the last coding", post("Transfer-Encoding: chunked, identity\r\n", body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("chunked in one of two headers", post(CHUNKED, "Transfer-Encoding: identity\r\n", body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("chunked twice", post(CHUNKED, CHUNKED, body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("almost chunked", post("Transfer-Encoding: xchunked\r\n", body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("chunked after a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("a blank before the colon", post("Transfer-Encoding : chunked\r\n", body="2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("another coding", post("Transfer-Encoding: gzip\r\n", body="{}"), [400]),
    # Chunks
    ("a chunk with a negative size", post(CHUNKED, body="-2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("a chunk with 0x", post(CHUNKED, body="0x2\r\n{}\r\n0\r\n\r\n"), [400]),
    ("a chunk beyond 64 bits", post(CHUNKED, body="10000000000000002\r\n{}\r\n0\r\n\r\n"), [400]),
    ("a chunk that is longer than it says", post(CHUNKED, body="2\r\n{}xx\r\n0\r\n\r\n"), [400]),
    ("a chunk without an end of line", post(CHUNKED, body="2\r\n{}0\r\n\r\n"), [400]),
    ("chunks with bare line feeds", post(CHUNKED, body="2\n{}\n0\n\n"), [400]),
    ("an extension without end", post(CHUNKED, body=f"2;{'x' * 200_000}"), [431]),
    ("fields behind the chunks without end", post(CHUNKED, body="2\r\n{}\r\n0\r\n" + "X: y\r\n" * 40_000), [431]),
    ("a length behind the chunks", post(CHUNKED, body="2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n"), [400]),
    # Lines and fields
    ("bare line feeds", f"GET /_tocsin/health HTTP/1.1\n{HOST}\n".replace("\r", "").encode(), [400]),
    ("a bare carriage return", get("X: a\rY: b\r\n"), [400]),
    ("a folded field", get("X: a\r\n b\r\n"), [400]),
    ("a zero byte in a field", get("X: a\x00b\r\n"), [400]),
    ("a field without a name", get(": a\r\n"), [400]),
    ("a field without a colon", get("nothing\r\n"), [400]),
    ("a name with a blank", get("a b: c\r\n"), [400]),
    ("bytes beyond ASCII in a field", get("X: \xff\xfe\r\n"), [200]),
    ("empty lines before the request", b"\r\n\r\n" + get(), [200]),
    ("a zero byte in the path", get(to="/\x00 HTTP/1.1"), [400]),
    ("bytes beyond ASCII in the path", get(to="/\xff HTTP/1.1"), [400]),
    ("escaped bytes of no text in the path", get(to="/%ff%00 HTTP/1.1"), [404]),
    ("a whole address", get(to="http://127.0.0.1/_tocsin/health HTTP/1.1"), [200]),
    ("half an address", get(to="http://[ HTTP/1.1"), [400]),
    ("the path is an asterisk", get(to="* HTTP/1.1"), [404]),
    ("CONNECT", f"CONNECT example.com:443 HTTP/1.1\r\n{HOST}\r\n".encode(), [400]),
    ("a method in small letters", get().lower(), [400]),
    ("a method that there is not", get().replace(b"GET", b"BREW"), [400]),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    ("a version that there is not", get(to="/_tocsin/health HTTP/1.2"), [400]),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), [400]),
    ("noise", bytes(range(256)) * 40, [400]),
    # Hosts and origins (RFC 9112, 3.2; WIRE-5.15)
    ("no host", get(host=""), [400]),
    ("two hosts", get("Host: evil.example\r\n"), [400]),
    ("two hosts, the wrong one first", get(HOST, host="Host: evil.example\r\n"), [400]),
    ("two origins", get("Origin: http://127.0.0.1\r\n", "Origin: https://evil.example\r\n"), [400]),
    # HTTP/1.0: one request a connection
    ("HTTP/1.0", get(to="/_tocsin/health HTTP/1.0").replace(LAST.encode(), b"") + HEALTH.encode(), [200]),
    ("HTTP/1.0 without a host", get(to="/_tocsin/health HTTP/1.0", host=""), [403]),
    # Another protocol is not spoken; the request is answered.
    ("an upgrade to HTTP/2", get("Upgrade: h2c\r\n").replace(b"close", b"close, Upgrade"), [200]),
    ("an upgrade with a body", post("Connection: Upgrade, close\r\n", "Upgrade: h2c\r\n", "Content-Length: 2\r\n", body="{}"), [200]),
    # Expect
    ("a body that waits to be asked for", post("Expect: 100-continue\r\n", LAST, "Content-Length: 2\r\n", body="{}"), [100, 200]),
    ("one that is too large is not asked for", post("Expect: 100-continue\r\n", "Content-Length: 99999999\r\n"), [413]),
    # One behind the other
    ("three at once", post("Content-Length: 2\r\n", body="{}") * 2 + GOODBYE.encode(), [200, 200, 200]),
    ("a body where none is usual", get("Content-Length: 5\r\n").replace(LAST.encode(), b"") + b"hello" + GOODBYE.encode(), [200, 200]),
    ("nothing is read behind the last one", GOODBYE.encode() + HEALTH.encode(), [200]),
    ("noise behind a request", post("Content-Length: 2\r\n", body="{}") + b"noise\r\n\r\n" + GOODBYE.encode(), [200, 400]),
    ("noise behind two", HEALTH.encode() * 2 + b"noise\r\n\r\n", [200, 200, 400]),
    ("headers too long behind a request", HEALTH.encode() + get(f"X: {'x' * 5_000}\r\n"), [200, 431]),
    ("a broken chunk behind a request", HEALTH.encode() + post(CHUNKED, body="x\r\n"), [200, 400]),
    ("a body too large behind a request", HEALTH.encode() + post("Content-Length: 70000\r\n", body="x" * 70_000) + GOODBYE.encode(), [200, 413]),
    ("the body of one that was refused is no request", get("Content-Length: 30\r\n", host="Host: evil.example\r\n").replace(LAST.encode(), b"") + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n..." + GOODBYE.encode(), [403, 200]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "expected"),
    [pytest.param(sent, expected, id=name.replace(" ", "-")) for name, sent, expected in REQUESTS],
)
def test_each_request_is_answered_once(server: LiveServer, sent: bytes, expected: list[int]) -> None:
    assert statuses(server, sent) == expected


@pytest.mark.parametrize("name", ["X-Amz-Target", "Host", "Origin", "Authorization", "Content-Encoding"])
def test_fields_behind_a_body_are_no_headers(server: LiveServer, name: str) -> None:
    """They come after everything that decides about a request was looked at."""
    told = {"X-Amz-Target": "Logs_20140328.CreateLogGroup", "Content-Encoding": "gzip"}.get(name, "evil.example")
    sent = post(CHUNKED, LAST, body=f"2\r\n{{}}\r\n0\r\n{name}: {told}\r\n\r\n")
    ((status, body),) = answers(server.send(sent, wait=6))
    assert (status, json.loads(body)) == (200, {"logGroups": []})


def test_a_request_in_single_bytes_is_one_request(server: LiveServer) -> None:
    sent = post(CHUNKED, LAST, body="1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(sent)):
            connection.sendall(sent[place : place + 1])
        assert [status for status, _ in answers(all_of(connection))] == [200]


def test_requests_behind_each_other_are_answered_in_order(server: LiveServer) -> None:
    paths = ["/_tocsin/health", "/_tocsin/nothing", "/_tocsin/metrics"] * 100
    sent = b"".join(get(to=f"{path} HTTP/1.1").replace(LAST.encode(), b"") for path in paths)
    found = answers(server.send(sent + GOODBYE.encode(), wait=6))
    assert [status for status, _ in found] == [200, 404, 200] * 100 + [200]
    assert all(body.startswith(b"# HELP") for _, body in found[2:300:3])


def test_what_was_carried_out_is_not_told_to_have_been_refused(server: LiveServer) -> None:
    """A client takes the first answer for that of its first request."""
    made = json.dumps({"logGroupName": "carried-out"})
    create = post(
        f"Content-Length: {len(made)}\r\n", body=made, call=CALL.replace("DescribeLogGroups", "CreateLogGroup")
    )
    assert statuses(server, create + b"\x00\x00") == [200, 400]
    groups = server.client("logs").describe_log_groups(logGroupNamePrefix="carried-out")["logGroups"]
    assert len(groups) == 1
    server.client("logs").delete_log_group(logGroupName="carried-out")


def test_a_body_that_waits_is_asked_for_when_it_is_wanted(server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        connection.sendall(post("Expect: 100-continue\r\n", LAST, "Content-Length: 2\r\n"))
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert [status for status, _ in answers(all_of(connection))] == [200]


def test_the_connection_is_kept_after_an_upgrade_that_was_not_made(server: LiveServer) -> None:
    upgrade = get("Upgrade: websocket\r\n").replace(b"close", b"Upgrade")
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        for _ in range(2):
            connection.sendall(upgrade)
            assert one_of(connection)[0] == 200


def test_a_peer_that_reads_nothing_does_not_keep_its_answers_in_memory(server: LiveServer) -> None:
    logs = server.client("logs", account="200000000001")
    logs.create_log_group(logGroupName="large")
    logs.create_log_stream(logGroupName="large", logStreamName="s")
    at = _now_ms()
    for _ in range(15):
        events = [{"timestamp": at, "message": "x" * 12_000}] * 5
        logs.put_log_events(logGroupName="large", logStreamName="s", logEvents=events)
    body = json.dumps({"logGroupName": "large", "logStreamName": "s"})
    call = CALL.replace("DescribeLogGroups", "GetLogEvents").replace("111122223333", "200000000001")
    one = post(f"Content-Length: {len(body)}\r\n", body=body, call=call)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(one * 20)  # 18 MB of answers: more than the system keeps for a connection
        port = connection.getsockname()[1]
        assert _comes_true(lambda: _is_held(server, port)), "the server never took the connection"
        assert _comes_true(lambda: not _is_held(server, port)), "the server still holds the connection"
    logs.delete_log_group(logGroupName="large")


def _comes_true(told: Callable[[], bool]) -> bool:
    """Within eight seconds."""
    for _ in range(80):
        if told():
            return True
        threading.Event().wait(0.1)
    return told()


def _is_held(server: LiveServer, port: int) -> bool:
    """Whether the server's process holds the connection from this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    ends = {row[9] for row in rows if row[1].endswith(f":{server.port:04X}") and row[2].endswith(f":{port:04X}")}
    held = set()
    for file in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(str(file.readlink()))
    return any(f"socket:[{inode}]" in held for inode in ends)


def _now_ms() -> int:
    from datetime import UTC, datetime

    return int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day
