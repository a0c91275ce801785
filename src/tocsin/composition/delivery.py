"""The loop that sends what is in the outbox. Spec: AR-7, SNS-2.8, SNS-10.

Rule: many deliveries are under way at a time, and how they went is written together. Nothing is forgotten when one
fails in a way that nobody thought of: it is recorded as a defect, and tried again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tocsin.app.dispatcher import Delivery, Dispatcher, Done
from tocsin.core.delivery import DeliveryReason, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.ports import Notifier
    from tocsin.app.service import Service
    from tocsin.core.delivery import DeliveryOutcome

# Seconds between two looks into the outbox.
_LOOK_EVERY = 0.2

# Seconds that what is under way has when the service stops.
_GRACE = 3.0

# Seconds after which an attempt is given up whatever the notifier does; each has a shorter bound of its own.
_LONGEST_ATTEMPT = 120.0


class DeliveryLoop:
    """Sends until it is cancelled.

    `notifiers` are by protocol; what goes over others waits. `chance` is that of `Dispatcher`; `report` is told of
    defects.
    """

    def __init__(
        self,
        service: Service,
        notifiers: Mapping[str, Notifier],
        *,
        chance: Callable[[], float],
        report: Callable[[str, BaseException], None],
    ) -> None:
        self._service = service
        self._notifiers = notifiers
        self._report = report
        self._dispatcher = Dispatcher(service, chance=chance, protocols=frozenset(notifiers))
        self._done: list[Done] = []
        self._something_done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, alive: Callable[[], object] = lambda: None) -> None:
        """Send and settle, until cancelled; `alive` is called after each step that went well.

        What is under way then has a few seconds to end; what does not is due again at the next start.
        """
        try:
            while True:
                await self.step()
                alive()
                if not self._done:
                    self._something_done.clear()
                    # Not wait_for: before Python 3.12 it is not cancelled in the moment in which the event comes.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_EVERY):
                            await self._something_done.wait()
        finally:
            await self._end()

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._settle()
        for notifier in {id(one): one for one in self._notifiers.values()}.values():
            await notifier.close()

    async def step(self) -> int:
        """Settle what is done, and start what is due; how many were started."""
        await self._settle()
        started = await asyncio.to_thread(self._dispatcher.take)
        for delivery in started:
            task = asyncio.create_task(self._send(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(started)

    async def finish(self) -> None:
        """Wait for what is under way, and settle it."""
        while self._tasks or self._done:
            await asyncio.gather(*self._tasks)
            await self._settle()

    async def _settle(self) -> None:
        done, self._done = self._done, []
        if done:
            await asyncio.to_thread(self._dispatcher.settle, done)

    async def _send(self, delivery: Delivery) -> None:
        clock = self._service.clock
        at, began = self._service.now_ms(), clock.monotonic()
        notifier = self._notifiers[delivery.envelope.protocol]
        outcome: DeliveryOutcome
        try:
            async with asyncio.timeout(_LONGEST_ATTEMPT):
                outcome = await notifier.send(*delivery)
        except TimeoutError:
            outcome = Retry(DeliveryReason.TIME_OUT, f"no end within {_LONGEST_ATTEMPT:.0f} s")
        except Exception as error:  # noqa: BLE001  (of a notifier, which should not have raised: reported, tried again)
            self._report(delivery.envelope.protocol, error)
            outcome = Retry(DeliveryReason.DEFECT, type(error).__name__)
        took = int(1000 * (clock.monotonic() - began))
        self._done.append(Done(delivery, outcome, at, took))
        self._something_done.set()
