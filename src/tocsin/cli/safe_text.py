"""Text that may be shown. Rule: what came out of an event reaches a terminal or a spreadsheet only through here.

An attacker chooses user agents, user names and parameters; control characters in them could
rewrite a terminal's screen, hide text or turn it round, and a spreadsheet would run a formula.
Spec: IF-1, R-31.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tocsin.core.unsafe_character import UNSAFE, escaped, is_plain

_COMPACT = (",", ":")
# Made once: that takes as long as writing a short value. By `ascii_only`.
_ENCODERS = {
    ascii_only: json.JSONEncoder(ensure_ascii=ascii_only, allow_nan=False, separators=_COMPACT)
    for ascii_only in (False, True)
}
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTED_CELL = re.compile(r'[",;\t|]|^\s|\s$')


def safe_text(text: str) -> str:
    r"""`text` with everything that could act on a terminal shown as an escape.

    >>> safe_text('alice\x1b[2J')
    'alice\\x1b[2J'
    """
    return escaped(text)


def safe_json(value: Any, *, ascii_only: bool = False) -> str:
    r"""The compact JSON text of `value`, on one line, in which unsafe characters stand as `\u` escapes.

    A reader of the JSON gets the very same value; a terminal gets nothing that acts on it. Numbers
    that JSON does not have (infinity, NaN) become null.
    """
    try:
        text = _ENCODERS[ascii_only].encode(value)
    except ValueError:
        text = _ENCODERS[ascii_only].encode(_finite(value))
    return safe_json_text(text)


def safe_json_text(text: str) -> str:
    """A JSON text that is one line already, with unsafe characters inside its strings escaped."""
    return text if is_plain(text) else UNSAFE.sub(_escape_json, text)


def _escape_json(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def safe_cell(value: str | float | None) -> str:
    """A cell of a CSV file: quoted where needed; text that a spreadsheet would run begins with an apostrophe.

    Numbers are ours and stay as they are; None is an empty cell.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    cell = safe_text(value)
    if value.startswith(_FORMULA_START):
        cell = f"'{cell}"
    # A semicolon, a bar and a tab separate cells in some spreadsheets: what stands behind one must
    # not become a cell of its own.
    return '"{}"'.format(cell.replace('"', '""')) if _QUOTED_CELL.search(cell) else cell


def csv_line(cells: list[str | float | None]) -> str:
    """One row of a CSV file, with its line end."""
    return ",".join(map(safe_cell, cells)) + "\n"
