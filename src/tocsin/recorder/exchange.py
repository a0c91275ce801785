"""One call as it passes by: request, answer, and what of both is kept for its record. Spec: REC-1.

Rule: what is kept is bounded; what goes on is never looked into.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

KEPT_BYTES: Final = 256 * 1024
"""What is kept of a request's body, and of an answer's (REC-1.3)."""

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields as they came: names in their own case, in their order."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is connected: the address, and the version and cipher of TLS, empty where there is none."""

    address: str
    tls_version: str = ""
    cipher: str = ""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was answered: what went on to the upstream, what came back, and when that was complete.

    Bodies are what was kept of them; the sizes are those of the whole. `is_whole` is false where the answer broke
    off, or was not waited for to its end.
    """

    method: str
    target: bytes
    headers: Fields
    body: bytes
    body_size: int
    status: int
    answer_headers: Fields
    answer: bytes
    answer_size: int
    is_whole: bool
    at: datetime
    peer: Peer

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, about."""
        fields = sum(len(name) + len(value) for name, value in (*self.headers, *self.answer_headers))
        return len(self.body) + len(self.answer) + len(self.target) + fields + 1024


class Kept:
    """The beginning of a body, and the size of all of it."""

    __slots__ = ("_parts", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        """Take note of a part that passes by."""
        if self.size < KEPT_BYTES:
            self._parts.append(part[: KEPT_BYTES - self.size])
        self.size += len(part)

    def value(self) -> bytes:
        """What was kept."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


class Exchange:
    """A request that is being received, passed on and answered."""

    __slots__ = (
        "answer",
        "answer_headers",
        "body",
        "fields",
        "has_answer",
        "has_headers",
        "is_answered",
        "is_chunked",
        "is_received",
        "method",
        "status",
        "target",
        "trailers",
        "version",
        "waiting",
        "waiting_bytes",
        "wants_close",
    )

    def __init__(self) -> None:
        self.method = ""
        self.target = b""
        self.version = "1.1"
        self.fields: list[tuple[bytes, bytes]] = []
        self.trailers: list[tuple[bytes, bytes]] = []
        self.has_headers = False
        self.is_chunked = False
        self.is_received = False
        self.wants_close = False
        self.body = Kept()
        # What waits for the upstream: it is not connected yet, or an earlier request is still to be answered.
        self.waiting: list[bytes] = []
        self.waiting_bytes = 0
        self.status = 0
        self.answer_headers: list[tuple[bytes, bytes]] = []
        self.answer = Kept()
        self.has_answer = False  # the head of the final answer has come
        self.is_answered = False

    def passage(self, *, peer: Peer, at: datetime, is_whole: bool) -> Passage:
        """What is handed on to be recorded."""
        return Passage(
            method=self.method,
            target=self.target,
            headers=tuple(self.fields),
            body=self.body.value(),
            body_size=self.body.size,
            status=self.status,
            answer_headers=tuple(self.answer_headers),
            answer=self.answer.value(),
            answer_size=self.answer.size,
            is_whole=is_whole,
            at=at,
            peer=peer,
        )
