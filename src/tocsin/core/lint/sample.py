"""Sample lines that a JSON pattern can never match, because the JSON is wrapped. Spec: FP-13.14, FP-4.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.event import MessageError, decode_message
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.number import Number
from tocsin.core.pattern.tree import Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.event import JsonValue
    from tocsin.core.lint.subject import Subject
    from tocsin.core.rule import RuleTest

MAX_STARTS = 20
"""How many opening braces of a line are tried as the beginning of a document."""


def lint_samples(subject: Subject, tests: Iterable[RuleTest]) -> Iterator[Observation]:
    """The sample lines of a rule with a JSON pattern that hold a JSON document inside something else.

    A line that the rule itself says must not match is taken to be meant so.
    """
    if not isinstance(subject.tree, Json):
        return
    for place, test in enumerate(tests):
        if test.message is None or test.matches is False:
            continue
        found = find_wrapped(test.message)
        if found is not None:
            position, what, hint = found
            yield observe("prefixed-json", position, what, hint=hint, key=("tests", place, "message"))


def find_wrapped(message: str) -> tuple[int, str, str] | None:
    """Where a JSON document begins inside a line that is none, or inside a string of one: place, message, remedy."""
    try:
        value = decode_message(message)
    except MessageError:
        return _behind_prefix(message)
    return _inside_string(message, value)


def _behind_prefix(message: str) -> tuple[int, str, str] | None:
    start = message.find("{")
    for _ in range(MAX_STARTS):
        if start < 0:
            return None
        if _is_document(message[start:]):
            what = f"the JSON document begins at character {start + 1}: a JSON pattern never matches such a line"
            return start, what, "let the log shipper send the document alone, or search the line with a text pattern"
        start = message.find("{", start + 1)
    return None


def _inside_string(message: str, value: JsonValue) -> tuple[int, str, str] | None:
    if not isinstance(value, dict):
        return None
    for name, member in value.items():
        if isinstance(member, str) and not isinstance(member, Number) and _is_document(member):
            start = max(message.find(f'"{name}"'), 0)
            what = f"the JSON document is text inside the member {name}, and no selector looks into text"
            return start, what, f'compare the text, such as $.{name} = "*...*", or use a text pattern'
    return None


def _is_document(text: str) -> bool:
    """Tell whether a text is a JSON object with a member: an empty one is no document."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        value = decode_message(text)
    except MessageError:
        return False
    return isinstance(value, dict) and bool(value)
