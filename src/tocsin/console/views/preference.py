"""How somebody wants the console shown: theme, clock, zone, shortcuts. Spec: CON-1.5, CON-2.4, CON-3.6.

Rule: a preference is a cookie of the browser, and no change of the installation: a viewer has them, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from tocsin.console.answer import Redirect
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
    secure = "; Secure" if visit.request.is_https else ""
    headers = []
    for name, values in _VALUES.items():
        value = visit.form.get(name)
        if value in values:
            headers.append(("Set-Cookie", f"tocsin-{name}={value}; Path={ROOT}; Max-Age={_YEAR}; SameSite=Lax{secure}"))
    return Redirect(own_address(visit.form.get("back")), headers=headers)


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
