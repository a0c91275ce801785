"""Endpoints on this machine that receive messages, and misbehave as they are told.

with HttpEndpoint(lambda request: Reply(200)) as endpoint:
    subscribe(endpoint.url)
    endpoint.wait(1)
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class Received(NamedTuple):
    """A request: `connection` counts the connections to the endpoint, from 1."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Reply:
    """What is sent back: an answer in HTTP, or raw bytes; then the connection may be closed, or nothing happens."""

    def __init__(
        self,
        status: int = 200,
        body: bytes = b"",
        *,
        reason: str = "Some Reason",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        closes: bool = False,
        hangs: bool = False,
        endless: bool = False,
    ) -> None:
        lines = {"Content-Length": str(len(body)), **(headers or {})}
        head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.data = head.encode("latin-1") + b"\r\n" + body if raw is None else raw
        self.closes, self.hangs, self.endless = closes, hangs, endless


class HttpEndpoint:
    """A server on loopback with a thread for each connection."""

    def __init__(
        self, reply: Callable[[Received], Reply] = lambda _: Reply(), *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._reply = reply
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            _shut(connection)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def wait(self, count: int, *, seconds: float = 15.0) -> list[Received]:
        """The requests, as soon as there are so many."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} requests came"
            self._over.wait(0.01)
        return list(self.received)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        plain = connection
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                while (line := stream.readline()) and self._answer(connection, stream, line, number):
                    pass
        except OSError:
            pass  # the other side has gone, or does not trust us
        finally:
            self._open.discard(plain)
            connection.close()
            plain.close()

    def _answer(self, connection: socket.socket, stream: object, line: bytes, number: int) -> bool:
        headers: dict[str, str] = {}
        while (header := stream.readline().decode("latin-1").strip()) != "":  # type: ignore[attr-defined]
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
        request = Received(line.decode("latin-1").strip(), headers, body, number)
        self.received.append(request)
        reply = self._reply(request)
        connection.sendall(reply.data)
        while reply.endless and not self._over.is_set():
            connection.sendall(b"x" * 4096)
        if reply.hangs:
            self._over.wait(60)
        return not reply.closes


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself
