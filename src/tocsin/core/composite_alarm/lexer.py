r"""From the text of an AlarmRule to tokens. Spec: AL-12.1.

Rule: one look from left to right, each token with its place; the time is linear in the length.

    kind of token   looks like
    QUOTED          "my alarm", with \" for a quote and \\ for a backslash   value: what it stands for
    WORD            a run of other characters: a keyword, a quorum, a bare name or ARN
    LEFT, RIGHT     ( )
    COMMA           ,
    OPEN            a quote that is never closed, up to the end of the rule
    END             the end of the rule, no characters

Single quotes, `!`, `&&` and the like are characters of words as any other (AL-12.1). Our choices: a
backslash before anything but a quote or a backslash stands for itself; a bare name ends at a blank,
a parenthesis or a comma; white space is blank, tab, carriage return and line feed.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

BLANKS = " \t\r\n"

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<QUOTED>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<OPEN>".*)
      | (?P<LEFT>\()
      | (?P<RIGHT>\))
      | (?P<COMMA>,)
      | (?P<WORD>[^ \t\r\n(),]++)
      | (?P<END>\Z)
    )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r'\\(["\\])')
_BARE = re.compile(r'[^ \t\r\n(),"][^ \t\r\n(),]*\Z')


class TokenKind(Enum):
    """What a token is; see the table above."""

    QUOTED = auto()
    WORD = auto()
    LEFT = auto()
    RIGHT = auto()
    COMMA = auto()
    OPEN = auto()
    END = auto()


class Token(NamedTuple):
    """One token: its characters as written, what they stand for, and where the first one is."""

    kind: TokenKind
    text: str
    value: str
    position: int


def tokens(source: str) -> list[Token]:
    """The tokens of a rule; the last one, and only that, is END. Total: every text has tokens."""
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind is not TokenKind.END:
        match = _TOKEN.match(source, at)
        assert match is not None  # the alternatives cover every character, and the end
        kind = TokenKind[str(match.lastgroup)]
        text = match[match.lastgroup or 0]
        value = _ESCAPE.sub(r"\1", text[1:-1]) if kind is TokenKind.QUOTED else text
        found.append(Token(kind, text, value, match.start(match.lastgroup or 0)))
        at = match.end()
    return found


def is_bare(name: str) -> bool:
    """Whether a name can stand in a rule without quotes."""
    return _BARE.match(name) is not None


def quoted(name: str) -> str:
    r"""A name in quotes; a backslash is doubled only where one would read differently.

    >>> quoted('C:\\logs "old"')
    '"C:\\logs \\"old\\""'
    """
    pieces: list[str] = []
    for character, following in zip(name, [*name[1:], ""], strict=False):
        if character == '"' or (character == "\\" and following in ("", '"', "\\")):
            pieces.append("\\")
        pieces.append(character)
    return f'"{"".join(pieces)}"'
