"""An explanation as text for a person. Spec: FP-13.32, R-51.

Rule: the words are here and nowhere else, one table for each kind of code; nothing of a message
reaches a terminal unescaped.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.number import is_number
from tocsin.core.pattern.explanation import MAX_TEXT, Kind, NodeKind, Reason, Relation, Verdict, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.pattern.explanation import Clause, Explanation, Node

MIN_WIDTH = 48
"""Narrower than this an explanation is not made; lines are then longer than asked."""

# What is asked, and its negation.
_RELATIONS: dict[Relation, tuple[str, str]] = {
    Relation.IS: ("is {}", "is not {}"),
    Relation.EQUALS: ("equals {}", "does not equal {}"),
    Relation.BEGINS: ("begins with {}", "does not begin with {}"),
    Relation.ENDS: ("ends with {}", "does not end with {}"),
    Relation.CONTAINS: ("contains {}", "does not contain {}"),
    Relation.REGEX: ("matches {}", "does not match {}"),
    Relation.ANY: ("has a value", "has no value"),
    Relation.LESS: ("is less than {}", ""),
    Relation.GREATER: ("is greater than {}", ""),
    Relation.AT_MOST: ("is at most {}", ""),
    Relation.AT_LEAST: ("is at least {}", ""),
    Relation.CONSTANT: ("is {}", ""),
    Relation.ABSENT: ("is absent", ""),
}

# What stands under a clause. Reasons that the line itself shows are not repeated.
_NOTES: dict[Reason, str] = {
    Reason.NULL: "null satisfies no comparison{} (FP-5.1)",
    Reason.CONTAINER: "objects and arrays satisfy no comparison{} (FP-5.1)",
    Reason.NOT_NUMBER: "only numbers are compared by size (FP-5.5)",
    Reason.TEXT_VALUE: "the value is no number, so this never holds (FP-5.5)",
    Reason.AS_TEXT: "the same number, but compared as text: only two numbers compare as numbers (FP-5.4)",
    Reason.NOT_CONSTANT: "this is text; IS looks at JSON null, true and false alone (FP-5.9)",
    Reason.PRESENT_NULL: "null is there; IS NULL asks for it (FP-5.1)",
    Reason.IGNORED: "no effect: optional terms are ignored beside plain or excluded ones (FP-3.7)",
    Reason.BLANK: "a phrase of blanks only is found in every message (FP-3.8)",
}
_NOT_EVEN = ", not even !="
_ABSENT_DIFFERS = f"an absent field satisfies no comparison{_NOT_EVEN} (FP-5.2)"

_VERDICTS: dict[Verdict, str] = {
    Verdict.MATCH_ALL: "the empty pattern matches every event (FP-1.1)",
    Verdict.NO_CONDITION: "no column has a condition, so every line with enough fields matches (FP-13.4)",
    Verdict.NOT_JSON: "the message is not JSON, and a JSON pattern matches nothing else (FP-4.1)",
    Verdict.NOT_A_DOCUMENT: "the message is a JSON {}; only objects and arrays are events (FP-4.2)",
    Verdict.TOO_FEW_FIELDS: "the line has {} and the pattern needs at least {} (FP-6.3, FP-6.4)",
}

_OUTCOMES = {True: "=> matches", False: "=> no match"}

# A value that can be read without quotes.
_PLAIN = re.compile(r"[!-~]+")


class ClauseWords(NamedTuple):
    """A clause in words, apart, for a table: the field, what was found there, what is asked of it, and remarks.

    `subject` is empty for a term, which looks at the whole message. Each is cut to `MAX_TEXT` and safe to print.
    """

    subject: str
    seen: str
    asked: str
    notes: tuple[str, ...]


def clause_words(clause: Clause, kind: Kind) -> ClauseWords:
    """The words for one clause of an explanation of that kind.

    >>> from tocsin.core.pattern import FilterPattern
    >>> explanation = FilterPattern.parse("{ $.a = b }").explain('{"a": 1}')
    >>> clause_words(explanation.clauses[0], explanation.kind)
    ClauseWords(subject='a', seen='1', asked='is b', notes=())
    """
    is_term = kind is Kind.TEXT
    seen = _seen(clause, MAX_TEXT)
    if is_term:
        seen = "not found" if clause.offset is None else f"at character {clause.offset}"
    return ClauseWords(
        subject="" if is_term else shorten(make_printable(clause.subject)),
        seen=seen or "(absent)",
        asked=_asked(clause, MAX_TEXT),
        notes=tuple(_notes(clause, MAX_TEXT)),
    )


def verdict_words(explanation: Explanation) -> str:
    """What settled the outcome where no clause did; empty where clauses did."""
    if explanation.verdict is Verdict.CLAUSES:
        return ""
    words = _verdict(explanation)
    if explanation.position is None:
        return words
    return f"{words}; reading stopped at character {explanation.position}: {make_printable(explanation.problem)}"


def render_explanation(explanation: Explanation, *, width: int = 100) -> str:
    """The explanation as lines of about `width` columns, without a line break at the end.

    Control characters and whatever else a terminal would act on are escaped, long values cut.
    """
    width = max(width, MIN_WIDTH)
    return "\n".join(line.rstrip() for line in _lines(explanation, width))


def _lines(explanation: Explanation, width: int) -> Iterator[str]:
    if explanation.kind is Kind.SPACE:
        yield from _field_lines(explanation, width)
    if explanation.verdict is Verdict.CLAUSES:
        yield from _reading_lines(explanation, width)
        yield from _clause_lines(explanation, width)
        return
    yield from textwrap.wrap(f"{_OUTCOMES[explanation.matches]}: {_verdict(explanation)}", width)
    if explanation.position is not None:
        yield from textwrap.wrap(f"reading stopped at character {explanation.position}: {explanation.problem}", width)
        yield from explanation.excerpt.split("\n")


def _verdict(explanation: Explanation) -> str:
    words = _VERDICTS[explanation.verdict]
    if explanation.verdict is Verdict.TOO_FEW_FIELDS:
        return words.format(_count(explanation.field_count, "field"), explanation.needed)
    return words.format(explanation.problem)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# ---------------------------------------------------------------- how the line was cut


def _field_lines(explanation: Explanation, width: int) -> Iterator[str]:
    yield f"the line has {_count(explanation.field_count, 'field')}:"
    names = [
        f"${make_printable(str(field.number) if field.column is None else field.column)}"
        for field in explanation.fields
    ]
    longest = min(max(map(len, names), default=0), width // 3)
    for name, field in zip(names, explanation.fields, strict=True):
        yield f"  {shorten(name, longest):{longest}}  {_quoted(field.text, width - longest - 4)}"
    more = explanation.field_count - len(explanation.fields)
    if more:
        yield f"  … {more:,} more"


# ---------------------------------------------------------------- clauses


def _reading_lines(explanation: Explanation, width: int) -> Iterator[str]:
    reading = explanation.reading
    if sum(bool(clause.letter) for clause in explanation.clauses) < 2:
        return
    if "&&" in reading and "||" in reading:
        reading += "      (&& binds tighter than ||)"
    lead = "read as:  "
    yield from textwrap.wrap(reading, width, initial_indent=lead, subsequent_indent=" " * len(lead))


def _clause_lines(explanation: Explanation, width: int) -> Iterator[str]:
    """Letter, sentence and outcome; where it was decided, what came of it; remarks under it."""
    margin = max(len(clause.letter) for clause in explanation.clauses) + 2
    room = width - margin - len("  false  => no match")
    sentences = [textwrap.wrap(_sentence(clause, explanation.kind, room), room) for clause in explanation.clauses]
    column = max(len(line) for sentence in sentences for line in sentence)
    for clause, sentence in zip(explanation.clauses, sentences, strict=True):
        *lines, last = sentence
        lines.append(f"{last:{column}}  {_outcome(clause, explanation)}")
        for place, line in enumerate(lines):
            yield f"{clause.letter if place == 0 else '':{margin}}{line}"
        below = [*_node_lines(clause, width - margin), *_notes(clause, width - margin)]
        yield from (" " * margin + line for line in below)


def _outcome(clause: Clause, explanation: Explanation) -> str:
    if not clause.letter:
        return "ignored"
    outcome = "true" if clause.holds else "false"
    return f"{outcome:5}  {_OUTCOMES[explanation.matches]}" if clause.decided else outcome


def _sentence(clause: Clause, kind: Kind, room: int) -> str:
    asked = _asked(clause, room)
    if kind is not Kind.TEXT:
        return f"{_subject(clause, room // 2)} {asked}"
    return asked if clause.offset is None else f"{asked} (found at character {clause.offset})"


def _asked(clause: Clause, room: int) -> str:
    return _RELATIONS[clause.relation][clause.negated].format(_value(clause, room))


def _subject(clause: Clause, room: int) -> str:
    name = shorten(make_printable(clause.subject), room)
    seen = _seen(clause, room)
    return f"{name} {seen}" if seen else name


def _seen(clause: Clause, room: int) -> str:
    """What a clause found; empty where nothing is there and nothing was to be."""
    if clause.has_wildcard:
        return f"({_count(len(clause.nodes) + clause.omitted, 'value')})"
    if clause.nodes:
        return _shown(clause.nodes[0], room)
    return "" if clause.relation is Relation.ABSENT else "(absent)"


def _value(clause: Clause, room: int) -> str:
    match clause.relation:
        case Relation.IS | Relation.BEGINS | Relation.ENDS | Relation.CONTAINS:
            # Quotes tell the text "5" from the number.
            is_plain = _PLAIN.fullmatch(clause.value) and not (
                clause.relation is Relation.IS and is_number(clause.value)
            )
            return shorten(clause.value, room) if is_plain else _quoted(clause.value, room)
        case _:
            return shorten(make_printable(clause.value), room)


def _shown(node: Node, room: int) -> str:
    match node.kind:
        case NodeKind.STRING:
            return _quoted(node.text, room)
        case NodeKind.OBJECT:
            return f"(an object with {_count(int(node.text), 'member')})"
        case NodeKind.ARRAY:
            return f"(an array with {_count(int(node.text), 'element')})"
        case NodeKind.NULL:
            return "(null)"
        case _:
            return shorten(node.text, room)


def _node_lines(clause: Clause, width: int) -> Iterator[str]:
    """The nodes that a wildcard selector selects, one a line."""
    if not clause.has_wildcard:
        return
    room = (width - len("    false")) // 2
    lines = [f"{shorten(make_printable(node.path), room)} {_shown(node, room)}" for node in clause.nodes]
    column = max(map(len, lines), default=0)
    for line, node in zip(lines, clause.nodes, strict=True):
        yield f"  {line:{column}}  {'true' if node.holds else 'false'}"
    if clause.omitted:
        yield f"  … {clause.omitted:,} more"


def _notes(clause: Clause, width: int) -> Iterator[str]:
    note = _NOTES.get(clause.reason, "").format(_NOT_EVEN if clause.negated else "")
    notes = [note, make_printable(clause.detail)]
    if clause.reason is Reason.MISSING and clause.negated:
        notes.append(_ABSENT_DIFFERS)
    for note in filter(None, notes):
        yield from textwrap.wrap(note, width)


# ---------------------------------------------------------------- characters


def make_printable(text: str) -> str:
    """The text with every character escaped that is not for showing: controls, direction marks, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _quoted(text: str, room: int) -> str:
    """The text in double quotes, cut to the room there is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shorten(make_printable(escaped), max(room - 2, 8))}"'
