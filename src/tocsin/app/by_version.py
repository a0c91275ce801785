"""What is derived from definitions, kept in memory until one of them changes. Spec: AR-5, CON-4.0 (class M).

Rule: it is derived from the store and never the only place where something stands.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from tocsin.time_limit import no_time_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from tocsin.app.store_port import StoreReader

Key = TypeVar("Key", bound="Hashable")
Value = TypeVar("Value")

# Values that are kept at once; one more, and all are made anew.
_MOST = 200


class ByVersion(Generic[Key, Value]):
    """Values by key, made when they are first asked for after a definition of one of these kinds has changed.

    What also depends on something else, such as the time, is asked for with `turn`, a value that changes with it.
    """

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds
        self._lock = threading.Lock()
        self._version: tuple[Hashable, ...] = ()
        self._known: dict[Key, Value] = {}

    def tag(self, store: StoreReader, *, turn: Hashable = 0) -> str:
        """What is another text whenever a value may be another one."""
        return ".".join(map(str, self._version_of(store, turn)))

    def get(self, store: StoreReader, key: Key, make: Callable[[], Value], *, turn: Hashable = 0) -> Value:
        """The value of a key. Two who ask at once may both make it; it is made to its end."""
        version = self._version_of(store, turn)
        with self._lock:
            if version != self._version or len(self._known) >= _MOST:
                self._version, self._known = version, {}
            elif key in self._known:
                return self._known[key]
        with no_time_limit():
            made = make()
        with self._lock:
            if self._version == version:
                self._known[key] = made
        return made

    def _version_of(self, store: StoreReader, turn: Hashable) -> tuple[Hashable, ...]:
        return (turn, *(store.version(kind) for kind in self._kinds))
