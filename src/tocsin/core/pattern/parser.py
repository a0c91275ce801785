"""Parsing filter patterns. Spec: FP-1, FP-2, FP-6.2 to FP-6.5, FP-8.

Rule: the first thing from the left that the language does not have is what is refused, in the
order length, start and end, syntax, limits (FP-8.4). There is no recursion: parentheses live on a
stack of our own, so a pattern of nothing but parentheses costs no more than any other (FP-1.4).

A comparison is read in one go; `&&`, `||` and parentheses go through two stacks, one of finished
expressions and one of waiting operators, by the table `PRECEDENCE`. What went wrong is a `Refusal`;
only at the edge of this module does it become a `PatternError`, with AWS's text and our hint.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.core.pattern import tree
from tocsin.core.pattern.lexer import (
    BLANKS,
    JSON,
    SPACE,
    Dialect,
    Facts,
    Lexer,
    Note,
    Token,
    TokenKind,
    is_name_char,
    is_word_char,
    read_phrase,
    read_regex,
    skip,
    skip_blanks,
)
from tocsin.core.pattern.message import MAX_LENGTH, Expected, Fault, Refusal, aws_message
from tocsin.core.pattern.tree import (
    PRECEDENCE,
    All,
    And,
    Column,
    ColumnRef,
    Compare,
    Constant,
    Is,
    Json,
    Literal,
    NotExists,
    Op,
    Or,
    Regex,
    Role,
    Selector,
    Space,
    Term,
    Text,
)
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.pattern.remedy import Remedy
    from tocsin.core.pattern.tree import Condition, Expr, Pattern, Value

__all__ = ["Kind", "Note", "mend_pattern", "parse_pattern", "parse_with_notes", "pattern_kind"]

_WILDCARDS_PER_SELECTOR = 1
_WILDCARDS_PER_PATTERN = 3
_REGEXES_PER_PATTERN = 2
_MOST_MENDS = 40  # repairs to one pattern; each costs a parse

_JUNCTIONS: dict[TokenKind, type[And | Or]] = {TokenKind.AND: And, TokenKind.OR: Or}
_CONSTANTS = {str(constant): constant for constant in Constant}
_CLOSING = frozenset({TokenKind.RIGHT_BRACE, TokenKind.RIGHT_BRACKET, TokenKind.COMMA})


class Kind(StrEnum):
    """Which language a pattern is written in (FP-1.1)."""

    ALL = "all"
    TEXT = "text"
    JSON = "json"
    SPACE = "space"


# ---------------------------------------------------------------- what others call


def pattern_kind(source: str) -> Kind:
    """Tell the kind of a pattern by its first character (FP-1.1); whether it is a correct one is not asked.

    A pattern of blanks only counts as the empty one (our choice, FP-16).
    """
    first = source.lstrip(BLANKS)[:1]
    return {"": Kind.ALL, "{": Kind.JSON, "[": Kind.SPACE}.get(first, Kind.TEXT)


def parse_pattern(source: str) -> Pattern:
    """Parse a filter pattern.

    Raises `PatternError`, and nothing else, for whatever CloudWatch Logs refuses: AWS's message, the
    position in `source` as given, a hint and the id of the rule.
    """
    return parse_with_notes(source)[0]


def parse_with_notes(source: str) -> tuple[Pattern, tuple[Note, ...]]:
    """Parse a filter pattern, and tell what was accepted but deserves a warning, in order of place (FP-13.28)."""
    try:
        pattern, facts = _parse(source)
    except Refusal as refusal:
        remedy = _remedy(refusal, source)
        raise PatternError(
            aws_message(refusal, source),
            source=source,
            position=refusal.position,
            rule=remedy.rule or refusal.rule,
            hint=remedy.hint,
        ) from None
    return pattern, tuple(sorted(facts.notes, key=lambda note: note.position))


def mend_pattern(source: str) -> str | None:
    """Rewrite a pattern that is refused into one that is accepted, as far as the meaning is certain.

    Applies the rewrites that the hints propose, one after the other. None when something is left
    that only its author can decide, and for a pattern that is fine as it is.
    """
    mended = source
    for _ in range(_MOST_MENDS):
        try:
            _parse(mended)
        except Refusal as refusal:
            edit = _remedy(refusal, mended).edit
            if edit is None:
                return None
            mended = mended[: edit.start] + edit.text + mended[edit.end :]
        else:
            return mended if mended != source else None
    return None


def _remedy(refusal: Refusal, source: str) -> Remedy:
    from tocsin.core.pattern.hint import find_remedy  # takes long to import, and is for refusals alone

    return find_remedy(refusal, source, read=_read_or_none)


# ---------------------------------------------------------------- the whole pattern


def _read_or_none(source: str) -> Pattern | None:
    """The tree of a pattern, None when it is refused: for remedies that are tried before they are proposed."""
    try:
        return _parse(source)[0]
    except Refusal:
        return None


def _parse(source: str) -> tuple[Pattern, Facts]:
    check_limits(source)
    facts = Facts()
    start = skip_blanks(source, 0, len(source))
    end = len(source.rstrip(BLANKS))
    kind = pattern_kind(source)
    pattern: Pattern
    if kind is Kind.ALL:
        pattern = All()
    elif kind is Kind.TEXT:
        pattern = parse_text(source, start, end, facts)
    elif kind is Kind.JSON:
        _check_end(source, start, end, closing="}")
        pattern = _Reader(source, start, end, dialect=JSON, facts=facts).read_json()
    else:
        _check_end(source, start, end, closing="]")
        pattern = _Reader(source, start, end, dialect=SPACE, facts=facts).read_space()
    check_quotas(facts)
    return pattern, facts


def check_limits(source: str) -> None:
    """Refuse a pattern that is too long: the only limit on its size, depth and terms (FP-1.4; our choice, FP-16)."""
    if len(source) > MAX_LENGTH:
        raise Refusal(Fault.LENGTH, MAX_LENGTH, expected=Expected.SHORTER, rule="FP-1.4")


def check_quotas(facts: Facts) -> None:
    """Refuse what is counted over a whole pattern: wildcard steps, regexes, and the size of a regex.

    One wildcard step per selector and three per pattern, every occurrence counted (FP-4.11); two
    regexes, in text patterns too (FP-7.4). Of several excesses the first from the left is reported.
    """
    found = list(facts.oversized)
    for start, *wildcards in facts.wildcards:
        if len(wildcards) > _WILDCARDS_PER_SELECTOR:
            found.append(_excess(wildcards[_WILDCARDS_PER_SELECTOR], Expected.FEWER_WILDCARDS, "FP-4.11", start=start))
    steps = [step for _, *wildcards in facts.wildcards for step in wildcards]
    if len(steps) > _WILDCARDS_PER_PATTERN:
        found.append(_excess(steps[_WILDCARDS_PER_PATTERN], Expected.FEWER_WILDCARDS, "FP-4.11"))
    if len(facts.regexes) > _REGEXES_PER_PATTERN:
        found.append(_excess(facts.regexes[_REGEXES_PER_PATTERN], Expected.FEWER_REGEXES, "FP-7.4"))
    if found:
        raise min(found, key=lambda refusal: refusal.position)


def _excess(position: int, expected: Expected, rule: str, *, start: int | None = None) -> Refusal:
    return Refusal(Fault.SYNTAX, position, expected=expected, rule=rule, start=start)


def _check_end(source: str, start: int, end: int, *, closing: str) -> None:
    """A pattern that starts with a bracket must end with its partner, before anything else is looked at (FP-1.2)."""
    if source[end - 1] == closing:
        return
    fault, expected = (Fault.BRACE, Expected.BRACE) if closing == "}" else (Fault.BRACKET, Expected.BRACKET)
    raise Refusal(fault, _behind_closing(source, start, end, closing), expected=expected, rule="FP-1.2", start=start)


def _behind_closing(source: str, start: int, end: int, closing: str) -> int:
    """Where something follows the last closing bracket outside of quotes; the pattern's length if there is none."""
    last = None
    at = start
    while at < end:
        if source[at] == '"':
            try:
                at = read_phrase(source, at, end, Facts())[1]
            except Refusal:
                break
            continue
        if source[at] == closing:
            last = at
        at += 1
    return len(source) if last is None else skip_blanks(source, last + 1, end)


