"""What a `[[source]]` reads, into a log group, with everything that follows from it. Spec: IF-9, AR-5.

Rule: events, their metric data, what was seen of them and the place where the source stands are written in one
transaction. So a source goes on where it was left, whenever the process died, and an eventID comes into a group once.
What cannot be read is counted and reported with its reason, and stops nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from tocsin.app.ledger import Ledger
from tocsin.app.log_group import GROUPS, create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.pipeline import Pipeline
from tocsin.app.reader import RecordReader
from tocsin.app.selection import Selection
from tocsin.errors import AlreadyExistsError, NotFoundError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.reader import Candidate
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.limits import Limits
    from tocsin.core.scope import Scope

# Records that are written together, and bytes of them.
_MOST_EVENTS = 1_000
_MOST_BYTES = 4 * 1024 * 1024

# Seconds between two looks at a file, and at a folder; a folder rests at least so many times as long as a look took.
_FILE_EVERY = 1.0
_FOLDER_EVERY = 2.0
_FOLDER_REST = 10

# Seconds after which a file that could not be opened is tried again.
_REFUSED_FOR = 60.0

# Seconds for which a file that lost its name is looked at, after the last line in it.
_OLD_FILE_PATIENCE = 10.0


class SourceTarget(NamedTuple):
    """Where the events of a source go."""

    scope: Scope
    log_group: str
    log_stream: str


class SourceState(msgspec.Struct, kw_only=True):
    """How a source stands, for health: `state` in a few words, the rest counted since the service was started."""

    path: str
    state: str = "starting"
    events: int = 0
    duplicates: int = 0
    malformed: int = 0
    files: int = 0
    files_skipped: int = 0


class FoundFile(Protocol):
    """A file of a folder: its path as it is shown, and its size in bytes."""

    @property
    def path(self) -> str:
        """Its path."""
        ...

    @property
    def size(self) -> int:
        """Its size."""
        ...


class SourceFeed:
    """What folders and files have in common: records in batches, and the ledger told."""

    def __init__(
        self,
        service: Service,
        target: SourceTarget,
        path: str,
        *,
        open_file: OpenArchiveFile,
        limits: Limits,
        report: Callable[..., None],
    ) -> None:
        self.state = SourceState(path=path)
        self._service = service
        self._target = target
        self._path = path
        self._limits = limits
        self._reader = RecordReader([], open_file=open_file, selection=Selection(), limits=limits, everything=True)
        self._report = report
        self._told: set[tuple[str, str]] = set()

    def _cursor_name(self, what: str) -> str:
        scope, group, stream = self._target
        return f"{scope.account}\0{scope.region}\0{group}\0{stream}\0{what}"

    def _make_target(self) -> None:
        """Make the group and the stream where they are missing."""
        scope, group, stream = self._target
        with self._service.store.read() as store:
            has_group = GROUPS.get(store, scope, group) is not None
            has_stream = store.logs.stream(scope, group, stream) is not None
        if not has_group:
            with suppress(AlreadyExistsError):
                create_log_group(self._service, scope, group)
        if not has_stream:
            with suppress(AlreadyExistsError):
                create_log_stream(self._service, scope, group, stream)

    def _take(
        self, candidates: Iterable[Candidate], *, after: int, cursor: Callable[[int | None], bytes], name: str
    ) -> None:
        """Keep the records behind the `after`-th value. `cursor` gives the mark for a value, or for the end (None)."""
        batch: list[Candidate] = []
        size = 0
        for one in candidates:
            if one.position <= after:
                continue
            batch.append(one)
            size += len(one.event.text)
            if len(batch) >= _MOST_EVENTS or size >= _MOST_BYTES:
                self._keep(batch, name, cursor(one.position))
                batch, size = [], 0
        self._keep(batch, name, cursor(None))

    def _keep(self, batch: Sequence[Candidate], name: str, cursor: bytes) -> None:
        scope, group, stream = self._target
        idents = {f"{group}\0{_ident(one)}": one for one in batch}
        now = self._service.now_ms()
        pipeline = self._service.part(Pipeline)

        def work(store: StoreWriter) -> int:
            seen = store.sources.seen(scope, idents)
            fresh = {ident: one for ident, one in idents.items() if ident not in seen}
            if fresh:
                events = [(one.second * 1000, one.event.text) for one in fresh.values()]
                pipeline.put(scope, group, stream, events, writer=store, checked=False)
                store.sources.note_seen(scope, fresh, at=now)
            store.sources.set_cursor(name, cursor)
            return len(fresh)

        try:
            fresh = self._service.store.write(work)
        except NotFoundError:  # somebody has removed the group or the stream meanwhile
            self._make_target()
            fresh = self._service.store.write(work)
        self.state.events += fresh
        self.state.duplicates += len(batch) - fresh
        self._service.counters.add("source_events", fresh)
        self._service.counters.add("source_duplicates", len(batch) - fresh)

    def _conclude(self, ledger: Ledger) -> None:
        """Count and report what a ledger says."""
        state, counters = self.state, self._service.counters
        state.malformed += ledger.malformed
        state.files += ledger.files_read
        state.files_skipped += len(ledger.skipped)
        counters.add("source_malformed", ledger.malformed)
        counters.add("source_files", ledger.files_read)
        counters.add("source_files_skipped", len(ledger.skipped))
        for path, reason in ledger.skipped:
            self._tell(path, reason)
        for path, position, reason in ledger.problems:
            self._report("source-record-malformed", path=path, position=position, reason=reason)

    def _tell(self, path: str, reason: str) -> None:
        """Report a file that could not be read, once for each reason."""
        if (path, reason) not in self._told:
            self._told.add((path, reason))
            self._report("source-file-skipped", path=path, reason=reason)


def _ident(one: Candidate) -> str:
    """The eventID; of a record without one a digest of all of it."""
    ident = one.event.get("eventID")
    if isinstance(ident, str) and ident:
        return ident
    return hashlib.blake2b(one.event.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# ---------------------------------------------------------------- a folder


class _FileMark(msgspec.Struct, frozen=True, array_like=True):
    """How far a file was read: its size then, and the number of the last value; `is_done` at the end of it."""

    size: int
    position: int = 0
    is_done: bool = False


_encode_mark = msgspec.msgpack.Encoder().encode
_decode_mark = msgspec.msgpack.Decoder(_FileMark).decode


class FolderFeed(SourceFeed):
    """A folder of CloudTrail log files. Each file is read once it has stopped growing, and again if it has grown."""

    def __init__(
        self,
        service: Service,
        target: SourceTarget,
        path: str,
        *,
        list_files: Callable[[str], tuple[Sequence[FoundFile], Sequence[tuple[str, str]]]],
        **how: Any,
    ) -> None:
        super().__init__(service, target, path, **how)
        self._list_files = list_files
        self._done: dict[str, int] = {}  # size of each file that needs no look
        self._sizes: dict[str, int] = {}  # of those that were met in the last look, and may still grow
        self._ready: list[FoundFile] = []
        self._refused: dict[str, float] = {}  # when a file that could not be opened is tried again

    def step(self) -> float:
        """Look for files, or read one; the seconds until the next step."""
        if self._ready:
            self._read(self._ready.pop())
            return 0.0
        clock = self._service.clock
        began = clock.monotonic()
        try:
            files, skipped = self._list_files(self._path)
        except NotFoundError:
            self.state.state = "waiting: there is no such folder"
            return _FOLDER_EVERY
        for path, reason in skipped:
            self._tell(path, reason)
        new = [one for one in files if self._done.get(one.path) != one.size and not self._is_done(one)]
        self._refused = {path: until for path, until in self._refused.items() if until > began}
        ready = (one for one in new if self._sizes.get(one.path) == one.size and one.path not in self._refused)
        self._ready = list(ready)[::-1]
        self._sizes = {one.path: one.size for one in new}
        self.state.state = f"reading {len(self._ready)} files" if self._ready else "watching"
        if self._ready:
            self._make_target()
            return 0.0
        return max(_FOLDER_EVERY, _FOLDER_REST * (clock.monotonic() - began))

    def _mark(self, path: str) -> _FileMark | None:
        with self._service.store.read() as store:
            body = store.sources.cursor(self._cursor_name(path))
        return None if body is None else _decode_mark(body)

    def _is_done(self, file: FoundFile) -> bool:
        mark = self._mark(file.path)
        if mark is None or not mark.is_done or mark.size != file.size:
            return False
        self._done[file.path] = file.size
        return True

    def _read(self, file: FoundFile) -> None:
        mark = self._mark(file.path)
        after = mark.position if mark is not None and mark.size == file.size else 0
        ledger = Ledger()

        def cursor(position: int | None) -> bytes:
            if position is not None:
                return _encode_mark(_FileMark(file.size, position))
            # What could not even be opened is tried again at the next look.
            return _encode_mark(_FileMark(file.size, 0, is_done=bool(ledger.bytes_read)))

        self._take(self._reader.read(file.path, ledger), after=after, cursor=cursor, name=self._cursor_name(file.path))
        self._conclude(ledger)
        if ledger.bytes_read:
            self._done[file.path] = file.size
        else:
            self._refused[file.path] = self._service.clock.monotonic() + _REFUSED_FOR


# ---------------------------------------------------------------- a file


Place = TypeVar("Place")
Place_co = TypeVar("Place_co", covariant=True)


class Tail(Protocol[Place_co]):
    """What is read of a file at once, as `sources.tail.TailPiece`; only its reader looks into a place."""

    @property
    def data(self) -> bytes:
        """Whole lines."""
        ...

    @property
    def start(self) -> Place_co:
        """The place where they begin."""
        ...

    @property
    def place(self) -> Place_co:
        """The place behind them."""
        ...

    @property
    def dropped(self) -> int:
        """Lines that were too long."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether there may be more at once."""
        ...

    @property
    def is_old(self) -> bool:
        """Whether another file has the name."""
        ...


