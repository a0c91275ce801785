"""The recorder beside the program that started it, in a thread of its own. For demonstrations."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

from tocsin.composition.listening import address_of, listening
from tocsin.composition.record import Recorder
from tocsin.errors import InternalError

if TYPE_CHECKING:
    from types import TracebackType

    from tocsin.clock import Clock
    from tocsin.composition.record import RecorderPlan

_READY_WITHIN = 30.0
_ENDS_WITHIN = 15.0


class RecorderThread:
    """A recorder that runs while one is inside; on the way out it has handed over every record.

    Raises, on the way in, whatever keeps it from starting.
    """

    def __init__(self, plan: RecorderPlan, *, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self.address = ""
        self._ready = threading.Event()
        self._end: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._record, name="tocsin-recorder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(_READY_WITHIN)
        if self._failure is not None:
            raise self._failure
        if not self.address:
            raise InternalError("the recorder did not start in time", ident="recorder-thread")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end is not None:
            loop, stop = self._end
            loop.call_soon_threadsafe(stop.set)
        self._thread.join(_ENDS_WITHIN)

    def _record(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001  (it is raised where the recorder was asked for)
            self._failure = error
        finally:
            self._ready.set()

    async def _run(self) -> None:
        stop = asyncio.Event()
        self._end = asyncio.get_running_loop(), stop
        with listening(self._plan.host, self._plan.port) as listener:
            recorder = Recorder(self._plan, clock=self._clock)
            self.address = address_of(listener, is_tls=False)
            try:
                await recorder.run(listener, stop, tls=None, ready=self._ready.set)
            finally:
                await asyncio.to_thread(recorder.close)
