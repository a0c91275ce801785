from __future__ import annotations

from typing import Any

import pytest
from alarms import band_parameters, expression, math_alarm, math_parameters, parameters, stat

from tocsin.core.alarm import AlarmError, MetricAlarm
from tocsin.core.alarm.query_reader import band_call, order_of


# AL-5.2, AL-4.1, AL-4.4, AL-16.6
@pytest.mark.parametrize(
    ("queries", "message", "parameter"),
    [
        ([stat("m1")], "Exactly one element of the metrics list should return data.", "Metrics"),
        ([stat("m1", returned=True), stat("m2", returned=True)], "Exactly one element of the metrics list should return data.", "Metrics"),
        ([stat("m1", returned=True), stat("m1")], "The values for parameter Id must be unique within Metrics.", "Metrics"),
        ([stat("M1", returned=True)], "The value M1 for parameter Id is invalid.", "Metrics.1.Id"),
        ([stat("m1"), expression("e1", "m2", returned=True)], "The expression of e1 names m2, which is not among Metrics.", "Metrics.2.Expression"),
        ([expression("e1", "e2", returned=True), expression("e2", "e1")], "The expressions e1, e2 depend on each other.", "Metrics.1.Expression"),
        ([expression("e1", "e1+1", returned=True)], "The expressions e1 depend on each other.", "Metrics.1.Expression"),
        ([stat("m1"), expression("e1", "METRICS()", returned=True), stat("m2")], "The expression of e1 must return a single time series, it returns 2.", "Metrics.2.Expression"),
        ([stat("m1", returned=True), stat("m2", period=300)], "All metrics of an alarm must have the same period.", "Metrics"),
        ([stat("m1"), expression("e1", "m1", returned=True, Period=300)], "All metrics of an alarm must have the same period.", "Metrics"),
        ([expression("e1", "TIME_SERIES(1)", returned=True)], "Period must be set for a query without a metric.", "Metrics.1.Period"),
        ([{"Id": "m1"}], "Exactly one of MetricStat and Expression must be set for the query m1.", "Metrics.1.MetricStat"),
        ([stat("m1") | {"Expression": "m1"}], "Exactly one of MetricStat and Expression must be set for the query m1.", "Metrics.1.MetricStat"),
        ([stat(f"m{n}", returned=n == 0) for n in range(11)], "Metrics must not have more than 10 queries with MetricStat.", "Metrics"),
        ([stat("m"), *(expression(f"e{n}", "m", returned=n == 0) for n in range(11))], "Metrics must not have more than 10 queries with Expression.", "Metrics"),
        ([expression("e1", "SELECT SUM(x) FROM ns", returned=True)], "Metrics Insights queries are not supported by Tocsin.", "Metrics.1.Expression"),
        ([stat("m1", returned=True), expression("e1", "SEARCH('{AWS/EC2,InstanceId} x', 'Sum')")], "SEARCH is not supported in alarms.", "Metrics.2.Expression"),
        ([stat("m1", returned=True, name="p101")], "The value p101 for parameter Stat is not supported.", "Metrics.1.MetricStat.Stat"),
        ([stat("m1", returned=True) | {"Labl": "x"}], "Unknown parameter: Labl", "Metrics.1.Labl"),
        ([stat("m1", returned=True, Unt="None")], "Unknown parameter: Unt", "Metrics.1.MetricStat.Unt"),
    ],
)  # fmt: skip
def test_queries_that_are_refused(queries: list[dict[str, Any]], message: str, parameter: str) -> None:
    with pytest.raises(AlarmError) as caught:
        MetricAlarm.from_aws(math_parameters(*queries))
    assert (caught.value.message, caught.value.parameter) == (message, parameter)


