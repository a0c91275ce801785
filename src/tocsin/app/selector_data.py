"""What a simulation of selectors keeps of an archive: who takes which record, and what filters make of those.

Rule: the archive is read once for both settings, and parts add up to the same whatever process read which file first.
Records of Insights are taken with either setting: selectors do not decide about them (CT-17.3).
Spec: CT-8, IF-3, AR-7, prices.md (4.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.alarm_data import AlarmData, AlarmDataPlan, Contribution
from tocsin.app.reader import RecordReader
from tocsin.app.scan import compile_rules, datums_of, printable
from tocsin.core.metric_filter import FilterSet
from tocsin.core.notification.event import EventSummary
from tocsin.core.record_category import Category, category_of
from tocsin.core.tally import Room, TooManyDatapointsError
from tocsin.core.trail.selector import Selectors, compile_selectors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.ledger import Ledger
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.reader import Candidate

_ROOM_OF_A_TASK = 96 * 1024 * 1024
_ROOM_OF_ALL = 480 * 1024 * 1024

# What the names of calls may take; beyond it calls are counted without their names.
_NAMES_OF_A_TASK = 16 * 1024 * 1024
_NAMES_OF_ALL = 64 * 1024 * 1024

_LONGEST_NAME = 200
_MOST_REGIONS = 1000

# A log group takes records up to this size (CT-2.5), and counts so much beside each.
_LARGEST_EVENT = 262_144
_EVENT_OVERHEAD = 26


class SelectorDataPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask of which records. It goes to every process as it is."""

    data: AlarmDataPlan
    before: Selectors
    after: Selectors


CallKey = tuple[str, str, str]
"""Category, eventSource and eventName; empty where a record has none, or where there is no room for more names."""


class Shares:
    """Records of one kind, and how many of them each setting takes; sizes are what a log group takes in."""

    __slots__ = ("after", "before", "both", "bytes_after", "bytes_before", "records")

    def __init__(self) -> None:
        self.records = self.before = self.after = self.both = self.bytes_before = self.bytes_after = 0

    def count(self, size: int, *, before: bool, after: bool) -> None:
        """Add one record."""
        self.records += 1
        self.before += before
        self.after += after
        self.both += before and after
        self.bytes_before += size if before else 0
        self.bytes_after += size if after else 0

    def merge(self, other: Shares) -> None:
        """Add what another part has counted."""
        for name in Shares.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class SelectorData:
    """What has been read so far; parts add up.

    `before` and `after` are what filters make of the records that a setting takes; `both` counts, by filter, the
    matches among those that both take. `calls` has all records, `regions` those that either setting takes.
    """

    def __init__(self, filters: int, *, names: int) -> None:
        """`names` are the bytes that names of calls may take."""
        self.before = AlarmData(filters)
        self.after = AlarmData(filters)
        self.both = [0] * filters
        self.calls: dict[CallKey, Shares] = {}
        self.regions: dict[str, int] = {}
        self._names = Room(names)

    @property
    def ledger(self) -> Ledger:
        """What was read and what was not."""
        return self.before.ledger

    def count_call(self, key: CallKey, size: int, *, before: bool, after: bool) -> None:
        """Add one record."""
        self._shares(key).count(size, before=before, after=after)

    def count_region(self, region: str, records: int) -> None:
        """Add records of a region."""
        if region in self.regions or len(self.regions) < _MOST_REGIONS:
            self.regions[region] = self.regions.get(region, 0) + records

    def merge(self, other: SelectorData, rooms: tuple[Room, Room]) -> None:
        """Add what another process has read; `rooms` are those of `before` and `after`."""
        self.before.merge(other.before, rooms[0])
        self.after.merge(other.after, rooms[1])
        self.both = [mine + theirs for mine, theirs in zip(self.both, other.both, strict=True)]
        for key, shares in other.calls.items():
            self._shares(key).merge(shares)
        for region, records in other.regions.items():
            self.count_region(region, records)

    def _shares(self, key: CallKey) -> Shares:
        found = self.calls.get(key)
        if found is None:
            without_name: CallKey = (key[0] if key[0] in list(Category) else "", "", "")
            if key != without_name and not self._names.take(sum(map(len, key))):
                return self._shares(without_name)
            found = self.calls[key] = Shares()
        return found


