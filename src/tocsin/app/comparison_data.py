"""What a comparison keeps of an archive, read once for both versions: data for the alarms, and each difference.

Rule: parts add up to the same whatever process read which file first; memory grows with rules and
with minutes that hold matches, not with matches. Spec: IF-1 (--compare), IF-3, IF-4 (Exclusions), AR-7.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from tocsin.app.alarm_data import (
    AlarmData,
    AlarmDataPlan,
    Contribution,
)
from tocsin.app.reader import RecordReader
from tocsin.app.rule_pairs import RulePair, WatchList
from tocsin.app.scan import compile_rules, datums_of, digest_of_id
from tocsin.core.log_file_name import delivery_time
from tocsin.core.metric_filter import FilterSet
from tocsin.core.notification.event import EventSummary
from tocsin.core.tally import Room, TooManyDatapointsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.reader import Candidate

RECORDS_KEPT = 100
"""How many records of one kind are kept for the report, the first ones; the rest are counted."""

# Memory for what one task keeps, and for all of them together.
_ROOM_OF_A_TASK = 96 * 1024 * 1024
_ROOM_OF_ALL = 480 * 1024 * 1024

# The same for the records that are kept. Where it is used up, further ones are counted only.
_WORDS_OF_A_TASK = 32 * 1024 * 1024
_WORDS_OF_ALL = 160 * 1024 * 1024

# What a summary takes with its texts, at most twice that; and a kind of records beside its texts.
_SUMMARY_BYTES = 2000
_KIND_BYTES = 400

Kept = tuple[EventSummary, tuple[int, ...]]
"""A record, and the exclusions that keep it out, by their places in the rule."""


class ComparisonDataPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask of which records. It goes to every process as it is. `data.rules` are those of `watched`."""

    data: AlarmDataPlan
    watched: WatchList


Kind = tuple[str, str, str, tuple[int, ...]]
"""Records that are alike: who called (a role without its session), which event, with what error, kept out by what."""


class KindTally:
    """Records of one kind: how many, from when to when (seconds), and whether they came from one address.

    `first` is time, id and address of the earliest.
    """

    __slots__ = ("count", "first", "last", "several_addresses")

    def __init__(self, event: EventSummary) -> None:
        self.count = 1
        self.first = (event.second, event.event_id, event.source_address)
        self.last = event.second
        self.several_addresses = False

    def merge(self, other: KindTally) -> None:
        """Add what another part has counted, or one more record."""
        self.several_addresses |= other.several_addresses or self.first[2] != other.first[2]
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)


class Rooms(NamedTuple):
    """Memory: for counts, without which there is no answer, and for the words of single records."""

    counts: Room
    words: Room


class KeptRecords:
    """Records that something happened to: how many, the first RECORDS_KEPT by time and id, and all of them by kind.

    Fewer are kept where an archive was made to exhaust memory.
    """

    __slots__ = ("_places", "count", "kept", "kinds")

    def __init__(self) -> None:
        self.count = 0
        self.kinds: dict[Kind, KindTally] = {}
        self.kept: list[Kept] = []
        self._places = 0  # how many records there is room for

    def add(self, event: EventSummary, holding: tuple[int, ...], rooms: Rooms) -> None:
        """Count one record."""
        self.count += 1
        self._keep([(event, holding)], rooms.words)
        who = f"role {event.role}" if event.role else event.who
        kind = (who, event.event_name, event.error_code or event.error_message, holding)
        self._count_kind(kind, KindTally(event), rooms.counts)

    def merge(self, other: Self, rooms: Rooms) -> None:
        """Add what another part has counted."""
        self.count += other.count
        self._keep(other.kept, rooms.words)
        for kind, tally in other.kinds.items():
            self._count_kind(kind, tally, rooms.counts)

    def first(self) -> list[Kept]:
        """The first records, by time."""
        return heapq.nsmallest(RECORDS_KEPT, self.kept, key=_by_time)

    def _count_kind(self, kind: Kind, tally: KindTally, room: Room) -> None:
        known = self.kinds.get(kind)
        if known is not None:
            known.merge(tally)
        elif room.take(_KIND_BYTES + len(kind[0]) + len(kind[2])):
            self.kinds[kind] = tally
        else:
            raise TooManyDatapointsError

    def _keep(self, records: Sequence[Kept], words: Room) -> None:
        self.kept += records
        if len(self.kept) >= 2 * RECORDS_KEPT:
            self.kept = self.first()
        while self._places < len(self.kept) and words.take(_SUMMARY_BYTES):
            self._places += 1
        del self.kept[self._places :]


def _by_time(kept: Kept) -> tuple[int, str, tuple[object, ...]]:
    event = kept[0]
    # All of it: records that share time and id still come out in one order.
    return event.second, event.event_id, msgspec.structs.astuple(event)


