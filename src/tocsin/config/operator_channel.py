"""Where the service reports on itself, as one text: `operator.channel`. Spec: IF-9."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from tocsin.config.secret import HIDDEN, Secret

_LONGEST: Final = 4_096
_MAILBOX: Final = re.compile(r"[^\s@<>\"(),;:\\\[\]]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_WEB: Final = re.compile(r"https?://[^/?#\s]+(?:[/?][^\s#]*)?", re.IGNORECASE)
_SERVICE: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S+", re.ASCII)
_NO_SERVICES: Final = frozenset(("file", "env", "mailto", "ftp"))

FILE, MAIL, WEB, APPRISE = "file", "mailto", "http", "apprise"
"""Kinds of channels."""


def channel_kind(text: str) -> str:
    """What kind of channel an address is; empty for what is none."""
    if len(text) > _LONGEST or not text.isprintable():
        return ""
    if text.startswith("file:"):
        path = text[5:]
        return FILE if path and not path.startswith("//") else ""
    if text.startswith("mailto:"):
        return MAIL if _MAILBOX.fullmatch(text[7:]) else ""
    if text.lower().startswith(("http://", "https://")):
        return WEB if _WEB.fullmatch(text) and _has_host(text) else ""
    found = _SERVICE.fullmatch(text)
    return APPRISE if found and found[1].lower() not in _NO_SERVICES else ""


def _has_host(text: str) -> bool:
    try:
        url = urlsplit(text)
        return bool(url.hostname) and url.port != 0
    except ValueError:
        return False


class OperatorChannel(Secret):
    """The channel, or with `env:NAME` where it stands. An address that could be a secret never prints."""

    __slots__ = ()

    @property
    def is_reference(self) -> bool:
        """Whether it says where the address stands; `file:PATH` is a channel itself."""
        return self._text.startswith("env:")

    @property
    def is_well_formed(self) -> bool:
        """Whether it is a channel, or a reference that can be followed."""
        return super().is_well_formed if self.is_reference else bool(channel_kind(self._text))

    @property
    def shown(self) -> str:
        """The reference, the path or the mail address; of all else the scheme alone."""
        if self.is_reference or self._text.startswith(("file:", "mailto:")):
            return self._text
        return f"{self._text.partition('://')[0]}://{HIDDEN}"


def read_operator_channel(value: object) -> OperatorChannel | None:
    """How to read one out of a file of settings."""
    found = OperatorChannel(value.strip()) if isinstance(value, str) else None
    return found if found is not None and found.is_well_formed else None


class HeartbeatUrl(Secret):
    """Where beats of the heart go: an http or https address, `env:NAME` or `file:PATH`."""

    __slots__ = ()

    @property
    def is_well_formed(self) -> bool:
        """Whether it is an address, or a reference that can be followed."""
        return super().is_well_formed if self.is_reference else channel_kind(self._text) == WEB


def read_heartbeat_url(value: object) -> HeartbeatUrl | None:
    """How to read one out of a file of settings."""
    found = HeartbeatUrl(value.strip()) if isinstance(value, str) else None
    return found if found is not None and found.is_well_formed else None
