"""An alarm's life as coordinates: state bands, points, threshold, ticks.

Rule: pure, and bounded whatever comes in. What is thinned keeps the extremes: no peak, no dip, no
breach and no stretch of ALARM of the full series is lost. x is in per cent of the span, so that a
drawing fits every width without script; y is in pixels. Spec: IF-3, AL-7, AL-9.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.comparison import Comparison, static_test
from tocsin.core.event_time import parse_event_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.backtest_report import AlarmResult

ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
OK = "OK"

TOP, BASE = 12, 132
"""Where the plot of a graph begins and ends, in pixels from its upper edge."""

_STATIC = {comparison for comparison in Comparison if not comparison.needs_band}
_GRAVITY = {"": -2, OK: 0, INSUFFICIENT_DATA: 1, ALARM: 2}
_MAGNITUDE = 1e290  # what is larger is drawn at the edge: sums and products stay finite
_NICE = ((1, 2), (2, 2), (3, 3), (4, 4), (5, 5), (6, 3), (8, 4))  # mantissa, parts
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = (
    *(count * _MINUTE for count in (1, 5, 10, 15, 30)),
    *(count * _HOUR for count in (1, 2, 4, 6, 12)),
    *(count * _DAY for count in (1, 2, 7)),
)
_MONTH_STEPS = (1, 2, 3, 6, 12)
_MOST_TICKS = 8
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Span(msgspec.Struct, frozen=True):
    """What the report is about: from `start` to `end`, in seconds since the epoch; never empty."""

    start: int
    end: int

    @classmethod
    def of(cls, start: str, end: str) -> Span:
        """The span between two times. A text that is no time leaves the other one, with a minute to it."""
        first, last = parse_event_time(start), parse_event_time(end)
        if first is None:
            first = 0 if last is None else last - _MINUTE
        if last is None or last <= first:
            last = first + _MINUTE
        return cls(first, last)

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.end - self.start

    def x(self, second: float) -> float:
        """Where an instant lies, in per cent; at the edge when it lies outside."""
        return min(100.0, max(0.0, (second - self.start) / self.seconds * 100))

    def column(self, second: float, columns: int) -> int:
        """Which of `columns` equal parts an instant lies in."""
        return min(columns - 1, max(0, int((second - self.start) / self.seconds * columns)))


def percent(value: float) -> str:
    """A coordinate: four decimals are half a minute of a year."""
    return f"{value:.4f}".rstrip("0").rstrip(".") + "%"


class Stretch(msgspec.Struct, frozen=True):
    """A time in one state: [start, end) in seconds since the epoch."""

    state: str
    start: int
    end: int


def stretches(alarm: AlarmResult, span: Span) -> list[Stretch]:
    """The states of an alarm one after the other; together they fill the span."""
    turns = alarm.transitions
    state = turns[0].from_ if turns else alarm.final
    found: list[Stretch] = []
    start = span.start
    for turn in turns:
        at = parse_event_time(turn.at)
        at = start if at is None else min(span.end, max(start, at))
        if at > start:
            found.append(Stretch(state, start, at))
        state, start = turn.to, at
    if span.end > start:
        found.append(Stretch(state, start, span.end))
    return found


def coarse(found: Sequence[Stretch], span: Span, columns: int) -> list[Stretch]:
    """The same stretches when there are at most `columns`; otherwise that many parts, the gravest state in each."""
    if len(found) <= columns:
        return list(found)
    gravest = [""] * columns
    for stretch in found:
        first, last = span.column(stretch.start, columns), span.column(stretch.end - 1, columns)
        for column in range(first, last + 1):
            gravest[column] = max(gravest[column], stretch.state, key=_gravity)
    merged: list[Stretch] = []
    for column, state in enumerate(gravest):
        start = span.start + span.seconds * column // columns
        end = span.start + span.seconds * (column + 1) // columns
        if merged and merged[-1].state == state:
            merged[-1] = Stretch(state, merged[-1].start, end)
        else:
            merged.append(Stretch(state, start, end))
    return merged


def _gravity(state: str) -> int:
    return _GRAVITY.get(state, -1)


class Mark(msgspec.Struct, frozen=True):
    """A datapoint that is drawn. It lasts `width` seconds and stands for `of` points, whose extreme it is."""

    second: int
    value: float
    breaches: bool
    width: int
    of: int = 1


def marks(alarm: AlarmResult, span: Span) -> list[Mark]:
    """The points of an alarm within the span, ascending. A value that is no finite number cannot be drawn."""
    period = alarm.period or _MINUTE
    known = {at for turn in alarm.transitions if turn.to == ALARM for at, _ in turn.datapoints or ()}
    threshold = alarm.threshold
    test = static_test(Comparison(alarm.comparison)) if alarm.comparison in _STATIC else None
    values: dict[int, tuple[float, bool]] = {}
    for at, value in alarm.series:
        second = parse_event_time(at)
        if second is None or not math.isfinite(value) or second + period <= span.start or second >= span.end:
            continue
        values[second] = (value, at in known if test is None or threshold is None else test(value, threshold))
    seconds = sorted(values)
    after = dict(pairwise(seconds))  # slots may overlap: a bar ends where the next one begins
    return [
        Mark(second, *values[second], min(period, after.get(second, second + period) - second)) for second in seconds
    ]


def thinned(found: Sequence[Mark], span: Span, columns: int) -> list[Mark]:
    """At most three marks in each of `columns` parts: the lowest, the highest, and one that breaches.

    All of them when there are no more than `columns`.
    """
    if len(found) <= columns:
        return list(found)
    kept: list[Mark] = []
    edges = [span.start + span.seconds * column / columns for column in range(1, columns)]
    bounds = [0, *(bisect_left(found, edge, key=lambda mark: mark.second) for edge in edges), len(found)]
    for start, end in pairwise(bounds):
        for index in _extremes(found, start, end):
            mark = found[index]
            if end - start > 1:
                mark = Mark(mark.second, mark.value, mark.breaches, mark.width, end - start)
            kept.append(mark)
    return kept


def _extremes(found: Sequence[Mark], start: int, end: int) -> list[int]:
    """The lowest and the highest of a part, and where neither breaches but another does, that one."""
    if start == end:
        return []
    places = range(start, end)
    extremes = {min(places, key=lambda place: found[place].value), max(places, key=lambda place: found[place].value)}
    if not any(found[place].breaches for place in extremes):
        extremes.update([place for place in places if found[place].breaches][:1])
    return sorted(extremes)


class Axis(msgspec.Struct, frozen=True):
    """The scale of values, with the values that get a line."""

    low: float
    high: float
    lines: tuple[float, ...]

    def y(self, value: float) -> float:
        """Where a value lies, in pixels; at the edge when it lies outside."""
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return round(BASE - share * (BASE - TOP), 1)


def axis(alarm: AlarmResult, found: Sequence[Mark]) -> Axis:
    """From zero to a round number above the values and the threshold; below zero where values are."""
    threshold = alarm.threshold if alarm.threshold is not None and math.isfinite(alarm.threshold) else 0.0
    values = [min(_MAGNITUDE, max(-_MAGNITUDE, value)) for value in (threshold, *(mark.value for mark in found))]
    high, parts = _nice(max(1.2 * max(values), 1.5 * values[0]))
    if min(values) >= 0:
        high = high if high > 0 else 1.0
        return Axis(0.0, high, tuple(high * part / parts for part in range(parts + 1)))
    low = -_nice(max(-1.2 * min(values), -1.5 * values[0]))[0]
    return Axis(low, high, (low, 0.0, high) if high > 0 else (low, 0.0))


def _nice(value: float) -> tuple[float, int]:
    """The next of 1, 2, 3, 4, 5, 6, 8 times a power of ten, and into how many parts it goes well."""
    if value <= 0:
        return 0.0, 1
    power = 10.0 ** math.floor(math.log10(value))
    for mantissa, parts in _NICE:
        if value <= mantissa * power * (1 + 1e-9):
            return mantissa * power, parts
    return 10 * power, 2


class Tick(msgspec.Struct, frozen=True):
    """A mark of the time axis. `minor` ones are left out where there is little room."""

    x: float
    label: str
    minor: bool


def ticks(span: Span) -> list[Tick]:
    """At most nine round instants of the span."""
    for step in _STEPS:
        if span.seconds / step <= _MOST_TICKS:
            first = -(-span.start // step) * step
            return _labelled(span, list(range(first, span.end + 1, step)), step)
    for months in _MONTH_STEPS:
        if span.seconds / (months * 30 * _DAY) <= _MOST_TICKS:
            return _labelled(span, _months(span, months), 30 * _DAY)
    years = math.ceil(span.seconds / (_MOST_TICKS * 366 * _DAY))
    return _labelled(span, _months(span, 12 * years), 366 * _DAY)


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(min(_LAST, max(_FIRST, second)), UTC)


def _months(span: Span, step: int) -> list[int]:
    """First days of months within the span, every `step` months."""
    start = _moment(span.start)
    number = (start.year * 12 + start.month - 1) // step * step
    found: list[int] = []
    while number < 9999 * 12 and len(found) <= 2 * _MOST_TICKS:
        second = int(datetime(max(1, number // 12), number % 12 + 1, 1, tzinfo=UTC).timestamp())
        if second > span.end:
            break
        if second >= span.start:
            found.append(second)
        number += step
    return found


def _labelled(span: Span, seconds: Sequence[int], step: int) -> list[Tick]:
    """Hours, with the date at midnight; days; months, with the year at the first and in January."""
    found: list[Tick] = []
    for place, second in enumerate(seconds):
        moment = _moment(second)
        day = f"{moment.day} {_MONTHS[moment.month - 1]}"
        if step >= 366 * _DAY:
            label = f"{moment.year:04}"
        elif step >= 30 * _DAY:
            month = _MONTHS[moment.month - 1]
            label = f"{month} {moment.year:04}" if place == 0 or moment.month == 1 else month
        elif second % _DAY == 0:
            label = day
        else:
            label = f"{moment.hour:02}:{moment.minute:02}"
        found.append(Tick(span.x(second), label, minor=place % 2 == 1))
    return found
