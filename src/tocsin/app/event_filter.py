"""Which metric filters match an event, and which alarms count it. Spec: CON-4.5, FP-9.12, AL-1.1.

Rule: a filter is asked as the pipeline asks it, and an alarm counts an event only where a filter publishes for it to
exactly a metric that the alarm reads.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_record import METRIC_ALARMS
from tocsin.app.metric_filter import FILTERS
from tocsin.core.metric import MetricKey
from tocsin.core.metric_filter import CompiledFilter, FilterSet

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.event import Event
    from tocsin.core.scope import Scope


class FilterOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a metric filter makes of an event.

    `alarms` are those that count it, by name. A match without a usable value publishes nothing, so no alarm counts it
    (FP-9.14).
    """

    filter: CompiledFilter
    matches: bool
    has_value: bool = True
    alarms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The filter's name."""
        return self.filter.definition.filter_name


class EventFilters:
    """The metric filters of log groups and the alarms on their metrics: `service.part(EventFilters)`.

    Both are compiled once for each version of them.
    """

    def __init__(self, service: Service) -> None:
        self._catalogue = service.part(AlarmCatalogue)
        self._lock = threading.Lock()
        self._versions = (-1, -1)
        self._groups: dict[tuple[Scope, str], FilterSet] = {}
        self._alarms: dict[Scope, dict[MetricKey, tuple[str, ...]]] = {}

    def outcomes(self, store: StoreReader, scope: Scope, group: str, event: Event) -> list[FilterOutcome]:
        """What every filter of a log group makes of an event: those that match first, each by name."""
        filters = self._filters(store, scope, group)
        matching = set(filters.match(event))
        found = [
            self._outcome(store, scope, one, event) if place in matching else FilterOutcome(filter=one, matches=False)
            for place, one in enumerate(filters.filters)
        ]
        return sorted(found, key=lambda outcome: (not outcome.matches, outcome.name))

    def counted_in(self, store: StoreReader, scope: Scope, group: str, event: Event) -> tuple[str, ...]:
        """The names of the alarms that count an event."""
        filters = self._filters(store, scope, group)
        places = filters.match(event)
        outcomes = (self._outcome(store, scope, filters.filters[place], event) for place in places)
        return tuple(sorted({name for outcome in outcomes for name in outcome.alarms}))

    def _outcome(self, store: StoreReader, scope: Scope, one: CompiledFilter, event: Event) -> FilterOutcome:
        datum = one.datum(event, account=scope.account, region=scope.region)
        if datum is None:
            return FilterOutcome(filter=one, matches=True, has_value=False)
        transformation = one.transformation
        key = MetricKey.of(transformation.metric_namespace, transformation.metric_name, dict(datum.dimensions))
        return FilterOutcome(filter=one, matches=True, alarms=self._alarms_on(store, scope).get(key, ()))

    def _filters(self, store: StoreReader, scope: Scope, group: str) -> FilterSet:
        versions = self._refresh(store)
        with self._lock:
            known = self._groups.get((scope, group))
        if known is None:
            kept = [one for _, one in FILTERS.scan(store, scope, prefix=f"{group}\0")]
            compiled = (CompiledFilter(one.filter) for one in kept)
            known = FilterSet(one for one in compiled if one.sees(scope.account, scope.region))
            with self._lock:
                if self._versions == versions:
                    self._groups[scope, group] = known
        return known

    def _alarms_on(self, store: StoreReader, scope: Scope) -> dict[MetricKey, tuple[str, ...]]:
        versions = self._refresh(store)
        with self._lock:
            known = self._alarms.get(scope)
        if known is None:
            names: dict[MetricKey, list[str]] = {}
            for name, body in store.scan(METRIC_ALARMS.kind, scope):
                for key in self._catalogue.read(scope, name, body).alarm.keys:
                    names.setdefault(key, []).append(name)
            known = {key: tuple(sorted(set(found))) for key, found in names.items()}
            with self._lock:
                if self._versions == versions:
                    self._alarms[scope] = known
        return known

    def _refresh(self, store: StoreReader) -> tuple[int, int]:
        """The versions of the view; what was made of others is forgotten."""
        versions = (store.version(FILTERS.kind), store.version(METRIC_ALARMS.kind))
        with self._lock:
            if versions != self._versions:
                self._versions, self._groups, self._alarms = versions, {}, {}
        return versions
