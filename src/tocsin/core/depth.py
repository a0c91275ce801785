"""Decoding that refuses text nested too deeply, at exactly the level where the exact decoder does.

Rule: what is returned is nested at most `levels` deep (FP-4.6, CT-14.4). msgspec skips fields that
nobody asked for without telling how deep they are; counting brackets in all text would cost as much
as decoding it. CPython 3.11 counts the levels for us: msgspec asks the interpreter for one level of
recursion per level of nesting, so the recursion limit is the bound. Later releases keep a count of
their own for C code that cannot be set; there the brackets of the text are counted, and where it has
so many that one record might hold them all, those of each record.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.raw_record import Text, elements_of_array, elements_of_log_file, values_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable

_COUNTED_BY_INTERPRETER = sys.version_info < (3, 12)

# How much text is best decoded at once: where brackets are counted, the records of one piece must
# have fewer of them than one record may have levels.
PIECE_SIZE = 256 * 1024 if _COUNTED_BY_INTERPRETER else 64 * 1024

# What is left of a text is not worth another cut up to this size.
LONGEST_PIECE = 3 * PIECE_SIZE // 2 if _COUNTED_BY_INTERPRETER else PIECE_SIZE

# A file of so many bytes is better unpacked as a whole than in pieces that have to be put together.
WHOLE_SIZE = 4 * 1024 * 1024


def _within_recursion_limit(decode: Callable[[Text], Any], text: Text, levels: int) -> Any:
    frame, frames = sys._getframe(), 0  # noqa: SLF001  (the only way to know the depth of the stack)
    while frame is not None:
        frames += 1
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    limit = sys.getrecursionlimit()
    # The limit belongs to the interpreter, so it is changed for this one call only. Frames that C
    # code made are not counted: they make the bound stricter, never looser.
    sys.setrecursionlimit(frames + levels)
    try:
        return decode(text)
    finally:
        sys.setrecursionlimit(limit)


def _within_bracket_count(decode: Callable[[Text], Any], text: Text, levels: int) -> Any:
    decoded = decode(text)
    if isinstance(text, memoryview):
        text = bytes(text)
    records = decoded if isinstance(decoded, list) else getattr(decoded, "Records", None)
    # Of n records n - 1 hold at least one bracket each that the deepest one does not.
    others = len(records) - 1 if records else 0
    if _brackets(text) > levels + others and not (others and _each_within(text, levels)):
        raise RecursionError
    return decoded


def _each_within(text: bytes | bytearray, levels: int) -> bool:
    """The same question, asked of each record of a log file, an array or lines by itself."""
    if text.startswith(b"["):
        records = elements_of_array(text)
    else:
        try:
            records = elements_of_log_file(text)
        except msgspec.DecodeError:
            records = values_of_lines(text)
    return all(_brackets(bytes(record)) < levels for record in records)


def _brackets(text: bytes | bytearray) -> int:
    return text.count(b"{") + text.count(b"[")


decode_within = _within_recursion_limit if _COUNTED_BY_INTERPRETER else _within_bracket_count
"""`decode_within(decode, text, levels)` is `decode(text)`, or RecursionError when that is nested more than
`levels` deep, or might be. Other exceptions are those of `decode`."""
