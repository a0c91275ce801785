"""The side of the proxy that is connected to the upstream. Spec: REC-1.

Rule: an answer goes back as it comes: status, reason, fields, body; only the framing of a body without a length is
made anew. What of it is kept for the record is bounded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httptools

from tocsin.recorder.exchange import KEPT_BYTES
from tocsin.recorder.header import chunk, has_token, last_chunk, passed_on
from tocsin.recorder.outgoing import Outgoing

if TYPE_CHECKING:
    from tocsin.recorder.client_side import ClientConnection
    from tocsin.recorder.exchange import Exchange

_WITHOUT_BODY: Final = frozenset((204, 304))

_MOST_FIELDS: Final = 1_000
"""Header fields of an answer, and as many behind its body."""


class UpstreamConnection(asyncio.Protocol):
    """The connection to the upstream of one client."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client
        self._transport: Any = None
        self._out = Outgoing()
        self._parser: Any = None
        self.exchange: Exchange | None = None
        self._answered = 0
        self._status = 0
        self._reason = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._trailers: list[tuple[bytes, bytes]] = []
        self._is_chunked = False  # as it goes on to the client
        self._ends_with_connection = False
        self._keeps = True
        self._is_closed = False

    # ------------------------------------------------------------ what goes out

    def begin(self, exchange: Exchange) -> None:
        """The next that is asked is this."""
        self.exchange = exchange
        self._parser = httptools.HttpResponseParser(self)

    def write(self, data: bytes) -> None:
        """Send with the next `flush`."""
        self._out.write(data)

    def flush(self) -> None:
        """Send what was gathered."""
        self._out.flush()

    def close(self) -> None:
        """Let go of the upstream; nothing more is told of it."""
        self._is_closed = True
        exchange, self.exchange = self.exchange, None
        if exchange is not None and exchange.has_answer and not exchange.is_answered and exchange.is_received:
            self._client.given_up(exchange)
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The upstream is there."""
        self._transport = transport
        self._out.transport = transport  # type: ignore[assignment]  # of a stream

    def connection_lost(self, exc: Exception | None) -> None:
        """The upstream has closed the connection, or it broke."""
        self._out.transport = None
        if self._is_closed:
            return
        self._is_closed = True
        exchange, self.exchange = self.exchange, None
        if exchange is not None and exchange.has_answer and self._ends_with_connection and exc is None:
            self._keeps = False
            self._complete(exchange)
            self._client.flush()
            return
        reason = "it closed the connection" if exc is None else str(exc) or type(exc).__name__
        self._client.broken_off(exchange, is_reused=self._answered > 0, reason=reason)

    def pause_reading(self) -> None:
        """Read no more of the answer for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """The upstream does not read."""
        self._client.hold()

    def resume_writing(self) -> None:
        """The upstream reads again."""
        self._client.release()

    # ------------------------------------------------------------ what comes in

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer and pass it on."""
        if self._is_closed:
            return
        exchange = self.exchange
        if exchange is None:  # nobody has asked anything
            self._is_closed = True
            self._transport.abort()
            self._client.broken_off(None, is_reused=True, reason="it sent what nobody asked for")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self.exchange is exchange and not exchange.is_answered:
                self._is_closed = True
                self._transport.abort()
                self.exchange = None
                self._client.broken_off(exchange, is_reused=False, reason="what it sent is no HTTP answer")
        self._client.flush()

    def on_message_begin(self) -> None:
        """An answer begins, maybe one before the final one."""
        self._reason = b""
        self._fields = []
        self._trailers = []

    def on_status(self, reason: bytes) -> None:
        """The words behind the status."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or one behind the body."""
        exchange = self.exchange
        fields = self._trailers if exchange is not None and exchange.has_answer else self._fields
        fields.append((name, value))
        if len(fields) > _MOST_FIELDS:
            raise ValueError(len(fields))  # the parser makes an error of its own of it

    def on_headers_complete(self) -> None:
        """The head of an answer is there."""
        exchange = self.exchange
        if exchange is None or exchange.is_answered:
            return
        self._status = self._parser.get_status_code()
        version = self._parser.get_http_version().encode()
        fields = passed_on(self._fields)
        if self._status < 200:
            self._client.answer_interim(version, self._status, self._reason, fields)
            return
        exchange.status = self._status
        exchange.answer_headers = self._fields
        exchange.has_answer = True
        has_body = exchange.method != "HEAD" and self._status not in _WITHOUT_BODY
        is_chunked = has_token(self._fields, b"transfer-encoding", b"chunked")
        has_length = any(name.lower() == b"content-length" for name, _ in self._fields)
        self._ends_with_connection = has_body and not is_chunked and not has_length
        # A client of HTTP/1.0 knows no chunks: the end of the connection is the end of what it is told.
        self._is_chunked = has_body and is_chunked and exchange.version != "1.0"
        loses_end = has_body and is_chunked and not self._is_chunked
        self._keeps = _keeps_open(version, self._fields) and not exchange.wants_close
        self._keeps = self._keeps and not self._ends_with_connection and not loses_end
        if is_chunked and exchange.version != "1.0":
            fields.append((b"Transfer-Encoding", b"chunked"))
        line = b"HTTP/%b %d %b" % (version, self._status, self._reason)
        self._client.answer_head(exchange, line, fields)
        if not has_body:
            self._complete(exchange)  # the parser knows nothing of HEAD, and would wait for a body

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        exchange = self.exchange
        if exchange is None or not exchange.has_answer:
            return
        exchange.answer.add(body)
        self._client.answer_body(chunk(body) if self._is_chunked else body)
        if exchange.answer.size >= KEPT_BYTES and self._client.is_gone:
            self._client.let_go()  # nobody reads it, and enough of it is there for the record

    def on_message_complete(self) -> None:
        """The answer has been received in full."""
        exchange = self.exchange
        if exchange is None or exchange.is_answered or not exchange.has_answer:
            return
        if self._is_chunked:
            self._client.answer_body(last_chunk(self._trailers))
        self._complete(exchange)

    def _complete(self, exchange: Exchange) -> None:
        self._answered += 1
        self.exchange = None
        self._client.answered(exchange, keeps=self._keeps and not self._is_closed)


def _keeps_open(version: bytes, fields: list[tuple[bytes, bytes]]) -> bool:
    if version == b"1.0":
        return has_token(fields, b"connection", b"keep-alive")
    return not has_token(fields, b"connection", b"close")
