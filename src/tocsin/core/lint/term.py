"""Text patterns: terms without effect, operators as words, lost quotes. Spec: FP-13.9, FP-13.19, FP-13.20."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import is_accepted
from tocsin.core.pattern.parser import Kind, pattern_kind
from tocsin.core.pattern.printer import print_pattern, print_value
from tocsin.core.pattern.tree import Literal, Role, Term, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.lint.subject import Subject


def lint_terms(subject: Subject) -> Iterator[Observation]:
    """Observations about the terms of a text pattern."""
    if not isinstance(subject.tree, Text):
        return
    terms = subject.tree.terms
    yield from _ignored(terms)
    yield from _operator_words(terms)
    yield from _wrapped(terms)


def _ignored(terms: Sequence[Term]) -> Iterator[Observation]:
    optional = [term for term in terms if term.role is Role.OPTIONAL]
    if optional and len(optional) < len(terms):
        binding = Text(tuple(term for term in terms if term.role is not Role.OPTIONAL))
        names = " ".join(f"?{print_value(term.value)}" for term in optional)
        yield observe(
            "optional-ignored",
            optional[0].position,
            f"{names} has no effect beside other terms: the pattern means {print_pattern(binding)}",
            hint="use one pattern for each alternative, or a JSON pattern with ||",
        )


_OPERATORS = {"OR": "?{0} ?{1} finds either", "AND": "{0} {1} finds both", "NOT": "{0} -{1} leaves {1} out"}


def _operator_words(terms: Sequence[Term]) -> Iterator[Observation]:
    for place, term in enumerate(terms):
        value = term.value
        if not isinstance(value, Literal) or value.quoted or term.role is not Role.REQUIRED:
            continue
        if value.text not in _OPERATORS or len(terms) == 1:
            continue
        before = print_value(terms[place - 1].value) if place else "a"
        after = print_value(terms[place + 1].value) if place + 1 < len(terms) else "b"
        yield observe(
            "operator-word",
            term.position,
            f"{value.text} is a term like any other here: events without the word {value.text} do not match",
            hint=_OPERATORS[value.text].format(before, after),
        )


def _wrapped(terms: Sequence[Term]) -> Iterator[Observation]:
    """A whole JSON pattern inside quotes: it is accepted, as a phrase that no event holds."""
    first = terms[0].value
    if len(terms) > 1 or not isinstance(first, Literal) or not first.quoted or terms[0].role is not Role.REQUIRED:
        return
    if pattern_kind(first.text) is Kind.JSON and is_accepted(first.text):
        yield observe(
            "quoting-layer",
            terms[0].position,
            "the whole pattern stands in quotes, so it is a phrase that is looked for in the text of the event",
            hint=f"write it without these quotes: {first.text}",
            rewrite=first.text,
            severity=Severity.WARNING,
        )


def lint_eaten_quotes(subject: Subject, *, is_quoted: bool) -> Iterator[Observation]:
    """A text pattern of several words that stands in quotes of the file alone (FP-13.9).

    `is_quoted` says whether the file has quotes around the value.
    """
    tree = subject.tree
    if not is_quoted or not isinstance(tree, Text) or len(tree.terms) == 1:
        return
    words = [term.value for term in tree.terms if term.role is Role.REQUIRED and isinstance(term.value, Literal)]
    if len(words) == len(tree.terms) and not any(word.quoted for word in words):
        phrase = " ".join(word.text for word in words)
        yield observe(
            "quoting-layer",
            0,
            f"the file's own quotes are gone: the pattern is {len(words)} separate terms, in any order",
            hint=f"a phrase has double quotes of its own: '\"{phrase}\"'",
            severity=Severity.WARNING,
        )
