"""The endpoint that calls are passed on to: its address, and how it is reached. Spec: IF-8, REC-1."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tocsin.recorder.upstream_side import UpstreamConnection

_CONNECT_SECONDS: Final = 10.0

_ADDRESSES_HOLD: Final = 10.0
"""Seconds for which the addresses of a name are not asked for again."""

_HINT: Final = "for example --upstream http://127.0.0.1:5000, or https://s3.eu-west-1.amazonaws.com"


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Where the upstream is; `tls` is a context where it speaks HTTPS, else None."""

    url: str
    host: str
    port: int
    tls: Any = None


def read_upstream(text: str, *, ca_bundle: Path | None = None) -> Upstream:
    """The upstream of a URL.

    Raises:
        InputError: it is none, or has more than scheme, host and port; or the certificates cannot be read.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # what cannot be looked up is told now
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        raise InputError(f"--upstream: {text} is no address of an HTTP server", hint=_HINT)
    if parts.username is not None or parts.password is not None:
        raise InputError("--upstream: an address with a user name", hint="clients sign their calls themselves")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InputError(
            f"--upstream: {text} has a path",
            hint="calls are passed on with the path that was signed; name scheme, host and port alone",
        )
    is_tls = parts.scheme == "https"
    tls = tls_context(ca_bundle) if is_tls else None
    shown = f"[{host}]" if ":" in host else host
    port = port or (443 if is_tls else 80)
    return Upstream(url=f"{parts.scheme}://{shown}:{port}", host=host, port=port, tls=tls)


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """What a server is trusted by: the certificates of this machine and, where it is given, those of a bundle.

    Raises:
        InputError: the bundle cannot be read.
    """
    context = ssl.create_default_context()
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=str(ca_bundle))
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or "it holds no certificates"
            raise InputError(
                f"{ca_bundle}: cannot be used: {reason}", hint="a CA bundle is a file of certificates in PEM"
            ) from None
    return context


class Connector:
    """Makes connections to the upstream."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream = upstream
        self._loop = loop
        self._addresses: list[str] = []
        self._asked_at = float("-inf")

    async def connect(self, make: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        """A new connection.

        Raises:
            OSError: there is none to be had; the last address that was tried says why.
        """
        failure: OSError | None = None
        for address in await self._resolved():
            try:
                return await self._connect_to(address, make)
            except TimeoutError:
                failure = TimeoutError(f"no connection within {_CONNECT_SECONDS:g} seconds")
            except ssl.SSLCertVerificationError as error:
                failure = OSError(f"its certificate is not trusted: {error.verify_message}")
            except ssl.SSLError as error:
                failure = OSError(f"TLS failed: {error.reason or error}")
            except OSError as error:
                failure = error
        self._asked_at = float("-inf")
        raise failure or OSError("the name has no address")

    async def _connect_to(self, address: str, make: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        upstream = self._upstream
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, connection = await self._loop.create_connection(
                make,
                address,
                upstream.port,
                ssl=upstream.tls,
                server_hostname=upstream.host if upstream.tls is not None else None,
            )
        return connection

    async def _resolved(self) -> list[str]:
        now = self._loop.time()
        if now - self._asked_at > _ADDRESSES_HOLD:
            found = await self._loop.getaddrinfo(self._upstream.host, self._upstream.port, type=1)
            self._addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
            self._asked_at = now
        return self._addresses
