"""Signing in to the console, and out of it. Spec: CON-8.4, CON-8.5.

Rule: whoever fails learns nothing but that: a name that nobody has takes the same time, and gets the same answer and
the same waits, as a wrong password. Nobody gets in without a record of it.
"""

from __future__ import annotations

import threading
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.audit import AuditLog, NewEntry
from tocsin.app.console_session import ConsoleSessions
from tocsin.app.console_user import ConsoleUser, console_principal
from tocsin.app.failed_sign_in import FailedSignIns
from tocsin.app.record_intake import RecordIntake
from tocsin.core.console_sign_in import ConsoleSignIn, console_sign_in_record
from tocsin.core.password_hash import decoy_hash
from tocsin.core.sign_in import SignInFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.console_user import ConsoleUsers
    from tocsin.app.ports import FitsPassword
    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

LONGEST_PASSWORD: Final = 1_024
"""Characters; nobody has a longer one."""

# Trying a password is meant to be slow and to need much memory. So many are tried at once, and so many may wait for
# that; the threads that are left go on answering AWS clients.
_AT_ONCE, _WAITING = 2, 4
_LONGEST_WAIT: Final = 3.0


class Whence(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody signs in or out from: address, the browser's user agent, id of the request."""

    address: str
    agent: str = ""
    request_id: str = ""


class SignInResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt. `user` and the session's `token` are there for one that went well.

    `wait` are the seconds that the next one has to wait, rounded up. `is_busy` says that nothing was tried, as too many
    others were signing in.
    """

    user: ConsoleUser | None = None
    token: str = ""
    wait: int = 0
    is_busy: bool = False

    def __repr__(self) -> str:
        return f"SignInResult(user={self.user!r}, wait={self.wait}, is_busy={self.is_busy})"


class ConsoleAccess:
    """The door of the console. `scope` is where its sign-ins are recorded, `fits` tries a password against a hash."""

    def __init__(self, service: Service, users: ConsoleUsers, *, scope: Scope, fits: FitsPassword) -> None:
        self.users = users
        self.sessions = ConsoleSessions(service, users)
        self._service = service
        self._scope = scope
        self._fits = fits
        self._failures = FailedSignIns(service)
        self._audit = AuditLog(service)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)

    def sign_in(self, name: str, password: str, whence: Whence) -> SignInResult:
        """Try a name and a password, and begin a session where they belong together."""
        with self._turn() as has_turn:
            if not has_turn:
                self._count("busy")
                return SignInResult(is_busy=True)
            wait = self._failures.begin(name, whence.address)
            if wait:
                self._count("waiting")
                return SignInResult(wait=_seconds(wait))
            user = self.users.get(name)
            is_right = self._is_right(user, password)
        if user is None or not is_right:
            self._count("failure")
            reason = SignInFailure.UNKNOWN_USER if user is None else SignInFailure.PASSWORD
            self._record(name, whence, failure=reason)
            return SignInResult(wait=_seconds(self._failures.wait(name, whence.address)))
        self._count("success")
        self._record(name, whence)
        self._note(user, "sign-in", whence)
        self._failures.forgive(name, whence.address)
        return SignInResult(user=user, token=self.sessions.open(user))

    def sign_out(self, user: ConsoleUser, token: str, whence: Whence, *, everywhere: bool = False) -> None:
        """End a session, or with `everywhere` every session of its user."""
        if everywhere:
            self.sessions.close_all(user.name)
        else:
            self.sessions.close(token)
        self._record(user.name, whence, is_sign_out=True, is_everywhere=everywhere)
        self._note(user, "sign-out-everywhere" if everywhere else "sign-out", whence)

    def _is_right(self, user: ConsoleUser | None, password: str) -> bool:
        """Try a password against one hash of every cost that there is: that takes as long for everybody, and nobody."""
        # Some keyboards write an é as one letter, some as two.
        typed = unicodedata.normalize("NFC", password[:LONGEST_PASSWORD])
        is_right = False
        for cost in self.users.costs:
            is_own = user is not None and user.password.cost == cost
            tried = user.password if user is not None and is_own else decoy_hash(cost)
            if self._fits(tried, typed) and is_own and len(password) <= LONGEST_PASSWORD:
                is_right = True
        return is_right

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait until few enough others sign in; False where that takes too long."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            has_turn = self._turns.acquire(timeout=_LONGEST_WAIT)
            try:
                yield has_turn
            finally:
                if has_turn:
                    self._turns.release()
        finally:
            self._places.release()

    def _record(
        self,
        name: str,
        whence: Whence,
        *,
        failure: SignInFailure | None = None,
        is_sign_out: bool = False,
        is_everywhere: bool = False,
    ) -> None:
        sign_in = ConsoleSignIn(
            principal=console_principal(self._scope, name),
            region=self._scope.region,
            at=self._service.now(),
            event_id=self._service.new_id(),
            source_address=whence.address,
            user_agent=whence.agent,
            url=f"{self._service.settings.public_url}/console",
            failure=failure,
            is_sign_out=is_sign_out,
            is_everywhere=is_everywhere,
        )
        self._service.part(RecordIntake).take([msgspec.json.encode(console_sign_in_record(sign_in))])

    def _note(self, user: ConsoleUser, action: str, whence: Whence) -> None:
        self._audit.add(
            NewEntry(
                actor=user.name,
                role=user.role,
                action=action,
                kind="user",
                name=user.name,
                address=whence.address,
                agent=whence.agent,
                request_id=whence.request_id,
            )
        )

    def _count(self, outcome: str) -> None:
        self._service.counters.add("console_sign_ins", outcome=outcome)


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
