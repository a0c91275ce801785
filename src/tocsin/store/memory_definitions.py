"""Definitions in memory. Rule: names are ordered as their UTF-8 is, which is the order of Python's texts."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from tocsin.store.sqlite_scope import prefix_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.scope import Scope
    from tocsin.store.undo import Undo


class NamedTable:
    """Values by name, in the order of the names."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.names: list[str] = []

    def add(self, name: str) -> None:
        """Put a name in its place."""
        insort(self.names, name)

    def drop(self, name: str) -> None:
        """Take a name out."""
        del self.names[bisect_left(self.names, name)]

    def range(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """The names with that prefix, those behind `after`, ascending."""
        first = bisect_left(self.names, prefix)
        if after is not None:
            first = max(first, bisect_right(self.names, after))
        for place in range(first, len(self.names)):
            if not self.names[place].startswith(prefix):
                return
            yield self.names[place]

    def descending_range(self, prefix: str, before: str | None) -> Iterator[str]:
        """The names with that prefix, those before `before`, descending."""
        ends = [end for end in (prefix_end(prefix), before) if end is not None]
        last = min((bisect_left(self.names, end) for end in ends), default=len(self.names))
        for place in range(last - 1, -1, -1):
            if not self.names[place].startswith(prefix):
                return
            yield self.names[place]


class MemoryDefinitions:
    """The definitions of all kinds and scopes."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._tables: dict[str, dict[Scope, NamedTable]] = {}
        self._versions: dict[str, int] = {}
        self.changes = 0  # the last number of a version; one is never given twice, even where a work fails

    def get(self, kind: str, scope: Scope, name: str) -> bytes | None:
        """One definition."""
        table = self._tables.get(kind, {}).get(scope)
        return None if table is None else table.values.get(name)

    def scan(
        self,
        kind: str,
        scope: Scope,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> list[tuple[str, bytes]]:
        """Definitions in the order of their names, or in the opposite one."""
        table = self._tables.get(kind, {}).get(scope)
        if table is None:
            return []
        names = table.descending_range(prefix, after) if descending else table.range(prefix, after)
        return [(name, table.values[name]) for name in itertools.islice(names, limit)]

    def scan_all(self, kind: str) -> Iterator[tuple[Scope, str, bytes]]:
        """The definitions of every scope, as they are now."""
        tables = self._tables.get(kind, {})
        found = [(scope, name, tables[scope].values[name]) for scope in sorted(tables) for name in tables[scope].names]
        return iter(found)

    def count(self, kind: str, scope: Scope, *, prefix: str = "") -> int:
        """How many definitions there are."""
        table = self._tables.get(kind, {}).get(scope)
        return 0 if table is None else sum(1 for _ in table.range(prefix))

    def version(self, kind: str) -> int:
        """A number that is another one after each change of that kind."""
        return self._versions.get(kind, 0)

    def put(self, kind: str, scope: Scope, name: str, body: bytes) -> None:
        """Keep a definition."""
        table = self._tables.setdefault(kind, {}).setdefault(scope, NamedTable())
        if name not in table.values:
            table.add(name)
            self._undo.note(lambda: table.drop(name))
        self._undo.put(table.values, name, body)
        self._changed(kind)

    def delete(self, kind: str, scope: Scope, name: str) -> bool:
        """Remove a definition."""
        table = self._tables.get(kind, {}).get(scope)
        if table is None or name not in table.values:
            return False
        self._undo.remove(table.values, name)
        table.drop(name)
        self._undo.note(lambda: table.add(name))
        self._changed(kind)
        return True

    def reset_definitions(self, scope: Scope | None) -> None:
        """Remove the definitions of a scope, or all."""
        for kind, tables in self._tables.items():
            if scope is None:
                if tables:
                    self._undo.put(self._tables, kind, {})
                    self._changed(kind)
            elif scope in tables:
                self._undo.remove(tables, scope)
                self._changed(kind)

    def _changed(self, kind: str) -> None:
        self.changes += 1
        self._undo.put(self._versions, kind, self.changes)