# ---------------------------------------------------------------- text patterns


def parse_text(source: str, start: int, end: int, facts: Facts) -> Text:
    """The terms of a text pattern (FP-2.1, FP-3).

    Our choices (FP-16): a regex may stand beside other terms and after a prefix; `"a""b"` and
    `"a"b` are refused; so are a prefix on its own, two prefixes and a prefix apart from its term.
    """
    terms: list[Term] = []
    at = start
    while at < end:
        position = at
        role = Role(source[at]) if source[at] in "-?" else Role.REQUIRED
        at += len(role)
        if at == end or source[at] in BLANKS:
            raise _bad_term(source, position, position, rule="FP-3.10")
        value: Value
        if source[at] == '"':
            value, at = read_phrase(source, at, end, facts)
        elif source[at] == "%":
            value, at = read_regex(source, at, end, facts)
        elif is_word_char(source[at]):
            after = skip(source, at, end, is_word_char)
            value, at = Literal(source[at:after], quoted=False, position=at), after
        else:
            raise _bad_term(source, at, position, rule="FP-3.10" if role and source[at] in "-?" else "FP-3.3")
        if at < end and source[at] not in BLANKS:
            raise _bad_end_of_term(source, at, position, value)
        terms.append(Term(role, value, position=position))
        at = skip_blanks(source, at, end)
    return Text(tuple(terms))


