"""What one call does to one subject: the lines that it puts, and those that it takes away.

A subject (a security group, a policy, a trail) is described by lines, each under a key. A line that is put replaces the
one of its key; a line that is taken goes by its key or, where the record does not name that, by its text.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

LONGEST_LINE: Final = 1_000
"""Characters that are kept of one line."""

MOST_LINES: Final = 1_000
"""Lines that are read of one call; a security group has no more rules, a policy no more statements."""


class Subject(NamedTuple):
    """What is described: `kind` in words (`security group`, `trail`), `name` as the records name it."""

    kind: str
    name: str


class Line(NamedTuple):
    """One line of a description: `tcp 22 from 0.0.0.0/0`, `isMultiRegionTrail = true`."""

    key: str
    text: str


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a call does to one subject.

    With `is_whole` what it puts is all that the subject has afterwards; with `ends` nothing is left of it. `begins`
    says that there was nothing before. `forgets` says that the record does not tell what the subject has afterwards.
    With `takes_side` a line that replaces another one goes in that one's direction: a rule of a security group that is
    edited in place does not say whether it is for traffic coming in or going out. `asked` is what the call named,
    where its answer has more than that. `aliases` are other names of the subject that records may have.
    """

    subject: Subject
    puts: tuple[Line, ...] = ()
    asked: tuple[Line, ...] = ()
    takes: tuple[Line, ...] = ()
    is_whole: bool = False
    begins: bool = False
    ends: bool = False
    forgets: bool = False
    takes_side: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What earlier records of the subject can be looked up by."""
        return tuple(dict.fromkeys((self.subject.name, *self.aliases)))


def line(key: str, text: str | None = None) -> Line:
    """A line under a key; a line that is its own key where no text is given."""
    return Line(key[:LONGEST_LINE], (key if text is None else text)[:LONGEST_LINE])
