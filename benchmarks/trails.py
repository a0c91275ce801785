"""How fast CloudTrail records go from their coming in to log files and a log group. Spec: CT-11, CT-12, CT-16, AR-5.

    python benchmarks/trails.py [--records 100000] [--data-events] [--json FILE]

All on SQLite, in one process: records of about 1,300 bytes come in 500 at a time, as at `POST /_tocsin/records`, and
into the event history; a trail with a log group that has the six filters of the article takes them all, and puts log
files into a folder. With `--data-events` they are data events, which no history keeps. The reference is how long the
same records take to be packed by gzip, as log files are.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import platform
import resource
import secrets
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from live import FILTERS

from tocsin.app.event_history import look_up_events
from tocsin.app.log_group import create_log_group
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.record_intake import RecordIntake
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.trail import TRAILS
from tocsin.app.trail_delivery import TrailDelivery
from tocsin.archive.folder import FolderStore
from tocsin.clock import SystemClock
from tocsin.core.log_event import Term
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Scope("111122223333", "us-east-1")
GROUP = "CloudTrail/logs"
TOGETHER = 500
NAMES = ("DescribeInstances", "ListBuckets", "GetBucketAcl", "Decrypt", "AssumeRole", "DescribeVolumes", "PutObject")


def record(number: int, *, second: int, is_data: bool) -> bytes:
    """A record as CloudTrail writes it, of 1,300 bytes."""
    name = "StopLogging" if number % 100 == 50 else NAMES[number % len(NAMES)]
    user = f"user-{number % 97}"
    made = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLEEXAMPLE{number % 7:03}:{user}",
            "arn": f"arn:aws:sts::111122223333:assumed-role/Deploy/{user}",
            "accountId": "111122223333",
            "accessKeyId": f"ASIAEXAMPLE{number % 1009:09}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": f"AROAEXAMPLEEXAMPLE{number % 7:03}",
                    "arn": "arn:aws:iam::111122223333:role/Deploy",
                    "accountId": "111122223333",
                    "userName": "Deploy",
                },
                "attributes": {"creationDate": "2026-03-01T10:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"192.0.2.{number % 250}",
        "userAgent": "aws-cli/2.15.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.6",
        "requestParameters": {
            "filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": f"vpc-{number:08x}"}]}}]}
        },
        "responseElements": None,
        "requestID": str(uuid.UUID(int=number)),
        "eventID": str(uuid.uuid4()),
        "readOnly": name != "StopLogging",
        "resources": [
            {
                "accountId": "111122223333",
                "type": "AWS::EC2::VPC",
                "ARN": f"arn:aws:ec2:us-east-1:111122223333:vpc/vpc-{number % 5000:08x}",
            }
        ],
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": "111122223333",
        "eventCategory": "Data" if is_data else "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "ec2.us-east-1.amazonaws.com",
        },
    }
    return json.dumps(made, separators=(",", ":")).encode()


def set_up(folder: Path, *, is_data: bool) -> Service:
    """A service with a trail, its log group and the filters of the article."""
    clock = SystemClock()
    service = Service(
        SqliteStore(folder / "tocsin.sqlite3"),
        clock,
        new_id=lambda: str(uuid.uuid4()),
        new_secret=secrets.token_bytes,
        settings=ServiceSettings(trail_delivery_interval=1),
        objects=FolderStore(folder / "s3", creates=True),
    )
    create_log_group(service, HERE, GROUP)
    for name, pattern in FILTERS.items():
        made = (MetricTransformation(metric_name=name, metric_namespace="T", metric_value="1"),)
        put_metric_filter(
            service, HERE, GROUP, MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=made)
        )
    everything = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::EC2::VPC"]},
            ]
        }
    ]
    trail = Trail(
        name="main",
        home=HERE,
        s3_bucket_name="logs",
        is_logging=True,
        log_group_arn=HERE.arn("logs", f"log-group:{GROUP}:*"),
        log_role_arn="arn:aws:iam::111122223333:role/logs",
        selectors=json.dumps({"AdvancedEventSelectors": everything}).encode() if is_data else b"",
    )
    service.store.write(lambda store: TRAILS.put(store, HERE, trail.name, trail))
    return service


def batches(count: int, *, is_data: bool) -> Iterator[list[bytes]]:
    """Records of the last hour, in the order of time."""
    first = int(SystemClock().now().timestamp()) - 3600
    for start in range(0, count, TOGETHER):
        numbers = range(start, min(count, start + TOGETHER))
        yield [record(number, second=first + 3600 * number // count, is_data=is_data) for number in numbers]


def deliver(service: Service, done: threading.Event) -> None:
    """Deliver until nothing waits any more and no more will come."""
    delivery = service.part(TrailDelivery)
    while True:
        was_done = done.is_set()
        wait = delivery.begin()
        if wait is None and was_done:
            return
        done.wait(0.05 if wait is None else min(wait, 0.05))


def put(service: Service, done: threading.Event) -> None:
    """Put files likewise."""
    delivery = service.part(TrailDelivery)
    while True:
        was_done = done.is_set()
        buckets, _ = delivery.buckets()
        for bucket in buckets:
            delivery.put(bucket)
        if not buckets:
            if was_done:
                return
            done.wait(0.05)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--data-events", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    made = list(batches(arguments.records, is_data=arguments.data_events))
    size = sum(len(body) for batch in made for body in batch) / arguments.records
    sys.setswitchinterval(0.0005)  # both as the server does
    gc.set_threshold(200_000, 20, 20)
    with tempfile.TemporaryDirectory(prefix="tocsin-trails-") as folder:
        service = set_up(Path(folder), is_data=arguments.data_events)
        intake = service.part(RecordIntake)
        came, logged = threading.Event(), threading.Event()
        threads = [
            threading.Thread(target=deliver, args=(service, came)),
            threading.Thread(target=put, args=(service, logged)),
        ]
        began, cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for batch in made:
            intake.take(batch)
        taken = time.perf_counter() - began
        came.set()
        threads[0].join()
        in_group = time.perf_counter() - began
        logged.set()
        threads[1].join()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        looked = time.perf_counter()
        look_up_events(service, HERE, [Term("Username", "user-7")])
        looked = time.perf_counter() - looked
        service.store.close()
        stored = (Path(folder) / "tocsin.sqlite3").stat().st_size / arguments.records
        files = list(Path(folder, "s3").rglob("*.json.gz"))
        delivered = sum(gzip.decompress(file.read_bytes()).count(b'"eventVersion"') for file in files)
    began = time.perf_counter()
    for batch in made:
        gzip.compress(b"".join(batch), 6)
    reference = time.perf_counter() - began
    report: dict[str, Any] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "records": arguments.records,
        "bytes_a_record": size,
        "seconds": seconds,
        "seconds_until_taken": taken,
        "seconds_until_in_log_group": in_group,
        "cpu_seconds": cpu,
        "records_a_second": arguments.records / seconds,
        "reference_seconds": reference,
        "files": len(files),
        "delivered": delivered,
        "look_up_ms": 1000 * looked,
        "stored_bytes_a_record": stored,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    rate = report["records_a_second"]
    print(f"{arguments.records:,} records of {size:.0f} bytes: {seconds:.1f} s, {rate:,.0f} a second")
    print(f"  all taken after {taken:.1f} s, in the log group after {in_group:.1f} s; {cpu:.1f} s of processor time")
    print(f"  {seconds / reference:.1f} times as long as packing them by gzip takes ({reference:.1f} s)")
    print(f"  {delivered:,} records in {len(files)} log files; {stored:.0f} bytes a record in the database")
    print(f"  a look-up by user takes {1000 * looked:.1f} ms; memory {report['memory_mb']:.0f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
