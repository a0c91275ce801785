"""How many matching records are certain to ring an alarm. Spec: CON-4.10 (Coverage), AL-5.1, AL-6.5, AL-7.

Rule: what is claimed holds however the records fall into the alarm's periods; what cannot be claimed says why not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import Datapoint
from tocsin.core.alarm.state import StateValue
from tocsin.core.alarm_condition import span_text
from tocsin.core.alarm_life import life_of

if TYPE_CHECKING:
    from tocsin.core.alarm.definition import MetricAlarm

# Beyond that many records nobody would call it a security alarm, and the division is not exact any more.
_MOST_RECORDS = 1_000_000


class FedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """What a match publishes: a number that never changes, in a unit; and whether minutes without one have a value."""

    value: float
    unit: str = "None"
    has_default: bool = False


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """So many records within so many seconds ring the alarm; 0 where that is not certain, and `why_not` says why."""

    records: int = 0
    within: int = 0
    why_not: str = ""

    def shortfall(self, wanted: Sensitivity) -> str:
        """Why records that ring an alarm of the sensitivity `wanted` may leave this one quiet; empty if they cannot."""
        if not self.records:
            return self.why_not
        if self.records > max(1, wanted.records):
            return f"it takes {self.records:,} records in {span_text(self.within)}"
        if self.records > 1 and self.within < wanted.within:
            return f"the {self.records:,} records must fall into {span_text(self.within)}"
        return ""


def sensitivity_of(alarm: MetricAlarm, fed: FedMetric, *, extra: int | None = None) -> Sensitivity:
    """What rings an alarm on the metric that matches feed. `extra` is the setting `alarm.evaluation_range`."""
    statistic = None if alarm.statistic is None else alarm.statistic.source
    if alarm.key is None or alarm.threshold is None or statistic not in {"Sum", "SampleCount", "Maximum"}:
        return _uncertain("it does not look at Sum, SampleCount or Maximum of the metric against a threshold")
    if alarm.unit is not None and alarm.unit != fed.unit:
        return _uncertain(f"it looks at data in {alarm.unit}, and the filter's are in {fed.unit}")
    if alarm.comparison_operator not in {Comparison.GREATER_THAN_OR_EQUAL, Comparison.GREATER_THAN}:
        return _uncertain("it does not ring when there is more")
    life = life_of(alarm, quiet=Datapoint.GOOD if fed.has_default else Datapoint.MISSING, extra=extra)
    if life.before is StateValue.ALARM:
        return _uncertain("it is in ALARM while nothing happens, as what is missing counts as breaching")
    if life.burst > 1 or life.rings == 0:
        return _uncertain(f"it takes {alarm.points_to_alarm} breaching periods")
    if life.rings is None:
        return _uncertain("once it rings it stays in ALARM, so that it never rings again")
    records = _records(
        statistic, fed.value, alarm.threshold, orequal=alarm.comparison_operator is not Comparison.GREATER_THAN
    )
    if records is None:
        return _uncertain("the values that the filter publishes do not reach its threshold")
    return Sensitivity(records=records, within=alarm.period)


def _uncertain(why_not: str) -> Sensitivity:
    return Sensitivity(why_not=why_not)


def _records(statistic: str, value: float, threshold: float, *, orequal: bool) -> int | None:
    """How many matches of a period breach; None where no number of them does."""
    if statistic == "Maximum":
        return 1 if (value >= threshold if orequal else value > threshold) else None
    each = 1.0 if statistic == "SampleCount" else value
    if each <= 0:
        return None
    count = threshold / each
    if not math.isfinite(count) or count > _MOST_RECORDS:
        return None
    return max(1, math.ceil(count) if orequal else math.floor(count) + 1)