class SelectorDataReader:
    """Reads files one after another. One lives in each process, for as long as the command lasts."""

    def __init__(self, plan: SelectorDataPlan, *, open_file: OpenArchiveFile, room: int = _ROOM_OF_A_TASK) -> None:
        self._plan = plan.data
        self._room = room
        self._before = compile_selectors(plan.before)
        self._after = compile_selectors(plan.after)
        self._filters = FilterSet(compile_rules(plan.data.rules))
        self._reader = RecordReader(
            (compiled.pattern for compiled in self._filters.filters),
            open_file=open_file,
            selection=plan.data.selection,
            limits=plan.data.limits,
            everything=True,
        )
        self._notes_minutes = plan.data.has_defaults

    def read(self, files: Iterable[tuple[int, str]]) -> SelectorData:
        """What these files hold, each given by its place in the order of all and its path."""
        part = SelectorData(len(self._filters.filters), names=_NAMES_OF_A_TASK)
        rooms = Room(self._room), Room(self._room)
        for _, path in files:
            try:
                for candidate in self._reader.read(path, part.ledger):
                    self._count(part, candidate, rooms)
            except TooManyDatapointsError:
                part.ledger.skip(path, "its matches lie in more minutes or dimensions than fit into memory")
        return part

    def _count(self, part: SelectorData, candidate: Candidate, rooms: tuple[Room, Room]) -> None:
        record = candidate.event.value
        assert isinstance(record, dict)  # the reader gives nothing else
        category = category_of(record)
        is_free = category == Category.INSIGHT
        before = is_free or self._before.selects(record)
        after = is_free or self._after.selects(record)
        key = (printable(category), _name(record.get("eventSource")), _name(record.get("eventName")))
        part.count_call(key, _size(candidate.event.text) if before or after else 0, before=before, after=after)
        if not (before or after):
            return
        part.count_region(_name(record.get("awsRegion")), 1)
        arrival = self._plan.arrival_of(candidate.second, None)
        if self._notes_minutes:
            minute = (candidate.second // 60, self._plan.arrival_of(candidate.second // 60 * 60, None))
            for data, is_taken in ((part.before, before), (part.after, after)):
                if is_taken:
                    data.present.add(minute)
        datums = datums_of(self._filters, candidate.event)
        if not datums:
            return
        found = Contribution(
            ident=b"", arrival=arrival, datums=datums, event=EventSummary.of(candidate.event, candidate.second)
        )
        if before:
            part.before.count(found, rooms[0])
        if after:
            part.after.count(found, rooms[1])
        if before and after:
            for place, _, _ in datums:
                part.both[place] += 1


class SelectorDataTotal:
    """Adds the parts up."""

    def __init__(self, plan: SelectorDataPlan, *, room: int = _ROOM_OF_ALL) -> None:
        filters = sum(1 for rule in plan.data.rules if rule.filter)
        self.data = SelectorData(filters, names=_NAMES_OF_ALL)
        self._rooms = Room(room // 2), Room(room // 2)

    def add(self, part: SelectorData) -> None:
        """Add what a process has read; TooManyDatapointsError when it does not fit into memory."""
        self.data.merge(part, self._rooms)


def taken_in(part: SelectorData) -> int:
    """How many records of a part the first setting takes, for progress."""
    return sum(shares.before for shares in part.calls.values())


def matches_of(data: AlarmData) -> list[int]:
    """By filter how many records it matched."""
    return [
        sum(cell.count for cell in cells.values()) + unusable
        for cells, unusable in zip(data.cells, data.unusable, strict=True)
    ]


def _name(value: Any) -> str:
    return printable(value[:_LONGEST_NAME]) if type(value) is str else ""


def _size(text: str) -> int:
    """The bytes that a log group takes in for a record: nothing for one that is too large for it."""
    raw = text.encode("utf-8", "surrogatepass")
    try:
        compact = len(msgspec.json.format(raw, indent=-1))
    except msgspec.DecodeError:  # what only a lenient reader takes
        compact = len(raw)
    return 0 if compact > _LARGEST_EVENT else compact + _EVENT_OVERHEAD
