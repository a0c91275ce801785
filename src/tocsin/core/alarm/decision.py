"""What an alarm makes of its slots. Rule: decided here, from arguments alone, and named.

`decide` is total and pure, and gives the same answer when it is applied to its own answer. It is
the specification in code: a shortcut elsewhere has to give the same state. Spec: AL-7, AL-5.5, AL-5.6.
"""

from __future__ import annotations

import math
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm.state import StateValue

if TYPE_CHECKING:
    from collections.abc import Sequence


class TreatMissingData(StrEnum):
    """How slots without a datapoint count when there are fewer than N datapoints (AL-5.5)."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class Datapoint(IntEnum):
    """One slot after comparison."""

    MISSING = 0
    GOOD = 1
    BAD = 2


class DecisionRule(StrEnum):
    """Which rule decided (AL-7.1). Those that begin with `kept` leave the state as it was."""

    NEWEST_POINTS = "newest-points"
    """There are N real points or more: the newest N alone decide (rule 1)."""
    FILLS_BREACH = "fills-breach"
    """Fewer than N, and the missing ones count as breaching."""
    FILLS_DO_NOT_BREACH = "fills-do-not-breach"
    """Fewer than N, and the missing ones count as not breaching."""
    ENOUGH_BREACHES = "enough-breaches"
    """Fewer than N, and M of them breach whatever the others might have been."""
    NO_DATA = "no-data"
    """No real point in the range, under `missing`."""
    GOOD_POINT = "good-point"
    """Fewer than N, fewer than M of them breach, and one does not."""
    PREMATURE = "premature"
    """Breaching points alone, fewer than M, the oldest at least M slots old: ALARM before M are there."""
    KEPT_TOO_YOUNG = "kept-too-young"
    """As `premature`, but the oldest is younger than M slots."""
    KEPT_IGNORING = "kept-ignoring"
    """Under `ignore`: nothing real, or breaching points alone and fewer than M."""
    KEPT_FEW_SAMPLES = "kept-few-samples"
    """A percentile over too few samples (AL-5.6)."""
    WARMING_UP = "warming-up"
    """The alarm warms up (AL-5.7)."""


_WORDS = {
    DecisionRule.NEWEST_POINTS: "the newest datapoints were enough to decide",
    DecisionRule.FILLS_BREACH: "datapoints were missing, and missing ones count as breaching",
    DecisionRule.FILLS_DO_NOT_BREACH: "datapoints were missing, and missing ones do not count as breaching",
    DecisionRule.ENOUGH_BREACHES: "datapoints were missing, but enough of those at hand breach",
    DecisionRule.NO_DATA: "there was no datapoint in the periods looked at",
    DecisionRule.GOOD_POINT: "datapoints were missing, and one of those at hand does not breach",
    DecisionRule.PREMATURE: "datapoints were missing, and those at hand all breach: "
    "waiting longer would not have told more",
}


def decided_words(rule: str) -> str:
    """The rule that decided in words; empty for one that keeps the state, and for any other text."""
    return next((words for known, words in _WORDS.items() if known == rule), "")


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The new state, the rule that gave it, and what it rests on.

    `decisive` are indices into the values (oldest first, as they were given), the newest point
    first: for ALARM the bad ones, for OK the good ones, among the points that the rule looks at
    (AL-9.2); all that it looked at where the state was kept. `real` counts the slots that have a
    value, `fills` is N - real, or 0 where N are real.
    """

    state: StateValue
    rule: DecisionRule
    decisive: tuple[int, ...]
    real: int
    fills: int


def decide(values: Sequence[Datapoint], *, n: int, m: int, treat: TreatMissingData, old: StateValue) -> Decision:
    """The state after looking at `values`, the slots from the oldest to the newest (AL-7.1, AL-7.2).

    `n` is EvaluationPeriods, `m` DatapointsToAlarm with 1 <= m <= n, `old` the state before.
    """
    real = [index for index in range(len(values) - 1, -1, -1) if values[index] is not Datapoint.MISSING]
    seen = real[:n]  # all of them, where there are fewer
    bad = tuple(index for index in seen if values[index] is Datapoint.BAD)
    good = tuple(index for index in seen if values[index] is Datapoint.GOOD)
    fills = max(0, n - len(real))

    def decided(state: StateValue, rule: DecisionRule, decisive: tuple[int, ...]) -> Decision:
        return Decision(state=state, rule=rule, decisive=decisive, real=len(real), fills=fills)

    def by_count(breaching: int, rule: DecisionRule) -> Decision:
        if breaching >= m:
            return decided(StateValue.ALARM, rule, bad)
        return decided(StateValue.OK, rule, good)

    if fills == 0:
        return by_count(len(bad), DecisionRule.NEWEST_POINTS)
    if treat is TreatMissingData.BREACHING:
        return by_count(len(bad) + fills, DecisionRule.FILLS_BREACH)
    if treat is TreatMissingData.NOT_BREACHING:
        return by_count(len(bad), DecisionRule.FILLS_DO_NOT_BREACH)
    if len(bad) >= m:
        return decided(StateValue.ALARM, DecisionRule.ENOUGH_BREACHES, bad)
    if good:
        return decided(StateValue.OK, DecisionRule.GOOD_POINT, good)
    if treat is TreatMissingData.IGNORE:
        return decided(old, DecisionRule.KEPT_IGNORING, bad)
    if not bad:
        return decided(StateValue.INSUFFICIENT_DATA, DecisionRule.NO_DATA, ())
    # The newest slot has age 1. No good point anywhere in the range, or it would have been OK (AL-7.3).
    age = len(values) - bad[-1]
    if age >= m:
        return decided(StateValue.ALARM, DecisionRule.PREMATURE, bad)
    return decided(old, DecisionRule.KEPT_TOO_YOUNG, bad)


def samples_needed(percentile: float) -> float:
    """How many samples a percentile (0 to 100) needs before EvaluateLowSampleCountPercentile lets it count (AL-5.6).

    p0 and p100 are the minimum and the maximum, which are exact however few samples there are: 0.
    (The documented formula has no value for them: our choice.)

    >>> samples_needed(90), samples_needed(25)
    (100.0, 40.0)
    """
    share = Fraction(str(percentile)) / 100  # as it was written: 99.9, not the nearest double
    outside = min(share, 1 - share)
    return float(10 / outside) if outside > 0 else 0.0


def too_few_samples(counts: Sequence[float | None], *, n: int, needed: float) -> bool:
    """Whether the newest N slots hold some samples, but fewer than needed (AL-5.6).

    `counts` are the samples of each slot, oldest first, None for an empty one. When all N are
    empty the rules about missing data apply instead (our choice).
    """
    present = [count for count in counts[-n:] if count is not None]
    return bool(present) and math.fsum(present) < needed