class _Lines:
    """Lines that were read, as a file of an archive (`UnpackedFile`)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.bytes_read = self.bytes_unpacked = len(data)

    def __iter__(self) -> Iterator[bytes]:
        yield self._data


class FileFeed(SourceFeed, Generic[Place]):
    """A file that grows by lines, each of which holds a record in any form that a scan reads.

    `read_tail` reads on from a place (`sources.tail.read_tail`), whose type is `place_type`.
    """

    def __init__(
        self,
        service: Service,
        target: SourceTarget,
        path: str,
        *,
        read_tail: Callable[..., Tail[Place]],
        place_type: type[Place],
        **how: Any,
    ) -> None:
        self._lines = b""
        super().__init__(service, target, path, open_file=lambda *_: _Lines(self._lines), **how)
        self._read_tail = read_tail
        self._mark_type: Any = tuple[place_type, int]  # type: ignore[valid-type]  # a type made from an argument
        self._quiet_since: float | None = None

    def step(self) -> float:
        """Read what has come; the seconds until the next step."""
        name = self._cursor_name(self._path)
        with self._service.store.read() as store:
            body = store.sources.cursor(name)
        place, after = (None, 0) if body is None else msgspec.msgpack.decode(body, type=self._mark_type)
        now = self._service.clock.monotonic()
        patient = self._quiet_since is not None and now - self._quiet_since >= _OLD_FILE_PATIENCE
        try:
            piece = self._read_tail(self._path, place, longest=self._limits.record, leaves_old=patient)
        except SourceError as error:
            self.state.state = f"waiting: {error.message}"
            return _FILE_EVERY
        self.state.state = "following"
        if not piece.is_old or piece.data:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        if piece.place == place:
            return _FILE_EVERY
        self._keep_lines(piece, after if piece.start == place else 0, name)
        return 0.0 if piece.is_behind else _FILE_EVERY

    def _keep_lines(self, piece: Tail[Place], after: int, name: str) -> None:
        def cursor(position: int | None) -> bytes:
            # Within a piece the place stays where the piece began: the number counts from there.
            return msgspec.msgpack.encode((piece.place, 0) if position is None else (piece.start, position))

        self._make_target()
        ledger = Ledger()
        self._lines = piece.data
        candidates = self._reader.read(self._path, ledger) if piece.data else ()
        self._take(candidates, after=after, cursor=cursor, name=name)
        self._lines = b""
        for _ in range(piece.dropped):
            ledger.problem(self._path, 0, f"a line longer than {self._limits.record} bytes (limits.record)")
        for path, reason in ledger.skipped:  # some lines, not the file
            ledger.problem(path, 0, reason)
        ledger.files_read, ledger.skipped = 0, []
        self._conclude(ledger)
