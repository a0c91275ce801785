"""The write-ahead log folded into the database, before it becomes long. Spec: AR-5, AR-7.

Rule: whoever writes never waits for a checkpoint. SQLite makes one within the commit that makes the log long enough,
and that waits for the disk; here a thread of its own does. Most of it goes on beside those who write. They are kept out
only while the rest is folded and the log begins anew, as it would never come to that under load.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tocsin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Four times what SQLite takes, as each checkpoint waits for the disk.
_MOST_BYTES = 16 * 1024 * 1024

# Commits after which its size is looked at once more.
_LOOK_EVERY = 16

# Seconds between two of them: where somebody reads for long, the log cannot begin anew.
_REST = 0.2


class Checkpoints:
    """Those of one database.

    `writing` is the connection that writes, `alone` runs something while nobody uses it, and `connect` opens the
    database once more.
    """

    def __init__(
        self,
        path: Path,
        *,
        writing: sqlite3.Connection,
        alone: Callable[[Callable[[], None]], None],
        connect: Callable[[], sqlite3.Connection],
    ) -> None:
        self._log = path.with_name(f"{path.name}-wal")
        self._writing = writing
        self._alone = alone
        self._connect = connect
        self._commits = 0
        self._due = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        writing.execute("PRAGMA wal_autocheckpoint = 0")
        # The log is cut to what is in it when it begins anew, so that its size says how long it is.
        writing.execute("PRAGMA journal_size_limit = 0")

    def note_commit(self) -> None:
        """Something was committed, by the one who writes: see to it that the log does not become too long."""
        self._commits += 1
        if self._commits % _LOOK_EVERY or self._length() <= _MOST_BYTES:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tocsin checkpoint", daemon=True)
            self._thread.start()
        self._due.set()

    def _length(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:  # somebody has removed it; nothing is known to be wrong before something fails
            return 0

    def close(self) -> None:
        """Make no more of them; return when none is being made."""
        self._closing.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while self._due.wait() and not self._closing.is_set():
            self._due.clear()
            # What fails here fails again, and is told, where it is in the way of a commit.
            with suppress(sqlite3.Error, StoreError), closing(self._connect()) as connection:
                _fold(connection)
                self._alone(self._begin_anew)
            self._closing.wait(_REST)

    def _begin_anew(self) -> None:
        _fold(self._writing)
        # The first commit behind a log that was folded as a whole begins it anew, and waits for the disk once more.
        self._writing.execute(
            "INSERT INTO counter VALUES ('checkpoint', 1) ON CONFLICT (name) DO UPDATE SET number = number + 1"
        )


def _fold(connection: sqlite3.Connection) -> None:
    """As much as nobody reads any more; whoever reads, reads on."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
