"""What a trail of the live service has written is valid, and what is done to it is found. Spec: CT-15.1 to CT-15.10."""

from __future__ import annotations

import gzip
import io
import json
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from live_server import LiveServer
from synthetic import record

from tocsin.cli.invocation import Invocation
from tocsin.cli.main import run
from tocsin.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = {"TOCSIN_TRAIL_DELIVERY_INTERVAL": "0", "TOCSIN_TRAIL_DIGEST_INTERVAL": "1"}


def until(found: Callable[[], Any], *, seconds: float = 20) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"not within {seconds} seconds"
        threading.Event().wait(0.1)  # between two looks at another process's files
    return answer


def validate(data: Path) -> tuple[int, dict[str, Any]]:
    out, error = io.StringIO(), io.StringIO()
    command = ["validate", str(data / "s3"), "--data", str(data), "--format", "json"]
    status = run(command, Invocation(Terminal(out, error, io.BytesIO(), {}), environ={}))
    assert status in {0, 1}, error.getvalue()
    return status, json.loads(out.getvalue())


def test_what_a_trail_has_written_is_valid(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LiveServer(data, environ=QUICK) as server:
        trails = server.client("cloudtrail")
        trails.create_trail(
            Name="main", S3BucketName="trail-bucket", EnableLogFileValidation=True, IsMultiRegionTrail=True
        )
        trails.start_logging(Name="main")
        digests: Callable[[], list[Path]] = lambda: list(data.rglob("*CloudTrail-Digest_*.json.gz"))  # noqa: E731
        logs: Callable[[], list[Path]] = lambda: sorted(data.rglob("*_CloudTrail_*.json.gz"))  # noqa: E731
        for turn in range(2):
            for region in ("eu-west-1", "us-east-1"):
                at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"  # noqa: TID251  # the service has the time of day
                body = json.dumps(record("PutObject", at, awsRegion=region, eventID=f"{turn} {region}")).encode()
                headers = {"Content-Type": "application/x-ndjson"}
                assert server.ask("/_tocsin/records", method="POST", body=body, headers=headers).status == 200
            before = len(digests())
            until(lambda: len(digests()) >= before + 2)  # noqa: B023  # asked at once
        _, running = validate(data)  # while the service writes
        assert (running["digests"]["invalid"], running["logs"]["invalid"]) == (0, 0)
        trails.stop_logging(Name="main")
        # The last file has the call that stopped the trail, and the last digest lists it (CT-15.4).
        until(lambda: any(b"StopLogging" in gzip.decompress(path.read_bytes()) for path in logs()))
        until(lambda: not validate(data)[1]["unsigned"])
    status, read = validate(data)
    assert status == 0, read
    assert {chain["region"] for chain in read["chains"]} == {"eu-west-1", "us-east-1"}
    assert read["logs"]["valid"] >= 5
    assert read["logs"]["valid"] == len(logs())
    assert (read["unsigned"], read["files"]) == ({}, [])

    first, second = logs()[:2]
    first.write_bytes(second.read_bytes())
    second.unlink()
    status, read = validate(data)
    assert status == 1
    assert sorted(file["text"] for file in read["files"]) == ["INVALID: hash value doesn't match", "INVALID: not found"]
