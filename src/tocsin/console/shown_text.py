r"""How a page shows text that is not ours. Spec: CON-8.6, CON-8.7.

Rule: what comes out of a record, or out of a definition that somebody sent, reaches a page only through `show`. It
gives parts, never markup; the macro `value` of `_value.html` makes elements of them, and autoescape does the rest.
Nothing is left out in silence: each part tells how many characters it stands for, and together they are all of it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from tocsin.core.unsafe_character import UNSAFE, code_point, escape, escaped, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_LISTS: Final = 64
"""Characters that are shown of a value in a list."""

AS_FACT: Final = 256
"""Characters that are shown of a value that stands alone."""

_MOST_MARKS: Final = 4
_MOST_NAMED: Final = 4

# Shorter names fit everywhere, so no page has elements in them for the line to break at.
_SHORT_NAME: Final = 24

# Where a name may go on in the next line: behind a separator, and before a capital that begins a word (CON-2.2).
# Behind a hyphen before a letter it may without being told (UAX 14: HY, then AL).
_BREAK: Final = re.compile(r"(?<=[/._])(?=[0-9A-Za-z])|(?<=-)(?=[0-9])|(?<=[a-z])(?=[A-Z])")

# What a sentence has in it that browsers break badly: `sg-0a1b2c3d`, which they cut behind its hyphen, and names so
# long that they are cut anywhere.
_LONG_WORD, _LONG_IN_NARROW = (
    re.compile(rf"(?<![\w\-])(?P<id>[a-z]{{1,10}}-[0-9a-f]{{8,17}})(?![\w\-])|[!-~]\S{{{fits},}}")
    for fits in (_SHORT_NAME, _SHORT_NAME // 2)
)

# The end tells as much as the beginning.
_PATH: Final = re.compile(r"arn:|[^\s/]*/[^\s/]+(?:/|\Z)")

# What Unicode calls white space, and the Braille pattern without dots, which looks like it.
_BLANKS: Final = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
)

# Controls, halves of characters and what is none: the standard has no way to write them.
_NOT_IN_HTML: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)

PartKind = Literal["text", "break", "whole", "box", "marks", "cut", "empty"]
"""`text` is shown as it is, with a `break` where the line may end; `whole` stands on one line; `box` is a code point by
number and name; `marks` tells of combining marks that were left out, `cut` of the rest; `empty` is a value without
characters."""


class Part(NamedTuple):
    """A piece of a value that is shown, and how many of the value's characters it stands for."""

    kind: PartKind
    text: str
    stands_for: int


