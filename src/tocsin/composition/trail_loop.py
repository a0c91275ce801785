"""The loop that delivers what trails have selected. Spec: AR-7, CT-11.5, CT-15, REC-16.3.

Rule: what has come in goes to its log groups at once, whatever buckets do; each bucket is waited for by a thread of its
own, and one that never answers keeps neither the others nor the end of the service waiting.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail_delivery import TrailDelivery
from tocsin.app.trail_digest import TrailDigests
from tocsin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.service import Service

# Seconds after which it looks even if nobody has told it anything: a trail may have been stopped, a digest made.
_LOOK_EVERY: Final = 2.0

# Seconds between two looks at what is to be put: with an interval of 0 there may be many wakes.
_BUCKETS_EVERY: Final = 0.2

_MOST_BUCKETS: Final = 16
"""Buckets that are put into at the same time."""


class TrailWatch:
    """What health and metrics tell of deliveries of trails: how much waits, and how many buckets take nothing."""

    def __init__(self, service: Service) -> None:
        self._delivery = service.part(TrailDelivery)

    @property
    def health(self) -> Mapping[str, Any]:
        """Nothing while all is well: the service is, also where a bucket is not."""
        failing = len(self._delivery.failing_buckets())
        return {"trail_buckets_failing": failing} if failing else {}

    @property
    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """The backlog."""
        try:
            backlog = self._delivery.backlog()
        except StoreError:
            return {}
        return {
            "trail_records_waiting": ("Records of trails that are in no log file yet.", backlog.records),
            "trail_files_waiting": ("Log files and digests of trails that are in no bucket yet.", backlog.files),
            "trail_buckets_failing": ("Buckets of trails that take nothing.", backlog.failing_buckets),
        }


def make_digests(service: Service) -> float:
    """Make the digests that are due; seconds until it is to be looked again."""
    wait = service.part(TrailDigests).make()
    return _LOOK_EVERY if wait is None else min(wait, _LOOK_EVERY)


class TrailLoop:
    """Delivers until it is cancelled.

    `report` is told of defects while files are put, `note_bucket` of each bucket that begins to fail, and why, and of
    each that takes files again.
    """

    def __init__(
        self,
        service: Service,
        *,
        report: Callable[[BaseException], None],
        note_bucket: Callable[[str, str | None], None] = lambda _bucket, _reason: None,
    ) -> None:
        self._service = service
        self._delivery = service.part(TrailDelivery)
        self._report = report
        self._note_bucket = note_bucket
        self._failing: dict[str, str] = {}  # buckets, and why
        self._busy: set[str] = set()  # buckets that a thread puts into
        self._bucket_look = 0.0  # when the next one is due, by the monotonic clock
        self._is_told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, alive: Callable[[], object] = lambda: None) -> None:
        """Deliver, until cancelled; `alive` is called after each step that went well."""
        self._loop = asyncio.get_running_loop()
        intake = self._service.part(RecordIntake)
        intake.listeners.append(self._tell)
        try:
            while True:
                self._is_told.clear()
                wait = await self.step()
                alive()
                # Not wait_for: before Python 3.12 it is not cancelled in the moment in which the event comes.
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._is_told.wait()
        finally:
            intake.listeners.remove(self._tell)

    async def step(self) -> float:
        """Do what is due; seconds until something is due again if nobody tells of anything."""
        waits = [_LOOK_EVERY]
        wait = await asyncio.to_thread(self._delivery.begin)
        if wait is not None:
            waits.append(wait)
        now = self._service.clock.monotonic()
        if now >= self._bucket_look:
            self._bucket_look = now + _BUCKETS_EVERY
            buckets, wait = await asyncio.to_thread(self._delivery.buckets)
            # Of a bucket for which nothing waits any more it is news when it fails again.
            for bucket in list(self._failing.keys() - self._delivery.failing_buckets() - self._busy):
                self._failing.pop(bucket, None)
            self._start(buckets)
            if wait is not None:
                waits.append(max(wait, _BUCKETS_EVERY))
        else:
            waits.append(_BUCKETS_EVERY)
        return min(waits)

    def _start(self, buckets: list[str]) -> None:
        for bucket in buckets:
            if bucket not in self._busy and len(self._busy) < _MOST_BUCKETS:
                self._busy.add(bucket)
                # No executor: what it has started is waited for when the process ends.
                threading.Thread(target=self._put, args=(bucket,), name=f"trail bucket {bucket}", daemon=True).start()

    def _put(self, bucket: str) -> None:
        try:
            self._note(bucket, self._delivery.put(bucket))
        except Exception as error:  # noqa: BLE001  (the supervisor of this thread: it is reported, and tried again)
            self._report(error)
        finally:
            self._busy.discard(bucket)
            self._tell()

    def _note(self, bucket: str, reason: str | None) -> None:
        """Tell of a bucket when that is news."""
        if reason == self._failing.get(bucket):
            return
        if reason is None:
            del self._failing[bucket]
        else:
            self._failing[bucket] = reason
        self._note_bucket(bucket, reason)

    def _tell(self) -> None:
        """Have the loop look now. Called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed in this moment
                loop.call_soon_threadsafe(self._is_told.set)
