"""Why an alarm is in its state, in words with its own numbers. Spec: AL-7, CON-4.4, AL-19.3.

Rule: the words follow from the evaluation that decided and from nothing else; each names its rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from tocsin.core.alarm.comparison import Comparison
from tocsin.core.alarm.decision import DecisionRule, TreatMissingData
from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.alarm.evaluation import Evaluation

RULE_IDS: Final[dict[DecisionRule, str]] = {
    DecisionRule.NEWEST_POINTS: "AL-7.1 (1)",
    DecisionRule.FILLS_BREACH: "AL-7.1 (2), breaching",
    DecisionRule.FILLS_DO_NOT_BREACH: "AL-7.1 (2), notBreaching",
    DecisionRule.ENOUGH_BREACHES: "AL-7.1 (2)",
    DecisionRule.NO_DATA: "AL-7.1 (2), missing",
    DecisionRule.GOOD_POINT: "AL-7.1 (2)",
    DecisionRule.PREMATURE: "AL-7.3, premature",
    DecisionRule.KEPT_TOO_YOUNG: "AL-7.3, kept",
    DecisionRule.KEPT_IGNORING: "AL-7.1 (2), ignore",
    DecisionRule.KEPT_FEW_SAMPLES: "AL-5.6",
    DecisionRule.WARMING_UP: "AL-5.7",
}
"""The rule of the specification behind each decision."""

_RINGS: Final[dict[Comparison, str]] = {
    Comparison.GREATER_THAN_OR_EQUAL: "{} or more rings",
    Comparison.GREATER_THAN: "more than {} rings",
    Comparison.LESS_THAN: "less than {} rings",
    Comparison.LESS_THAN_OR_EQUAL: "{} or less rings",
    Comparison.OUTSIDE_BAND: "a value outside the band rings",
    Comparison.BELOW_BAND: "a value below the band rings",
    Comparison.ABOVE_BAND: "a value above the band rings",
}

# Values that are named one by one.
_MOST_VALUES: Final = 5


class DecisionWords(msgspec.Struct, frozen=True, kw_only=True):
    """Why a state is what it is: the id of the rule, and sentences."""

    rule: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.sentences)


def ring_words(alarm: MetricAlarm) -> str:
    """What rings an alarm, to follow a value: `1 or more rings`, `a value outside the band rings`.

    For a line in a chart: `rings at 1 or more` is `threshold_words`.
    """
    return _RINGS[alarm.comparison_operator].format(_number(alarm.threshold))


def threshold_words(alarm: MetricAlarm) -> str:
    """The words at the threshold of a chart: `rings at 1 or more`, `rings outside its band`."""
    value = _number(alarm.threshold)
    return {
        Comparison.GREATER_THAN_OR_EQUAL: f"rings at {value} or more",
        Comparison.GREATER_THAN: f"rings above {value}",
        Comparison.LESS_THAN: f"rings below {value}",
        Comparison.LESS_THAN_OR_EQUAL: f"rings at {value} or less",
        Comparison.OUTSIDE_BAND: "rings outside its band",
        Comparison.BELOW_BAND: "rings below its band",
        Comparison.ABOVE_BAND: "rings above its band",
    }[alarm.comparison_operator]


def missing_words(alarm: MetricAlarm) -> str:
    """What a slot without data means for an alarm: `counts as fine`."""
    return {
        TreatMissingData.NOT_BREACHING: "counts as fine",
        TreatMissingData.BREACHING: "counts as breaching",
        TreatMissingData.MISSING: "is passed over",
        TreatMissingData.IGNORE: "changes nothing",
    }[alarm.missing_data]


def decision_words(alarm: MetricAlarm, evaluation: Evaluation, *, clock: Callable[[datetime], str]) -> DecisionWords:
    """Why an evaluation came to its state; `clock` writes a time of day for the reader."""
    rule = DecisionRule(evaluation.rule)
    says = _Says(alarm, evaluation, clock)
    return DecisionWords(rule=RULE_IDS[rule], sentences=tuple(says.sentences(rule)))


class _Says:
    """The sentences about one evaluation."""

    def __init__(self, alarm: MetricAlarm, evaluation: Evaluation, clock: Callable[[datetime], str]) -> None:
        self._n, self._m = alarm.evaluation_periods, alarm.points_to_alarm
        self._alarm = alarm
        self._evaluation = evaluation
        self._clock = clock
        self._real = sum(slot.value is not None for slot in evaluation.slots)

    def sentences(self, rule: DecisionRule) -> list[str]:
        n, m, points = self._n, self._m, self._evaluation.points
        rings = self._evaluation.new is StateValue.ALARM
        fills = max(0, n - self._real)
        match rule:
            case DecisionRule.NEWEST_POINTS:
                return [self._held(points), self._enough(len(points)) if rings else self._too_few()]
            case DecisionRule.FILLS_BREACH if rings:
                held = [self._held(points)] if points else []
                return [
                    *held,
                    f"{_slots(fills)} without data {_counts(fills)} as breaching.",
                    self._enough(len(points) + fills),
                ]
            case DecisionRule.FILLS_BREACH:
                return [
                    self._held(points),
                    f"{_slots(fills)} without data {_counts(fills)} as breaching, which is not enough.",
                ]
            case DecisionRule.FILLS_DO_NOT_BREACH if rings:
                return [self._held(points), self._enough(len(points)), "Slots without data count as fine."]
            case DecisionRule.FILLS_DO_NOT_BREACH:
                held = [self._held(points)] if points else [f"There were no data in the {self._range}."]
                return [*held, "Slots without data count as fine."]
            case DecisionRule.ENOUGH_BREACHES:
                return [
                    self._held(points),
                    self._enough(len(points)),
                    f"{_slots(fills)} without data could not change that.",
                ]
            case DecisionRule.NO_DATA:
                return [f"There were no data in the {self._range}, and missing data tell nothing about this alarm."]
            case DecisionRule.GOOD_POINT:
                return [self._held(points), "That is fine, and nothing in the range breaches often enough."]
            case DecisionRule.PREMATURE:
                return [
                    self._held(points),
                    f"That is fewer than the {m} of {n} that ring, but no slot in the range is fine.",
                    f"The oldest of them is {m} slots old: waiting longer would not have told more.",
                ]
            case DecisionRule.KEPT_TOO_YOUNG:
                return [
                    self._held(points),
                    f"Fewer than {m} slots breach, and they are too new to decide: the state stays.",
                ]
            case DecisionRule.KEPT_IGNORING:
                return ["Missing data are ignored, and what is there decides nothing: the state stays."]
            case DecisionRule.KEPT_FEW_SAMPLES:
                return ["There are too few samples for this percentile: the state stays."]
            case DecisionRule.WARMING_UP:
                return ["The alarm warms up and does not decide yet."]
            case _:
                assert_never(rule)

    @property
    def _range(self) -> str:
        count = self._evaluation.evaluation_range
        return "slot looked at" if count == 1 else f"{count} slots looked at"

    def _held(self, points: Sequence[tuple[datetime, float]]) -> str:
        """What the decisive slots held, and what rings."""
        rings = ring_words(self._alarm)
        if len(points) == 1:
            start, value = points[0]
            end = self._end(start)
            return f"The slot {self._clock(start)} to {self._clock(end)} held {_number(value)}, and {rings}."
        values = [_number(value) for _, value in reversed(points)]
        times = f"{self._clock(points[-1][0])} to {self._clock(self._end(points[0][0]))}"
        if len(points) > _MOST_VALUES:
            found = [value for _, value in points]
            return f"{len(points)} slots from {times} held {_number(min(found))} to {_number(max(found))}, and {rings}."
        return f"{len(points)} slots from {times} held {', '.join(values[:-1])} and {values[-1]}, and {rings}."

    def _end(self, start: datetime) -> datetime:
        """The end of the slot that begins there: the start of the next one, or the instant of the evaluation."""
        later = [slot.start for slot in self._evaluation.slots if slot.start > start]
        return min(later, default=self._evaluation.at)

    def _enough(self, count: int) -> str:
        n, m = self._n, self._m
        if m == 1:
            return f"One slot is enough ({m} of {n})."
        return f"{_capital(_slots(count))} of the last {n} breach, and {m} are enough ({m} of {n})."

    def _too_few(self) -> str:
        n, m = self._n, self._m
        if m == 1:
            return f"None of the newest {n} breaches." if n > 1 else "That does not breach."
        return f"Fewer than {m} of the newest {n} breach."


def _slots(count: int) -> str:
    return f"{count} slot" if count == 1 else f"{count} slots"


def _counts(count: int) -> str:
    return "counts" if count == 1 else "count"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: float | None) -> str:
    return "" if value is None else number_text(value).removesuffix(".0")
