"""`tocsin record` as a process of its own, for tests that go over a socket.

with LiveRecorder(tmp_path, upstream) as recorder:
    recorder.client("iam").create_user(UserName="bob")
    recorder.record("CreateUser")
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REGION = "eu-west-1"
_WITHIN = 20.0


class LiveRecorder:
    """A recorder that runs. Its records are in `file`, what it says in `log`."""

    def __init__(
        self, folder: Path, upstream: str, *arguments: str, environ: Mapping[str, str] | None = None, lines: bool = True
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "records.ndjson"
        self._log_path = folder / "recorder.log"
        command = [sys.executable, "-m", "tocsin", "record", "--upstream", upstream, "--port", "0"]
        command += ["--data", str(folder / "data"), *(["--ndjson", str(self.file)] if lines else []), *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "AWS_"))}
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**clean, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **(environ or {})},
            cwd=folder,
            text=True,
        )
        assert self.process.stderr is not None
        self.banner = self.process.stderr.readline()
        found = re.search(r"https?://\S+?:\d+", self.banner)
        if found is None:
            self.banner += self.process.stderr.read()
            self.process.wait(_WITHIN)
            self.process.stderr.close()
            raise AssertionError(self.banner)
        self.address = found[0]
        self.port = int(self.address.rpartition(":")[2])
        self._told: list[str] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._told.append(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(_WITHIN)
        self._reader.join(_WITHIN)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    @property
    def log(self) -> str:
        """What it has said so far."""
        return "".join(self._told)

    def wait_for_log(self, words: str) -> None:
        """Until it has said so."""
        end = time.monotonic() + _WITHIN
        while words not in self.log:
            assert time.monotonic() < end, self.log
            threading.Event().wait(0.01)

    def client(self, service: str, *, key: str = "AKIAEXAMPLE", token: str | None = None, **more: Any) -> Any:
        """A client that calls through it."""
        more.setdefault("region_name", REGION)
        return boto3.client(
            service,
            endpoint_url=self.address,
            aws_access_key_id=key,
            aws_secret_access_key="x" * 40,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            **more,
        )

    def records(self) -> list[dict[str, Any]]:
        """The records so far."""
        with contextlib.suppress(FileNotFoundError):
            return [json.loads(line) for line in self.file.read_bytes().splitlines()]
        return []

    def record(self, name: str, *, key: str | None = None, **fields: Any) -> dict[str, Any]:
        """The newest record of that eventName, when there is one with these fields, made with that access key."""
        end = time.monotonic() + _WITHIN
        while time.monotonic() < end:
            for one in reversed(self.records()):
                is_meant = key in {None, one["userIdentity"].get("accessKeyId")}
                is_meant = is_meant and all(one.get(field) == value for field, value in fields.items())
                if one["eventName"] == name and is_meant:
                    return one
            threading.Event().wait(0.01)
        raise AssertionError(f"no record of {name}: {[one['eventName'] for one in self.records()]}\n{self.log}")

    def wait_for_count(self, name: str, count: int) -> None:
        """Until that has been counted so often."""
        end = time.monotonic() + _WITHIN
        while (counted := self.metrics().get(name, 0)) != count:
            assert time.monotonic() < end, (name, counted)

    def metrics(self) -> dict[str, float]:
        """What it counts."""
        with urllib.request.urlopen(f"{self.address}/_tocsin/metrics") as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}
