"""Metric data with real clients in every protocol. Spec: AL-1 to AL-4, WIRE-8.2."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

MINUTE = timedelta(minutes=1)


@pytest.fixture
def at(clock):
    return clock.now()


def put(cloudwatch, *data, namespace: str = "N") -> None:
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", **one} for one in data])


def statistics(cloudwatch, at, *names: str, before: int = 10, period: int = 60, **how):
    extended = [name for name in names if name[0] in "pt"]
    plain = [name for name in names if name not in extended]
    which = {"ExtendedStatistics": extended} if extended else {"Statistics": plain}
    answer = cloudwatch.get_metric_statistics(
        Namespace="N",
        MetricName="m",
        StartTime=at - before * MINUTE,
        EndTime=at + MINUTE,
        Period=period,
        **which,
        **how,
    )
    assert answer["Label"] == "m"
    return sorted(answer["Datapoints"], key=lambda one: (one["Timestamp"], one["Unit"]))


def test_every_form_of_a_datum_adds_up(cloudwatch, at) -> None:
    put(
        cloudwatch,
        {"Value": 1.5, "Timestamp": at},
        {"Values": [1.0, 2.5], "Counts": [2.0, 1.0], "Timestamp": at},
        {"StatisticValues": {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 0.5, "Maximum": 2.5}, "Timestamp": at},
        {"Value": 7.0, "Timestamp": at - MINUTE},
    )
    earlier, found = statistics(cloudwatch, at, "SampleCount", "Sum", "Average", "Minimum", "Maximum")
    assert found == {
        "Timestamp": at,
        "SampleCount": 6.0,
        "Sum": 9.0,
        "Average": 1.5,
        "Minimum": 0.5,
        "Maximum": 2.5,
        "Unit": "None",
    }
    assert (earlier["Timestamp"], earlier["Sum"]) == (at - MINUTE, 7.0)


def test_percentiles_need_raw_values(cloudwatch, at) -> None:
    put(cloudwatch, {"Values": [float(number) for number in range(1, 101)], "Timestamp": at})
    (found,) = statistics(cloudwatch, at, "p50", "tm90")
    assert found["ExtendedStatistics"] == {"p50": 50.5, "tm90": 45.5}
    stated = {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0}
    put(cloudwatch, {"StatisticValues": stated, "Timestamp": at})
    assert statistics(cloudwatch, at, "p50") == []


def test_a_row_for_each_unit(cloudwatch, at) -> None:
    put(
        cloudwatch, {"Value": 1.0, "Unit": "Seconds", "Timestamp": at}, {"Value": 2.0, "Unit": "Bytes", "Timestamp": at}
    )
    assert [(one["Unit"], one["Sum"]) for one in statistics(cloudwatch, at, "Sum")] == [
        ("Bytes", 2.0),
        ("Seconds", 1.0),
    ]
    assert [one["Sum"] for one in statistics(cloudwatch, at, "Sum", Unit="Seconds")] == [1.0]
    assert statistics(cloudwatch, at, "Sum", Unit="Count") == []


def test_periods_begin_at_the_start(cloudwatch, at) -> None:
    put(cloudwatch, *({"Value": 1.0, "Timestamp": at - number * MINUTE} for number in range(10)))
    found = statistics(cloudwatch, at, "Sum", before=7, period=180)
    assert [(one["Timestamp"], one["Sum"]) for one in found] == [
        (at - 7 * MINUTE, 3.0),
        (at - 4 * MINUTE, 3.0),
        (at - MINUTE, 2.0),
    ]


def test_dimensions_are_another_metric(cloudwatch, at) -> None:
    dimensions = [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]
    put(cloudwatch, {"Value": 1.0, "Dimensions": dimensions, "Timestamp": at}, {"Value": 5.0, "Timestamp": at})
    assert [one["Sum"] for one in statistics(cloudwatch, at, "Sum", Dimensions=dimensions[::-1])] == [1.0]
    assert [one["Sum"] for one in statistics(cloudwatch, at, "Sum")] == [5.0]
    assert statistics(cloudwatch, at, "Sum", Dimensions=dimensions[:1]) == []


@pytest.mark.parametrize(
    ("datum", "code", "message"),
    [
        (
            {"Value": 1.0, "Values": [1.0]},
            "InvalidParameterCombination",
            "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
        ),
        (
            {"Values": [1.0, 2.0], "Counts": [1.0]},
            "InvalidParameterValue",
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            {"Value": float("nan")},
            "InvalidParameterValue",
            "The value NaN for parameter MetricData.member.1.Value is invalid.",
        ),
    ],
)
def test_data_that_are_refused(cloudwatch, refused, at, datum, code: str, message: str) -> None:
    data = [{"MetricName": "m", **datum}, {"MetricName": "m", "Value": 1.0}]
    assert refused(cloudwatch.put_metric_data, Namespace="N", MetricData=data) == (code, message)
    assert statistics(cloudwatch, at, "Sum") == []


def test_every_fault_is_told(cloudwatch, refused, at) -> None:
    old = {"MetricName": "m", "Value": 1.0, "Timestamp": at - timedelta(days=15)}
    nan = {"MetricName": "m", "Value": float("nan")}
    code, message = refused(cloudwatch.put_metric_data, Namespace="N", MetricData=[old, nan])
    assert code == "InvalidParameterValue"
    assert message.splitlines() == [
        "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
        "The value NaN for parameter MetricData.member.2.Value is invalid.",
    ]


@pytest.mark.parametrize(
    ("start", "end", "period", "code", "message"),
    [
        (0, 0, 60, "InvalidParameterValue", "The parameter StartTime must not equal parameter EndTime."),
        (1, 0, 60, "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."),
        (
            -1440 * 60,
            0,
            60,
            "InvalidParameterCombination",
            "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        ),
    ],
)
def test_reads_that_are_refused(cloudwatch, refused, at, start, end, period, code, message) -> None:
    assert refused(
        cloudwatch.get_metric_statistics,
        Namespace="N",
        MetricName="m",
        StartTime=at + start * MINUTE,
        EndTime=at + end * MINUTE,
        Period=period,
        Statistics=["Sum"],
    ) == (code, message)


def test_listing(cloudwatch, at, clock) -> None:
    put(cloudwatch, {"Value": 1.0, "Dimensions": [{"Name": "user", "Value": "bob"}]}, {"Value": 1.0})
    put(cloudwatch, {"Value": 1.0}, namespace="O")

    def listed(**how):
        return [(one["Namespace"], one["Dimensions"]) for one in cloudwatch.list_metrics(**how)["Metrics"]]

    bob = [{"Name": "user", "Value": "bob"}]
    assert listed() == [("N", []), ("N", bob), ("O", [])]
    assert listed(Namespace="N", MetricName="m", Dimensions=[{"Name": "user"}]) == [("N", bob)]
    assert listed(MetricName="none") == []
    clock.advance(4 * 3600)
    assert listed(RecentlyActive="PT3H") == []
    clock.advance(15 * 86_400)
    assert listed() == []


def test_pages_of_a_listing(cloudwatch, refused) -> None:
    for start in (0, 400):
        put(
            cloudwatch,
            *(
                {"Value": 1.0, "Dimensions": [{"Name": "n", "Value": f"{number:04}"}]}
                for number in range(start, start + 400)
            ),
        )
    pages = list(cloudwatch.get_paginator("list_metrics").paginate())
    assert [len(page["Metrics"]) for page in pages] == [500, 300]
    values = [one["Dimensions"][0]["Value"] for page in pages for one in page["Metrics"]]
    assert values == [f"{number:04}" for number in range(800)]
    assert refused(cloudwatch.list_metrics, NextToken="x") == ("InvalidNextToken", "Invalid NextToken : x")


# ---------------------------------------------------------------- GetMetricData


def stat(name: str = "m", statistic: str = "Sum", period: int = 60, **how):
    return {"Metric": {"Namespace": "N", "MetricName": name}, "Period": period, "Stat": statistic, **how}


def read(cloudwatch, at, *queries, before: int = 5, **how):
    return cloudwatch.get_metric_data(
        MetricDataQueries=list(queries), StartTime=at - before * MINUTE, EndTime=at + MINUTE, **how
    )


def test_series_newest_first(cloudwatch, at) -> None:
    put(cloudwatch, {"Value": 1.0, "Timestamp": at - MINUTE}, {"Value": 2.0, "Timestamp": at})
    answer = read(cloudwatch, at, {"Id": "a", "MetricStat": stat()})
    assert answer["Messages"] == []
    assert answer["MetricDataResults"] == [
        {
            "Id": "a",
            "Label": "m",
            "Timestamps": [at, at - MINUTE],
            "Values": [2.0, 1.0],
            "StatusCode": "Complete",
        }
    ]
    (ascending,) = read(cloudwatch, at, {"Id": "a", "MetricStat": stat()}, ScanBy="TimestampAscending")[
        "MetricDataResults"
    ]
    assert ascending["Values"] == [1.0, 2.0]


def test_nothing_is_complete(cloudwatch, at) -> None:
    (found,) = read(cloudwatch, at, {"Id": "a", "MetricStat": stat("none")})["MetricDataResults"]
    assert (found["Timestamps"], found["Values"], found["StatusCode"]) == ([], [], "Complete")


def test_metric_math(cloudwatch, at) -> None:
    put(cloudwatch, {"Value": 4.0, "Timestamp": at - MINUTE}, {"Value": 6.0, "Timestamp": at})
    results = read(
        cloudwatch,
        at,
        {"Id": "a", "MetricStat": stat(), "ReturnData": False},
        {"Id": "b", "Expression": "a * 2", "Label": "double"},
        {"Id": "c", "Expression": "b + FILL(METRICS(), 0)"},
        {"Id": "d", "Expression": "RATE(a)"},
    )["MetricDataResults"]
    assert [(one["Id"], one["Label"], one["Values"]) for one in results] == [
        ("b", "double", [12.0, 8.0]),
        ("c", "a", [18.0, 12.0, 0.0, 0.0, 0.0, 0.0]),
        ("d", "d", [2.0 / 60]),
    ]


def test_automatic_labels_tell_what_differs(cloudwatch, at) -> None:
    put(cloudwatch, {"Value": 1.0, "Timestamp": at})
    results = read(
        cloudwatch,
        at,
        {"Id": "a", "MetricStat": stat()},
        {"Id": "b", "MetricStat": stat(statistic="Average")},
        {"Id": "c", "MetricStat": stat(name="other", statistic="Average")},
    )["MetricDataResults"]
    assert [one["Label"] for one in results] == ["m Sum", "m Average", "other Average"]


def test_several_units(cloudwatch, at) -> None:
    put(
        cloudwatch,
        {"Value": 1.0, "Unit": "Seconds", "Timestamp": at},
        {"Value": 2.0, "Unit": "Milliseconds", "Timestamp": at},
    )
    (found,) = read(cloudwatch, at, {"Id": "a", "MetricStat": stat()})["MetricDataResults"]
    assert found["Values"] == [2.0]
    assert found["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}
    ]
    (found,) = read(cloudwatch, at, {"Id": "a", "MetricStat": stat(Unit="Seconds")})["MetricDataResults"]
    assert found["Values"] == [1.0]


@pytest.mark.parametrize("order", ["TimestampDescending", "TimestampAscending"])
def test_pages_of_series(cloudwatch, at, order: str) -> None:
    put(cloudwatch, *({"Value": float(number), "Timestamp": at - number * MINUTE} for number in range(10)))
    queries = [{"Id": "a", "MetricStat": stat()}, {"Id": "b", "MetricStat": stat(statistic="Maximum")}]
    found: dict[str, list[float]] = {"a": [], "b": []}
    how = {"before": 20, "MaxDatapoints": 7, "ScanBy": order}
    while True:
        answer = read(cloudwatch, at, *queries, **how)
        for one in answer["MetricDataResults"]:
            found[one["Id"]] += one["Values"]
        if "NextToken" not in answer:
            break
        how["NextToken"] = answer["NextToken"]
    wanted = [float(number) for number in range(10)]
    assert found == dict.fromkeys("ab", wanted if order == "TimestampDescending" else wanted[::-1])


def test_search_and_band(cloudwatch, at) -> None:
    for user in ("bob", "eve"):
        put(cloudwatch, {"Value": 1.0, "Dimensions": [{"Name": "user", "Value": user}], "Timestamp": at})
    results = read(cloudwatch, at, {"Id": "a", "Expression": "SEARCH('{N,user} MetricName=\"m\" eve', 'Sum', 60)"})[
        "MetricDataResults"
    ]
    assert [(one["Label"], one["Values"]) for one in results] == [("eve m", [1.0])]
    results = read(
        cloudwatch,
        at,
        {"Id": "m1", "MetricStat": stat(), "ReturnData": False},
        {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
    )["MetricDataResults"]
    assert [one["Values"] for one in results] == [[], []]


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        ([{"Id": "a", "Expression": "b + 1"}], "no query has the id b"),
        ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "depends on itself"),
        ([{"Id": "a", "Expression": "1 +"}], "Error in expression 'a'"),
        ([{"Id": "a", "MetricStat": stat(), "Expression": "1"}], "Exactly one of MetricStat and Expression"),
        ([{"Id": "a", "MetricStat": stat()}, {"Id": "a", "MetricStat": stat()}], "must be unique"),
        ([{"Id": "a", "MetricStat": stat(period=61)}], "The value 61 for parameter Period is invalid."),
        ([{"Id": "a", "MetricStat": stat(), "ReturnData": False}], "At least one query"),
    ],
)
def test_queries_that_are_refused(cloudwatch, refused, at, queries, text: str) -> None:
    code, message = refused(cloudwatch.get_metric_data, MetricDataQueries=queries, StartTime=at - MINUTE, EndTime=at)
    assert code == "ValidationError"
    assert text in message


def test_equal_bounds(cloudwatch, refused, at) -> None:
    query = {"Id": "a", "MetricStat": stat()}
    assert refused(cloudwatch.get_metric_data, MetricDataQueries=[query], StartTime=at, EndTime=at) == (
        "ValidationError",
        "The parameter StartTime must not equal parameter EndTime.\n",
    )


# ---------------------------------------------------------------- pictures


def image(cloudwatch, **widget) -> bytes:
    return cloudwatch.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"]


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_a_picture_is_a_png_of_the_size_that_was_asked_for(cloudwatch, at) -> None:
    put(cloudwatch, *({"Value": float(number % 7), "Timestamp": at - number * MINUTE} for number in range(100)))
    metrics = [["N", "m", {"stat": "Sum", "period": 60}], [{"expression": "tocsin_0 * 2", "label": "double"}]]
    empty = image(cloudwatch)
    drawn = image(cloudwatch, metrics=metrics, title="Sign-ins_$", width=700, height=300)
    assert size_of(empty) == (600, 400)
    assert size_of(drawn) == (700, 300)
    assert len(drawn) > len(empty)


@pytest.mark.parametrize(
    ("widget", "text"),
    [
        ("{", "not valid JSON"),
        ("[]", "a JSON object"),
        ('{"width": 5000}', "width"),
        ('{"start": "yesterday"}', "start"),
        ('{"start": "-PT1H", "end": "-PT2H"}', "before end"),
        ('{"metrics": 1}', "metrics"),
        ('{"metrics": [["N"]]}', "metrics[0]"),
        ('{"metrics": [[".", "m"]]}', "metrics[0]"),
        ('{"metrics": [["N", "m", {"id": "A"}]]}', "metrics[0].id"),
        ('{"metrics": [["N", "m", {"color": "red"}]]}', "metrics[0].color"),
        ('{"metrics": [["N", "m", {"stat": "p101"}]]}', "p101"),
        ('{"metrics": [["N", "m", {"period": 0}]]}', "period"),
    ],
)
def test_widgets_that_are_refused(cloudwatch, refused, widget: str, text: str) -> None:
    code, message = refused(cloudwatch.get_metric_widget_image, MetricWidget=widget)
    assert code in {"ValidationError", "InvalidParameterValue"}
    assert text in message
