"""Reading one file of an archive: its records, the ones that a command has to look at closely, and the ledger.

Rule: every value of a file is counted once, as a record, as malformed, or as something that CloudTrail
data holds besides records. Spec: IF-2, CT-14.3, CT-14.4.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tocsin.core.event import ABSENT, Event, MessageError, decode_message
from tocsin.core.event_time import event_time_problem, parse_event_time, span_of_times
from tocsin.core.forms import DigestLeaf, MalformedLeaf, RecordLeaf, ReferenceLeaf, tell
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.projection import Projection
from tocsin.core.record_run import Run
from tocsin.core.splitter import Piece
from tocsin.core.stream import RecordStream
from tocsin.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.app.ledger import Ledger
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.selection import Selection
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.record_decoder import Path

_RECIPIENT: Path = ("recipientAccountId",)
_CALLER: Path = ("userIdentity", "accountId")
_REGION: Path = ("awsRegion",)

# Problems of a file beyond these are counted, not kept: a report shows no more.
_GARBLED_SHOWN = 100


class Candidate(NamedTuple):
    """A record to look at closely: its number among the values of its file, its time, itself."""

    position: int
    second: int
    event: Event


class RecordTap(Protocol):
    """Is shown every selected record: its second, and the values at `paths`, None for what is null or absent."""

    paths: tuple[Path, ...]

    def see(self, second: int, values: Sequence[object]) -> None:
        """Look at one record."""
        ...


class RecordReader:
    """Reads files and gives the candidates among their records.

    A record that is not given matches none of `patterns`. With `everything` every selected record is
    given, whatever the patterns.
    """

    def __init__(
        self,
        patterns: Iterable[FilterPattern],
        *,
        open_file: OpenArchiveFile,
        selection: Selection,
        limits: Limits = DEFAULT_LIMITS,
        everything: bool = False,
        note_minutes: bool = False,
        tap: RecordTap | None = None,
    ) -> None:
        """With `note_minutes` the minutes in which selected records lie are noted (`take_minutes`).

        `tap` is shown all of them, candidates or not.
        """
        places = (_RECIPIENT, _CALLER, _REGION) if selection.accounts or selection.regions else ()
        also = places if tap is None else (*places, *tap.paths)
        self.projection = Projection(patterns, also=also, everything=everything)
        self.tap = tap
        self.open_file = open_file
        self.selection = selection
        self.takes_all = selection.is_everything
        self.limits = limits
        self.note_minutes = note_minutes
        self.minutes: set[int] = set()

    def take_minutes(self) -> set[int]:
        """The minutes (since the epoch) of the selected records that were read since this was last asked."""
        taken, self.minutes = self.minutes, set()
        return taken

    def read(self, path: str, ledger: Ledger) -> Iterator[Candidate]:
        """The candidates of one file, in its order. What was read and what was not goes into `ledger`."""
        return _FileRead(self, path, ledger).run()


class _FileRead:
    """The state of reading one file."""

    def __init__(self, reader: RecordReader, path: str, ledger: Ledger) -> None:
        self._reader = reader
        self._path = path
        self._ledger = ledger
        self._position = 0  # of the value at hand among the values of the file
        self._kinds: set[type] = set()  # of what the file was found to hold
        self._json = False  # has any value been JSON?
        self._garbled: list[tuple[int, str]] = []  # while none has: what was there instead
        self._garbled_more = 0

    def run(self) -> Iterator[Candidate]:
        """Read to the end, or to where the file breaks."""
        limits = self._reader.limits
        stream = RecordStream(self._reader.projection, limits)
        reason: str | None = None
        try:
            file = self._reader.open_file(self._path, limits)
        except SourceError as error:
            self._ledger.skip(self._path, error.message)
            return
        try:
            for piece in file:
                for item in stream.feed(piece):
                    yield from self._take(item)
        except SourceError as error:
            reason = error.message
        for item in stream.close():
            if isinstance(item, Piece) and item.unfinished:
                reason = reason or item.problem
            else:
                yield from self._take(item)
        self._ledger.bytes_read += file.bytes_read
        self._ledger.bytes_unpacked += file.bytes_unpacked
        self._conclude(reason)

    def _conclude(self, reason: str | None) -> None:
        """Enter the file itself into the ledger: read, skipped with a reason, or a digest."""
        kinds, ledger = self._kinds, self._ledger
        if reason is None and not self._json:
            garbled = self._garbled[0][1].removeprefix("not JSON: ") if self._garbled else ""
            reason = f"no JSON: {garbled}" if garbled else "empty file"
        elif reason is None and kinds == {ReferenceLeaf}:
            reason = "holds only references to objects (S3 notifications), which scans do not follow"
        if reason is not None:
            ledger.skip(self._path, reason)
        elif kinds == {DigestLeaf}:
            ledger.digests += 1
        else:
            ledger.files_read += 1

    def _take(self, item: Run | Piece) -> Iterable[Candidate]:
        if isinstance(item, Run):
            if not self._json:
                self._has_json()
            self._kinds.add(RecordLeaf)
            return self._take_run(item)
        if item.problem is None:
            return self._take_piece(item)
        self._garble(item.problem) if item.garbled else self._malformed(item.problem)
        return ()

    # ------------------------------------------------------------ the fast lane

    def _take_run(self, run: Run) -> Sequence[Candidate]:
        reader, ledger = self._reader, self._ledger
        projection, records = reader.projection, run.records
        start, count = self._position, len(records)
        self._position += count
        known = ledger.known_span
        span = span_of_times(projection.times(records), known)
        if span is None:
            self._check_times(records, start)
        else:
            ledger.read += count
        selected: set[int] | None = None
        if span is None or not reader.takes_all:
            selected = self._selected(records)
        else:
            ledger.selected += count
            if span is not known:
                ledger.span(*span)
        if reader.note_minutes:
            self._note_minutes(records, selected)
        if reader.tap is not None:
            self._show(reader.tap, records, selected)
        places = projection.candidates(run.projected)
        if not places:  # as it is for nearly all runs
            return ()
        wanted = [
            (place, second)
            for place in places
            if (second := parse_event_time(projection.time_of(records[place]))) is not None
            and (selected is None or place in selected)
        ]
        texts = run.texts([place for place, _ in wanted])
        return [
            Candidate(start + place + 1, second, Event(text))
            for (place, second), text in zip(wanted, texts, strict=True)
        ]

    def _note_minutes(self, records: list[Any], selected: set[int] | None) -> None:
        times = map(self._reader.projection.time_of, records)
        chosen = (text for place, text in enumerate(times) if selected is None or place in selected)
        self._reader.minutes.update(second // 60 for text in chosen if (second := parse_event_time(text)) is not None)

    def _show(self, tap: RecordTap, records: list[Any], selected: set[int] | None) -> None:
        projection = self._reader.projection
        times = projection.times(records)
        columns = [projection.column(records, path) for path in tap.paths]
        rows: Iterator[tuple[Any, ...]] = zip(times, *columns, strict=True)
        if selected is not None:
            rows = compress(rows, [place in selected for place in range(len(records))])
        for text, *values in rows:
            second = parse_event_time(text)
            if second is not None:
                tap.see(second, values)

    def _check_times(self, records: list[Any], start: int) -> None:
        for position, text in enumerate(map(self._reader.projection.time_of, records), start + 1):
            if parse_event_time(text) is None:
                self._ledger.problem(self._path, position, event_time_problem(text))
            else:
                self._ledger.read += 1

    def _selected(self, records: list[Any]) -> set[int]:
        """The places of the records that are asked about."""
        selection, ledger = self._reader.selection, self._ledger
        seconds = {
            place: second
            for place, text in enumerate(map(self._reader.projection.time_of, records))
            if (second := parse_event_time(text)) is not None and selection.has_time(second)
        }
        if selection.accounts or selection.regions:
            column = self._reader.projection.column
            where = zip(column(records, _RECIPIENT), column(records, _CALLER), column(records, _REGION), strict=True)
            for place, (recipient, caller, region) in enumerate(where):
                if not selection.has_place(_account(recipient, caller), region):
                    seconds.pop(place, None)
        ledger.selected += len(seconds)
        if seconds:
            ledger.span(min(seconds.values()), max(seconds.values()))
        return set(seconds)

    # ------------------------------------------------------------ the exact path

    def _take_piece(self, piece: Piece) -> Iterator[Candidate]:
        limits = self._reader.limits
        try:
            value = decode_message(piece.text, depth=limits.depth)
        except MessageError as error:
            self._garble(error.reason)
            return
        self._has_json()
        for leaf in tell(value, container=piece.container, text=piece.text, limits=limits):
            self._kinds.add(type(leaf))
            if isinstance(leaf, RecordLeaf):
                yield from self._take_record(Event.decoded(leaf.value, leaf.text or piece.text))
            elif isinstance(leaf, MalformedLeaf):
                self._malformed(leaf.reason)
            else:
                self._position += 1

    def _take_record(self, event: Event) -> Iterator[Candidate]:
        ledger, selection = self._ledger, self._reader.selection
        self._position += 1
        text = event.get("eventTime")
        second = parse_event_time(text) if type(text) is str else None
        if second is None:
            ledger.problem(self._path, self._position, event_time_problem(text))
            return
        ledger.read += 1
        account = _account(event.get("recipientAccountId"), event.get("userIdentity.accountId"))
        if not selection.has_time(second) or not selection.has_place(account, event.get("awsRegion")):
            return
        ledger.selected += 1
        ledger.span(second, second)
        if self._reader.note_minutes:
            self._reader.minutes.add(second // 60)
        if self._reader.tap is not None:
            values = (event.get(".".join(path)) for path in self._reader.tap.paths)
            self._reader.tap.see(second, [None if value is ABSENT else value for value in values])
        yield Candidate(self._position, second, event)

    # ------------------------------------------------------------ what is no record

    def _malformed(self, reason: str) -> None:
        self._has_json()
        self._position += 1
        self._ledger.problem(self._path, self._position, reason)

    def _garble(self, reason: str) -> None:
        """Note text that is not JSON: malformed in a file that has JSON, else the reason to skip the file."""
        self._position += 1
        if self._json:
            self._ledger.problem(self._path, self._position, reason)
        elif len(self._garbled) < _GARBLED_SHOWN:
            self._garbled.append((self._position, reason))
        else:
            self._garbled_more += 1

    def _has_json(self) -> None:
        if not self._json:
            self._json = True
            for position, reason in self._garbled:
                self._ledger.problem(self._path, position, reason)
            self._ledger.malformed += self._garbled_more


def account_of(event: Event) -> str:
    """The account that a record belongs to: recipientAccountId, else userIdentity.accountId, else empty."""
    account = _account(event.get("recipientAccountId"), event.get("userIdentity.accountId"))
    return account if type(account) is str else ""


def _account(recipient: object, caller: object) -> object:
    return caller if recipient is None or recipient is ABSENT or recipient == "" else recipient
