"""Posting over http and https, and what follows from the answer. Spec: SNS-8, SNS-10.5.

Rule: an endpoint has 15 seconds in all, is answered for by its own certificate, and sends us nowhere else. What it
answers is kept up to a length, without the secrets that it may repeat.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import ssl
import zlib
from collections import OrderedDict
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

import httpcore2
import httpx2

from tocsin.core.delivery import LONGEST_ANSWER, Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry, answer_line
from tocsin.notifiers.network import (
    AddressRefusedError,
    GuardedNetwork,
    NameNotFoundError,
    Resolver,
    connections_made,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.clock import Clock
    from tocsin.core.endpoint_address import AddressRules

SECONDS: Final = 15.0
"""What an endpoint has, from the look-up of its name to the end of its answer (SNS-8.2)."""

# What is read of an answer, and for how long once its status is known; more of it would change nothing.
_MOST_BYTES: Final = 64 * 1024
_BODY_SECONDS: Final = 2.0
_LEAST_BODY_SECONDS: Final = 0.1

# Connections that are kept: to how many endpoints, how many to each, and for how many seconds.
_MOST_POOLS: Final = 256
_MOST_KEPT: Final = 8
_KEPT_SECONDS: Final = 20.0

_TOO_MANY, _UNAVAILABLE = 429, 503

# Parts of an address that are shorter than this are words, such as `hooks`, and no secrets.
_SHORTEST_SECRET: Final = 6
_SEPARATORS: Final = re.compile(r"[/?&=#:@;]")


class WebAddress(NamedTuple):
    """What is known of an endpoint from its URL; `secrets` are not to be repeated."""

    origin: tuple[bytes, bytes, int | None]
    target: bytes
    netloc: bytes
    credentials: bytes
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, text: str, *, secrets: Iterable[str] = ()) -> WebAddress:
        """Read a URL. A password in it is used over https alone.

        Raises:
            ValueError: it is no URL of the web.
        """
        try:
            url = httpx2.URL(text)
        except (httpx2.InvalidURL, UnicodeError, TypeError) as error:
            raise ValueError(str(error)) from None
        if url.scheme not in {"http", "https"} or not url.raw_host:
            raise ValueError(url.scheme)
        credentials = b""
        hidden = list(secrets)
        if url.userinfo and url.scheme == "https":
            user, _, password = url.userinfo.decode("ascii", "replace").partition(":")
            plain = f"{unquote(user)}:{unquote(password)}"
            credentials = b"Basic " + base64.b64encode(plain.encode())
            hidden += [password, unquote(password), credentials.decode("ascii")[6:]]
        return cls(
            origin=(url.raw_scheme, url.raw_host, url.port),
            target=url.raw_path,
            netloc=url.netloc,
            credentials=credentials,
            secrets=tuple(one for one in hidden if one),
        )


def secrets_in(url: str) -> list[str]:
    """What is not to be repeated of an address that is a secret: all behind the host, as a whole and in its parts."""
    _, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    user, at, _ = host.rpartition("@")
    parts = _SEPARATORS.split(f"{path}/{user if at else ''}")
    return [url, *(part for part in (f"/{path}", path, *parts) if len(part) >= _SHORTEST_SECRET)]


class _Answer(NamedTuple):
    status: int
    reason: str
    text: str
    retry_after: str


class HttpPoster:
    """Posts bodies. `seconds` is what an endpoint has; `counts_4xx` takes a 4xx for delivered, as was captured.

    `remedy` is said where `rules` forbid an address.
    """

    def __init__(
        self,
        rules: AddressRules,
        clock: Clock,
        *,
        counts_4xx: bool = False,
        remedy: str = "",
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._clock = clock
        self._counts_4xx = counts_4xx
        self._remedy = remedy
        self._seconds = seconds
        self._tls = tls
        self._network = GuardedNetwork(rules, resolver or Resolver())
        self._pools: OrderedDict[tuple[bytes, bytes, int | None], _Pool] = OrderedDict()

    async def post(self, endpoint: WebAddress, headers: Mapping[str, str], body: bytes) -> DeliveryOutcome:
        """Post once."""
        headers = {"Content-Length": str(len(body)), **headers}
        return await self._outcome_of(endpoint, _request("POST", endpoint, headers, body))

    async def get(self, endpoint: WebAddress, headers: Mapping[str, str]) -> DeliveryOutcome:
        """Get once; what was answered says whether that was heard."""
        return await self._outcome_of(endpoint, _request("GET", endpoint, headers, b""))

    async def _outcome_of(self, endpoint: WebAddress, request: httpcore2.Request) -> DeliveryOutcome:
        try:
            answer = await self._post(endpoint, request)
        except Exception as error:  # noqa: BLE001  (told apart below; what is none of these is raised again)
            return self._outcome_of_error(error, endpoint)
        return self._outcome(answer, endpoint)

    async def close(self) -> None:
        """Close the connections that were kept."""
        for pool in list(self._pools.values()):
            await pool.connections.aclose()
        self._pools.clear()

    # ------------------------------------------------------------ asking

    async def _post(self, endpoint: WebAddress, request: httpcore2.Request) -> _Answer:
        """Ask, and read the answer; again where that was on a connection that was kept, and had ended meanwhile."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        pool = await self._pool(endpoint)
        pool.users += 1
        made: list[str] = []
        noted = connections_made.set(made)
        try:
            for _ in range(_MOST_KEPT):
                try:
                    return await _ask(pool.connections, request, deadline)
                except (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError):
                    if made:
                        raise
            return await _ask(pool.connections, request, deadline)
        finally:
            connections_made.reset(noted)
            pool.users -= 1
            pool.used_at = asyncio.get_running_loop().time()

    async def _pool(self, endpoint: WebAddress) -> _Pool:
        """The connections to an endpoint. Those to endpoints that have not been used for a while are closed."""
        pool = self._pools.get(endpoint.origin)
        now = asyncio.get_running_loop().time()
        if pool is None:
            if self._tls is None and endpoint.origin[0] == b"https":
                self._tls = ssl.create_default_context()
            pool = _Pool(
                httpcore2.AsyncConnectionPool(
                    ssl_context=self._tls,
                    max_connections=None,
                    max_keepalive_connections=_MOST_KEPT,
                    keepalive_expiry=_KEPT_SECONDS,
                    network_backend=self._network,
                )
            )
            self._pools[endpoint.origin] = pool
        self._pools.move_to_end(endpoint.origin)
        pool.used_at = now
        ended = [
            origin
            for number, (origin, one) in enumerate(self._pools.items())
            if not one.users
            and one is not pool
            and (now - one.used_at > _KEPT_SECONDS or number < len(self._pools) - _MOST_POOLS)
        ]
        for one in [self._pools.pop(origin) for origin in ended]:
            await one.connections.aclose()
        return pool

    # ------------------------------------------------------------ what became of it

    def _outcome(self, answer: _Answer, endpoint: WebAddress) -> DeliveryOutcome:
        status = answer.status
        said = answer_line(f"{status} {answer.reason}", endpoint.secrets)
        body = answer_line(answer.text, endpoint.secrets)
        text = f"{said}: {body}"[:LONGEST_ANSWER] if body else said
        if 300 <= status < 400:
            text = f"{said} (redirects are not followed)"
        if 200 <= status < 300 or (self._counts_4xx and 400 <= status < 500 and status != _TOO_MANY):
            return Delivered(text)
        if status == _TOO_MANY or 500 <= status < 600:
            return Retry(DeliveryReason.STATUS, text, self._retry_after(answer))
        return Failed(DeliveryReason.STATUS, text)

    def _retry_after(self, answer: _Answer) -> float | None:
        """When we are to come back, in seconds, as number or as date (RFC 9110)."""
        if answer.status not in {_TOO_MANY, _UNAVAILABLE} or not answer.retry_after:
            return None
        if answer.retry_after.isascii() and answer.retry_after.isdigit():
            return float(answer.retry_after[:10])
        try:
            at = parsedate_to_datetime(answer.retry_after)
            return max(0.0, (at - self._clock.now()).total_seconds())
        except (ValueError, TypeError):
            return None

    def _outcome_of_error(self, error: Exception, endpoint: WebAddress) -> DeliveryOutcome:
        host = endpoint.origin[1].decode("ascii", "replace")
        match error:
            case NameNotFoundError():
                return Retry(DeliveryReason.NAME, f"{host}: {error}"[:LONGEST_ANSWER])
            case AddressRefusedError():
                return Failed(DeliveryReason.ADDRESS, f"{host}: {error}{self._remedy}"[:LONGEST_ANSWER])
            case TimeoutError() | httpcore2.TimeoutException():
                return Retry(DeliveryReason.TIME_OUT, f"no answer within {self._seconds:g} s")
            case httpcore2.NetworkError():
                cause = _cause_of(error)
                if isinstance(cause, ssl.SSLError):
                    return Retry(DeliveryReason.TLS, _tls_text(cause)[:LONGEST_ANSWER])
                return Retry(DeliveryReason.CONNECTION, _system_text(cause))
            case httpcore2.RemoteProtocolError():
                return Retry(DeliveryReason.CONNECTION, answer_line(str(error) or "no HTTP", endpoint.secrets))
            case httpcore2.LocalProtocolError():
                return Failed(DeliveryReason.MESSAGE, "it cannot be sent over HTTP")
            case _:
                raise error


