"""Alarms that were removed, for whoever wants them back at once. Spec: CON-7.7.

Rule: what comes back is the definition with its tags, by a new call; state, history and acknowledgements do not. It is
kept in memory and for ten minutes: whoever thinks of it later has the audit log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, alarm_arn
from tocsin.app.resource_tag import get_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

KEPT_MS: Final = 600_000
_MOST = 50


class RemovedAlarm(NamedTuple):
    """An alarm as it was: the operation that makes it, and the operation's parameters, tags included."""

    operation: str
    parameters: dict[str, Any]


class _Removal(NamedTuple):
    at: int
    scope: Scope
    alarms: Sequence[RemovedAlarm]


class RemovedAlarms:
    """The newest removals: `service.part(RemovedAlarms)`. Times are milliseconds since the epoch."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Removal] = OrderedDict()

    def keep(self, scope: Scope, alarms: Sequence[RemovedAlarm], *, at: int) -> str:
        """Keep alarms that were removed; the id by which they are taken back."""
        ident = self._service.new_id()
        with self._lock:
            self._kept[ident] = _Removal(at, scope, alarms)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return ident

    def take(self, ident: str, scope: Scope, *, at: int) -> Sequence[RemovedAlarm]:
        """The alarms of a removal, which are not kept any more then; none where that is too long ago."""
        with self._lock:
            removal = self._kept.pop(ident, None)
        if removal is None or removal.scope != scope or at - removal.at > KEPT_MS:
            return ()
        return removal.alarms


def read_alarms(store: StoreReader, scope: Scope, names: Iterable[str]) -> dict[str, RemovedAlarm]:
    """These alarms as calls that would make them again, by name; composites last, as they name others."""
    found: dict[str, RemovedAlarm] = {}
    names = list(names)
    for definitions, operation in ((METRIC_ALARMS, "PutMetricAlarm"), (COMPOSITES, "PutCompositeAlarm")):
        for name in names:
            kept = definitions.get(store, scope, name)
            if kept is not None:
                tags = get_tags(store, scope, alarm_arn(scope, name))
                listed = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
                found[name] = RemovedAlarm(operation, {**kept.parameters, **listed})
    return found
