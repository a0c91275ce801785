"""The latest errors, for whoever looks at the console. Rule: the log has them all, and each with its place in the code.

No text of a request is kept: an error of ours says what is wrong, of any other only its kind is told.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from tocsin.console.installation import Trouble
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from tocsin.clock import Clock

_MOST = 50


class ErrorBook:
    """Keeps the newest. `log` takes events."""

    def __init__(self, clock: Clock, log: Any) -> None:
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._kept: deque[Trouble] = deque(maxlen=_MOST)

    def report(self, request_id: str, called: str, error: BaseException) -> None:
        """Tell the log of a request that failed, and keep that."""
        self._log.error("request-failed", request_id=request_id, called=called, exc_info=error)
        self.keep(request_id, called, error)

    def keep(self, ident: str, during: str, error: BaseException) -> None:
        """Keep an error that the log has been told of."""
        text = error.message if isinstance(error, TocsinError) else type(error).__name__
        with self._lock:
            self._kept.appendleft(Trouble(at=self._clock.now(), ident=ident, during=during, error=text))

    def newest(self) -> list[Trouble]:
        """What is kept, newest first."""
        with self._lock:
            return list(self._kept)
