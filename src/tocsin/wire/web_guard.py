"""Against web pages that would use a browser to reach a server on localhost. Spec: WIRE-5.15.

Rule: no SDK outside a browser sends `Origin` or `Sec-Fetch-Site`; a page of somebody else's does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from tocsin.wire.message import WireRequest

_AWS = re.compile(r"(?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?\Z")
_LOCAL = re.compile(r"(?:[a-z0-9-]+\.)*localhost\Z")

_READING = frozenset(("GET", "HEAD"))

_TOKEN_PAGES = b"/_tocsin/subscriptions/"


class WebRules(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts and origins that browsers may use besides our own; `public_url` is `server.public_url`."""

    public_url: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


def web_problem(request: WireRequest, rules: WebRules) -> str | None:
    """Why a request is refused; None for one that may pass."""
    host = request.header("host") or ""
    if not _is_own_host(_name_of(host), rules):
        return f"The host name {host[:100]!r} is not one of this server; see the setting server.hosts."
    origin = request.header("origin")
    # What a page that tells nobody where it is sends from its form (SNS-5.5); what acts there is a token.
    is_ours = origin == "null" and request.raw_path.startswith(_TOKEN_PAGES)
    if origin is not None and not is_ours and not _is_own_origin(origin, host, rules):
        return f"The origin {origin[:100]!r} may not use this server; see the setting server.origins."
    site = (request.header("sec-fetch-site") or "").lower()
    if site == "cross-site" and origin is None and not _is_navigation(request):
        return "Requests from other web sites are refused."
    return None


def console_problem(request: WireRequest, rules: WebRules) -> str | None:
    """Why a request for the console is refused; None for one that may pass (CON-7.3, CON-8.4).

    Names of AWS's own endpoints are none of its hosts, and a change comes from a page, which says so.
    """
    host = _name_of(request.header("host") or "")
    if _AWS.match(host):
        return f"The console is not served under the host name {host[:100]!r}."
    problem = web_problem(request, rules)
    if problem is not None or request.method in _READING:
        return problem
    if (request.header("sec-fetch-site") or "same-origin").lower() not in {"same-origin", "none"}:
        return "Changes are made from the console's own pages alone."
    if request.header("origin") is None and request.header("sec-fetch-site") is None:
        return "Changes are made with a browser, which says from which page they come."
    return None


def is_public_https(request: WireRequest, rules: WebRules) -> bool:
    """Whether a browser has come over https to the public address, behind which a proxy has taken that away."""
    public = urlsplit(rules.public_url)
    return public.scheme == "https" and _name_of(request.header("host") or "") == (public.hostname or "")


def _is_navigation(request: WireRequest) -> bool:
    """A link to a page of ours that somebody follows, as from web mail (CON-8.4)."""
    return (
        request.method == "GET"
        and (request.header("sec-fetch-mode") or "") == "navigate"
        and (request.header("sec-fetch-dest") or "") == "document"
        and request.raw_path.startswith((b"/_tocsin/", b"/console"))
    )


def _name_of(host: str) -> str:
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0].removeprefix("[")
    return name.rpartition(":")[0] if name.count(":") == 1 else name


# A longer name is none of DNS (RFC 1035, 2.3.4); answers are remembered, and what is remembered should be small.
_LONGEST_NAME = 253


def _is_own_host(name: str, rules: WebRules) -> bool:
    return len(name) <= _LONGEST_NAME and _is_known_host(name, rules)


@lru_cache(maxsize=256)
def _is_known_host(name: str, rules: WebRules) -> bool:
    plain = name.removeprefix("stream-")
    if _LOCAL.match(plain) or _AWS.match(plain) or name in {one.lower() for one in rules.hosts}:
        return True
    if rules.public_url and name == (urlsplit(rules.public_url).hostname or ""):
        return True
    try:
        ip_address(plain)
    except ValueError:
        return False
    return True


def _is_own_origin(origin: str, host: str, rules: WebRules) -> bool:
    if origin in rules.origins:
        return True
    if origin.lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}:
        return True
    public = urlsplit(rules.public_url)
    return bool(rules.public_url) and origin.lower() == f"{public.scheme}://{public.netloc}".lower()
