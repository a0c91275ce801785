"""HTTP on a connection, with the bounds that uvicorn does not set by itself. Spec: WIRE-7.4, WIRE-7.6.

Rule: whoever is connected is either working on a request or has a timer that will end the connection. Answers go out
in the order of their requests, those of refused requests too: what was done is never told to have been refused.

A request that came as a whole may be answered where it was read (`AnswerAtOnce`). A task for it, and ASGI's messages,
take as long as a small request itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tocsin.wire.message import WireResponse

if TYPE_CHECKING:
    import asyncio

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from tocsin.config import RequestLimits

AnswerAtOnce = Callable[[dict[str, Any], bytearray], WireResponse | None]
"""The answer to a request, by its ASGI scope and its body; None for one that is to be worked on as usual."""


def _never(_scope: dict[str, Any], _body: bytearray) -> None:
    """Nothing is answered at once."""


class _RefusedError(Exception):
    """Ends the parsing of a request; `status` is what it is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


BODY_THAT_CAME = "tocsin.body_that_came"
"""Key of a scope: a function that gives the body of the request when all of it is there, else None."""

TLS = "tocsin.tls"
"""Key of a scope: the version and the cipher of a connection that is protected."""

# More than this is not gathered: joining it would cost more than it saves, and it must not wait for its turn.
_GATHERED_BYTES = 64 * 1024


