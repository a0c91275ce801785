"""What the service counts of its own work; the server shows it at `/_tocsin/metrics`.

Rule: a counter never goes back. Names are those of Prometheus without their prefix; labels have few values.
"""

from __future__ import annotations

import threading

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels, sorted by name."""


class Counters:
    """Counts by name and labels. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, Labels], int] = {}

    def add(self, name: str, count: int = 1, **labels: str) -> None:
        """Add to a counter."""
        if count:
            key = (name, tuple(sorted(labels.items())))
            with self._lock:
                self._counts[key] = self._counts.get(key, 0) + count

    def count(self, name: str, **labels: str) -> int:
        """One counter as it is now; 0 where nothing was counted."""
        with self._lock:
            return self._counts.get((name, tuple(sorted(labels.items()))), 0)

    def total(self, *names: str) -> int:
        """Counters of these names together, whatever their labels."""
        with self._lock:
            return sum(count for (name, _), count in self._counts.items() if name in names)

    def snapshot(self) -> dict[tuple[str, Labels], int]:
        """All counters as they are now."""
        with self._lock:
            return dict(self._counts)