def _bad_term(source: str, at: int, start: int, *, rule: str) -> Refusal:
    return Refusal(Fault.CHARACTER, at, expected=Expected.TERM, rule=rule, start=start, term=source[at])


def _bad_end_of_term(source: str, at: int, start: int, value: Value) -> Refusal:
    """What follows a term without a blank: another term, or a character that no term can hold unquoted."""
    is_bare = isinstance(value, Literal) and not value.quoted
    if source[at] == '"' or (not is_bare and (source[at] == "%" or is_word_char(source[at]))):
        return Refusal(Fault.SYNTAX, at, expected=Expected.TERM_END, rule="FP-2.7", start=start)
    return _bad_term(source, at, start, rule="FP-3.3")


# ---------------------------------------------------------------- JSON and space-delimited patterns


class _Reader:
    """Reads the tokens of one JSON or space-delimited pattern; `token` is the one looked at."""

    def __init__(self, source: str, start: int, end: int, *, dialect: Dialect, facts: Facts) -> None:
        self._source = source
        self._end = end
        self._facts = facts
        self._refs: list[ColumnRef] = []  # the columns that conditions name, in order
        self._uses: list[tuple[ColumnRef, str]] = []  # the same, each with the own column of its entry
        self._lexer = Lexer(source, start, end, dialect=dialect, facts=facts)
        self._previous: Compare | None = None  # the comparison read last, for hints
        self._token = self._lexer.next()  # the opening bracket

    def _advance(self, *, value: bool = False) -> Token:
        """Move on by one token; the one moved past is returned."""
        token = self._token
        self._token = self._lexer.next(value=value)
        return token

    def _following(self) -> int:
        """Where the next token will begin."""
        return skip_blanks(self._source, self._token.end, self._end)

    def _refuse(
        self,
        expected: Expected,
        *,
        rule: str,
        start: int | None = None,
        names: tuple[str, ...] = (),
        detail: str = "",
    ) -> Refusal:
        """The current token is not what the grammar wants here: a wrong character, or a wrong order of tokens."""
        token = self._token
        is_character = token.kind is TokenKind.CHARACTER
        return Refusal(
            Fault.CHARACTER if is_character else Fault.SYNTAX,
            token.position,
            expected=expected,
            rule=rule,
            start=start,
            term=token.text if is_character else "",
            previous=self._previous,
            names=names,
            detail=detail,
        )

    # ------------------------------------------------------------ brackets

    def read_json(self) -> Json:
        """`{ … }`."""
        self._advance()
        expr = self._expression(self._json_condition)
        self._expect_end(TokenKind.RIGHT_BRACE)
        return Json(expr)

    def read_space(self) -> Space:
        """`[ … ]`: entries with commas between them; `[]` means `[...]` (FP-6.2)."""
        self._advance()
        if self._token.kind is TokenKind.RIGHT_BRACKET:
            columns: list[Column | tree.Ellipsis] = [tree.Ellipsis(position=self._token.position)]
        else:
            columns = [self._entry()]
            while self._token.kind is TokenKind.COMMA:
                self._advance()
                columns.append(self._entry())
                self._expect_one_ellipsis(columns)
        self._expect_end(TokenKind.RIGHT_BRACKET)
        self._resolve_columns(columns)
        return Space(tuple(columns))

    def _expect_end(self, closing: TokenKind) -> None:
        """The closing bracket, and nothing behind it (FP-1.2, FP-2.9)."""
        if self._token.kind is not closing:
            raise self._refuse(Expected.JUNCTION, rule="FP-2.9")
        following = self._following()
        if following < self._end:
            raise Refusal(Fault.SYNTAX, following, expected=Expected.NOTHING, rule="FP-2.9")

    def _expect_one_ellipsis(self, columns: list[Column | tree.Ellipsis]) -> None:
        """Two `...` are refused (our choice, FP-6.2)."""
        if isinstance(columns[-1], tree.Ellipsis) and any(isinstance(column, tree.Ellipsis) for column in columns[:-1]):
            raise Refusal(Fault.SYNTAX, columns[-1].position, expected=Expected.ELLIPSIS_ONCE, rule="FP-6.2")

    # ------------------------------------------------------------ && || ( )

    def _expression(self, condition: Callable[[], Condition]) -> Expr:
        """Conditions joined by `&&` and `||`, up to a token that cannot continue them (FP-2.1, FP-5.3)."""
        finished: list[Expr] = []
        waiting: list[Token] = []  # operators and open parentheses
        while True:
            while self._token.kind is TokenKind.LEFT_PARENTHESIS:
                waiting.append(self._advance())
            finished.append(condition())
            while self._token.kind is TokenKind.RIGHT_PARENTHESIS:
                _join(finished, waiting, at_least=0)
                if not waiting:
                    raise self._refuse(Expected.JUNCTION, rule="FP-2.9")
                waiting.pop()
                self._advance()
            junction = _JUNCTIONS.get(self._token.kind)
            if junction is None:
                break
            _join(finished, waiting, at_least=PRECEDENCE[junction] + 1)
            waiting.append(self._advance())
        _join(finished, waiting, at_least=0)
        if waiting:
            closes = self._token.kind in _CLOSING
            wanted = Expected.PARENTHESIS if closes else Expected.JUNCTION
            raise self._refuse(wanted, rule="FP-2.9", start=waiting[-1].position)
        return finished[0]

    # ------------------------------------------------------------ JSON conditions

    def _json_condition(self) -> Condition:
        """`selector op value`, `selector IS …` or `selector NOT EXISTS`."""
        selector = self._token.node
        if not isinstance(selector, Selector):
            raise self._refuse(Expected.CONDITION, rule="FP-2.9")
        self._advance()
        keyword = self._token
        if keyword.text == "IS":
            return Is(selector, self._expect_constant(selector, keyword.position), position=selector.position)
        if keyword.text == "NOT":
            self._expect_exists(selector, keyword.position)
            return NotExists(selector, position=selector.position)
        return self._comparison(selector, Expected.OPERATOR)

    def _expect_constant(self, selector: Selector, start: int) -> Constant:
        """NULL, TRUE or FALSE behind IS, in upper case (FP-2.3)."""
        self._advance()
        constant = _CONSTANTS.get(self._token.text)
        if constant is None:
            raise self._refuse(Expected.CONSTANT, rule="FP-2.3", start=start, names=(selector.source,))
        self._advance()
        return constant

    def _expect_exists(self, selector: Selector, start: int) -> None:
        """EXISTS behind NOT, in upper case (FP-2.3)."""
        self._advance()
        if self._token.text != "EXISTS":
            raise self._refuse(Expected.EXISTS, rule="FP-2.3", start=start, names=(selector.source,))
        self._advance()

    # ------------------------------------------------------------ comparisons

    def _comparison(self, operand: Selector | ColumnRef, expected: Expected) -> Compare:
        """`op value` behind the operand."""
        if self._token.kind is not TokenKind.COMPARE:
            raise self._refuse(expected, rule="FP-2.9", start=operand.position, names=(_name(operand),))
        op = Op(self._advance(value=True).text)
        value = self._parse_value(operand, op)
        self._previous = Compare(operand, op, value, position=operand.position)
        self._advance()
        return self._previous

    def _parse_value(self, operand: Selector | ColumnRef, op: Op) -> Value:
        """The value that the current token is: a phrase, a regex or a bare value (FP-2.4).

        That stars at the edges need no quotes in `[…]` either is our choice (FP-6.7).
        """
        token = self._token
        if isinstance(token.node, Literal):
            return token.node
        if isinstance(token.node, Regex):
            if op not in (Op.EQ, Op.NE):
                raise self._refuse(Expected.VALUE, rule="FP-5.5", detail="a regex goes with = and != only")
            return token.node
        if token.kind is not TokenKind.WORD:
            raise self._bad_value(operand)
        if not self._lexer.ends_value(token.end):
            raise Refusal(
                Fault.CHARACTER,
                token.end,
                expected=Expected.VALUE_END,
                rule="FP-2.4",
                start=token.position,
                term=self._source[token.end],
            )
        return Literal(token.text, quoted=False, position=token.position)

    def _bad_value(self, operand: Selector | ColumnRef) -> Refusal:
        """A character that needs quotes, also where it would start another token elsewhere; or no value at all."""
        refusal = self._refuse(Expected.VALUE, rule="FP-2.4", names=(_name(operand),))
        if not self._lexer.ends_value(self._token.position):
            refusal.fault, refusal.term = Fault.CHARACTER, self._token.text[0]
        return refusal

    # ------------------------------------------------------------ columns

    def _entry(self) -> Column | tree.Ellipsis:
        """One entry of `[…]`: empty, `...`, a name, or conditions on a name (FP-6.2, FP-6.5)."""
        token = self._token
        if token.kind in _CLOSING:
            return Column(None, None, position=token.position)
        if token.kind is TokenKind.WORD and self._source[self._following()] in ",]":
            if token.text == "...":
                self._advance()
                return tree.Ellipsis(position=token.position)
            return Column(self._column_name().name, None, position=token.position)
        mark = len(self._refs)
        expr = self._expression(self._column_condition)
        own, *_ = refs = self._refs[mark:]
        self._uses += [(ref, own.name) for ref in refs]
        return Column(own.name, expr, position=own.position)

    def _column_condition(self) -> Condition:
        """`name op value`."""
        name = self._column_name()
        self._refs.append(name)
        return self._comparison(name, Expected.COLUMN_OPERATOR)

    def _column_name(self) -> ColumnRef:
        token = self._token
        if token.kind is not TokenKind.WORD:
            raise self._refuse(Expected.COLUMN, rule="FP-6.5")
        after = skip(self._source, token.position, token.end, is_name_char)
        if after < token.end:
            wrong = self._source[after]
            expected = Expected.COLUMN
            raise Refusal(Fault.CHARACTER, after, expected=expected, rule="FP-2.1", start=token.position, term=wrong)
        self._advance()
        return ColumnRef(token.text, position=token.position)

    def _resolve_columns(self, columns: list[Column | tree.Ellipsis]) -> None:
        declared: dict[str, None] = {}
        for column in columns:
            if isinstance(column, Column) and column.name is not None:
                if column.name in declared:
                    self._facts.notes.append(Note("duplicate-column", column.position))
                declared[column.name] = None
        names = tuple(declared)
        for ref, own in self._uses:
            note = resolve_column(ref, own=own, declared=names)
            if note is not None:
                self._facts.notes.append(note)


