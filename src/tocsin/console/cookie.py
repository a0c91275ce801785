"""The cookies of the console. Spec: CON-8.4.

Rule: what is a secret has the prefix `__Secure-` on https, and no other cookie of that name counts there: one may have
been set by whoever could answer for this host without TLS. Ports do not separate cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.console.visit import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.console.route import ConsoleRequest

SESSION: Final = "tocsin-session"
"""Proof of having signed in."""

FORM: Final = "tocsin-form"
"""What the tokens of forms are bound to."""

OWN_ZONE: Final = "tocsin-zone-chosen"
"""The time zone that somebody has chosen; it wins over the one of the browser, which its script keeps."""

MAIL_SEEN: Final = "tocsin-mail-seen"
"""The newest mail that was there when this browser last looked into the mailbox."""

FORM_SECONDS: Final = 365 * 86_400

_PREFIX: Final = "__Secure-"
_SECRETS: Final = frozenset({SESSION, FORM})
_MOST: Final = 100


def cookies_of(request: ConsoleRequest) -> Mapping[str, str]:
    """The cookies that a browser has sent, by name without prefix; of several with one name the first.

    Other programs on this host may have set what they like: one that is odd does not spoil the others.
    """
    found: dict[str, str] = {}
    for part in (request.header("cookie") or "").split(";", _MOST)[:_MOST]:
        name, _, value = part.strip().partition("=")
        plain = name.removeprefix(_PREFIX)
        if plain in _SECRETS and name.startswith(_PREFIX) is not request.is_https:
            continue
        found.setdefault(plain, value)
    return found


def secret_cookie(request: ConsoleRequest, name: str, value: str, *, seconds: int) -> tuple[str, str]:
    """The header that sets a cookie which no script may read; with `seconds` 0 it is taken away."""
    prefix, secure = (_PREFIX, "; Secure") if request.is_https else ("", "")
    text = f"{prefix}{name}={value}; Path={ROOT}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    return "Set-Cookie", text


def kept_cookie(request: ConsoleRequest, name: str, value: str, *, seconds: int) -> tuple[str, str]:
    """The header that sets a cookie which is no secret, and which no script needs to read."""
    secure = "; Secure" if request.is_https else ""
    return "Set-Cookie", f"{name}={value}; Path={ROOT}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
