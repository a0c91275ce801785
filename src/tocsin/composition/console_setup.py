"""The console of a server, put together: who may use it, and what it shows. Spec: IF-7, CON-8.4, CON-8.5."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tocsin.app.console_access import ConsoleAccess
from tocsin.clock import SystemClock
from tocsin.composition.console import ConsoleDesk
from tocsin.composition.console_password import fits_password, make_users, warn_of_passwords
from tocsin.composition.server_settings import is_loopback
from tocsin.composition.settings_audit import note_settings
from tocsin.console.door import OpenDoor, SessionDoor
from tocsin.console.site import ConsoleSite
from tocsin.console.visitor_rate import VisitorRates
from tocsin.core.scope import Scope
from tocsin.errors import StoreError
from tocsin.wire.source_address import SourceAddresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.service import Service
    from tocsin.composition.server_settings import ServerPlan
    from tocsin.console.visit import ConsoleParts
    from tocsin.wire.web_guard import WebRules


def make_console(
    service: Service,
    plan: ServerPlan,
    parts: ConsoleParts,
    *,
    rules: WebRules,
    secret: Callable[[str], bytes],
    report: Callable[[str, str, BaseException], None],
    warn: Callable[..., None],
) -> ConsoleDesk:
    """The console. `secret` gives the secret of this installation that has a name; `parts` get who may sign in."""
    has_plain = any(user.hashed is None for user in plan.users)
    users = make_users(plan.users, key=secret("console-password-key") if has_plain else b"")
    is_public = not is_loopback(urlsplit(plan.public_url).hostname or "")
    warn_of_passwords(plan.users, is_public=is_public, warn=warn)
    server = plan.config.server
    access = ConsoleAccess(service, users, scope=Scope(server.account, server.region), fits=fits_password)
    parts.access = access
    installed = parts.installation
    try:
        note_settings(service, parts.audit, lines=installed.settings(), entries=installed.entries(), users=users)
    except StoreError as error:  # a full disk is no reason not to start; the next start compares again
        warn("settings-not-noted", reason=error.message)
    site = ConsoleSite(
        service,
        parts,
        key=secret("console-key"),
        report=report,
        door=OpenDoor() if users.is_open else SessionDoor(access),
        may_ask=VisitorRates(SystemClock().monotonic).take,  # also where a demonstration's day passes in a minute
    )
    addresses = SourceAddresses(plan.config.recorder.trusted_proxies)
    return ConsoleDesk(site, rules, addresses=addresses, is_open=users.is_open)
