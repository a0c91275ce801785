r"""From the text of a filter pattern to tokens. Spec: FP-2.1 to FP-2.8, FP-4.8 to FP-4.12.

Rule: one look from left to right, one token at a time, each token with its place. What the
characters of a name, a bare value, a phrase, a selector may be is decided here and nowhere else;
in which order tokens may stand is the parser's business.

    kind of token   in JSON  in [...]   looks like
    PHRASE             x        x       "C:\\temp"        node: the Literal
    REGEX              x        x       %^Delete|^Stop%   node: the Regex
    SELECTOR           x                $.a['b c'][0]     node: the Selector
    WORD               x        x       a run of bare characters: a keyword, a name, a bare value, "..."
    COMPARE            x        x       = != < > <= >=
    AND, OR            x        x       && ||
    brackets, COMMA    x        x       those that the kind of pattern has
    MISSPELT           x        x       a run of operator characters that is no operator: == <> &
    CHARACTER          x        x       a character that starts none of these
    END                x        x       the end of the pattern, no characters

Text patterns have no tokens beyond their terms; the parser reads those with the same functions.
"""

from __future__ import annotations

import string
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.core.pattern.message import Expected, Fault, Refusal
from tocsin.core.pattern.tree import AnyElement, AnyName, Index, Literal, Name, Op, Regex, Selector

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.pattern.tree import Step

BLANKS = " \t\r\n"
"""White space of the language; no other Unicode space counts (FP-1.1)."""

_WORD_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_")
_NAME_CHARACTERS = _WORD_CHARACTERS | {"-"}
_BARE_CHARACTERS = _WORD_CHARACTERS | set(".*+-")
_DIGITS = frozenset(string.digits)
_BRACKET_QUOTES = "'\""


def is_word_char(character: str) -> bool:
    """Tell whether it may stand in an unquoted term of a text pattern (FP-3.3)."""
    return character in _WORD_CHARACTERS


def is_name_char(character: str) -> bool:
    """Tell whether it may stand in a property name after a dot, or in a column's name (FP-2.1)."""
    return character in _NAME_CHARACTERS


def is_bare_char(character: str) -> bool:
    """Tell whether it may stand in an unquoted value (FP-2.4).

    That `-` and `+` may and `/` may not is our choice (FP-16).
    """
    return character in _BARE_CHARACTERS


def skip(source: str, at: int, end: int, belongs: Callable[[str], bool]) -> int:
    """The offset behind the run of characters from `at` on that belong together."""
    while at < end and belongs(source[at]):
        at += 1
    return at


def skip_blanks(source: str, at: int, end: int) -> int:
    """The offset of the first character from `at` on that is not white space, or `end`."""
    return skip(source, at, end, BLANKS.__contains__)


# ---------------------------------------------------------------- what is noticed on the way


class Note(NamedTuple):
    """Something accepted that deserves a warning (FP-13.28): its name there, and its place in the pattern."""

    name: str
    position: int


class Facts(msgspec.Struct):
    """What is noticed while reading and judged at the end: notes, and the places that quotas count.

    `wildcards` holds one tuple for each selector that has a wildcard step: the selector's place,
    then that of each such step. `oversized` are the regexes that are spelt right and too big.
    """

    notes: list[Note] = msgspec.field(default_factory=list)
    regexes: list[int] = msgspec.field(default_factory=list)
    wildcards: list[tuple[int, ...]] = msgspec.field(default_factory=list)
    oversized: list[Refusal] = msgspec.field(default_factory=list)


# ---------------------------------------------------------------- phrases, regexes, selectors


def read_phrase(source: str, at: int, end: int, facts: Facts) -> tuple[Literal, int]:
    r"""The phrase whose opening quote stands at `at`, and the offset behind its closing quote.

    `\"` is a quote and `\\` a backslash; a backslash before anything else stands for itself (our
    choice, FP-2.6) and earns the note `single-backslash`.
    """
    position = at
    at += 1
    pieces: list[str] = []
    while at < end and source[at] != '"':
        if source[at] == "\\":
            if source[at + 1 : min(at + 2, end)] in ("\\", '"'):
                at += 1
            else:
                facts.notes.append(Note("single-backslash", at))
        pieces.append(source[at])
        at += 1
    if at == end:
        raise Refusal(Fault.SYNTAX, len(source), expected=Expected.QUOTE, rule="FP-2.5", start=position)
    return Literal("".join(pieces), quoted=True, position=position), at + 1


