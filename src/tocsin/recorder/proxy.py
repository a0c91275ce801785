"""The proxy: who is connected, what it counts, and where it hands on what it has seen. Spec: REC-1, IF-8.

Rule: what happens to a record happens elsewhere; nothing here waits for it, and no failure of it gets to a client.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tocsin.recorder.client_side import ClientConnection
from tocsin.recorder.upstream import Connector

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from tocsin.app.counters import Counters
    from tocsin.clock import Clock
    from tocsin.config import RequestLimits
    from tocsin.recorder.exchange import Exchange, Passage, Peer
    from tocsin.recorder.page import RecorderPages
    from tocsin.recorder.upstream import Upstream
    from tocsin.recorder.upstream_side import UpstreamConnection

_GRACE: Final = 8.0
"""Seconds that calls get to end when the proxy is told to stop."""

_TLS_GOODBYE: Final = 1.0
"""Seconds in which a client that is told goodbye over TLS may answer: one whose connection is idle does not look."""

_TOLD_AGAIN: Final = 60.0
"""Seconds after which an upstream that cannot be reached is told of in the log once more."""


class Proxy:
    """Passes calls on to the upstream, and hands each one that was answered to `take`."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        limits: RequestLimits,
        clock: Clock,
        counters: Counters,
        pages: RecorderPages,
        take: Callable[[Passage], None],
        log: Any,
    ) -> None:
        self.upstream = upstream
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self._clock = clock
        self._counters = counters
        self._pages = pages
        self._take = take
        self._log = log
        self._connector = Connector(upstream, self.loop)
        self._connections: set[ClientConnection] = set()
        self._orphans: set[ClientConnection] = set()
        self._emptied: asyncio.Event = asyncio.Event()
        self._told_at = float("-inf")
        self._server: asyncio.Server | None = None
        self.is_stopping = False

    async def listen(self, listener: socket.socket, *, tls: ssl.SSLContext | None) -> None:
        """Take connections from now on."""
        self._server = await self.loop.create_server(
            lambda: ClientConnection(self),
            sock=listener,
            ssl=tls,
            backlog=2048,
            ssl_shutdown_timeout=None if tls is None else _TLS_GOODBYE,
        )

    async def stop(self) -> None:
        """Take no more connections, let calls end, and break off what has not ended in time."""
        self.is_stopping = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while self._connections or self._orphans:
                    self._emptied.clear()
                    await self._emptied.wait()
        for connection in list(self._orphans):
            connection.let_go()
        for connection in list(self._connections):
            connection.abort()

    # ------------------------------------------------------------ for connections

    def add(self, connection: ClientConnection) -> bool:
        """A client has connected; False where there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections

    def remove(self, connection: ClientConnection) -> None:
        """It is gone."""
        self._connections.discard(connection)
        self._emptied.set()

    def keep_orphan(self, connection: ClientConnection) -> None:
        """Its client is gone, and the answer is still to come."""
        self._orphans.add(connection)

    def forget_orphan(self, connection: ClientConnection) -> None:
        """The answer came, or never will."""
        self._orphans.discard(connection)
        self._emptied.set()

    async def connect(self, make: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        """A connection to the upstream; OSError where there is none to be had."""
        return await self._connector.connect(make)

    def is_own(self, target: bytes) -> bool:
        """Whether a request is for the proxy itself."""
        return target.startswith(b"/_tocsin/") and self._pages.has(target)

    def page(self, method: str, target: bytes) -> tuple[int, str, bytes]:
        """A page of the proxy's own: status, type and body."""
        return self._pages.answer(method, target)

    def note(self, exchange: Exchange, peer: Peer, *, is_whole: bool) -> None:
        """A call was answered: hand it on."""
        self._counters.add("calls", outcome="answered" if is_whole else "broken-off")
        try:
            self._take(exchange.passage(peer=peer, at=self._clock.now(), is_whole=is_whole))
        except Exception as error:  # noqa: BLE001  (whatever it is: the call goes on, REC-1.2)
            self._counters.add("recording_errors")
            self._log.error("recording-failed", exc_info=error)

    def note_unreachable(self, error: OSError) -> None:
        """The upstream cannot be reached."""
        self._counters.add("calls", outcome="unreachable")
        self._tell("upstream-unreachable", error.strerror or str(error) or type(error).__name__)

    def note_unanswered(self, reason: str) -> None:
        """The upstream took a call and gave no answer."""
        self._counters.add("calls", outcome="unanswered")
        self._tell("upstream-gave-no-answer", reason)

    def _tell(self, event: str, reason: str) -> None:
        now = self.loop.time()
        if now - self._told_at >= _TOLD_AGAIN:
            self._told_at = now
            self._log.warning(event, upstream=self.upstream.url, reason=reason)
