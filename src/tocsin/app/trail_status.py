"""Whether a trail logs, and how its deliveries have gone. Spec: CT-7.12, CT-15.4.

Rule: an error of a destination is shown until the next success there. The status is kept for each region, for a
trail of many regions delivers each one's records by themselves; whoever delivers writes it with `note_delivery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.trail import TRAILS, change_trail, keep_ending, require_home, require_trail, trail_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail


_FAULTS: Final = {
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "access is denied",
    "InternalError": "it cannot be written, and the log of the service says why",
    "ServiceUnavailable": "it takes nothing at the moment",
    "RequestTimeout": "it does not answer in time",
    "ConnectionError": "it cannot be reached",
}


def fault_text(code: str) -> str:
    """What a delivery failed of, in words, with the code that GetTrailStatus gives.

    >>> fault_text("NoSuchBucket"), fault_text("SlowDown")
    ('there is no such bucket (NoSuchBucket)', 'SlowDown')
    """
    words = _FAULTS.get(code)
    return code if words is None else f"{words} ({code})"


class Destination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How deliveries to one destination have gone: the last success, the last attempt, and what it failed of.

    Times are in milliseconds since the epoch; `error` is empty after a success.
    """

    succeeded_at: int | None = None
    attempted_at: int | None = None
    error: str = ""

    def success(self, at: int) -> Destination:
        """What is known after a delivery."""
        return Destination(succeeded_at=at, attempted_at=at)

    def failure(self, error: str, *, at: int) -> Destination:
        """What is known after a delivery that failed."""
        return Destination(succeeded_at=self.succeeded_at, attempted_at=at, error=error)


_NEVER = Destination()


class TrailStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the deliveries of a trail have gone, by destination."""

    files: Destination = _NEVER
    notifications: Destination = _NEVER
    logs: Destination = _NEVER
    digests: Destination = _NEVER


STATUSES = Definitions("trail-status", TrailStatus)
"""By home, and name of the trail and region."""


def _name(trail: Trail, region: str) -> str:
    return f"{trail.name}\0{region}"


def status_of(store: StoreReader, trail: Trail, region: str) -> TrailStatus:
    """How the deliveries of what happens in a region have gone."""
    return STATUSES.get(store, trail.home, _name(trail, region)) or TrailStatus()


def note_delivery(store: StoreWriter, trail: Trail, region: str, change: Callable[[TrailStatus], TrailStatus]) -> None:
    """Keep what `change` makes of the status; that of a trail that was removed meanwhile is not kept."""
    if trail_now(store, trail) is not None:
        STATUSES.put(store, trail.home, _name(trail, region), change(status_of(store, trail, region)))


def forget_status(store: StoreWriter, trail: Trail) -> None:
    """Forget how the deliveries of a trail have gone."""
    for name, _ in STATUSES.scan(store, trail.home, prefix=f"{trail.name}\0"):
        STATUSES.delete(store, trail.home, name)


def trail_status(service: Service, scope: Scope, named: str) -> tuple[Trail, TrailStatus]:
    """A trail, and how its deliveries of what happens in this region have gone."""
    with service.store.read() as store:
        trail = require_trail(store, scope, named)
        return trail, status_of(store, trail, scope.region)


def start_logging(service: Service, scope: Scope, named: str) -> None:
    """Let a trail log; one that does goes on."""
    now = service.now_ms()

    def change(trail: Trail) -> Trail:
        return trail if trail.is_logging else msgspec.structs.replace(trail, is_logging=True, started_at=now)

    change_trail(service, scope, named, change)


def stop_logging(service: Service, scope: Scope, named: str) -> None:
    """Stop a trail; what is under way is still delivered, see `TrailEnding`. One that is stopped stays so."""

    def work(store: StoreWriter) -> None:
        trail = require_trail(store, scope, named)
        require_home(scope, trail)
        if trail.is_logging:
            keep_ending(service, store, trail)
            stopped = msgspec.structs.replace(trail, is_logging=False, stopped_at=service.now_ms())
            TRAILS.put(store, trail.home, trail.name, stopped)

    service.store.write(work)
