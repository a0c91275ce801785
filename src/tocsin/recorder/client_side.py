"""The side of the proxy that clients are connected to. Spec: REC-1, IF-8, WIRE-7.6.

Rule: each client has a connection of its own to the upstream, so that whatever the upstream does with a connection,
keeping it, closing it or breaking it off, happens to the client as it would without a proxy. What has come is passed
on in the same turn of the event loop; a side that does not read makes the other one wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import httptools

from tocsin.recorder.exchange import Exchange, Peer
from tocsin.recorder.header import chunk, has_token, head, last_chunk, passed_on
from tocsin.recorder.outgoing import Outgoing
from tocsin.recorder.upstream_side import UpstreamConnection

if TYPE_CHECKING:
    from tocsin.recorder.proxy import Proxy

_WAITING_BYTES: Final = 256 * 1024
"""More than this is not read of a request that cannot be passed on yet."""

_LINGER: Final = 2.0
"""Seconds for which the rest of a request that was answered early is read into nothing, so that the answer arrives."""

_LONGEST_LINGER: Final = 30.0

_ORPHAN_SECONDS: Final = 60.0
"""Seconds for which the answer to a client that has hung up is waited for, for its record."""


class ClientConnection(asyncio.Protocol):
    """A client that is connected, and the connection to the upstream that belongs to it."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._loop = proxy.loop
        self._parser = httptools.HttpRequestParser(self)
        self._exchanges: deque[Exchange] = deque()  # the first one is being answered, the others wait for it
        self._received: Exchange | None = None  # the one whose parts come in
        self._transport: Any = None
        self._out = Outgoing()
        self._up: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._peer = Peer(address="")
        self._pauses: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._overhead = 0
        self._has_ended = False  # nothing more is read from the client
        self._is_stopping = False
        self._refusal: tuple[int, str] | None = None  # told when the requests before it are answered
        self._lingering = 0.0

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = transport
        self._out.transport = transport  # type: ignore[assignment]  # of a stream
        self._peer = _peer_of(transport)
        if self._proxy.is_stopping:  # accepted a turn before no more were taken: nobody would wait for it
            self.abort()
            return
        if not self._proxy.add(self):
            self._refuse(503, "Too many connections are open.")
            return
        self._set_timer(self._proxy.limits.keep_alive_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it was told in full, or is still being told, is recorded."""
        del exc
        self._has_ended = True
        self._unset_timer()
        self._out.transport = None
        self._proxy.remove(self)
        if self._connecting is not None:
            self._connecting.cancel()
        up = self._up
        if up is None:
            return
        current = self._exchanges[0] if self._exchanges else None
        if current is None or not current.is_received:
            up.close()
        else:
            self._proxy.keep_orphan(self)
            up.resume_reading()
            self._timer = self._loop.call_later(_ORPHAN_SECONDS, self.let_go)

    def let_go(self) -> None:
        """Wait no longer for what nobody reads."""
        self._proxy.forget_orphan(self)
        self._unset_timer()
        up, self._up = self._up, None
        if up is not None:
            up.close()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being received or answered."""
        return bool(self._exchanges) or self._received is not None

    def stop(self) -> None:
        """End when what is being worked on is answered."""
        self._is_stopping = True
        if not self.is_busy:
            self.close()

    def close(self) -> None:
        """End the connection when what was written has been sent."""
        self._unset_timer()
        self._has_ended = True
        self._out.flush()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """Break the connection off, as the upstream's was."""
        self._unset_timer()
        self._has_ended = True
        if self._transport is not None:
            self._transport.abort()
        self.let_go()

    # ------------------------------------------------------------ what comes in

    def data_received(self, data: bytes) -> None:
        """Read a part of a request and pass it on."""
        if self._has_ended:
            if self._lingering and self._loop.time() < self._lingering:
                self._set_timer(_LINGER)  # it goes on sending, and reads what it was told when it is done
            return
        if self._received is None:
            self._set_timer(self._proxy.limits.header_seconds)
        in_body = self._received is not None and self._received.has_headers
        self._overhead = 0 if in_body else self._overhead + len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._parser = httptools.HttpRequestParser(self)  # it was answered as any other (RFC 9110, 7.8)
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _RefusedError):
                self._refuse(cause.status, cause.text)
            else:
                self._refuse(400, "This is no HTTP request.")
        else:
            if self._in_headers and self._overhead > self._proxy.limits.header_bytes:
                self._refuse(431, _TOO_LONG)
        if self._up is not None:
            self._up.flush()
        self._out.flush()

    def eof_received(self) -> bool:
        """The client sends no more. What it has asked is still answered, where TLS does not forbid that."""
        if self._received is not None:  # in the midst of a request
            return False
        if not self._exchanges:
            return False
        self._has_ended = True
        return self._transport.get_extra_info("sslcontext") is None

    @property
    def _in_headers(self) -> bool:
        return self._received is not None and not self._received.has_headers

    def on_message_begin(self) -> None:
        """A request begins."""
        self._received = Exchange()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        if self._received is not None:
            self._received.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or one behind the body."""
        exchange = self._received
        if exchange is None:
            return
        if not exchange.has_headers:
            exchange.fields.append((name, value))
            return
        exchange.trailers.append((name, value))
        limits = self._proxy.limits
        size = sum(len(name) + len(value) for name, value in exchange.trailers)
        if len(exchange.trailers) > limits.headers or size > limits.header_bytes:
            raise _RefusedError(431, _TOO_LONG)

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        exchange = self._received
        if exchange is None:
            return
        limits = self._proxy.limits
        size = len(exchange.target) + sum(len(name) + len(value) for name, value in exchange.fields)
        if len(exchange.fields) > limits.headers or size > limits.header_bytes:
            raise _RefusedError(431, _TOO_LONG)
        self._unset_timer()
        exchange.has_headers = True
        exchange.method = self._parser.get_method().decode("ascii")
        exchange.version = self._parser.get_http_version()
        # Another protocol is asked for. Where a body follows, the parser would not read it.
        if self._parser.should_upgrade() and (exchange.method == "CONNECT" or _has_body(exchange.fields)):
            raise _RefusedError(501, "The recorder speaks HTTP/1.1 alone: ask without Upgrade.")
        exchange.is_chunked = has_token(exchange.fields, b"transfer-encoding", b"chunked")
        exchange.wants_close = not self._parser.should_keep_alive()
        fields = passed_on(exchange.fields)
        if exchange.is_chunked:
            fields.append((b"Transfer-Encoding", b"chunked"))
        line = b"%b %b HTTP/%b" % (exchange.method.encode(), exchange.target, exchange.version.encode())
        self._exchanges.append(exchange)
        self._pass_on(exchange, head(line, fields))
        if len(self._exchanges) == 1:
            self._begin(exchange)
        else:
            self._pause("order")  # what comes behind is not read before the first one is answered

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        exchange = self._received
        if exchange is not None:
            exchange.body.add(body)
            self._pass_on(exchange, chunk(body) if exchange.is_chunked else body)

    def on_message_complete(self) -> None:
        """The request has been received in full."""
        exchange, self._received = self._received, None
        self._overhead = 0
        if exchange is None:
            return
        if exchange.is_chunked:
            self._pass_on(exchange, last_chunk(exchange.trailers))
        exchange.is_received = True
        if exchange is self._current and self._proxy.is_own(exchange.target):
            self._answer_page(exchange)

    # ------------------------------------------------------------ passing on

    @property
    def _current(self) -> Exchange | None:
        return self._exchanges[0] if self._exchanges else None

    def _begin(self, exchange: Exchange) -> None:
        """Work on the request that is first now."""
        if self._proxy.is_own(exchange.target):
            if exchange.is_received:
                self._answer_page(exchange)
            return
        up = self._up
        if up is None:
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._connect())
            return
        up.begin(exchange)
        for part in exchange.waiting:
            up.write(part)
        exchange.waiting.clear()
        exchange.waiting_bytes = 0
        self._resume("waiting")

    def _pass_on(self, exchange: Exchange, data: bytes) -> None:
        up = self._up
        if up is not None and up.exchange is exchange:
            up.write(data)
        elif not self._proxy.is_own(exchange.target):
            exchange.waiting.append(data)
            exchange.waiting_bytes += len(data)
            if exchange.waiting_bytes > _WAITING_BYTES:
                self._pause("waiting")

    async def _connect(self) -> None:
        try:
            up = await self._proxy.connect(lambda: UpstreamConnection(self))
        except OSError as error:
            self._connecting = None
            self._proxy.note_unreachable(error)
            self._refuse(502, f"The upstream {self._proxy.upstream.url} cannot be reached: {_reason(error)}.")
            return
        self._connecting = None
        if self._transport.is_closing():
            up.close()
            return
        self._up = up
        if self._current is not None:
            self._begin(self._current)
            up.flush()

    def _answer_page(self, exchange: Exchange) -> None:
        status, content_type, body = self._proxy.page(exchange.method, exchange.target)
        fields = [
            (b"Content-Type", content_type.encode()),
            (b"Content-Length", b"%d" % len(body)),
            (b"Cache-Control", b"no-store"),
            (b"X-Content-Type-Options", b"nosniff"),
        ]
        if exchange.wants_close:
            fields.append((b"Connection", b"close"))
        self._out.write(head(b"HTTP/1.1 %d %b" % (status, _REASONS[status]), fields))
        if exchange.method != "HEAD":
            self._out.write(body)
        self._next(exchange, keeps=not exchange.wants_close)
        self._out.flush()

    # ------------------------------------------------------------ what the upstream says

    def answer_interim(self, version: bytes, status: int, reason: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        """An answer before the answer, such as 100 Continue."""
        current = self._current
        if current is not None and current.version != "1.0":
            self._out.write(head(b"HTTP/%b %d %b" % (version, status, reason), fields))

    def answer_head(self, exchange: Exchange, line: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        """The head of the answer."""
        if not exchange.is_received and not has_token(fields, b"connection", b"close"):
            # The rest of the request is not waited for; who goes on sending is not taken for a new one.
            fields = [field for field in fields if field[0].lower() not in (b"connection", b"keep-alive")]
            fields.append((b"Connection", b"close"))
        self._out.write(head(line, fields))

    def answer_body(self, data: bytes) -> None:
        """A part of the answer, framed."""
        self._out.write(data)

    def flush(self) -> None:
        """Send what was gathered for the client."""
        self._out.flush()

    def answered(self, exchange: Exchange, *, keeps: bool) -> None:
        """The answer is complete; `keeps` says that both connections stay."""
        exchange.is_answered = True
        self._proxy.note(exchange, self._peer, is_whole=True)
        if not exchange.is_received:
            self._linger()
            return
        self._next(exchange, keeps=keeps)

    def given_up(self, exchange: Exchange) -> None:
        """The rest of the answer is not waited for: nobody is there to read it."""
        self._proxy.note(exchange, self._peer, is_whole=False)

    @property
    def is_gone(self) -> bool:
        """Whether the client has hung up."""
        return self._out.transport is None

    def broken_off(self, exchange: Exchange | None, *, is_reused: bool, reason: str) -> None:
        """The connection to the upstream ended, in the midst of an answer or before one, or where nothing was asked."""
        self._up = None
        self._proxy.forget_orphan(self)
        if exchange is None:
            if self._current is None:
                self._out.flush()
                self.close()
            elif not self._transport.is_closing():
                self._begin(self._current)  # it came while the upstream was closing: on a new connection
            return
        if exchange.has_answer:
            self._proxy.note(exchange, self._peer, is_whole=False)
            self.abort()
        elif is_reused:
            # The upstream let go of a connection that was kept: a client knows that, and tries again.
            self.abort()
        else:
            self._proxy.note_unanswered(reason)
            self._refuse(502, f"The upstream {self._proxy.upstream.url} gave no answer: {reason}.")

    def _next(self, exchange: Exchange, *, keeps: bool) -> None:
        """The first request is answered: end the connection, or work on the next one."""
        if self._exchanges and self._exchanges[0] is exchange:
            self._exchanges.popleft()
        ends = not keeps or self._is_stopping or (self._has_ended and not self._exchanges and self._refusal is None)
        if self._transport.is_closing() or ends:
            self.let_go()
            self.close()
            return
        current = self._current
        if current is None and self._refusal is not None:
            self._has_ended = False
            self._refuse(*self._refusal)
            return
        if current is None:
            if self._received is None:
                self._set_timer(self._proxy.limits.keep_alive_seconds)
            self._resume("order")
            return
        if len(self._exchanges) == 1:
            self._resume("order")
        self._begin(current)
        if self._up is not None:
            self._up.flush()

    def _linger(self) -> None:
        """Say no more, and read the rest of the request into nothing for a while: else the answer might be lost."""
        self._has_ended = True
        self.let_go()
        self._out.flush()
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            with suppress(OSError):  # it may be gone already
                self._transport.write_eof()
        self._pauses.clear()
        self._transport.resume_reading()
        self._lingering = self._loop.time() + _LONGEST_LINGER
        self._set_timer(_LINGER)

    def _refuse(self, status: int, text: str) -> None:
        """Answer by itself, and end the connection when that has been sent."""
        self._unset_timer()
        if self._transport.is_closing() or (self._has_ended and status != 502):
            return
        current = self._current
        if current is not None and current.is_received and status != 502:
            self._has_ended = True
            self._refusal = status, text
            return
        if current is not None and current.has_answer:
            self.abort()
            return
        body = text.encode() + b"\n"
        fields = [
            (b"Content-Type", b"text/plain; charset=utf-8"),
            (b"Content-Length", b"%d" % len(body)),
            (b"Connection", b"close"),
        ]
        self._out.write(head(b"HTTP/1.1 %d %b" % (status, _REASONS[status]), fields))
        if current is None or current.method != "HEAD":
            self._out.write(body)
        self._exchanges.clear()
        self._linger()

    # ------------------------------------------------------------ who waits for whom

    def pause_writing(self) -> None:
        """The client does not read: the upstream's answer is not read either."""
        if self._up is not None:
            self._up.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._up is not None:
            self._up.resume_reading()

    def hold(self) -> None:
        """The upstream does not read: neither is the client."""
        self._pause("upstream")

    def release(self) -> None:
        """The upstream reads again."""
        self._resume("upstream")

    def _pause(self, why: str) -> None:
        if not self._pauses and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pauses.add(why)

    def _resume(self, why: str) -> None:
        if why in self._pauses:
            self._pauses.discard(why)
            if not self._pauses and not self._transport.is_closing():
                self._transport.resume_reading()

    def _set_timer(self, seconds: float) -> None:
        self._unset_timer()
        self._timer = self._loop.call_later(seconds, self.close)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _RefusedError(Exception):
    """Ends the parsing of a request; it is answered with `status`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status)
        self.status = status
        self.text = text


_TOO_LONG: Final = "The headers are too long or too many."
_REASONS: Final = {
    200: b"OK",
    400: b"Bad Request",
    404: b"Not Found",
    405: b"Method Not Allowed",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
}


def _has_body(fields: list[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in fields)


def _peer_of(transport: asyncio.BaseTransport) -> Peer:
    name = transport.get_extra_info("peername")
    protection = transport.get_extra_info("ssl_object")
    address = str(name[0]) if isinstance(name, tuple) else ""
    if protection is None:
        return Peer(address=address)
    cipher = protection.cipher()
    return Peer(address=address, tls_version=protection.version() or "", cipher=cipher[0] if cipher else "")


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
