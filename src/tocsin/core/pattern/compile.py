"""From a tree to functions: what a pattern asks of an event. Spec: FP-14.1.

Rule: the tree is looked at once, here. The functions hold no state, so threads may share them, and
they never raise, whatever the event is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from tocsin.core.pattern.json_match import compile_json, extract_json
from tocsin.core.pattern.space_match import compile_space, extract_space
from tocsin.core.pattern.text_match import compile_text
from tocsin.core.pattern.tree import All, Json, Pattern, Space, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.event import Event
    from tocsin.core.pattern.tree import Expr


class Matcher(NamedTuple):
    """What was made of a pattern: does it match an event, and what is extracted from one that matches."""

    matches: Callable[[Event], bool]
    extract: Callable[[Event], dict[str, str]]


def compile_pattern(pattern: Pattern) -> Matcher:
    """Make functions of a tree that the parser gave."""
    match pattern:
        case All():
            return Matcher(lambda _event: True, _extract_nothing)
        case Text(terms):
            in_text = compile_text(terms)
            return Matcher(lambda event: in_text(event.text), _extract_nothing)
        case Json(expr):
            return _json_matcher(expr)
        case Space(columns):
            in_line = compile_space(columns)
            from_line = extract_space(columns)
            return Matcher(lambda event: in_line(event.text), lambda event: from_line(event.text))
        case _:
            assert_never(pattern)


def _extract_nothing(_event: Event) -> dict[str, str]:
    return {}


def _json_matcher(expr: Expr) -> Matcher:
    holds = compile_json(expr)
    values_of = extract_json(expr)

    def matches(event: Event) -> bool:
        root = event.value
        # Other JSON values, and what is not JSON at all, match no JSON pattern (FP-4.1, FP-4.2).
        return (type(root) is dict or type(root) is list) and holds(root)

    def extract(event: Event) -> dict[str, str]:
        root = event.value
        return values_of(root) if isinstance(root, dict | list) else {}

    return Matcher(matches, extract)
