"""The store, as use cases see it. Adapters implement it; nothing here imports one. Spec: AR-5, AR-7, CON-4.0.

Rule: what a `write` has returned survives the death of the process; what it has not returned left no
trace. A `read` sees one moment. Nothing is kept in a store that cannot be told from its arguments:
no clock, no chance.

Definitions (filters, alarms, topics …) are documents: bytes under a kind, a scope and a name. The
store knows nothing of what is in them; `app.definition.Definitions` gives them their types. All that
is kept in bulk has an interface of its own: log events, metric data, history, outbox, sources, records,
calls, counts of log events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from tocsin.app.activity_port import ActivityReader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tocsin.app.call_port import CallReader, CallWriter
    from tocsin.app.event_count_port import EventCountReader, EventCountWriter
    from tocsin.app.metric_port import MetricReader, MetricWriter
    from tocsin.core.alarm.history import HistoryItem, HistoryItemType
    from tocsin.core.alarm.state_hour import AlarmStep, StateHour, StateStep
    from tocsin.core.delivery import DeliveryAttempt
    from tocsin.core.kept_record import (
        BegunBatch,
        Destination,
        FoundRecord,
        NewRecord,
        RecordGroup,
        RecordPlace,
        WaitingGroup,
        WaitingRecords,
    )
    from tocsin.core.log_event import EventPlace, LogEvent, LogStream, LookUp, Term
    from tocsin.core.outbox import DeliveryRow, DeliveryStatus
    from tocsin.core.scope import Scope

Result = TypeVar("Result")


class Packing(NamedTuple):
    """Log events that were packed into a block, and those that are in none yet."""

    packed: int
    loose: int


class Store(Protocol):
    """Where everything lasting lives. Methods may be called from any thread, and wait for the disk."""

    def read(self) -> AbstractContextManager[StoreReader]:
        """A view of one moment: what has been committed when it is entered. CutOffError when a `time_limit` is over."""
        ...

    def write(self, work: Callable[[StoreWriter], Result]) -> Result:
        """Run `work` alone, commit, and only then return its result.

        What `work` raises is raised here, and nothing of it is kept. Works that wait at the same time
        share one commit. StoreError when the store cannot write, StoreBusyError when its queue is full.
        """
        ...

    def at_once(self) -> AbstractContextManager[bool]:
        """Whether `write` waits for nobody, and for no disk, in this thread for as long as the block lasts.

        It is true only when nobody else writes, and then nobody does meanwhile: the block is to be short, and is not
        to wait for anything that somebody may hold who writes.
        """
        ...

    def pack_logs(self, *, at: int) -> Packing:
        """Make one block, with its postings, of log events that wait for it, if they are many or have waited long."""
        ...

    def changes(self) -> int:
        """A number that is another one once this process has changed a definition; it is asked for without the disk.

        What another process has changed shows in `StoreReader.version` alone.
        """
        ...

    def check(self) -> None:
        """Raise StoreError with the reason when it cannot be read or written."""
        ...

    def hurry(self) -> None:
        """Wait for no lock of another program any more: the service is to end soon, and `close` will follow."""
        ...

    def close(self) -> None:
        """Commit what waits and let go of everything."""
        ...


class StoreReader(Protocol):
    """What is in the store."""

    @property
    def logs(self) -> LogReader:
        """Log streams and log events."""
        ...

    @property
    def metrics(self) -> MetricReader:
        """Metric data."""
        ...

    @property
    def history(self) -> HistoryReader:
        """Alarm history and evaluation records."""
        ...

    @property
    def outbox(self) -> OutboxReader:
        """Deliveries."""
        ...

    @property
    def sources(self) -> SourceReader:
        """How far sources have been read."""
        ...

    @property
    def records(self) -> RecordReader:
        """CloudTrail records: event history, and what trails have to deliver."""
        ...

    @property
    def calls(self) -> CallReader:
        """Calls that are counted for Insights."""
        ...

    @property
    def event_counts(self) -> EventCountReader:
        """How many log events came."""
        ...

    def get(self, kind: str, scope: Scope, name: str) -> bytes | None:
        """One definition; None when there is none."""
        ...

    def scan(
        self,
        kind: str,
        scope: Scope,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> list[tuple[str, bytes]]:
        """Names and definitions in the order of the names' UTF-8, or in the opposite one; those beyond `after`."""
        ...

    def scan_all(self, kind: str) -> Iterator[tuple[Scope, str, bytes]]:
        """The definitions of every scope."""
        ...

    def count(self, kind: str, scope: Scope, *, prefix: str = "") -> int:
        """How many definitions there are."""
        ...

    def version(self, kind: str) -> int:
        """A number that is another one after each committed change to a definition of that kind, in any scope."""
        ...


