"""Which alarms look at what metric filters count, and which would lose it. Spec: CON-4.10, CON-7.6, AL-1.1.

Rule: an alarm is said to look at a filter only where the filter can publish to exactly its metric; what an alarm loses
is told before anything is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_reach import ReachSurvey
from tocsin.app.alarm_record import METRIC_ALARMS, standing_of
from tocsin.app.metric_filter import FILTERS
from tocsin.core.lint.feed import Feeds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.alarm_catalogue import KnownAlarm
    from tocsin.app.metric_filter import KeptFilter
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.state import StateValue
    from tocsin.core.scope import Scope


class WatchingAlarm(NamedTuple):
    """An alarm that looks at a filter's metric, and its state."""

    name: str
    state: StateValue


class BlindAlarm(NamedTuple):
    """An alarm that nothing would feed any more. `unheard` are those who are told of it now, and no longer would be."""

    name: str
    unheard: tuple[str, ...]


class FilterWatch:
    """The alarms of one scope beside its filters, at one moment of the store. Linear in both, once."""

    def __init__(self, service: Service, store: StoreReader, scope: Scope) -> None:
        self._service = service
        self._store = store
        self._scope = scope
        self.filters: tuple[KeptFilter, ...] = tuple(kept for _, kept in FILTERS.scan(store, scope))
        catalogue = service.part(AlarmCatalogue)
        self._alarms: list[tuple[str, KnownAlarm]] = [
            (name, catalogue.read(scope, name, body)) for name, body in store.scan(METRIC_ALARMS.kind, scope)
        ]

    def alarms_on(self, kept: KeptFilter) -> tuple[WatchingAlarm, ...]:
        """The alarms that see what a filter publishes, by name."""
        feeds = Feeds([kept.filter])
        return tuple(
            WatchingAlarm(name, self._state(name, known))
            for name, known in self._alarms
            if any(feeds.of(key) for key in known.alarm.keys)
        )

    def blind_without(self, gone: Iterable[KeptFilter]) -> tuple[BlindAlarm, ...]:
        """The alarms that see something now, and nothing once these filters are gone, by name."""
        places = {(one.log_group, one.filter.filter_name) for one in gone}
        before = Feeds(one.filter for one in self.filters)
        after = Feeds(one.filter for one in self.filters if (one.log_group, one.filter.filter_name) not in places)
        reach = ReachSurvey(self._service, self._store, self._scope, now=self._service.now_ms())
        found = []
        for name, known in self._alarms:
            lost = [key for key in known.alarm.keys if before.of(key) and not after.of(key)]
            if lost:
                listeners = dict.fromkeys(one.endpoint for one in reach.of(known.alarm).listeners)
                found.append(BlindAlarm(name, tuple(listeners)))
        return tuple(found)

    def _state(self, name: str, known: KnownAlarm) -> StateValue:
        standing = standing_of(self._store, self._scope, name, created_at=known.kept.created_at)
        return standing.state.state_value
