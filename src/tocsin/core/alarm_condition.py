"""When an alarm rings, in words. Spec: AL-5.1, AL-5.3, AL-7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.number_text import number_text

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm

_WORDS: Final[dict[Comparison, str]] = {
    Comparison.GREATER_THAN_OR_EQUAL: "at least",
    Comparison.GREATER_THAN: "more than",
    Comparison.LESS_THAN: "less than",
    Comparison.LESS_THAN_OR_EQUAL: "at most",
    Comparison.ABOVE_BAND: "above its band",
    Comparison.BELOW_BAND: "below its band",
    Comparison.OUTSIDE_BAND: "outside its band",
}

_UNITS = ((604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def condition_text(alarm: MetricAlarm) -> str:
    """When the alarm goes to ALARM: `Sum of ConsoleSigninFailureCount is at least 3 in 5 minutes`."""
    value = alarm.threshold
    threshold = "" if value is None else f" {number_text(value).removesuffix('.0')}"
    n, m = alarm.evaluation_periods, alarm.points_to_alarm
    period = span_text(alarm.period)
    if n == 1:
        when = f"in {period}"
    elif m == n:
        when = f"in {n} periods of {period} on end"
    else:
        when = f"in {m} of the last {n} periods of {period}"
    return f"{_watched(alarm)} is {comparison_text(alarm.comparison_operator)}{threshold} {when}"


def comparison_text(comparison: Comparison) -> str:
    """What an operator asks of the value, in words that stand before the threshold: `at least`."""
    return _WORDS[comparison]


def span_text(seconds: int) -> str:
    """A length of time in its largest whole unit.

    >>> span_text(300), span_text(3600), span_text(90)
    ('5 minutes', '1 hour', '90 seconds')
    """
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _watched(alarm: MetricAlarm) -> str:
    if alarm.key is not None and alarm.statistic is not None:
        dimensions = ", ".join(f"{name} = {value}" for name, value in alarm.key.dimensions)
        return f"{alarm.statistic.source} of {alarm.key.metric_name}" + (f" ({dimensions})" if dimensions else "")
    watched = next(query for query in alarm.metrics if query.return_data and query.id != alarm.threshold_metric_id)
    return watched.label or watched.expression or watched.id