class SilencedRecords(KeptRecords):
    """Records that one exclusion keeps out. `alone` counts those that no other one does.

    `others` counts those that the other version counts: lost or gained because of this exclusion.
    """

    __slots__ = ("alone", "others")

    def __init__(self) -> None:
        super().__init__()
        self.alone = 0
        self.others = 0

    def merge(self, other: Self, rooms: Rooms) -> None:
        """Add what another part has counted."""
        super().merge(other, rooms)
        self.alone += other.alone
        self.others += other.others


class OneSided:
    """Records that one version alone counts: explained by an exclusion of the other one, or by none."""

    __slots__ = ("explained", "unexplained")

    def __init__(self) -> None:
        self.explained = KeptRecords()
        self.unexplained = KeptRecords()

    @property
    def count(self) -> int:
        """How many."""
        return self.explained.count + self.unexplained.count

    def merge(self, other: OneSided, rooms: Rooms) -> None:
        """Add what another part has counted."""
        self.explained.merge(other.explained, rooms)
        self.unexplained.merge(other.unexplained, rooms)

    @property
    def kinds(self) -> dict[Kind, KindTally]:
        """All of them by kind. What explains a record is part of its kind, so the two have none in common."""
        return self.explained.kinds | self.unexplained.kinds

    def first(self) -> list[Kept]:
        """The first ones, explained and not, by time."""
        return sorted([*self.explained.first(), *self.unexplained.first()], key=_by_time)


class PairTally:
    """What the two versions of one rule did: records of both, of OLD alone (lost), of NEW alone (gained).

    `old_silenced` and `new_silenced` have an entry for each exclusion of that version.
    """

    __slots__ = ("both", "gained", "lost", "new_silenced", "old_silenced")

    def __init__(self, pair: RulePair) -> None:
        self.both = 0
        self.lost = OneSided()
        self.gained = OneSided()
        self.old_silenced = [SilencedRecords() for _ in (pair.old.exclusions if pair.old else ())]
        self.new_silenced = [SilencedRecords() for _ in (pair.new.exclusions if pair.new else ())]

    def count(self, pair: RulePair, event: EventSummary, matched: frozenset[int], rooms: Rooms) -> None:
        """Add a record that the filters at these places matched."""
        in_old, in_new = pair.old_place in matched, pair.new_place in matched
        old_holding = () if pair.old_exclusions is None else pair.old_exclusions.holding(matched)
        new_holding = () if pair.new_exclusions is None else pair.new_exclusions.holding(matched)
        if in_old and in_new:
            self.both += 1
        elif in_old:
            (self.lost.explained if new_holding else self.lost.unexplained).add(event, new_holding, rooms)
        elif in_new:
            (self.gained.explained if old_holding else self.gained.unexplained).add(event, old_holding, rooms)
        for silenced, holding, counted in (
            (self.old_silenced, old_holding, in_new),
            (self.new_silenced, new_holding, in_old),
        ):
            for index in holding:
                silenced[index].add(event, holding, rooms)
                silenced[index].alone += len(holding) == 1
                silenced[index].others += counted

    def merge(self, other: PairTally, rooms: Rooms) -> None:
        """Add what another part has counted."""
        self.both += other.both
        self.lost.merge(other.lost, rooms)
        self.gained.merge(other.gained, rooms)
        for mine, theirs in zip(
            [*self.old_silenced, *self.new_silenced], [*other.old_silenced, *other.new_silenced], strict=True
        ):
            mine.merge(theirs, rooms)


