"""Counting what metric filters match in an archive. Spec: IF-2, FP-9.12 to 9.17.

Rule: the answer depends on the files and the filters alone, not on how the files were shared out
among processes or on the order in which they were read.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.ledger import Ledger
from tocsin.app.reader import Candidate, RecordReader, account_of
from tocsin.app.report import FilterResult, Metric, ScanReport, Series
from tocsin.app.selection import Selection
from tocsin.core.event_time import format_time
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.metric_filter import CompiledFilter, FilterSet
from tocsin.core.rule import Rule
from tocsin.core.tally import TOP_FIELDS, Dimensions, Exact, Room, Tally, TooManyDatapointsError, exact
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.app.ports import OpenArchiveFile
    from tocsin.app.reader import RecordTap
    from tocsin.app.report import InsightReading
    from tocsin.core.event import Event
    from tocsin.core.insight.call import Call
    from tocsin.core.insight.tally import CallTally

# How many values of a field the report shows for each filter.
_TOP_SHOWN = 10

# Memory for the tallies of one task, and for those of all tasks together.
_ROOM_OF_A_TASK = 96 * 1024 * 1024
_ROOM_OF_ALL = 480 * 1024 * 1024

# The same for the ids of calls that are to be counted once.
_ROOM_OF_IDS = 256 * 1024 * 1024

Datums = tuple[tuple[int, float | None, Dimensions], ...]
"""What a match publishes: the place of each filter, the value or None when it is unusable, and the dimensions."""

KeepMatch = Callable[[int, "Match"], None]
"""Keep a match of the file at that place in the order of all files."""

KeepCall = Callable[[int, "KeptCall"], None]
"""Keep a call of the file at that place."""


class ScanPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to count and in which records. It goes to every process as it is.

    `unique` counts an eventID once; `events` keeps the text of matching records; `insights` says how Insights are
    judged, None that they are not looked for.
    """

    rules: tuple[Rule, ...]
    selection: Selection = Selection()
    limits: Limits = DEFAULT_LIMITS
    unique: bool = False
    events: bool = False
    insights: InsightRules | None = None

    @property
    def keeps_matches(self) -> bool:
        """Are matches needed one by one when all files have been read?"""
        return self.unique or self.events


class Match(msgspec.Struct, frozen=True, array_like=True):
    """A matching record, as much of it as is needed after its file has been read.

    `ident` is a digest of the eventID, empty when the record has none; `datums` are those that its
    filters publish.
    """

    ident: bytes
    second: int
    fields: dict[str, str]
    datums: Datums
    text: str


class KeptCall(msgspec.Struct, frozen=True, array_like=True):
    """A call, with a digest of its record's eventID, empty when the record has none."""

    ident: bytes
    second: int
    api: tuple[str, ...]
    caller: tuple[str | None, str | None, str | None, bool]
    is_unclassified: bool


class ScanPart:
    """What one process has counted so far; parts add up. Matches are kept only where a plan needs them."""

    def __init__(self, filters: int, *, calls: CallTally | None = None) -> None:
        """`calls` is where calls are counted, if Insights are looked for."""
        self.ledger = Ledger()
        self.tallies = [Tally() for _ in range(filters)]
        self.calls = calls

    def merge(self, other: ScanPart, room: Room) -> None:
        """Add what another process has counted."""
        self.ledger.merge(other.ledger)
        if self.calls is not None and other.calls is not None:
            self.calls.merge(other.calls)
        for mine, theirs in zip(self.tallies, other.tallies, strict=True):
            mine.merge(theirs, room)

    def count(self, match: Match, room: Room) -> None:
        """Add one matching record."""
        for place, value, dimensions in match.datums:
            tally = self.tallies[place]
            tally.add_match(match.second, match.fields, room)
            if value is None:
                tally.unusable += 1
            else:
                tally.add_datum(match.second, exact(value), dimensions, room)


