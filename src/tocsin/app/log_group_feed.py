"""What writes CloudTrail records into a log group, and whether all of them arrive there. Spec: CON-4.10, CT-10, CT-12.

Rule: a group counts as fed only where a trail that logs everywhere delivers every management event to it and its last
delivery went well, or where records come from somewhere else, of which nothing more is known here. What a trail has
left behind that is gone is no sign of life.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.trail import trails_seen
from tocsin.app.trail_status import status_of
from tocsin.core.trail.log_file import log_group_of
from tocsin.core.trail.selector import selectors_of
from tocsin.core.trail.selector_gap import management_gap

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

_DAY_MS = 86_400_000

# So many times its interval a trail may take for a delivery before it is thought to be gone.
_INTERVALS = 3

# The streams that trails write to (CT-12.2).
_OF_A_TRAIL = re.compile(r"(?:o-[a-z0-9]+_)?[0-9]{12}_CloudTrail_[a-z0-9-]+\Z")


class FeedingTrail(msgspec.Struct, frozen=True, kw_only=True):
    """A trail that delivers to a group. `why_not` says what keeps records from it; empty where nothing does."""

    name: str
    home_region: str
    is_logging: bool
    is_multi_region: bool
    why_not: str = ""


class GroupFeed(msgspec.Struct, frozen=True, kw_only=True):
    """What feeds a group. `newest` is when an event last came, in milliseconds since the epoch.

    `why_not` says why not all records arrive; empty where they do, as far as is known here.
    """

    name: str
    trails: tuple[FeedingTrail, ...] = ()
    newest: int | None = None
    why_not: str = ""

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether records arrive that no trail known here has written."""
        return not self.why_not and all(trail.why_not for trail in self.trails)


def group_feed(store: StoreReader, scope: Scope, group: str, *, now: int, interval: int) -> GroupFeed:
    """What feeds a group at `now`, in milliseconds since the epoch.

    `interval` is the setting `trail.delivery_interval`, in seconds.
    """
    streams = store.logs.streams_by_last_event(scope, group, descending=True, limit=1)
    newest = streams[0].last_ingestion if streams else None
    is_of_trail = bool(streams) and _OF_A_TRAIL.match(streams[0].name) is not None
    patience = _INTERVALS * interval * 1000 if is_of_trail else _DAY_MS
    trails = tuple(
        _feeding(store, scope, trail)
        for trail in trails_seen(store, scope.account, scope.partition)
        if log_group_of(trail.log_group_arn) == (scope, group)
    )
    why_not = _why_not(group, trails, newest=newest)
    if not why_not and not trails and newest is not None and now - newest >= patience:
        gone, quiet = f"the trail that wrote into {group} is gone", f"nothing has come into {group} for a day"
        why_not = gone if is_of_trail else quiet
    return GroupFeed(name=group, trails=trails, newest=newest, why_not=why_not)


def _feeding(store: StoreReader, scope: Scope, trail: Trail) -> FeedingTrail:
    return FeedingTrail(
        name=trail.name,
        home_region=trail.home.region,
        is_logging=trail.is_logging,
        is_multi_region=trail.is_multi_region,
        why_not=_gap(store, scope, trail),
    )


def _gap(store: StoreReader, scope: Scope, trail: Trail) -> str:
    if not trail.is_logging:
        return f"trail {trail.name} is stopped"
    if not trail.is_multi_region:
        return f"trail {trail.name} logs {trail.home.region} alone"
    if not trail.include_global_service_events:
        return f"trail {trail.name} leaves out global services"
    left_out = management_gap(selectors_of(trail.event_selectors))
    if left_out:
        return f"of the management events trail {trail.name} leaves out {left_out}"
    error = status_of(store, trail, scope.region).logs.error
    return f"the last delivery of trail {trail.name} failed: {error}" if error else ""


def _why_not(group: str, trails: tuple[FeedingTrail, ...], *, newest: int | None) -> str:
    if newest is None:
        return f"nothing has ever arrived in {group}"
    if not trails or any(not trail.why_not for trail in trails):
        return ""
    return next((trail.why_not for trail in trails if trail.is_logging), trails[0].why_not)
