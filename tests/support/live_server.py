"""`tocsin serve` as a process of its own, for tests that go over a socket.

    with LiveServer(tmp_path / "data") as server:
        server.client("logs", account="111122223333").create_log_group(logGroupName="g")

Each account is a world of its own, so tests that take an account of their own can share one server.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from wire_client import REGION, client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

    from botocore.client import BaseClient

_READY_WITHIN = 30.0
_STOPS_WITHIN = 15.0


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


# Of the kernel: PR_CAPBSET_DROP, and the capabilities by which root may read and write what its permissions forbid.
_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


def _as_told(most_bytes: int | None, *, heeds_permissions: bool) -> None:
    """Make the process that is about to be started live with a small disk, or with permissions although it is root."""
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    if heeds_permissions:
        kernel = ctypes.CDLL(None)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            kernel.prctl(_DROP, capability, 0, 0, 0)


class LiveServer:
    """A server that runs. Standard error is in `log`."""

    def __init__(
        self,
        data: Path,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        most_bytes: int | None = None,
        heeds_permissions: bool = False,
        port: int = 0,
    ) -> None:
        """`most_bytes` bounds every file that it writes, as a disk that is full would.

        With `heeds_permissions` it may only read and write what the files' permissions say, also when root runs it.
        """
        self.data = data
        data.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = data.parent / f"{data.name}.log"
        command = [sys.executable, "-m", "tocsin", "serve", "--port", str(port), "--data", str(data), *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "AWS_"))}
        self._output = self._log_path.open("ab")
        began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env={**clean, **(environ or {})},
            cwd=data.parent,
            text=True,
            preexec_fn=None  # noqa: PLW1509  (a few calls of the kernel)
            if most_bytes is None and not heeds_permissions
            else lambda: _as_told(most_bytes, heeds_permissions=heeds_permissions),
        )
        self.banner = ""
        self.address = ""
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) != "":
            self.banner += line
            found = re.search(r"https?://\S+:(\d+)", line)
            if found and not self.address:
                self.address, self.port = found[0], int(found[1])
            if "try" in line:
                break
        self.ready_after = time.perf_counter() - began
        self.host = host
        if not self.address:
            self.process.wait(_READY_WITHIN)
            self.close()
            raise AssertionError(f"the server did not start: {self.log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self.close()

    def close(self) -> None:
        """Let go of pipes; the process has ended."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._output.close()

    @property
    def log(self) -> str:
        """What the server wrote to standard error so far."""
        return self._log_path.read_text(encoding="utf-8")

    def client(self, service: str, *, account: str = "111122223333", region: str = REGION, **more: Any) -> BaseClient:
        """A client over a socket; its access key is the account."""
        more.setdefault("access_key", account)
        return client(service, self.address, region=region, **more)

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One plain request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())

    def send(self, data: bytes, *, wait: float = 20.0) -> bytes:
        """What comes back for these bytes until the server closes the connection or is silent for `wait`."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionError):
                while part := connection.recv(65_536):
                    answer += part
            return answer

    def stop(self) -> tuple[int, float]:
        """Ask it to end: exit status, and the seconds that it took."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return status, time.perf_counter() - began

    def bound_files(self, most_bytes: int) -> None:
        """Let the files of the running process grow up to here: make room on its disk, or take it."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.close()


def pages(call: Callable[..., Any], key: str, **parameters: Any) -> list[Any]:
    """All of a list that comes in pages."""
    found: list[Any] = []
    answer = call(**parameters)
    found += answer[key]
    while token := answer.get("nextToken") or answer.get("NextToken"):
        name = "nextToken" if "nextToken" in answer else "NextToken"
        answer = call(**parameters, **{name: token})
        found += answer[key]
    return found
