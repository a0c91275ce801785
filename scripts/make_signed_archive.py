"""Write the signed example: a bucket's folder with log files and the digests that CloudTrail would have made of them.

    python scripts/make_signed_archive.py FOLDER      examples/signed-archive is one such run

Rule: the key is made anew each time and kept nowhere, so nobody can sign another digest for the example.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tocsin.core.digest import (
    DigestDocument,
    LogFile,
    PreviousDigest,
    digest_key,
    digest_time_text,
    fingerprint_of,
    public_key_der,
    sign_digest,
)

ACCOUNT = "111122223333"
BUCKET = "example-trail-logs"
TRAIL = "management-trail"
HOME = "eu-west-1"
START = 1772409600  # 2026-03-02T00:00:00Z
HOUR = 3600

# Region, hour of delivery, minute, event and who.
DELIVERED = (
    ("eu-west-1", 0, 5, "ConsoleLogin", "alice"),
    ("eu-west-1", 0, 40, "CreateAccessKey", "alice"),
    ("eu-west-1", 1, 15, "StopInstances", "bob"),
    ("us-east-1", 1, 20, "AttachUserPolicy", "alice"),
    ("eu-west-1", 2, 50, "StartInstances", "bob"),
)


def record(region: str, at: int, event: str, user: str) -> dict[str, object]:
    """A record as CloudTrail writes it, with what tells it from others."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"AIDAEXAMPLE{user.upper()}",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
            "accountId": ACCOUNT,
            "userName": user,
        },
        "eventTime": digest_time_text(at - 240),
        "eventSource": "iam.amazonaws.com" if "U" in event or "K" in event else "ec2.amazonaws.com",
        "eventName": event,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.77",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": None,
        "responseElements": None,
        "eventID": hashlib.blake2b(f"{region}{at}".encode(), digest_size=16).hexdigest(),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def put(folder: Path, key: str, content: bytes, metadata: dict[str, str]) -> None:
    """Write an object, and its metadata beside it."""
    path = folder.joinpath(*key.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))
    path.with_name(f"{path.name}.meta.json").write_text(json.dumps(metadata) + "\n")


def put_log(folder: Path, region: str, at: int, event: str, user: str) -> LogFile:
    """Write a log file; what the digest says of it."""
    content = json.dumps({"Records": [record(region, at, event, user)]}, separators=(",", ":")).encode()
    stamp = digest_time_text(at).replace("-", "").replace(":", "")[:13] + "Z"
    unique = base64.b32encode(hashlib.blake2b(content, digest_size=10).digest()).decode()
    day = digest_time_text(at)[:10].replace("-", "/")
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{ACCOUNT}_CloudTrail_{region}_{stamp}_{unique}.json.gz"
    put(folder, key, content, {})
    times = digest_time_text(at - 240)
    return LogFile(
        bucket=BUCKET,
        key=key,
        sha256=hashlib.sha256(content).hexdigest(),
        newest_event_time=times,
        oldest_event_time=times,
    )


def main(target: str) -> None:
    """Write the example."""
    folder = Path(target)
    keys = []
    for region in ("eu-west-1", "us-east-1"):
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        der = public_key_der(private_key.public_key())
        fingerprint = fingerprint_of(der)
        keys.append(
            {
                "Value": base64.b64encode(der).decode(),
                "ValidityStartTime": START - 86400,
                "ValidityEndTime": START + 365 * 86400,
                "Fingerprint": fingerprint,
            }
        )
        previous: PreviousDigest | None = None
        for hour in range(3):
            logs = [
                put_log(folder, where, START + each * HOUR + minute * 60, event, user)
                for where, each, minute, event, user in DELIVERED
                if where == region and each == hour
            ]
            end = START + (hour + 1) * HOUR
            document = DigestDocument(
                account=ACCOUNT,
                start=end - HOUR,
                end=end,
                bucket=BUCKET,
                key=digest_key(account=ACCOUNT, region=region, trail=TRAIL, home_region=HOME, end=end),
                fingerprint=fingerprint,
                previous=previous,
                log_files=tuple(logs),
            )
            signed = sign_digest(document, private_key)
            put(folder, signed.key, signed.content, signed.metadata)
            previous = signed.as_previous
    (folder / "publickeys.json").write_text(json.dumps({"PublicKeyList": keys}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
