"""The graphs of the page, and the numbers behind them that its script zooms into.

Rule: what is drawn is bounded for the page as a whole, and shared out among its alarms. Spec: IF-3, CON-5.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import msgspec

from tocsin.console.backtest_page.timeline import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Axis,
    Mark,
    Span,
    Stretch,
    Tick,
    axis,
    coarse,
    marks,
    stretches,
    thinned,
    ticks,
)
from tocsin.console.backtest_page.wording import length_text, moment, number_text
from tocsin.core.event_time import format_time, parse_event_time

if TYPE_CHECKING:
    from tocsin.app.backtest_report import AlarmResult

# The most for one alarm, and for all of them together.
_LANE_PARTS, _LANE_PARTS_OF_ALL = 240, 20_000
_BARS, _BARS_OF_ALL = 160, 12_000
_ZOOM_POINTS, _ZOOM_POINTS_OF_ALL = 8_000, 40_000
_LINES = 40
_FEWEST = 24

_RINGS = {
    "GreaterThanOrEqualToThreshold": "rings at {} or more",
    "GreaterThanThreshold": "rings above {}",
    "LessThanThreshold": "rings below {}",
    "LessThanOrEqualToThreshold": "rings at {} or less",
}


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing of one alarm. `axis` is None where there is a state band alone."""

    label: str
    stretches: list[Stretch]
    marks: list[Mark]
    of: int
    axis: Axis | None
    threshold: float | None
    rings: str
    lines: list[int]
    ticks: list[Tick]


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The state band of an alarm, and what it says in words."""

    stretches: list[Stretch]
    words: str


class Drawings:
    """The graphs, and the numbers behind them that the script zooms into."""

    def __init__(self, span: Span, *, cards: int, rows: int) -> None:
        self._span = span
        self._ticks = ticks(span)
        self._bars = _share(_BARS, _BARS_OF_ALL, cards)
        self._points = _share(_ZOOM_POINTS, _ZOOM_POINTS_OF_ALL, cards)
        self._parts = _share(8 * _LANE_PARTS, 2 * _LANE_PARTS_OF_ALL, cards)
        self._lane_parts = _share(_LANE_PARTS, _LANE_PARTS_OF_ALL, rows)
        self._data: dict[str, dict[str, object]] = {}

    def lane(self, alarm: AlarmResult) -> Lane:
        """The band of an alarm in the overview."""
        bands = stretches(alarm, self._span)
        return Lane(stretches=coarse(bands, self._span, self._lane_parts), words=lane_words(alarm))

    def graph(self, alarm: AlarmResult, name: str) -> Graph:
        """The graph of an alarm; its data are kept under `name`."""
        span = self._span
        bands = stretches(alarm, span)
        found = marks(alarm, span)
        scale = axis(alarm, found) if found else None
        near = thinned(found, span, self._points)
        self._data[name] = {
            "states": [
                item for band in coarse(bands, span, self._parts) for item in (band.state, band.start - span.start)
            ],
            # Five numbers a point: offset, value, breaches, width, how many it stands for.
            "points": [
                item
                for mark in near
                for item in (mark.second - span.start, _short(mark.value), int(mark.breaches), mark.width, mark.of)
            ],
            **({} if scale is None else {"low": scale.low, "high": scale.high}),
        }
        threshold = alarm.threshold if alarm.threshold is not None and math.isfinite(alarm.threshold) else None
        lines = [
            second
            for second in (parse_event_time(turn.at) for turn in alarm.transitions if turn.to == ALARM)
            if second is not None
        ]
        return Graph(
            label=self._label(alarm, found),
            stretches=coarse(bands, span, self._bars),
            marks=thinned(found, span, self._bars),
            of=len(found),
            axis=scale,
            threshold=None if scale is None else threshold,
            rings=rings_text(alarm),
            lines=lines if len(lines) <= _LINES else [],
            ticks=self._ticks,
        )

    @staticmethod
    def _label(alarm: AlarmResult, found: list[Mark]) -> str:
        """The graph in words (CON-5.8)."""
        words = [f"States over time: {lane_words(alarm)}"]
        if found:
            highest = max(found, key=lambda mark: mark.value)
            words.append(f"highest value {number_text(highest.value)} at {moment(format_time(highest.second)).text}")
        if found and alarm.threshold is not None:
            words.append(rings_text(alarm))
        return "; ".join(words) + "."

    def data(self) -> str:
        """The numbers as JSON that can stand in an element: nothing in it ends one."""
        content = {"start": self._span.start, "end": self._span.end, "alarms": self._data}
        text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _short(value: float) -> float:
    """A value as JSON, whole numbers without a fraction."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def rings_text(alarm: AlarmResult) -> str:
    """When an alarm rings, as its threshold line says it; empty where there is no threshold."""
    if alarm.threshold is None:
        return ""
    return _RINGS.get(alarm.comparison, "threshold {}").format(number_text(alarm.threshold))


def lane_words(alarm: AlarmResult) -> str:
    """The state band for those who do not see it."""
    spent = ", ".join(
        f"{state} {length_text(alarm.time_in[state])}"
        for state in (ALARM, INSUFFICIENT_DATA, OK)
        if alarm.time_in.get(state, 0.0) > 0
    )
    return spent or "no time in any state"


def _share(most: int, of_all: int, among: int) -> int:
    return max(_FEWEST, min(most, of_all // max(1, among)))