class StoreWriter(StoreReader, Protocol):
    """A store while it is being changed: what `work` has written it reads back."""

    @property
    def logs(self) -> LogWriter:
        """Log streams and log events."""
        ...

    @property
    def metrics(self) -> MetricWriter:
        """Metric data."""
        ...

    @property
    def history(self) -> HistoryWriter:
        """Alarm history and evaluation records."""
        ...

    @property
    def outbox(self) -> OutboxWriter:
        """Deliveries."""
        ...

    @property
    def sources(self) -> SourceWriter:
        """How far sources have been read."""
        ...

    @property
    def records(self) -> RecordWriter:
        """CloudTrail records: event history, and what trails have to deliver."""
        ...

    @property
    def calls(self) -> CallWriter:
        """Calls that are counted for Insights."""
        ...

    @property
    def event_counts(self) -> EventCountWriter:
        """How many log events came."""
        ...

    def put(self, kind: str, scope: Scope, name: str, body: bytes) -> None:
        """Keep a definition, in place of the one of that name."""
        ...

    def delete(self, kind: str, scope: Scope, name: str) -> bool:
        """Remove a definition; False when there was none."""
        ...

    def reset(self, scope: Scope | None = None) -> None:
        """Remove everything, or everything of one scope (WIRE-9.11)."""
        ...


class LogReader(ActivityReader, Protocol):
    """Log streams and events. A group is named by its scope and name; that it exists is the caller's business."""

    def stream(self, scope: Scope, group: str, name: str) -> LogStream | None:
        """One stream; None when there is none."""
        ...

    def streams(
        self, scope: Scope, group: str, *, prefix: str = "", after: str | None = None, limit: int | None = None
    ) -> list[LogStream]:
        """Streams in the order of their names' UTF-8."""
        ...

    def streams_by_last_event(
        self, scope: Scope, group: str, *, descending: bool, after: tuple[int, str] | None = None, limit: int
    ) -> list[LogStream]:
        """Streams in the order of (last event, name); one without events counts as -1."""
        ...

    def stored_bytes(self, scope: Scope, group: str) -> int:
        """Bytes of the messages that the group holds."""
        ...

    def events(
        self,
        scope: Scope,
        group: str,
        *,
        streams: Collection[str] | None = None,
        start: int | None = None,
        end: int | None = None,
        after: EventPlace | None = None,
        descending: bool = False,
        limit: int,
        max_bytes: int | None = None,
    ) -> list[LogEvent]:
        """Events with start <= timestamp < end in the order of their places, beyond `after` in that order.

        Stops before `limit` events or `max_bytes` bytes of messages are passed; there is always one.
        """
        ...

    def look_up(
        self,
        scope: Scope,
        terms: Sequence[Term],
        *,
        group: str | None = None,
        start: int | None = None,
        end: int | None = None,
        before: EventPlace | None = None,
        limit: int,
        blocks: int = 150,
    ) -> LookUp:
        """CloudTrail records of which all terms hold, newest first; at most `blocks` blocks are opened.

        Without terms every event is found, records and others.
        """
        ...

    def find_record(self, scope: Scope, event_id: str, *, near: int | None = None) -> list[LogEvent]:
        """The records with that CloudTrail eventID; `near` is a time that it lies close to."""
        ...


