"""How fast an archive is validated, as a ratio to unpacking it and hashing what comes out. Spec: CT-15.7, AR-13.

    python benchmarks/validate.py [--case small|large|quiet|all] [--megabytes 64] [--rounds 3] [--json FILE]

The reference reads the same log files, unpacks them with isal and feeds SHA-256, in as many processes, and does
nothing else: no digests, no signatures, no verdicts. Both run in turns, in processes of their own, and their times
include the start; on a machine that others use, processor time says more than the clock.

Cases: `small` log files of 1 to 60 records, which is what most accounts have; `large` ones of 60,000 records; `quiet`,
digests that list nothing, where signatures are all that there is to do (the reference reads and unpacks the digests).
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from tocsin.core.digest import (
    DigestDocument,
    LogFile,
    SignedDigest,
    digest_key,
    digest_time_text,
    fingerprint_of,
    public_key_der,
    sign_digest,
)

ACCOUNT, REGION, TRAIL, BUCKET = "111122223333", "us-east-1", "main", "trail-bucket"
FIRST = 1767225600  # 2026-01-01T00:00:00Z
HOUR = 3600
LOGS_AN_HOUR = 12
QUIET_DIGESTS = 5000

REFERENCE = """
import hashlib, os, sys
from concurrent.futures import ProcessPoolExecutor
from isal import igzip_lib

def hashed(path):
    descriptor = os.open(path, os.O_RDONLY)
    unpacking, digest = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP), hashlib.sha256()
    while not unpacking.eof:
        digest.update(unpacking.decompress(os.read(descriptor, 262144) if unpacking.needs_input else b"", 262144))
    os.close(descriptor)
    return digest.hexdigest()

def work(paths):
    return [hashed(path) for path in paths]

if __name__ == "__main__":
    jobs = int(sys.argv[2])
    files = open(sys.argv[1]).read().split("\\n")
    if jobs == 1:
        work(files)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            list(pool.map(work, [files[first:first + 64] for first in range(0, len(files), 64)]))
