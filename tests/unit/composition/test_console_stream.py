"""Streams end with the session of whoever opened them. Spec: CON-6.2, CON-8.4."""

from __future__ import annotations

import asyncio
from typing import Any

from console_bench import ConsoleBench

from tocsin.composition.console_stream import ConsoleStreams


def heard(*, beats: int) -> bytes:
    """All that a stream tells whose visitor may stay for so many beats."""
    asked = iter([True] * beats + [False])

    async def listen() -> bytes:
        streams = ConsoleStreams(ConsoleBench().service, report=_raise, beat_every=0.001)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()  # the browser stays
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def may_stay() -> bool:
            return next(asked)

        await streams.serve("alice", "", receive, send, headers=[("X-Told", "yes")], may_stay=may_stay)
        assert streams.open == 0
        assert (b"x-told", b"yes") in sent[0]["headers"]
        assert sent[-1]["more_body"] is False
        return b"".join(message.get("body", b"") for message in sent)

    return asyncio.run(asyncio.wait_for(listen(), 20))


def _raise(error: BaseException) -> None:
    raise error


def test_a_stream_ends_at_the_first_beat_after_the_session() -> None:
    told = heard(beats=0)
    assert b"event: hello" in told
    assert told.endswith(b"event: bye\ndata: {}\n\n")
    assert b"event: beat" not in told


def test_until_then_it_beats() -> None:
    assert heard(beats=3).count(b"event: beat") >= 3