class Scanner:
    """Scans files one after another. One lives in each process, for as long as the scan lasts."""

    def __init__(
        self,
        plan: ScanPlan,
        *,
        open_file: OpenArchiveFile,
        keep: KeepMatch | None = None,
        keep_call: KeepCall | None = None,
        room: int = _ROOM_OF_A_TASK,
    ) -> None:
        """`keep` is given each match of a plan with `unique` or `events`, in the order of each file.

        `keep_call` is given each call of one with `unique` and `insights`.

        `room` bounds the bytes that the tallies of one task may take.
        """
        self._plan = plan
        self._room = room
        self._filters = FilterSet(compile_rules(plan.rules))
        self._reader = RecordReader(
            (compiled.pattern for compiled in self._filters.filters),
            open_file=open_file,
            selection=plan.selection,
            limits=plan.limits,
            tap=self._tap(),
        )
        self._keep = keep if plan.keeps_matches else None
        self._keep_call = keep_call
        self._place = 0  # of the file at hand
        self._calls: CallTally | None = None

    def _tap(self) -> RecordTap | None:
        if self._plan.insights is None:
            return None
        from tocsin.app.insight_search import CallTap  # few scans look for Insights

        return CallTap(self._take_call, with_ids=self._plan.unique)

    def _take_call(self, second: int, call: Call, event_id: str) -> None:
        if self._plan.unique and self._keep_call is not None:
            self._keep_call(
                self._place,
                KeptCall(_digest(event_id) if event_id else b"", second, call.api, call.caller, call.is_unclassified),
            )
        elif self._calls is not None:
            self._calls.add(second, call)

    def scan(self, files: Iterable[tuple[int, str]]) -> ScanPart:
        """Count the matches of these files, each given by its place in the order of all and its path.

        With `unique` the matches are only kept: they are counted when all files have been read.
        """
        room = Room(self._room)
        part = ScanPart(len(self._filters.filters), calls=_new_calls(self._plan))
        self._calls = part.calls
        for place, path in files:
            self._place = place
            try:
                for candidate in self._reader.read(path, part.ledger):
                    match = self._match(candidate)
                    if match is None:
                        continue
                    if not self._plan.unique:
                        part.count(match, room)
                    if self._keep:
                        self._keep(place, match)
            except TooManyDatapointsError:
                part.ledger.skip(path, "its matches lie in more minutes or dimensions than fit into memory")
        return part

    def _match(self, candidate: Candidate) -> Match | None:
        event = candidate.event
        datums = datums_of(self._filters, event)
        if not datums:
            return None
        return Match(
            ident=digest_of_id(event) if self._plan.unique else b"",
            second=candidate.second,
            fields={
                field: printable(value) for field in TOP_FIELDS if type(value := event.get(field)) is str and value
            },
            datums=datums,
            text=one_line(event.text) if self._plan.events else "",
        )


def datums_of(filters: FilterSet, event: Event) -> Datums:
    """What the filters publish for a record; nothing when none matches."""
    places = filters.match(event)
    if not places:
        return ()
    account, region = account_of(event), event.get("awsRegion")
    region = region if type(region) is str else ""
    datums: list[tuple[int, float | None, Dimensions]] = []
    for place in places:
        compiled = filters.filters[place]
        if compiled.sees(account, region):
            datum = compiled.datum(event, account=account, region=region)
            datums.append((place, datum.value, datum.dimensions) if datum else (place, None, ()))
    return tuple(datums)


def digest_of_id(event: Event) -> bytes:
    """A digest of a record's eventID, to tell records by; empty when it has none."""
    ident = event.get("eventID")
    return _digest(ident) if type(ident) is str else b""


