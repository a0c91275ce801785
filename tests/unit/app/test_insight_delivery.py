"""Insights on their way: to the folder of Insights, to the log group, and into a metric (CT-11.1, CT-12.1, CT-17.7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from trail_bench import HOME, TrailBench

from tocsin.app.insight_watch import InsightWatch
from tocsin.app.metric_filter import put_metric_filter
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.metric import MetricKey
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.app.store_port import Store

STARTS = MetricFilter(
    filter_name="unusual",
    filter_pattern='{ $.insightDetails.state = "Start" && $.insightDetails.insightType = "ApiErrorRateInsight" }',
    metric_transformations=(MetricTransformation(metric_name="Unusual", metric_namespace="CT", metric_value="1"),),
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path) -> Iterator[Store]:
    opened = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tocsin.sqlite3")
    yield opened
    opened.close()


def test_an_insight_is_delivered_and_counted_by_a_metric_filter(store: Store) -> None:
    bench = TrailBench(store, insights=InsightRules(min_hours=0.5))
    watch = bench.service.part(InsightWatch)
    selectors = json.dumps([{"InsightType": "ApiErrorRateInsight"}]).encode()
    bench.keep(bench.trail(log_group_arn=bench.make_group(), insight_selectors=selectors))
    put_metric_filter(bench.service, HOME, "trail", STARTS)
    for minute in range(60):
        bench.run(60)
        watch.run()
        if minute == 40:
            for number in range(5):
                at = f"{bench.clock.now():%Y-%m-%dT%H:%M:%SZ}"
                failed = {"eventType": "AwsApiCall", "readOnly": True, "errorCode": "AccessDenied"}
                bench.take("ListBuckets", at=at, eventID=f"denied {number}", **failed)
    bench.run(300)
    files = bench.buckets.files(folder="CloudTrail-Insight")
    assert sorted(files.values()) == [["-"], ["-"]]
    assert all(
        "/CloudTrail-Insight/us-east-1/2026/03/01/111122223333_CloudTrail-Insight_us-east-1_" in key for key in files
    )
    # Five calls, and the Start and the End of the Insight.
    assert sorted(name for _, _, name in bench.logged()) == ["-", "-", *["ListBuckets"] * 5]
    with store.read() as reader:
        data = reader.metrics.data(HOME, MetricKey.of("CT", "Unusual", {}), start=0, end=2**31)
    assert [point.statistics.sum for point in data] == [1.0]
