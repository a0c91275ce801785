"""Sessions of people who have signed in to the console. Spec: CON-8.4.

Rule: what a browser keeps is 256 random bits; the store keeps their digest, so nobody who reads it can be anybody.
A session ends by itself after twelve hours without a request and after seven days, when its user has another password
or is no user any more, and when its user has signed out, here or everywhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.expiring import ExpiringDefinitions
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.console_user import ConsoleUser, ConsoleUsers
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter

IDLE_MS: Final = 12 * 3_600_000
LONGEST_MS: Final = 7 * 86_400_000
"""A session without a request ends after the first, any session after the second."""

# That a session was used is written once in so long, not at every request; it ends as much later at most.
_NOTED_MS: Final = 60_000

_TOKEN_BYTES: Final = 32
_EVERYWHERE: Final = Scope("", "")


class ConsoleSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Times are in milliseconds since the epoch.

    `mark` is that of the user's password when it was opened. `generation` is how often the user had signed out
    everywhere by then.
    """

    user: str
    mark: str
    generation: int
    opened_at: int
    used_at: int


_SESSIONS = ExpiringDefinitions("console-session", ConsoleSession)
_GENERATIONS = Definitions("console-generation", int)


class ConsoleSessions:
    """The sessions of `users`."""

    def __init__(self, service: Service, users: ConsoleUsers) -> None:
        self._service = service
        self._users = users

    def open(self, user: ConsoleUser) -> str:
        """Begin a session; the token that is proof of it, which is told this once."""
        token = self._service.new_secret(_TOKEN_BYTES).hex()
        now = self._service.now_ms()

        def work(store: StoreWriter) -> None:
            generation = _GENERATIONS.get(store, _EVERYWHERE, user.name) or 0
            session = ConsoleSession(user=user.name, mark=user.mark, generation=generation, opened_at=now, used_at=now)
            _SESSIONS.put(store, _EVERYWHERE, _digest(token), session, now=now, until=_end(session))

        self._service.store.write(work)
        return token

    def user(self, token: str, *, counts: bool = True) -> ConsoleUser | None:
        """Whose session it is; None for one that has ended, and for any other text. With `counts` it is used so."""
        if not token:
            return None
        name, now = _digest(token), self._service.now_ms()
        with self._service.store.read() as store:
            session = _SESSIONS.get(store, _EVERYWHERE, name, now=now)
            generation = 0 if session is None else _GENERATIONS.get(store, _EVERYWHERE, session.user) or 0
        user = None if session is None else self._users.get(session.user)
        if session is None or user is None or session.mark != user.mark or session.generation != generation:
            return None
        if counts and now - session.used_at >= _NOTED_MS:
            self._service.store.write(lambda writer: _note_use(writer, name, now))
        return user

    def close(self, token: str) -> None:
        """End a session."""
        self._service.store.write(lambda writer: _SESSIONS.delete_all(writer, _EVERYWHERE, prefix=_digest(token)))

    def close_all(self, user: str) -> None:
        """End every session of a user."""

        def work(store: StoreWriter) -> None:
            generation = _GENERATIONS.get(store, _EVERYWHERE, user) or 0
            _GENERATIONS.put(store, _EVERYWHERE, user, generation + 1)

        self._service.store.write(work)


def _digest(token: str) -> str:
    # 256 random bits cannot be guessed, so a quick digest is enough.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _end(session: ConsoleSession) -> int:
    return min(session.used_at + IDLE_MS, session.opened_at + LONGEST_MS)


def _note_use(store: StoreWriter, name: str, now: int) -> None:
    """It may have been ended since it was looked at: then it stays so."""
    session = _SESSIONS.get(store, _EVERYWHERE, name, now=now)
    if session is not None and now - session.used_at >= _NOTED_MS:
        used = msgspec.structs.replace(session, used_at=now)
        _SESSIONS.put(store, _EVERYWHERE, name, used, now=now, until=_end(used))