"""


def records(count: int, seed: int) -> bytes:
    """So many records as CloudTrail writes them."""
    listed = []
    for number in range(count):
        ident = hashlib.blake2b(f"{seed}-{number}".encode(), digest_size=16).hexdigest()
        listed.append(
            {
                "eventVersion": "1.11",
                "userIdentity": {
                    "type": "AssumedRole",
                    "principalId": f"AROAEXAMPLE{number % 97:04}:session-{ident[:6]}",
                    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/service-{number % 97}/session-{ident[:6]}",
                    "accountId": ACCOUNT,
                    "accessKeyId": f"ASIAEXAMPLE{ident[:9].upper()}",
                },
                "eventTime": digest_time_text(FIRST + number % HOUR),
                "eventSource": "ec2.amazonaws.com",
                "eventName": ("DescribeInstances", "ListBuckets", "Decrypt", "AssumeRole")[number % 4],
                "awsRegion": REGION,
                "sourceIPAddress": f"192.0.2.{number % 250}",
                "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7",
                "requestParameters": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/service-{number % 97}", "max": 100},
                "responseElements": None,
                "requestID": ident,
                "eventID": ident[::-1],
                "readOnly": True,
                "eventType": "AwsApiCall",
                "managementEvent": True,
                "recipientAccountId": ACCOUNT,
                "eventCategory": "Management",
            }
        )
    return json.dumps({"Records": listed}, separators=(",", ":")).encode()


def put(folder: Path, key: str, content: bytes, metadata: dict[str, str]) -> int:
    """Write an object; its packed size."""
    path = folder.joinpath(*key.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(content, 6, mtime=0)
    path.write_bytes(packed)
    if metadata:
        path.with_name(path.name + ".meta.json").write_text(json.dumps(metadata))
    return len(packed)


def make_archive(folder: Path, case: str, megabytes: int) -> list[str]:
    """Write an archive of so many packed bytes; the paths that the reference reads."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = public_key_der(key.public_key())
    previous: SignedDigest | None = None
    paths: list[str] = []
    # Few different contents, each under many names: packing takes far longer than what is measured.
    contents = [
        records(60_000 if case == "large" else 1 + 59 * (one % 12) // 11, one)
        for one in range(2 if case == "large" else 48)
    ]
    size = hour = 0
    while hour < QUIET_DIGESTS if case == "quiet" else size < megabytes * 1_000_000:
        end = FIRST + (hour + 1) * HOUR
        stamp = digest_time_text(end - HOUR).replace("-", "").replace(":", "")
        day = digest_time_text(end - HOUR)[:10].replace("-", "/")
        logs = []
        for number in range(0 if case == "quiet" else LOGS_AN_HOUR):
            content = contents[(hour * LOGS_AN_HOUR + number) % len(contents)]
            unique = hashlib.blake2b(f"{hour}-{number}".encode(), digest_size=8).hexdigest()
            name = f"{ACCOUNT}_CloudTrail_{REGION}_{stamp[:11]}{5 * number:02}Z_{unique}.json.gz"
            log = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{name}"
            size += put(folder, log, content, {})
            paths.append(str(folder / log))
            sha256 = hashlib.sha256(content).hexdigest()
            at = digest_time_text(end - HOUR)
            logs.append(LogFile(bucket=BUCKET, key=log, sha256=sha256, newest_event_time=at, oldest_event_time=at))
        document = DigestDocument(
            account=ACCOUNT,
            start=end - HOUR,
            end=end,
            bucket=BUCKET,
            key=digest_key(account=ACCOUNT, region=REGION, trail=TRAIL, home_region=REGION, end=end),
            fingerprint=fingerprint_of(der),
            previous=previous.as_previous if previous else None,
            log_files=tuple(logs),
        )
        previous = sign_digest(document, key)
        put(folder, previous.key, previous.content, previous.metadata)
        if case == "quiet":
            paths.append(str(folder / previous.key))
        hour += 1
    entry = {"Value": base64.b64encode(der).decode(), "Fingerprint": fingerprint_of(der)}
    (folder / "publickeys.json").write_text(json.dumps([entry]))
    return paths


class Run(NamedTuple):
    """How long a command took by the clock, how much of the processors in all, and what it printed."""

    seconds: float
    work: float
    output: str


def run(command: list[str]) -> Run:
    """Run a command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(took, work, done.stdout)


def measure(case: str, megabytes: int, rounds: int, jobs: int) -> dict[str, object]:
    """One case: both commands in turns."""
    with tempfile.TemporaryDirectory(prefix="tocsin-validate-") as name:
        folder = Path(name) / "archive"
        paths = make_archive(folder, case, megabytes)
        listed = Path(name) / "paths"
        listed.write_text("\n".join(paths))
        script = Path(name) / "reference.py"
        script.write_text(REFERENCE)
        ours = [sys.executable, "-m", "tocsin", "validate", str(folder), "--jobs", str(jobs)]
        theirs = [sys.executable, str(script), str(listed), str(jobs)]
        packed = sum(Path(path).stat().st_size for path in paths)
        run(theirs)  # what the system keeps of files is there for both
        runs: list[tuple[Run, Run]] = []
        for _ in range(rounds):
            reference, took = run(theirs), run(ours)
            assert "INVALID" not in took.output, took.output
            runs.append((took, reference))
    best = min(took.seconds for took, _ in runs)
    return {
        "case": case,
        "jobs": jobs,
        "files": len(paths),
        "packed_bytes": packed,
        "seconds": round(best, 3),
        "reference_seconds": round(min(reference.seconds for _, reference in runs), 3),
        "ratio": round(statistics.median(took.seconds / reference.seconds for took, reference in runs), 2),
        "work_ratio": round(statistics.median(took.work / reference.work for took, reference in runs), 2),
        "files_per_second": round(len(paths) / best),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=("small", "large", "quiet", "all"), default="all")
    parser.add_argument("--megabytes", type=int, default=64, help="packed size of the log files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    results = []
    for case in ("small", "large", "quiet") if options.case == "all" else (options.case,):
        for jobs in sorted({1, cores}):
            result = measure(case, options.megabytes, options.rounds, jobs)
            results.append(result)
            print(
                f"{case:6} jobs {jobs}: {result['files']:,} files, {result['packed_bytes'] / 1e6:,.0f} MB in "
                f"{result['seconds']} s; reference {result['reference_seconds']} s; "
                f"ratio {result['ratio']} by the clock, {result['work_ratio']} of processor time"
            )
    if options.json:
        about = {"python": platform.python_version(), "machine": platform.machine(), "cores": cores}
        options.json.write_text(json.dumps({**about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
