"""How a string is written in YAML and JSON: where each of its characters stands, and how to write it anew.

Rule: an answer is exact or there is none. The characters of a value are traced through quotes,
escapes and folded lines, and the trace must spell the value that the parser read.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple


class Style(Enum):
    """The way a scalar is written."""

    PLAIN = "plain"
    SINGLE = "'"
    DOUBLE = '"'
    LITERAL = "|"
    FOLDED = ">"
    JSON = "json"


class _Traced(NamedTuple):
    character: str
    place: int


_JSON_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_YAML_ESCAPES = {
    **_JSON_ESCAPES,
    "0": "\0", "a": "\a", "\t": "\t", "v": "\v", "e": "\x1b", " ": " ",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")


def char_places(text: str, style: Style, start: int, end: int, value: str) -> list[int] | None:
    """The offset into `text` of every character of `value`, and one more for its end.

    `start` and `end` enclose the scalar with its quotes. None when the value cannot be traced.
    """
    last = end
    if style in (Style.LITERAL, Style.FOLDED):
        traced = _trace_block(text, start, end, value, folded=style is Style.FOLDED)
        last = traced[-1].place + 1 if traced else end
    elif style is Style.PLAIN:
        traced = _trace_flow(text, start, end, style)
    else:
        last = end - 1
        traced = _trace_flow(text, start + 1, last, style)
    if "".join(one.character for one in traced) != value:
        return None
    return [*(one.place for one in traced), last]


def unescape_json(raw: str) -> str:
    """The value of a JSON string, given with its quotes and known to be well formed."""
    return "".join(one.character for one in _trace_flow(raw, 1, len(raw) - 1, Style.JSON))


def write(value: str, style: Style) -> str | None:
    """The inside of a scalar of that style that spells `value`, or None where it cannot on one line."""
    match style:
        case Style.SINGLE:
            return value.replace("'", "''") if value.isprintable() else None
        case Style.DOUBLE | Style.JSON:
            return "".join(_escape(character) for character in value)
        case Style.PLAIN | Style.LITERAL | Style.FOLDED:
            return value if value.isprintable() else None


_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(character: str) -> str:
    """One character of a double-quoted string. Every escape used means the same in YAML and in JSON."""
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable() or ord(character) > 0xFFFF:
        return character
    return f"\\u{ord(character):04x}"


# ---------------------------------------------------------------- tracing


def _trace_flow(text: str, position: int, end: int, style: Style) -> list[_Traced]:
    """Plain and quoted scalars: escapes are one character, a line break folds to a blank."""
    traced: list[_Traced] = []
    while position < end:
        character = text[position]
        if character == "\\" and style in (Style.DOUBLE, Style.JSON):
            position = _trace_escape(text, position, traced, style)
        elif character == "'" and style is Style.SINGLE:
            traced.append(_Traced("'", position))
            position += 2
        elif style is Style.JSON or character not in " \t\r\n\x85\u2028\u2029":
            traced.append(_Traced(character, position))
            position += 1
        else:
            position = _trace_white(text, position, end, traced)
    return traced


def _trace_escape(text: str, position: int, traced: list[_Traced], style: Style) -> int:
    """One escape at `position`; returns the offset behind it."""
    kind = text[position + 1]
    found = _BREAK.match(text, position + 1)
    if found is not None:  # an escaped line break stands for nothing, and so does the next line's indentation
        return _behind_white(text, found.end())
    if kind not in _HEX_ESCAPES:
        traced.append(_Traced(_YAML_ESCAPES.get(kind, kind), position))
        return position + 2
    after = position + 2 + _HEX_ESCAPES[kind]
    code = int(text[position + 2 : after], 16)
    low = text[after : after + 6]
    if style is Style.JSON and 0xD800 <= code < 0xDC00 and low[:2] == "\\u":
        second = int(low.removeprefix("\\u"), 16)
        if 0xDC00 <= second < 0xE000:
            code, after = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00), after + 6
    traced.append(_Traced(chr(code), position))
    return after


def _trace_white(text: str, position: int, end: int, traced: list[_Traced]) -> int:
    """Blanks and line breaks inside a flow scalar; returns the offset behind them."""
    after = _behind_white(text, position)
    if after >= end or _BREAK.match(text, after) is None:
        traced.extend(_Traced(text[place], place) for place in range(position, min(after, end)))
        return after
    breaks: list[int] = []
    while after < end and (found := _BREAK.match(text, after)) is not None:
        breaks.append(after)
        after = _behind_white(text, found.end())
    if len(breaks) == 1:
        traced.append(_Traced(" ", breaks[0]))
    else:
        traced.extend(_Traced("\n", place) for place in breaks[1:])
    return after


def _behind_white(text: str, position: int) -> int:
    while text[position : position + 1] in (" ", "\t"):
        position += 1
    return position


class _Line(NamedTuple):
    start: int
    text: str
    end: int  # the offset of its line break


def _trace_block(text: str, start: int, end: int, value: str, *, folded: bool) -> list[_Traced]:
    """Block scalars: lines without their indentation, joined as they stand or folded."""
    header = _HEADER.match(text, start)
    if header is None:
        return []
    lines = _lines(text, header.end(), end)
    source = next((line.text for line in lines if line.text.strip(" ")), "")
    # What the value does not keep of the first line's blanks is the indentation of the block.
    indent = _blanks(source) - _blanks(value.lstrip("\n"))
    content = [_Line(line.start + indent, line.text[indent:], line.end) for line in lines]
    if folded:
        return _fold(content)[: len(value)]
    traced: list[_Traced] = []
    for line in content:
        traced.extend(_Traced(character, line.start + place) for place, character in enumerate(line.text))
        traced.append(_Traced("\n", line.end))
    return traced[: len(value)]


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _lines(text: str, start: int, end: int) -> list[_Line]:
    lines: list[_Line] = []
    while start < end:
        found = _BREAK.search(text, start, end)
        stop = found.start() if found is not None else end
        lines.append(_Line(start, text[start:stop], stop))
        start = found.end() if found is not None else end
    return lines


def _fold(lines: list[_Line]) -> list[_Traced]:
    """Join lines as `>` does.

    One break between two lines of text is a blank, more are one break fewer; beside a line that is
    indented further every break stays.
    """
    traced: list[_Traced] = []
    pending: list[int] = []
    before: _Line | None = None
    for line in lines:
        if not line.text:
            pending.append(line.end)
            continue
        if before is not None:
            folds = before.text[0] not in " \t" and line.text[0] not in " \t"
            if not folds:
                traced.append(_Traced("\n", before.end))
            elif not pending:
                traced.append(_Traced(" ", before.end))
        traced.extend(_Traced("\n", place) for place in pending)
        pending = []
        traced.extend(_Traced(character, line.start + place) for place, character in enumerate(line.text))
        before = line
    if before is not None:
        traced.append(_Traced("\n", before.end))
    traced.extend(_Traced("\n", place) for place in pending)
    return traced
