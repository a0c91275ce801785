"""How a work that failed is undone.

Rule: whoever changes something notes, before or after, how to change it back; steps are undone last first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Key = TypeVar("Key")
Value = TypeVar("Value")


class Undo:
    """The steps of the work at hand."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def note(self, step: Callable[[], object]) -> None:
        """Keep how to undo something."""
        self._steps.append(step)

    def put(self, table: dict[Key, Value], key: Key, value: Value) -> None:
        """Set an entry of a table."""
        if key in table:
            before = table[key]
            self._steps.append(lambda: table.__setitem__(key, before))
        else:
            self._steps.append(lambda: table.pop(key))
        table[key] = value

    def remove(self, table: dict[Key, Value], key: Key) -> Value:
        """Remove an entry, which is there, and give it."""
        before = table.pop(key)
        self._steps.append(lambda: table.__setitem__(key, before))
        return before

    def roll_back(self) -> None:
        """Undo everything."""
        while self._steps:
            self._steps.pop()()

    def forget(self) -> None:
        """What was done stays."""
        self._steps.clear()
