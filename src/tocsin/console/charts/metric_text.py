"""What a metric chart says in words: readout of a column, summary, text alternative. Spec: CON-5.4, 5.7, 5.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.console.charts.slot import Side
from tocsin.console.charts.time_axis import length_text, moment_text
from tocsin.console.charts.value_axis import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from tocsin.console.charts.columns import Column
    from tocsin.console.charts.slot import StateSpan
    from tocsin.console.charts.time_axis import Window


class MetricWords(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a metric, as its page gives them.

    `metric` names it in full (`Sum of RootUsageCount in 5 minutes`), `short` in the readout (`Sum in 5 min`);
    `one` and `many` follow a value of it (`event`, `events`; empty where nothing does); `threshold` stands at the line
    (`rings at 1 or more`) and `limit` in the text alternative (`at least 1`), both empty without a threshold;
    `missing` is what a slot without data says (`no data, counts as fine`); `decided_at` follows `3 slots seen`.
    """

    metric: str
    short: str
    one: str = ""
    many: str = ""
    threshold: str = ""
    limit: str = ""
    missing: str = "no data"
    decided_at: str = ""

    def value(self, value: float) -> str:
        """A value with what it counts."""
        unit = self.one if value == 1 else self.many
        return f"{number(value)} {unit}".rstrip()


def column_text(words: MetricWords, column: Column, side: Side) -> str:
    """What a column says behind its times: `2 events, decided ALARM at 03:11`, `highest of 5 slots 2 events`."""
    parts = [_value_text(words, column, side)]
    if 0 < column.missing < column.slots:
        parts.append(f"{column.missing} without data")
    if column.decided is not None:
        parts.append(f"{words.value(column.decided)} when it was decided")
    if column.is_late:
        parts.append("some came late")
    if column.note:
        parts.append(column.note)
    return ", ".join(parts)


def _value_text(words: MetricWords, column: Column, side: Side) -> str:
    if column.value is None:
        return "no data, counts as breaching" if column.fills else words.missing
    if column.slots == 1:
        return words.value(column.value)
    if side is Side.BOTH and column.low is not None and column.high is not None:
        return f"{number(column.low)} to {words.value(column.high)} in {column.slots} slots"
    return f"{'lowest' if side is Side.BELOW else 'highest'} of {column.slots} slots {words.value(column.value)}"


def summary_text(
    words: MetricWords, columns: Sequence[Column], states: Sequence[StateSpan], *, now: int, zone: tzinfo
) -> str:
    """What the readout row says at first: `Sum in 5 min: highest 2 at 03:06; ALARM 2 times`."""
    return f"{words.short}: {_highest(columns, now=now, zone=zone)}{_rang(states, '; ALARM {}')}"


def chart_label(
    words: MetricWords,
    window: Window,
    columns: Sequence[Column],
    states: Sequence[StateSpan],
    *,
    now: int,
    zone: tzinfo,
) -> str:
    """The chart for those who do not see it: metric, window, highest and when, threshold, times in ALARM."""
    highest = _highest(columns, now=now, zone=zone)
    until = moment_text(window.end, now=now, zone=zone)
    limit = f", threshold {words.limit}" if words.limit else ""
    return (
        f"{words.metric}, {length_text(window.length)} to {until}. "
        f"{highest[:1].upper()}{highest[1:]}{limit}{_rang(states, ', in ALARM {}')}."
    )


def _highest(columns: Sequence[Column], *, now: int, zone: tzinfo) -> str:
    values = [
        (column.high, column.high_at) for column in columns if column.high is not None and column.high_at is not None
    ]
    if not values:
        return "no data"
    # Of equal ones the newest: that is the one that is looked for.
    value, at = max(values)
    return f"highest {number(value)} at {moment_text(at, now=now, zone=zone)}"


def _rang(states: Sequence[StateSpan], words: str) -> str:
    times = sum(state.state == "ALARM" for state in states)
    if not states:
        return ""
    return words.format("never" if times == 0 else "once" if times == 1 else f"{times} times")
