"""The console, put together: requests of browsers in, pages out. Spec: IF-7, CON-8.4.

Rule: whether a host or an origin may use the console is decided here, before anything else is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.console.response_header import document_headers
from tocsin.console.route import ConsoleRequest
from tocsin.wire.message import WireResponse
from tocsin.wire.web_guard import console_problem, is_public_https

if TYPE_CHECKING:
    from tocsin.console.site import ConsoleSite
    from tocsin.wire.message import WireRequest
    from tocsin.wire.source_address import SourceAddresses
    from tocsin.wire.web_guard import WebRules

PATH = b"/console"


# What a proxy says of a request that it passes on.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class ConsoleDesk:
    """Takes requests for `/console` off the wire.

    `addresses` tells where they come from. `is_open` says that nobody has to sign in: then nobody gets in whom a proxy
    on this machine has let through.
    """

    def __init__(self, site: ConsoleSite, rules: WebRules, *, addresses: SourceAddresses, is_open: bool) -> None:
        self._site = site
        self._rules = rules
        self._addresses = addresses
        self._is_open = is_open

    def visitor_name(self, request: WireRequest, *, source_address: str, is_https: bool) -> WireResponse | str:
        """Whose stream of signals a request asks for; an answer in its place for somebody who may have none."""
        asked = self._asked(request, request_id="", peer=source_address, is_https=is_https)
        problem = self._problem(request)
        if problem:
            return _plain(asked, 403, problem)
        if request.method != "GET":
            return _plain(asked, 405, "A stream is read.")
        name = self._site.visitor_name(asked)
        return _plain(asked, 401, "Sign in first.") if name is None else name

    def stream_headers(self, request: WireRequest, content_type: str, *, is_https: bool) -> tuple[tuple[str, str], ...]:
        """What a stream is sent with."""
        return document_headers(self._asked(request, request_id="", peer="", is_https=is_https), content_type)

    def answer(self, request: WireRequest, *, request_id: str, source_address: str, is_https: bool) -> WireResponse:
        """The answer to a request whose body was received in full."""
        asked = self._asked(request, request_id=request_id, peer=source_address, is_https=is_https)
        problem = self._problem(request)
        if problem:
            return _plain(asked, 403, problem)
        answered = self._site.answer(asked)
        return WireResponse(status=answered.status, headers=answered.headers, body=answered.body)

    def refusal(self, request: WireRequest, *, status: int, text: str, request_id: str, is_https: bool) -> WireResponse:
        """The answer to a request that was refused before it was read."""
        return _plain(self._asked(request, request_id=request_id, peer="", is_https=is_https), status, text)

    def _problem(self, request: WireRequest) -> str:
        if self._is_open and any(request.header(name) is not None for name in _FORWARDED):
            return (
                "This console asks nobody for a password, so it is for this machine alone, and a proxy has passed this "
                "request on. Set console.password, or console.users, to let others in."
            )
        return console_problem(request, self._rules) or ""

    def _asked(self, request: WireRequest, *, request_id: str, peer: str, is_https: bool) -> ConsoleRequest:
        return ConsoleRequest(
            method=request.method,
            path=request.raw_path.decode("latin-1").removeprefix("/console").removeprefix("/"),
            query=request.query_string.decode("latin-1"),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers),
            body=request.body,
            request_id=request_id,
            source_address=self._addresses.of(peer, request.header("x-forwarded-for")),
            is_https=is_https or is_public_https(request, self._rules),
        )


def is_console(raw_path: bytes) -> bool:
    """Whether a path is one of the console's."""
    return raw_path == PATH or raw_path.startswith(PATH + b"/")


def _plain(asked: ConsoleRequest, status: int, text: str) -> WireResponse:
    headers = document_headers(asked, "text/plain; charset=utf-8", policy="default-src 'none'; frame-ancestors 'none'")
    return WireResponse(status=status, headers=headers, body=f"{text}\n".encode())
