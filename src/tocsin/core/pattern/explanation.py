"""Why a pattern does or does not match an event: the types. Spec: FP-13.32, R-51.

Rule: an explanation is bounded, whatever the message holds: long values are cut in the middle,
many nodes or fields are counted and the first of them listed. It holds codes; `explanation_text`
has the words.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tocsin.core.pattern.parser import Kind

__all__ = [
    "MAX_FIELDS",
    "MAX_NODES",
    "MAX_TEXT",
    "Clause",
    "CutField",
    "Explanation",
    "Kind",
    "Node",
    "NodeKind",
    "Reason",
    "Relation",
    "Verdict",
    "shorten",
]

MAX_TEXT = 200
"""How many characters of a value an explanation holds."""

MAX_NODES = 10
"""How many of the nodes that a wildcard selector selects are listed."""

MAX_FIELDS = 50
"""How many of the fields that a line is cut into are listed."""


class NodeKind(StrEnum):
    """What a value is."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    OBJECT = "object"
    ARRAY = "array"


class Relation(StrEnum):
    """What a clause asks, beyond its value. The first seven can be negated (`!=`, or `-` before a term)."""

    IS = "is"
    EQUALS = "equals"
    BEGINS = "begins"
    ENDS = "ends"
    CONTAINS = "contains"
    REGEX = "regex"
    ANY = "any"
    LESS = "less"
    GREATER = "greater"
    AT_MOST = "at-most"
    AT_LEAST = "at-least"
    CONSTANT = "constant"
    ABSENT = "absent"


class Reason(StrEnum):
    """Why a clause holds or does not, where that is more than the comparison itself."""

    COMPARED = "compared"
    MISSING = "missing"
    NULL = "null"
    CONTAINER = "container"
    NOT_NUMBER = "not-number"
    TEXT_VALUE = "text-value"
    AS_TEXT = "as-text"
    NOT_CONSTANT = "not-constant"
    PRESENT_NULL = "present-null"
    IGNORED = "ignored"
    BLANK = "blank"


class Verdict(StrEnum):
    """What settled the outcome as a whole."""

    CLAUSES = "clauses"
    MATCH_ALL = "match-all"
    NO_CONDITION = "no-condition"
    NOT_JSON = "not-json"
    NOT_A_DOCUMENT = "not-a-document"
    TOO_FEW_FIELDS = "too-few-fields"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a clause looked at.

    `path` is where it stands, as a selector would say it without the `$.` (`resources[0].type`), or
    the column. `text` is what is compared (FP-5.4); for objects and arrays it is the number of their
    members. Both are cut to `MAX_TEXT`.
    """

    path: str
    kind: NodeKind
    text: str
    holds: bool


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of the pattern, or one term, and what came of it.

    `letter` names it in the reading; a term without effect has none. `text` is its canonical text,
    `position` its place in the pattern. `subject` is the selector without the `$.`, the column or
    `message`; `relation`, `negated` and `value` say what is asked of it. `nodes` are the values that
    were selected, `omitted` counts those that are not listed. There are none if the field is missing;
    `detail` then names what stands in the way (`userIdentity is null`). `offset` is where a term was
    found. `reached` tells whether evaluation from left to right gets to this clause, `decided`
    whether it is the one that settled the outcome.
    """

    letter: str
    text: str
    position: int
    subject: str
    relation: Relation
    negated: bool = False
    value: str = ""
    nodes: tuple[Node, ...] = ()
    omitted: int = 0
    has_wildcard: bool = False
    offset: int | None = None
    holds: bool
    reason: Reason = Reason.COMPARED
    detail: str = ""
    reached: bool = False
    decided: bool = False


class CutField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a line: its number from 1, its place, its text without delimiters, its column if it has a name."""

    number: int
    start: int
    end: int
    text: str
    column: str | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a pattern does or does not match one event.

    `reading` says how `&&` and `||` group the clauses, by their letters. For a message that is no
    JSON event, `problem` says why and `position` where reading stopped; `excerpt` shows the place.
    For space-delimited patterns `fields` are the first of `field_count`, and `needed` is the least
    number that the pattern asks for.
    """

    kind: Kind
    pattern: str
    matches: bool
    verdict: Verdict
    reading: str = ""
    clauses: tuple[Clause, ...] = ()
    problem: str = ""
    position: int | None = None
    excerpt: str = ""
    fields: tuple[CutField, ...] = ()
    field_count: int = 0
    needed: int = 0


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """A text of at most `limit` characters. One that is too long loses its middle: its end matters too."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return text[: limit - 1 - tail] + "…" + text[len(text) - tail :]
