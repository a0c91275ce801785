"""What goes wrong with a database file, in words that help. Spec: WIRE-7.7, AR-8."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tocsin.errors import CutOffError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; nothing that was acknowledged is lost"),
    sqlite3.SQLITE_BUSY: ("it is locked by another program", "only one Tocsin may use a data folder at a time"),
    sqlite3.SQLITE_LOCKED: ("it is locked by another program", "only one Tocsin may use a data folder at a time"),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "restore the last backup (see `tocsin backup`)"),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database", "give --data a folder of its own, or restore a backup"),
    sqlite3.SQLITE_READONLY: ("it may not be written", "look at the owner and the permissions of the data folder"),
    sqlite3.SQLITE_PERM: ("it may not be opened", "look at the owner and the permissions of the data folder"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "look at whether the folder exists, and at its permissions"),
    sqlite3.SQLITE_IOERR: ("the disk could not be read or written", "look at the disk; the system's log says more"),
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's errors become StoreError, with the reason and the remedy; what was stored is never in them.

    A statement whose time was over is no fault of the database: that is CutOffError.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_INTERRUPT:
            raise CutOffError("there was no more time for this") from error
        reason, hint = _REASONS.get(code & 0xFF if code is not None else -1, (_unknown(error), ""))
        raise StoreError(f"the database {path} cannot be used: {reason}", hint=hint) from error


def _unknown(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
