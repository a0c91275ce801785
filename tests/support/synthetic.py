"""Synthetic archives in memory for the tests of use cases."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tocsin.core.limits import Limits
from tocsin.errors import SourceError


def record(name: str = "GetTrail", at: str = "2026-03-01T10:00:00Z", **fields: Any) -> dict[str, Any]:
    """A small CloudTrail record."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
        "eventTime": at,
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "eventID": f"{name}-{at}",
        "recipientAccountId": "111122223333",
        **fields,
    }


def log_file(*records: object) -> bytes:
    """The text of a log file, as CloudTrail writes it."""
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def packed(*records: object) -> bytes:
    """A log file as CloudTrail delivers it."""
    return gzip.compress(log_file(*records), mtime=0)


class Archive:
    """Files by path; `broken` ones end with that reason."""

    def __init__(self, files: dict[str, bytes], *, broken: dict[str, str] | None = None, piece: int = 1000) -> None:
        self.files = files
        self.broken = broken or {}
        self.piece = piece

    def open(self, path: str, _limits: Limits) -> ArchiveFile:
        """Open a file as adapters do."""
        if path not in self.files:
            raise SourceError(self.broken[path])
        return ArchiveFile(self.files[path], self.broken.get(path), self.piece)

    def places(self) -> list[tuple[int, str]]:
        """All paths with their places."""
        return list(enumerate(sorted(self.files | self.broken)))


class ArchiveFile:
    """One file, given in pieces."""

    def __init__(self, data: bytes, reason: str | None, piece: int) -> None:
        self._data, self._reason, self._piece = data, reason, piece
        self.bytes_read = self.bytes_unpacked = 0

    def __iter__(self):
        for at in range(0, len(self._data), self._piece):
            part = self._data[at : at + self._piece]
            self.bytes_read += len(part)
            self.bytes_unpacked += len(part)
            yield part
        if self._reason:
            raise SourceError(self._reason)