class GatheredWrites:
    """A transport to write to that sends what is written in one turn of the event loop in one piece.

    uvicorn writes the head of an answer and its body one after the other. Each is a system call and wakes the peer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send `data`, together with what else is written now."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered."""
        if self._parts:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._transport.write(data)

    def close(self) -> None:
        """Send what was gathered, then close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()


def bounded_protocol(limits: RequestLimits, answer_at_once: AnswerAtOnce = _never) -> type[HttpToolsProtocol]:
    """A protocol that ends connections that are too many, and those with headers too slow, too long or too many."""

    class BoundedProtocol(HttpToolsProtocol):
        """HTTP/1.1 through httptools, with timers and counts."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._header_timer: asyncio.TimerHandle | None = None
            self._is_in_headers = False
            self._has_body_come = False
            self._overhead = 0  # bytes that came since a request began, or since the last byte of its body
            self._running: RequestResponseCycle | None = None  # the request that is worked on; `cycle` came last
            # The request that is being read, and is not worked on before that is done or its body has to be waited for.
            self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
            self._is_reading = False
            self._last_words: bytes | None = None  # said before the connection ends, when all that is due is answered
            self._untaken_timer: asyncio.TimerHandle | None = None
            self._untaken = 0
            self._gathered: GatheredWrites | None = None
            self._tls: tuple[str, str] | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._gathered = GatheredWrites(transport, self.loop)
            self._tls = _protection_of(transport)
            if len(self.connections) > limits.connections:
                self._end(_ANSWERS[503])
                return
            self._start_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            if self._untaken_timer is not None:
                self._untaken_timer.cancel()
            # uvicorn leaves it running where the connection was reset.
            self._unset_keepalive_if_required()
            super().connection_lost(exc)
            # Only what came last is told by uvicorn; what runs, where more was sent behind it, would go on writing.
            if self._running is not None and not self._running.response_complete:
                self._running.disconnected = True
                self._running.message_event.set()

        def data_received(self, data: bytes) -> None:
            if self._last_words is not None:
                return  # nothing is wanted any more
            self._unset_keepalive_if_required()
            self._has_body_come = False
            self._is_reading = True
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                pass  # no other protocol is spoken here: the request is answered as any other (RFC 9110, 7.8)
            except httptools.HttpParserError as error:
                cause = error.__context__
                self._end(_ANSWERS[cause.status if isinstance(cause, _RefusedError) else 400])
                return
            finally:
                self._is_reading = False
                self._start_held()
            if self._is_in_headers or self._is_in_body():
                # Headers, and what stands around the pieces of a body. At most what came in one piece more than is
                # allowed has been looked at by now.
                self._overhead = 0 if self._has_body_come else self._overhead + len(data)
                if self._overhead > limits.header_bytes:
                    self._end(_ANSWERS[431])
                    return
            is_kept_alive = self.timeout_keep_alive_task is not None and not self._is_in_headers  # answered already
            if self._header_timer is None and not self._is_busy() and not is_kept_alive:
                self._start_timer()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._is_in_headers = True
            self._overhead = 0

        def on_headers_complete(self) -> None:
            self._is_in_headers = False
            self._stop_timer()
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if len(self.headers) > limits.headers or size > limits.header_bytes:
                raise _RefusedError(431)
            names = [name for name, _ in self.headers]
            # Whoever looked at one of two, such as a proxy, may have seen another request than we do (RFC 9112, 3.2).
            hosts = names.count(b"host")
            if hosts > 1 or names.count(b"origin") > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
                raise _RefusedError(400)
            super().on_headers_complete()
            self.headers = []  # fields behind a body are no headers (RFC 9110, 6.5.1): they are read into nothing

        def on_body(self, body: bytes) -> None:
            self._has_body_come = True
            super().on_body(body)

        def on_message_complete(self) -> None:
            super().on_message_complete()
            if self._held is not None and not self.flow.write_paused:
                cycle, _ = self._held
                response = answer_at_once(cycle.scope, cycle.body)  # type: ignore[arg-type]  # it is a dict
                if response is not None:
                    self._held = None
                    self._send_whole(cycle, response)
            self._start_held()

        def _send_whole(self, cycle: RequestResponseCycle, response: WireResponse) -> None:
            """Answer a request for which there is no task."""
            cycle.response_started = cycle.response_complete = True
            parts = [STATUS_LINE[response.status]]
            for name, value in self.server_state.default_headers:
                parts += (name, b": ", value, b"\r\n")
            for text, given in response.headers:
                parts.append(f"{text}: {given}\r\n".encode("latin-1"))
            parts.append(b"content-length: %d\r\n" % len(response.body))
            parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
            parts.append(response.body)
            self.transport.write(b"".join(parts))
            if not cycle.keep_alive:
                self.transport.close()
            self.on_response_complete()

        def _start_held(self) -> None:
            if self._held is not None:
                (cycle, app), self._held = self._held, None
                self._start_task(cycle, app)

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
            if self._tls is not None:
                cycle.scope[TLS] = self._tls  # type: ignore[literal-required]  # ours
            # Who waits to be asked for the body is asked by the task. One that waited for its turn is not answered
            # where the one before it ended: there may be a thousand of them, one within the other.
            if self._is_reading and cycle.more_body and not cycle.waiting_for_100_continue and not self.pipeline:
                self._held = cycle, app
            else:
                self._start_task(cycle, app)

        def _start_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
            self._running = cycle
            if self._gathered is not None:
                cycle.transport = self._gathered  # type: ignore[assignment]  # it has what a cycle asks a transport for
            cycle.scope[BODY_THAT_CAME] = lambda: _body_that_came(cycle)  # type: ignore[literal-required]  # ours
            super()._start_asgi_task(cycle, app)

        def on_response_complete(self) -> None:
            if self._gathered is not None:
                self._gathered.flush()
            is_last = not self.pipeline
            super().on_response_complete()
            self._watch_what_is_taken()
            if is_last and self._last_words is not None:
                self._close_with(self._last_words)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_what_is_taken()

        def send_400_response(self, msg: str) -> None:
            del msg  # it is uvicorn's; a client is told the status
            self._end(_ANSWERS[400])

        # -------------------------------------------------------- what it is busy with

        def _is_unanswered(self) -> bool:
            """Whether the request that came last is still to be answered."""
            cycle: Any = self.cycle  # None before the first request, whatever its type says
            return cycle is not None and not cycle.response_complete

        def _is_in_body(self) -> bool:
            return not self._is_in_headers and self._is_unanswered() and self.cycle.more_body

        def _is_busy(self) -> bool:
            """Whether a request is being read or answered, so that something else will end it."""
            return self._is_unanswered() and not self._is_in_headers

        # -------------------------------------------------------- timers

        def _start_timer(self) -> None:
            self._header_timer = self.loop.call_later(limits.header_seconds, self._give_up)

        def _stop_timer(self) -> None:
            if self._header_timer is not None:
                self._header_timer.cancel()
                self._header_timer = None

        def _give_up(self) -> None:
            self._end(b"")

        def _watch_what_is_taken(self) -> None:
            """See to it that a peer that reads nothing does not keep the connection, and an answer in memory."""
            if self._untaken_timer is None and self.transport.get_write_buffer_size():
                self._untaken = 0
                self._untaken_timer = self.loop.call_later(limits.body_idle_seconds, self._look_what_was_taken)

        def _look_what_was_taken(self) -> None:
            self._untaken_timer = None
            left = self.transport.get_write_buffer_size()
            if left and left == self._untaken:
                self.transport.abort()
            elif left:
                self._untaken = left
                self._untaken_timer = self.loop.call_later(limits.body_idle_seconds, self._look_what_was_taken)

        # -------------------------------------------------------- the end

        def _end(self, words: bytes) -> None:
            """Read no more; answer what came before, then say so and close."""
            self._stop_timer()
            if self.transport.is_closing():
                return
            is_due = self._is_unanswered()
            if self._is_in_body():
                if self.pipeline:
                    self.pipeline.popleft()  # it has not begun; those before it are due
                else:
                    is_due = False
                    words = b"" if self.cycle.response_started else words
            self._last_words = words
            if is_due:
                self.flow.pause_reading()
            else:
                self._close_with(words)

        def _close_with(self, words: bytes) -> None:
            self._last_words = words
            if self.transport.is_closing():
                return
            if words:
                self.transport.write(words)
            self.transport.close()
            self._watch_what_is_taken()

    return BoundedProtocol


def _protection_of(transport: asyncio.Transport) -> tuple[str, str] | None:
    """How a connection is protected; None for one in the clear."""
    protection = transport.get_extra_info("ssl_object")
    if protection is None:
        return None
    cipher = protection.cipher()
    return protection.version() or "", cipher[0] if cipher else ""


def _body_that_came(cycle: RequestResponseCycle) -> bytes | None:
    # Who waits to be asked for a body is asked by reading it.
    return None if cycle.more_body or cycle.waiting_for_100_continue else bytes(cycle.body)


def _answer(status: str, text: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text) + 1}\r\n"
        f"Connection: close\r\n\r\n{text}\n"
    ).encode()


_ANSWERS = {
    400: _answer("400 Bad Request", "This is no HTTP request."),
    431: _answer("431 Request Header Fields Too Large", "The headers are too long or too many."),
    503: _answer("503 Service Unavailable", "Too many connections are open."),
}
