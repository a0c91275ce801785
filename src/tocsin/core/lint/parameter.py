"""Patterns with parameters: read with their values, reported where they are written. Spec: IF-4 (`params`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tocsin.core.rule import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.lint.observation import Observation
    from tocsin.core.rule import KeyPath


class Filled:
    """A pattern as written, with the value of each `<NAME>` in its place; one without a value stays as it is."""

    def __init__(self, written: str, params: Mapping[str, str]) -> None:
        self._written = written
        self._params = params
        self.text = self._fill(written)

    def placed(self, found: Observation, key: KeyPath) -> Observation:
        """The observation about the filled text, moved to the text as written."""
        return replace(found, key=key, position=self._unfilled(found.position), rewrite=self._rewrite(found.rewrite))

    def _fill(self, written: str) -> str:
        return PARAMETER.sub(lambda found: self._params.get(found[1], found[0]), written)

    def _unfilled(self, position: int) -> int:
        """The place in the text as written; inside a value, where its parameter begins."""
        shift = 0
        for found in PARAMETER.finditer(self._written):
            value = self._params.get(found[1], found[0])
            start = found.start() + shift
            if position < start:
                break
            if position < start + len(value):
                return found.start()
            shift += len(value) - len(found[0])
        return position - shift

    def _rewrite(self, rewrite: str | None) -> str | None:
        """The rewrite with the parameters put back; None when it is not certain where each belongs."""
        if rewrite is None or self.text == self._written:
            return rewrite
        names = [found[1] for found in PARAMETER.finditer(self._written) if found[1] in self._params]
        unfilled = rewrite
        for name in dict.fromkeys(names):
            value = self._params[name]
            if not value or unfilled.count(value) != names.count(name):
                return None
            unfilled = unfilled.replace(value, f"<{name}>")
        return unfilled if self._fill(unfilled) == rewrite else None
