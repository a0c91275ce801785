"""The regular expressions of filter patterns: reading them. Spec: FP-7.1 to FP-7.3, FP-7.5.

Rule: a regex is read into a tree of our own, and everything the dialect does not have is refused
with its place. No regex engine ever sees the text that a user wrote; what searches is made from
the tree (`regex_search`).
"""

from __future__ import annotations

import re
import string
from enum import Enum

import msgspec

MAX_POSITIONS = 10_000
"""How many positions a regex may have once its counted repetitions are written out (FP-7.5)."""

BEYOND = 1 << 256
"""The bit of a character set that stands for every character above U+00FF at once.

The dialect can name no such character on its own: `\\xff` is the last one with a code.
"""

ANY = (1 << 257) - 1
"""The character set that holds every character."""


class RegexError(Exception):
    """A regex that is refused.

    `position` is the 0-based offset into the text between the two `%`. `character` is the one that
    may not stand there when that is the reason, else empty. `too_big` tells the size limit (FP-7.5)
    from a mistake in the spelling.
    """

    def __init__(
        self,
        reason: str,
        position: int,
        *,
        hint: str = "",
        rule: str = "FP-7.1",
        character: str = "",
        too_big: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.hint = hint
        self.rule = rule
        self.character = character
        self.too_big = too_big


class Anchor(Enum):
    """`^` and `$`: the very start and the very end of the text, never of a line (FP-7.2)."""

    START = "^"
    END = "$"


class Repeat(msgspec.Struct, frozen=True):
    """One character out of a set, `low` to `high` times; `high` is None for any number of times.

    `chars` is a set of characters as bits: bit n is U+00nn, `BEYOND` is everything above.
    """

    chars: int
    low: int = 1
    high: int | None = 1

    @property
    def size(self) -> int:
        """How many positions it takes when written out."""
        return max(self.low, 1) if self.high is None else self.high


Branch = tuple[Repeat | Anchor, ...]


class RegexSyntax(msgspec.Struct, frozen=True):
    """A regex that was read: alternatives, each a sequence of anchors and repeated characters."""

    branches: tuple[Branch, ...]

    @property
    def size(self) -> int:
        """Positions after expanding counted repetitions (FP-7.5)."""
        return sum(item.size for branch in self.branches for item in branch if isinstance(item, Repeat))

    @property
    def is_always_found(self) -> bool:
        """Is it found in every text, whatever it holds? `a|`, `x*` and `^` are."""
        return any(_is_always_found(branch) for branch in self.branches)


def _is_always_found(branch: Branch) -> bool:
    # "^" and "$" in one branch leave only the empty text.
    nullable = all(isinstance(item, Anchor) or item.low == 0 for item in branch)
    return nullable and not (Anchor.START in branch and Anchor.END in branch)


def parse_regex(text: str) -> RegexSyntax:
    """Read the text between two `%`. Raises `RegexError` for whatever FP-7 does not allow."""
    return _Reader(text).read()


# ---------------------------------------------------------------- characters


def _bits(characters: str) -> int:
    bits = 0
    for character in characters:
        bits |= 1 << ord(character)
    return bits


_DIGIT = _bits(string.digits)
_WORD = _bits(string.ascii_letters + string.digits + "_")
_SPACE = _bits(" \t\n\r\f\v")
_NOT_LF = ANY & ~_bits("\n")
_CLASS_ESCAPES = {
    "d": _DIGIT,
    "D": ANY & ~_DIGIT,
    "s": _SPACE,
    "S": ANY & ~_SPACE,
    "w": _WORD,
    "W": ANY & ~_WORD,
}

_ALNUM = frozenset(string.ascii_letters + string.digits)
_SYMBOLS = frozenset(":_#=@/;,-")
_OPERATORS = frozenset("^$?[]{}|\\*+.")
_ALLOWED = _ALNUM | _SYMBOLS | _OPERATORS | {" "}
_ESCAPABLE = _SYMBOLS | _OPERATORS | {" "}

# Possessive, so that a run of blanks is read once however the quantifier is broken.
_COUNTED = re.compile(r"\{ *+([0-9]*+) *+(?:(,) *+([0-9]*+) *+)?\}")
_HEX = re.compile(r"[0-9A-Fa-f]{2}")
_SIMPLE = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_QUANTIFIERS = frozenset("*+?")


class _Reader:
    """Reads one regex from left to right; the first thing that is wrong is what it raises."""

    __slots__ = ("_at", "_size", "_text", "_too_big_at")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._size = 0
        self._too_big_at: int | None = None

    def read(self) -> RegexSyntax:
        if not self._text:
            raise RegexError(
                "an empty regex",
                0,
                hint="there must be something between the two percent signs",
                rule="FP-7.3",
            )
        branches = [self._branch()]
        while self._at < len(self._text):
            self._at += 1  # the "|" that ended the branch
            branches.append(self._branch())
        if self._too_big_at is not None:
            # Spelling comes first: limits are looked at once everything has been read (FP-8.4).
            raise RegexError(
                f"the counted repetitions expand to more than {MAX_POSITIONS:,} positions",
                self._too_big_at,
                hint="repeat fewer times, or leave the upper bound away",
                rule="FP-7.5",
                too_big=True,
            )
        return RegexSyntax(tuple(branches))

    def _branch(self) -> Branch:
        items: list[Repeat | Anchor] = []
        while self._at < len(self._text) and self._text[self._at] != "|":
            character = self._text[self._at]
            if character in "^$":
                self._at += 1
                items.append(Anchor(character))
            else:
                items.append(self._repeat())
        return tuple(items)

    def _repeat(self) -> Repeat:
        chars = self._atom()
        start = self._at
        low, high = self._quantifier()
        if self._at > start and self._at < len(self._text) and self._opens_quantifier():
            raise RegexError(
                "a quantifier after a quantifier",
                self._at,
                hint="lazy and possessive forms are not in the dialect; one quantifier follows one character",
                rule="FP-7.3",
            )
        repeat = Repeat(chars, low, high)
        self._size += repeat.size
        if self._size > MAX_POSITIONS and self._too_big_at is None:
            self._too_big_at = start
        return repeat

    def _opens_quantifier(self) -> bool:
        return self._text[self._at] in _QUANTIFIERS or _COUNTED.match(self._text, self._at) is not None

    # ------------------------------------------------------------ quantifiers

    def _quantifier(self) -> tuple[int, int | None]:
        simple = _SIMPLE.get(self._text[self._at : self._at + 1])
        if simple is not None:
            self._at += 1
            return simple
        if not self._text.startswith("{", self._at):
            return 1, 1
        counted = _COUNTED.match(self._text, self._at)
        if counted is None or not (counted[1] or counted[2]):
            raise self._stray_brace()
        low = int(counted[1] or 0)
        high = low if counted[2] is None else int(counted[3]) if counted[3] else None
        if high is not None and high < low:
            raise RegexError(
                f"{{{low},{high}}} asks for at least {low} and at most {high}",
                self._at,
                hint=f"write {{{high},{low}}}",
                rule="FP-7.3",
            )
        self._at = counted.end()
        return low, high

    def _stray_brace(self) -> RegexError:
        return RegexError(
            "a '{' that opens no quantifier",
            self._at,
            hint="write \\{ for the character itself, or {2}, {2,}, {,2}, {2,3} after what is to be repeated",
            rule="FP-7.3",
        )

    # ------------------------------------------------------------ atoms

    def _atom(self) -> int:
        character = self._text[self._at]
        if character in _QUANTIFIERS or (character == "{" and _COUNTED.match(self._text, self._at)):
            raise RegexError(
                "nothing to repeat",
                self._at,
                hint=f"write \\{character} for the character itself",
                rule="FP-7.3",
            )
        if character == "{":
            raise self._stray_brace()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()[0]
        self._check(character)
        self._at += 1
        return _NOT_LF if character == "." else 1 << ord(character)

    def _check(self, character: str) -> None:
        if character not in _ALLOWED:
            raise RegexError(
                f"the character {character!r} may not stand in a regex",
                self._at,
                hint=_instead_of(character),
                character=character,
            )

    def _escape(self) -> tuple[int, int | None]:
        """The set that an escape stands for; with it the code when it is one character."""
        start = self._at
        self._at += 1
        if self._at == len(self._text):
            raise RegexError(
                "nothing follows the backslash",
                start,
                hint="write \\\\ for the character itself",
                rule="FP-7.1",
            )
        character = self._text[self._at]
        self._check(character)
        if character in _ESCAPABLE:
            self._at += 1
            return 1 << ord(character), ord(character)
        if character in _CLASS_ESCAPES:
            self._at += 1
            return _CLASS_ESCAPES[character], None
        if character != "x":
            raise RegexError(
                f"there is no escape \\{character}",
                start,
                hint="the escapes of the dialect are \\d \\D \\s \\S \\w \\W and \\xhh",
                rule="FP-7.3",
            )
        digits = _HEX.match(self._text, self._at + 1)
        if digits is None:
            raise RegexError(
                "\\x needs two hexadecimal digits",
                start,
                hint="for example \\x28 for an opening parenthesis",
                rule="FP-7.1",
            )
        self._at = digits.end()
        code = int(digits[0], 16)
        return 1 << code, code

    # ------------------------------------------------------------ classes

    def _class(self) -> int:
        start = self._at
        self._at += 1
        negated = self._text.startswith("^", self._at)
        self._at += negated
        if self._text.startswith("]", self._at):
            raise RegexError(
                "an empty class",
                start,
                hint="write \\] for a closing bracket inside a class, \\[\\] for the two brackets",
                rule="FP-7.3",
            )
        chars = 0
        while not self._text.startswith("]", self._at):
            chars |= self._class_item(start)
        self._at += 1
        return ANY & ~chars if negated else chars

    def _class_item(self, start: int) -> int:
        first_at = self._at
        chars, first = self._class_member(start)
        if first is None or not self._text.startswith("-", self._at):
            return chars
        dash = self._at
        self._at += 1
        if self._text.startswith("]", self._at):
            self._at = dash  # "[a-]": the dash is a member of its own
            return chars
        _, last = self._class_member(start)
        if last is None:
            self._at = dash  # "[a-\d]": there is no range to a set
            return chars
        if last < first:
            raise RegexError(
                f"the range {self._text[first_at : self._at]} runs backwards",
                first_at,
                hint="the smaller character comes first; write \\- for the dash itself",
                rule="FP-7.3",
            )
        return (1 << (last + 1)) - (1 << first)

    def _class_member(self, start: int) -> tuple[int, int | None]:
        if self._at == len(self._text):
            raise RegexError(
                "a class that is not closed",
                start,
                hint="close it with ], or write \\[ for the character itself",
                rule="FP-7.3",
            )
        character = self._text[self._at]
        if character == "\\":
            return self._escape()
        self._check(character)
        self._at += 1
        return 1 << ord(character), ord(character)


def _instead_of(character: str) -> str:
    """What to write in place of a character that is not allowed (FP-8.6)."""
    if character in "()":
        return f"there are no groups, and parentheses are refused even when escaped; write \\x{ord(character):02x}"
    if ord(character) <= 0xFF:
        return f"write \\x{ord(character):02x}"
    return "only ASCII letters, digits and some symbols may be written; a dot stands for any character"
