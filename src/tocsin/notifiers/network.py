"""Connections to endpoints: a name is looked up once, and only what was checked is connected to. Spec: SNS-8.4.

Rule: between the check and the connection nothing is looked up again, so a name that changes its mind gains nothing.
Names are looked up in threads of their own: one that takes for ever holds up nobody else.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextvars import ContextVar
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

# httpx2's own layer for connections; the one above it takes no network backend.
import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    from tocsin.core.endpoint_address import AddressRules

_MOST_LOOK_UPS: Final = 64
_MOST_ADDRESSES: Final = 4

# Seconds for an address that is not the last one of its host.
_CONNECT_SECONDS: Final = 4.0

connections_made: ContextVar[list[str] | None] = ContextVar("connections_made", default=None)
"""Where the addresses of connections that a task makes are noted."""


class NameNotFoundError(Exception):
    """A host name has no address."""


class AddressRefusedError(Exception):
    """It is ours not to connect there."""


class Resolver:
    """Looks up names; several who ask for one at the same time get one answer. One event loop uses it."""

    def __init__(self, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._look_up = look_up or _look_up
        self._room = asyncio.Semaphore(_MOST_LOOK_UPS)
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host, in the order in which they are to be tried.

        Raises:
            NameNotFoundError: it has none.
        """
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        asked = self._asked.get(host)
        if asked is None:
            async with self._room:
                asked = self._asked.get(host) or self._ask(host)
        return await asyncio.shield(asked)

    def _ask(self, host: str) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # who asked may have gone
        self._asked[host] = future

        def settle(found: list[str] | Exception) -> None:
            del self._asked[host]
            if isinstance(found, Exception):
                future.set_exception(found)
            else:
                future.set_result(found)

        def work() -> None:
            found: list[str] | Exception
            try:
                found = self._look_up(host)
            except (OSError, UnicodeError) as error:
                found = NameNotFoundError(getattr(error, "strerror", None) or "not a host name")
            try:
                loop.call_soon_threadsafe(settle, found)
            except RuntimeError:
                return  # the loop has ended in the meantime

        threading.Thread(target=work, name=f"look-up {host[:60]}", daemon=True).start()
        return future


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection that is closed when its TLS handshake is given up, which the library forgets to do."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self.read = stream.read  # type: ignore[method-assign]
        self.write = stream.write  # type: ignore[method-assign]
        self.aclose = stream.aclose  # type: ignore[method-assign]
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (of the interface)
    ) -> httpcore2.AsyncNetworkStream:
        """Begin TLS."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that the rules allow."""

    def __init__(self, rules: AddressRules, resolver: Resolver) -> None:
        self._rules = rules
        self._resolver = resolver
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (of the interface)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of a host that can be reached.

        Raises:
            NameNotFoundError: it has none.
            AddressRefusedError: none of them may be connected to.
        """
        found = await self._resolver.addresses(host)
        if not found:
            raise NameNotFoundError("it has no address")
        refusals = {address: self._rules.refusal(address) for address in found}
        allowed = [address for address, refusal in refusals.items() if refusal is None][:_MOST_ADDRESSES]
        if not allowed:
            address, refusal = next(iter(refusals.items()))
            raise AddressRefusedError(f"{address} is {refusal}")
        made = connections_made.get()
        for number, address in enumerate(allowed, 1):
            if made is not None:
                made.append(address)
            seconds = timeout if number == len(allowed) else _CONNECT_SECONDS
            try:
                stream = await self._network.connect_tcp(
                    address, port, timeout=seconds, local_address=local_address, socket_options=socket_options
                )
                return _Stream(stream)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(allowed):
                    raise
        raise AssertionError(allowed)  # the last one was connected to, or raised

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
