"""StateReasonData of AL-9.10, as evaluations write it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarms import NOON, band_alarm, expression, math_alarm, metric_alarm, stat

from tocsin.core.alarm import StateValue, evaluate, evaluate_slots
from tocsin.core.alarm.reason_data import json_text
from tocsin.core.anomaly import Band
from tocsin.core.metric import StatisticSet


# Example AL-9.b, to the byte.
def test_example() -> None:
    alarm = metric_alarm(
        Statistic="Average",
        Period=10,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        TreatMissingData="missing",
        Threshold=50,
        ComparisonOperator="GreaterThanThreshold",
    )
    slots = [*[None] * 7, StatisticSet.of(100.0), StatisticSet.of(0.0)]
    found = evaluate_slots(
        alarm,
        StateValue.OK,
        slots,
        at=datetime(2026, 9, 14, 5, 42, 40, tzinfo=UTC),
        queried_at=datetime(2026, 9, 14, 5, 42, 51, 120_000, tzinfo=UTC),
    )
    assert found.new is StateValue.OK
    assert found.reason_data == (
        '{"version":"1.0","queryDate":"2026-09-14T05:42:51.120+0000","startDate":"2026-09-14T05:42:20.000+0000",'
        '"statistic":"Average","period":10,"recentDatapoints":[100.0,0.0],"threshold":50.0,"evaluatedDatapoints":['
        '{"timestamp":"2026-09-14T05:42:30.000+0000","sampleCount":1.0,"value":0.0},'
        '{"timestamp":"2026-09-14T05:42:10.000+0000"}]}'
    )


def minute(back: int) -> datetime:
    return NOON - timedelta(minutes=back)


def read(alarm: Any, points: Any, **options: Any) -> dict[str, Any]:
    return json.loads(evaluate(alarm, "OK", points, at=NOON, **options).reason_data)


def test_keys_stand_in_awss_order() -> None:
    alarm = metric_alarm(Unit="Count", Statistic=None, ExtendedStatistic="p90")
    found = read(alarm, [(minute(1), [1, 2])])
    keys = "version queryDate startDate unit statistic period recentDatapoints threshold evaluatedDatapoints"
    assert list(found) == keys.split()
    assert (found["unit"], found["statistic"]) == ("Count", "p90")
    assert found["evaluatedDatapoints"] == [
        {"timestamp": "2026-09-14T11:59:00.000+0000", "sampleCount": 2.0, "value": 1.9}
    ]


def test_without_data_there_is_no_start() -> None:
    found = read(metric_alarm(EvaluationPeriods=3, DatapointsToAlarm=2), [])
    assert "startDate" not in found
    assert found["recentDatapoints"] == []
    # M entries for INSUFFICIENT_DATA, the newest.
    stamps = [point["timestamp"][11:16] for point in found["evaluatedDatapoints"]]
    assert stamps == ["11:59", "11:58"]


def test_gaps_are_null_and_trailing_empty_slots_are_not_listed() -> None:
    found = read(metric_alarm(EvaluationPeriods=3), [(minute(5), 1), (minute(3), 2)])
    assert found["recentDatapoints"] == [1.0, None, 2.0]
    assert found["startDate"] == "2026-09-14T11:55:00.000+0000"


# Decisive points first of all, then the newest empty slots until there are Q, all newest first.
@pytest.mark.parametrize(
    ("n", "m", "points", "expected"),
    [
        (3, 3, [(2, 9)], [("11:58", 9.0)]),  # kept: by the state that was kept, here OK
        (3, 2, [(3, 0)], [("11:59", None), ("11:57", 0.0)]),  # OK: Q = N - M + 1
        (2, 1, [(1, 9), (2, 9)], [("11:59", 9.0), ("11:58", 9.0)]),  # more than Q are all listed
        (3, 3, [(1, 9), (2, 0), (3, 9)], [("11:58", 0.0)]),
    ],
)
def test_evaluated_datapoints(n: int, m: int, points: list[Any], expected: list[Any]) -> None:
    alarm = metric_alarm(EvaluationPeriods=n, DatapointsToAlarm=m)
    found = read(alarm, [(minute(back), value) for back, value in points])
    shown = [(point["timestamp"][11:16], point.get("value")) for point in found["evaluatedDatapoints"]]
    assert shown == expected


def test_a_math_alarm_has_neither_statistic_nor_counts() -> None:
    found = read(math_alarm(stat("m1"), expression("e1", "m1*2", returned=True)), {"m1": [(minute(1), 2)]})
    assert "statistic" not in found
    assert found["recentDatapoints"] == [4.0]
    assert found["evaluatedDatapoints"] == [{"timestamp": "2026-09-14T11:59:00.000+0000", "value": 4.0}]


def test_an_anomaly_alarm_has_bands_for_a_threshold() -> None:
    band = Band(lower=(None, 8.0, 10.0), upper=(None, 18.0, 20.0), model="test")
    points = {"m1": [(minute(3), 1), (minute(2), 9), (minute(1), 25)]}
    found = read(band_alarm(), points, bands=lambda *_: band)
    assert "threshold" not in found
    # The slot without a band is missing (AL-15.2).
    assert found["recentDatapoints"] == [9.0, 25.0]
    assert found["recentLowerThresholds"] == [8.0, 10.0]
    assert found["recentUpperThresholds"] == [18.0, 20.0]
    assert found["startDate"] == "2026-09-14T11:58:00.000+0000"
    assert found["evaluatedDatapoints"] == [{"timestamp": "2026-09-14T11:59:00.000+0000", "value": 25.0}]


def test_texts_are_json_whatever_they_hold() -> None:
    assert json_text('a"\n\\') == '"a\\"\\n\\\\"'
    assert json.loads(json_text("\ud800é")) == "\\ud800é"