def _digest(ident: str) -> bytes:
    from hashlib import blake2b  # takes 5 ms to load, and few scans need it

    return blake2b(ident.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _new_calls(plan: ScanPlan, *, is_whole: bool = False) -> CallTally | None:
    if plan.insights is None:
        return None
    from tocsin.app.insight_search import new_tally

    return new_tally(is_whole=is_whole)


def compile_rules(rules: Iterable[Rule]) -> list[CompiledFilter]:
    """The metric filters of rules, each with the pattern that is in force."""
    return [CompiledFilter(rule.filter, pattern=rule.effective_pattern or None) for rule in rules if rule.filter]


def printable(text: str) -> str:
    """`text` as Unicode can carry it: lone surrogates, which JSON can hold, become escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """The JSON text of a record on one line, as NDJSON needs it; otherwise as it stands in the file."""
    text = printable(text).strip()
    if "\n" in text or "\r" in text:
        return msgspec.json.format(text.encode(), indent=-1).decode()
    return text


class ScanTotal:
    """Adds the parts of a scan up and writes the report."""

    def __init__(self, plan: ScanPlan, *, room: int = _ROOM_OF_ALL) -> None:
        self._filters = [(rule, compiled) for rule, compiled in zip(plan.rules, compile_rules(plan.rules), strict=True)]
        self._plan = plan
        self._part = ScanPart(len(self._filters), calls=_new_calls(plan, is_whole=True))
        self._room = Room(room)
        self._insights: tuple[list[dict[str, Any]], InsightReading] | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger of what has been added."""
        return self._part.ledger

    def add(self, part: ScanPart) -> None:
        """Add what a process has counted; InputError when it does not fit into memory."""
        with _bounded():
            self._part.merge(part, self._room)

    def add_unique(self, matches: Iterable[Match]) -> Iterator[Match]:
        """Count each eventID once, in the order of `matches`, and give those that were counted."""
        seen: set[bytes] = set()
        for match in matches:
            if match.ident in seen:
                continue
            if match.ident:
                seen.add(match.ident)
            with _bounded():
                self._part.count(match, self._room)
            yield match

    def add_unique_calls(self, calls: Iterable[KeptCall]) -> None:
        """Count the calls of each eventID once; InputError when there are more than can be told apart in memory."""
        from tocsin.core.insight.call import Api, Call, Caller

        seen: set[bytes] = set()
        room = Room(_ROOM_OF_IDS)
        for kept in calls:
            if kept.ident in seen:
                continue
            if kept.ident:
                seen.add(kept.ident)
                if not room.take(len(kept.ident)):
                    raise InputError(
                        "--unique, --insights: there are more calls than can be told apart in memory",
                        hint="scan a shorter span (--since, --until), or without --unique",
                    )
            if self._part.calls is not None:
                call = Call(Api(*kept.api), Caller(*kept.caller), is_unclassified=kept.is_unclassified)
                self._part.calls.add(kept.second, call)

    def judge(self) -> None:
        """Look for Insights, if they are asked for, when all has been added; InputError where it was too much."""
        if self._plan.insights is not None and self._part.calls is not None:
            from tocsin.app.insight_search import find_insights

            self._insights = find_insights(self._part.calls, self._plan.insights)

    def report(self, *, version: str, command: str, seconds: float) -> ScanReport:
        """The report of IF-2."""
        report = ScanReport(
            tocsin=version,
            command=command,
            files=self.ledger.files(),
            records=self.ledger.records(),
            bytes=self.ledger.bytes(),
            seconds=round(seconds, 3),
            filters=[
                _result(rule, compiled, tally)
                for (rule, compiled), tally in zip(self._filters, self._part.tallies, strict=True)
            ],
        )
        if self._insights is not None:
            report.insights, report.insight_reading = self._insights
        return report


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        yield
    except TooManyDatapointsError:
        raise InputError(
            "the matches lie in more minutes or have more dimension values than fit into memory",
            hint="scan a shorter span (--since, --until), or with fewer filters at a time",
        ) from None


def _result(rule: Rule, compiled: CompiledFilter, tally: Tally) -> FilterResult:
    transformation = compiled.transformation
    series = [
        Series(dimensions=dict(dimensions), datapoints=_datapoints(sums))
        for dimensions, sums in sorted(tally.sums.items(), key=lambda item: [value for _, value in item[0]])
    ]
    has_dimensions = bool(transformation.dimensions or compiled.definition.emit_system_field_dimensions)
    return FilterResult(
        name=rule.name,
        pattern=compiled.pattern.source,
        matches=tally.matches,
        metric=Metric(
            namespace=transformation.metric_namespace, name=transformation.metric_name, unit=transformation.unit
        ),
        datapoints=series if has_dimensions else [point for one in series for point in one.datapoints],
        top={field: _most_frequent(counts) for field, counts in tally.top.items()},
        unusable=tally.unusable,
        first=None if tally.first is None else format_time(tally.first),
        last=None if tally.last is None else format_time(tally.last),
        title=rule.title,
        severity=rule.severity,
    )


def _datapoints(sums: dict[int, Exact]) -> list[tuple[str, float]]:
    return [(format_time(minute * 60), float(value)) for minute, value in sorted(sums.items())]


def _most_frequent(counts: dict[str, int]) -> list[tuple[str, int]]:
    return heapq.nsmallest(_TOP_SHOWN, counts.items(), key=lambda item: (-item[1], item[0]))
