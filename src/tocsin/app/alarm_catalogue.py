"""Definitions of metric alarms, read once for each version of each alarm. Spec: AR-5.

Rule: it is derived from the store and never the only place where something stands.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tocsin.app.alarm_record import METRIC_ALARMS, KeptAlarm, metric_alarm_of

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.scope import Scope


class KnownAlarm(NamedTuple):
    """A metric alarm as it is kept, the bytes among it, and what they say."""

    body: bytes
    kept: KeptAlarm
    alarm: MetricAlarm


class AlarmCatalogue:
    """The metric alarms of all scopes: `service.part(AlarmCatalogue)`."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[Scope, str], KnownAlarm] = {}

    def get(self, store: StoreReader, scope: Scope, name: str) -> KnownAlarm | None:
        """The alarm of that name; None when there is none."""
        body = store.get(METRIC_ALARMS.kind, scope, name)
        if body is None:
            with self._lock:
                self._known.pop((scope, name), None)
            return None
        return self.read(scope, name, body)

    def read(self, scope: Scope, name: str, body: bytes) -> KnownAlarm:
        """What these bytes say."""
        with self._lock:
            known = self._known.get((scope, name))
        if known is None or known.body != body:
            kept = msgspec.msgpack.decode(body, type=KeptAlarm)
            known = KnownAlarm(body, kept, metric_alarm_of(kept))
            with self._lock:
                self._known[scope, name] = known
        return known
