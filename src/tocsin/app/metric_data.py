"""Putting and listing metric data. Spec: AL-1, WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.app.late_breach import note_late_data
from tocsin.core.metric_data import read_metric_data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.metric import MetricKey
    from tocsin.core.scope import Scope

WEEKS_LISTED = 14 * 86_400
HOURS_ACTIVE = 3 * 3600
"""Over how many seconds ListMetrics looks back, and with RecentlyActive (AL-1.9)."""


def put_metric_data(service: Service, scope: Scope, parameters: Mapping[str, Any]) -> None:
    """Keep the data of a request, all or none. DatumError for what is refused (AL-1.5)."""
    data = read_metric_data(parameters, now=service.now())

    def work(store: StoreWriter) -> None:
        store.metrics.add(scope, data)
        note_late_data(service, store, scope, data)

    service.store.write(work)
    service.counters.add("metric_data_received", len(data))


def list_metrics(
    service: Service,
    scope: Scope,
    *,
    namespace: str | None = None,
    name: str | None = None,
    dimensions: Sequence[tuple[str, str | None]] = (),
    recently_active: bool = False,
    after: MetricKey | None = None,
    limit: int,
) -> tuple[list[MetricKey], bool]:
    """Metrics with data of the last two weeks, or hours, by their keys, and whether there are more."""
    now = service.now_ms() // 1000
    with service.store.read() as store:
        found = store.metrics.list(
            scope,
            namespace=namespace,
            name=name,
            dimensions=dimensions,
            active_since=now - (HOURS_ACTIVE if recently_active else WEEKS_LISTED),
            after=after,
            limit=limit + 1,
        )
    return [key for key, _ in found[:limit]], len(found) > limit