def _name(operand: Selector | ColumnRef) -> str:
    return operand.source if isinstance(operand, Selector) else operand.name


def _join(finished: list[Expr], waiting: list[Token], *, at_least: int) -> None:
    """Make nodes of the waiting operators that bind at least so tightly, down to an open parenthesis.

    A run of one operator becomes one node, and a node of the same operator inside it is taken apart:
    there is no And in an And (FP-2.10).
    """
    while waiting and (junction := _JUNCTIONS.get(waiting[-1].kind)) and PRECEDENCE[junction] >= at_least:
        first = len(finished) - 1
        while waiting and _JUNCTIONS.get(waiting[-1].kind) is junction:
            waiting.pop()
            first -= 1
        items: list[Expr] = []
        for operand in finished[first:]:
            items += operand.items if isinstance(operand, junction) else (operand,)
        finished[first:] = [junction(tuple(items), position=items[0].position)]


def resolve_column(ref: ColumnRef, *, own: str, declared: tuple[str, ...]) -> Note | None:
    """Check the column that a condition names, in an entry whose own column is `own` (FP-6.5).

    Another declared column is accepted with the note `foreign-column`, as two of one name are (our
    choices, FP-6.5, FP-6.8); a column that no entry declares is refused.
    """
    if ref.name == own:
        return None
    if ref.name in declared:
        return Note("foreign-column", ref.position)
    names = (ref.name, *declared)
    raise Refusal(Fault.SYNTAX, ref.position, expected=Expected.DECLARED_COLUMN, rule="FP-6.5", names=names)
