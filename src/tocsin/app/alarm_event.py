"""The records behind an alarm: those that its metric filters matched in the slots that decided. Spec: AL-19.1, AL-18.6.

Rule: what is looked at is bounded, and what is not shown is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.metric_filter import FILTERS
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.timestamp import second_of
from tocsin.core.event import Event
from tocsin.core.message_projection import MessageProjection
from tocsin.core.metric_filter import CompiledFilter
from tocsin.core.notification.event import EventSummary
from tocsin.core.pattern import tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.store_port import StoreReader
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.metric import MetricKey
    from tocsin.core.notification.state_change import StateChange
    from tocsin.core.scope import Scope

EVENTS_KEPT = 100
"""Events that are given; further ones are counted."""

# Log events that are looked at for one change of one alarm.
_MOST_EXAMINED = 20_000


def contributing_events(
    store: StoreReader, scope: Scope, alarm: MetricAlarm | CompositeAlarm, change: StateChange
) -> tuple[list[EventSummary] | None, int]:
    """The first events behind a change, and how many there are; None for an alarm that no filter feeds."""
    if not isinstance(alarm, MetricAlarm):
        return None, 0
    feeding = _filters_of(store, scope, set(alarm.keys))
    if not feeding:
        return None, 0
    found: list[EventSummary] = []
    count = 0
    left = _MOST_EXAMINED
    for group, filters in feeding.items():
        for start, _ in sorted(change.points):
            second = second_of(start)
            events = store.logs.events(
                scope, group, start=second * 1000, end=(second + alarm.period) * 1000, limit=max(left, 1)
            )
            left -= len(events)
            for timestamp, event in _matching([(one.timestamp, one.message) for one in events], filters):
                count += 1
                if len(found) < EVENTS_KEPT:
                    found.append(EventSummary.of(event, timestamp // 1000))
            if left <= 0:
                return found, count
    return found, count


def _filters_of(store: StoreReader, scope: Scope, keys: set[MetricKey]) -> dict[str, list[CompiledFilter]]:
    """The metric filters, by group, that feed one of these metrics."""
    wanted = {(key.namespace, key.metric_name) for key in keys}
    found: dict[str, list[CompiledFilter]] = {}
    for _, kept in FILTERS.scan(store, scope):
        transformation = kept.filter.metric_transformations[0]
        if (transformation.metric_namespace, transformation.metric_name) in wanted:
            found.setdefault(kept.log_group, []).append(CompiledFilter(kept.filter))
    return found


def _matching(events: Sequence[tuple[int, str]], filters: Sequence[CompiledFilter]) -> list[tuple[int, Event]]:
    messages = [message for _, message in events]
    places: Sequence[int] = range(len(messages))
    if all(isinstance(one.pattern.tree, tree.Json) for one in filters):
        places = MessageProjection(one.pattern for one in filters).candidates(messages)
    found = []
    for place in places:
        event = Event(messages[place])
        if any(one.pattern.matches_event(event) for one in filters):
            found.append((events[place][0], event))
    return found
