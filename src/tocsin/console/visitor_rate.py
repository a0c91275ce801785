"""How many requests a second one visitor may make. Spec: CON-8.9, CON-10.4.

Rule: who asks more often is told to wait, and keeps neither the others nor the evaluation of alarms waiting.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from tocsin.console.limits import REQUESTS_A_SECOND, REQUESTS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

# Whoever comes from ever more addresses is not to fill the memory.
_MOST_KNOWN: Final = 10_000


class VisitorRates:
    """Counts requests by visitor; safe in threads. `seconds` gives a time that never goes back."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._room: dict[str, tuple[float, float]] = {}  # how many may come, and at what time

    def take(self, visitor: str) -> bool:
        """Whether one more request may be answered, which is counted then."""
        now = self._seconds()
        with self._lock:
            room, since = self._room.get(visitor, (float(REQUESTS_AT_ONCE), now))
            room = min(float(REQUESTS_AT_ONCE), room + (now - since) * REQUESTS_A_SECOND)
            if len(self._room) >= _MOST_KNOWN:
                self._room.clear()
            self._room[visitor] = (room - 1 if room >= 1 else room, now)
        return room >= 1
