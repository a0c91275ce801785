"""What a backtest keeps of an archive: datapoints by minute, and a few words about the events behind them.

Rule: parts add up to the same whatever process read which file first; memory grows with minutes that
hold matches, not with matches. Spec: IF-3, FP-9.12 to 9.17, AL-18.2, AR-7.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.ledger import Ledger
from tocsin.app.reader import RecordReader
from tocsin.app.scan import Datums, compile_rules, datums_of, digest_of_id
from tocsin.app.selection import Selection
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.log_file_name import delivery_time
from tocsin.core.metric_filter import FilterSet
from tocsin.core.notification.event import EventSummary
from tocsin.core.rule import Rule
from tocsin.core.tally import Dimensions, Room, TooManyDatapointsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.reader import Candidate

EVENTS_KEPT = 100
"""How many events of one minute are kept for messages and reports; the rest are counted (IF-3)."""

# Memory for what one task keeps, and for all of them together.
_ROOM_OF_A_TASK = 96 * 1024 * 1024
_ROOM_OF_ALL = 480 * 1024 * 1024

# The same for the events behind the matches. Where it is used up, further ones are counted only.
_WORDS_OF_A_TASK = 64 * 1024 * 1024
_WORDS_OF_ALL = 320 * 1024 * 1024

# What a summary takes with its texts; at most it is twice that.
_SUMMARY_BYTES = 2000

AT_ITS_TIME = -1
"""The arrival of a datum that is known at its own time (delay 0, AL-6.4)."""

CellKey = tuple[Dimensions, int, int]
"""Dimensions, minute since the epoch, and arrival in seconds since the epoch, or AT_ITS_TIME."""


class AlarmDataPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to keep, and of which records. It goes to every process as it is.

    `as_delivered` notes when each record became known, `to_the_second` its eventTime, for alarms that are
    evaluated more often than every minute; `unique` counts an eventID once.
    """

    rules: tuple[Rule, ...]
    selection: Selection = Selection()
    limits: Limits = DEFAULT_LIMITS
    as_delivered: bool = False
    to_the_second: bool = False
    unique: bool = False

    def arrival_of(self, second: int, delivered: int | None) -> int:
        """When a record of that second became known (IF-3): never before its own time.

        A datum bears its minute, and at the end of a minute every record of it is known; so for alarms
        that are evaluated every minute AT_ITS_TIME says the same as the second, in less memory.
        """
        if self.as_delivered:
            return second if delivered is None else max(second, delivered)
        return second if self.to_the_second else AT_ITS_TIME

    @property
    def has_defaults(self) -> bool:
        """Does a filter publish a value for minutes without a match (FP-9.16)?"""
        return any(
            transformation.default_value is not None
            for rule in self.rules
            if rule.filter
            for transformation in rule.filter.metric_transformations
        )


class Cell:
    """The matches of one filter in one minute, with one set of dimensions and one arrival.

    `weights` are the values that were published, value -> how often. `events` are the first ones, by
    time and id, at most EVENTS_KEPT, and fewer where an archive was made to exhaust memory; `count`
    counts all of them.
    """

    __slots__ = ("_places", "count", "events", "weights")

    def __init__(self) -> None:
        self.count = 0
        self.weights: dict[float, int] = {}
        self.events: list[EventSummary] = []
        self._places = 0  # how many events there is room for

    def add(self, value: float, event: EventSummary, room: Room, words: Room) -> None:
        """Count one match. `words` is the room for events."""
        self.count += 1
        self._weigh(value, 1, room)
        if len(self.events) == self._places and words.take(_SUMMARY_BYTES):
            self._places += 1
        if len(self.events) < self._places:
            self.events.append(event)
            if len(self.events) == 2 * EVENTS_KEPT:
                self.events = heapq.nsmallest(EVENTS_KEPT, self.events, key=_by_time)

    def merge(self, other: Cell, room: Room, words: Room) -> None:
        """Add what another part has counted."""
        self.count += other.count
        for value, weight in other.weights.items():
            self._weigh(value, weight, room)
        events = heapq.nsmallest(EVENTS_KEPT, [*self.events, *other.events], key=_by_time)
        while self._places < len(events) and words.take(_SUMMARY_BYTES):
            self._places += 1
        self.events = events[: self._places]

    def _weigh(self, value: float, weight: int, room: Room) -> None:
        if value not in self.weights and not room.take(0):
            raise TooManyDatapointsError
        self.weights[value] = self.weights.get(value, 0) + weight


def _by_time(event: EventSummary) -> tuple[int, str, str]:
    return event.second, event.event_id, event.event_name


