from __future__ import annotations

import sys
from itertools import product

import pytest
from alarms import band_alarm, expression, math_alarm, metric_alarm, stat

from tocsin.core.alarm import AlarmEvaluator, Datapoint, DecisionRule, Reading, StateValue
from tocsin.core.anomaly import Band
from tocsin.core.metric import StatisticSet

EDGES = (0, 60, 120, 180)


def percentile(name: str, low: str | None = "ignore", **changes: object) -> AlarmEvaluator:
    return AlarmEvaluator(
        metric_alarm(Statistic=None, ExtendedStatistic=name, EvaluateLowSampleCountPercentile=low, **changes)
    )


# AL-6.6: the statistic over the slot; no data is missing, which is not 0.
def test_reading_a_metric() -> None:
    evaluator = AlarmEvaluator(metric_alarm(Statistic="Average"))
    reading = evaluator.read([None, StatisticSet.of(0.0), StatisticSet.of(1.0, 2.0)], EDGES)
    assert reading == Reading(edges=EDGES, values=(None, 0.0, 1.5), sample_counts=(None, 1.0, 2.0))
    assert evaluator.points(reading) == (Datapoint.MISSING, Datapoint.GOOD, Datapoint.BAD)


def test_more_samples_than_a_double_holds() -> None:
    part = StatisticSet.stated(sample_count=sys.float_info.max, sum=1.0, minimum=0.0, maximum=1.0)
    reading = AlarmEvaluator(metric_alarm()).read([None, None, part.merge(part)], EDGES)
    assert reading.sample_counts[-1] == sys.float_info.max


def test_edges_are_those_of_the_range() -> None:
    assert AlarmEvaluator(metric_alarm()).edges(180) == EDGES
    assert AlarmEvaluator(metric_alarm(), extra=0).edges(180) == (120, 180)


def test_which_alarms_take_the_shortcut() -> None:
    assert AlarmEvaluator(metric_alarm()).is_plain
    assert AlarmEvaluator(math_alarm(stat("m1", returned=True))).is_plain
    assert percentile("p90", low="evaluate").is_plain
    assert percentile("p100").is_plain
    assert not percentile("p90").is_plain
    assert not AlarmEvaluator(band_alarm()).is_plain


# AL-5.6: exactly as many as are needed count; with fewer the state is kept; with none data are missing.
@pytest.mark.parametrize(
    ("samples", "old", "state", "rule"),
    [
        (100, "OK", "ALARM", DecisionRule.NEWEST_POINTS),
        (99, "OK", "OK", DecisionRule.KEPT_FEW_SAMPLES),
        (99, "INSUFFICIENT_DATA", "INSUFFICIENT_DATA", DecisionRule.KEPT_FEW_SAMPLES),
        (0, "OK", "INSUFFICIENT_DATA", DecisionRule.NO_DATA),
    ],
)
def test_few_samples(samples: int, old: str, state: str, rule: DecisionRule) -> None:
    evaluator = percentile("p90")
    reading = evaluator.read([None, None, StatisticSet.of(*[9.0] * samples)], EDGES)
    decision = evaluator.judge(reading, StateValue(old))
    assert (decision.state, decision.rule) == (state, rule)
    assert evaluator.decide_reading(reading, StateValue(old)) is StateValue(state)


# AL-5.6, our choice: the newest N slots are empty, so what is older decides by AL-7.
def test_samples_are_counted_over_the_newest_n_slots() -> None:
    evaluator = percentile("p90")
    reading = evaluator.read([None, StatisticSet.of(9.0), None], EDGES)
    assert evaluator.judge(reading, StateValue.OK).state is StateValue.ALARM


def test_an_alarm_that_evaluates_low_samples_does() -> None:
    evaluator = percentile("p90", low=None)
    reading = evaluator.read([None, None, StatisticSet.of(9.0)], EDGES)
    assert evaluator.decide_reading(reading, StateValue.OK) is StateValue.ALARM


