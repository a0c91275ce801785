"""Write the demo archive: one quiet day in an invented AWS account, and one night of trouble.

Rule: the same content each time, on every machine. The folder layout is that of CT-11; the archive
is an organization's, so that it goes on when the account's own trail is stopped.

    python scripts/make_demo_archive.py            writes examples/demo-archive
    python scripts/make_demo_archive.py --check    compares, writes nothing; exit 1 on a difference
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo_records import ACCOUNT, CAPITALS, HOME, Archive, Dice, Json, stamp
from demo_story import tell

ORGANIZATION = "o-exampleorg1"
BUCKET = "example-org-audit-logs"
TRAIL = "org-audit"
TARGET = Path(__file__).resolve().parent.parent / "examples" / "demo-archive"

# --- delivery: from records to files ------------------------------------------------------------------


def deliver(archive: Archive) -> dict[str, bytes]:
    """Put the records into the files in which CloudTrail delivers them: path -> unpacked text (CT-11)."""
    parts: dict[tuple[datetime, str], list[Json]] = {}
    dice = Dice("delivery")
    for at, region, record in sorted(archive.records, key=lambda told: told[0]):
        slot = datetime.fromtimestamp((at.timestamp() // 300 + 1) * 300, UTC)
        parts.setdefault((slot, region), []).append(record)
    files: dict[str, bytes] = {}
    for (slot, region), records in sorted(parts.items(), key=lambda part: part[0]):
        if dice.below(4) == 0:  # delivered files are not always in order of time (CT-11.4)
            records.insert(0, records.pop())
        when = slot + timedelta(minutes=dice.below(4))
        letters = dice.text(16, CAPITALS + CAPITALS.lower())
        name = f"{ACCOUNT}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{letters}"
        path = f"AWSLogs/{ORGANIZATION}/{ACCOUNT}/CloudTrail/{region}/{when:%Y/%m/%d}/{name}.json.gz"
        files[path] = compact({"Records": records})
    return files | digest(files, datetime(2026, 3, 18, 3, 0, tzinfo=UTC))


def digest(files: dict[str, bytes], end: datetime) -> dict[str, bytes]:
    """Make the digest (CT-15) of the hour of the night's events: a file of the tree that holds no records."""
    start = end - timedelta(hours=1)
    covered: list[Json] = []
    times: list[str] = []
    for path, content in files.items():
        if f"/CloudTrail/{HOME}/" in path and f"{start:%Y%m%dT%H}" in path:
            inside = sorted(record["eventTime"] for record in json.loads(content)["Records"])
            times += inside
            covered.append(
                {
                    "s3Bucket": BUCKET,
                    "s3Object": path,
                    "hashValue": hashlib.sha256(content).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": inside[-1],
                    "oldestEventTime": inside[0],
                }
            )
    folder = f"AWSLogs/{ORGANIZATION}/{ACCOUNT}/CloudTrail-Digest/{HOME}/{end:%Y/%m/%d}"
    path = f"{folder}/{ACCOUNT}_CloudTrail-Digest_{HOME}_{TRAIL}_{HOME}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    members: Json = {
        "awsAccountId": ACCOUNT,
        "digestStartTime": stamp(start),
        "digestEndTime": stamp(end),
        "digestS3Bucket": BUCKET,
        "digestS3Object": path,
        "digestPublicKeyFingerprint": Dice("fingerprint").text(32),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": max(times),
        "oldestEventTime": min(times),
        "previousDigestS3Bucket": None,
        "previousDigestS3Object": None,
        "previousDigestHashValue": None,
        "previousDigestHashAlgorithm": None,
        "previousDigestSignature": None,
        "logFiles": covered,
    }
    return {path: compact(members)}


def compact(value: Json) -> bytes:
    """Encode as CloudTrail does: one line, no blanks (CT-2.4)."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def story() -> dict[str, bytes]:
    """Tell the whole story: path -> unpacked content."""
    archive = Archive()
    tell(archive)
    return deliver(archive)


def differences(files: dict[str, bytes], folder: Path) -> list[str]:
    """Compare `folder` with the story. Unpacked: another zlib may pack the same content differently."""
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    found = [f"missing: {path}" for path in files.keys() - there.keys()]
    found += [f"unexpected: {path}" for path in there.keys() - files.keys()]
    both = files.keys() & there.keys()
    found += [f"differs: {path}" for path in both if gzip.decompress(there[path].read_bytes()) != files[path]]
    return sorted(found)


def main(arguments: list[str] | None = None) -> int:
    """Write the archive, or with `--check` say how the folder differs from it."""
    parser = argparse.ArgumentParser(description="write the demo archive")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--folder", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    files = story()
    if options.check:
        found = differences(files, options.folder)
        print("\n".join(found), end="\n" if found else "", file=sys.stderr)
        return 1 if found else 0
    shutil.rmtree(options.folder, ignore_errors=True)
    for path, content in files.items():
        target = options.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
