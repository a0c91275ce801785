"""How a pattern is spelt: precedence, backslashes, columns, forms that AWS does not document, regexes.

Spec: FP-13.17, FP-13.28, FP-13.29, detections.md 10.3 (`precedence`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import edited, shown, with_rewrite
from tocsin.core.pattern.language import RegexTest, text_test
from tocsin.core.pattern.lexer import BLANKS, JSON, SPACE, Facts, Lexer, TokenKind, skip_blanks
from tocsin.core.pattern.printer import print_value
from tocsin.core.pattern.proof import Claim, Prover
from tocsin.core.pattern.regex import Anchor, Repeat, parse_regex
from tocsin.core.pattern.region import Comparison, Domain
from tocsin.core.pattern.tree import (
    Compare,
    Is,
    Json,
    Literal,
    Name,
    NotExists,
    Op,
    Regex,
    Selector,
    Space,
    Text,
)
from tocsin.core.record_fields import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.lint.subject import Subject

MAX_REGEXES = 2
"""How many regexes a pattern may hold (FP-7.4)."""


def lint_spelling(subject: Subject) -> Iterator[Observation]:
    """Observations about the text of a pattern; its meaning plays no part."""
    yield from _notes(subject)
    yield from _precedence(subject)
    yield from _undocumented(subject)
    yield from _regex_cost(subject)


# ---------------------------------------------------------------- what the parser noticed

_NOTES = {
    "duplicate-column": (
        "two columns have the name {0}: extracted values keep the last one",
        "give each column a name of its own",
    ),
    "foreign-column": (
        "this condition looks at the column {0} from inside another column's entry",
        "put the condition into the entry of {0}",
    ),
}
_COLUMN_NAME = re.compile(r"[\w-]+", re.ASCII)


def _notes(subject: Subject) -> Iterator[Observation]:
    single = [note.position for note in subject.notes if note.name == "single-backslash"]
    rewrite = edited(subject.source, [(at, at + 1, "\\\\") for at in single])
    for note in subject.notes:
        if note.name == "single-backslash":
            yield observe(
                note.name,
                note.position,
                "a single backslash before an ordinary character stands for itself here, and perhaps not on AWS",
                hint=with_rewrite(r"write \\", rewrite),
                rewrite=rewrite,
            )
        else:
            found = _COLUMN_NAME.match(subject.source, note.position)
            message, hint = (text.format(found[0] if found else "") for text in _NOTES[note.name])
            yield observe(note.name, note.position, message, hint=hint)


# ---------------------------------------------------------------- precedence


@dataclass(slots=True)
class _Group:
    """What stands between two parentheses, or in an entry: operators and the places between them."""

    start: int
    junctions: list[tuple[TokenKind, int, int]] = field(default_factory=list)

    def segments(self, end: int) -> list[tuple[int, int, bool]]:
        """The alternatives between `||`, and whether `&&` stands in them."""
        found = []
        start, has_and = self.start, False
        for kind, before, after in self.junctions:
            if kind is TokenKind.AND:
                has_and = True
            else:
                found.append((start, before, has_and))
                start, has_and = after, False
        return [*found, (start, end, has_and)]

    def is_mixed(self, end: int) -> bool:
        """Tell whether `&&` and `||` stand side by side."""
        segments = self.segments(end)
        return len(segments) > 1 and any(has_and for _, _, has_and in segments)


def _precedence(subject: Subject) -> Iterator[Observation]:
    """`A || B && C` without parentheses; the rewrite shows how it is read."""
    mixed = [(group, end) for group, end in _groups(subject) if group.is_mixed(end)]
    rewrite = parenthesised(subject) if mixed else None
    for group, _ in mixed:
        place = next(before for kind, before, _ in group.junctions if kind is TokenKind.AND)
        yield observe(
            "precedence",
            place,
            "&& binds tighter than ||, so that this is read as alternatives of which one has several conditions",
            hint=with_rewrite("put parentheses where they are meant; as it is read now", rewrite),
            rewrite=rewrite,
        )


def parenthesised(subject: Subject) -> str | None:
    """The pattern with parentheses around each `&&` that stands beside a `||`; None when it does not fit."""
    edits: list[tuple[int, int, str]] = []
    for group, end in _groups(subject):
        for start, stop, has_and in group.segments(end) if group.is_mixed(end) else ():
            if has_and:
                text = subject.source[start:stop]
                first, last = start + len(text) - len(text.lstrip(BLANKS)), start + len(text.rstrip(BLANKS))
                edits += [(first, first, "("), (last, last, ")")]
    return edited(subject.source, edits)


def _groups(subject: Subject) -> Iterator[tuple[_Group, int]]:
    if not isinstance(subject.tree, Json | Space):
        return
    source = subject.source
    start, end = skip_blanks(source, 0, len(source)), len(source.rstrip(BLANKS))
    lexer = Lexer(source, start, end, dialect=JSON if isinstance(subject.tree, Json) else SPACE, facts=Facts())
    open_groups = [_Group(start)]
    token = lexer.next()
    while token.kind is not TokenKind.END:
        if token.kind in _OPENING:
            open_groups.append(_Group(token.end))
        elif token.kind in _CLOSING:
            yield open_groups.pop(), token.position
            if token.kind is TokenKind.COMMA:
                open_groups.append(_Group(token.end))
        elif token.kind in {TokenKind.AND, TokenKind.OR}:
            open_groups[-1].junctions.append((token.kind, token.position, token.end))
        token = lexer.next(value=token.kind is TokenKind.COMPARE)


_OPENING = frozenset({TokenKind.LEFT_PARENTHESIS, TokenKind.LEFT_BRACE, TokenKind.LEFT_BRACKET})
_CLOSING = frozenset({TokenKind.RIGHT_PARENTHESIS, TokenKind.RIGHT_BRACE, TokenKind.RIGHT_BRACKET, TokenKind.COMMA})


# ---------------------------------------------------------------- forms that AWS does not document

_BRACKET_FORM = re.compile(r"""\.?\["(?P<name>[^"'\]]*)"\]|\.\[(?!['"])""")


