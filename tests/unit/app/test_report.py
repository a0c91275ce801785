"""Reports of scans, written and read again (IF-2)."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.app.report import (
    Bytes,
    Files,
    FilterResult,
    InsightReading,
    Metric,
    Records,
    ScanReport,
    Series,
    Skip,
    decode_scan_report,
)

POINTS: list[tuple[str, float]] = [("2026-03-18T02:10:00Z", 2.0)]


def result(datapoints: list[tuple[str, float]] | list[Series]) -> FilterResult:
    return FilterResult(
        name="article/stop-logging",
        pattern="{ $.eventName = StopLogging }",
        matches=2,
        metric=Metric(namespace="N", name="M"),
        datapoints=datapoints,
        top={"userIdentity.arn": [("alice", 2)]},
    )


@pytest.mark.parametrize("datapoints", [POINTS, [Series(dimensions={"who": "alice"}, datapoints=POINTS)], []])
@pytest.mark.parametrize("with_insights", [True, False])
def test_a_report_is_read_as_it_was_written(
    datapoints: list[tuple[str, float]] | list[Series], with_insights: bool
) -> None:
    report = ScanReport(
        tocsin="1",
        command="scan",
        files=Files(read=3, skipped=[Skip(path="a", reason="b")]),
        records=Records(read=5, selected=5),
        bytes=Bytes(read=10, unpacked=20),
        seconds=0.5,
        filters=[result(datapoints)],
    )
    if with_insights:
        report.insights = [{"eventType": "AwsCloudTrailInsight"}]
        report.insight_reading = InsightReading(
            calls=1, apis=1, accounts=1, too_short=[], unclassified=0, min_hours=36.0
        )
    assert decode_scan_report(msgspec.json.encode(report)) == report


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_scan_report(b"nonsense")
