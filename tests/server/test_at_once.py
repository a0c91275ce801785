"""Small requests that append are answered where they are read, as any other is. Spec: WIRE-4.7, WIRE-7.4.

Over a raw socket, as what matters is how they stand among others, and how they come.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer
from raw_http import all_of, answers, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = """
[limits]
header_seconds = 1
keep_alive_seconds = 3
"""
ACCOUNT = "111122223333"
HOST = "Host: 127.0.0.1\r\n"
LAST = "Connection: close\r\n"
GOODBYE = f"GET /_tocsin/health HTTP/1.1\r\n{HOST}{LAST}\r\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("at-once")
    (folder / "tocsin.toml").write_text(LIMITS, encoding="utf-8")
    with LiveServer(folder / "data", "--config", str(folder / "tocsin.toml")) as one:
        logs = one.client("logs", account=ACCOUNT)
        logs.create_log_group(logGroupName="g")
        yield one
        assert one.log == ""


@pytest.fixture
def stream(server: LiveServer, request: pytest.FixtureRequest) -> str:
    """A stream of its own."""
    name = re.sub(r"[^a-z0-9-]", "_", request.node.name)
    server.client("logs", account=ACCOUNT).create_log_stream(logGroupName="g", logStreamName=name)
    return name


def kept(server: LiveServer, stream: str) -> list[str]:
    page = server.client("logs", account=ACCOUNT).get_log_events(
        logGroupName="g", logStreamName=stream, startFromHead=True
    )
    return [event["message"] for event in page["events"]]


def append(stream: str, *messages: str, headers: str = "", version: str = "1.1", group: str = "g") -> bytes:
    at = int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day
    events = [{"timestamp": at, "message": message} for message in messages]
    body = json.dumps({"logGroupName": group, "logStreamName": stream, "logEvents": events})
    return (
        f"POST / HTTP/{version}\r\n{HOST}X-Amz-Target: Logs_20140328.PutLogEvents\r\n"
        "Content-Type: application/x-amz-json-1.1\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260301/eu-west-1/logs/aws4_request, "
        f"SignedHeaders=host, Signature={'0' * 64}\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def chunked(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    return b"%s\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (head, len(body), body)


def packed(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    body = gzip.compress(body)
    head = re.sub(rb"Content-Length: \d+", b"Content-Encoding: gzip\r\nContent-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


def test_alone(server: LiveServer, stream: str) -> None:
    ((status, body),) = answers(server.send(append(stream, "a", headers=LAST), wait=6))
    assert (status, set(json.loads(body))) == (200, {"nextSequenceToken"})
    assert kept(server, stream) == ["a"]


@pytest.mark.parametrize("way", [chunked, packed])
def test_however_its_body_comes(server: LiveServer, stream: str, way) -> None:
    assert [status for status, _ in answers(server.send(way(append(stream, "a")) + GOODBYE, wait=6))] == [200, 200]
    assert kept(server, stream) == ["a"]


def test_in_single_bytes(server: LiveServer, stream: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = append(stream, "a", headers=LAST)
        for place in range(len(sent)):
            connection.sendall(sent[place : place + 1])
        assert [status for status, _ in answers(all_of(connection))] == [200]
    assert kept(server, stream) == ["a"]


def test_a_body_that_waits_is_asked_for(server: LiveServer, stream: str) -> None:
    head, _, body = append(stream, "a", headers=f"Expect: 100-continue\r\n{LAST}").partition(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert [status for status, _ in answers(all_of(connection))] == [200]
    assert kept(server, stream) == ["a"]


def test_the_last_one_of_a_connection_says_so(server: LiveServer, stream: str) -> None:
    for request in (append(stream, "a", headers=LAST), append(stream, "b", version="1.0")):
        answer = server.send(request + append(stream, "never"), wait=6)
        assert [status for status, _ in answers(answer)] == [200]
        assert b"\r\nconnection: close\r\n" in answer.lower()
    assert kept(server, stream) == ["a", "b"]


def test_the_head_of_an_answer_is_the_usual_one(server: LiveServer, stream: str) -> None:
    quick = server.send(append(stream, "a", headers=LAST), wait=6)
    # What came packed is never answered at once.
    usual = server.send(packed(append(stream, "b", headers=LAST)), wait=6)

    def names(answer: bytes) -> set[bytes]:
        lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
        return {lines[0], *(line.partition(b":")[0].lower() for line in lines[1:])}

    assert names(quick) == names(usual)


def test_among_others_answers_stay_in_order(server: LiveServer, stream: str) -> None:
    other = f"GET /_tocsin/health HTTP/1.1\r\n{HOST}\r\n".encode()
    sent = b"".join(append(stream, f"{number:03}") + other * (number % 3) for number in range(200))
    found = [body for _, body in answers(server.send(sent + GOODBYE, wait=10))]
    shapes = ["nextSequenceToken" if b"nextSequenceToken" in body else "status" for body in found]
    wanted = [shape for number in range(200) for shape in ["nextSequenceToken", *["status"] * (number % 3)]]
    assert shapes == [*wanted, "status"]
    assert kept(server, stream) == [f"{number:03}" for number in range(200)]


def test_what_was_carried_out_is_not_told_to_have_been_refused(server: LiveServer, stream: str) -> None:
    found = answers(server.send(append(stream, "a") + b"noise\r\n\r\n", wait=6))
    assert [status for status, _ in found] == [200, 400]
    assert kept(server, stream) == ["a"]


def test_what_is_wrong_is_told(server: LiveServer) -> None:
    found = answers(server.send(append("none", "a") + append("none", "a", group="none") + GOODBYE, wait=6))
    assert [status for status, _ in found] == [400, 400, 200]
    assert b"ResourceNotFoundException" in found[0][1]
    evil = append("none", "a").replace(b"Host: 127.0.0.1", b"Host: evil.example")
    assert [status for status, _ in answers(server.send(evil + GOODBYE, wait=6))] == [403, 200]


def test_the_connection_is_kept_as_long_as_after_any_other(server: LiveServer, stream: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        connection.sendall(append(stream, "a"))
        assert one_of(connection)[0] == 200
        threading.Event().wait(1.5)  # longer than headers may take, shorter than it is kept
        connection.sendall(append(stream, "b"))
        assert one_of(connection)[0] == 200
        assert connection.recv(1) == b""  # and not for ever


def test_the_headers_behind_one_have_their_time(server: LiveServer, stream: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=2.5) as connection:
        connection.sendall(append(stream, "a") + b"GET / HTTP/1.1\r\n")
        assert one_of(connection)[0] == 200
        assert connection.recv(1) == b""


def test_it_waits_for_another_program_that_holds_the_database(server: LiveServer, stream: str) -> None:
    """The event loop does not: others are answered meanwhile."""
    with closing(sqlite3.connect(server.data / "tocsin.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
            connection.sendall(append(stream, "a", headers=LAST))
            metrics = b"GET /_tocsin/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            assert [status for status, _ in answers(server.send(metrics, wait=3))] == [200]
            other.execute("ROLLBACK")
            assert [status for status, _ in answers(all_of(connection))] == [200]
    assert kept(server, stream) == ["a"]


def test_bodies_of_answered_requests_do_not_stay_in_memory(server: LiveServer) -> None:
    def memory() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    request = append("none", *["x" * 1_000] * 200)
    with socket.create_connection(("127.0.0.1", server.port), timeout=6) as connection:
        for number in range(700):
            connection.sendall(request)
            assert one_of(connection)[0] == 400
            if number == 100:  # by now it has what it needs to work on them
                before = memory()
    assert memory() - before < 600 * len(request) / 4
