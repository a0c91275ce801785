"""What an alarm would cost on AWS (prices.md): ten alarm metrics are free, and each metric counts."""

from __future__ import annotations

from typing import Any

import pytest
from rule_bench import ALARM, HERE, RuleBench

from tocsin.app.alarm_price import AlarmPrice, composite_price, metric_alarm_price
from tocsin.app.metric_alarm import put_metric_alarm
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.scope import Scope

PARAMETERS = {"AlarmName": "new", "Namespace": "N", "MetricName": "m", **ALARM}


def price(bench: RuleBench, **changes: Any) -> AlarmPrice:
    parameters = {key: value for key, value in {**PARAMETERS, **changes}.items() if value is not None}
    with bench.store.read() as store:
        return metric_alarm_price(store, HERE, MetricAlarm.from_aws(parameters))


def math(*names: str) -> dict[str, Any]:
    queries: list[dict[str, Any]] = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"},
        }
        for name in names
    ]
    queries.append({"Id": "e", "Expression": " + ".join(names)})
    plain = ("Namespace", "MetricName", "Statistic", "Period")
    return {**dict.fromkeys(plain), "Metrics": queries}


@pytest.fixture
def bench() -> RuleBench:
    made = RuleBench()
    for number in range(9):
        made.alarm(f"alarm {number}", "m")
    return made


def test_the_tenth_alarm_is_free_and_the_eleventh_is_not(bench: RuleBench) -> None:
    assert price(bench) == AlarmPrice(words="10th of 10 free alarms on AWS", row="free-alarms")
    bench.alarm("another", "m")
    assert price(bench) == AlarmPrice(words="11th alarm: $0.10 a month on AWS", row="cw-alarm-standard")


def test_an_alarm_that_is_changed_counts_once(bench: RuleBench) -> None:
    bench.alarm("another", "m")
    assert price(bench, AlarmName="another").words == "10th of 10 free alarms on AWS"


def test_every_metric_of_an_expression_counts(bench: RuleBench) -> None:
    assert price(bench, **math("a", "b", "c")).words == "12th alarm: $0.20 a month on AWS"


def test_alarms_of_other_regions_count_and_of_other_accounts_do_not(bench: RuleBench) -> None:
    for home in (Scope(HERE.account, "us-west-2"), Scope("444455556666", HERE.region)):
        put_metric_alarm(bench.service, home, {**PARAMETERS, "AlarmName": "elsewhere"})
    assert price(bench).words == "11th alarm: $0.10 a month on AWS"


def test_high_resolution_is_never_free() -> None:
    assert price(RuleBench(), Period=10) == AlarmPrice(words="$0.30 a month on AWS", row="cw-alarm-high")


def test_a_band_counts_thrice() -> None:
    band = [
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
    ]
    found = price(
        RuleBench(),
        **dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period", "Threshold")),
        Metrics=band,
        ThresholdMetricId="b",
        ComparisonOperator="GreaterThanUpperThreshold",
    )
    assert found.row == "cw-alarm-anomaly"


def test_a_composite_has_a_price_of_its_own() -> None:
    assert composite_price() == AlarmPrice(words="$0.50 a month on AWS", row="cw-alarm-composite")
