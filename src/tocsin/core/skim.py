r"""Where a JSON value ends: strings and brackets alone, at the speed of the regex engine.

Rule: a skim finds the end of every well-formed value, and of any other value whose strings and
brackets are in order; whether what lies between them is JSON is for the decoder to say. It goes on
where the data at hand ends, looks at each byte a bounded number of times, and needs memory for the
open brackets only, up to `depth` of them. Spec: CT-14.3, CT-14.4.

Two things break a value off, because they show that its end is missing: a line break inside a
string, and a line that begins with `{` where no value can stand. So one garbled line of NDJSON
does not swallow the lines after it.
"""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import cast

Match = re.Match[bytes]
Matcher = Callable[[bytes | bytearray, int, int], Match | None]
"""Match in the data from an index on, up to another index."""

# Regexes are run over no more than this at a time: a repeated group costs memory for every turn.
_WINDOW = 64 * 1024

# There is only one way to match what follows. Possessive repeats save the time for trying others; up
# to CPython 3.11.4 they do not go back where they should (python/cpython#106052).
_ALL = b"+" if sys.version_info >= (3, 11, 5) else b""
_FLAT = rb'[^"{}\[\]]*' + _ALL
_INNER = rb'[^"\\\n]*' + _ALL + rb"(?:\\." + rb'[^"\\\n]*' + _ALL + rb")*" + _ALL
_STRING = b'"' + _INNER + b'"'
_BLANKS = rb"[ \t\r\n]*" + _ALL

# Each of these matches at least nothing.
_Run = Callable[[bytes | bytearray, int, int], Match]
_between_brackets = cast("_Run", re.compile(_FLAT + rb"(?:" + _STRING + _FLAT + rb")*" + _ALL).match)
_inside_string = cast("_Run", re.compile(_INNER).match)
_bare = cast("_Run", re.compile(rb'[^\x00-\x20"{}\[\],:]*').match)

_BLANK = frozenset(b" \t\r\n")
_CLOSING = {ord("{"): ord("}"), ord("["): ord("]")}

# How deep the objects are that one regex takes whole; nearly every CloudTrail record is one of them.
QUICK_LEVELS = 6


class Skimmed(enum.Enum):
    """How far a skim came: to the value's end, to the end of the data, or to where the value breaks off."""

    DONE = enum.auto()
    MORE = enum.auto()
    BROKEN = enum.auto()


