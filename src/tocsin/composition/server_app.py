"""The server as an ASGI application: AWS clients, and paths of our own. Spec: WIRE-1.3, WIRE-4.7, WIRE-7.

Rule: limits come first, then who may ask; a request is worked on in a thread, as it may wait for the disk, unless it
is small and has nothing to wait for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tocsin.composition.console import is_console
from tocsin.composition.console_stream import CONTENT_TYPE
from tocsin.composition.console_stream import PATH as STREAM
from tocsin.composition.request_threads import RequestThreads
from tocsin.composition.server_dispatch import MOST_AT_ONCE
from tocsin.composition.server_protocol import BODY_THAT_CAME, TLS
from tocsin.wire import codec
from tocsin.wire.detection import guess
from tocsin.wire.fault import Fault
from tocsin.wire.message import WireRequest, WireResponse
from tocsin.wire.web_guard import web_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tocsin.composition.console import ConsoleDesk
    from tocsin.composition.console_stream import ConsoleStreams
    from tocsin.composition.server_dispatch import Dispatcher
    from tocsin.composition.server_page import ServerPages
    from tocsin.config import RequestLimits
    from tocsin.wire.model import ServiceModels
    from tocsin.wire.web_guard import WebRules

ASGIScope = dict[str, Any]
Message = dict[str, Any]
Receive = "Callable[[], Awaitable[Message]]"
Send = "Callable[[Message], Awaitable[None]]"

# Threads that work on requests. More would only wait for each other: one writes to the store at a time.
_THREADS = 16

# Seconds for which the rest of a body that was refused is let run into nothing.
_LINGER = 1.0

_OUR_PATHS = (b"/_tocsin/",)
_CERTIFICATES = b"/SimpleNotificationService-"
"""What the paths of certificates begin with; whoever receives messages may fetch them."""

_FRAMINGS = (b"content-length", b"transfer-encoding")
_STATUSES = {"RequestEntityTooLargeException": 413, "RequestTimeoutException": 408}
"""What browsers are told of what has no status of its own."""

_LAST_WORDS = frozenset((400, 408, 413))
"""Statuses after which a connection is closed when the body of the request was not read to its end."""


class ServerApp:
    """Receives requests, and has them answered."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        pages: ServerPages,
        console: ConsoleDesk,
        streams: ConsoleStreams,
        *,
        models: ServiceModels,
        limits: RequestLimits,
        web_rules: WebRules,
        guards_api: bool,
        new_id: Callable[[], str],
    ) -> None:
        """`guards_api` says that web pages of others are kept from the API as well (WIRE-5.15)."""
        self._dispatcher = dispatcher
        self._pages = pages
        self._console = console
        self._streams = streams
        self._models = models
        self._limits = limits
        self._web_rules = web_rules
        self._guards_api = guards_api
        self._new_id = new_id
        self._threads = RequestThreads(_THREADS)
        self._running = 0

    async def __call__(
        self,
        scope: ASGIScope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        # The scope is part of what this function holds: a request that held itself would stay in memory with its body.
        body_that_came: Callable[[], bytes | None] = scope.pop(BODY_THAT_CAME, _nothing)
        request_id = self._new_id()
        head = _head_of(scope)
        if head.raw_path == STREAM:  # it lasts as long as a page is open, and is none of the requests that are counted
            await self._stream(scope, head, receive, send)
            return
        self._running += 1
        try:
            refused = self._early_refusal(head)
            body = b""
            if refused is None and _has_body(head):
                try:
                    body = self._small_enough(body_that_came()) or await self._body(receive)
                except Fault as fault:
                    refused = fault
            if refused is not None:
                response = self._refusal(scope, head, refused, request_id)
                await _send(send, response, receive=receive if _has_body(head) else None)
                return
            try:
                response = await self._answer(scope, head, body, request_id)
            except asyncio.CancelledError:  # it took longer than a server that stops may wait
                stopping = Fault("ServiceUnavailableException", "The server is being stopped.", status=503)
                response = self._refusal(scope, head, stopping, request_id)
            await _send(send, response)
        except _ClientGoneError:
            return
        finally:
            self._running -= 1

    def _refusal(self, scope: ASGIScope, head: WireRequest, fault: Fault, request_id: str) -> WireResponse:
        """The answer to what was refused, for a client or for a browser."""
        if not is_console(head.raw_path):
            return codec.encode_fault(guess(head, self._models), fault, request_id)
        is_https = scope["scheme"] == "https"
        status = fault.status or _STATUSES.get(fault.shape, 400)
        text = fault.message or "The request was refused."
        return self._console.refusal(head, status=status, text=text, request_id=request_id, is_https=is_https)

    async def _stream(
        self,
        scope: ASGIScope,
        head: WireRequest,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        loop = asyncio.get_running_loop()
        address = scope["client"][0] if scope.get("client") else ""
        ask, is_https = self._console.visitor_name, scope["scheme"] == "https"

        async def visitor() -> WireResponse | str:
            return await self._threads.run(loop, lambda: ask(head, source_address=address, is_https=is_https))

        async def may_stay() -> bool:
            return await visitor() == who

        who = await visitor()
        if isinstance(who, str) and not self._streams.admits(who):  # their page asks now and then instead (CON-6.3)
            text = "There are too many streams; the page asks every 30 seconds instead."
            who = self._console.refusal(head, status=503, text=text, request_id="", is_https=is_https)
        if isinstance(who, str):
            headers = self._console.stream_headers(head, CONTENT_TYPE, is_https=is_https)
            last_seen = head.header("last-event-id") or ""
            await self._streams.serve(who, last_seen, receive, send, headers=headers, may_stay=may_stay)
        else:
            await _send(send, who)

    def close(self) -> None:
        """Wait for what is being worked on."""
        self._threads.close()

    def answer_at_once(self, scope: ASGIScope, body: bytearray) -> WireResponse | None:
        """The answer to a request that came as a whole, if it is small and nothing has to be waited for; else None."""
        limits = self._limits
        if scope["method"] != "POST" or len(body) > min(MOST_AT_ONCE, limits.body) or self._running > limits.concurrent:
            return None
        head = _head_of(scope, bytes(body))
        if not self._dispatcher.may_answer_at_once(head) or self._early_refusal(head) is not None:
            return None
        address = scope["client"][0] if scope.get("client") else ""
        return self._dispatcher.answer_at_once(
            head, request_id=self._new_id(), source_address=address, tls=scope.get(TLS)
        )

    async def _answer(self, scope: ASGIScope, head: WireRequest, body: bytes, request_id: str) -> WireResponse:
        request = head
        if body:
            request = WireRequest(
                method=head.method,
                raw_path=head.raw_path,
                query_string=head.query_string,
                headers=head.headers,
                body=body,
            )
        loop = asyncio.get_running_loop()
        address = scope["client"][0] if scope.get("client") else ""
        if is_console(head.raw_path):
            answer_page, is_https = self._console.answer, scope["scheme"] == "https"
            return await self._threads.run(
                loop,
                lambda: answer_page(request, request_id=request_id, source_address=address, is_https=is_https),
            )
        if head.raw_path.startswith((*_OUR_PATHS, _CERTIFICATES)):
            return await self._threads.run(loop, lambda: self._pages.answer(request, request_id))
        answer, tls = self._dispatcher.answer, scope.get(TLS)
        return await self._threads.run(
            loop, lambda: answer(request, request_id=request_id, source_address=address, tls=tls)
        )

    def _early_refusal(self, head: WireRequest) -> Fault | None:
        """What can be refused before the body is read."""
        framings = [name for name, _ in head.headers if name in _FRAMINGS]
        if len(framings) > 1:
            return Fault("MalformedHttpRequestException", "The length of the body is given twice.", status=400)
        if self._running > self._limits.concurrent:
            return Fault("ServiceUnavailableException", "Too many requests at once.", status=503)
        length = head.header("content-length")
        if length is not None and int(length) > self._limits.body:
            return _too_large()
        if is_console(head.raw_path):  # it looks at hosts and origins itself, more strictly
            return None
        if self._guards_api or head.raw_path.startswith(_OUR_PATHS):
            problem = web_problem(head, self._web_rules)
            if problem is not None:
                return Fault("AccessDeniedException", problem, status=403)
        return None

    def _small_enough(self, body: bytes | None) -> bytes | None:
        """A body that came together with the head, as small ones do: nothing has to be waited for."""
        if body is not None and len(body) > self._limits.body:
            raise _too_large()
        return body

    async def _body(self, receive: Callable[[], Awaitable[Message]]) -> bytes:
        """The body of a request.

        Raises:
            Fault: it is too long, or does not arrive in time (WIRE-7.4).
        """
        limits = self._limits
        now = asyncio.get_running_loop().time
        end = now() + limits.body_seconds
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout_at(min(end, now() + limits.body_idle_seconds)) as timer:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _ClientGoneError
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limits.body:
                        raise _too_large()
                    parts.append(part)
                    if not message.get("more_body"):
                        break
                    timer.reschedule(min(end, now() + limits.body_idle_seconds))
        except TimeoutError:
            raise Fault("RequestTimeoutException", "The request body did not arrive in time.") from None
        return parts[0] if len(parts) == 1 else b"".join(parts)


class _ClientGoneError(Exception):
    """The connection was closed before the request had come in full: there is nobody to answer."""


def _nothing() -> None:
    """The body of a request whose server tells it in no other way than ASGI's."""


def _too_large() -> Fault:
    return Fault("RequestEntityTooLargeException", "The request body is too large.")


def _has_body(head: WireRequest) -> bool:
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding" for name, value in head.headers
    )


def _head_of(scope: ASGIScope, body: bytes = b"") -> WireRequest:
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    return WireRequest(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0],
        query_string=scope["query_string"],
        headers=tuple(scope["headers"]),
        body=body,
    )


async def _send(
    send: Callable[[Message], Awaitable[None]],
    response: WireResponse,
    *,
    receive: Callable[[], Awaitable[Message]] | None = None,
) -> None:
    """Send an answer. With `receive`, to a request of which not all was read."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", b"%d" % len(response.body)))
    is_last = receive is not None and response.status in _LAST_WORDS
    if is_last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": is_last})
    if is_last and receive is not None:
        # A connection that is closed while its peer still sends is reset, and the answer may be lost with that.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})
