"""The states of an alarm over a span of time in one line of text. Rule: time in ALARM is always seen, however short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Stretch = tuple[float, float, str]
"""From, until (seconds since the epoch), and the state in between."""

_MARKS = {"ALARM": "█", "OK": "·", "INSUFFICIENT_DATA": "░"}
_ASCII_MARKS = {"ALARM": "#", "OK": ".", "INSUFFICIENT_DATA": "?"}


def state_band(stretches: Iterable[Stretch], *, start: float, end: float, width: int, unicode: bool) -> str:
    """One character for each of `width` equal parts of the span.

    ALARM where the alarm was in ALARM at any moment of the part; else the state that it was in for longest.
    """
    marks = _MARKS if unicode else _ASCII_MARKS
    times: list[dict[str, float]] = [{} for _ in range(width)]
    step = (end - start) / width if end > start else 1.0
    for since, until, state in stretches:
        first = max(0, min(width - 1, int((since - start) / step)))
        last = max(first, min(width - 1, int((until - start) / step)))
        for place in range(first, last + 1):
            left, right = start + place * step, start + (place + 1) * step
            part = min(until, right) - max(since, left)
            if part > 0 or (part == 0 and first == last):
                times[place][state] = times[place].get(state, 0.0) + part
    return "".join(marks[_strongest(part)] for part in times)


def _strongest(part: dict[str, float]) -> str:
    if "ALARM" in part:
        return "ALARM"
    return max(part, key=lambda state: part[state], default="INSUFFICIENT_DATA")


def stretches_of(changes: Sequence[tuple[float, str]], *, start: float, end: float) -> list[Stretch]:
    """The stretches between changes (time, new state), by time; before the first it is INSUFFICIENT_DATA (AL-8.1)."""
    found: list[Stretch] = []
    since, state = start, "INSUFFICIENT_DATA"
    for at, new in changes:
        if at > since:
            found.append((since, at, state))
        since, state = at, new
    if end > since:
        found.append((since, end, state))
    return found
