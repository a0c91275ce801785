"""Anomaly detectors: kept and told. Bands come from the metric's own data (AL-15), detector or not. Spec: WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.definition import Definitions
from tocsin.core.metric import MetricKey
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.scope import Scope


class AnomalyDetector(msgspec.Struct, frozen=True, kw_only=True):
    """A detector of one metric and statistic, or of queries with metric math, as they were given."""

    ident: str
    key: MetricKey | None = None
    stat: str = ""
    queries: list[dict[str, Any]] | None = None
    configuration: dict[str, Any] = {}
    characteristics: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """What it is told apart by."""
        if self.key is not None:
            shown = "\1".join(f"{name}\2{value}" for name, value in self.key.dimensions)
            return f"metric\0{self.key.namespace}\0{self.key.metric_name}\0{shown}\0{self.stat}"
        return f"math\0{msgspec.json.encode(self.queries, order='deterministic').decode()}"

    @property
    def state(self) -> str:
        """Nothing is trained ahead of time."""
        return "PENDING_TRAINING"


DETECTORS = Definitions("anomaly-detector", AnomalyDetector)


def put_anomaly_detector(service: Service, scope: Scope, detector: AnomalyDetector) -> str:
    """Keep a detector, in place of the one of the same metric and statistic; its id stays."""

    def work(store: StoreWriter) -> str:
        known = DETECTORS.get(store, scope, detector.name)
        ident = detector.ident if known is None else known.ident
        DETECTORS.put(store, scope, detector.name, msgspec.structs.replace(detector, ident=ident))
        return ident

    return service.store.write(work)


def delete_anomaly_detector(service: Service, scope: Scope, matches: Callable[[AnomalyDetector], bool]) -> None:
    """Remove the detector that `matches`."""

    def work(store: StoreWriter) -> None:
        found = [name for name, one in DETECTORS.scan(store, scope) if matches(one)]
        if not found:
            raise NotFoundError("", resource="anomaly-detector")
        for name in found:
            DETECTORS.delete(store, scope, name)

    service.store.write(work)


def list_anomaly_detectors(
    service: Service,
    scope: Scope,
    *,
    matches: Callable[[AnomalyDetector], bool],
    after: str | None = None,
    limit: int,
) -> tuple[list[AnomalyDetector], bool]:
    """Detectors in the order of their names, and whether there are more."""
    with service.store.read() as store:
        found = [one for _, one in DETECTORS.scan(store, scope, after=after) if matches(one)]
    return found[:limit], len(found) > limit
