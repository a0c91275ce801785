"""Background work: events are packed, what is too old goes. Spec: AR-5, AL-3.2, AL-10.5, CT-16.1, WIRE-8.1.

Rule: each run does a bounded amount of work, in small transactions, so that requests never wait long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.log_group import GROUPS
from tocsin.app.record_intake import DAY_SECONDS, HISTORY_DAYS

if TYPE_CHECKING:
    from tocsin.app.service import Service

DAY_MS = 86_400_000

# So many blocks are packed in one run, each in a transaction of its own.
_BLOCKS = 2

# While events come in, packing takes a tenth of the time, and half of it when so many are loose. Never more: who sends
# events waits for them to be taken, and what is loose is packed when it is quiet again.
_MANY_LOOSE = 1_000_000
_LONGEST_REST, _SHORTEST_REST = 9.0, 1.0

_BUCKETS = 2_000
_RECORD_BLOCKS = 10

# eventIDs are remembered, and settled deliveries kept, for so long.
_SEEN_DAYS = 14
_DELIVERY_DAYS = 30

# Old things are looked for once in so many milliseconds.
_EXPIRY_MS = 60_000


class HousekeepingRun(NamedTuple):
    """What one run did.

    `is_behind` says that there is more to do. `loose` events are in no block yet. `is_busy`: events have come in since
    the run before. Until the next run it should rest `rest` times as long as it worked.
    """

    blocks_packed: int = 0
    blocks_expired: int = 0
    buckets_rolled_up: int = 0
    rows_expired: int = 0
    is_behind: bool = False
    loose: int = 0
    is_busy: bool = False

    @property
    def rest(self) -> float:
        """Nothing while it is quiet; else the longest when there is little to do, the shortest where too much waits."""
        left = max(0.0, 1 - self.loose / _MANY_LOOSE)
        return _SHORTEST_REST + left * (_LONGEST_REST - _SHORTEST_REST) if self.is_busy else 0.0


class Housekeeping:
    """Does what is due: `service.part(Housekeeping)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._last_expiry = 0
        self._received = 0

    def run(self) -> HousekeepingRun:
        """One bounded run."""
        now = self._service.now_ms()
        store = self._service.store
        packed = loose = 0
        while packed < _BLOCKS:
            events, loose = store.pack_logs(at=now)
            if not events:
                break
            packed += 1
        if now - self._last_expiry < _EXPIRY_MS:
            return HousekeepingRun(
                blocks_packed=packed, is_behind=packed == _BLOCKS, loose=loose, is_busy=self._is_busy()
            )
        expired = self._expire_events(now)
        expired += store.write(
            lambda writer: writer.records.expire(before=now // 1000 - HISTORY_DAYS * DAY_SECONDS, blocks=_RECORD_BLOCKS)
        )
        rolled = store.write(lambda writer: writer.metrics.roll_up(at=now // 1000, buckets=_BUCKETS))
        aged = store.write(lambda writer: writer.calls.age(at=now // 60_000, rows=_BUCKETS))
        counted = store.write(lambda writer: writer.event_counts.roll_up(at=now // 60_000, rows=_BUCKETS))
        rows = self._expire_rows(now)
        is_behind = packed == _BLOCKS or _BUCKETS in (rolled, aged, counted) or expired > 0
        if _BUCKETS not in (rolled, aged, counted) and not expired:
            self._last_expiry = now
        return HousekeepingRun(packed, expired, rolled, rows, is_behind, loose, self._is_busy())

    def _is_busy(self) -> bool:
        """Whether events have come in since this was asked the last time."""
        before, self._received = self._received, self._service.counters.count("events_received")
        return self._received != before

    def _expire_events(self, now: int) -> int:
        with self._service.store.read() as reader:
            limits = [(scope, name, group.oldest(now)) for scope, name, group in GROUPS.scan_all(reader)]
        gone = 0
        for scope, name, oldest in limits:
            if oldest is not None:
                gone += self._service.store.write(
                    lambda writer, scope=scope, name=name, oldest=oldest: writer.logs.expire(scope, name, before=oldest)  # type: ignore[misc]  # those of this turn
                )
        return gone

    def _expire_rows(self, now: int) -> int:
        days = self._service.settings.history_days
        write = self._service.store.write
        return (
            write(lambda writer: writer.history.expire(before=now - days * DAY_MS))
            + write(lambda writer: writer.outbox.expire(before=now - _DELIVERY_DAYS * DAY_MS))
            + write(lambda writer: writer.sources.forget_seen(before=now - _SEEN_DAYS * DAY_MS))
        )
