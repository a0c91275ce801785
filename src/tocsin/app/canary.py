"""How far a canary has come: kept, matched, counted, looked at by alarms. Spec: CON-4.10 (Status).

Rule: what is told of it is read from where it ended up, never assumed from where it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.filter_watch import FilterWatch, WatchingAlarm
from tocsin.app.metric_filter import try_pattern
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from tocsin.app.metric_filter import KeptFilter
    from tocsin.app.service import Service
    from tocsin.core.scope import Scope


class CanaryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that has matched, and the alarms that look at what it counts."""

    name: str
    alarms: tuple[WatchingAlarm, ...]


class CanaryTrack(msgspec.Struct, frozen=True, kw_only=True):
    """A canary: when it was kept (milliseconds since the epoch), the filters of its group, those that matched it."""

    event_id: str
    group: str
    kept_at: int
    filters: int
    matched: tuple[CanaryFilter, ...]


def track_canary(service: Service, scope: Scope, event_id: str) -> CanaryTrack | None:
    """How far the canary with that eventID has come; None where it is in no log group."""
    with service.store.read() as store:
        found = store.logs.find_record(scope, event_id, near=service.now_ms())
        if not found:
            return None
        event = found[0]
        watch = FilterWatch(service, store, scope)
        filters = [kept for kept in watch.filters if kept.log_group == event.group]
        matched = tuple(
            CanaryFilter(name=kept.filter.filter_name, alarms=watch.alarms_on(kept))
            for kept in filters
            if _matches(kept, event.message)
        )
    return CanaryTrack(
        event_id=event_id, group=event.group, kept_at=event.ingestion_time, filters=len(filters), matched=matched
    )


def _matches(kept: KeptFilter, message: str) -> bool:
    try:
        return bool(try_pattern(kept.filter.filter_pattern, [message]))
    except PatternError:
        return False