class Shown(msgspec.Struct, frozen=True):
    """What is shown of a value. `beyond_ascii` names what an identifier holds beyond ASCII, the first few of them."""

    value: str
    parts: tuple[Part, ...]
    beyond_ascii: tuple[str, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Is there more of it than is shown?"""
        return any(part.kind == "cut" for part in self.parts)

    @property
    def text(self) -> str:
        """All of it as plain text, for where there can be no elements: in a drawing, in an attribute."""
        return "".join(part.text for part in self.parts)


def copied(value: str) -> str:
    """The exact value as a JSON string in ASCII, for the attribute that `copy` reads: no attribute keeps a NUL."""
    return json.dumps(value)


def show(value: str, limit: int = IN_LISTS, *, identifier: bool = False, narrow: bool = False) -> Shown:
    r"""What is shown of `value`: about `limit` characters of it.

    An `identifier` may break at its separators, and so may the long words of a sentence; in a `narrow` column short
    ones, too.

    >>> [(part.kind, part.text) for part in show("a\u202eb").parts]
    [('text', 'a'), ('box', 'U+202E right-to-left override'), ('text', 'b')]
    """
    how = _show_again if len(value) <= _LONGEST_REMEMBERED else _show
    return how(value, limit, identifier=identifier, narrow=narrow)


def _show(value: str, limit: int, *, identifier: bool, narrow: bool) -> Shown:
    beyond_ascii = _beyond_ascii(value) if identifier and not value.isascii() else ()
    if not value:
        return Shown(value, (Part("empty", '""', 0),))
    head, tail = value, ""
    if len(value) > limit:
        kept = limit // 2 if _PATH.match(value) else 0
        head, tail = value[: limit - kept], value[len(value) - kept :]
    rest = len(value) - len(head) - len(tail)
    parts = list(_parts(head, begins=True, ends=not rest))
    if rest:
        parts.append(Part("cut", f"… {rest:,} more{' …' if tail else ''}", rest))
        parts += _parts(tail, begins=False, ends=True) if tail else ()
    is_sentence = not identifier and " " in value
    if (narrow and not is_sentence) or (identifier and len(head) + len(tail) > _SHORT_NAME):
        parts = [broken for part in parts for broken in _with_breaks(part)]
    elif is_sentence:
        long_word = _LONG_IN_NARROW if narrow else _LONG_WORD
        parts = [broken for part in parts for broken in _in_words(part, long_word)]
    return Shown(value, tuple(parts), beyond_ascii)


# Names of fields, alarms and callers stand on a page, and on the next one, again and again.
_LONGEST_REMEMBERED: Final = 128
_show_again = lru_cache(maxsize=4096)(_show)


def break_parts(name: str) -> list[str]:
    """The pieces of a name between which a line may break only if it is told so (CON-2.2).

    >>> break_parts("cis/root-usage"), break_parts("StopLogging"), break_parts("20260314T031250Z")
    (['cis/', 'root-usage'], ['Stop', 'Logging'], ['20260314T031250Z'])
    """
    return _BREAK.split(name)


def typed(text: str) -> str:
    """What somebody typed, for the field that shows it again: without characters that no page may hold."""
    return text if is_plain(text) else _NOT_IN_HTML.sub("", text)


def is_kept(text: str) -> bool:
    """Does a `pre` hold all of a text, so that it can be read from there again (HTML 13.1.2.5, 13.2.3.5)?"""
    return "\r" not in text and not text.startswith("\n") and _NOT_IN_HTML.search(text) is None


def legible(text: str) -> str:
    r"""A long text as one, for a box of its own: what acts, and marks beyond four, stand as escapes; line ends stay.

    >>> legible("a\u202eb\nc")
    'a\\u202eb\nc'
    """
    return "\n".join(escaped(line) if line.isascii() else _legible_line(line) for line in text.split("\n"))


def _legible_line(line: str) -> str:
    pieces: list[str] = []
    for are_marks, run in groupby(line, _is_mark):
        found = list(run)
        shown = _MOST_MARKS if are_marks else len(found)
        pieces += [*found[:shown], *map(escape, found[shown:])]
    return escaped("".join(pieces))


def _parts(text: str, *, begins: bool, ends: bool) -> Iterator[Part]:
    """The parts of a stretch of a value; whether it `begins` and `ends` where the value does."""
    if is_plain(text) and not (begins and text.startswith(" ")) and not (ends and text.endswith(" ")):
        yield Part("text", text, len(text))
        return
    boxed = _boxed(text, begins=begins, ends=ends)
    for is_boxed, run in groupby(zip(boxed, text, strict=True), itemgetter(0)):
        characters = [character for _, character in run]
        if is_boxed:
            yield from (_box(character, len(list(same))) for character, same in groupby(characters))
        else:
            yield from _legible(characters)


def _boxed(text: str, *, begins: bool, ends: bool) -> Iterator[bool]:
    """For each character: is it shown as a code point?"""
    first = len(text) - len(text.lstrip(_BLANKS)) if begins else 0
    last = len(text.rstrip(_BLANKS)) if ends else len(text)
    is_boxed = True
    for place, character in enumerate(text):
        # A mark without a letter of its own would sit on whatever stands before it.
        is_orphan = is_boxed and _is_mark(character)
        is_boxed = is_orphan or not first <= place < last or UNSAFE.match(character) is not None
        yield is_boxed


def _legible(characters: list[str]) -> Iterator[Part]:
    kept: list[str] = []
    for are_marks, run in groupby(characters, _is_mark):
        found = list(run)
        left_out = len(found) - _MOST_MARKS if are_marks else 0
        kept += found[:_MOST_MARKS] if are_marks else found
        if left_out > 0:
            yield Part("text", "".join(kept), len(kept))
            yield Part("marks", f"{left_out:,} more combining {'mark' if left_out == 1 else 'marks'}", left_out)
            kept = []
    if kept:
        yield Part("text", "".join(kept), len(kept))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _box(character: str, times: int) -> Part:
    return Part("box", code_point(character) + (f" × {times:,}" if times > 1 else ""), times)


def _with_breaks(part: Part) -> Iterator[Part]:
    if part.kind != "text":
        yield part
        return
    for number, piece in enumerate(break_parts(part.text)):
        if number:
            yield Part("break", "", 0)
        yield Part("text", piece, len(piece))


def _in_words(part: Part, long_word: re.Pattern[str]) -> Iterator[Part]:
    if part.kind != "text":
        yield part
        return
    end = 0
    for word in long_word.finditer(part.text):
        if word.start() > end:
            yield Part("text", part.text[end : word.start()], word.start() - end)
        found = Part("whole" if word["id"] else "text", word[0], len(word[0]))
        yield from _with_breaks(found)
        end = word.end()
    if end < len(part.text):
        yield Part("text", part.text[end:], len(part.text) - end)


def _beyond_ascii(value: str) -> tuple[str, ...]:
    found = list(dict.fromkeys(character for character in value if not character.isascii()))
    named = [code_point(character) for character in found[:_MOST_NAMED]]
    return (*named, *([f"{len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []))
