"""`tocsin scan --insights` over real records, against plain counts of the same records (CT-17.7, IF-2)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")


@pytest.fixture(scope="module")
def archive(shared_dir: Path) -> Path:
    folder = shared_dir / "data" / "AWSLogs"
    if not folder.is_dir():
        pytest.skip("the folder of shared data has no data/AWSLogs")
    return folder


@pytest.fixture(scope="module")
def records(archive: Path) -> list[dict[str, Any]]:
    """Every record, read without Tocsin."""
    found: list[dict[str, Any]] = []
    for path in sorted(archive.rglob("*.json.gz")):
        found += json.loads(gzip.decompress(path.read_bytes())).get("Records") or []
    return found


@pytest.fixture(scope="module")
def report(archive: Path) -> dict[str, Any]:
    argv = [TOCSIN, "scan", archive, "--insights", "-r", "article", "--format", "json", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def calls_of(records: list[dict[str, Any]], insight: dict[str, Any]) -> list[dict[str, Any]]:
    """The calls that an Insight is about, of all times."""
    details = insight["insightDetails"]
    return [
        one
        for one in records
        if (one.get("eventSource"), one.get("eventName")) == (details["eventSource"], details["eventName"])
        and one.get("recipientAccountId", one["userIdentity"].get("accountId")) == insight["recipientAccountId"]
        and one["awsRegion"] == insight["awsRegion"]
        and one.get("eventType", "AwsApiCall") == "AwsApiCall"
        and (one.get("errorCode") == details["errorCode"] if "errorCode" in details else one.get("readOnly") is False)
    ]


def test_each_insight_says_what_the_records_hold(report: dict[str, Any], records: list[dict[str, Any]]) -> None:
    ends = [one for one in report["insights"] if one["insightDetails"]["state"] == "End"]
    assert len(ends) >= 2
    for end in ends:
        statistics = end["insightDetails"]["insightContext"]["statistics"]
        until = datetime.fromisoformat(end["eventTime"])
        start = until - timedelta(minutes=statistics["insightDuration"])
        before = start - timedelta(minutes=statistics["baselineDuration"])
        assert (before.hour, before.minute) == (0, 0)
        times = [datetime.fromisoformat(one["eventTime"]) for one in calls_of(records, end)]
        during, earlier = sum(start <= at < until for at in times), sum(before <= at < start for at in times)
        assert during >= 3
        assert statistics["insight"]["average"] == pytest.approx(during / statistics["insightDuration"], abs=1e-9)
        assert statistics["baseline"]["average"] == pytest.approx(earlier / statistics["baselineDuration"], abs=1e-9)


def test_each_start_has_its_end_and_names_who_called(report: dict[str, Any], records: list[dict[str, Any]]) -> None:
    by_id: dict[str, list[dict[str, Any]]] = {}
    for one in report["insights"]:
        by_id.setdefault(one["sharedEventID"], []).append(one)
    assert len(by_id) == report["insight_reading"]["found"]
    for start, end in (pair for pair in by_id.values() if len(pair) == 2):
        assert start["eventID"] != end["eventID"]
        first, until = (datetime.fromisoformat(one["eventTime"]) for one in (start, end))
        agents = Counter(
            one.get("userAgent") or "null"
            for one in calls_of(records, end)
            if first <= datetime.fromisoformat(one["eventTime"]) < until
        )
        told = end["insightDetails"]["insightContext"]["attributions"][1]["insight"]
        minutes = (until - first).total_seconds() / 60
        most = sorted(agents.items(), key=lambda item: (-item[1], item[0]))[:5]
        assert [(one["value"], one["average"]) for one in told] == [
            (agent, pytest.approx(count / minutes, abs=1e-9)) for agent, count in most
        ]
