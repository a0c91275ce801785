"""The AWS CLI's own validator of digests, over a folder in place of S3 and CloudTrail. Spec: CT-15.7, CT-15.9."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from awscli.customizations.cloudtrail import validation

WHEN = "%Y-%m-%dT%H:%M:%SZ"


class CliResult(NamedTuple):
    """What the command printed, in lines that are not empty, and its exit status."""

    lines: list[str]
    status: int


class _Folder:
    """Plays the CLI's provider of S3 clients, and the client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_client(self, bucket):
        return self

    def get_object(self, Bucket, Key):  # noqa: N803  # as boto names them
        path = self._folder.joinpath(*Key.split("/"))
        if ".." in Key or not path.is_file():
            raise validation.ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        beside = path.with_name(path.name + ".meta.json")
        metadata = json.loads(beside.read_text()) if beside.is_file() else {}
        return {"Body": io.BytesIO(path.read_bytes()), "Metadata": metadata}

    def get_paginator(self, operation):
        return self

    def paginate(self, Bucket, Marker, Prefix):  # noqa: N803  # as boto names them
        paths = (path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file())
        keys = sorted(key for key in paths if not key.endswith(".meta.json"))
        return _Pages([key for key in keys if key.startswith(Prefix) and key > Marker])


class _Pages:
    def __init__(self, keys) -> None:
        self._keys = keys

    def search(self, expression):
        return iter(self._keys)


class _CloudTrail:
    def __init__(self, keys: Path) -> None:
        self._keys = json.loads(keys.read_text())

    def list_public_keys(self, StartTime, EndTime):  # noqa: N803  # as boto names them
        return {"PublicKeyList": self._keys}


def run_validator(
    folder: Path,
    keys: Path,
    *,
    trail_arn: str,
    bucket: str,
    region: str,
    start: str,
    end: str,
    prefix: str | None = None,
    account: str | None = None,
) -> CliResult:
    """What `aws cloudtrail validate-logs --verbose` makes of a bucket's folder."""
    command = validation.CloudTrailValidateLogs(None)
    command.is_verbose = True
    command.trail_arn = trail_arn
    command.start_time, command.end_time = (datetime.strptime(text, WHEN).replace(tzinfo=UTC) for text in (start, end))
    command.s3_bucket = bucket
    command.s3_prefix = prefix
    command.account_id = account
    command._source_region = region
    command.s3_client_provider = _Folder(folder)
    command.cloudtrail_client = _CloudTrail(keys)
    command.organization_client = None
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        command._call()
    invalid = command._invalid_digests + command._invalid_backfill_digests + command._invalid_logs
    return CliResult([line for line in out.getvalue().splitlines() if line], 1 if invalid else 0)
