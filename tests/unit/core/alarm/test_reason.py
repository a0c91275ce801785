"""The sentences of AL-9, as evaluations write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarms import NOON, band_alarm, metric_alarm

from tocsin.core.alarm import MetricAlarm, evaluate
from tocsin.core.anomaly import Band

GT = {"ComparisonOperator": "GreaterThanThreshold", "Statistic": "Average"}


def at(day: int, month: int, hour: int, minute: int, second: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


# Examples AL-9.a, word for word.
@pytest.mark.parametrize(
    ("alarm", "old", "points", "instant", "reason"),
    [
        (
            metric_alarm(**GT, Threshold=21),
            "OK",
            [(at(26, 2, 10, 14), 21.5)],
            at(26, 2, 10, 15),
            "Threshold Crossed: 1 datapoint [21.5 (26/02/26 10:14:00)] was greater than the threshold (21.0).",
        ),
        (
            metric_alarm(**GT, Threshold=40, Period=300, EvaluationPeriods=2),
            "OK",
            [(at(7, 9, 6, 9), 65.6), (at(7, 9, 6, 14), 99.97)],
            at(7, 9, 6, 19),
            (
                "Threshold Crossed: 2 datapoints [99.97 (07/09/26 06:14:00), 65.6 (07/09/26 06:09:00)]"
                " were greater than the threshold (40.0)."
            ),
        ),
        (
            metric_alarm(
                ComparisonOperator="LessThanOrEqualToThreshold",
                Threshold=0,
                EvaluationPeriods=8,
                TreatMissingData="breaching",
            ),
            "ALARM",
            [(at(7, 9, 6, 14), 2)],
            at(7, 9, 6, 15),
            (
                "Threshold Crossed: 1 datapoint [2.0 (07/09/26 06:14:00)] was not less than or equal to the threshold (0.0)"
                " and 7 missing datapoints were treated as [Breaching]."
            ),
        ),
        (
            metric_alarm(**GT, Threshold=10, DatapointsToAlarm=1),
            "OK",
            [(at(5, 11, 14, 23, year=2024), 15)],
            at(5, 11, 14, 24, year=2024),
            (
                "Threshold Crossed: 1 out of the last 1 datapoints [15.0 (05/11/24 14:23:00)] was greater than the threshold"
                " (10.0) (minimum 1 datapoint for OK -> ALARM transition)."
            ),
        ),
        (
            metric_alarm(**GT, Threshold=50, Period=10, EvaluationPeriods=3, DatapointsToAlarm=3),
            "INSUFFICIENT_DATA",
            [(at(14, 9, 5, 42, 20), 100)],
            at(14, 9, 5, 42, 50),
            (
                "Threshold Crossed: 1 out of the last 3 datapoints [100.0 (14/09/26 05:42:20)] was greater than the threshold"
                " (50.0) (minimum 3 datapoints for OK -> ALARM transition)."
            ),
        ),
        (
            metric_alarm(TreatMissingData="notBreaching"),
            "INSUFFICIENT_DATA",
            [],
            NOON,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
        ),
        (
            metric_alarm(TreatMissingData="breaching", EvaluationPeriods=3, DatapointsToAlarm=2),
            "OK",
            [(NOON - timedelta(minutes=1), 0)],
            NOON,
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
        ),
        (metric_alarm(), "OK", [], NOON, "Insufficient Data: 1 datapoint was unknown."),
    ],
)
def test_examples(alarm: MetricAlarm, old: str, points: list[Any], instant: datetime, reason: str) -> None:
    assert evaluate(alarm, old, points, at=instant).reason == reason


def minutes(text: str) -> list[Any]:
    """Values by the minute, the last one before noon; '-' is none."""
    values = text.split()
    return [
        (NOON - timedelta(minutes=len(values) - place), None if value == "-" else float(value))
        for place, value in enumerate(values)
    ]


# AL-9.2 to AL-9.6, over the forms: N, M as given, treatment, the newest minutes, state before.
@pytest.mark.parametrize(
    ("n", "m", "treat", "text", "old", "reason"),
    [
        # All decisive points are listed, also where fewer would do; the verb follows K.
        (3, 2, "missing", "9 9 9", "OK", "Threshold Crossed: 3 out of the last 3 datapoints [9.0 (14/09/26 11:59:00), 9.0 (14/09/26 11:58:00), 9.0 (14/09/26 11:57:00)] were greater than or equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."),
        # ALARM -> OK, N - M + 1; also when the state before was INSUFFICIENT_DATA.
        (3, 2, "missing", "0 9 0", "INSUFFICIENT_DATA", "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (14/09/26 11:59:00), 0.0 (14/09/26 11:57:00)] were not greater than or equal to the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition)."),
        (3, 3, "missing", "0 9 9", "ALARM", "Threshold Crossed: 1 out of the last 3 datapoints [0.0 (14/09/26 11:57:00)] was not greater than or equal to the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition)."),
        (3, None, "missing", "0 9 9", "ALARM", "Threshold Crossed: 1 datapoint [0.0 (14/09/26 11:57:00)] was not greater than or equal to the threshold (1.0)."),
        # Fills are told under breaching and notBreaching only, and only if there are any.
        (3, 2, "breaching", "9 - -", "OK", "Threshold Crossed: 1 out of the last 3 datapoints [9.0 (14/09/26 11:57:00)] was greater than or equal to the threshold (1.0) and 2 missing datapoints were treated as [Breaching] (minimum 2 datapoints for OK -> ALARM transition)."),
        (3, 2, "notBreaching", "9 - 9", "OK", "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (14/09/26 11:59:00), 9.0 (14/09/26 11:57:00)] were greater than or equal to the threshold (1.0) and 1 missing datapoint was treated as [NonBreaching] (minimum 2 datapoints for OK -> ALARM transition)."),
        (3, 2, "breaching", "9 9 9", "OK", "Threshold Crossed: 3 out of the last 3 datapoints [9.0 (14/09/26 11:59:00), 9.0 (14/09/26 11:58:00), 9.0 (14/09/26 11:57:00)] were greater than or equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."),
        (3, 2, "missing", "9 - 9", "OK", "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (14/09/26 11:59:00), 9.0 (14/09/26 11:57:00)] were greater than or equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."),
        # Only fills decide: both forms alike.
        (3, 2, "notBreaching", "9 - -", "ALARM", "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [NonBreaching]."),
        (4, 4, "notBreaching", "9 9 9", "ALARM", "Threshold Crossed: 3 datapoints were received for 4 periods and 1 missing datapoint was treated as [NonBreaching]."),
        (3, None, "breaching", "- - -", "OK", "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching]."),
        # N, even if M < N.
        (3, 2, "missing", "- - -", "OK", "Insufficient Data: 3 datapoints were unknown."),
        # Ours: a state that was kept.
        (3, 2, "ignore", "- - -", "OK", "State kept: 3 datapoints were missing and ignored."),
        (3, 2, "ignore", "- - 9", "OK", "State kept: 1 datapoint [9.0 (14/09/26 11:59:00)] was greater than or equal to the threshold (1.0), 2 are needed, and missing datapoints are ignored."),
        (3, 2, "missing", "- - 9", "OK", "State kept: 1 datapoint [9.0 (14/09/26 11:59:00)] was greater than or equal to the threshold (1.0), 2 are needed, or one that is at least 2 periods old with no other beside it."),
    ],
)  # fmt: skip
def test_forms(n: int, m: int | None, treat: str, text: str, old: str, reason: str) -> None:
    alarm = metric_alarm(EvaluationPeriods=n, DatapointsToAlarm=m, TreatMissingData=treat)
    assert evaluate(alarm, old, minutes(text), at=NOON).reason == reason


@pytest.mark.parametrize(
    ("operator", "relation"),
    [
        ("GreaterThanThreshold", "greater than"),
        ("GreaterThanOrEqualToThreshold", "greater than or equal to"),
        ("LessThanThreshold", "less than"),
        ("LessThanOrEqualToThreshold", "less than or equal to"),
    ],
)
def test_relations(operator: str, relation: str) -> None:
    found = [
        evaluate(metric_alarm(ComparisonOperator=operator), "OK", minutes(value), at=NOON).reason for value in "029"
    ]
    assert any(f"was {relation} the threshold (1.0)." in reason for reason in found)
    assert any(f"was not {relation} the threshold (1.0)." in reason for reason in found)


def test_too_few_samples() -> None:
    alarm = metric_alarm(Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore")
    found = evaluate(alarm, "OK", minutes("9"), at=NOON)
    assert found.reason == "State kept: there are too few samples for the percentile."
    assert (found.rule, found.points) == ("kept-few-samples", ())


# AL-9.8: one value of the band for each decisive point.
@pytest.mark.parametrize(
    ("operator", "m", "value", "reason"),
    [
        ("LessThanLowerOrGreaterThanUpperThreshold", 1, 25, "Thresholds Crossed: 1 out of the last 1 datapoints [25.0 (14/09/26 11:59:00)] was less than the lower thresholds [10.0] or greater than the upper thresholds [20.0] (minimum 1 datapoint for OK -> ALARM transition)."),
        ("LessThanLowerOrGreaterThanUpperThreshold", 1, 15, "Thresholds Crossed: 1 out of the last 1 datapoints [15.0 (14/09/26 11:59:00)] was not less than the lower thresholds [10.0] or not greater than the upper thresholds [20.0] (minimum 1 datapoint for ALARM -> OK transition)."),
        ("GreaterThanUpperThreshold", None, 25, "Thresholds Crossed: 1 datapoint [25.0 (14/09/26 11:59:00)] was greater than the upper thresholds [20.0]."),
        ("GreaterThanUpperThreshold", None, 15, "Thresholds Crossed: 1 datapoint [15.0 (14/09/26 11:59:00)] was not greater than the upper thresholds [20.0]."),
        ("LessThanLowerThreshold", None, 5, "Thresholds Crossed: 1 datapoint [5.0 (14/09/26 11:59:00)] was less than the lower thresholds [10.0]."),
        ("LessThanLowerThreshold", None, 15, "Thresholds Crossed: 1 datapoint [15.0 (14/09/26 11:59:00)] was not less than the lower thresholds [10.0]."),
    ],
)  # fmt: skip
def test_anomaly(operator: str, m: int | None, value: float, reason: str) -> None:
    alarm = band_alarm(ComparisonOperator=operator, DatapointsToAlarm=m)
    band = Band(lower=(10.0,) * 3, upper=(20.0,) * 3, model="flat")
    points = {"m1": [(NOON - timedelta(minutes=1), value)]}
    assert evaluate(alarm, "OK", points, at=NOON, bands=lambda *_: band).reason == reason
