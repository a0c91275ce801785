"""Answers as they come over a raw socket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


def answers(stream: bytes) -> list[tuple[int, bytes]]:
    """Statuses and bodies of what came back, each with the length that it says it has."""
    found = []
    while stream:
        head, _, stream = stream.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length else 0
        assert length or status == 100, head
        assert len(stream) >= size
        found.append((status, stream[:size]))
        stream = stream[size:]
    return found


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other end closes."""
    stream = b""
    while part := connection.recv(65_536):
        stream += part
    return stream


def one_of(connection: socket.socket) -> tuple[int, bytes]:
    """The next answer; nothing may come behind it."""
    stream = b""
    while True:
        part = connection.recv(65_536)
        assert part, "the connection was closed"
        stream += part
        head, end, body = stream.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            ((status, body),) = answers(stream)
            return status, body
