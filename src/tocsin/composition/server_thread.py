"""The live service beside the program that started it, in a thread of its own. For demonstrations."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from tocsin.composition.serve import serve_until_told
from tocsin.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from tocsin.clock import Clock
    from tocsin.composition.server_settings import ServerPlan

_READY_WITHIN = 60.0
_ENDS_WITHIN = 15.0


class ServerThread:
    """A server that runs while one is inside.

        with ServerThread(plan, clock=clock) as server:
            call(server.address)

    Raises, on the way in, whatever keeps it from starting.
    """

    def __init__(self, plan: ServerPlan, *, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self.address = ""
        self._ready = threading.Event()
        self._stop: Callable[[], None] | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="tocsin-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(_READY_WITHIN)
        if self._failure is not None:
            raise self._failure
        if not self.address:
            raise InternalError("the server did not start in time", ident="server-thread")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop is not None:
            self._stop()
        self._thread.join(_ENDS_WITHIN)

    def _serve(self) -> None:
        try:
            serve_until_told(self._plan, clock=self._clock, announce=self._announce, stops=self._stops)
        except BaseException as error:  # noqa: BLE001  (it is raised where the server was asked for)
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
