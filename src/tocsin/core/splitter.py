r"""Cutting the text of a file into JSON values, and containers of records into their elements.

Rule: every byte of the text lies in a piece, between pieces, or in a part that a piece reports as
lost; the pieces are the same however the text is fed. Memory is bounded by `limits.record` for
what is being held, plus a constant, and time is linear. Spec: CT-14.1, CT-14.3, CT-14.4, IF-2.

Values may follow one another with or without anything between them. A top-level array is cut into
its elements as it comes. A top-level object is held until it ends, because its members may come in
any order: only then is it certain whether `Records`, `Messages`, `logEvents` or `Events` is cut. One
that outgrows `limits.record` cannot be held; of such an object every one of these arrays is cut.

Where a value breaks off, reading goes on
- at the first line inside it that begins with `{`, once: what breaks off may be one line of NDJSON
  that swallowed the next one;
- else where a line begins with `{`, or at `}{`, which no JSON value holds outside its strings.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.byte_size import show_size
from tocsin.core.held_object import CONTAINERS, Elements, HeldObject
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.skim import QUICK_LEVELS, Skim, Skimmed, quick_element, quick_object

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One element of a container, or one whole top-level value; or what could not be read as such.

    `text` is its JSON text as it stands in the file, without blanks around it; empty when there is a
    `problem`. `container` is the member whose array it was cut from, "[" for a top-level array, None
    for a whole value. `offset` is where it begins in the unpacked text, in bytes. `problem` says in
    words why it cannot be read: it is `garbled` when it is not JSON (else it is too long or too
    deep), and `unfinished` when the fault is the file's: it ends too early, or it is broken so that
    nobody can say what was lost. Unfinished pieces come from `close` alone.
    """

    text: bytes
    container: str | None
    offset: int
    problem: str | None
    garbled: bool = False
    unfinished: bool = False


if TYPE_CHECKING:
    # A step gives a piece, or asks for more data with None.
    Steps = Generator[Piece | None, None, None]
    ByteSteps = Generator[Piece | None, None, int]

# No object that is matched at once is longer than this.
_WINDOW = 64 * 1024

# A value of a member that is looked at only to tell the form, and a name, have no more bytes.
_SHORT = 256

_END = -1

_BLANK_BYTES = b" \t\r\n"
_BLANKS = re.compile(rb"[ \t\r\n]*")
_BLANKS_IN_LINE = re.compile(rb"[ \t\r]*")
_PLAIN_NAME = re.compile(rb'"([^"\\\n]{1,64})"')
_SCALAR = re.compile(rb"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)\Z")
_ESCAPED_NAME = re.compile(rb'[{,][ \t\r\n]*"[A-Za-z]*\\u')

# Where to go on after a break: inside a value, and after text that is no value.
_NEXT_VALUE = re.compile(rb"(?:\n|\}[ \t\r]{0,8})(?=\{)")
_NEXT_LINE = re.compile(rb"\n|\}[ \t\r]{0,8}(?=\{)")
_NEXT_OBJECT = re.compile(rb'\n|(?=\{")')
_LONGEST_SEAM = 10

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_VALIDATION = b"CloudTrail validation message."  # CT-13.2

# What stands for a digest file that is too long to be held: enough to be told as one.
_DIGEST = b'{"digestStartTime":null,"logFiles":[]}'


