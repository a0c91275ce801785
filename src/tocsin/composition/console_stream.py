"""Server-sent events: pages that are open hear what has changed. Spec: CON-6.

Rule: a stream holds no thread and reads nothing itself; one task looks at what has changed, once a second, while there
is any stream. On the way out streams end first.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.signal import SignalRing, SignalWatch
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tocsin.app.service import Service
    from tocsin.app.signal import Signal

PATH: Final = b"/console/stream"

_LOOK_EVERY: Final = 1.0
_BEAT_EVERY: Final = 15.0
_MOST_STREAMS: Final = 100
_MOST_OF_ONE: Final = 6
_MOST_A_SECOND: Final = 10
_UNBUFFERED: Final = (b"x-accel-buffering", b"no")

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
"""What a stream is."""


class ConsoleStreams:
    """The streams that are open."""

    def __init__(
        self, service: Service, *, report: Callable[[BaseException], None], beat_every: float = _BEAT_EVERY
    ) -> None:
        """`report` is told why it could not be seen what has changed. A silent stream beats every so many seconds."""
        self._beat_every = beat_every
        self._watch = SignalWatch(service)
        self._report = report
        self._ring = SignalRing()
        self._news = asyncio.Condition()
        self._open: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_looking = False  # what has changed until now is told, or will be
        self._is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def open(self) -> int:
        """How many streams there are."""
        return sum(self._open.values())

    def last_signal(self) -> int | None:
        """The number of the last signal; None while nobody is told of any, or it is not known yet what has changed."""
        return self._ring.last if self._is_looking else None

    def admits(self, who: str) -> bool:
        """Whether somebody may open one more (CON-6.3)."""
        return not self._is_ending and self.open < _MOST_STREAMS and self._open.get(who, 0) < _MOST_OF_ONE

    async def serve(
        self,
        who: str,
        last_seen: str,
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
        *,
        headers: Sequence[tuple[str, str]],
        may_stay: Callable[[], Awaitable[bool]],
    ) -> None:
        """Tell somebody what changes until they leave, may not stay any longer, or the server stops.

        `last_seen` is the header Last-Event-ID. Whether they may stay is asked at every beat.
        """
        self._loop = asyncio.get_running_loop()
        self._open[who] = self._open.get(who, 0) + 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_on())
        left = asyncio.create_task(_gone(receive))
        left.add_done_callback(lambda _: asyncio.ensure_future(self._wake()))
        try:
            told = [(name.lower().encode(), value.encode()) for name, value in headers]
            await send({"type": "http.response.start", "status": 200, "headers": [*told, _UNBUFFERED]})
            await self._tell(last_seen, send, left, may_stay)
        finally:
            left.cancel()
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    def end(self) -> None:
        """End every stream, soon: the server is to stop. May be called from any thread."""
        self._is_ending = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._wake()))

    async def _tell(
        self,
        last_seen: str,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        left: asyncio.Task[None],
        may_stay: Callable[[], Awaitable[bool]],
    ) -> None:
        now = asyncio.get_running_loop().time
        asked = now()
        seen = self._ring.last
        missed = self._ring.after(int(last_seen)) if last_seen.isascii() and last_seen.isdigit() else ()
        first = [_block("hello", {"version": __version__, "number": seen}, number=seen, retry=True)]
        first += [_block("resync", {"reason": "too long away"})] if missed is None else [_of(one) for one in missed]
        await _write(send, first)
        while not left.done():  # whoever has left is not written to
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._beat_every), self._news:
                    while self._ring.last == seen and not self._is_ending and not left.done():
                        await self._news.wait()
            is_over = self._is_ending
            if not is_over and now() - asked >= self._beat_every:
                is_over, asked = not await may_stay(), now()
            if is_over:
                await _write(send, [_block("bye", {})], is_last=True)
                return
            news = self._ring.after(seen)
            seen = self._ring.last
            if news is None or len(news) > _MOST_A_SECOND:
                await _write(send, [_block("resync", {"reason": "more than can be told"}, number=seen)])
            elif news:
                await _write(send, [_of(one) for one in news])
            else:
                await _write(send, [_block("beat", {})])

    async def _look_on(self) -> None:
        """Look once a second, while there is anybody to tell."""
        while self._open and not self._is_ending:
            try:
                changes = await asyncio.to_thread(self._watch.look)
            except Exception as error:  # noqa: BLE001  (the supervisor of this task: it is reported)
                self._report(error)
                changes = []
            if changes:
                for name, data in changes:
                    self._ring.add(name, data)
                await self._wake()
            self._is_looking = True
            await asyncio.sleep(_LOOK_EVERY)
        self._is_looking = False

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()


async def _gone(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _of(signal: Signal) -> bytes:
    return _block(signal.name, signal.data, number=signal.number)


def _block(name: str, data: dict[str, Any], *, number: int | None = None, retry: bool = False) -> bytes:
    lines = [f"id: {number}"] if number is not None else []
    if retry:
        lines.append("retry: 3000")
    lines += [f"event: {name}", f"data: {msgspec.json.encode(data).decode()}"]
    return ("\n".join(lines) + "\n\n").encode()


async def _write(
    send: Callable[[dict[str, Any]], Awaitable[None]], blocks: list[bytes], *, is_last: bool = False
) -> None:
    await send({"type": "http.response.body", "body": b"".join(blocks), "more_body": not is_last})
