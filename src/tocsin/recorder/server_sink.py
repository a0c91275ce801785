"""Records to a running `tocsin serve`, in batches. Spec: REC-16.2.

Rule: what was taken is sent in order, at least once; the receiver knows duplicates by their eventID. What cannot be
sent is kept, up to a bound, and tried again with longer and longer pauses.
"""

from __future__ import annotations

import http.client
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from tocsin.errors import InputError
from tocsin.recorder.upstream import tls_context

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.app.counters import Counters

MOST_IN_BATCH: Final = 500
MOST_BATCH_BYTES: Final = 1024 * 1024
_GATHER_SECONDS: Final = 0.2
"""How long more is waited for after the first record of a batch; REC-16.2 allows a second."""

_MOST_WAITING: Final = 50_000
_MOST_BYTES: Final = 64 * 1024 * 1024
_TIMEOUT: Final = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_LAST_SECONDS: Final = 4.0
"""Seconds in which what is left is sent when the recorder stops."""

_PATH: Final = "/_tocsin/records"
_AGAIN: Final = frozenset((401, 403, 404, 408, 425, 429))
"""Answers below 500 after which the same may go well later: keys are put right, a server is upgraded."""


class _NotSentError(Exception):
    """Why a batch was not taken. `is_final` says that it never will be, but for `taken` of it that were."""

    def __init__(self, reason: str, *, is_final: bool = False, taken: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final
        self.taken = taken


class ServerSink:
    """Sends records to a server, in a thread of its own."""

    name = "server"

    def __init__(self, url: str, *, region: str, counters: Counters, log: Any, ca_bundle: Path | None = None) -> None:
        """`region` is the one that requests are signed for. Raises InputError for what is no address."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.username is not None or parts.password is not None:
            raise InputError("--server: an address with a user name", hint="requests are signed with access keys")
        if host is None or parts.scheme not in {"http", "https"} or parts.path.strip("/") or parts.query:
            raise InputError(f"--server: {url} is no address of a server", hint="for example http://127.0.0.1:4590")
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._host, self._port = host, port
        self._tls = tls_context(ca_bundle) if parts.scheme == "https" else None
        self._region = region
        self._counters = counters
        self._log = log
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._session: Any = None
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="tocsin-sender", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why the last batch was not taken; empty where it was."""
        return self._problem

    def take(self, record: dict[str, Any], line: bytes) -> None:
        """Keep one record for the next batch."""
        del record
        with self._lock:
            fits = len(self._lines) < _MOST_WAITING and self._bytes + len(line) <= _MOST_BYTES
            if fits:
                self._lines.append(line)
                self._bytes += len(line)
        if fits:
            self._wake.set()
        else:
            self._counters.add("records_dropped", reason=self.name)

    def tick(self) -> None:
        """The thread looks after itself."""

    def close(self) -> None:
        """Send what is left, as far as that goes in a few seconds."""
        self._ending.set()
        self._wake.set()
        self._thread.join(_LAST_SECONDS + _TIMEOUT)
        left = len(self._lines)
        if left:
            self._counters.add("records_dropped", left, reason=self.name)
            self._log.error("records-lost", count=left, reason=self._problem or "they could not be sent in time")

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._wake.wait()
            if not self._ending.is_set():
                self._ending.wait(_GATHER_SECONDS)
            batch = self._batch()
            if not batch:
                self._wake.clear()
                if self._ending.is_set():
                    break
                if self._lines:  # it came between the two
                    self._wake.set()
                continue
            if self._send_batch(batch):
                pause = _FIRST_PAUSE
            elif self._ending.is_set():
                break  # it was tried once more, and there is no time to wait
            else:
                self._ending.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        if self._connection is not None:
            self._connection.close()

    def _batch(self) -> list[bytes]:
        """The oldest records, as many as go in one request; they stay until they are taken."""
        batch: list[bytes] = []
        size = 0
        with self._lock:
            for line in self._lines:
                size += len(line) + 1
                if batch and (len(batch) >= MOST_IN_BATCH or size > MOST_BATCH_BYTES):
                    break
                batch.append(line)
        return batch

    def _send_batch(self, batch: list[bytes]) -> bool:
        """Send records, and let go of them when they were taken, or never will be."""
        try:
            self._post(b"\n".join(batch) + b"\n")
        except _NotSentError as error:
            self._counters.add("sink_failures", sink=self.name)
            if error.reason != self._problem:
                self._log.error("sink-failed", sink=self.name, reason=error.reason)
            self._problem = error.reason
            if not error.is_final:
                return False
            self._counters.add("records_delivered", error.taken, sink=self.name)
            self._counters.add("records_dropped", len(batch) - error.taken, reason=self.name)
        else:
            if self._problem:
                self._log.info("sink-recovered", sink=self.name, target=self._url)
            self._problem = ""
            self._counters.add("records_delivered", len(batch), sink=self.name)
        with self._lock:
            for line in batch:
                self._lines.popleft()
                self._bytes -= len(line)
        return True

    def _post(self, body: bytes) -> None:
        """One request.

        Raises:
            _NotSentError: it was not taken.
        """
        headers = self._headers(body)
        connection = self._connection
        for is_last in (connection is None, True):
            if connection is None:
                connection = self._connected()
            try:
                connection.request("POST", _PATH, body=body, headers=headers)
                answer = connection.getresponse()
                text = answer.read(4096)
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                connection = self._connection = None
                if is_last:  # else the server has only let go of a connection that was kept
                    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                    raise _NotSentError(f"{self._url} cannot be reached: {reason}") from None
            else:
                self._connection = connection
                break
        if answer.status != 200:
            told = text.decode("utf-8", "replace").strip()[:200]
            is_final = 400 <= answer.status < 500 and answer.status not in _AGAIN
            taken = _taken(text) if is_final else 0
            raise _NotSentError(f"{self._url} answered {answer.status}: {told}", is_final=is_final, taken=taken)

    def _connected(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)

    def _headers(self, body: bytes) -> dict[str, str]:
        """What goes with a batch: signed where there are credentials in AWS's variables or files."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        headers = {"Content-Type": "application/x-ndjson"}
        try:
            if self._session is None:
                self._session = Session()
                providers = self._session.get_component("credential_provider")
                for name in ("container-role", "iam-role"):  # they ask over the network
                    providers.remove(name)
            credentials = self._session.get_credentials()
        except BotoCoreError as error:
            raise _NotSentError(f"the credentials for {self._url} cannot be read: {error}") from None
        if credentials is None:
            return headers
        request = AWSRequest(method="POST", url=self._url + _PATH, data=body, headers=headers)
        SigV4Auth(credentials.get_frozen_credentials(), "cloudtrail", self._region).add_auth(request)
        return {**dict(request.headers.items()), "Host": urlsplit(self._url).netloc}


class _Told(msgspec.Struct):
    """What a server says that it took of a batch."""

    accepted: int = 0
    duplicates: int = 0


def _taken(answer: bytes) -> int:
    """How many records of a batch were taken although others were not."""
    try:
        told = msgspec.json.decode(answer, type=_Told)
    except msgspec.DecodeError:
        return 0
    return max(0, told.accepted) + max(0, told.duplicates)
