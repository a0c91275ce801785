"""Where a server listens, and how it begins and ends. Spec: IF-7."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Stops = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Arranges, for as long as a server runs, that the function it is given is called to end it."""


@contextmanager
def stop_on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Stop on the signals that end a process, without passing them on: the database is to be folded up first."""

    def take(_number: int, _frame: object) -> None:
        stop()

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class AnnouncingServer(uvicorn.Server):
    """Says when it is ready and when it begins to stop, and ends when it is told to."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], stopping: Callable[[], None], stops: Stops
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._stops = stops

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, and end."""
        self._stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take what ends the server, while it runs; a second time it ends without waiting for requests."""
        with self._stops(self._stop):
            yield

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket on that address; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only of a socket that says TCP does asyncio switch off Nagle's delay: 40 ms for every answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host} port {port}: {error.strerror or error}",
                key="server.port",
                hint="is another server running there? --port chooses another one",
            ) from None
        yield listener
    finally:
        listener.close()


def address_of(listener: socket.socket, *, is_tls: bool) -> str:
    """The URL of what listens."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if is_tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
