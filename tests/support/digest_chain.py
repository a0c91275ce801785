"""Archives with digests of our own: three log files and three digests as in CT-15.9, in a folder. Spec: CT-15.10."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tocsin.core.digest import (
    DigestDocument,
    LogFile,
    SignedDigest,
    digest_key,
    fingerprint_of,
    public_key_der,
    sign_digest,
)

ACCOUNT = "111122223333"
REGION = "us-east-1"
TRAIL = "main"
BUCKET = "trail-bucket"
FIRST_END = 1767313800  # 2026-01-02T00:30:00Z
HOUR = 3600


@lru_cache(maxsize=2)
def private_key(number: int = 0) -> rsa.RSAPrivateKey:
    """A key; making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_entry(key: rsa.RSAPrivateKey) -> dict[str, object]:
    """The key as ListPublicKeys lists it."""
    der = public_key_der(key.public_key())
    return {
        "Value": base64.b64encode(der).decode(),
        "ValidityStartTime": 1735689600.0,
        "ValidityEndTime": 1798761600.0,
        "Fingerprint": fingerprint_of(der),
    }


def stamp(minute: int) -> str:
    """So many minutes after midnight of 2026-01-02, as in the name of a log file."""
    return f"20260102T{minute // 60:02}{minute % 60:02}Z"


class Archive:
    """A bucket's folder that is written to."""

    def __init__(
        self,
        folder: Path,
        *,
        bucket: str = BUCKET,
        account: str = ACCOUNT,
        region: str = REGION,
        trail: str = TRAIL,
        prefix: str = "",
        organization: str = "",
    ) -> None:
        self.folder = folder
        self.bucket = bucket
        self.account = account
        self.region = region
        self.trail = trail
        self.prefix = prefix
        self.organization = organization
        self.key = private_key()
        self.chain: list[SignedDigest] = []
        self.logs: list[LogFile] = []

    def path(self, key: str) -> Path:
        """Where an object lies."""
        return self.folder.joinpath(*key.split("/"))

    def put(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> None:
        """Write an object and its metadata."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0))
        path.with_name(path.name + ".meta.json").write_text(json.dumps(metadata or {}))

    def log_key(self, minute: int, unique: str) -> str:
        """The key of a log file that is delivered at that minute of the day."""
        folders = [self.prefix, "AWSLogs", self.organization, self.account, "CloudTrail", self.region, "2026/01/02"]
        name = f"{self.account}_CloudTrail_{self.region}_{stamp(minute)}_{unique * 16}.json.gz"
        return "/".join([*(each for each in folders if each), name])

    def put_log(self, minute: int, unique: str, records: int = 1) -> LogFile:
        """Write a log file."""
        times = [f"2026-01-02T{minute // 60:02}:{minute % 60:02}:{second:02}Z" for second in range(records)]
        members = {"eventVersion": "1.11", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}
        listed = [{**members, "eventTime": at, "eventID": f"{unique}-{at}"} for at in times]
        content = json.dumps({"Records": listed}, separators=(",", ":")).encode()
        key = self.log_key(minute, unique)
        self.put(key, content)
        log = LogFile(
            bucket=self.bucket,
            key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            newest_event_time=times[-1],
            oldest_event_time=times[0],
        )
        self.logs.append(log)
        return log

    def put_digest(
        self,
        end: int,
        logs: tuple[LogFile, ...],
        *,
        start: int | None = None,
        new: bool = False,
        made: str | None = "",
    ) -> str:
        """Write a digest behind the last one, or with `new` one that begins a chain; its key.

        `made` is when a backfill digest was made, None for one whose metadata do not say.
        """
        key = digest_key(
            account=self.account,
            region=self.region,
            trail=self.trail,
            home_region=REGION,
            end=end,
            prefix=self.prefix,
            organization=self.organization,
        )
        if made != "":
            key = key.replace(".json.gz", "_backfill.json.gz")
        document = DigestDocument(
            account=self.account,
            start=end - HOUR if start is None else start,
            end=end,
            bucket=self.bucket,
            key=key,
            fingerprint=fingerprint_of(public_key_der(self.key.public_key())),
            previous=self.chain[-1].as_previous if self.chain and not new else None,
            log_files=logs,
        )
        signed = sign_digest(document, self.key)
        more = {"backfill-generation-timestamp": made} if made else {}
        self.put(key, signed.content, {**signed.metadata, **more})
        self.chain.append(signed)
        return key

    def put_example(self) -> None:
        """The three log files and three digests of CT-15.9."""
        a, b, c = self.put_log(5, "A", 2), self.put_log(35, "B"), self.put_log(65, "C", 3)
        self.put_digest(FIRST_END, (a,))
        self.put_digest(FIRST_END + HOUR, (b, c))
        self.put_digest(FIRST_END + 2 * HOUR, ())

    def put_keys(self, folder: Path | None = None) -> Path:
        """Write `publickeys.json`."""
        path = (folder or self.folder) / "publickeys.json"
        path.write_text(json.dumps([key_entry(self.key)]))
        return path


def example(folder: Path, **names: str) -> Archive:
    """The archive of CT-15.9 in a folder, its keys beside it."""
    archive = Archive(folder, **names)
    archive.put_example()
    archive.put_keys()
    return archive
