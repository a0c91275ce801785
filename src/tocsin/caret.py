"""Showing a person where in a text something is wrong. Spec: FP-8.5.

Rule: what comes out is safe to print and lines up. Characters that a terminal would act on, hide
or refuse are replaced one for one, wide characters count twice, tabs stay tabs.
"""

from __future__ import annotations

import unicodedata

_WINDOW = 60
_BREAKS = "\r\n"
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, invisible, lone surrogates, separators
_STACKED = frozenset({"Mn", "Me"})


def make_visible(text: str) -> str:
    """`text` with every character that cannot be shown as itself replaced by U+FFFD; tab and line feed stay.

    No escape sequence, direction mark or lone surrogate of a hostile text reaches a terminal.
    """
    return "".join(map(_visible, text))


def draw_caret(source: str, position: int, *, width: int = 1) -> str:
    """Two lines: the line of `source` around `position`, and a caret (`width` of them) under it.

    `position` is a 0-based code point offset; what lies outside of the text counts as its end. At
    the end the caret stands right behind the last character that is not a blank. Both lines are
    indented by two blanks; about 60 characters on each side are shown, `…` stands for the rest; a
    text of several lines is shown by the one line that matters, with its number.
    """
    position = min(max(position, 0), len(source))
    if position == len(source):
        position = len(source.rstrip(" \t\r\n"))
    if source[max(position - 1, 0) : position + 1] == _BREAKS:
        position -= 1  # a line ends before its CR LF, not between the two
    start, end = _line_around(source, position)
    label = _label(source, start)
    first = start if position - start <= _WINDOW + 1 else position - _WINDOW
    last = end if end - position <= _WINDOW + 1 else position + _WINDOW
    before = "…" * (first > start) + make_visible(source[first:position])
    after = make_visible(source[position:last]) + "…" * (last < end)
    padding = "".join("\t" if character == "\t" else " " * _columns(character) for character in before)
    carets = "^" * max(1, sum(map(_columns, after[: max(width, 1)])))
    gutter = f"{' ' * (len(label) - 2)}| " if label else ""
    return f"  {label}{before}{after}\n  {gutter}{padding}{carets}"


def script_position(source: str, position: int) -> int:
    """The same place as scripts in a browser count it, in UTF-16 units.

    >>> script_position("a = \U0001f600 :", 6)
    7
    """
    return len(source[:position].encode("utf-16-le", "surrogatepass")) // 2


def _visible(character: str) -> str:
    unsafe = unicodedata.category(character) in _UNSAFE and character not in "\t\n"
    return "\N{REPLACEMENT CHARACTER}" if unsafe else character


def _line_around(source: str, position: int) -> tuple[int, int]:
    """Start and end of the line that holds `position`, without its line break."""
    start = max(source.rfind(line_break, 0, position) for line_break in _BREAKS) + 1
    ends = [end for line_break in _BREAKS if (end := source.find(line_break, position)) >= 0]
    return start, min(ends, default=len(source))


def _label(source: str, start: int) -> str:
    """`7 | ` for a line of a text of several lines, else nothing."""
    stripped = source.strip(" \t\r\n")
    if not any(line_break in stripped for line_break in _BREAKS):
        return ""
    number = 1 + sum(source.count(line_break, 0, start) for line_break in _BREAKS) - source.count("\r\n", 0, start)
    return f"{number} | "


def _columns(character: str) -> int:
    """How many columns a terminal gives to a character."""
    if unicodedata.category(character) in _STACKED:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