class _Pool:
    """The connections to one endpoint, and by whom and when they were used."""

    __slots__ = ("connections", "used_at", "users")

    def __init__(self, connections: httpcore2.AsyncConnectionPool) -> None:
        self.connections = connections
        self.users = 0
        self.used_at = 0.0


def _request(method: str, endpoint: WebAddress, given: Mapping[str, str], body: bytes) -> httpcore2.Request:
    headers = [(b"Host", endpoint.netloc)]
    headers += [(name.encode("ascii"), value.strip().encode()) for name, value in given.items()]
    if endpoint.credentials:
        headers.append((b"Authorization", endpoint.credentials))
    scheme, host, port = endpoint.origin
    url = httpcore2.URL(scheme=scheme, host=host, port=port, target=endpoint.target)
    return httpcore2.Request(method, url, headers=headers, content=body)


async def _ask(pool: httpcore2.AsyncConnectionPool, request: httpcore2.Request, deadline: float) -> _Answer:
    async with asyncio.timeout_at(deadline):
        response = await pool.handle_async_request(request)
    now = asyncio.get_running_loop().time()
    headers = {name.lower(): value for name, value in response.headers}
    body = b""
    try:
        if response.status >= 200:
            # How it went is known by now. The rest is read for the record, and to use the connection again.
            async with asyncio.timeout_at(min(now + _BODY_SECONDS, max(deadline, now + _LEAST_BODY_SECONDS))):
                async for part in response.aiter_stream():
                    body += part
                    if len(body) > _MOST_BYTES:
                        break
    except (TimeoutError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
        pass
    finally:
        await response.aclose()
    reason = response.extensions.get("reason_phrase", b"")
    return _Answer(
        status=response.status,
        reason=reason.decode("latin-1")[:64],
        text=_decoded(body, headers.get(b"content-encoding", b"")).decode("utf-8", "replace"),
        retry_after=headers.get(b"retry-after", b"").decode("latin-1").strip(),
    )


def _decoded(body: bytes, encoding: bytes) -> bytes:
    """The beginning of a body, unpacked; nothing of one that cannot be."""
    if encoding.lower() in {b"", b"identity"}:
        return body[:_MOST_TEXT]
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _MOST_TEXT)
    except zlib.error:
        return b""


# Of the text of an answer so much is looked at: more than is kept, so that no secret is cut in two by the end.
_MOST_TEXT: Final = 4 * 1024


def _cause_of(error: Exception) -> BaseException:
    """What the system said: libraries wrap it."""
    cause: BaseException = error
    for _ in range(5):
        inner = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else cause.__cause__
        if isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        if inner is None:
            break
        cause = inner
    return cause


def _system_text(error: BaseException) -> str:
    """What happened to a connection, in the system's words."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else "the connection was lost"


def _tls_text(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    return f"no TLS connection: {(error.reason or 'failed').lower().replace('_', ' ')}"
