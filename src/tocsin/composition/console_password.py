"""Passwords of the console: what the settings say becomes users with Argon2id hashes. Spec: CON-8.4, IF-9.

Rule: a password in the clear is hashed when the service starts. The hash is the same each time, as its salt is a secret
of the installation, so that sessions outlive a restart and end with the password.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.console_user import ConsoleUser, ConsoleUsers
from tocsin.config.console_users import read_users
from tocsin.core.password_hash import PasswordHash, looks_hashed, read_password_hash
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.console_user import Role
    from tocsin.config import Config

SHORT: Final = 8
"""A password with fewer characters is told of."""

# RFC 9106, the second of its recommendations: 64 MiB, three passes. It takes about a tenth of a second.
_PASSES, _MEMORY_KIB, _LANES = 3, 65_536, 4
_DIGEST_BYTES: Final = 32

_BUILT_IN: Final[tuple[tuple[str, str, Role], ...]] = (
    ("console.password", "operator", "operator"),
    ("console.readonly_password", "viewer", "viewer"),
)


class PlannedUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the settings, with a hash or with a password in the clear; it never prints."""

    name: str
    role: str
    hashed: PasswordHash | None = None
    password: str = ""

    def __repr__(self) -> str:
        return f"PlannedUser({self.name!r}, {self.role!r})"


def plan_users(config: Config, environ: Mapping[str, str]) -> tuple[PlannedUser, ...]:
    """Who may use the console; nobody where it is open.

    Raises:
        ConfigError: a password is not where it is said to be, or is a hash of no use; the file of people is wrong.
        NotFoundError: there is no such file.
    """
    console = config.console
    users: list[PlannedUser] = []
    for key, name, role in _BUILT_IN:
        secret = console.password if name == "operator" else console.readonly_password
        if secret is not None:
            users.append(_built_in(key, name, role, secret.reveal(environ, key=key)))
    if console.users:
        people = read_users(Path(console.users))
        users += (PlannedUser(name=one.name, role=one.role, hashed=one.password) for one in people)
    return tuple(users)


def warn_of_passwords(users: tuple[PlannedUser, ...], *, is_public: bool, warn: Callable[..., None]) -> None:
    """Tell the log of what is allowed and unwise. `is_public` says that mails link to where others can reach it."""
    if not users and is_public:
        warn(
            "console-is-open",
            reason="nobody has to sign in to the console, and server.public_url is where others reach this service",
            remedy="set console.password or console.users; a proxy that says for whom it asks is refused until then",
        )
    for user in users:
        if user.hashed is None and len(user.password) < SHORT:
            warn("console-password-short", user=user.name, reason=f"it has fewer than {SHORT} characters")


def make_users(planned: tuple[PlannedUser, ...], *, key: bytes) -> ConsoleUsers:
    """The users, none of whose passwords is in the clear. `key` is a secret of this installation."""
    return ConsoleUsers(
        ConsoleUser(
            name=user.name,
            role="operator" if user.role == "operator" else "viewer",
            password=user.hashed or _hash(user.name, user.password, key),
        )
        for user in planned
    )


def fits_password(hashed: PasswordHash, password: str) -> bool:
    """The port `app.ports.FitsPassword`."""
    from argon2 import Type
    from argon2.exceptions import Argon2Error
    from argon2.low_level import verify_secret

    try:
        return verify_secret(hashed.text.encode(), password.encode("utf-8", "surrogatepass"), Type.ID)
    except Argon2Error:  # it does not fit
        return False


def _built_in(key: str, name: str, role: Role, text: str) -> PlannedUser:
    if not looks_hashed(text):
        return PlannedUser(name=name, role=role, password=unicodedata.normalize("NFC", text))
    hashed = read_password_hash(text)
    if hashed is None:
        raise ConfigError(
            f"{key} is a hash of another kind than Argon2id, a damaged one, or one that costs too much to try",
            key=key,
            hint="it begins with $argon2id$v=19$; in a shell, put it in single quotes",
        )
    return PlannedUser(name=name, role=role, hashed=hashed)


def _hash(name: str, password: str, key: bytes) -> PasswordHash:
    from argon2 import Type
    from argon2.low_level import hash_secret

    salt = hmac.new(key, name.encode(), hashlib.sha256).digest()[:16]
    made = hash_secret(
        password.encode(),
        salt,
        time_cost=_PASSES,
        memory_cost=_MEMORY_KIB,
        parallelism=_LANES,
        hash_len=_DIGEST_BYTES,
        type=Type.ID,
    )
    hashed = read_password_hash(made.decode())
    assert hashed is not None
    return hashed
