"""What is written to a connection, gathered. Rule: nothing waits beyond the turn of the event loop it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

_GATHERED_BYTES: Final = 64 * 1024


class Outgoing:
    """Writes to a transport; small parts of one turn in one piece: each would be a system call and wake the peer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send `data` with the next `flush`, or at once where it is much."""
        self._parts.append(data)
        self._size += len(data)
        if self._size > _GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered; into nothing where the connection is gone."""
        parts, size = self._parts, self._size
        if not parts:
            return
        self._parts, self._size = [], 0
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if len(parts) == 1:
            transport.write(parts[0])
        elif size <= 2 * _GATHERED_BYTES:
            transport.write(b"".join(parts))
        else:
            transport.writelines(parts)