class LogWriter(LogReader, Protocol):
    """The same, being changed."""

    def create_stream(self, scope: Scope, group: str, name: str, *, at: int) -> None:
        """Make a stream that is not there yet."""
        ...

    def delete_stream(self, scope: Scope, group: str, name: str) -> None:
        """Remove a stream with its events."""
        ...

    def delete_group(self, scope: Scope, group: str) -> None:
        """Remove all streams of a group with their events."""
        ...

    def has_stream(self, scope: Scope, group: str, name: str) -> bool:
        """Whether there is a stream; it costs less than to read it."""
        ...

    def append(
        self, scope: Scope, group: str, stream: str, events: Sequence[tuple[int, str]], *, ingested_at: int
    ) -> range:
        """Keep events of an existing stream; the sequence numbers that they got."""
        ...

    def expire(self, scope: Scope, group: str, *, before: int) -> int:
        """Remove events older than that; how many blocks went. Reads hide them before, by `start`."""
        ...


class HistoryReader(Protocol):
    """Alarm history (AL-10) and evaluation records (AL-18.6)."""

    def items(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        alarm_types: Collection[str] | None = None,
        item_type: HistoryItemType | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        after: tuple[int, int] | None = None,
        limit: int,
    ) -> list[tuple[tuple[int, int], HistoryItem]]:
        """Items with start <= timestamp < end (milliseconds), each with its place (milliseconds, sequence)."""
        ...

    def evaluations(
        self,
        scope: Scope,
        alarm_name: str,
        *,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[tuple[int, bytes]]:
        """Evaluation records with their instants (milliseconds)."""
        ...

    def changes(
        self,
        scope: Scope,
        *,
        alarm_name: str | None = None,
        start: int | None = None,
        end: int | None = None,
        descending: bool = True,
        limit: int,
    ) -> list[AlarmStep]:
        """Changes of state with start <= at < end (milliseconds), of one alarm or of all, without what is told of them.

        Those that were kept before changes were kept apart are missing.
        """
        ...

    def state_hours(
        self, scope: Scope, *, alarm_name: str | None = None, start: int, end: int
    ) -> list[tuple[str, StateHour]]:
        """What is added up of the hours start <= hour < end in which alarms changed, by hour, each with the alarm."""
        ...


class HistoryWriter(HistoryReader, Protocol):
    """The same, being changed."""

    def add(self, scope: Scope, item: HistoryItem, step: StateStep | None = None) -> None:
        """Keep an item; items of one millisecond stay in the order in which they came.

        With `step`, the change of state that it tells of, which is then found by itself and added up by the hour.
        """
        ...

    def add_evaluation(self, scope: Scope, alarm_name: str, *, at: int, body: bytes) -> None:
        """Keep an evaluation record."""
        ...

    def expire(self, *, before: int) -> int:
        """Remove items and records older than that, in milliseconds; how many."""
        ...


class OutboxReader(Protocol):
    """Deliveries."""

    def due(
        self, *, at: int, limit: int, not_to: Collection[str] = (), protocols: Collection[str] | None = None
    ) -> list[DeliveryRow]:
        """Pending deliveries whose `next_at` has come, the most overdue first.

        Without those to some targets, and over some protocols alone where these are given.
        """
        ...

    def attempts(self, delivery_id: str) -> list[DeliveryAttempt]:
        """What was tried for a delivery, oldest first, the last hundred."""
        ...

    def get(self, delivery_id: str) -> DeliveryRow | None:
        """One delivery."""
        ...

    def deliveries(
        self,
        scope: Scope | None = None,
        *,
        status: DeliveryStatus | None = None,
        topic: str | None = None,
        target: str | None = None,
        cause: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[DeliveryRow]:
        """Deliveries, newest first by (created_at, delivery_id). `topic` is an ARN."""
        ...

    def first_pending(self, target: str | None = None) -> DeliveryRow | None:
        """Of all deliveries that are still to be made, or of a target's, the first by (created_at, delivery_id)."""
        ...

    def first_failure(self, target: str) -> DeliveryRow | None:
        """Of a target's deliveries made after the last one that went well: the first that was tried in vain."""
        ...

    def count(self, status: DeliveryStatus) -> int:
        """How many there are."""
        ...


class OutboxWriter(OutboxReader, Protocol):
    """The same, being changed."""

    def put(self, rows: Sequence[DeliveryRow]) -> None:
        """Keep rows, each in place of the one with its id."""
        ...

    def record(self, row: DeliveryRow, attempt: DeliveryAttempt) -> None:
        """Keep how a delivery stands after an attempt, and the attempt. Its body stays as it is."""
        ...

    def expire(self, *, before: int) -> int:
        """Remove settled deliveries made before that, in milliseconds; how many."""
        ...


class SourceReader(Protocol):
    """How far sources have been read, and which records they gave."""

    def cursor(self, source: str) -> bytes | None:
        """Where a source was left; None for one that was never read."""
        ...

    def seen(self, scope: Scope, event_ids: Collection[str]) -> set[str]:
        """Those of these eventIDs that were noted and not yet forgotten."""
        ...


class SourceWriter(SourceReader, Protocol):
    """The same, being changed."""

    def set_cursor(self, source: str, cursor: bytes) -> None:
        """Note where a source was left."""
        ...

    def note_seen(self, scope: Scope, event_ids: Collection[str], *, at: int) -> None:
        """Note eventIDs, at a time in milliseconds."""
        ...

    def forget_seen(self, *, before: int) -> int:
        """Forget those noted before that; how many."""
        ...


class RecordReader(Protocol):
    """CloudTrail records: the event history (CT-16), and what trails have selected and not delivered yet (CT-11.5)."""

    def known(self, scope: Scope, history: str, event_ids: Collection[str]) -> set[str]:
        """Those of these eventIDs that the history has."""
        ...

    def look_up(
        self,
        scope: Scope,
        history: str,
        term: Term | None = None,
        *,
        start: int | None = None,
        end: int | None = None,
        before: RecordPlace | None = None,
        until: int | None = None,
        limit: int,
    ) -> list[FoundRecord]:
        """Records with start <= second <= end that lie before a place, newest first: all, or those with a term.

        With `until`, a mark, without those that have come after it.
        """
        ...

    def mark(self) -> int:
        """Stands behind the records that have come so far, and before those that are to come."""
        ...

    def waiting(self) -> list[WaitingGroup]:
        """The groups of which records wait that are in no batch."""
        ...

    def read_waiting(self, group: RecordGroup, *, most_bytes: int) -> WaitingRecords | None:
        """The oldest of them, as many as fit, some at least; None where none waits."""
        ...

    def begun(self) -> list[BegunBatch]:
        """The batches that were begun and not finished, oldest first."""
        ...

    def read_begun(self, number: int) -> list[bytes]:
        """The records of a batch; none for one that is finished."""
        ...

    def route(self, number: int) -> bytes | None:
        """The settings of a route; None when nothing waits under it any more."""
        ...


class RecordWriter(RecordReader, Protocol):
    """The same, being changed."""

    def add(
        self,
        scope: Scope,
        records: Sequence[NewRecord],
        *,
        waiting: Mapping[Destination, Sequence[int]],
        at: int,
    ) -> None:
        """Keep records of an account and region; `waiting` says which of them, by place, wait for what.

        One that is in no history and waits for nothing is not kept. `at` is in milliseconds.
        """
        ...

    def begin(self, records: WaitingRecords, *, object_key: str) -> int | None:
        """Make what was read a batch that is to stand in that file; its number.

        None, and nothing changed, when they are not what waits first any more (a reset, or another batch).
        """
        ...

    def finish(self, number: int) -> bool:
        """Let go of a batch, whose records wait no longer; False when there was none."""
        ...

    def expire(self, *, before: int, blocks: int = 50) -> int:
        """Remove records of histories older than that second, where a whole block is; how many blocks went.

        Reads hide them before, by `start`.
        """
        ...