class _Break(Exception):  # noqa: N818  (it never leaves this file)
    """The value at hand breaks off at the offset `at`; `reason` is None when the text ends there."""

    def __init__(self, reason: str | None, at: int, *, resumes: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at
        self.resumes = resumes  # does the next value begin right there?


class Splitter:
    """Cuts a text that comes in parts. `feed` it, then `close` it; exhaust each iterator before the next call.

    `offset` is where the text begins in the unpacked file.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, offset: int = 0) -> None:
        self._record = limits.record
        self._depth = limits.depth
        self._window = min(_WINDOW, limits.record) if limits.depth >= QUICK_LEVELS + 2 else 0
        self._data = bytearray()
        self._base = offset  # of the data
        self._at = offset  # where reading is
        self._keep = offset  # what lies before is not needed any more
        self._closed = False
        self._steps = self._document(foreign=offset == 0)
        # All that follows are offsets. `_room` bytes from `_need` on are kept, whatever happens.
        self._begin = offset  # of the top-level value at hand
        self._need: int | None = None
        self._room = 0
        self._held: HeldObject | None = None
        self._inside = False  # is the value at hand one whose elements are cut?
        self._floor = offset  # what begins before is not tried a second time
        self._is_recovering = False
        self._damage = ""

    def feed(self, part: bytes) -> Iterator[Piece]:
        """The pieces that are complete now that `part` is there."""
        del self._data[: self._keep - self._base]
        self._base = self._keep
        self._data += part
        yield from self._advance()

    def close(self) -> Iterator[Piece]:
        """The pieces that only the end of the text completes, and what it leaves unfinished."""
        self._closed = True
        yield from self._advance()

    def _advance(self) -> Iterator[Piece]:
        for step in self._steps:
            if step is None:
                return
            yield step

    # ------------------------------------------------------------ data

    def _more(self) -> Generator[Piece | None, None, bool]:
        """Ask for more data; False when there is none. An object that has grown too long is let go."""
        if self._held is not None and self._base + len(self._data) - self._held.start > self._record:
            yield from self._release()
        if self._closed:
            return False
        if self._held is not None:
            keep = self._held.start
        elif self._need is not None and self._at - self._need <= self._room:
            keep = self._need
        else:
            keep = self._at
        # One byte more, for `_before`.
        self._keep = max(self._base, keep - 1)
        yield None
        return True

    def _ahead(self, count: int) -> Generator[Piece | None, None, bytes]:
        """The next `count` bytes, fewer at the end."""
        self._need, self._room = self._at, count
        while len(self._data) - (self._at - self._base) < count:
            if not (yield from self._more()):
                break
        self._need = None
        start = self._at - self._base
        return bytes(self._data[start : start + count])

    def _next(self, blanks: re.Pattern[bytes] = _BLANKS) -> ByteSteps:
        """The next byte that is not blank, without taking it; `_END` when there is none."""
        while True:
            found = blanks.match(self._data, self._at - self._base)
            assert found is not None  # it matches nothing at least
            self._at = self._base + found.end()
            if found.end() < len(self._data):
                return self._data[found.end()]
            if not (yield from self._more()):
                return _END

    def _due(self) -> ByteSteps:
        """The next byte that is not blank, inside a value."""
        byte = yield from self._next()
        if byte == _END:
            raise _Break(None, self._at)
        return byte

    def _skim(self, skim: Skim, room: int) -> Generator[Piece | None, None, Skim]:
        """Go to the end of the value at hand; its text can be had afterwards if it fits into `room`."""
        self._need, self._room = self._at, room
        while True:
            outcome, index = skim.run(self._data, self._at - self._base)
            self._at = self._base + index
            if outcome is Skimmed.DONE:
                return skim
            if outcome is Skimmed.BROKEN:
                raise _Break(skim.reason, self._at, resumes=self._data[index] == 0x7B)
            if not (yield from self._more()):
                self._at = self._base + len(self._data)
                if skim.is_bare:
                    return skim
                raise _Break(None, self._at)

    def _before(self) -> int:
        """The byte before the one at hand; a line break where there is none."""
        return self._data[self._at - self._base - 1] if self._at > self._base else 0x0A

    def _text(self, start: int, end: int) -> bytes:
        return bytes(self._data[start - self._base : end - self._base])

    # ------------------------------------------------------------ pieces

    def _flaw(self, size: int, deepest: int) -> str | None:
        if deepest > self._depth:
            return f"nested more than {self._depth} levels deep (limits.depth)"
        if size > self._record:
            return f"longer than {show_size(self._record)} (limits.record)"
        return None

    def _piece(self, start: int, container: str | None, deepest: int) -> Piece:
        """What lies between `start` and where reading is."""
        flaw = self._flaw(self._at - start, deepest)
        text = b"" if flaw else self._text(start, self._at)
        return Piece(text=text, container=container, offset=start, problem=flaw)

    def _garbled(self, start: int, reason: str) -> Piece:
        return Piece(text=b"", container=None, offset=start, problem=f"not JSON: {reason}", garbled=True)

    # ------------------------------------------------------------ top level

    def _document(self, *, foreign: bool) -> Steps:
        if foreign:
            reason = _foreign_text((yield from self._ahead(4)))
            if reason:
                yield self._garbled(self._at, reason)
                yield from self._discard()
                return
        while (byte := (yield from self._next())) != _END:
            self._begin = self._at
            self._need = None
            self._inside = False
            try:
                yield from self._value(byte)
            except _Break as broken:
                yield from self._recover(broken)
        if self._damage:
            # The file is at fault, which its end alone can tell.
            yield Piece(text=b"", container=None, offset=self._at, problem=self._damage, garbled=True, unfinished=True)

    def _value(self, byte: int) -> Steps:
        if byte == 0x7B:
            yield from self._object()
        elif byte == 0x5B:
            self._inside = True
            yield from self._array("[", None)
        elif byte == 0x22:
            start = self._at
            skim = yield from self._skim(Skim(self._depth), self._record)
            yield self._piece(start, None, skim.deepest)
        elif byte in b",:]}":
            if not self._is_recovering:
                yield self._garbled(self._at, f"unexpected {_shown(byte)} at byte {self._at}")
            # The remains of one break are reported once.
            self._is_recovering = True
            self._at += 1
        else:
            yield from self._bare_text(byte)

    def _bare_text(self, byte: int) -> Steps:
        """A number or a literal, a byte order mark, CloudTrail's test message, or a line of garbage."""
        start = self._at
        # Where values follow one another without separators there are no lines to go by.
        is_line = self._before() in _BLANK_BYTES
        ahead = b""
        if byte == _BYTE_ORDER_MARK[0]:
            ahead = yield from self._ahead(len(_BYTE_ORDER_MARK))
        elif byte == _VALIDATION[0]:
            ahead = yield from self._ahead(len(_VALIDATION))
        if ahead == _BYTE_ORDER_MARK:
            self._at += len(ahead)
            return
        if ahead == _VALIDATION:
            self._at += len(ahead)
            yield Piece(text=b'"' + ahead + b'"', container=None, offset=start, problem=None)
            return
        if byte in b"-0123456789tfn":
            yield from self._skim(Skim(self._depth), self._record)
            self._need = None
            piece = self._piece(start, None, 0)
            follows = yield from self._next(_BLANKS_IN_LINE)
            if (_SCALAR.match(piece.text) or piece.problem) and follows in (_END, 0x0A, 0x7B, 0x5B, 0x22):
                yield piece
                return
        yield self._garbled(start, f"unexpected {_shown(byte)} at byte {start}")
        yield from self._seek(_NEXT_LINE if is_line else _NEXT_OBJECT)

    def _recover(self, broken: _Break) -> Steps:
        """Report the value that breaks off, and find where to go on."""
        if self._held is not None:
            yield from self._release()
        origin, room = (self._need, self._room) if self._inside else (self._begin, self._record)
        if origin is None:
            origin = broken.at
        self._need = None
        again = -1
        if origin >= self._floor and broken.at - origin <= room:
            again = self._data.find(b"\n{", origin - self._base, broken.at - self._base)
        if broken.reason is None:
            problem = f"unexpected end at byte {broken.at}"
            self._damage = self._damage or f"JSON: {problem}"
            if again < 0:
                return
        else:
            problem = f"{broken.reason} at byte {broken.at}"
            if self._inside:
                self._damage = self._damage or f"not JSON: {problem}; values after it may be lost"
        yield self._garbled(origin, problem)
        self._is_recovering = True
        if again >= 0:
            self._floor = broken.at
            self._at = self._base + again + 1
        elif not broken.resumes:
            yield from self._seek(_NEXT_VALUE)

    def _seek(self, seam: re.Pattern[bytes]) -> Steps:
        """Go behind the next `seam`, or to the end."""
        while True:
            found = seam.search(self._data, self._at - self._base)
            if found:
                self._at = self._base + found.end()
                return
            end = self._base + len(self._data)
            self._at = max(self._at, end - _LONGEST_SEAM)
            if not (yield from self._more()):
                self._at = end
                return

    def _discard(self) -> Steps:
        while True:
            self._at = self._base + len(self._data)
            if not (yield from self._more()):
                return

    # ------------------------------------------------------------ objects

    def _object(self) -> Steps:
        piece = self._object_at_once()
        if piece is not None:
            yield piece
            return
        held = self._held = HeldObject(self._at)
        self._at += 1
        fault = yield from self._members(held)
        if fault:
            # Not JSON, but in order as far as brackets go. If nothing is cut the decoder will say what is wrong.
            skim = Skim(self._depth, inside_object=True, line_begins=self._before() == 0x0A)
            yield from self._skim(skim, 0)
            held.deepest = max(held.deepest, skim.deepest)
        yield from self._finish(held, fault)

    def _object_at_once(self) -> Piece | None:
        """The object at hand as a whole, when all of it is there and nothing can be cut from it."""
        start = self._at - self._base
        found = quick_object()(self._data, start, start + self._window)
        if found is not None:
            text = found[0]
            if _may_hold_container(text):
                return None
            piece = Piece(text=text, container=None, offset=self._at, problem=None)
            self._at += len(text)
            return piece
        skim = Skim(self._depth)
        outcome, end = skim.run(self._data, start)
        if outcome is not Skimmed.DONE or end - start > self._record:
            return None
        text = bytes(self._data[start:end])
        if _may_hold_container(text):
            return None
        offset, self._at = self._at, self._base + end
        return self._piece(offset, None, skim.deepest)

    def _members(self, held: HeldObject) -> Generator[Piece | None, None, str]:
        """Go through the object at hand, past its closing bracket. What is wrong with it, if anything is."""
        byte = yield from self._due()
        if byte == 0x7D:
            self._at += 1
            return ""
        while True:
            name = yield from self._name(byte)
            byte = yield from self._due()
            if name is None or byte != 0x3A:
                return f"unexpected {_shown(byte)} at byte {self._at}"
            self._at += 1
            byte = yield from self._due()
            if byte == 0x5B and name in CONTAINERS:
                yield from self._container(held, name)
            elif byte in b",:]}" or byte < 0x20:
                return f"unexpected {_shown(byte)} at byte {self._at}"
            else:
                start = self._at
                skim = yield from self._skim(Skim(self._depth - 1), _SHORT)
                held.deepest = max(held.deepest, skim.deepest + 1)
                held.note(name, self._text(start, self._at) if self._at - start <= _SHORT else b"")
            self._need = None
            byte = yield from self._due()
            if byte == 0x7D:
                self._at += 1
                return ""
            if byte != 0x2C:
                return f"unexpected {_shown(byte)} at byte {self._at}"
            self._at += 1
            byte = yield from self._due()

    def _name(self, byte: int) -> Generator[Piece | None, None, str | None]:
        """The name of the member at hand: empty when it is of no interest, None when there is none."""
        if byte != 0x22:
            return None
        found = _PLAIN_NAME.match(self._data, self._at - self._base)
        if found:
            self._at += len(found[0])
            return found[1].decode("utf-8", "replace")
        start = self._at
        yield from self._skim(Skim(self._depth), _SHORT)
        self._need = None
        if self._at - start > _SHORT:
            return ""
        try:
            return str(json.loads(self._text(start, self._at)))
        except ValueError:
            return ""

    def _container(self, held: HeldObject, name: str) -> Steps:
        elements = held.begin(name)
        if self._held is None:
            held.is_cut = held.is_cut or elements.streams
        self._inside = self._inside or elements.streams
        yield from self._array(name, elements)

    def _finish(self, held: HeldObject, fault: str) -> Steps:
        """The object is complete: say what it is, or what its elements are."""
        size = self._at - held.start
        if self._held is not None and size <= self._record:
            self._held = None
            name = held.container(self._data, held.start - self._base)
            if name is None:
                yield self._piece(held.start, None, held.deepest)
                return
            for elements in held.arrays:
                if elements.name == name:
                    yield from self._cut(held, elements)
        else:
            if self._held is not None:
                yield from self._release()
            if not held.is_cut:
                if held.is_digest:
                    yield Piece(text=_DIGEST, container=None, offset=held.start, problem=None)
                else:
                    problem = self._flaw(size, held.deepest)
                    yield Piece(text=b"", container=None, offset=held.start, problem=problem)
                return
        if fault:
            yield self._garbled(held.start, fault)
            self._damage = self._damage or f"not JSON: {fault}; values after it may be lost"

    def _release(self) -> Steps:
        """Let go of the object that is held: its elements so far are pieces."""
        held, self._held = self._held, None
        assert held is not None
        for elements in held.arrays:
            if elements.streams:
                held.is_cut = True
                yield from self._cut(held, elements)

    def _cut(self, held: HeldObject, elements: Elements) -> Steps:
        for start, end, problem, garbled in elements.take():
            offset = held.start + start
            if garbled:
                yield Piece(text=b"", container=None, offset=offset, problem=problem, garbled=True)
                continue
            text = b"" if problem else self._text(offset, held.start + end)
            yield Piece(text=text, container=elements.name, offset=offset, problem=problem)

    # ------------------------------------------------------------ arrays

    def _array(self, container: str, elements: Elements | None) -> Steps:
        """Cut the array at hand: `elements` notes what is in it as long as its object is held."""
        self._at += 1
        byte = yield from self._due()
        while byte != 0x5D:
            yield from self._elements_at_once(container, elements)
            byte = yield from self._due()
            if byte == 0x5D:
                break
            if byte in b",:}" or byte < 0x20:
                raise self._unexpected(byte)
            start = self._at
            skim = yield from self._skim(Skim(self._depth), self._record)
            yield from self._element(container, elements, start, skim.deepest)
            self._need = None
            byte = yield from self._due()
            if byte == 0x2C:
                self._at += 1
                byte = yield from self._due()
                if byte == 0x5D:
                    yield from self._missing(elements)
            elif byte != 0x5D:
                raise self._unexpected(byte)
        self._at += 1

    def _elements_at_once(self, container: str, elements: Elements | None) -> Steps:
        """Take elements as long as they are plain and all there."""
        match, data, window = quick_element(), self._data, self._window
        index = self._at - self._base
        shift = self._base - self._held.start if self._held is not None else 0
        gives = elements is None or elements.streams
        while (found := match(data, index, index + window)) is not None:
            if self._held is not None and elements is not None:
                elements.add(index + shift, found.end(1) + shift)
            elif gives:
                yield Piece(text=found[1], container=container, offset=self._base + index, problem=None)
            index = found.end()
            self._at = self._base + index

    def _element(self, container: str, elements: Elements | None, start: int, deepest: int) -> Steps:
        """Give or note the element between `start` and where reading is."""
        if self._held is None or elements is None:
            if elements is None or elements.streams:
                yield self._piece(start, container, deepest)
            return
        held = self._held
        held.deepest = max(held.deepest, deepest + 2)
        flaw = self._flaw(self._at - start, deepest)
        if flaw:
            elements.add_flaw(start - held.start, flaw, garbled=False)
        else:
            elements.add(start - held.start, self._at - held.start)

    def _missing(self, elements: Elements | None) -> Steps:
        """Report a comma with nothing behind it; what stands before it is not in doubt."""
        reason = f"a value is missing at byte {self._at}"
        if self._held is None or elements is None:
            yield self._garbled(self._at, reason)
        else:
            elements.add_flaw(self._at - self._held.start, f"not JSON: {reason}", garbled=True)

    def _unexpected(self, byte: int) -> _Break:
        return _Break(f"unexpected {_shown(byte)}", self._at, resumes=byte == 0x7B)


def split(text: bytes, limits: Limits = DEFAULT_LIMITS) -> Iterator[Piece]:
    """The pieces of a text that is all there."""
    splitter = Splitter(limits)
    yield from splitter.feed(text)
    yield from splitter.close()


def member_text(text: bytes, name: str) -> bytes | None:
    """The JSON text of the member `name` of an object, which is well-formed; the last one of that name."""
    found = None
    at = 1
    while True:
        at = _skip_blanks(text, at)
        if text[at] == 0x7D:
            return found
        end = Skim(0).run(text, at)[1]
        this = json.loads(text[at:end])
        start = _skip_blanks(text, _skip_blanks(text, end) + 1)
        end = Skim(0).run(text, start)[1]
        if this == name:
            found = text[start:end]
        at = _skip_blanks(text, end)
        at += text[at] == 0x2C


def _skip_blanks(text: bytes, at: int) -> int:
    found = _BLANKS.match(text, at)
    assert found is not None  # it matches nothing at least
    return found.end()


def _may_hold_container(text: bytes) -> bool:
    """May an object of this text have a member that is cut? False is certain."""
    # Written out: this is asked of every object at the top level.
    if b'"Records"' in text or b'"Messages"' in text or b'"logEvents"' in text or b'"Events"' in text:
        return True
    return b"\\u" in text and _ESCAPED_NAME.search(text) is not None


def _foreign_text(first: bytes) -> str:
    """What the text is, told by its first bytes, if it is none that JSON can be; else empty."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")) or (0 in first[:2] and first[:2].strip(b"\0")):
        return "UTF-16 text"
    if first.startswith(b"\x1f\x8b"):
        return "gzip inside gzip"
    return "a Parquet file" if first == b"PAR1" else ""


def _shown(byte: int) -> str:
    return f'"{chr(byte)}"' if 0x20 < byte < 0x7F else f"byte 0x{byte:02x}"
