"""What is written in one turn of the event loop goes out in one piece, in order and in full. Spec: WIRE-7.1."""

from __future__ import annotations

import asyncio

import pytest

from tocsin.composition.server_protocol import GatheredWrites


class FakeTransport:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.told


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        ([[b"head", b"body"]], [b"headbody"]),
        ([[b"head"], [b"body"]], [b"head", b"body"]),
        ([[b"head", b"x" * 100_000, b"rest"]], [b"head" + b"x" * 100_000, b"rest"]),
        ([[b"head", None]], [b"head", "closed"]),
        ([[None]], ["closed"]),
        ([[], [b"body"]], [b"body"]),
    ],
)
def test_what_is_written_together_is_sent_together(turns: list[list[bytes | None]], told: list[bytes | str]) -> None:
    transport = FakeTransport()

    async def write() -> None:
        gathered = GatheredWrites(transport, asyncio.get_running_loop())  # type: ignore[arg-type]  # as much of one as is used
        for turn in turns:
            for data in turn:
                gathered.close() if data is None else gathered.write(data)
            await asyncio.sleep(0)
        assert gathered.is_closing() is ("closed" in told)

    asyncio.run(write())
    assert transport.told == told
