"""What the console is told of the installation that it is part of: settings, room, sources, errors. Spec: CON-4.10.

Rule: composition fills this in; what is secret does not get here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class SettingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A setting: its name, how it stands in the file, and where it came from.

    `line` is empty, and `unset` says what holds, where nobody has set it. A secret's line says that it is set.
    """

    name: str
    line: str
    unset: str
    origin: str

    @property
    def table(self) -> str:
        """The table that it stands in."""
        return self.name.partition(".")[0]

    @property
    def is_default(self) -> bool:
        """Whether nobody has said anything."""
        return self.origin == "default"


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A `[[source]]`: what it reads, how it is doing, and what it has given since the start."""

    path: str
    state: str
    events: int
    files: int
    skipped: int
    malformed: int


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes: free on the disk of the data folder, of so many in all, and taken by the database."""

    free: int
    total: int
    database: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """An error: when, its id in the log, what was being done, and what it was."""

    at: datetime
    ident: str
    during: str
    error: str


class Installation(Protocol):
    """The installation."""

    started_at: datetime
    facts: Sequence[tuple[str, str]]
    """Names and values: version, keys, store, libraries."""

    def settings(self) -> Sequence[SettingLine]:
        """What is in force, in the order of the names."""
        ...

    def entries(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What stands several times, as `[[source]]`: the name of the table, and its lines."""
        ...

    def room(self) -> Room | None:
        """What room there is; None where everything is in memory, or nobody can tell."""
        ...

    def sources(self) -> Sequence[SourceLine]:
        """The sources."""
        ...

    def troubles(self) -> Sequence[Trouble]:
        """The latest errors, newest first."""
        ...

    def streams(self) -> int:
        """How many pages are open and hear what changes."""
        ...
