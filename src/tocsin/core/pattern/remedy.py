"""What a hint is made of: the place of a mistake, and a remedy for it. Spec: FP-8.6.

Rule: a remedy carries an edit only where the meaning is certain; everything else is advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.pattern.lexer import BLANKS, skip_blanks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.pattern.message import Refusal
    from tocsin.core.pattern.tree import Pattern

_LETTERS = re.compile(r"[A-Za-z_]+")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|%[^%]*%|.', re.DOTALL)


class Edit(NamedTuple):
    """Replace `source[start:end]` by `text`."""

    start: int
    end: int
    text: str


class Remedy(NamedTuple):
    """What to tell a person, and the edit that does it where the meaning is certain.

    `rule` is given where it says more than the rule that the parser saw broken.
    """

    hint: str
    edit: Edit | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A refusal in its pattern. `read` gives the tree of a text, or None when it is refused in turn."""

    source: str
    refusal: Refusal
    read: Callable[[str], Pattern | None]

    @property
    def at(self) -> int:
        """Where it went wrong."""
        return self.refusal.position

    @property
    def start(self) -> int:
        """Where the piece concerned begins."""
        return self.refusal.start

    @property
    def character(self) -> str:
        """The character that is wrong; empty at the end."""
        return self.source[self.at : self.at + 1]

    @property
    def word(self) -> str:
        """The letters from there on."""
        found = _LETTERS.match(self.source, self.at)
        return found[0] if found else ""

    @property
    def last(self) -> int:
        """The offset behind the last character that is not white space."""
        return len(self.source.rstrip(BLANKS))

    @property
    def is_space(self) -> bool:
        """Whether it is a space-delimited pattern."""
        return self.source.lstrip(BLANKS).startswith("[")

    def sees(self, text: str) -> bool:
        """Tell whether `text` stands where it went wrong."""
        return self.source.startswith(text, self.at)

    def following(self, at: int) -> int:
        """The offset of the first character from `at` on that is not white space."""
        return skip_blanks(self.source, at, len(self.source))

    def preceding(self) -> str:
        """The text in front of the mistake, without blanks at its end."""
        return self.source[: self.at].rstrip(BLANKS)

    def replace(self, hint: str, *, start: int, end: int, text: str, rule: str = "") -> Remedy:
        """A remedy that certainly is one."""
        return Remedy(hint, Edit(start, end, text), rule)

    def whole(self, reason: str, rewritten: str, *, rule: str = "") -> Remedy:
        """A remedy that rewrites the whole pattern, printed in full if it is a pattern indeed."""
        if self.read(rewritten) is None:
            return Remedy(reason, rule=rule)
        return Remedy(f"{reason}; write: {rewritten}", Edit(0, len(self.source), rewritten), rule)


def quote(text: str) -> str:
    """`text` in double quotes, spelt so that nobody can misread it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tell_place(source: str, position: int) -> str:
    """`column 7`, or `line 2, column 7` in a text of several lines."""
    line = source.count("\n", 0, position) + 1
    column = position - source.rfind("\n", 0, position)
    return f"line {line}, column {column}" if "\n" in source.strip(BLANKS) else f"column {column}"


def find_partner(source: str, at: int) -> int:
    """The offset of the parenthesis that closes the one at `at`, phrases and regexes skipped; -1 if there is none."""
    depth = 0
    for piece in _PIECE.finditer(source, at):
        depth += (piece[0] == "(") - (piece[0] == ")")
        if depth == 0:
            return piece.start()
    return -1


_JOINS = re.compile(r"(?:&&|\|\||[){}$,]|(?:AND|OR|and|or)(?![A-Za-z0-9_]))")


def value_end(scene: Scene, start: int) -> int:
    """Where the text that was meant as one value ends: at the next `&&`, `||`, `)`, `}` or new line.

    Words with blanks between them belong together, and so does what stands in parentheses.
    """
    source, end = scene.source, scene.last - 1
    stops = ",]" if scene.is_space else "}"
    depth = 0
    last = at = start
    while at < end:
        if source[at] in BLANKS:
            after = skip_blanks(source, at, end)
            if "\n" in source[at:after] or _JOINS.match(source, after):
                break
            at = after
            continue
        is_comma = source[at] == "," and source[at + 1] in BLANKS + "$"
        if is_comma or source[at] in stops or source.startswith(("&&", "||"), at) or (source[at] == ")" and not depth):
            break
        depth += (source[at] == "(") - (source[at] == ")")
        at += 1
        last = at
    return last
