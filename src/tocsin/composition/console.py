"""The console, put together: requests of browsers in, pages out. Spec: IF-7, CON-8.4.

Rule: whether a host or an origin may use the console is decided here, before anything else is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.console.route import ConsoleRequest
from tocsin.wire.message import WireResponse
from tocsin.wire.web_guard import console_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.console.site import ConsoleSite
    from tocsin.console.visit import Actor, Change
    from tocsin.wire.message import WireRequest
    from tocsin.wire.web_guard import WebRules

PATH = b"/console"


class AuditDesk:
    """The port `console.visit.Audit`: keeps nothing yet but the log of the service."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell

    def note(self, change: Change, actor: Actor) -> None:
        """Tell the log."""
        self._tell("console-change", action=change.action, kind=change.kind, name=change.name, by=actor.name)


class ConsoleDesk:
    """Takes requests for `/console` off the wire."""

    def __init__(self, site: ConsoleSite, rules: WebRules) -> None:
        self._site = site
        self._rules = rules

    def visitor_name(self, request: WireRequest, *, source_address: str, is_https: bool) -> WireResponse | str:
        """Whose stream of signals a request asks for; an answer in its place for somebody who may have none."""
        problem = console_problem(request, self._rules)
        if problem is not None:
            return _plain(403, problem)
        if request.method != "GET":
            return _plain(405, "A stream is read.")
        name = self._site.visitor_name(
            _console_request(request, request_id="", source_address=source_address, is_https=is_https)
        )
        return _plain(401, "Sign in first.") if name is None else name

    def answer(self, request: WireRequest, *, request_id: str, source_address: str, is_https: bool) -> WireResponse:
        """The answer to a request whose body was received in full."""
        problem = console_problem(request, self._rules)
        if problem is not None:
            return _plain(403, problem)
        answered = self._site.answer(
            _console_request(request, request_id=request_id, source_address=source_address, is_https=is_https)
        )
        return WireResponse(status=answered.status, headers=answered.headers, body=answered.body)


def _console_request(request: WireRequest, *, request_id: str, source_address: str, is_https: bool) -> ConsoleRequest:
    return ConsoleRequest(
        method=request.method,
        path=request.raw_path.decode("latin-1").removeprefix("/console").removeprefix("/"),
        query=request.query_string.decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers),
        body=request.body,
        request_id=request_id,
        source_address=source_address,
        is_https=is_https,
    )


def is_console(raw_path: bytes) -> bool:
    """Whether a path is one of the console's."""
    return raw_path == PATH or raw_path.startswith(PATH + b"/")


def too_many_streams() -> WireResponse:
    """The answer to somebody who has as many streams as they may; their page asks now and then instead (CON-6.3)."""
    return _plain(503, "There are too many streams; the page asks every 30 seconds instead.")


def _plain(status: int, text: str) -> WireResponse:
    headers = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    )
    return WireResponse(status=status, headers=headers, body=f"{text}\n".encode())
