"""From the bytes of one file to records: the fast lane, and the exact one where it does not fit.

Rule: the fast lane answers only for text that it has proved to be what it takes it for; everything
else goes to the `Splitter`, which is exact for any input. Spec: CT-14.3, FP-14.5, AR-13.

How the proof works. A log file is `{"Records":[` and elements that look alike. The lane cuts the
bytes where one element seems to end and the next to begin, puts `[` and `]` around what lies before
the cut and decodes that as a list of records. The cut is a guess (the same bytes may occur between
nested objects, too), but the decoding is not: if `[` + text + `]` is a JSON array of records, then
the text is a run of complete elements, and the next one begins right after the cut. Where decoding
fails the guess was wrong or the data is unusual, and the elements are looked at one by one.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.core.depth import LONGEST_PIECE, PIECE_SIZE
from tocsin.core.event import MessageError, decode_message
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.record_run import NOT_AS_EXPECTED, LinesRun, LogFileRun, Run, as_array, end_before
from tocsin.core.splitter import Piece, Splitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.projection import Projection
    from tocsin.core.record_decoder import Form

_WS = rb"[ \t\r\n]*"
_RECORDS = re.compile(_WS + rb"\{" + _WS + rb'"Records"' + _WS + rb":" + _WS + rb"\[")
_ARRAY = re.compile(_WS + rb"\[")
_FIRST_KEY = re.compile(_WS + rb'(\{[ \t\r\n]*"[^"\\\x00-\x1f]{1,200}")')
_ANY_SEAM = re.compile(rb'\}[ \t\r\n]{0,80},[ \t\r\n]{0,80}(\{[ \t\r\n]{0,80}"[^"\\\x00-\x1f]{1,200}")')
_CLOSINGS = {"Records": re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*\Z"), "[": re.compile(rb"\][ \t\r\n]*\Z")}


class RecordStream:
    """Cuts the unpacked bytes of one file into `Run`s of records and `Piece`s for the exact path.

    `feed` it piece by piece, then `close` it. What comes out is in the order of the file, and nothing
    of the file is left out. Memory stays within a small multiple of a piece and `limits.record`.
    """

    def __init__(self, projection: Projection, limits: Limits = DEFAULT_LIMITS) -> None:
        self._projection = projection
        self._limits = limits
        self._lane: _ArrayLane | _LinesLane | None = None
        self._splitter: Splitter | None = None
        self._rest: list[bytes] = []  # what no lane has taken yet
        self._length = 0  # of the rest
        self._offset = 0  # of the rest, in the unpacked file
        # The latest piece: most files have no other, and those are quickest as a whole.
        self._held: bytes | bytearray = b""

    def feed(self, piece: bytes | bytearray) -> Iterable[Run | Piece]:
        """What can be told now that `piece` is there, to be gone through at once. Nobody may change it afterwards."""
        held = self._held
        if not held and self._offset == 0 and piece.startswith(_BYTE_ORDER_MARK):
            self._offset = len(_BYTE_ORDER_MARK)
            piece = piece[self._offset :]
        self._held = piece
        return self._take(bytes(held)) if held else ()

    def close(self) -> Iterable[Run | Piece]:
        """The rest of the file; what is unfinished is reported as such."""
        data, self._held = self._held, b""
        if self._lane is None and not self._rest and self._splitter is None:
            runs = _log_file(data, self._projection, self._limits)
            if runs:
                return runs
        return self._close(data)

    def _close(self, data: bytes | bytearray) -> Iterator[Run | Piece]:
        for start in range(0, len(data), PIECE_SIZE):
            yield from self._take(bytes(data[start : start + PIECE_SIZE]))
        if self._splitter is None and self._rest:
            yield from self._advance(last=True)
        if self._splitter is not None:
            yield from self._splitter.close()

    def _take(self, data: bytes) -> Iterator[Run | Piece]:
        if self._splitter is not None:
            yield from self._splitter.feed(data)
            return
        self._rest.append(data)
        self._length += len(data)
        if self._length >= _ENOUGH_TO_TELL:
            yield from self._advance(last=False)

    def _advance(self, *, last: bool) -> Iterator[Run | Piece]:
        """Let the lane take what it can prove. Without a lane that fits, the splitter gets the rest."""
        if isinstance(self._lane, _ArrayLane) and len(self._rest) == 2 and not last:
            quick = self._lane.take_quickly(*self._rest)
            if quick is not None:
                run, following = quick
                yield run
                self._offset += self._length
                self._rest, self._length = [following], len(following)
                self._offset -= self._length
                return
        data = self._rest[0] if len(self._rest) == 1 else b"".join(self._rest)
        self._rest, self._length = [], 0
        lane = self._lane
        if lane is None:
            lane, opening = _choose_lane(data, self._projection, self._limits)
            self._lane = lane
            self._offset += opening
            data = data[opening:]
        if lane is not None:
            items, used, fits = lane.take(data, self._offset, last=last)
            yield from items
            self._offset += used
            data = data[used:]
            if fits and len(data) <= self._limits.record and not (last and data):
                self._rest, self._length = [data], len(data)
                return
        opening_text = lane.opening if lane else b""
        self._splitter = Splitter(self._limits, offset=self._offset - len(opening_text))
        yield from self._splitter.feed(opening_text + data)


def _log_file(data: bytes | bytearray, projection: Projection, limits: Limits) -> list[Run]:
    """The records of `data` when that is one whole `{"Records": [...]}` and nothing else, else nothing."""
    opening = _RECORDS.match(data)
    end = _end_of_elements(data, "Records") if opening else None
    if opening is None or end is None or len(data) > limits.record:
        return []
    first = _FIRST_KEY.match(data, opening.end())
    begin = first[1] if first else b""
    try:
        return list(_runs(data, opening.end(), end, projection, limits, begin=begin))
    except NOT_AS_EXPECTED:
        pass
    try:
        return [LogFileRun(projection.decode("log_file", data, levels=limits.depth + 2), data)]
    except NOT_AS_EXPECTED:
        return []


def _runs(
    data: bytes | bytearray, start: int, end: int, projection: Projection, limits: Limits, *, begin: bytes
) -> Iterator[Run]:
    """The elements between `start` and `end`, so many at a time that few are decoded twice for one that is wanted.

    Raises NOT_AS_EXPECTED when they are none, or have one cut where none is.
    """
    decode = partial(projection.decode, "elements", levels=limits.depth + 1)
    while end - start > LONGEST_PIECE:
        following = data.rfind(begin, start + 1, start + PIECE_SIZE)
        stop = end_before(data, following) if following > 0 else 0
        if not stop:
            raise ValueError
        yield Run(as_array(decode, data, start, stop), data, start, stop, begin=begin)
        start = following
    yield Run(as_array(decode, data, start, end), data, start, end, begin=begin)


# The first bytes of a file are looked at once there are so many of them, or all.
_ENOUGH_TO_TELL = 4096


def _choose_lane(data: bytes, projection: Projection, limits: Limits) -> tuple[_ArrayLane | _LinesLane | None, int]:
    """The lane that fits how `data` begins, and how many bytes its opening has; None when none fits."""
    if data.startswith(b"{") and data[: data.find(b"\n") + 1].endswith((b"}\n", b"}\r\n")):
        return _LinesLane(projection, limits), 0
    for opening, container in ((_RECORDS, "Records"), (_ARRAY, "[")):
        found = opening.match(data)
        first = _FIRST_KEY.match(data, found.end()) if found else None
        if found and first:
            lane = _ArrayLane(projection, limits, opening=found[0], begin=first[1], container=container)
            return lane, found.end()
    return None, 0


_Taken = tuple[list[Run | Piece], int, bool]
"""What a lane proved, how many bytes that was, and whether it can go on."""


class _ArrayLane:
    """The elements of `{"Records": [...]}` or of a top-level array, as long as they begin alike.

    `begin` is how they begin, `{"eventVersion"` most of the time. Where none begins so for long, the
    lane learns another beginning from the data: some records have their keys in alphabetical order.
    """

    def __init__(self, projection: Projection, limits: Limits, *, opening: bytes, begin: bytes, container: str) -> None:
        self.opening = opening
        self._begin = begin
        self._container = container
        self._limits = limits
        self._projection = projection
        self._form: Form = "elements" if container == "Records" else "values"
        self._learn_at = _LEARN_AFTER

    def take(self, data: bytes, offset: int, *, last: bool) -> _Taken:
        """Elements of `data`, which begins at an element; the `last` data should end with the closing."""
        closing = _end_of_elements(data, self._container) if last else None
        end, following = self._last_seam(data) if closing is None else (closing, len(data))
        if end == 0:
            return self._learn(data)
        if end > self._limits.record:  # one of them might be longer than a record may be
            return self._one_by_one(data[:end], offset, following, last=last)
        run = self._run(data, end)
        if run is None:
            return self._one_by_one(data[:end], offset, following, last=last)
        return [run], following, True

    def take_quickly(self, rest: bytes, piece: bytes) -> tuple[Run, bytes] | None:
        """The elements up to the last seam in `piece`, and what follows it; None when that is not so simple."""
        end, following = self._last_seam(piece)
        if end == 0 or len(rest) + end > self._limits.record:
            return None
        run = self._run(piece, end, before=rest)
        return None if run is None else (run, piece[following:])

    def _run(self, data: bytes, end: int, *, before: bytes = b"") -> Run | None:
        text = bytearray().join((b"[", before, memoryview(data)[:end], b"]"))
        try:
            projected = self._projection.decode(self._form, text, levels=self._limits.depth + 1)
        except NOT_AS_EXPECTED:
            return None
        return Run(projected, text, 1, len(text) - 1, begin=self._begin)

    def _last_seam(self, data: bytes) -> tuple[int, int]:
        """Where the last element that is followed by another ends, and where that one begins; 0, 0 for none."""
        begin = len(data)
        while (begin := data.rfind(self._begin, 0, begin + len(self._begin) - 1)) > 0:
            end = end_before(data, begin)
            if end:
                return end, begin
        return 0, 0

    def _learn(self, data: bytes) -> _Taken:
        """Try what else elements may begin with, each time the data has doubled without a seam."""
        if len(data) < self._learn_at:
            return [], 0, True
        self._learn_at = 2 * len(data)
        seams = list(_ANY_SEAM.finditer(data, max(0, len(data) - _LEARN_FROM)))
        for seam in reversed(seams[-_LEARN_TRIES:]):
            end = seam.start() + 1
            run = self._run(data, end) if end <= self._limits.record else None
            if run is not None:
                self._begin = seam[1]
                self._learn_at = _LEARN_AFTER
                return [run], seam.start(1), True
        return [], 0, True

    def _one_by_one(self, body: bytes, offset: int, following: int, *, last: bool) -> _Taken:
        """The elements of `body` each by itself: one of them is unusual, or the cut lies inside one."""
        items: list[Run | Piece] = []
        start = 0
        while start < len(body):
            item, end = self._next_element(body, start, offset)
            if item is None:
                # The rest of a cut element waits for more data, as long as there is something to show for it.
                return items, start, bool(items) and not last
            items.append(item)
            start = end
        return items, following, True

    def _next_element(self, body: bytes, start: int, offset: int) -> tuple[Run | Piece | None, int]:
        """The element that begins at `start`, and where the one after it begins."""
        for seam in islice(_ANY_SEAM.finditer(body, start), _NESTED_SEAMS):
            item = self._element(body[start : seam.start() + 1], offset + start)
            if item is not None:
                return item, seam.start(1)
        return self._element(body[start:], offset + start), len(body)

    def _element(self, text: bytes, offset: int) -> Run | Piece | None:
        if len(text) > self._limits.record:
            return None
        return self._run(text, len(text)) or _exact_piece(text, self._container, offset, self._limits)


class _LinesLane:
    """One record a line, or one `{"Records": [...]}`."""

    opening = b""

    def __init__(self, projection: Projection, limits: Limits) -> None:
        self._limits = limits
        self._projection = projection

    def take(self, data: bytes, offset: int, *, last: bool) -> _Taken:
        """The whole lines of `data`; when it is the `last` data the line without an end, too."""
        end = len(data) if last else data.rfind(b"\n") + 1
        if end == 0:
            return [], 0, True
        text = data[:end]
        if end > self._limits.record:
            return self._one_by_one(text, offset)
        try:
            projected = self._projection.decode("lines", text, levels=self._limits.depth)
        except NOT_AS_EXPECTED:
            return self._one_by_one(text, offset)
        return [LinesRun(projected, text)], end, True

    def _one_by_one(self, text: bytes, offset: int) -> _Taken:
        items: list[Run | Piece] = []
        used = 0
        for line in text.splitlines(keepends=True):
            if line.strip(_BLANK):
                found = self._line(line, offset + used)
                if not found:
                    return items, used, False
                items += found
            used += len(line)
        return items, used, True

    def _line(self, line: bytes, offset: int) -> list[Run | Piece]:
        if len(line) > self._limits.record:
            return []
        try:
            return [LinesRun(self._projection.decode("lines", line, levels=self._limits.depth), line)]
        except NOT_AS_EXPECTED:
            text = line.strip(_BLANK)
            runs = _log_file(text, self._projection, self._limits)
            piece = None if runs else _exact_piece(text, None, offset, self._limits)
            return [piece] if piece else [*runs]


# How often what looks like the seam between two elements may occur inside one that is looked at by itself.
_NESTED_SEAMS = 64

# The longest closing that is recognised.
_LONGEST_CLOSING = 200

# When to look for another beginning of elements, how much of the data's end to search, and how many to try.
_LEARN_AFTER = 512 * 1024
_LEARN_FROM = 64 * 1024
_LEARN_TRIES = 12

_BLANK = b" \t\r\n"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _end_of_elements(data: bytes | bytearray, container: str) -> int | None:
    """Where the brackets that close `container` begin, at the end of `data`; None when they do not stand there."""
    if container == "Records" and data.endswith(b"]}"):  # nearly always
        return len(data) - 2
    start = max(0, len(data) - _LONGEST_CLOSING)
    found = _CLOSINGS[container].search(data, start)
    return found.start() if found else None


def _exact_piece(text: bytes, container: str | None, offset: int, limits: Limits) -> Piece | None:
    """`text` as a piece for the exact path when it is one complete JSON value, else None."""
    try:
        decode_message(text, depth=limits.depth)
    except MessageError:
        return None
    return Piece(text=text.strip(_BLANK), container=container, offset=offset, problem=None)
