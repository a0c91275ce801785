"""Log groups as they stand: what they hold, what comes in, what hangs on them. Spec: CON-4.10 (Log groups), CON-7.6.

Rule: what has expired is not counted as the newest; a number that is not known is None, and not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.filter_watch import BlindAlarm, FilterWatch, WatchingAlarm
from tocsin.app.ingest_rate import IngestRates
from tocsin.app.log_group import GROUPS, LogGroup, require_group
from tocsin.app.metric_filter import FILTERS, KeptFilter

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.log_event import EventPlace, LogEvent
    from tocsin.core.scope import Scope


class GroupStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A group, the time of its newest event (milliseconds since the epoch), events a minute, bytes, filters."""

    group: LogGroup
    newest: int | None
    rate: float | None
    stored_bytes: int
    metric_filters: int


class GroupFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A metric filter of a group, and the alarms that look at what it counts."""

    kept: KeptFilter
    alarms: tuple[WatchingAlarm, ...]


class GroupLoss(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a group: bytes, filters, and the alarms that nothing would feed any more."""

    stored_bytes: int
    filters: tuple[KeptFilter, ...]
    alarms: tuple[BlindAlarm, ...]

    @property
    def unheard(self) -> tuple[str, ...]:
        """Those who are told of these alarms now, and no longer would be."""
        return tuple(dict.fromkeys(endpoint for alarm in self.alarms for endpoint in alarm.unheard))


def list_groups(
    service: Service, scope: Scope, *, find: str = "", after: str | None = None, limit: int
) -> tuple[list[GroupStanding], bool]:
    """Groups by name, those whose names hold `find`, and whether there are more of them."""
    found: list[GroupStanding] = []
    with service.store.read() as store:
        for name, group in GROUPS.scan(store, scope, after=after):
            if find.lower() not in name.lower():
                continue
            if len(found) == limit:
                return found, True
            found.append(_standing(service, store, scope, group))
    return found, False


def group_standing(service: Service, scope: Scope, name: str) -> GroupStanding:
    """One group. NotFoundError where there is none of that name."""
    with service.store.read() as store:
        return _standing(service, store, scope, require_group(store, scope, name))


def group_names(service: Service, scope: Scope) -> list[str]:
    """The names of all groups."""
    with service.store.read() as store:
        return [name for name, _ in GROUPS.scan(store, scope)]


def likely_group(service: Service, scope: Scope) -> str:
    """The group whose events are most likely to be watched: the one with the most filters; empty without any."""
    with service.store.read() as store:
        names = [name for name, _ in GROUPS.scan(store, scope)]
        return max(names, key=lambda name: store.count(FILTERS.kind, scope, prefix=f"{name}\0"), default="")


def filters_of_group(service: Service, scope: Scope, name: str) -> list[GroupFilter]:
    """The metric filters of a group, by name."""
    with service.store.read() as store:
        watch = FilterWatch(service, store, scope)
        return [
            GroupFilter(kept=kept, alarms=watch.alarms_on(kept)) for kept in watch.filters if kept.log_group == name
        ]


def loss_of_group(service: Service, scope: Scope, name: str) -> GroupLoss:
    """What would go with a group. NotFoundError where there is none of that name."""
    with service.store.read() as store:
        require_group(store, scope, name)
        watch = FilterWatch(service, store, scope)
        filters = tuple(kept for kept in watch.filters if kept.log_group == name)
        return GroupLoss(
            stored_bytes=store.logs.stored_bytes(scope, name), filters=filters, alarms=watch.blind_without(filters)
        )


def newest_events(
    service: Service,
    scope: Scope,
    name: str,
    *,
    before: EventPlace | None = None,
    limit: int,
    max_bytes: int | None = None,
) -> list[LogEvent]:
    """The newest events of a group that have not expired, those before a place, newest first."""
    with service.store.read() as store:
        oldest = require_group(store, scope, name).oldest(service.now_ms())
        return store.logs.events(
            scope, name, start=oldest, after=before, descending=True, limit=limit, max_bytes=max_bytes
        )


def _standing(service: Service, store: StoreReader, scope: Scope, group: LogGroup) -> GroupStanding:
    now = service.now_ms()
    streams = store.logs.streams_by_last_event(scope, group.name, descending=True, limit=1)
    newest, oldest = streams[0].last_event if streams else None, group.oldest(now)
    return GroupStanding(
        group=group,
        newest=None if newest is None or (oldest is not None and newest < oldest) else newest,
        rate=service.part(IngestRates).rate(scope, group.name, at=now),
        stored_bytes=store.logs.stored_bytes(scope, group.name),
        metric_filters=store.count(FILTERS.kind, scope, prefix=f"{group.name}\0"),
    )
