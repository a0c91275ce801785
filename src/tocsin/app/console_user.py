"""Who may use the console, and what they may do there. Spec: CON-8.4, CON-8.5, IF-9.

Rule: without a password for anybody the console is open, and whoever reaches it is the user `local`; the server sees
to it that only this machine does.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from tocsin.core.identity.principal import Kind, Principal
from tocsin.core.password_hash import PasswordHash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.password_hash import HashCost
    from tocsin.core.scope import Scope

Role: TypeAlias = Literal["viewer", "operator"]
"""A viewer reads and tests patterns, an operator does everything."""

LOCAL: Final = "local"
"""Whoever uses a console that asks nobody for a password."""

PATH: Final = "tocsin-console"
"""The path of the IAM users that records and the audit log name."""


class ConsoleUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    name: str
    role: Role
    password: PasswordHash

    @property
    def mark(self) -> str:
        """Another text as soon as the password is another one: a session that was opened with the old one ends."""
        return hashlib.sha256(self.password.text.encode()).hexdigest()[:16]


class ConsoleUsers:
    """All who may sign in, by name."""

    def __init__(self, users: Iterable[ConsoleUser] = ()) -> None:
        self._users = {user.name: user for user in users}

    @property
    def is_open(self) -> bool:
        """Whether nobody has to sign in."""
        return not self._users

    @property
    def costs(self) -> tuple[HashCost, ...]:
        """What trying a password costs, each cost once."""
        return tuple(sorted({user.password.cost for user in self._users.values()}))

    def get(self, name: str) -> ConsoleUser | None:
        """Whoever has that name, written exactly so."""
        return self._users.get(name)

    def mark(self, name: str) -> str:
        """The mark of somebody's password; empty for nobody."""
        user = self._users.get(name)
        return "" if user is None else user.mark

    def roles(self) -> dict[str, Role]:
        """What everybody may do, by name: what of the users is no secret."""
        return {name: user.role for name, user in sorted(self._users.items())}


def console_principal(scope: Scope, name: str) -> Principal:
    """The IAM user that a user of the console is in records: `tocsin-console/NAME` of that account."""
    arn = f"arn:{scope.partition}:iam::{scope.account}:user/{PATH}/{name}"
    return Principal(kind=Kind.IAM_USER, arn=arn)
