"""How many events a minute come into each log group. Spec: CON-4.0 (M), CON-4.10 (Log groups).

Rule: counted in memory as events are committed, so that asking costs nothing; what came before the service was started
is not known, and is not taken for silence.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

MINUTES: Final = 10
"""Over how many minutes a rate is an average."""

_MINUTE_MS: Final = 60_000


class IngestRates:
    """The counts of the last minutes: `service.part(IngestRates)`. Times are milliseconds since the epoch."""

    def __init__(self, service: Service) -> None:
        self._lock = threading.Lock()
        self._since = service.now_ms() // _MINUTE_MS
        self._counts: dict[tuple[Scope, str], dict[int, int]] = {}

    def note(self, scope: Scope, group: str, count: int, *, at: int) -> None:
        """Count events that were committed at `at`."""
        if not count:
            return
        minute = at // _MINUTE_MS
        with self._lock:
            counts = self._counts.setdefault((scope, group), {})
            counts[minute] = counts.get(minute, 0) + count
            if len(counts) > MINUTES + 1:
                for old in [one for one in counts if one < minute - MINUTES]:
                    del counts[old]

    def rate(self, scope: Scope, group: str, *, at: int) -> float | None:
        """Events a minute, averaged over the whole minutes before `at`, MINUTES at most; None where there is none."""
        end = at // _MINUTE_MS
        start = max(end - MINUTES, self._since + 1)
        if end <= start:
            return None
        with self._lock:
            counts = self._counts.get((scope, group), {})
            total = sum(count for minute, count in counts.items() if start <= minute < end)
        return total / (end - start)
