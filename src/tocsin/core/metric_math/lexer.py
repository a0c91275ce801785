"""From the text of an expression to tokens. Spec: AL-4.1, AL-4.3.

Rule: one look from left to right, each token with its place. Numbers have no sign; ids start with a
lower-case letter, words (functions, AND, REPEAT, …) with another; a text stands between two equal quotes
and holds everything but that quote.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from tocsin.caret import make_visible
from tocsin.core.metric_math.error import MathError
from tocsin.core.metric_math.tree import Op

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[a-z][A-Za-z0-9_]*)
    | (?P<word>[A-Z_][A-Za-z0-9_]*)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<operator>&&|\|\||==|!=|<=|>=|[-<>+*/^])
    | (?P<mark>[(),\[\]])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_BLANKS = " \t\r\n"
_OPERATORS = {"&&": Op.AND, "||": Op.OR, **{str(op): op for op in Op}}
_MISSPELT = {"=": "to compare, write ==", "!": "not equal is !=", "&": "write && or AND", "|": "write || or OR"}


class TokenKind(Enum):
    """What a token is; marks are `( ) [ ] ,`."""

    NUMBER = auto()
    NAME = auto()
    WORD = auto()
    TEXT = auto()
    OPERATOR = auto()
    MARK = auto()
    END = auto()


class Token(NamedTuple):
    """A token, its characters as written (a text without its quotes), its place, and its operator."""

    kind: TokenKind
    text: str
    position: int
    op: Op | None = None


def read_tokens(source: str) -> list[Token]:
    """The tokens of `source`; the last one is `END`. `MathError` at a character that starts none."""
    tokens: list[Token] = []
    at = 0
    while not tokens or tokens[-1].kind is not TokenKind.END:
        found = _TOKEN.match(source, at)
        if found is None:
            raise _unknown(source, at)
        kind = TokenKind[str(found.lastgroup).upper()]
        text, position = found[found.lastgroup or 0], found.start(found.lastgroup or 0)
        op = _OPERATORS.get(text) if kind in (TokenKind.OPERATOR, TokenKind.WORD) else None
        if op is not None:
            kind = TokenKind.OPERATOR
        elif kind is TokenKind.TEXT:
            text = text[1:-1]
        tokens.append(Token(kind, text, position, op))
        at = found.end()
    return tokens


def _unknown(source: str, at: int) -> MathError:
    while source[at] in _BLANKS:
        at += 1
    character = source[at]
    if character in "\"'":
        return MathError("a text without its closing quote", source=source, position=at)
    return MathError(
        f"the character '{make_visible(character)}' has no meaning here",
        source=source,
        position=at,
        hint=_MISSPELT.get(character, ""),
    )
