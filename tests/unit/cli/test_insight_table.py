"""The Insights of a scan as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.report import Bytes, Files, InsightReading, Records, ScanReport
from tocsin.cli.insight_table import draw_insights
from tocsin.cli.table import width_of

if TYPE_CHECKING:
    from .conftest import MakeStream

ARN = "arn:aws:sts::111122223333:assumed-role/Admin"


def insight(
    number: int = 0, *, state: str = "Start", at: str = "2026-03-08T10:00:00Z", **details: Any
) -> dict[str, Any]:
    context = {
        "statistics": {
            "baseline": {"average": 0.0000882145},
            "insight": {"average": 1.2},
            "insightDuration": 5,
            "baselineDuration": 11336,
        },
        "attributions": [
            {"attribute": "userIdentityArn", "insight": [{"value": ARN, "average": 1.2}], "baseline": []},
            {"attribute": "userAgent", "insight": [{"value": "cli\x1b[2J", "average": 1.2}], "baseline": []},
            {"attribute": "errorCode", "insight": [{"value": "null", "average": 1.2}], "baseline": []},
        ],
    }
    return {
        "eventTime": at,
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "sharedEventID": f"s{number}",
        "insightDetails": {
            "state": state,
            "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser",
            "insightType": "ApiCallRateInsight",
            "insightContext": context,
        }
        | details,
    }


def draw(make_stream: MakeStream, *records: dict[str, Any], width: int = 100, **reading: Any) -> list[str]:
    values: dict[str, Any] = {
        "calls": 1234, "apis": 7, "accounts": 1, "too_short": [], "unclassified": 0, "min_hours": 36, "found": len(records),
    }  # fmt: skip
    report = ScanReport(
        tocsin="0",
        command="scan",
        files=Files(),
        records=Records(),
        bytes=Bytes(),
        seconds=1,
        filters=[],
        insights=list(records),
        insight_reading=InsightReading(**values | reading),
    )
    return list(draw_insights(report, make_stream(width=width), width))


def test_an_insight_says_when_how_often_and_who(make_stream: MakeStream) -> None:
    assert draw(make_stream, insight(), insight(state="End", at="2026-03-08T10:06:00Z"), found=1) == [
        "1 Insight in 1,234 calls of 7 APIs",
        "2026-03-08 10:00 to 10:06 UTC  1.2 calls a minute, 0.000088 before: iam CreateUser",
        "            in 111122223333 us-east-1",
        "            by role/Admin",
        "            with cli\\x1b[2J",
        "",
    ]


def test_one_without_an_end_or_across_midnight(make_stream: MakeStream) -> None:
    late = insight(1, state="End", at="2026-03-09T00:01:00Z", errorCode="AccessDenied")
    lines = draw(make_stream, insight(), insight(1, errorCode="AccessDenied"), late, found=2)
    assert [line for line in lines if line.startswith(("from", "2026"))] == [
        "from 2026-03-08 10:00 UTC  1.2 calls a minute, 0.000088 before: iam CreateUser",
        "2026-03-08 10:00 to 2026-03-09 00:01 UTC  1.2 errors a minute, 0.000088 before: iam CreateUser, Acc…",
    ]


@pytest.mark.parametrize(
    ("reading", "line"),
    [
        ({"found": 50}, "  and 30 more (--format json lists them all)"),
        ({"found": 50, "omitted": 20}, "  and 30 more (--format json lists the first 30)"),
        (
            {"too_short": ["", "1", "2", "3"], "accounts": 5},
            "  not judged, as their calls span less than 36 hours: 4 of 5 accounts ((none named), 1, 2 and 1 more)",
        ),
        ({"unclassified": 1}, "  in no call rate, as they do not say whether they read or write: 1 call"),
    ],
)
def test_what_is_left_out_is_said(make_stream: MakeStream, reading: dict[str, Any], line: str) -> None:
    shown = [insight(number) for number in range(21)] if "found" in reading else [insight()]
    lines = draw(make_stream, *shown, width=120, **({"found": 1} | reading))
    assert line in lines


def test_no_line_is_wider_than_the_terminal(make_stream: MakeStream) -> None:
    record = insight(eventName="N" * 300)
    record["insightDetails"]["insightContext"]["attributions"][1]["insight"] *= 5
    for width in (40, 80, 160):
        assert all(width_of(line) <= width for line in draw(make_stream, record, width=width))