def _undocumented(subject: Subject) -> Iterator[Observation]:
    tree = subject.tree
    if isinstance(tree, Text):
        if len(tree.terms) > 1:
            for term in tree.terms:
                if isinstance(term.value, Regex):
                    message = "a regex beside other terms is accepted here; AWS documents it on its own only (FP-3.9)"
                    yield observe("undocumented", term.position, message)
                    return
        return
    yield from _bare_dashes(subject)
    yield from _bracket_forms(subject)
    for spot in subject.conditions:
        condition = spot.expr
        if isinstance(condition, NotExists) and condition.selector.has_wildcard:
            yield observe(
                "undocumented",
                condition.position,
                f"{shown(condition)} is taken to hold when nothing at all is selected; AWS does not say (FP-5.10)",
                hint="name an element, such as [0]",
            )
        elif isinstance(condition, Compare) and _is_bare_boolean(condition):
            yield observe(
                "undocumented",
                condition.position,
                f"{shown(condition)} is taken to hold for the text and for the boolean; AWS does not say (FP-5.9)",
                hint="IS TRUE and IS FALSE ask for a boolean, a value in double quotes for text",
            )


def _is_bare_boolean(condition: Compare) -> bool:
    value = condition.value
    is_bare = isinstance(value, Literal) and not value.quoted and value.text in {"true", "false"}
    return is_bare and isinstance(condition.selector, Selector) and kind_of(condition.selector.steps) is None


def _bare_dashes(subject: Subject) -> Iterator[Observation]:
    values = [
        spot.expr.value
        for spot in subject.conditions
        if isinstance(spot.expr, Compare) and isinstance(spot.expr.value, Literal) and not spot.expr.value.quoted
    ]
    dashed = [value for value in values if set(value.text) & set("-+") and not value.is_number]
    if dashed:
        rewrite = edited(
            subject.source,
            [(value.position, value.position + len(value.text), f'"{value.text}"') for value in dashed],
        )
        yield observe(
            "undocumented",
            dashed[0].position,
            f"{dashed[0].text} is accepted without quotes here; AWS documents letters, digits and few symbols (FP-2.4)",
            hint=with_rewrite("put it in double quotes", rewrite),
            rewrite=rewrite,
        )