def read_regex(source: str, at: int, end: int, facts: Facts) -> tuple[Regex, int]:
    """The regex whose opening percent sign stands at `at`, its spelling checked (FP-7), and the offset behind it."""
    from tocsin.core.pattern.regex import RegexError, parse_regex  # most patterns have none

    close = source.find("%", at + 1, end)
    if close < 0:
        raise Refusal(Fault.SYNTAX, len(source), expected=Expected.PERCENT, rule="FP-7.1", start=at)
    text = source[at + 1 : close]
    try:
        parse_regex(text)
    except RegexError as error:
        fault = Fault.REGEX_TIME if error.too_big else Fault.CHARACTER if error.character else Fault.SYNTAX
        refusal = Refusal(
            fault,
            at + 1 + error.position,
            expected=Expected.REGEX,
            rule=error.rule,
            start=at,
            term=error.character,
            detail=f"{error.reason}; {error.hint}" if error.hint else error.reason,
        )
        if not error.too_big:
            raise refusal from None
        facts.oversized.append(refusal)  # a limit: it comes after all syntax (FP-8.4)
    facts.regexes.append(at)
    return Regex(text, position=at), close + 1


def read_selector(source: str, at: int, end: int, facts: Facts) -> tuple[Selector, int]:
    """The selector whose `$` stands at `at`, and the offset behind it."""
    position = at
    steps: list[Step] = []
    wildcards: list[int] = []
    at += 1
    while not steps or (at < end and source[at] in ".["):
        step, after = parse_step(source, position, at, end)
        if isinstance(step, AnyName | AnyElement):
            wildcards.append(at)
        steps.append(step)
        at = after
    closed = source[at - 1] in "]*"
    if at < end and source[at] not in _AFTER_SELECTOR and not (closed and is_bare_char(source[at])):
        raise _bad_step(source, position, at, end)
    if wildcards:
        facts.wildcards.append((position, *wildcards))
    return Selector(source[position:at], tuple(steps), position=position), at


# White space, operators and brackets may follow a selector directly; a keyword only what is no name.
_AFTER_SELECTOR = frozenset(BLANKS + "=!<>&|(){}")


def parse_step(source: str, start: int, at: int, end: int) -> tuple[Step, int]:
    """One step at `at` of the selector that starts at `start`, and the offset behind it.

    `.name`, `.*`, `[0]`, `[*]`, `['any']`; that quotes in brackets may be double ones, and that a
    dot may stand before any bracket, is our choice (FP-4.8).
    """
    opened = at
    if source.startswith(".", at, end):
        at += 1
        if source.startswith("*", at, end):
            return AnyName(), at + 1
        after = skip(source, at, end, is_name_char)
        if after > at:
            return Name(source[at:after]), after
    if not source.startswith("[", at, end):
        raise _bad_step(source, start, at, end)
    at += 1
    if at < end and source[at] in _BRACKET_QUOTES:
        close = source.find(source[at] + "]", at + 1, end)
        if close < 0:
            raise Refusal(Fault.SYNTAX, len(source), expected=Expected.NAME_END, rule="FP-4.8", start=opened)
        return Name(source[at + 1 : close]), close + 2
    step: Step
    if source.startswith("*", at, end):
        step, at = AnyElement(), at + 1
    else:
        after = skip(source, at, end, _DIGITS.__contains__)
        if after == at:
            raise _bad_step(source, start, at, end)
        step, at = Index(int(source[at:after])), after
    if not source.startswith("]", at, end):
        raise _bad_step(source, start, at, end)
    return step, at + 1


def _bad_step(source: str, start: int, at: int, end: int) -> Refusal:
    """A character that may not stand in a selector, or (before what may follow one) something left out."""
    missing = at == end or source[at] in _AFTER_SELECTOR
    return Refusal(
        Fault.SYNTAX if missing else Fault.CHARACTER,
        at,
        expected=Expected.STEP,
        rule="FP-4.12" if source[start:at] == "$" else "FP-4.8",
        start=start,
        term=source[start : at + 1],
    )


# ---------------------------------------------------------------- tokens


