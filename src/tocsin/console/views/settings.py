"""Settings: what is in force and from where; how the one who looks wants to see the console. Spec: CON-4.10, CON-1.5.

Rule: the console changes no setting of the installation. What somebody prefers is kept by their browser.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from tocsin.console.answer import FormProblemError, Page, Redirect
from tocsin.console.route import action, page
from tocsin.console.views.preference import preference_cookies
from tocsin.core.nearest import did_you_mean

if TYPE_CHECKING:
    from tocsin.app.console_access import ConsoleAccess
    from tocsin.console.answer import Answer
    from tocsin.console.installation import Installation
    from tocsin.console.visit import Visit


def settings_page(visit: Visit) -> Answer:
    """The page."""
    installation: Installation | None = visit.parts.installation
    access: ConsoleAccess | None = visit.parts.access
    lines = [] if installation is None else list(installation.settings())
    defaults = [line for line in lines if line.is_default]
    context = {
        "chosen": [line for line in lines if not line.is_default],
        "tables": [(table, list(group)) for table, group in groupby(defaults, lambda line: line.table)],
        "default_count": len(defaults),
        "entries": [] if installation is None else installation.entries(),
        "users": access.users.roles() if access is not None and visit.visitor.is_operator else {},
        "is_open": access is None or access.users.is_open,
    }
    return Page("settings.html", "Settings", context)


def keep_preferences(visit: Visit) -> Answer:
    """Keep what was chosen in cookies of the browser."""
    zone = visit.form.get("zone")
    if zone and zone not in available_timezones():
        guess = did_you_mean(zone, available_timezones())
        raise FormProblemError({"zone": f"There is no time zone of that name. {guess.capitalize()}".strip()})
    return Redirect(visit.url("settings"), told="Kept by this browser.", headers=preference_cookies(visit))


ROUTES = (
    page("settings", settings_page),
    action("keep-preferences", keep_preferences, form=settings_page, role="viewer"),
)
