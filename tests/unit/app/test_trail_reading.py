"""Trails as they stand, who changed them, and what other selectors would drop. Spec: CT-7, CT-10, CON-4.10."""

from __future__ import annotations

import json
from typing import Any

import pytest
from synthetic import record
from trail_bench import HOME, TrailBench

from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import put_metric_alarm
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.pipeline import Pipeline
from tocsin.app.selector_preview import SelectorPreview, preview_selectors
from tocsin.app.trail_reading import acts_of, list_trail_lines, read_trail
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.core.trail.selector import Selectors, selectors_of
from tocsin.store.memory import MemoryStore

WHOLE: dict[str, Any] = {"is_multi_region": True, "validates_log_files": True}
ELSEWHERE = Scope(HOME.account, "eu-west-1")
AT = "2026-03-01T11:00:00Z"


@pytest.fixture
def bench() -> TrailBench:
    return TrailBench(MemoryStore())


def lines(bench: TrailBench, scope: Scope = HOME) -> list[tuple[str, bool]]:
    return [(one.trail.name, one.is_shadow) for one in list_trail_lines(bench.service, scope)]


def gaps(bench: TrailBench, **settings: Any) -> list[tuple[str, bool]]:
    bench.keep(bench.trail(**{"log_group_arn": bench.make_group("g"), **WHOLE, **settings}))
    (line,) = list_trail_lines(bench.service, HOME)
    return [(gap.text, gap.is_grave) for gap in line.gaps]


def test_a_region_sees_its_own_trails_and_shadows_of_others(bench: TrailBench) -> None:
    bench.keep(
        bench.trail(),
        bench.trail(name="other", home=ELSEWHERE),
        bench.trail(name="wide", home=ELSEWHERE, is_multi_region=True),
    )
    assert lines(bench) == [("main", False), ("wide", True)]
    assert lines(bench, ELSEWHERE) == [("other", False), ("wide", False)]
    assert read_trail(bench.service, HOME, "other") is None
    found = read_trail(bench.service, HOME, "wide")
    assert found is not None
    assert found.line.is_shadow


@pytest.mark.parametrize(
    ("settings", "text", "is_grave"),
    [
        ({"is_logging": False}, "it is stopped: nothing is recorded", True),
        ({"is_multi_region": False}, "it records us-east-1 and no other region", True),
        (
            {"is_multi_region": False, "include_global_service_events": False},
            "events of IAM, STS and sign-in are left out",
            True,
        ),
        (
            {"validates_log_files": False},
            "it makes no digests: nobody can prove that its files are what they were",
            False,
        ),
        ({"log_group_arn": ""}, "it writes to no log group: metric filters and alarms see nothing of it", True),
        ({"log_group_arn": HOME.arn("logs", "log-group:gone:*")}, "its log group gone is not there", True),
        (
            {"selectors": b'{"EventSelectors":[{"ReadWriteType":"ReadOnly"}]}'},
            "management events that write are not selected",
            True,
        ),
    ],
)
def test_what_a_trail_misses_is_said(bench: TrailBench, settings: dict[str, Any], text: str, is_grave: bool) -> None:
    assert (text, is_grave) in gaps(bench, **settings)


def test_a_trail_that_misses_nothing_has_no_gap(bench: TrailBench) -> None:
    assert gaps(bench) == []


def test_the_log_group_of_a_trail_is_told_with_its_filters(bench: TrailBench) -> None:
    bench.keep(bench.trail(log_group_arn=bench.make_group("g")))
    _filter(bench, "stop", "{ $.eventName = StopLogging }", group="g")
    (line,) = list_trail_lines(bench.service, HOME)
    assert line.group is not None
    assert tuple(line.group) == ("g", True, 1)


# ---------------------------------------------------------------- history


def test_who_did_what_to_a_trail_is_told_the_newest_first(bench: TrailBench) -> None:
    trail = bench.trail(is_multi_region=True)
    bench.keep(trail)
    bench.take("StartLogging", requestParameters={"name": "main"}, eventTime="2026-03-01T10:00:00Z", eventID="e1")
    bench.take("GetTrailStatus", requestParameters={"name": "main"}, eventID="e2")
    bench.take("StopLogging", requestParameters={"name": "other"}, eventID="e3")
    bench.take("StopLogging", requestParameters={"name": trail.arn}, eventTime=AT, eventID="e4")
    bench.take("DeleteTrail", requestParameters=None, errorCode="AccessDenied", eventTime=AT, eventID="e5")
    bench.take("StopLogging", requestParameters={"name": "main"}, eventSource="other.amazonaws.com", eventID="e6")
    acts = acts_of(bench.service, trail)
    assert [(one.summary.event_id, one.narrows, one.is_refused) for one in acts] == [
        ("e5", False, True),
        ("e4", True, False),
        ("e1", False, False),
    ]
    assert acts[1].changes == (("Logging", "on", "off"),)


