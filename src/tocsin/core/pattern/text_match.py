"""Text patterns: terms, phrases and regexes looked for in the raw message. Spec: FP-3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.pattern.regex import parse_regex
from tocsin.core.pattern.regex_search import compile_regex
from tocsin.core.pattern.tree import Regex, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.pattern.tree import Term, Value
    from tocsin.core.pattern.value_match import TextTest


def compile_text(terms: Sequence[Term]) -> TextTest:
    """A test for the raw message (FP-3.2, FP-3.5 to FP-3.7)."""
    required = tuple(phrase_matches(term.value) for term in terms if term.role is Role.REQUIRED)
    excluded = tuple(phrase_matches(term.value) for term in terms if term.role is Role.EXCLUDED)
    if ignores_optional(terms):
        if len(required) == 1 and not excluded:
            return required[0]
        return lambda text: all(test(text) for test in required) and not any(test(text) for test in excluded)
    optional = tuple(phrase_matches(term.value) for term in terms)
    return lambda text: any(test(text) for test in optional)


def ignores_optional(terms: Sequence[Term]) -> bool:
    """Tell whether optional terms have no effect: beside any plain or excluded one (FP-3.7)."""
    return any(term.role is not Role.OPTIONAL for term in terms)


def phrase_matches(value: Value) -> TextTest:
    """Tell whether a term occurs in a text: by code point, without folding or normalisation (FP-3.11).

    A phrase of blanks only, and the empty one, occurs in every text (FP-3.8).
    """
    if isinstance(value, Regex):
        return compile_regex(parse_regex(value.source))
    phrase = value.text
    if is_blank(phrase):
        return lambda _text: True
    return lambda text: phrase in text


def is_blank(phrase: str) -> bool:
    """Tell whether a phrase holds nothing but blanks, or nothing at all."""
    return not phrase.strip(" ")
