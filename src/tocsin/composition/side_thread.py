"""The live service and the recorder beside the program that started them, in threads. For demonstrations."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from tocsin.composition.listening import address_of, listening
from tocsin.composition.record import Recorder
from tocsin.composition.serve import serve_until_told
from tocsin.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from tocsin.clock import Clock
    from tocsin.composition.listening import Stops
    from tocsin.composition.record import RecorderPlan
    from tocsin.composition.server_settings import ServerPlan

    Serve = Callable[[Callable[[str], None], Stops], None]

_READY_WITHIN = 60.0
_ENDS_WITHIN = 20.0


class SideThread:
    """Something that listens, in a thread, while one is inside.

        with server_thread(plan, clock=clock) as server:
            call(server.address)

    Raises, on the way in, whatever keeps it from starting.
    """

    def __init__(self, name: str, serve: Serve) -> None:
        """`serve` is what the thread does: it tells its address when it is ready, and ends when it is told to."""
        self.address = ""
        self._name = name
        self._serve = serve
        self._ready = threading.Event()
        self._stop: Callable[[], None] | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=f"tocsin {name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(_READY_WITHIN)
        if self._failure is not None:
            raise self._failure
        if not self.address:
            raise InternalError(f"the {self._name} did not start in time", ident="side-thread")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop is not None:
            self._stop()
        self._thread.join(_ENDS_WITHIN)

    def _work(self) -> None:
        try:
            self._serve(self._announce, self._stops)
        except BaseException as error:  # noqa: BLE001  (it is raised where the thread was asked for)
            self._failure = error
        finally:
            self._ready.set()

    def _announce(self, address: str) -> None:
        self.address = address
        self._ready.set()

    @contextmanager
    def _stops(self, stop: Callable[[], None]) -> Iterator[None]:
        self._stop = stop
        yield


def server_thread(plan: ServerPlan, *, clock: Clock) -> SideThread:
    """A live service."""

    def serve(announce: Callable[[str], None], stops: Stops) -> None:
        serve_until_told(plan, clock=clock, announce=announce, stops=stops)

    return SideThread("server", serve)


def recorder_thread(plan: RecorderPlan, *, clock: Clock) -> SideThread:
    """A recorder; when it has ended it has handed over every record."""
    return SideThread("recorder", lambda announce, stops: asyncio.run(_record(plan, clock, announce, stops)))


async def _record(plan: RecorderPlan, clock: Clock, announce: Callable[[str], None], stops: Stops) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end() -> None:
        loop.call_soon_threadsafe(stop.set)

    with listening(plan.host, plan.port) as listener, stops(end):
        recorder = Recorder(plan, clock=clock)
        try:
            ready = partial(announce, address_of(listener, is_tls=False))
            await recorder.run(listener, stop, tls=None, ready=ready)
        finally:
            await asyncio.to_thread(recorder.close)
