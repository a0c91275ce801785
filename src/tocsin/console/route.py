"""Addresses of the console, and what answers for them. Spec: CON-3.1, CON-3.2.

Rule: a path is split at its slashes and each part is decoded once. A name that holds slashes is the rest of the path,
so it is found whether a proxy has decoded it or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

View: TypeAlias = "Callable[[Visit], Answer]"
"""Answers a visit."""

Role: TypeAlias = Literal["viewer", "operator"]
"""A viewer reads and tests patterns, an operator does everything (CON-8.5)."""


class Route(NamedTuple):
    """A path, its view and who may use it. `form` is the page that shows a form again which was refused."""

    parts: tuple[str, ...]
    view: View
    is_change: bool = False
    role: Role = "viewer"
    form: View | None = None
    is_public: bool = False  # without having signed in


def page(path: str, view: View, *, is_public: bool = False) -> Route:
    """A page. `{name}` in the path stands for one part of it, `{name...}` at its end for all that is left."""
    return Route(_parts(path), view, is_public=is_public)


def fragment(name: str, view: View) -> Route:
    """A part of a page, fetched alone (CON-6.4)."""
    return Route(_parts(f"_/{name}"), view)


def action(
    name: str, view: View, *, form: View | None = None, role: Role = "operator", is_public: bool = False
) -> Route:
    """A change, by POST alone."""
    return Route(_parts(f"do/{name}"), view, is_change=True, role=role, form=form, is_public=is_public)


class Match(NamedTuple):
    """A route that was found, and what its path holds."""

    route: Route
    values: Mapping[str, str]


class RouteTable:
    """All routes. Those that begin alike are tried in the order of how much they say."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_first: dict[str, list[Route]] = {}
        for route in routes:
            self._by_first.setdefault(route.parts[0] if route.parts else "", []).append(route)
        for group in self._by_first.values():
            group.sort(key=lambda route: ([_rank(part) for part in route.parts], -len(route.parts)))

    def __iter__(self) -> Iterator[Route]:
        return (route for group in self._by_first.values() for route in group)

    def find(self, path: str) -> Match | None:
        """The route of a path below `/console`, still encoded, without the slash before it."""
        parts = [unquote(part) for part in path.split("/")] if path else []
        for route in self._by_first.get(parts[0] if parts else "", ()):
            values = _values(route.parts, parts)
            if values is not None:
                return Match(route, values)
        return None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _rank(part: str) -> int:
    """Words come before names, names before the rest of a path."""
    if not part.startswith("{"):
        return 0
    return 2 if part.endswith("...}") else 1


def _values(pattern: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for at, wanted in enumerate(pattern):
        if wanted.endswith("...}"):
            rest = "/".join(parts[at:])
            if not rest:
                return None
            values[wanted[1:-4]] = rest
            return values
        if at >= len(parts):
            return None
        if wanted.startswith("{"):
            if not parts[at]:
                return None
            values[wanted[1:-1]] = parts[at]
        elif wanted != parts[at]:
            return None
    return values if len(parts) == len(pattern) else None


class ConsoleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a page. `path` is what follows `/console/`, still encoded; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    request_id: str = ""
    source_address: str = ""
    is_https: bool = False

    def header(self, name: str) -> str | None:
        """The first header of that name; None where there is none."""
        return next((value for key, value in self.headers if key == name), None)


class ConsoleResponse(msgspec.Struct, frozen=True):
    """An answer, ready to be sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
