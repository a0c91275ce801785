"""The accounts and regions that something is defined in. Spec: CON-3.3, WIRE-9.9."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.log_group import GROUPS
from tocsin.app.topic import TOPICS
from tocsin.app.trail import TRAILS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

_KINDS = (METRIC_ALARMS, COMPOSITES, GROUPS, TOPICS, TRAILS)


class KnownScopes:
    """Finds the scopes, anew only after a definition has changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._found = _Found()

    def all(self) -> Sequence[Scope]:
        """Those with most definitions first, then by account and region."""
        # What another process defines is seen within a second.
        looked_at = (self._service.store.changes(), self._service.now_ms() // 1000)
        found = self._found
        if found.looked_at == looked_at:
            return found.scopes
        with self._service.store.read() as store:
            versions = tuple(store.version(kind.kind) for kind in _KINDS)
            scopes = found.scopes if versions == found.versions else _defined_in(store)
        self._found = _Found(looked_at, versions, scopes)
        return scopes


class _Found(NamedTuple):
    """Scopes, the versions of definitions that they are from, and when those were looked at."""

    looked_at: tuple[int, int] = (-1, 0)
    versions: tuple[int, ...] = ()
    scopes: tuple[Scope, ...] = ()


def _defined_in(store: StoreReader) -> tuple[Scope, ...]:
    counts = Counter(scope for kind in _KINDS for scope, _, _ in store.scan_all(kind.kind))
    return tuple(sorted(counts, key=lambda scope: (-counts[scope], scope.account, scope.region)))
