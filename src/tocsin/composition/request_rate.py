"""How many requests a second CloudTrail takes, where that is simulated (`limits.throttle`). Spec: CT-7.6, WIRE-3.14.

Rule: each operation has its rate in each account and region; what was not used in a second is not saved up.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from tocsin.core.record.read_only import is_read_only
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.clock import Clock
    from tocsin.wire.authentication import Caller
    from tocsin.wire.call import Call

_LOOK_UPS: Final = 2
_READS: Final = 10
_OTHERS: Final = 1

# Whoever calls for ever more accounts is not to fill the memory.
_MOST_KNOWN: Final = 10_000


class RequestRates:
    """Counts requests. Safe in threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._room: dict[tuple[str, str, str], tuple[float, float]] = {}  # how many may come, and at what time

    def require(self, call: Call, caller: Caller) -> None:
        """Refuse a call that comes too soon after others.

        Raises:
            Fault: AWS's, for too many requests.
        """
        if call.service != "cloudtrail":
            return
        rate = _rate_of(call.operation)
        key = (caller.account, caller.region, call.operation)
        now = self._clock.monotonic()
        with self._lock:
            room, since = self._room.get(key, (rate, now))
            room = min(rate, room + (now - since) * rate)
            if len(self._room) >= _MOST_KNOWN:
                self._room.clear()
            self._room[key] = (room - 1 if room >= 1 else room, now)
        if room < 1:
            raise Fault("ThrottlingException", "Rate exceeded")


def _rate_of(operation: str) -> int:
    """Requests a second."""
    if operation == "LookupEvents":
        return _LOOK_UPS
    return _READS if is_read_only("cloudtrail", operation) else _OTHERS
