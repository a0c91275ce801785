"""Consecutive records that were decoded together, and the text of each of them. Spec: FP-4.7, AR-13.

Rule: a record's text is what stands in the file, found by decoding as little as that takes. Where one
record ends and the next begins is guessed; that the guess is right is proved by decoding what lies
between two cuts: if `[` + text + `]` is a JSON array of records, then the text is a run of complete
ones. For a cut inside a record the brackets do not add up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tocsin.core.raw_record import elements_of_array, elements_of_log_file, values_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.core.projection import Projected
    from tocsin.core.raw_record import Text

Decoded = TypeVar("Decoded")

NOT_AS_EXPECTED = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoding raises for text that is not what it was taken for: UnicodeDecodeError and numbers that are too
long for int are ValueErrors."""

# The widest gap between two elements that is recognised.
_WIDEST_GAP = 200
_GAP = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\Z")

# So much text is decoded at once in search of a record's own.
_STEP = 24 * 1024

_OPEN, _CLOSE = b"[]"


def as_array(decode: Callable[[Text], Decoded], text: bytes | bytearray, start: int, end: int) -> Decoded:
    """What `decode` makes of the elements in `text[start:end]`, given to it as an array.

    In a bytearray the brackets are put for the moment where now there is a comma, a blank or a bracket:
    copying the elements would cost a tenth of decoding them.
    """
    if type(text) is bytes or start == 0 or end == len(text):
        return decode(b"".join((b"[", memoryview(text)[start:end], b"]")))
    before, after = text[start - 1], text[end]
    text[start - 1], text[end] = _OPEN, _CLOSE  # type: ignore[index]  # no bytes
    try:
        return decode(memoryview(text)[start - 1 : end + 1])
    finally:
        text[start - 1], text[end] = before, after  # type: ignore[index]  # no bytes


def end_before(text: bytes | bytearray, begin: int) -> int:
    """Where the object ends that is followed by a comma and then by what begins at `begin`; 0 if there is none."""
    if text.endswith(b"},", 0, begin):  # nearly always
        return begin - 1
    nearby = text[max(0, begin - _WIDEST_GAP) : begin]
    found = _GAP.search(nearby)
    return begin - len(nearby) + found.start() + 1 if found else 0


class Run:
    """Records as the projection decoded them from `text[start:end]`, where they stand with commas between them.

    `begin` is what most of the records begin with.
    """

    __slots__ = ("_begin", "_end", "_start", "_text", "projected", "records")

    def __init__(
        self, projected: Projected, text: bytes | bytearray, start: int, end: int, *, begin: bytes = b""
    ) -> None:
        self.projected = projected
        self.records = projected.records
        self._text = text
        self._start = start
        self._end = end
        self._begin = begin

    def texts(self, places: Sequence[int]) -> list[bytes]:
        """The JSON text of the records at these places, ascending, as it stands in the file (FP-4.7)."""
        middle = len(self.records) // 2
        return [
            *self._near_start([place for place in places if place < middle]),
            *self._near_end([place for place in places if place >= middle]),
        ]

    def _near_start(self, places: Sequence[int]) -> list[bytes]:
        texts: list[bytes] = []
        following = self._from_start()
        elements: list[msgspec.Raw] = []
        first = 0  # the place of the first of the elements
        for place in places:
            while place >= first + len(elements):
                first += len(elements)
                elements = next(following)
            texts.append(bytes(elements[place - first]))
        return texts

    def _near_end(self, places: Sequence[int]) -> list[bytes]:
        texts: list[bytes] = []
        preceding = self._from_end()
        elements: list[msgspec.Raw] = []
        first = len(self.records)
        for place in reversed(places):
            while place < first:
                elements = next(preceding)
                first -= len(elements)
            texts.append(bytes(elements[place - first]))
        texts.reverse()
        return texts

    def _from_start(self) -> Iterator[list[msgspec.Raw]]:
        """The elements, some at a time, from the first ones on."""
        text, start, step = self._text, self._start, _STEP
        while self._begin and start + step < self._end:
            begin = text.find(self._begin, start + step, self._end)
            elements = self._between(start, end_before(text, begin)) if begin > 0 else None
            if elements:
                yield elements
                start, step = begin, _STEP
            else:
                step *= 2
        yield as_array(elements_of_array, text, start, self._end)

    def _from_end(self) -> Iterator[list[msgspec.Raw]]:
        """The elements, some at a time, from the last ones back."""
        text, end, step = self._text, self._end, _STEP
        while self._begin and end - step > self._start:
            begin = text.rfind(self._begin, self._start, end - step)
            before = end_before(text, begin) if begin > self._start else 0
            elements = self._between(begin, end) if before else None
            if elements:
                yield elements
                end, step = before, _STEP
            else:
                step *= 2
        yield as_array(elements_of_array, text, self._start, end)

    def _between(self, start: int, end: int) -> list[msgspec.Raw] | None:
        """The elements between two cuts; None when one of them lies inside a record."""
        if start >= end:
            return None
        try:
            return as_array(elements_of_array, self._text, start, end)
        except NOT_AS_EXPECTED:
            return None


class LogFileRun(Run):
    """The records of a whole log file that cannot be taken for an array: it may have two members `Records`."""

    __slots__ = ()

    def __init__(self, projected: Projected, text: bytes | bytearray) -> None:
        super().__init__(projected, text, 0, len(text))

    def texts(self, places: Sequence[int]) -> list[bytes]:
        """The JSON text of the records at these places."""
        elements = elements_of_log_file(self._text)
        return [bytes(elements[place]) for place in places]


class LinesRun(Run):
    """Records that stand one a line."""

    __slots__ = ()

    def __init__(self, projected: Projected, text: bytes | bytearray) -> None:
        super().__init__(projected, text, 0, len(text))

    def texts(self, places: Sequence[int]) -> list[bytes]:
        """The JSON text of the records at these places."""
        lines = values_of_lines(self._text)
        return [bytes(lines[place]) for place in places]
