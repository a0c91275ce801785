"""Definitions that are kept until a time: tokens, sessions, messages of FIFO topics. Spec: SNS-4.1, WIRE-5.12.

Rule: what has ended is never given out; it is removed a few at a time, whenever something is kept, so that no more
lies about than was made while the last of it lasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tocsin.app.definition import Definitions

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

Item = TypeVar("Item")

# So many that have ended are removed for each one that is kept.
_SWEPT = 4


class ExpiringDefinitions(Generic[Item]):
    """The definitions of one kind, each with its end in milliseconds since the epoch.

    Beside them stands a list by their ends, of the kind `<kind>-end`: what has ended is found without a look at
    what has not.
    """

    def __init__(self, kind: str, item: type[Item]) -> None:
        pair: Any = tuple[int, item]  # type: ignore[valid-type]  # a type that is made from an argument
        self._items: Definitions[tuple[int, Item]] = Definitions(kind, pair)
        self._ends = Definitions(f"{kind}-end", str)

    def get(self, store: StoreReader, scope: Scope, name: str, *, now: int) -> Item | None:
        """The one of that name; None when there is none, or it has ended."""
        found = self._items.get(store, scope, name)
        return None if found is None or found[0] <= now else found[1]

    def scan(self, store: StoreReader, scope: Scope, *, prefix: str, now: int) -> list[tuple[str, Item]]:
        """Names and definitions whose names begin so and that have not ended, in the order of the names."""
        found = self._items.scan(store, scope, prefix=prefix)
        return [(name, item) for name, (until, item) in found if until > now]

    def ends(self, store: StoreReader, scope: Scope, *, prefix: str, now: int) -> list[int]:
        """The ends of those whose names begin so and that have not ended, the nearest first."""
        found = (until for _, (until, _) in self._items.scan(store, scope, prefix=prefix))
        return sorted(until for until in found if until > now)

    def put(self, store: StoreWriter, scope: Scope, name: str, item: Item, *, now: int, until: int) -> None:
        """Keep one in place of the one of that name."""
        self._sweep(store, scope, now)
        self._items.put(store, scope, name, (until, item))
        self._ends.put(store, scope, f"{until:015d}\0{name}", name)

    def delete_all(self, store: StoreWriter, scope: Scope, *, prefix: str) -> None:
        """Remove those whose names begin so."""
        for name, (until, _) in self._items.scan(store, scope, prefix=prefix):
            self._items.delete(store, scope, name)
            self._ends.delete(store, scope, f"{until:015d}\0{name}")

    def _sweep(self, store: StoreWriter, scope: Scope, now: int) -> None:
        for end, name in self._ends.scan(store, scope, limit=_SWEPT):
            if int(end[:15]) > now:
                return
            self._ends.delete(store, scope, end)
            found = self._items.get(store, scope, name)
            if found is not None and found[0] <= now:  # it may have been kept again, for longer
                self._items.delete(store, scope, name)
