"""HTTP on a connection, with the bounds that uvicorn does not set by itself. Spec: WIRE-7.4, WIRE-7.6.

Rule: whoever is connected is either working on a request or has a timer that will end the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from tocsin.config import RequestLimits


class _RefusedError(Exception):
    """Ends the parsing of a request whose headers are too many or too long."""


def bounded_protocol(limits: RequestLimits) -> type[HttpToolsProtocol]:
    """A protocol that ends connections whose headers are too slow, too long or too many, and connections too many."""

    class BoundedProtocol(HttpToolsProtocol):
        """HTTP/1.1 through httptools, with a timer and a count for headers."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._header_timer: asyncio.TimerHandle | None = None
            self._header_bytes = 0
            self._is_in_headers = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                self._refuse(503)
                return
            self._start_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            # uvicorn leaves it running where the connection was reset.
            self._unset_keepalive_if_required()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            self._unset_keepalive_if_required()
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                pass  # no other protocol is spoken here: the request is answered as any other (RFC 9110, 7.8)
            except httptools.HttpParserError as error:
                is_too_long = isinstance(error.__context__, _RefusedError)
                self._refuse(431 if is_too_long else 400)
                return
            if self._is_in_headers:
                # At most what came in one piece more than is allowed has been looked at by now.
                self._header_bytes += len(data)
                if self._header_bytes > limits.header_bytes:
                    self._refuse(431)
                    return
            if self._header_timer is None and not self._is_busy():
                self._start_timer()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._is_in_headers = True
            self._header_bytes = 0

        def on_headers_complete(self) -> None:
            self._is_in_headers = False
            self._stop_timer()
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if len(self.headers) > limits.headers or size > limits.header_bytes:
                raise _RefusedError
            super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            del msg  # it is uvicorn's; a client is told the status
            self._refuse(400)

        def _is_busy(self) -> bool:
            """Whether a request is being read or answered, so that something else will end it."""
            cycle: Any = self.cycle  # None before the first request, whatever its type says
            return cycle is not None and not cycle.response_complete and not self._is_in_headers

        def _start_timer(self) -> None:
            self._header_timer = self.loop.call_later(limits.header_seconds, self._too_slow)

        def _stop_timer(self) -> None:
            if self._header_timer is not None:
                self._header_timer.cancel()
                self._header_timer = None

        def _too_slow(self) -> None:
            self._header_timer = None
            if not self.transport.is_closing():
                self.transport.close()

        def _refuse(self, status: int) -> None:
            self._stop_timer()
            if not self.transport.is_closing():
                self.transport.write(_ANSWERS[status])
                self.transport.close()

    return BoundedProtocol


def _answer(status: str, text: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text) + 1}\r\n"
        f"Connection: close\r\n\r\n{text}\n"
    ).encode()


_ANSWERS = {
    400: _answer("400 Bad Request", "This is no HTTP request."),
    503: _answer("503 Service Unavailable", "Too many connections are open."),
    431: _answer("431 Request Header Fields Too Large", "The headers are too long or too many."),
}
