"""What was learned of access keys, kept over restarts: a small database of its own. Spec: REC-14.3.

Rule: it holds who keys belong to and no secret. Where it cannot be written the recorder goes on without.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.identity import KnownPrincipal, LearnedKey, Lesson
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

FILE: Final = "recorder.sqlite3"
"""The name of the database in the data folder."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS learned (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    forget_at REAL,
    what BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID
"""
_KEY: Final = "key"


class LearnedKeys:
    """Keeps lessons. One thread uses it at a time; `open` may be another one than the rest."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError where the folder or the database cannot be used."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(
                f"cannot use the data folder {folder}: {error.strerror or error}",
                hint="--data names another folder; it has to be one that may be written",
            ) from None
        self._file = folder / FILE
        try:
            self._database = sqlite3.connect(self._file, timeout=2.0, check_same_thread=False, isolation_level=None)
            self._file.chmod(0o600)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"cannot use {self._file}: {error}",
                hint="what it holds is learned again: it may be moved away, or --data may name another folder",
            ) from None

    def lessons(self) -> Iterator[Lesson]:
        """What was kept; rows that cannot be read are passed over."""
        # What lasts comes last: where there is no room for all, the book lets go of what it heard of first.
        asked = "SELECT kind, what FROM learned ORDER BY kind, forget_at IS NULL, forget_at"
        with closing(self._database.execute(asked)) as rows:
            for kind, what in rows:
                try:
                    if kind == _KEY:
                        yield Lesson(keys=(msgspec.json.decode(what, type=LearnedKey),))
                    else:
                        yield Lesson(principals=(msgspec.json.decode(what, type=KnownPrincipal),))
                except (msgspec.DecodeError, msgspec.ValidationError):
                    continue

    def keep(self, lesson: Lesson) -> None:
        """Keep a lesson. Raises sqlite3.Error where that cannot be done."""
        rows: list[tuple[Any, ...]] = []
        gone: list[tuple[str, str]] = []
        for key in lesson.keys:
            end = None if key.forget_at is None else key.forget_at.timestamp()
            rows.append((_KEY, key.access_key, end, msgspec.json.encode(key)))
        for one in lesson.principals:
            name = f"{one.account}/{one.name}"
            if one.arn:
                rows.append((one.kind, name, None, msgspec.json.encode(one)))
            else:
                gone.append((one.kind, name))
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("DELETE FROM learned WHERE kind = ? AND name = ?", gone)
            self._database.executemany("INSERT OR REPLACE INTO learned VALUES (?, ?, ?, ?)", rows)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def forget_ended(self, at: datetime) -> None:
        """Remove keys that nobody can ask for any more. Raises sqlite3.Error where that cannot be done."""
        self._database.execute("DELETE FROM learned WHERE forget_at <= ?", (at.timestamp(),))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
