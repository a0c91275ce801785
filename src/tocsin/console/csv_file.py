"""Rows as a CSV file that a spreadsheet may open. Spec: CON-8.8.

Rule: no cell is run: one that begins as a formula does gets an apostrophe, and what a reader cannot see stands there as
an escape.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tocsin.core.unsafe_character import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a spreadsheet takes for the beginning of a formula, also behind blanks and in full width.
_FORMULA: Final = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]")


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    r"""A CSV file in UTF-8: every cell quoted, lines ended by CR and LF.

    >>> csv_bytes([("time", "name"), ("03:14", '=HYPERLINK("x")')])
    b'"time","name"\r\n"03:14","\'=HYPERLINK(""x"")"\r\n'
    """
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode("utf-8", "replace")


def _cell(text: str) -> str:
    guarded = f"'{text}" if _FORMULA.match(text) else text
    return '"' + escaped(guarded).replace('"', '""') + '"'
