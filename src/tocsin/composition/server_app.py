"""The server as an ASGI application: AWS clients, and paths of our own. Spec: WIRE-1.3, WIRE-4.7, WIRE-7.

Rule: limits come first, then who may ask; a request is worked on in a thread, as it may wait for the disk.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tocsin.wire import codec
from tocsin.wire.detection import guess
from tocsin.wire.fault import Fault
from tocsin.wire.message import WireRequest, WireResponse
from tocsin.wire.web_guard import web_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tocsin.composition.server_dispatch import Dispatcher
    from tocsin.composition.server_page import ServerPages
    from tocsin.config import RequestLimits
    from tocsin.wire.model import ServiceModels
    from tocsin.wire.web_guard import WebRules

ASGIScope = dict[str, Any]
Message = dict[str, Any]

# Threads that work on requests; the store writes in one of its own.
_THREADS = 16

_OUR_PATHS = (b"/_tocsin/", b"/console")
_BOTH_FRAMINGS = (b"content-length", b"transfer-encoding")


class ServerApp:
    """Receives requests, and has them answered."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        pages: ServerPages,
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
        self._models = models
        self._limits = limits
        self._web_rules = web_rules
        self._guards_api = guards_api
        self._new_id = new_id
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="tocsin request")
        self._running = 0

    async def __call__(
        self,
        scope: ASGIScope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request; the life of the server itself is told by `lifespan`."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request_id = self._new_id()
        head = _head_of(scope)
        response = await self._respond(scope, head, receive, request_id)
        await _send(send, response, is_head=head.method == "HEAD")

    def close(self) -> None:
        """Wait for what is being worked on."""
        self._executor.shutdown(wait=True)

    async def _respond(
        self, scope: ASGIScope, head: WireRequest, receive: Callable[[], Awaitable[Message]], request_id: str
    ) -> WireResponse:
        early = self._early_refusal(head)
        if early is not None:
            return codec.encode_fault(guess(head, self._models), early, request_id)
        self._running += 1
        try:
            body = await self._body(receive, head)
            request = (
                head
                if not body
                else WireRequest(
                    method=head.method,
                    raw_path=head.raw_path,
                    query_string=head.query_string,
                    headers=head.headers,
                    body=body,
                )
            )
            address = scope["client"][0] if scope.get("client") else ""
            loop = asyncio.get_running_loop()
            if head.raw_path.startswith(_OUR_PATHS):
                return await loop.run_in_executor(self._executor, self._pages.answer, request, request_id)
            return await loop.run_in_executor(
                self._executor,
                lambda: self._dispatcher.answer(request, request_id=request_id, source_address=address),
            )
        except Fault as fault:
            return codec.encode_fault(guess(head, self._models), fault, request_id)
        finally:
            self._running -= 1

    def _early_refusal(self, head: WireRequest) -> Fault | None:
        """What can be refused before the body is read."""
        names = [name for name, _ in head.headers]
        if all(name in names for name in _BOTH_FRAMINGS):
            return Fault(
                "MalformedHttpRequestException", "Both Content-Length and Transfer-Encoding are set.", status=400
            )
        if self._running >= self._limits.concurrent:
            return Fault("ServiceUnavailableException", "Too many requests at once.", status=503)
        length = head.header("content-length")
        if length is not None and length.isdigit() and int(length) > self._limits.body:
            return _too_large()
        if self._guards_api or head.raw_path.startswith(_OUR_PATHS):
            problem = web_problem(head, self._web_rules)
            if problem is not None:
                return Fault("AccessDeniedException", problem, status=403)
        return None

    async def _body(self, receive: Callable[[], Awaitable[Message]], head: WireRequest) -> bytes:
        parts: list[bytes] = []
        size = 0
        if head.header("content-length") in {None, "0"} and head.header("transfer-encoding") is None:
            return b""
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await asyncio.wait_for(receive(), self._limits.body_idle_seconds)
                    if message["type"] == "http.disconnect":
                        raise Fault("RequestTimeoutException", "The client has gone.", status=408)
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._limits.body:
                        raise _too_large()
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            raise Fault("RequestTimeoutException", "The request body did not arrive in time.", status=408) from None
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> Fault:
    return Fault("RequestEntityTooLargeException", "The request body is too large.", status=413)


def _head_of(scope: ASGIScope) -> WireRequest:
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    return WireRequest(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0],
        query_string=scope["query_string"],
        headers=tuple(scope["headers"]),
    )


async def _send(send: Callable[[Message], Awaitable[None]], response: WireResponse, *, is_head: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if response.status in {408, 413}:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else response.body})


async def _lifespan(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
