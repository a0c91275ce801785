"""Filter patterns: the language in which CloudWatch Logs is told which events count. Spec: FP-1 to FP-8.

Rule: a pattern that was accepted answers every question about every message and never raises; one
that is not understood is an error, never a pattern that matches everything or nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tocsin.core.event import Event
from tocsin.core.pattern.compile import compile_pattern
from tocsin.core.pattern.index import EVENT_NAME, keys_for, required_fields
from tocsin.core.pattern.parser import parse_with_notes
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.tree import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.pattern.explanation import Explanation
    from tocsin.core.pattern.tree import Pattern, Step

__all__ = ["FilterPattern"]

# Patterns are small, but come from users, so their number is bounded (FP-14.1).
_REMEMBERED = 1024


class FilterPattern:
    """A filter pattern that was accepted: made by `parse`, never changed, safe to share between threads.

    Two patterns are equal, and hash alike, when their trees are (FP-2.10): spacing and redundant
    parentheses do not matter, the spelling of a selector or the quoting of a value does. Pickling
    carries the text alone; the other side compiles it again.
    """

    __slots__ = ("_canonical", "_event_names", "_extract", "_matches", "_source", "_tree", "_warnings")

    def __init__(self, source: str) -> None:
        """Parse and compile; `parse` does the same and remembers."""
        self._source = source
        self._tree, notes = parse_with_notes(source)
        self._canonical = print_pattern(self._tree)
        self._matches, self._extract = compile_pattern(self._tree)
        self._event_names = keys_for(self._tree, EVENT_NAME)
        unindexed = isinstance(self._tree, Json) and self._event_names is None
        names = [*(note.name for note in notes), *(["no-index-key"] if unindexed else [])]
        self._warnings = tuple(dict.fromkeys(names))

    @classmethod
    def parse(cls, source: str) -> FilterPattern:
        """Read a filter pattern.

        Raises `PatternError` when CloudWatch Logs would refuse it: AWS's text in `.message`, the
        place in `.position`, what to do about it in `.hint`, the id in `.rule` (FP-8.5).

        >>> FilterPattern.parse("{ $.eventName = StopLogging }").matches('{"eventName": "StopLogging"}')
        True
        """
        return _parse(source)

    @property
    def source(self) -> str:
        """The pattern as it was given."""
        return self._source

    @property
    def tree(self) -> Pattern:
        """The abstract syntax tree (FP-2.10)."""
        return self._tree

    @property
    def warnings(self) -> tuple[str, ...]:
        """Names of findings that come with reading the pattern, each once (FP-13.28, FP-13.34).

        `single-backslash`, `duplicate-column`, `foreign-column`, in order of place; then
        `no-index-key` for a JSON pattern that has to be run against every event.
        """
        return self._warnings

    # ------------------------------------------------------------ events

    @property
    def matches_event(self) -> Callable[[Event], bool]:
        """A function that tells whether the pattern matches an `Event`; it never raises."""
        return self._matches

    def matches(self, message: str | bytes) -> bool:
        """Tell whether the pattern matches a message. Never raises (FP-5.3, FP-14.9)."""
        return self._matches(Event(message))

    def extract(self, message: str | bytes) -> dict[str, str] | None:
        """The extracted values of a match, as in TestMetricFilter; None exactly when there is no match.

        Keys are as written in the pattern: `$.a.b` for JSON patterns (FP-5.11), `$name` or `$3` for
        space-delimited ones (FP-6.9); none for text patterns (FP-3.12). Values are text.
        """
        event = Event(message)
        return self._extract(event) if self._matches(event) else None

    def explain(self, message: str | bytes | Event) -> Explanation:
        """Say clause by clause why the pattern does or does not match a message (FP-13.32)."""
        from tocsin.core.pattern.explain import explain_event  # takes long to import, and matching needs none of it

        return explain_event(self._tree, message if isinstance(message, Event) else Event(message))

    # ------------------------------------------------------------ what it needs to know

    @property
    def index_keys(self) -> frozenset[str] | None:
        """The event names of which every matching event has one; None if that is not certain (FP-14.2).

        `frozenset()` means that the pattern never matches. Events whose `eventName` is a number or a
        boolean must be run against every pattern.
        """
        return self._event_names

    def keys_for(self, names: tuple[str, ...]) -> frozenset[str] | None:
        """The same for the property at another path, `("eventSource",)` for example."""
        return keys_for(self._tree, names)

    @property
    def required_fields(self) -> frozenset[tuple[Step, ...]]:
        """The paths that the conditions look at; a path that ends with a wildcard needs all below (FP-14.4).

        Empty for text and space-delimited patterns, which look at the message's text.
        """
        return required_fields(self._tree)

    # ------------------------------------------------------------ as a value

    def __str__(self) -> str:
        """Canonical text that parses to an equal pattern (FP-2.11)."""
        return self._canonical

    def __repr__(self) -> str:
        return f"FilterPattern.parse({self._source!r})"

    # Canonical texts are equal exactly when the trees are, and comparing them needs no recursion.

    def __eq__(self, other: object) -> bool:
        return self._canonical == other._canonical if isinstance(other, FilterPattern) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._canonical)

    def __reduce__(self) -> tuple[object, ...]:
        return (FilterPattern.parse, (self._source,))


@lru_cache(maxsize=_REMEMBERED)
def _parse(source: str) -> FilterPattern:
    return FilterPattern(source)
