"""How fast what a trail selects is delivered to a log group and to files. Spec: CT-11, CT-12.

    python benchmarks/trail.py [--records 1000000] [--no-digest] [--json FILE]

Records of about 1,300 bytes are taken in batches of 500, as `POST /_tocsin/records` does, into a store on disk: the
event history, and what waits for one trail. Then they are delivered: to a log group with six metric filters, while a
thread beside it packs and writes the files, as `tocsin serve` does. One match in a hundred. Times are of one process.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import platform
import resource
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from live import CALLS, FILTERS

from tocsin.app.log_group import create_log_group
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.record_intake import RecordIntake
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.trail import TRAILS
from tocsin.app.trail_delivery import TrailDelivery
from tocsin.archive.folder import FolderStore
from tocsin.clock import ManualClock
from tocsin.composition.digest_keys import DigestKeyFolder
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Scope("111122223333", "eu-west-1")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BATCH = 500


def record(number: int) -> bytes:
    """A record as CloudTrail writes it."""
    name = "StopLogging" if number % 100 == 50 else CALLS[number % len(CALLS)]
    seconds = number // 100 % 36_000
    made = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{number % 97:04}:session-{number % 13}",
            "arn": f"arn:aws:sts::111122223333:assumed-role/service-{number % 97}/session-{number % 13}",
            "accountId": "111122223333",
            "accessKeyId": f"ASIAEXAMPLE{number % 997:05}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": f"AROAEXAMPLE{number % 97:04}",
                    "arn": f"arn:aws:iam::111122223333:role/service-{number % 97}",
                    "accountId": "111122223333",
                    "userName": f"service-{number % 97}",
                },
                "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2026-01-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": HOME.region,
        "sourceIPAddress": f"192.0.2.{number % 250}",
        "userAgent": "aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0 exe/x86_64.debian.12 prompt/off command/ec2.run",
        "requestParameters": {"instancesSet": {"items": [{"instanceId": f"i-{number:017x}"}]}, "filterSet": {}},
        "responseElements": None,
        "requestID": f"{number:08x}-1111-4000-8000-{number * 7919 % 16**12:012x}",
        "eventID": f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "ec2.eu-west-1.amazonaws.com",
        },
    }
    return json.dumps(made, separators=(",", ":")).encode()


def batches(count: int) -> Iterator[list[bytes]]:
    """All records, some at a time."""
    for first in range(0, count, BATCH):
        yield [record(number) for number in range(first, min(count, first + BATCH))]


def make_service(folder: Path, *, digests: bool) -> Service:
    """A service with one trail that logs."""
    clock = ManualClock(NOW)
    secrets = itertools.count()
    service = Service(
        SqliteStore(folder / "tocsin.sqlite3"),
        clock,
        new_id=lambda: f"00000000-0000-4000-8000-{next(secrets):012}",
        new_secret=lambda size: hashlib.shake_256(b"%d" % next(secrets)).digest(size),
        settings=ServiceSettings(trail_delivery_interval=0),
        objects=FolderStore(folder / "s3"),
        digest_keys=DigestKeyFolder(None, clock),
    )
    create_log_group(service, HOME, "trail")
    for name, pattern in FILTERS.items():
        transformation = MetricTransformation(metric_name=name, metric_namespace="CT", metric_value="1")
        made = MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=(transformation,))
        put_metric_filter(service, HOME, "trail", made)
    trail = Trail(
        name="main",
        home=HOME,
        s3_bucket_name="trail-bucket",
        log_group_arn=HOME.arn("logs", "log-group:trail:*"),
        validates_log_files=digests,
        is_multi_region=True,
        is_logging=True,
        started_at=1,
    )
    service.store.write(lambda store: TRAILS.put(store, HOME, trail.name, trail))
    return service


def deliver(service: Service) -> dict[str, float]:
    """Deliver all that waits; the seconds until it is in the log group, and until the files are there."""
    delivery = service.part(TrailDelivery)
    is_logged = threading.Event()
    began = time.perf_counter()
    failures: list[BaseException] = []

    def put() -> None:
        try:
            while True:
                was_logged = is_logged.is_set()
                buckets, _ = delivery.buckets()
                for bucket in buckets:
                    delivery.put(bucket)
                if not buckets and was_logged:
                    return
                is_logged.wait(0.05)
        except BaseException as error:  # noqa: BLE001  (it is raised below)
            failures.append(error)

    thread = threading.Thread(target=put)
    thread.start()
    while delivery.begin() is not None:
        pass
    logged = time.perf_counter() - began
    is_logged.set()
    thread.join()
    if failures:
        raise failures[0]
    return {"logged": logged, "filed": time.perf_counter() - began}


def main() -> None:
    """Measure, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--no-digest", action="store_true", help="a trail without log file validation")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = make_service(folder, digests=not asked.no_digest)
        intake = service.part(RecordIntake)
        took = size = 0
        seconds = 0.0
        for batch in batches(asked.records):
            began = time.perf_counter()
            took += intake.take(batch).accepted
            seconds += time.perf_counter() - began
            size += sum(map(len, batch))
        assert took == asked.records
        delivered = deliver(service)
        files = [path for path in (folder / "s3").rglob("*.json.gz") if "Digest" not in path.name]
        with service.store.read() as store:
            stream = store.logs.stream(HOME, "trail", f"{HOME.account}_CloudTrail_{HOME.region}")
        figures = {
            "records": took,
            "bytes": size,
            "intake_seconds": round(seconds, 2),
            "logged_seconds": round(delivered["logged"], 2),
            "delivered_seconds": round(delivered["filed"], 2),
            "files": len(files),
            "file_bytes": sum(path.stat().st_size for path in files),
            "log_group_bytes": 0 if stream is None else stream.stored_bytes,
            "matches": service.counters.count("filter_matches"),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        }
        service.store.close()
    for key, value in figures.items():
        print(f"{key:18} {value:,}" if isinstance(value, int | float) else f"{key:18} {value}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
