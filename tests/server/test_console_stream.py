"""Streams of signals over a socket. Spec: CON-6.2, CON-6.3."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Stream:
    """A stream as a browser opens it."""

    def __init__(self, server: LiveServer, *, headers: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self._socket.sendall(f"GET /console/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        self.heard = b""

    def until(self, text: bytes) -> bytes:
        """All that came, once it holds that text."""
        while text not in self.heard:
            part = self._socket.recv(65_536)
            assert part, self.heard
            self.heard += part
        return self.heard

    def rest(self) -> bytes:
        """All that came until the server closed the connection."""
        while part := self._socket.recv(65_536):
            self.heard += part
        return self.heard

    def close(self) -> None:
        """Leave."""
        self._socket.close()


@pytest.fixture
def streams() -> Iterator[list[Stream]]:
    opened: list[Stream] = []
    yield opened
    for stream in opened:
        stream.close()


def test_a_page_hears_that_something_was_defined(server: LiveServer, account: str, streams: list[Stream]) -> None:
    stream = Stream(server)
    streams.append(stream)
    head = stream.until(b"event: hello")
    assert b"200 OK" in head
    assert b"text/event-stream" in head
    assert b"no-store" in head
    stream.until(b"\n\n")
    server.client("sns", account=account).create_topic(Name="told")
    heard = stream.until(b"event: definition")
    assert b"told" not in heard.partition(b"event: hello")[2]  # a signal names no content


def test_who_has_six_streams_gets_no_seventh(tmp_path: Path, streams: list[Stream]) -> None:
    with LiveServer(tmp_path / "data", "--config", str(_memory(tmp_path))) as server:
        for _ in range(6):
            streams.append(Stream(server))
            streams[-1].until(b"event: hello")
        assert server.ask("/console/stream").status == 503
        streams[0].close()
        seventh = _admitted(server, streams)
        assert b"event: hello" in seventh.heard


def test_streams_end_before_the_server_does(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data", "--config", str(_memory(tmp_path))) as server:
        stream = Stream(server)
        stream.until(b"event: hello")
        status, _ = server.stop()
        assert b"event: bye" in stream.rest()
        stream.close()
    assert status == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "logs.us-east-1.amazonaws.com"}, 403),
        ({"Host": "example.com"}, 403),
    ],
)
def test_others_hear_nothing(server: LiveServer, headers: dict[str, str], status: int) -> None:
    assert server.ask("/console/stream", headers=headers).status == status


def _admitted(server: LiveServer, streams: list[Stream]) -> Stream:
    """A stream, as soon as the server has seen that another has left."""
    while True:
        streams.append(Stream(server, headers="Connection: close\r\n"))
        with contextlib.suppress(AssertionError):
            streams[-1].until(b"event: hello")
            return streams[-1]
        if b"HTTP/1.1 503" not in streams[-1].heard:
            raise AssertionError(streams[-1].heard)


def _memory(folder: Path) -> Path:
    path = folder / "tocsin.toml"
    path.write_text('[server]\nstore = "memory"\n', encoding="utf-8")
    return path
