"""The recorder's proxy in front of an upstream that is written by hand, both in an event loop in a thread.

    with ProxyBench(answer) as bench:
        bench.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

`answer` is a coroutine function that is given a `Conversation` for each connection to the upstream. What the proxy
has seen is in `passages`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Self

import uvloop

from tocsin.app.counters import Counters
from tocsin.clock import SystemClock
from tocsin.config import RequestLimits
from tocsin.recorder.page import RecorderPages
from tocsin.recorder.proxy import Proxy
from tocsin.recorder.upstream import read_upstream

if TYPE_CHECKING:
    import ssl

    from tocsin.recorder.exchange import Passage

WAIT = 10.0


class Conversation:
    """One connection to the upstream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: bytearray) -> None:
        self.reader = reader
        self.writer = writer
        self._received = received

    async def head(self) -> bytes:
        """The head of the next request."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self._received += head
        return head

    async def body(self, size: int) -> bytes:
        """So much of a body."""
        body = await self.reader.readexactly(size)
        self._received += body
        return body

    async def until(self, end: bytes) -> bytes:
        """What comes until `end`, with it."""
        part = await self.reader.readuntil(end)
        self._received += part
        return part

    async def say(self, data: bytes) -> None:
        """Answer."""
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """End the connection."""
        self.writer.close()

    def reset(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


Answer = Callable[[Conversation], Awaitable[None]]


class SilentLog:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def _take(self, event: str, **fields: Any) -> None:
        self.told.append((event, fields))

    info = warning = error = _take


class ProxyBench:
    """A proxy that runs while one is inside."""

    def __init__(
        self,
        answer: Answer,
        *,
        limits: RequestLimits | None = None,
        tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
        upstream: str | None = None,
        ca_bundle: Any = None,
        take: Callable[[Passage], None] | None = None,
    ) -> None:
        self._answer = answer
        self._limits = limits or RequestLimits()
        self._tls = tls
        self._upstream_tls = upstream_tls
        self._upstream = upstream
        self._ca_bundle = ca_bundle
        self.passages: list[Passage] = []
        self._take = take or self._noted
        self._arrived = threading.Condition()
        self.received = bytearray()
        self.connections = 0
        self.counters = Counters()
        self.log = SilentLog()
        self.failures: list[BaseException] = []
        self._talks: list[tuple[asyncio.Task[Any], asyncio.StreamWriter]] = []
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run_in_thread, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(WAIT)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert not self.failures, self.failures

    def stop(self) -> None:
        """End the proxy as it ends when it is told to."""
        if not self._stop.is_set():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT)

    def _run_in_thread(self) -> None:
        # In uvloop, as the command does: asyncio's own loop leaves a connection open that it has taken in the turn
        # before the server is closed (https://github.com/python/cpython/issues/109564).
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())

    def _noted(self, passage: Passage) -> None:
        with self._arrived:
            self.passages.append(passage)
            self._arrived.notify_all()

    def passage(self, number: int = 0) -> Passage:
        """What was seen, when it is there."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.passages) > number, WAIT), "no passage came"
            return self.passages[number]

    def _note_failure(self, _loop: object, context: dict[str, Any]) -> None:
        failure = context.get("exception") or RuntimeError(context["message"])
        if not isinstance(failure, asyncio.CancelledError):  # of an upstream that was still talking
            self.failures.append(failure)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._note_failure)
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, ssl=self._upstream_tls)
        scheme = "http" if self._upstream_tls is None else "https"
        address = self._upstream or f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pages = RecorderPages(self.counters, facts={}, problems=list, gauges=dict)
        proxy = Proxy(
            read_upstream(address, ca_bundle=self._ca_bundle),
            limits=self._limits,
            clock=SystemClock(),
            counters=self.counters,
            pages=pages,
            take=self._take,
            log=self.log,
        )
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
            await proxy.listen(listener, tls=self._tls)
            self._ready.set()
            await self._stop.wait()
            await proxy.stop()
        server.close()
        # A connection that was accepted at the last moment has its conversation a few turns later, and a transport
        # that is aborted closes its socket in the turn after that.
        for _ in range(10):
            for task, writer in self._talks:
                task.cancel()
                writer.transport.abort()
            await asyncio.gather(*(task for task, _ in self._talks), return_exceptions=True)
            await asyncio.sleep(0)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._talks.append((task, writer))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(Conversation(reader, writer, self.received))

    def connect(self) -> socket.socket:
        """A connection to the proxy."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)

    def connect_and_stop(self, turns: int) -> socket.socket:
        """A connection that is made so many turns of the event loop before the proxy is told to stop."""

        async def both() -> socket.socket:
            connection = self.connect()  # the kernel takes it, whatever the event loop does
            for _ in range(turns):
                await asyncio.sleep(0)
            self._stop.set()
            return connection

        return asyncio.run_coroutine_threadsafe(both(), self._loop).result(WAIT)

    def ask(self, data: bytes, *, ends: bool = False) -> bytes:
        """What comes back until the proxy ends the connection; with `ends` no more is sent behind `data`."""
        with self.connect() as connection:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the end."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            data += part
    return data


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What comes until `end`, with it."""
    data = b""
    while not data.endswith(end):
        part = connection.recv(1)
        assert part, data
        data += part
    return data