class TokenKind(Enum):
    """What a token is; the table is in this module's docstring."""

    PHRASE = auto()
    REGEX = auto()
    SELECTOR = auto()
    WORD = auto()
    COMPARE = auto()
    AND = auto()
    OR = auto()
    LEFT_PARENTHESIS = auto()
    RIGHT_PARENTHESIS = auto()
    LEFT_BRACE = auto()
    RIGHT_BRACE = auto()
    LEFT_BRACKET = auto()
    RIGHT_BRACKET = auto()
    COMMA = auto()
    MISSPELT = auto()
    CHARACTER = auto()
    END = auto()


class Token(msgspec.Struct, frozen=True):
    """A token: what it is, its characters, where they begin, and the node that it already is, if any."""

    kind: TokenKind
    text: str
    position: int
    node: Literal | Regex | Selector | None = None

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.position + len(self.text)


_OPERATORS = {"&&": TokenKind.AND, "||": TokenKind.OR} | dict.fromkeys(map(str, Op), TokenKind.COMPARE)
# An operator is the longest run of such characters, so that "==" is one mistake and not two operators.
_OPERATOR_RUNS = dict.fromkeys("=!<>", frozenset("=!<>~")) | dict.fromkeys("&|", frozenset("&|"))

_PARENTHESES = {"(": TokenKind.LEFT_PARENTHESIS, ")": TokenKind.RIGHT_PARENTHESIS}


class Dialect(msgspec.Struct, frozen=True):
    """What tells the tokens of a JSON pattern from those of a space-delimited one.

    `value_ends` are the characters that end a bare value (FP-2.4).
    """

    brackets: dict[str, TokenKind]
    value_ends: frozenset[str]
    has_selectors: bool


JSON = Dialect(
    brackets=_PARENTHESES | {"{": TokenKind.LEFT_BRACE, "}": TokenKind.RIGHT_BRACE},
    value_ends=frozenset(BLANKS + "&|){}"),
    has_selectors=True,
)
SPACE = Dialect(
    brackets=_PARENTHESES | {"[": TokenKind.LEFT_BRACKET, "]": TokenKind.RIGHT_BRACKET, ",": TokenKind.COMMA},
    value_ends=frozenset(BLANKS + "&|),]"),
    has_selectors=False,
)


class Lexer:
    """The tokens of `source[at:end]`, one at a time; nothing behind the current one has been looked at.

    `end` is where the closing bracket of the whole pattern ends.
    """

    __slots__ = ("_at", "_dialect", "_end", "_facts", "_source")

    def __init__(self, source: str, at: int, end: int, *, dialect: Dialect, facts: Facts) -> None:
        self._source = source
        self._at = at
        self._end = end
        self._dialect = dialect
        self._facts = facts

    def next(self, *, value: bool = False) -> Token:
        """The next token. Where a value is expected, `$` starts no selector but is a character like any other.

        Raises `Refusal` for a phrase, a regex or a selector that is not well formed.
        """
        at = skip_blanks(self._source, self._at, self._end)
        token = self._read(at, value=value) if at < self._end else Token(TokenKind.END, "", at)
        self._at = token.end
        return token

    def ends_value(self, at: int) -> bool:
        """Tell whether a bare value may end before the character at `at`."""
        return at == self._end or self._source[at] in self._dialect.value_ends

    def _read(self, at: int, *, value: bool) -> Token:
        source, end = self._source, self._end
        character = source[at]
        node: Literal | Regex | Selector
        if character == '"':
            node, after = read_phrase(source, at, end, self._facts)
            return Token(TokenKind.PHRASE, source[at:after], at, node)
        if character == "%":
            node, after = read_regex(source, at, end, self._facts)
            return Token(TokenKind.REGEX, source[at:after], at, node)
        if character == "$" and self._dialect.has_selectors and not value:
            node, after = read_selector(source, at, end, self._facts)
            return Token(TokenKind.SELECTOR, source[at:after], at, node)
        if character in _OPERATOR_RUNS:
            text = source[at : skip(source, at, end, _OPERATOR_RUNS[character].__contains__)]
            return Token(_OPERATORS.get(text, TokenKind.MISSPELT), text, at)
        if is_bare_char(character):
            return Token(TokenKind.WORD, source[at : skip(source, at, end, is_bare_char)], at)
        return Token(self._dialect.brackets.get(character, TokenKind.CHARACTER), character, at)
