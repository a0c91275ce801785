"""`tocsin simulate selectors` over real records, against counts that plain Python makes of the same files (CT-8)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")


@pytest.fixture(scope="module")
def archive(shared_dir: Path) -> Path:
    found = shared_dir / "data" / "AWSLogs"
    if not found.is_dir():
        pytest.skip("the folder of shared data has no data/AWSLogs")
    return found


@pytest.fixture(scope="module")
def records(archive: Path) -> list[dict[str, Any]]:
    files = sorted(archive.rglob("*.json.gz"))
    return [record for path in files for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def simulate(archive: Path, setting: Any, *options: str) -> dict[str, Any]:
    argv = [TOCSIN, "simulate", "selectors", archive, "--set", json.dumps(setting), "--format", "json", "-q", *options]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_a_trail_that_records_writes_alone(archive: Path) -> None:
    # All records of this account say whether they read: 574 do not.
    report = simulate(archive / "218007301253", {"ReadWriteType": "WriteOnly"})
    total = report["total"]
    assert (total["records"], total["before"], total["after"], total["gained"]) == (2900, 2900, 574, 0)
    assert 0.21 < total["bytes_after"] / total["bytes_before"] < 0.23
    found = {one["name"]: (one["before"], one["after"]) for one in report["rules"]}
    assert found["cis/unauthorized-api-calls"] == (60, 1)
    assert found["article/stop-logging"][0] == found["article/stop-logging"][1]


def is_management(record: dict[str, Any]) -> bool:
    if record.get("eventCategory"):
        return bool(record["eventCategory"] == "Management")
    return "insightDetails" not in record and record.get("managementEvent") is not False


def test_a_trail_without_kms_that_records_objects(archive: Path, records: list[dict[str, Any]]) -> None:
    setting = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
            ]
        },
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "eventName", "StartsWith": ["Put"]},
            ]
        },
    ]
    management = [one for one in records if is_management(one)]
    insights = [one for one in records if one.get("eventCategory") == "Insight"]
    of_kms = [one for one in management if one["eventSource"] == "kms.amazonaws.com"]
    puts = [
        one
        for one in records
        if (one.get("eventCategory") or ("" if one.get("managementEvent") is not False else "Data")) == "Data"
        and one["eventName"].startswith("Put")
        and any(resource.get("type") == "AWS::S3::Object" for resource in one.get("resources") or [])
    ]
    total = simulate(archive, setting)["total"]
    assert total["records"] == len(records)
    assert total["before"] == len(management) + len(insights)
    assert total["lost"] == len(of_kms)
    assert total["gained"] == len(puts)
    assert puts


def test_the_setting_of_a_new_trail_changes_nothing(archive: Path) -> None:
    report = simulate(archive, {"ReadWriteType": "All"})
    assert (report["total"]["lost"], report["total"]["gained"], report["alarms"]) == (0, 0, [])
    assert report["alarms_unchanged"] > 0
    assert all(one["before"] == one["after"] for one in report["rules"])
