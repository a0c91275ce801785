"""The demo archive is what its script makes, and what the documentation says of it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "make_demo_archive.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def records(demo_archive: Path) -> list[dict]:
    files = sorted(demo_archive.rglob("*_CloudTrail_*.json.gz"))
    return [record for path in files for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def test_the_script_makes_the_committed_files() -> None:
    result = run("--check")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    run("--folder", str(tmp_path))
    changed = min(tmp_path.rglob("*.gz"))
    changed.write_bytes(gzip.compress(b'{"Records":[]}'))
    result = run("--check", "--folder", str(tmp_path))
    assert result.returncode == 1
    assert changed.name in result.stderr


def test_it_is_small(demo_archive: Path) -> None:
    files = [path for path in demo_archive.rglob("*") if path.is_file()]
    assert len(files) <= 150
    assert sum(path.stat().st_size for path in files) < 300_000


def test_ids_are_unique(records: list[dict]) -> None:
    assert len({record["eventID"] for record in records}) == len(records)


def test_addresses_and_accounts_are_synthetic(records: list[dict]) -> None:
    numeric = {r["sourceIPAddress"] for r in records if r["sourceIPAddress"][0].isdigit()}
    assert {address.rpartition(".")[0] for address in numeric} == {"192.0.2", "198.51.100", "203.0.113"}
    assert {record["recipientAccountId"] for record in records} == {"111122223333"}


def test_a_sign_in_has_no_request_id_and_no_error_code(records: list[dict]) -> None:
    sign_ins = [record for record in records if record["eventSource"] == "signin.amazonaws.com"]
    assert len(sign_ins) > 20
    assert not any("requestID" in record or "errorCode" in record for record in sign_ins)  # CT-4.1, CT-4.3


def test_a_call_made_by_a_service_has_no_tls_details(records: list[dict]) -> None:
    assert not any("tlsDetails" in r for r in records if "invokedBy" in r["userIdentity"])  # CT-2.2