# AL-15.2: slot by slot against the band; no band there, no datapoint.
def test_a_band() -> None:
    evaluator = AlarmEvaluator(band_alarm(EvaluationPeriods=2, ComparisonOperator="GreaterThanUpperThreshold"))
    asked = []

    def bands(name: str, deviations: float) -> Band:
        asked.append((name, deviations))
        return Band(lower=(1.0, None, 1.0, 1.0), upper=(2.0, None, 2.0, 9.0), model="m")

    slots = {"m1": [StatisticSet.of(5.0)] * 4}
    reading = evaluator.read(slots, (0, 60, 120, 180, 240), bands=bands)
    assert asked == [("m1", 2.0)]
    assert (reading.lower, reading.model) == ((1.0, None, 1.0, 1.0), "m")
    bad, missing, good = Datapoint.BAD, Datapoint.MISSING, Datapoint.GOOD
    assert evaluator.points(reading) == (bad, missing, bad, good)


def test_without_a_model_there_is_no_band() -> None:
    evaluator = AlarmEvaluator(band_alarm())
    reading = evaluator.read({"m1": [StatisticSet.of(5.0)] * 3}, EDGES)
    assert evaluator.points(reading) == (Datapoint.MISSING,) * 3
    assert evaluator.decide_reading(reading, StateValue.OK) is StateValue.INSUFFICIENT_DATA


# AL-4.5, AL-4.6
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("m1*10", (None, 10.0, 20.0)),
        ("FILL(m1, 0)", (0.0, 1.0, 2.0)),
        ("TIME_SERIES(0)", (0.0, 0.0, 0.0)),
        ("RUNNING_SUM(m1)", (None, 1.0, 3.0)),
        ("MINUTE(m1)", (0.0, 1.0, 2.0)),
        ("m1/m2", (None, None, None)),
        ('FIRST(REMOVE_EMPTY(METRICS("m2")))', (None, None, None)),
        ("SUM(METRICS())", (None, 1.0, 2.0)),
        ('METRICS("m1")', (None, 1.0, 2.0)),
        ("IF(m1>1, m1)", (None, None, 2.0)),
    ],
)
def test_expressions_over_the_slots(text: str, values: tuple[float | None, ...]) -> None:
    evaluator = AlarmEvaluator(math_alarm(expression("e1", text, returned=True), stat("m1"), stat("m2")))
    reading = evaluator.read({"m1": [None, StatisticSet.of(1.0), StatisticSet.of(2.0)]}, EDGES)
    assert (reading.values, reading.sample_counts) == (values, ())


# Total: arrays whose lengths depend on the data do not fit, or are more than one series.
@pytest.mark.parametrize("text", ['REMOVE_EMPTY(METRICS("m2"))', 'SUM(METRICS("m1") + REMOVE_EMPTY(METRICS("m2")))'])
def test_what_cannot_be_worked_out_has_no_points(text: str) -> None:
    alarm = math_alarm(
        expression("e1", text),
        expression("e2", "SUM(e1)" if "+" not in text else "e1", returned=True),
        stat("m1"),
        stat("m2"),
    )
    reading = AlarmEvaluator(alarm).read({"m1": [StatisticSet.of(1.0)] * 3}, EDGES)
    assert reading.values == (None, None, None)


def test_a_band_of_a_band_query_that_fails_is_none() -> None:
    queries = [
        stat("m1", returned=True),
        expression("ad1", "ANOMALY_DETECTION_BAND(m1, 2)", returned=True),
        expression("e1", "FIRST(ad1) - LAST(ad1)"),
    ]
    evaluator = AlarmEvaluator(band_alarm(Metrics=queries))
    short = Band(lower=(1.0,), upper=(2.0,), model="short")
    reading = evaluator.read({"m1": [StatisticSet.of(5.0)] * 3}, EDGES, bands=lambda *_: short)
    assert reading.values == (5.0, 5.0, 5.0)
    assert reading.lower == (None, None, None)


# Every combination of four slots, three values each: `decide` is a shortcut, `judge` the truth.
@pytest.mark.parametrize("treat", ["missing", "ignore", "breaching", "notBreaching"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2)])
def test_the_shortcut_gives_the_same_state(n: int, m: int, treat: str) -> None:
    alarm = metric_alarm(EvaluationPeriods=n, DatapointsToAlarm=m, TreatMissingData=treat)
    evaluator = AlarmEvaluator(alarm, extra=4 - n)
    for values in product((None, 0.0, 1.0), repeat=4):
        reading = Reading(edges=(0, 1, 2, 3, 4), values=values)
        for old in StateValue:
            assert evaluator.decide(values, old) is evaluator.judge(reading, old).state