def test_in_one_second_a_trail_is_made_before_it_is_started(bench: TrailBench) -> None:
    trail = bench.trail()
    bench.take("StartLogging", requestParameters={"name": "main"}, eventTime=AT, eventID="e1")
    bench.take("CreateTrail", requestParameters={"name": "main"}, eventTime=AT, eventID="e2")
    assert [one.summary.event_name for one in acts_of(bench.service, trail)] == ["StartLogging", "CreateTrail"]


def test_records_with_strange_parameters_are_passed_over(bench: TrailBench) -> None:
    bench.take("StopLogging", requestParameters={"name": 5}, eventID="e1")
    assert acts_of(bench.service, bench.trail()) == []


# ---------------------------------------------------------------- other selectors

WRITES = {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}


def _filter(bench: TrailBench, name: str, pattern: str, *, group: str = "trail") -> None:
    made = MetricFilter(
        filter_name=name,
        filter_pattern=pattern,
        metric_transformations=(
            MetricTransformation(metric_name=name, metric_namespace="CloudTrailMetrics", metric_value="1"),
        ),
    )
    put_metric_filter(bench.service, HOME, group, made)


def _alarm(bench: TrailBench, metric: str) -> None:
    parameters = {
        "AlarmName": f"alarm-{metric}",
        "Namespace": "CloudTrailMetrics",
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    put_metric_alarm(bench.service, HOME, parameters)


def preview(bench: TrailBench, after: Selectors | dict[str, Any], trail: Trail, **more: Any) -> SelectorPreview:
    setting = after if isinstance(after, Selectors) else selectors_of(after)
    return preview_selectors(bench.service, trail, setting, version="0", **more)


def test_a_preview_counts_lost_events_blind_detections_and_dollars(bench: TrailBench) -> None:
    trail = bench.trail(log_group_arn=bench.make_group())
    bench.keep(trail)
    _filter(bench, "reads", "{ $.eventName = GetSecretValue }")
    _filter(bench, "writes", "{ $.eventName = StopLogging }")
    for name in ("reads", "writes"):
        _alarm(bench, name)
    bench.take("GetSecretValue", readOnly=True, eventTime="2026-03-01T10:00:00Z", eventID="e1")
    bench.take("StopLogging", readOnly=False, eventTime="2026-03-01T11:00:00Z", eventID="e2")
    found = preview(bench, WRITES, trail)
    report = found.report
    assert (found.records, found.is_cut) == (2, False)
    assert (report.total.before, report.total.after, report.total.lost) == (2, 1, 1)
    assert {one.name: (one.before, one.after) for one in report.rules} == {"reads": (1, 0), "writes": (1, 1)}
    assert [(one.name, one.before, one.after) for one in report.alarms] == [("alarm-reads", 1, 0)]
    line = report.costs.lines[0]
    assert line.quantity_after < line.quantity_before


def test_records_of_the_history_and_of_the_log_group_count_once(bench: TrailBench) -> None:
    trail = bench.trail(log_group_arn=bench.make_group(), s3_bucket_name="logs")
    bench.keep(trail)
    bench.take("StopLogging", readOnly=False, eventID="e1")
    bench.run(400)
    with bench.store.read() as store:
        assert len(store.logs.events(HOME, "trail", limit=5)) == 1
    assert preview(bench, WRITES, trail).records == 1


def test_a_preview_says_how_far_back_it_looked(bench: TrailBench) -> None:
    trail = bench.trail()
    bench.keep(trail)
    for minute in range(6):
        bench.take("StopLogging", eventTime=f"2026-03-01T10:0{minute}:00Z", eventID=f"e{minute}")
    found = preview(bench, WRITES, trail, most=4)
    assert (found.records, found.is_cut, found.since) == (4, True, 1_772_359_320)
    assert preview(bench, WRITES, trail, most=10).is_cut is False


def test_records_that_are_too_old_are_left_out(bench: TrailBench) -> None:
    trail = bench.trail()
    bench.keep(trail)
    bench.take("StopLogging", eventTime="2026-02-01T10:00:00Z", eventID="e1")
    found = preview(bench, WRITES, trail)
    assert (found.records, found.since, found.report.total.records) == (0, None, 0)


def test_a_log_group_may_hold_what_is_no_record(bench: TrailBench) -> None:
    trail = bench.trail(log_group_arn=bench.make_group())
    bench.keep(trail)
    create_log_stream(bench.service, HOME, "trail", "s")
    now = bench.service.now_ms()
    data = json.dumps(
        record(
            "GetObject",
            AT,
            eventCategory="Data",
            managementEvent=False,
            resources=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}],
        )
    )
    bench.service.part(Pipeline).put(HOME, "trail", "s", [(now, "no record"), (now, "[]"), (now, data)])
    after = selectors_of(
        {"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}
    )
    found = preview(bench, after, trail)
    assert (found.records, found.report.total.gained) == (1, 1)
