"""The heartbeat: who watches from outside hears from us as long as the chain lives. Spec: IF-9 (`heartbeat.*`).

Rule: a beat says that alarms are evaluated, the store can be written and deliveries move; where one of these is not
so there is none. A beat that does not arrive is not tried again, as the next one follows; it holds nobody up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.publication import Publication, publish
from tocsin.core.delivery import Delivered
from tocsin.errors import NotFoundError, StoreError, TocsinError
from tocsin.notifiers.http_post import HttpPoster, WebAddress, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.composition.operator_channel import HeartbeatPlan
    from tocsin.core.endpoint_address import AddressRules

_HEADERS: Final = {"User-Agent": "Tocsin", "Accept-Encoding": "gzip,deflate"}

MOST_LAG: Final = 180
"""Seconds by which the evaluation of alarms may be behind: an evaluator that is further behind is no healthy one."""

_MOST_STILL: Final = 300
"""Seconds for which a delivery may be due without one being tried; an attempt ends within two minutes."""

_MOST_PAUSE: Final = 120
"""Seconds between two turns of the loop that delivers."""

_CHECK_SECONDS: Final = 15.0
"""What the store has to answer."""

_START_SECONDS: Final = 60
"""Seconds for which a service that has just started may have evaluated nothing."""


class Pulse:
    """Whether the chain lives. `lag` is how far the evaluation is behind, `turned_at` when deliveries last turned."""

    def __init__(self, service: Service, *, lag: Callable[[], float | None], turned_at: Callable[[], float]) -> None:
        self._service = service
        self._lag = lag
        self._turned_at = turned_at
        self._attempts = -1
        self._moved_at = service.clock.monotonic()

    def why_silent(self) -> str:
        """Why there is no beat, in a sentence; empty where the chain lives. It asks the store."""
        lag = self._lag()
        if lag is None:
            return "alarms have not been evaluated yet"
        if lag > MOST_LAG:
            return f"the evaluation of alarms is {lag:.0f} seconds behind"
        try:
            self._service.store.check()
            return self._why_still()
        except StoreError as error:
            return error.message

    def _why_still(self) -> str:
        now = self._service.clock.monotonic()
        still = now - self._turned_at()
        if still > _MOST_PAUSE:
            return f"deliveries have stood still for {still:.0f} seconds"
        counted = self._service.counters.snapshot().items()
        attempts = sum(count for (name, _), count in counted if name == "delivery_attempts")
        if attempts != self._attempts:
            self._attempts, self._moved_at = attempts, now
        with self._service.store.read() as store:
            overdue = store.outbox.due(at=self._service.now_ms() - 1000 * _MOST_STILL, limit=1)
        if overdue and now - self._moved_at >= _MOST_STILL:
            return f"deliveries are due, and none was tried for {now - self._moved_at:.0f} seconds"
        return ""


class Heartbeat:
    """Beats until it is cancelled. `log` takes events; `shows_names` says whether health may tell reasons."""

    def __init__(
        self, service: Service, plan: HeartbeatPlan, pulse: Pulse, rules: AddressRules, log: Any, *, shows_names: bool
    ) -> None:
        self._service = service
        self._plan = plan
        self._pulse = pulse
        self._log = log
        self._shows_names = shows_names
        self._poster = HttpPoster(rules, service.clock)
        self._checking: asyncio.Future[str] | None = None
        self._status = "not yet"
        self._reason = ""
        self._last: datetime | None = None

    async def run(self, alive: Callable[[], object] = lambda: None) -> None:
        """Beat every so many seconds; `alive` is called after each."""
        try:
            for _ in range(_START_SECONDS):
                if not await self._why_silent():
                    break
                await asyncio.sleep(1)
            while True:
                await self.beat()
                alive()
                await asyncio.sleep(self._plan.every)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._poster.close()

    async def beat(self) -> str:
        """Beat once, if the chain lives: `sent`, `failed` or `withheld`."""
        silent = await self._why_silent()
        if silent:
            return self._note("withheld", silent)
        failures = [one for one in (await self._to_address(), await self._to_topic()) if one]
        if failures:
            return self._note("failed", "; ".join(failures))
        self._last = self._service.now()
        return self._note("sent", "")

    async def _why_silent(self) -> str:
        """Ask the pulse in a thread; one that does not come back is waited for by the next beat, too."""
        if self._checking is None:
            self._checking = asyncio.ensure_future(asyncio.to_thread(self._pulse.why_silent))
        done, _ = await asyncio.wait({self._checking}, timeout=_CHECK_SECONDS)
        if not done:
            return f"the store has not answered within {_CHECK_SECONDS:.0f} seconds"
        checking, self._checking = self._checking, None
        return checking.result()

    async def _to_address(self) -> str:
        """What went wrong with the address; empty where nothing did."""
        if not self._plan.url:
            return ""
        try:
            address = WebAddress.of(self._plan.url, secrets=secrets_in(self._plan.url))
        except ValueError:
            return "heartbeat.url is no URL"
        outcome = await self._poster.get(address, _HEADERS)
        return "" if isinstance(outcome, Delivered) else f"{outcome.reason}: {outcome.answer}"

    async def _to_topic(self) -> str:
        if not self._plan.topic_arn:
            return ""
        try:
            return await asyncio.to_thread(self._publish)
        except TocsinError as error:
            return error.message

    def _publish(self) -> str:
        service, arn = self._service, self._plan.topic_arn
        told = {"service": service.settings.public_url, "at": service.now(), "every": self._plan.every}
        is_fifo = arn.endswith(".fifo")
        beat = Publication(
            message=msgspec.json.encode(told).decode(),
            subject="Tocsin heartbeat",
            group_id="heartbeat" if is_fifo else None,
            deduplication_id=service.new_id() if is_fifo else None,
        )
        try:
            _, count = service.store.write(lambda store: publish(service, store, arn, beat, cause="heartbeat"))
        except NotFoundError:
            return f"there is no topic {arn}"
        return "" if count else f"nobody is subscribed to {arn}"

    def _note(self, outcome: str, reason: str) -> str:
        """Count, and tell the log of what is new."""
        self._service.counters.add("heartbeats", outcome=outcome)
        before, self._status, self._reason = self._status, outcome, reason
        if outcome != before and outcome == "sent":
            self._log.info("heartbeat-sent", every=self._plan.every)
        elif outcome != before:
            self._log.error(f"heartbeat-{outcome}", reason=reason)
        return outcome

    @property
    def health(self) -> dict[str, Any]:
        """What health tells."""
        told: dict[str, Any] = {"status": self._status, "every": self._plan.every}
        if self._last is not None:
            told["last"] = self._last.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self._reason and self._shows_names:
            told["reason"] = self._reason
        return {"heartbeat": told}

    @property
    def gauges(self) -> dict[str, tuple[str, float]]:
        """What metrics tell, by name: a sentence and a number."""
        alive = 1 if self._status == "sent" else 0
        return {"heartbeat_alive": ("1 where the last heartbeat was sent, else 0.", alive)}
