"""What a password is kept as: an Argon2id hash in the PHC string format. Spec: CON-8.4, IF-9.

Rule: a hash says what it costs to try a password against it, and none may cost so much that trying one is an attack.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final, NamedTuple

import msgspec

MOST_MEMORY_KIB: Final = 1024 * 1024
MOST_PASSES: Final = 64
MOST_LANES: Final = 64
"""More than these cost a minute, or all of a machine's memory, for each attempt to sign in."""

_HASH: Final = re.compile(
    r"\$argon2id\$v=19"
    r"\$m=(?P<memory>[1-9][0-9]{0,9}),t=(?P<passes>[1-9][0-9]{0,9}),p=(?P<lanes>[1-9][0-9]{0,9})"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,64})\$(?P<digest>[A-Za-z0-9+/]{16,172})",
    re.ASCII,
)
_ANY_HASH: Final = re.compile(r"\$[a-z0-9]{1,32}\$")


class HashCost(NamedTuple):
    """What it takes to try one password: KiB of memory, passes over them, lanes."""

    memory_kib: int
    passes: int
    lanes: int


class PasswordHash(msgspec.Struct, frozen=True):
    """A hash that was read from settings; it never prints."""

    text: str
    cost: HashCost

    def __repr__(self) -> str:
        return f"PasswordHash({self.cost!r})"


def looks_hashed(text: str) -> bool:
    """Whether a text is a hash of some kind, and no password: it begins with the name of a scheme between dollars.

    >>> looks_hashed("$2b$12$..."), looks_hashed("correct horse")
    (True, False)
    """
    return _ANY_HASH.match(text) is not None


def read_password_hash(text: str) -> PasswordHash | None:
    """The hash that a text is; None for any other text, and for a hash that costs too much to try."""
    found = _HASH.fullmatch(text)
    if found is None:
        return None
    cost = HashCost(int(found["memory"]), int(found["passes"]), int(found["lanes"]))
    is_bearable = (
        8 * cost.lanes <= cost.memory_kib <= MOST_MEMORY_KIB and cost.passes <= MOST_PASSES and cost.lanes <= MOST_LANES
    )
    return PasswordHash(text, cost) if is_bearable else None


def decoy_hash(cost: HashCost) -> PasswordHash:
    """A hash of that cost that no password fits: what is tried for a name that nobody has."""
    salt, digest = (b64encode(bytes(size)).decode("ascii").rstrip("=") for size in (16, 32))
    text = f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}${salt}${digest}"
    return PasswordHash(text, cost)