class AlarmData:
    """What has been read so far: the ledger, and for each filter its cells; parts add up.

    `unusable` counts matches without a usable value; `broken` are the minutes and arrivals of such
    matches, and `present` those of any record: both only where a filter has a default value.
    """

    def __init__(self, filters: int, *, words: int = _WORDS_OF_A_TASK) -> None:
        """`words` are the bytes that events may take."""
        self._words = Room(words)
        self.ledger = Ledger()
        self.cells: list[dict[CellKey, Cell]] = [{} for _ in range(filters)]
        self.unusable = [0] * filters
        self.broken: list[set[tuple[int, int]]] = [set() for _ in range(filters)]
        self.present: set[tuple[int, int]] = set()

    def count(self, contribution: Contribution, room: Room) -> None:
        """Add one matching record."""
        minute = contribution.event.second // 60
        for place, value, dimensions in contribution.datums:
            if value is None:
                self.unusable[place] += 1
                self.broken[place].add((minute, contribution.arrival))
            else:
                cell = self._cell(place, (dimensions, minute, contribution.arrival), room)
                cell.add(value, contribution.event, room, self._words)

    def merge(self, other: AlarmData, room: Room) -> None:
        """Add what another process has read."""
        self.ledger.merge(other.ledger)
        for place, cells in enumerate(other.cells):
            self.unusable[place] += other.unusable[place]
            self.broken[place] |= other.broken[place]
            for key, cell in cells.items():
                self._cell(place, key, room).merge(cell, room, self._words)
        self.present |= other.present

    def _cell(self, place: int, key: CellKey, room: Room) -> Cell:
        cells = self.cells[place]
        cell = cells.get(key)
        if cell is None:
            if not room.take(sum(len(name) + len(text) for name, text in key[0])):
                raise TooManyDatapointsError
            cell = cells[key] = Cell()
        return cell


class Contribution(msgspec.Struct, frozen=True, array_like=True):
    """A matching record: a digest of its eventID (empty without one), its arrival, what it publishes, and its words."""

    ident: bytes
    arrival: int
    datums: Datums
    event: EventSummary


class AlarmDataReader:
    """Reads files one after another. One lives in each process, for as long as the command lasts."""

    def __init__(
        self,
        plan: AlarmDataPlan,
        *,
        open_file: OpenArchiveFile,
        keep: Callable[[int, Contribution], None] | None = None,
        room: int = _ROOM_OF_A_TASK,
    ) -> None:
        """`keep` is given each contribution of a plan with `unique`, in the order of each file, instead of counting."""
        self._plan = plan
        self._room = room
        self._filters = FilterSet(compile_rules(plan.rules))
        self._reader = RecordReader(
            (compiled.pattern for compiled in self._filters.filters),
            open_file=open_file,
            selection=plan.selection,
            limits=plan.limits,
            note_minutes=plan.has_defaults,
        )
        self._keep = keep if plan.unique else None

    def read(self, files: Iterable[tuple[int, str]]) -> AlarmData:
        """What these files hold, each given by its place in the order of all and its path."""
        data, room = AlarmData(len(self._filters.filters)), Room(self._room)
        for place, path in files:
            delivered = delivery_time(path) if self._plan.as_delivered else None
            try:
                for candidate in self._reader.read(path, data.ledger):
                    contribution = self._contribution(candidate, delivered)
                    if contribution is None:
                        continue
                    if self._keep:
                        self._keep(place, contribution)
                    else:
                        data.count(contribution, room)
            except TooManyDatapointsError:
                data.ledger.skip(path, "its matches lie in more minutes or dimensions than fit into memory")
            for minute in self._reader.take_minutes():
                data.present.add((minute, self._plan.arrival_of(minute * 60, delivered)))
        return data

    def _contribution(self, candidate: Candidate, delivered: int | None) -> Contribution | None:
        datums = datums_of(self._filters, candidate.event)
        if not datums:
            return None
        return Contribution(
            ident=digest_of_id(candidate.event) if self._plan.unique else b"",
            arrival=self._plan.arrival_of(candidate.second, delivered),
            datums=datums,
            event=EventSummary.of(candidate.event, candidate.second),
        )


class AlarmDataTotal:
    """Adds the parts up."""

    def __init__(self, plan: AlarmDataPlan, *, room: int = _ROOM_OF_ALL, words: int = _WORDS_OF_ALL) -> None:
        self.data = AlarmData(sum(1 for rule in plan.rules if rule.filter), words=words)
        self._room = Room(room)

    def add(self, part: AlarmData) -> None:
        """Add what a process has read; TooManyDatapointsError when it does not fit into memory."""
        self.data.merge(part, self._room)

    def add_unique(self, contributions: Iterator[Contribution]) -> None:
        """Count each eventID once, in the order of `contributions`."""
        seen: set[bytes] = set()
        for contribution in contributions:
            if contribution.ident and contribution.ident in seen:
                continue
            seen.add(contribution.ident)
            self.data.count(contribution, self._room)


def matches_in(data: AlarmData) -> int:
    """How many matches a part holds, for progress."""
    return sum(cell.count for cells in data.cells for cell in cells.values())