# Violations of the model are told for every query.
@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ({"ReturnData": True}, ["metrics.1.member.id"]),
        (
            {"Id": "m1", "MetricStat": {}},
            [f"metrics.1.member.metricStat.{name}" for name in ("metric", "period", "stat")],
        ),
        (
            {"Id": "m1", "MetricStat": {"Metric": {}, "Period": 60, "Stat": "Sum"}},
            [f"metrics.1.member.metricStat.metric.{name}" for name in ("namespace", "metricName")],
        ),
        (stat("m1", returned=True, Unit="Furlongs"), ["metrics.1.member.metricStat.unit"]),
    ],
)
def test_violations_in_queries(query: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(AlarmError, match="validation error") as caught:
        MetricAlarm.from_aws(math_parameters(query))
    assert [part.split("'")[0] for part in caught.value.message.split(" at '")[1:]] == paths


# AL-5.9: what belongs to one metric has no place beside Metrics.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MetricName", "x"),
        ("Namespace", "x"),
        ("Period", 60),
        ("Statistic", "Sum"),
        ("ExtendedStatistic", "p9"),
        ("Unit", "None"),
        ("Dimensions", []),
    ],
)
def test_metrics_stand_alone(name: str, value: Any) -> None:
    with pytest.raises(AlarmError) as caught:
        MetricAlarm.from_aws(math_parameters(stat("m1", returned=True)) | {name: value})
    assert caught.value.message == f"{name} should not be set if list of Metrics is set."
    assert caught.value.parameter == name


def test_a_fault_in_an_expression_is_told_with_its_place() -> None:
    for text in ("m1 +", "m1 + [m1, m1]"):
        with pytest.raises(AlarmError) as caught:
            math_alarm(stat("m1"), expression("e1", text, returned=True))
        assert caught.value.parameter == "Metrics.2.Expression"


def test_a_fault_that_shows_at_evaluation_only_is_told_too() -> None:
    with pytest.raises(AlarmError) as caught:
        math_alarm(stat("m1"), stat("m2"), expression("e1", 'FIRST([m1,m2] + METRICS("m1"))', returned=True))
    assert caught.value.parameter == "Metrics.3.Expression"


def test_an_empty_list_is_no_list() -> None:
    assert MetricAlarm.from_aws(parameters(Metrics=[])) == MetricAlarm.from_aws(parameters())


def test_return_data_is_true_where_it_is_not_given() -> None:
    query = stat("m1")
    del query["ReturnData"]
    assert math_alarm(query).metrics[0].return_data


def test_expressions_come_after_what_they_name() -> None:
    alarm = math_alarm(
        expression("e1", "e2+e3", returned=True), expression("e2", "e3"), expression("e3", "m1"), stat("m1")
    )
    assert [name for name, _ in order_of(alarm.metrics)] == ["e3", "e2", "e1"]
    assert alarm.period == 60
    assert [key.metric_name for key in alarm.keys] == ["m1"]


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("ANOMALY_DETECTION_BAND(m1)", ("m1", 2.0)),
        (" ANOMALY_DETECTION_BAND ( m1 , 0.5 ) ", ("m1", 0.5)),
        ("ANOMALY_DETECTION_BAND(m1+m2)", None),
        ("FIRST(ANOMALY_DETECTION_BAND(m1))", None),
        ("m1", None),
        (None, None),
    ],
)
def test_bands(text: str | None, call: tuple[str, float] | None) -> None:
    assert band_call(text) == call


# AL-15.1: two queries return data, the metric and its band.
@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (
            [stat("m1", returned=True), expression("ad1", "ANOMALY_DETECTION_BAND(m1)")],
            "Exactly two elements of the metrics list should return data.",
        ),
        (
            [
                stat("m1"),
                expression("e1", "m1*2", returned=True),
                expression("ad1", "ANOMALY_DETECTION_BAND(e1)", returned=True),
            ],
            "Anomaly detection on metric math is not supported by Tocsin.",
        ),
    ],
)
def test_bands_that_are_refused(queries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AlarmError) as caught:
        MetricAlarm.from_aws(band_parameters(Metrics=queries))
    assert caught.value.message == message


def test_a_band_cannot_be_compared_with_a_threshold() -> None:
    with pytest.raises(AlarmError, match="must return a single time series, it returns 2"):
        math_alarm(stat("m1"), expression("ad1", "ANOMALY_DETECTION_BAND(m1)", returned=True))