class Skim:
    """The state of looking for the end of one value.

    `deepest` is how many levels of brackets were open at once. Where the value breaks off, `reason`
    says why. Brackets within more than `depth` others are counted, not compared.
    """

    __slots__ = ("_bare", "_depth", "_line_begins", "_over", "_previous", "_quoted", "_stack", "deepest", "reason")

    def __init__(self, depth: int, *, inside_object: bool = False, line_begins: bool = False) -> None:
        self._depth = max(depth, 1)
        self._stack = bytearray(b"}" if inside_object else b"")
        self._over = 0  # open brackets beyond `depth`
        self._quoted = False
        self._bare = False
        self._previous = 0  # the last byte before the data at hand that is not blank
        self._line_begins = line_begins  # is the last byte before the data at hand a line break?
        self.deepest = len(self._stack)
        self.reason = ""

    @property
    def is_bare(self) -> bool:
        """True for what is neither string, array nor object: only what follows tells where it ends."""
        return self._bare

    def run(self, data: bytes | bytearray, start: int) -> tuple[Skimmed, int]:
        """Go on from index `start` of `data`; also the index of the end, of what is missing, or of the break.

        The first run begins at the value's first byte, or anywhere in the object it is inside of.
        """
        at = start
        if not self._stack and not self._quoted and not self._bare:
            first = data[at]
            if first == 0x22:
                self._quoted = True
                at += 1
            elif first not in _CLOSING:
                self._bare = True
        if self._bare:
            at = _bare(data, at, len(data)).end()
            return (Skimmed.DONE if at < len(data) else Skimmed.MORE), at
        outcome, at = self._nested(data, start, at)
        if outcome is Skimmed.MORE:
            self._remember(data, start, at)
        return outcome, at

    def _nested(self, data: bytes | bytearray, start: int, at: int) -> tuple[Skimmed, int]:
        end = len(data)
        stack = self._stack
        while at < end:
            if self._quoted:
                at = _inside_string(data, at, at + _WINDOW).end()
                if at == end:
                    break
                byte = data[at]
                if byte == 0x22:
                    self._quoted = False
                    at += 1
                    if not stack:
                        return Skimmed.DONE, at
                elif byte == 0x5C and at + 1 == end:
                    break
                elif byte == 0x0A or (byte == 0x5C and data[at + 1] == 0x0A):
                    self.reason = "a line break inside a string"
                    return Skimmed.BROKEN, at
                continue
            at = _between_brackets(data, at, at + _WINDOW).end()
            if at == end:
                break
            byte = data[at]
            if byte in _CLOSING:
                first_of_line = at == start or data[at - 1] == 0x0A
                if byte == 0x7B and first_of_line and not self._may_begin(data, start, at):
                    self.reason = 'a line begins with "{" before the value has ended'
                    return Skimmed.BROKEN, at
                self._open(byte)
            elif byte == 0x22:
                self._quoted = True
            elif byte == 0x7D or byte == 0x5D:  # noqa: PLR1714  (twice as fast as `in`)
                if self._over:
                    self._over -= 1
                elif stack[-1] != byte:
                    self.reason = f'"{chr(byte)}" where "{chr(stack[-1])}" is due'
                    return Skimmed.BROKEN, at
                else:
                    del stack[-1]
                    if not stack:
                        return Skimmed.DONE, at + 1
            else:
                continue  # no more than the end of the window
            at += 1
        return Skimmed.MORE, at

    def _open(self, byte: int) -> None:
        if len(self._stack) < self._depth:
            self._stack.append(_CLOSING[byte])
            self.deepest = max(self.deepest, len(self._stack))
        else:
            self._over += 1
            self.deepest = self._depth + 1

    def _may_begin(self, data: bytes | bytearray, start: int, at: int) -> bool:
        """May the `{` at `at` stand there? Asked only of one that begins a line, inside another value."""
        begins_line = data[at - 1] == 0x0A if at > start else self._line_begins
        if not begins_line or not self._stack:
            return True
        previous = self._significant(data, start, at)
        if previous == 0x3A:
            return True
        return previous in b"[," and (self._over > 0 or self._stack[-1] == 0x5D)

    def _significant(self, data: bytes | bytearray, start: int, at: int) -> int:
        """The last byte before `at` that is not blank."""
        at -= 1
        while at >= start and data[at] in _BLANK:
            at -= 1
        return data[at] if at >= start else self._previous

    def _remember(self, data: bytes | bytearray, start: int, at: int) -> None:
        self._previous = self._significant(data, start, at)
        if at > start:
            self._line_begins = data[at - 1] == 0x0A


@cache
def quick_object() -> Matcher:
    """A matcher of one whole object of at most `QUICK_LEVELS` levels, for what a skim would take, too."""
    return re.compile(_quick_object()).match


@cache
def quick_element() -> Matcher:
    """A matcher of one array element (group 1) up to the next one, or up to the array's closing bracket."""
    element = rb"(" + _quick_object() + rb"|" + _STRING + rb'|[^\x00-\x20"{}\[\],:]+' + _ALL + rb")"
    return re.compile(element + _BLANKS + rb"(?:," + _BLANKS + rb"(?=[^\]\x00-\x20])|(?=\]))").match


def _quick_object() -> bytes:
    # A line that begins with `{` is left to the skim, which knows whether it may.
    body = _FLAT + rb"(?:" + _STRING + _FLAT + rb")*" + _ALL
    for _ in range(QUICK_LEVELS - 1):
        nested = rb"(?:" + _STRING + rb"|(?<!\n)\{" + body + rb"\}|\[" + body + rb"\])"
        body = _FLAT + rb"(?:" + nested + _FLAT + rb")*" + _ALL
    return rb"\{" + body + rb"\}"