def _bracket_forms(subject: Subject) -> Iterator[Observation]:
    edits: list[tuple[int, int, str]] = []
    for spot in subject.conditions:
        selector = spot.expr.selector if isinstance(spot.expr, Compare | NotExists | Is) else None
        if isinstance(selector, Selector):
            for found in _BRACKET_FORM.finditer(selector.source):
                text = "[" if found["name"] is None else f".['{found['name']}']"
                edits.append((selector.position + found.start(), selector.position + found.end(), text))
    if edits:
        rewrite = edited(subject.source, edits)
        yield observe(
            "undocumented",
            edits[0][0],
            "double quotes in brackets, and a dot before [0] or [*], are accepted here; AWS documents neither (FP-4.8)",
            hint=with_rewrite("use the documented form", rewrite),
            rewrite=rewrite,
        )


# ---------------------------------------------------------------- regexes


def _regex_cost(subject: Subject) -> Iterator[Observation]:
    tree = subject.tree
    if isinstance(tree, Text):
        regexes = [term.value for term in tree.terms if isinstance(term.value, Regex)]
    else:
        values = [spot.expr.value for spot in subject.conditions if isinstance(spot.expr, Compare)]
        regexes = [value for value in values if isinstance(value, Regex)]
    plain = {regex: text for regex in regexes if (text := _without_regex(regex, is_text=isinstance(tree, Text)))}
    places = [(regex.position, regex.position + len(regex.source) + 2) for regex in regexes]
    edits = [(*place, plain[regex]) for regex, place in zip(regexes, places, strict=True) if regex in plain]
    rewrite = edited(subject.source, edits)
    for regex in (regex for regex in regexes if regex in plain):
        yield observe(
            "regex-cost",
            regex.position,
            f"{print_value(regex)} means the same as {plain[regex]}, which needs no regex: AWS allows few of them",
            hint=with_rewrite("AWS has refused regexes at random for their evaluation time", rewrite),
            rewrite=rewrite,
        )
    if len(regexes) == MAX_REGEXES and not plain:
        yield observe(
            "regex-cost",
            regexes[-1].position,
            f"the pattern holds {MAX_REGEXES} regexes, as many as AWS allows in one",
            hint="AWS has refused regexes at random for their evaluation time; a wildcard at an edge needs none",
        )


def _without_regex(regex: Regex, *, is_text: bool) -> str | None:
    """A quoted value (or term) with the same meaning; None when there is none."""
    syntax = parse_regex(regex.source)
    if len(syntax.branches) != 1:
        return None
    branch = syntax.branches[0]
    starts, ends = branch[:1] == (Anchor.START,), branch[-1:] == (Anchor.END,)
    core = "".join(_only_character(item) or "" for item in branch)
    inner = branch[starts : len(branch) - ends]
    # A star at an edge would be a wildcard again, so that is where a regex is needed (FP-5.7).
    if not core or "*" in core or len(core) != len(inner) or (is_text and (starts or ends)):
        return None
    if is_text:
        return print_value(Literal(core, quoted=True)) if core.strip(" ") else None
    text = ("" if starts else "*") + core + ("" if ends else "*")
    plain = Literal(text, quoted=True)
    return print_value(plain) if _means(regex, plain) else None


def _means(regex: Regex, plain: Literal) -> bool:
    """Tell whether it is proved that a regex and a value are found in the same values of a field."""
    place = (Name("field"),)
    claims = [Claim(place, Comparison(Op.EQ, test)) for test in (RegexTest(regex.source), text_test(plain))]
    prover = Prover(claims, Domain.JSON)
    return prover.implies(claims[0], claims[1]) and prover.implies(claims[1], claims[0])


def _only_character(item: Repeat | Anchor) -> str | None:
    is_single = isinstance(item, Repeat) and item.low == item.high == 1 and item.chars.bit_count() == 1
    if not is_single or not isinstance(item, Repeat):
        return None
    code = item.chars.bit_length() - 1
    return chr(code) if code <= 0xFF else None
