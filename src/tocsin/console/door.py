"""Who makes a request. Spec: CON-8.4, CON-8.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tocsin.console.cookie import SESSION
from tocsin.console.visit import Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.console_access import ConsoleAccess


class Doorkeeper(Protocol):
    """Tells who it is."""

    def visitor(self, cookies: Mapping[str, str], *, counts: bool = True) -> Visitor | None:
        """Who sends these cookies; None for somebody who has to sign in. `counts` says that a session is used so."""
        ...


class OpenDoor:
    """Everybody is the local operator: a console on loopback without a password."""

    def visitor(self, cookies: Mapping[str, str], *, counts: bool = True) -> Visitor | None:  # noqa: ARG002  (a port)
        """The local operator."""
        return Visitor()


class SessionDoor:
    """Whoever has a session is its user; what they may do is looked up at every request."""

    def __init__(self, access: ConsoleAccess) -> None:
        self._access = access

    def visitor(self, cookies: Mapping[str, str], *, counts: bool = True) -> Visitor | None:
        """The user of a session."""
        user = self._access.sessions.user(cookies.get(SESSION, ""), counts=counts)
        return None if user is None else Visitor(name=user.name, role=user.role, can_leave=True)
