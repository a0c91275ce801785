"""Where the keys of a TOML document stand. Rule: it reads only what the TOML reader has accepted already.

The standard library's reader gives values without places; a finding needs its line and column.
"""

from __future__ import annotations

import re
import tomllib

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# The longer delimiters first: three quotes begin a text over several lines.
_STRING = re.compile(
    r"""
      \"{3} (?: [^"\\] | \\. | "{1,2}(?!") )* "{3,5}
    | '{3} (?: [^'] | '{1,2}(?!') )* '{3,5}
    | " (?: [^"\\\n] | \\. )* "
    | ' [^'\n]* '
    """,
    re.DOTALL | re.VERBOSE,
)
_ELEMENT = re.compile(r"\[[0-9]+\]\Z")
_PLAIN_VALUE = re.compile(r"[^,\]\}\n#]+")

Key = tuple[str, ...]


def places_of_keys(text: str) -> dict[Key, int]:
    r"""The offset of every key and table of `text`, by its whole path; the first place where it stands.

    Elements of arrays of tables share one path, and have one of their own with their number in it, from 0: of
    `[[t]]` the key `k` is `("t", "k")` and `("t", "[0]", "k")`. `text` is a valid document with `\n` as line end.
    """
    places: dict[Key, int] = {}
    elements: dict[Key, int] = {}
    table: Key = ()
    offset = _after(_BLANK, text, 0)
    while offset < len(text):
        if text[offset] == "[":
            is_element = text.startswith("[[", offset)
            offset = _after(_SPACE, text, offset + (2 if is_element else 1))
            table, end = _read_key(text, offset, (), places)
            if is_element:
                number = elements[table] = elements.get(table, -1) + 1
                table = (*table, f"[{number}]")
                places[table] = offset
            offset = _after(re.compile(r"[ \t]*\]{1,2}"), text, end)
        else:
            offset = _read_pair(text, offset, table, places)
        offset = _after(_BLANK, text, offset)
    for key, place in list(places.items()):
        places.setdefault(tuple(name for name in key if not _ELEMENT.match(name)), place)
    return places


def _after(pattern: re.Pattern[str], text: str, offset: int) -> int:
    found = pattern.match(text, offset)
    return offset if found is None else found.end()


def _read_key(text: str, offset: int, above: Key, places: dict[Key, int]) -> tuple[Key, int]:
    """A dotted key that begins at `offset`: its whole path, and where it ends."""
    key = above
    while True:
        found = _BARE.match(text, offset) or _STRING.match(text, offset)
        if found is None:  # not a valid document after all: go on behind this character
            return key, offset + 1
        name = found[0] if found[0][0] not in "\"'" else str(tomllib.loads(f"k = {found[0]}")["k"])
        key = (*key, name)
        places.setdefault(key, offset)
        end = found.end()
        dot = _after(_SPACE, text, end)
        if not text.startswith(".", dot):
            return key, end
        offset = _after(_SPACE, text, dot + 1)


def _read_pair(text: str, offset: int, table: Key, places: dict[Key, int]) -> int:
    """`key = value`, with whatever inline tables and arrays the value holds; the offset behind it."""
    key, offset = _read_key(text, offset, table, places)
    open_: list[tuple[str, Key]] = []  # the brackets that are open, and the key that each belongs to
    while True:
        offset = _after(_BLANK if open_ else _SPACE, text, offset)
        if offset >= len(text):
            return offset
        character = text[offset]
        if character in "[{":
            open_.append((character, key))
            offset += 1
            if character == "{":
                offset = _after(_BLANK, text, offset)
                if not text.startswith("}", offset):
                    key, offset = _read_key(text, offset, key, places)
            continue
        if character in "]}" and open_:
            key = open_.pop()[1]
            offset += 1
        elif character == "," and open_:
            offset = _after(_BLANK, text, offset + 1)
            bracket, owner = open_[-1]
            key = owner
            if bracket == "{":
                key, offset = _read_key(text, offset, owner, places)
            continue
        elif character == "=":
            offset += 1
            continue
        else:
            end = _after(_STRING, text, offset)
            offset = end if end > offset else max(offset + 1, _after(_PLAIN_VALUE, text, offset))
        if not open_:
            return offset