class ComparisonData:
    """What has been read so far: the data of the counted filters, and tallies of pairs; parts add up.

    `tallies` are by the number of the pair; a pair that saw no record has none.
    """

    def __init__(self, watched: WatchList, *, words: int = _WORDS_OF_A_TASK) -> None:
        """`words` are the bytes that the events behind datapoints may take."""
        self.data = AlarmData(watched.counted, words=words)
        self.tallies: dict[int, PairTally] = {}

    def version(self, places: Iterable[int]) -> AlarmData:
        """The data of the filters of one version, in the order of its rules."""
        chosen = list(places)
        data = AlarmData(0)
        data.ledger = self.data.ledger
        data.cells = [self.data.cells[place] for place in chosen]
        data.unusable = [self.data.unusable[place] for place in chosen]
        data.broken = [self.data.broken[place] for place in chosen]
        data.present = self.data.present
        return data


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A record that some filter matched: what it publishes, and the places of all filters that match it."""

    contribution: Contribution
    places: tuple[int, ...]


class ComparisonReader:
    """Reads files one after another. One lives in each process, for as long as the command lasts."""

    def __init__(
        self,
        plan: ComparisonDataPlan,
        *,
        open_file: OpenArchiveFile,
        keep: Callable[[int, Sighting], None] | None = None,
        room: int = _ROOM_OF_A_TASK,
    ) -> None:
        """`keep` is given each sighting of a plan with `unique`, in the order of each file, instead of counting."""
        self._plan = plan
        self._room = room
        self._counting = _Counting(plan.watched)
        self._filters = FilterSet(compile_rules(plan.watched.rules))
        self._reader = RecordReader(
            (compiled.pattern for compiled in self._filters.filters),
            open_file=open_file,
            selection=plan.data.selection,
            limits=plan.data.limits,
            note_minutes=plan.data.has_defaults,
        )
        self._keep = keep if plan.data.unique else None

    def read(self, files: Iterable[tuple[int, str]]) -> ComparisonData:
        """What these files hold, each given by its place in the order of all and its path."""
        part, rooms = ComparisonData(self._plan.watched), Rooms(Room(self._room), Room(_WORDS_OF_A_TASK))
        for place, path in files:
            delivered = delivery_time(path) if self._plan.data.as_delivered else None
            try:
                for candidate in self._reader.read(path, part.data.ledger):
                    sighting = self._sighting(candidate, delivered)
                    if sighting is None:
                        continue
                    if self._keep:
                        self._keep(place, sighting)
                    else:
                        self._counting.count(part, sighting, rooms)
            except TooManyDatapointsError:
                part.data.ledger.skip(path, "its matches lie in more minutes or dimensions than fit into memory")
            for minute in self._reader.take_minutes():
                part.data.present.add((minute, self._plan.data.arrival_of(minute * 60, delivered)))
        return part

    def _sighting(self, candidate: Candidate, delivered: int | None) -> Sighting | None:
        datums = datums_of(self._filters, candidate.event)
        if not datums:
            return None
        counted = self._plan.watched.counted
        return Sighting(
            contribution=Contribution(
                ident=digest_of_id(candidate.event) if self._plan.data.unique else b"",
                arrival=self._plan.data.arrival_of(candidate.second, delivered),
                datums=tuple(datum for datum in datums if datum[0] < counted),
                event=EventSummary.of(candidate.event, candidate.second),
            ),
            places=tuple(place for place, _, _ in datums),
        )


class ComparisonTotal:
    """Adds the parts up."""

    def __init__(self, plan: ComparisonDataPlan, *, room: int = _ROOM_OF_ALL) -> None:
        self.total = ComparisonData(plan.watched, words=_WORDS_OF_ALL)
        self._watched = plan.watched
        self._counting = _Counting(plan.watched)
        self._rooms = Rooms(Room(room), Room(_WORDS_OF_ALL))

    def add(self, part: ComparisonData) -> None:
        """Add what a process has read; TooManyDatapointsError when it does not fit into memory."""
        self.total.data.merge(part.data, self._rooms.counts)
        for number, tally in part.tallies.items():
            mine = self.total.tallies.get(number)
            if mine is None:
                mine = self.total.tallies[number] = PairTally(self._watched.pairs[number])
            mine.merge(tally, self._rooms)

    def add_unique(self, sightings: Iterator[Sighting]) -> None:
        """Count each eventID once, in the order of `sightings`."""
        seen: set[bytes] = set()
        for sighting in sightings:
            ident = sighting.contribution.ident
            if ident and ident in seen:
                continue
            seen.add(ident)
            self._counting.count(self.total, sighting, self._rooms)


class _Counting:
    """Counts sightings: which pairs a place concerns is looked up, not searched."""

    def __init__(self, watched: WatchList) -> None:
        self._pairs = watched.pairs
        self._numbers: defaultdict[int, list[int]] = defaultdict(list)
        for number, pair in enumerate(watched.pairs):
            if pair.changed:
                exclusions = (pair.old_exclusions, pair.new_exclusions)
                plain = (one.plain for one in exclusions if one is not None)
                for place in {pair.old_place, pair.new_place, *plain}:
                    if place is not None:
                        self._numbers[place].append(number)

    def count(self, part: ComparisonData, sighting: Sighting, rooms: Rooms) -> None:
        """Add one record."""
        part.data.count(sighting.contribution, rooms.counts)
        matched = frozenset(sighting.places)
        for number in {number for place in matched for number in self._numbers.get(place, ())}:
            tally = part.tallies.get(number)
            if tally is None:
                tally = part.tallies[number] = PairTally(self._pairs[number])
            tally.count(self._pairs[number], sighting.contribution.event, matched, rooms)


def sightings_in(part: ComparisonData) -> int:
    """How many matches a part holds, for progress."""
    return sum(cell.count for cells in part.data.cells for cell in cells.values())
