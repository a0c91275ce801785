"""What a running server does with hostile connections and with a disk that fails. Spec: WIRE-7.4, WIRE-7.6, WIRE-7.7."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from live_server import LiveServer
from wire_client import client

from tocsin.store.sqlite_schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = """
[limits]
body = "64 KiB"
header_bytes = "4 KiB"
headers = 20
header_seconds = 1
body_idle_seconds = 1
body_seconds = 2
keep_alive_seconds = 1
concurrent = 4
connections = 24

[auth]
mode = "known"
credentials = "keys.toml"
"""
KEYS = """
[AKIAIOSFODNN7EXAMPLE]
secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
arn = "arn:aws:iam::111122223333:user/ci"
"""
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
LOGS = "X-Amz-Target: Logs_20140328.DescribeLogGroups\r\nContent-Type: application/x-amz-json-1.1\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with small limits and short times."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "tocsin.toml").write_text(QUICK, encoding="utf-8")
    (folder / "keys.toml").write_text(KEYS, encoding="utf-8")
    with LiveServer(folder / "data", "--config", str(folder / "tocsin.toml")) as one:
        yield one


def request(*lines: str, body: bytes = b"", method: str = "POST", path: str = "/") -> bytes:
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines))
    return f"{head}\r\n\r\n".encode() + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        # WIRE-7.4: sizes
        (request("Content-Length: 65537"), 413, b"RequestEntityTooLargeException"),
        (request("Content-Length: 999999999999999999999"), 400, b""),
        (
            request(
                "Transfer-Encoding: chunked", body=b"8000\r\n" + b"x" * 0x8000 + b"\r\n" + b"9000\r\n" + b"x" * 0x9000
            ),
            413,
            b"RequestEntityTooLargeException",
        ),
        (request("X: " + "x" * 5_000), 431, b""),
        (request(*[f"X-{number}: 1" for number in range(30)]), 431, b""),
        (request(path="/" + "x" * 5_000), 431, b""),
        # WIRE-7.6: framing
        (request("Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400, b""),
        (request("Content-Length: 2", "Content-Length: 3", body=b"{}"), 400, b""),
        (request("Content-Length: -1"), 400, b""),
        (request("Content-Length: 2x", body=b"{}"), 400, b""),
        (request("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"), 400, b""),
        (b"GET / HTTP/9.9\r\n\r\n", 400, b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, b""),
        (b"nonsense\r\n\r\n", 400, b""),
        # time
        (request("Content-Length: 10", body=b"{"), 408, b"did not arrive in time"),
    ],
)
def test_a_request_out_of_bounds_is_refused(server: LiveServer, sent: bytes, status: int, told: bytes) -> None:
    answer = server.send(sent, wait=6)
    assert status_of(answer) == status, answer
    assert told in answer


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HT", request("X: y")[:-2], request(LOGS.strip(), "Content-Length: 2", body=b"{}")],
    ids=["nothing", "half a line", "half the headers", "kept alive"],
)
def test_a_connection_that_does_nothing_is_closed(server: LiveServer, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=8) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionError):
            while connection.recv(65_536):
                pass  # until it is closed, which the time-out of 8 seconds is there for


def test_a_body_that_comes_a_byte_at_a_time_has_an_end(server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=8) as connection:
        connection.sendall(request("Content-Length: 1000"))
        answer = b""
        for _ in range(20):
            threading.Event().wait(0.3)
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x")
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                answer += connection.recv(65_536)
            connection.setblocking(True)
            if answer:
                break
    assert status_of(answer) == 408


def test_requests_behind_each_other_are_answered_in_order(server: LiveServer) -> None:
    one = request("Content-Length: 0", method="GET", path="/_tocsin/health")
    answer = server.send(one * 3, wait=3)
    assert answer.count(b"HTTP/1.1 200") == 3


def test_head_has_no_body(server: LiveServer) -> None:
    answer = server.send(request(method="HEAD", path="/_tocsin/health"), wait=3)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == 200
    assert body == b""
    assert b"content-length: 0" not in head.lower()


def test_too_many_at_once_are_told_to_come_back(server: LiveServer) -> None:
    waiting = [socket.create_connection(("127.0.0.1", server.port), timeout=8) for _ in range(4)]
    try:
        for connection in waiting:
            connection.sendall(request(LOGS.strip(), "Content-Length: 10", body=b"{"))
        threading.Event().wait(0.3)
        answer = server.send(request(*LOGS.strip().split("\r\n"), "Content-Length: 2", body=b"{}"), wait=0.4)
    finally:
        for connection in waiting:
            connection.close()
    assert status_of(answer) == 503
    assert b"ServiceUnavailable" in answer


def test_too_many_connections_are_closed(server: LiveServer) -> None:
    opened = [socket.create_connection(("127.0.0.1", server.port), timeout=8) for _ in range(40)]
    try:
        answers = []
        for connection in opened[-8:]:
            with contextlib.suppress(ConnectionError):
                answers.append(connection.recv(65_536))
    finally:
        for connection in opened:
            connection.close()
    assert [status_of(answer) for answer in answers if answer] == [503] * 8
    for _ in range(50):  # those that are closed make room
        if status_of(server.send(request(method="GET", path="/_tocsin/health"), wait=1)) == 200:
            return
        threading.Event().wait(0.1)
    pytest.fail("there is no room again")


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("AKIAIOSFODNN7EXAMPLE", SECRET, None),
        ("AKIAIOSFODNN7EXAMPLE", "another", None),  # the mode known does not look at signatures
        ("AKIAIOSFODNN7UNKNOWN", SECRET, "UnrecognizedClientException"),
    ],
)
def test_mode_known(server: LiveServer, key: str, secret: str, code: str | None) -> None:
    logs = client("logs", server.address, access_key=key, secret=secret)
    if code is None:
        logs.describe_log_groups()
    else:
        with pytest.raises(ClientError) as caught:
            logs.describe_log_groups()
        assert caught.value.response["Error"]["Code"] == code
    assert secret not in server.log


def test_mode_strict_looks_at_signatures(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text('[auth]\nmode = "strict"\ncredentials = "keys.toml"\n', encoding="utf-8")
    (tmp_path / "keys.toml").write_text(KEYS, encoding="utf-8")
    with LiveServer(tmp_path / "data", "--config", str(config)) as strict:
        for service in ("logs", "sns", "cloudwatch"):
            call = {"logs": "describe_log_groups", "sns": "list_topics", "cloudwatch": "describe_alarms"}[service]
            good = client(service, strict.address, access_key="AKIAIOSFODNN7EXAMPLE", secret=SECRET)
            getattr(good, call)()
            bad = client(service, strict.address, access_key="AKIAIOSFODNN7EXAMPLE", secret="x")
            with pytest.raises(ClientError) as caught:
                getattr(bad, call)()
            assert caught.value.response["Error"]["Code"] in {"SignatureDoesNotMatch", "InvalidSignatureException"}
        unsigned = strict.ask(
            "/", method="POST", body=b"{}", headers=dict(line.split(": ") for line in LOGS.split("\r\n") if line)
        )
        assert unsigned.json()["__type"].endswith("MissingAuthenticationTokenException")
        assert SECRET not in strict.log


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
    ],
)
def test_pages_of_other_sites_get_nothing(
    tmp_path_factory: pytest.TempPathFactory, headers: dict[str, str], status: int, server: LiveServer
) -> None:
    assert server.ask("/_tocsin/health", headers=headers).status == status


# ---------------------------------------------------------------- the disk


def put(server: LiveServer, number: int) -> None:
    server.client("logs").put_log_events(
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": now_ms(), "message": f"{number} " + "x" * 2_000}],
    )


def now_ms() -> int:
    from datetime import UTC, datetime

    return int(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  # a client has the time of day


def kept(server: LiveServer) -> set[int]:
    events = server.client("logs").filter_log_events(logGroupName="g")["events"]
    return {int(event["message"].split()[0]) for event in events}


def set_up(server: LiveServer) -> None:
    server.client("logs").create_log_group(logGroupName="g")
    server.client("logs").create_log_stream(logGroupName="g", logStreamName="s")


def refused_with(server: LiveServer, number: int) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        put(server, number)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Files may not grow beyond 1 MB: to SQLite that is a disk that is full."""
    acknowledged = set()
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 0)
        acknowledged.add(0)
    with LiveServer(tmp_path / "data", most_bytes=1_000_000) as server:
        refused: tuple[str, int, str] | None = None
        failures = 0
        for number in range(1, 3_000):  # until there is no more room anywhere
            try:
                put(server, number)
            except ClientError:
                failures += 1
                if failures == 30:
                    refused = refused_with(server, number)
                    break
            else:
                acknowledged.add(number)
        assert refused is not None
        assert refused[:2] == ("ServiceUnavailableException", 503)
        assert "disk" in refused[2]
        health = server.ask("/_tocsin/health")
        assert health.status == 503
        assert "disk" in " ".join(health.json()["reasons"])
        assert acknowledged <= kept(server)  # what is there can be read
    with LiveServer(tmp_path / "data") as server:
        assert acknowledged <= kept(server)
        put(server, 5_000)  # there is room again
        assert 5_000 in kept(server)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.write_bytes(b"no database, but some text" * 100), "no SQLite database"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4_000 + path.read_bytes()[4_100:]),
            "damaged",
        ),
        (lambda path: sqlite3.connect(path).execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}"), "newer"),
    ],
    ids=["text", "overwritten", "newer"],
)
def test_a_database_that_cannot_be_used_is_told_at_the_start(tmp_path: Path, damage, told: str) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
    damage(tmp_path / "data" / "tocsin.sqlite3")
    with pytest.raises(AssertionError, match=told) as caught:
        LiveServer(tmp_path / "data")
    assert "Traceback" not in str(caught.value)


def test_what_is_counted_can_be_scraped(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        set_up(server)
        put(server, 1)
        text = server.ask("/_tocsin/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for line in text.body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            samples[name] = float(value)
    assert samples["tocsin_events_received_total"] == 1
    assert samples['tocsin_requests_total{outcome="answered",service="logs"}'] == 3
    assert {"tocsin_outbox_pending", "tocsin_deliveries_queued_total"} <= samples.keys()


def test_the_log_is_one_event_a_line(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        client("sns", server.address).create_topic(Name="t")
        sns = client("sns", server.address)
        sns.subscribe(TopicArn=sns.list_topics()["Topics"][0]["TopicArn"], Protocol="log", Endpoint="here")
        sns.publish(TopicArn=sns.list_topics()["Topics"][0]["TopicArn"], Message="hello")
        for _ in range(50):
            if "notification" in server.log:
                break
            threading.Event().wait(0.1)
        events = [json.loads(line) for line in server.log.splitlines()]
    assert [(event["event"], event["message"]) for event in events if event["part"] == "notification"] == [
        ("notification", "hello")
    ]
