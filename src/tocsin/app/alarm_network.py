"""The composites and mute rules of a scope, ready to be asked; compiled once for each version of them.

Rule: it is derived from the store and never the only place where something stands (AR-5).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, MUTE_RULES, alarm_scope, composite_of, mute_rule_of
from tocsin.app.alarm_set import find_zone
from tocsin.core.alarm.zone import offset_zone
from tocsin.core.composite_alarm.network import AlarmNetwork
from tocsin.core.composite_alarm.reference import name_in

if TYPE_CHECKING:
    from datetime import tzinfo

    from tocsin.app.alarm_record import KeptAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.mute_rule import MuteRule
    from tocsin.core.scope import Scope


class ScopeAlarms(NamedTuple):
    """What stands on alarms in one scope: composites, what connects them, and mute rules by alarm."""

    kept: dict[str, KeptAlarm]
    composites: dict[str, CompositeAlarm]
    network: AlarmNetwork
    mutes: dict[str, list[tuple[MuteRule, tzinfo]]]

    @property
    def concerned(self) -> frozenset[str]:
        """The alarms whose states composites look at: children, suppressors, and composites themselves."""
        found = set(self.composites)
        for name, alarm in self.composites.items():
            found.update(self.network.children(name))
            if alarm.actions_suppressor is not None:
                found.add(name_in(alarm.actions_suppressor))
        return frozenset(found)


class AlarmNetworks:
    """The networks of all scopes: `service.part(AlarmNetworks)`."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._version: tuple[int, int] = (-1, -1)
        self._known: dict[Scope, ScopeAlarms] = {}

    def of(self, store: StoreReader, scope: Scope) -> ScopeAlarms:
        """What stands on the alarms of a scope."""
        version = (store.version(COMPOSITES.kind), store.version(MUTE_RULES.kind))
        with self._lock:
            if version != self._version:
                self._version, self._known = version, {}
            known = self._known.get(scope)
            if known is None:
                known = self._known[scope] = _compiled(store, scope)
        return known


def _compiled(store: StoreReader, scope: Scope) -> ScopeAlarms:
    kept = dict(COMPOSITES.scan(store, scope))
    composites = {name: composite_of(one) for name, one in kept.items()}
    mutes: dict[str, list[tuple[MuteRule, tzinfo]]] = {}
    for _, one in MUTE_RULES.scan(store, scope):
        rule = mute_rule_of(one)
        zone = find_zone(rule.timezone or "UTC") or offset_zone("UTC")
        assert zone is not None  # it was asked for when the rule was put
        for name in rule.alarm_names:
            mutes.setdefault(name, []).append((rule, zone))
    return ScopeAlarms(kept, composites, AlarmNetwork(composites.values(), scope=alarm_scope(scope)), mutes)
