"""How somebody wants the console shown: theme, clock, zone, shortcuts. Spec: CON-1.5, CON-2.4, CON-3.6.

Rule: a preference is a cookie of the browser, and no change of the installation: a viewer has them, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from zoneinfo import available_timezones

from tocsin.console.answer import Redirect
from tocsin.console.cookie import OWN_ZONE
from tocsin.console.route import action
from tocsin.console.visit import ROOT

if TYPE_CHECKING:
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_YEAR: Final = 31_536_000
_VALUES: Final = {
    "theme": ("system", "light", "dark"),
    "clock": ("local", "utc"),
    "shortcuts": ("on", "off"),
}


def prefer(visit: Visit) -> Answer:
    """Keep what was chosen in cookies, and go back."""
    return Redirect(own_address(visit.form.get("back")), headers=preference_cookies(visit))


def preference_cookies(visit: Visit) -> list[tuple[str, str]]:
    """The headers that keep what the form says; a zone that is empty is taken away, and the browser's holds again."""
    chosen = {name: visit.form.get(name) for name, values in _VALUES.items() if visit.form.get(name) in values}
    headers = [_cookie(visit, f"tocsin-{name}", value) for name, value in chosen.items()]
    zone = visit.form.get("zone")
    if "zone" in visit.form and (not zone or zone in available_timezones()):
        headers.append(_cookie(visit, OWN_ZONE, zone))
    return headers


def _cookie(visit: Visit, name: str, value: str) -> tuple[str, str]:
    secure = "; Secure" if visit.request.is_https else ""
    seconds = _YEAR if value else 0
    return "Set-Cookie", f"{name}={value}; Path={ROOT}; Max-Age={seconds}; SameSite=Lax{secure}"


def own_address(address: str) -> str:
    """An address of the console to go back to; the overview where it is one of somebody else.

    >>> own_address("/console/alarms?state=ALARM"), own_address("/console/../_tocsin/health"), own_address("//x")
    ('/console/alarms?state=ALARM', '/console', '/console')
    """
    path = unquote(address.partition("?")[0].partition("#")[0])
    is_own = path == ROOT or path.startswith(f"{ROOT}/")
    is_plain = address.isprintable() and address.isascii() and "\\" not in path and ".." not in path.split("/")
    return address if is_own and is_plain else ROOT


ROUTES = (action("prefer", prefer, role="viewer"),)
