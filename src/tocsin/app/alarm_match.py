"""The records that an alarm counted, found by the index. Spec: AL-18.6, AL-19.1, CON-4.4, CON-4.0 (B).

Rule: bounded. A filter that names its events is asked of records with those names alone; of any other so many log
events are looked at and no more. What was not looked at is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_event import FeedingFilters, matching_events
from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.event import Event
    from tocsin.core.log_event import LogEvent
    from tocsin.core.metric_filter import CompiledFilter
    from tocsin.core.scope import Scope

MOST_EXAMINED: Final = 4_000
"""Log events that are looked at for a filter whose pattern names no events."""

MOST_BLOCKS: Final = 24
"""Blocks of the store that are opened for a search."""

# Names that are looked for one by one; a filter with more is asked of everything.
_MOST_NAMES: Final = 40


class Match(NamedTuple):
    """A record that was counted: the log event, and what it says."""

    kept: LogEvent
    event: Event


class Matches(NamedTuple):
    """Records that were counted, newest first. `is_complete` is false where there may be more."""

    found: tuple[Match, ...] = ()
    is_complete: bool = True


def feeds(service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm) -> bool:
    """Whether a metric filter publishes what an alarm reads."""
    return bool(service.part(FeedingFilters).of(store, scope, alarm.keys))


def find_matches(
    service: Service,
    store: StoreReader,
    scope: Scope,
    alarm: MetricAlarm,
    *,
    start: int,
    end: int,
    limit: int,
    blocks: int = MOST_BLOCKS,
) -> Matches:
    """What the filters of an alarm counted in start <= time < end, milliseconds since the epoch: the newest `limit`."""
    feeding = service.part(FeedingFilters).of(store, scope, alarm.keys)
    span = _Span(start, end, limit + 1, max(1, blocks // max(1, len(feeding))))
    found: list[Match] = []
    is_complete = True
    for group, filters in feeding.items():
        events, is_all = _candidates(store, scope, group, filters, span)
        is_complete = is_complete and is_all
        found += (Match(kept, event) for kept, event in matching_events(events, filters, alarm.keys, scope))
    found.sort(key=lambda match: match.kept.place, reverse=True)
    return Matches(tuple(found[:limit]), is_complete and len(found) <= limit)


class _Span(NamedTuple):
    """What is searched: times in milliseconds, how many events are wanted, and what that may cost."""

    start: int
    end: int
    wanted: int
    blocks: int


def _candidates(
    store: StoreReader, scope: Scope, group: str, filters: Sequence[CompiledFilter], span: _Span
) -> tuple[list[LogEvent], bool]:
    """Events of a group among which those that the filters count are, newest first, and whether these are all."""
    names: set[str] = set()
    for one in filters:
        keys = one.pattern.index_keys
        if keys is None or len(names | keys) > _MOST_NAMES:
            found = store.logs.events(
                scope, group, start=span.start, end=span.end, descending=True, limit=MOST_EXAMINED
            )
            return found, len(found) < MOST_EXAMINED
        names |= keys
    events: list[LogEvent] = []
    is_all = True
    for name in sorted(names):
        seen = store.logs.look_up(
            scope,
            (Term("event_name", name),),
            group=group,
            start=span.start,
            end=span.end,
            limit=span.wanted,
            blocks=max(1, span.blocks // len(names)),
        )
        events += seen.events
        is_all = is_all and seen.searched_back_to is None
    events.sort(key=lambda event: event.place, reverse=True)
    return events, is_all
