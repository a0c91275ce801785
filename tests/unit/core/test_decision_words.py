"""Why an alarm is in its state, in words. Spec: AL-7, CON-4.4."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarm_message import metric_alarm

from tocsin.core.alarm.decision import DecisionRule
from tocsin.core.alarm.evaluation import Evaluation, evaluate
from tocsin.core.alarm.state import StateValue
from tocsin.core.decision_words import RULE_IDS, decision_words, missing_words, ring_words, threshold_words

AT = datetime(2026, 9, 14, 11, 20, tzinfo=UTC)


def words(values: str, *, n: int = 1, m: int | None = None, old: str = "OK", **more: Any) -> tuple[str, str, str]:
    """State, rule and words for the slots up to AT, newest last: a digit is a value, `-` is missing."""
    alarm = metric_alarm(EvaluationPeriods=n, DatapointsToAlarm=m, Period=300, **more)
    slots = values.split()
    start = AT - timedelta(seconds=300 * len(slots))
    points = [(start + timedelta(seconds=300 * place), float(one)) for place, one in enumerate(slots) if one != "-"]
    evaluation = evaluate(alarm, old, points, at=AT, extra=len(slots) - n)
    told = decision_words(alarm, evaluation, clock=lambda at: f"{at:%H:%M}")
    return evaluation.new.value, told.rule, told.text


ROWS = [
    (
        {"values": "- - 2"},
        "ALARM", "AL-7.1 (1)",
        "The slot 11:15 to 11:20 held 2, and 1 or more rings. One slot is enough (1 of 1).",
    ),
    (
        {"values": "- 2 -"},
        "ALARM", "AL-7.1 (1)",
        "The slot 11:10 to 11:15 held 2, and 1 or more rings. One slot is enough (1 of 1).",
    ),
    (
        {"values": "- - 0"},
        "OK", "AL-7.1 (1)",
        "The slot 11:15 to 11:20 held 0, and 1 or more rings. That does not breach.",
    ),
    (
        {"values": "0 0 0", "n": 3, "m": 1},
        "OK", "AL-7.1 (1)",
        "3 slots from 11:05 to 11:20 held 0, 0 and 0, and 1 or more rings. None of the newest 3 breaches.",
    ),
    (
        {"values": "0 2 3", "n": 3, "m": 2},
        "ALARM", "AL-7.1 (1)",
        ("2 slots from 11:10 to 11:20 held 2 and 3, and 1 or more rings. 2 slots of the last 3 breach,"
        " and 2 are enough (2 of 3)."),
    ),
    (
        {"values": "0 0 3", "n": 3, "m": 2},
        "OK", "AL-7.1 (1)",
        "2 slots from 11:05 to 11:15 held 0 and 0, and 1 or more rings. Fewer than 2 of the newest 3 breach.",
    ),
    (
        {"values": "1 2 3 4 5 6", "n": 6, "m": 6},
        "ALARM", "AL-7.1 (1)",
        ("6 slots from 10:50 to 11:20 held 1 to 6, and 1 or more rings. 6 slots of the last 6 breach,"
        " and 6 are enough (6 of 6)."),
    ),
    (
        {"values": "- - -", "TreatMissingData": "breaching"},
        "ALARM", "AL-7.1 (2), breaching",
        "1 slot without data counts as breaching. One slot is enough (1 of 1).",
    ),
    (
        {"values": "- - 5", "n": 3, "m": 3, "TreatMissingData": "breaching"},
        "ALARM", "AL-7.1 (2), breaching",
        ("The slot 11:15 to 11:20 held 5, and 1 or more rings. 2 slots without data count as breaching."
        " 3 slots of the last 3 breach, and 3 are enough (3 of 3)."),
    ),
    (
        {"values": "0 - 0", "n": 3, "m": 3, "TreatMissingData": "breaching"},
        "OK", "AL-7.1 (2), breaching",
        ("2 slots from 11:05 to 11:20 held 0 and 0, and 1 or more rings."
        " 1 slot without data counts as breaching, which is not enough."),
    ),
    (
        {"values": "- - 5", "n": 2, "m": 1},
        "ALARM", "AL-7.1 (2), notBreaching",
        ("The slot 11:15 to 11:20 held 5, and 1 or more rings. One slot is enough (1 of 2)."
        " Slots without data count as fine."),
    ),
    (
        {"values": "- - -"},
        "OK", "AL-7.1 (2), notBreaching",
        "There were no data in the 3 slots looked at. Slots without data count as fine.",
    ),
    (
        {"values": "-", "n": 1},
        "OK", "AL-7.1 (2), notBreaching",
        "There were no data in the slot looked at. Slots without data count as fine.",
    ),
    (
        {"values": "- - 0", "n": 2, "m": 1},
        "OK", "AL-7.1 (2), notBreaching",
        "The slot 11:15 to 11:20 held 0, and 1 or more rings. Slots without data count as fine.",
    ),
    (
        {"values": "- 5 5", "n": 3, "m": 2, "TreatMissingData": "missing"},
        "ALARM", "AL-7.1 (2)",
        ("2 slots from 11:10 to 11:20 held 5 and 5, and 1 or more rings. 2 slots of the last 3 breach,"
        " and 2 are enough (2 of 3). 1 slot without data could not change that."),
    ),
    (
        {"values": "- - -", "TreatMissingData": "missing"},
        "INSUFFICIENT_DATA", "AL-7.1 (2), missing",
        "There were no data in the 3 slots looked at, and missing data tell nothing about this alarm.",
    ),
    (
        {"values": "0 - -", "n": 3, "m": 2, "TreatMissingData": "missing"},
        "OK", "AL-7.1 (2)",
        ("The slot 11:05 to 11:10 held 0, and 1 or more rings. That is fine, and nothing in the range breaches often"
        " enough."),
    ),
    (
        {"values": "- - 5 - -", "n": 3, "m": 3, "TreatMissingData": "missing"},
        "ALARM", "AL-7.3, premature",
        ("The slot 11:05 to 11:10 held 5, and 1 or more rings. That is fewer than the 3 of 3 that ring, but no slot in"
            " the range is fine. The oldest of them is 3 slots old: waiting longer would not have told more."),
    ),
    (
        {"values": "- - - - 5", "n": 3, "m": 3, "TreatMissingData": "missing"},
        "OK", "AL-7.3, kept",
        ("The slot 11:15 to 11:20 held 5, and 1 or more rings. Fewer than 3 slots breach, and they are too new to decide:"
        " the state stays."),
    ),
    (
        {"values": "- - -", "TreatMissingData": "ignore", "old": "ALARM"},
        "ALARM", "AL-7.1 (2), ignore",
        "Missing data are ignored, and what is there decides nothing: the state stays.",
    ),
    (
        {"values": "- - 1", "Statistic": None, "ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "ignore"},
        "OK", "AL-5.6",
        "There are too few samples for this percentile: the state stays.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "state", "rule", "text"), ROWS)
def test_the_words_of_a_decision(given: dict[str, Any], state: str, rule: str, text: str) -> None:
    assert words(**given) == (state, rule, text)


def test_an_alarm_that_warms_up() -> None:
    evaluation = Evaluation(
        old=StateValue.OK, new=StateValue.OK, reason="", reason_data="", at=AT, evaluation_range=1,
        rule=DecisionRule.WARMING_UP.value, points=(), slots=(),
    )  # fmt: skip
    told = decision_words(metric_alarm(), evaluation, clock=str)
    assert told.sentences == ("The alarm warms up and does not decide yet.",)


def test_every_rule_has_its_id() -> None:
    assert set(RULE_IDS) == set(DecisionRule)


@pytest.mark.parametrize(
    ("operator", "rings", "line"),
    [
        ("GreaterThanOrEqualToThreshold", "1 or more rings", "rings at 1 or more"),
        ("GreaterThanThreshold", "more than 1 rings", "rings above 1"),
        ("LessThanThreshold", "less than 1 rings", "rings below 1"),
        ("LessThanOrEqualToThreshold", "1 or less rings", "rings at 1 or less"),
    ],
)
def test_what_rings(operator: str, rings: str, line: str) -> None:
    alarm = metric_alarm(ComparisonOperator=operator)
    assert (ring_words(alarm), threshold_words(alarm)) == (rings, line)


def test_a_band_has_no_number() -> None:
    alarm = metric_alarm(
        Namespace=None, MetricName=None, Statistic=None, Period=None, Threshold=None,
        ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold", ThresholdMetricId="band",
        Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 300, "Stat": "Sum"}},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1)"},
        ],
    )  # fmt: skip
    assert ring_words(alarm) == "a value outside the band rings"
    assert threshold_words(alarm) == "rings outside its band"


@pytest.mark.parametrize(
    ("treat", "words_"),
    [
        ("notBreaching", "counts as fine"),
        ("breaching", "counts as breaching"),
        ("missing", "is passed over"),
        ("ignore", "changes nothing"),
    ],
)
def test_what_missing_data_mean(treat: str, words_: str) -> None:
    assert missing_words(metric_alarm(TreatMissingData=treat)) == words_
