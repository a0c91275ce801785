"""HTTP on a connection, with the bounds that uvicorn does not set by itself. Spec: WIRE-7.4, WIRE-7.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from tocsin.config import RequestLimits

_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 28\r\nConnection: close\r\n\r\nThe headers are too large.\r\n"
)


def bounded_protocol(limits: RequestLimits) -> type[HttpToolsProtocol]:
    """A protocol that closes connections whose headers are too slow, too long or too many."""

    class BoundedProtocol(HttpToolsProtocol):
        """HTTP/1.1 through httptools, with a timer and a count for headers."""

        _limits: ClassVar[RequestLimits] = limits

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._header_timer: asyncio.TimerHandle | None = None
            self._header_bytes = 0
            self._in_headers = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._begin_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_headers()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._in_headers:
                if self._header_timer is None:
                    self._begin_headers()
                self._header_bytes += len(data)
                # What came with the end of the headers belongs to the body, and is not known apart here.
                if self._header_bytes > self._limits.header_bytes and b"\r\n\r\n" not in data:
                    self._refuse()
                    return
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._end_headers()
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if len(self.headers) > self._limits.headers or size + len(self.url) > self._limits.header_bytes:
                self._refuse()
                return
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self._in_headers = True
            self._header_bytes = 0

        def _begin_headers(self) -> None:
            self._in_headers = True
            self._header_timer = self.loop.call_later(self._limits.header_seconds, self._too_slow)

        def _end_headers(self) -> None:
            self._in_headers = False
            if self._header_timer is not None:
                self._header_timer.cancel()
                self._header_timer = None

        def _too_slow(self) -> None:
            # A connection that waits between two requests has its own timer (keep-alive).
            is_idle = self._header_bytes == 0 and self.cycle is not None
            if self._in_headers and not is_idle and not self.transport.is_closing():
                self.transport.close()

        def _refuse(self) -> None:
            self._end_headers()
            if not self.transport.is_closing():
                self.transport.write(_TOO_LONG)
                self.transport.close()

    return BoundedProtocol
