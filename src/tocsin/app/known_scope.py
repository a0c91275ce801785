"""The accounts and regions that something is defined in. Spec: CON-3.3, WIRE-9.9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.log_group import GROUPS
from tocsin.app.topic import TOPICS
from tocsin.app.trail import TRAILS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

_KINDS = (METRIC_ALARMS, COMPOSITES, GROUPS, TOPICS, TRAILS)


class KnownScopes:
    """Finds the scopes, anew only after a definition has changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._versions: tuple[int, ...] = ()
        self._scopes: tuple[Scope, ...] = ()

    def all(self) -> Sequence[Scope]:
        """Those with most definitions first, then by account and region."""
        with self._service.store.read() as store:
            versions = tuple(store.version(kind.kind) for kind in _KINDS)
            if versions != self._versions:
                counts: dict[Scope, int] = {}
                for kind in _KINDS:
                    for scope, _, _ in store.scan_all(kind.kind):
                        counts[scope] = counts.get(scope, 0) + 1
                order = sorted(counts, key=lambda scope: (-counts[scope], scope.account, scope.region))
                self._versions, self._scopes = versions, tuple(order)
            return self._scopes
