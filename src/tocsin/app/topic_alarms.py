"""Which alarms publish to which topic. Spec: AL-5.4, AL-19.4, CON-4.9.

Rule: it is derived from the definitions of alarms, read again only after one of them has changed, and never the only
place where something stands.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, STANDINGS
from tocsin.core.alarm.action import ACTION_LISTS
from tocsin.core.alarm.state import StateValue
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.app.alarm_record import KeptAlarm
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope


class TellingAlarm(NamedTuple):
    """An alarm that publishes to topics: for each state of which it tells one their ARNs.

    `is_enabled` is ActionsEnabled: without it nobody is told of anything.
    """

    scope: Scope
    name: str
    is_composite: bool
    is_enabled: bool
    topics: dict[StateValue, tuple[str, ...]]

    def states(self, topic: str) -> tuple[StateValue, ...]:
        """The states of which it tells a topic."""
        return tuple(state for state, arns in self.topics.items() if topic in arns)


class TopicAlarms:
    """The alarms behind each topic: `service.part(TopicAlarms)`."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._versions: tuple[int, int] = (-1, -1)
        self._by_topic: dict[str, tuple[TellingAlarm, ...]] = {}

    def of(self, store: StoreReader, topic: str) -> tuple[TellingAlarm, ...]:
        """The alarms that tell a topic of any state, by account, region and name; `topic` is its ARN."""
        with self._lock:
            versions = (store.version(METRIC_ALARMS.kind), store.version(COMPOSITES.kind))
            if versions != self._versions:
                self._versions, self._by_topic = versions, _by_topic(store)
            return self._by_topic.get(topic, ())


def states_of(service: Service, alarms: Iterable[TellingAlarm]) -> list[StateValue]:
    """The states that alarms are in now, in their order."""
    with service.store.read() as store:
        standings = [STANDINGS.get(store, one.scope, one.name) for one in alarms]
    return [StateValue.INSUFFICIENT_DATA if one is None else one.state.state_value for one in standings]


def _by_topic(store: StoreReader) -> dict[str, tuple[TellingAlarm, ...]]:
    found: dict[str, list[TellingAlarm]] = {}
    for one in sorted(_telling(store), key=lambda one: (one.scope, one.name)):
        for topic in dict.fromkeys(arn for arns in one.topics.values() for arn in arns):
            found.setdefault(topic, []).append(one)
    return {topic: tuple(alarms) for topic, alarms in found.items()}


def _telling(store: StoreReader) -> Iterator[TellingAlarm]:
    for definitions in (METRIC_ALARMS, COMPOSITES):
        for scope, name, kept in definitions.scan_all(store):
            topics = _topics(kept)
            if topics:
                is_enabled = kept.parameters.get("ActionsEnabled", True)
                yield TellingAlarm(scope, name, definitions is COMPOSITES, is_enabled, topics)


def _topics(kept: KeptAlarm) -> dict[StateValue, tuple[str, ...]]:
    lists = {state: kept.parameters.get(ACTION_LISTS[state]) or () for state in _ORDER}
    topics = {state: tuple(arn for arn in arns if is_topic(arn)) for state, arns in lists.items()}
    return {state: arns for state, arns in topics.items() if arns}


_ORDER = (StateValue.ALARM, StateValue.OK, StateValue.INSUFFICIENT_DATA)
