"""The address of a mail server as one text: `smtp://user:password@host:587?tls=starttls`. Spec: IF-9, SNS-5.8."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from tocsin.config.secret import HIDDEN, Secret

_PORTS: Final = {"smtp": 587, "smtps": 465}
_TLS: Final = frozenset(("auto", "starttls", "none"))
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{1,253}", re.ASCII)
_LONGEST: Final = 4096


class SmtpAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What such a text says. `tls` is `implicit`, `starttls`, `auto` (where it is offered) or `none`."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "auto"

    @property
    def place(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def shown(self) -> str:
        """The text without its password."""
        user = f"{quote(self.user)}{f':{HIDDEN}' if self.password else ''}@" if self.user else ""
        scheme, query = ("smtps", "") if self.tls == "implicit" else ("smtp", f"?tls={self.tls}")
        return f"{scheme}://{user}{self.place}{'' if self.tls == 'auto' else query}"

    def __repr__(self) -> str:
        return f"SmtpAddress({self.shown!r})"


def parse_smtp_url(text: str) -> SmtpAddress | None:
    """What `text` says; None where it is no such address."""
    if len(text) > _LONGEST or not text.isprintable():
        return None
    try:
        url = urlsplit(text)
        port, host = url.port, url.hostname
    except ValueError:
        return None
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    tls = options.pop("tls", "auto" if url.scheme == "smtp" else "implicit")
    if url.scheme not in _PORTS or not host or not _HOST.fullmatch(host) or url.path not in {"", "/"} or url.fragment:
        return None
    if options or port == 0 or tls not in (_TLS if url.scheme == "smtp" else {"implicit"}):
        return None
    user, password = unquote(url.username or ""), unquote(url.password or "")
    if password and not user:
        return None
    return SmtpAddress(host=host, port=port or _PORTS[url.scheme], user=user, password=password, tls=tls)


class SmtpUrl(Secret):
    """The address of a mail server, or where it stands. It prints without its password."""

    __slots__ = ()

    @property
    def is_well_formed(self) -> bool:
        """Whether it is an address, or a reference that can be followed."""
        return super().is_well_formed if self.is_reference else parse_smtp_url(self._text) is not None

    @property
    def shown(self) -> str:
        """The reference, or the address without its password."""
        address = None if self.is_reference else parse_smtp_url(self._text)
        return super().shown if address is None else address.shown


def read_smtp_url(value: object) -> SmtpUrl | None:
    """How to read one out of a file of settings."""
    found = SmtpUrl(value.strip()) if isinstance(value, str) else None
    return found if found is not None and found.is_well_formed else None
