"""Reading log events: a stream page by page, and searching a group. Spec: WIRE-8.1, FP-11.

Rule: what has expired is not seen, whether it is still there or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.log_group import require_group
from tocsin.app.log_stream import require_stream
from tocsin.core.pattern import FilterPattern, tree

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.app.service import Service
    from tocsin.core.log_event import EventPlace, LogEvent
    from tocsin.core.scope import Scope

MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576

# Events that one search looks at before it answers with what it has (FP-11.5), and of those read at once.
_MOST_EXAMINED = 100_000
_STEP = 2_000


class _Bounds(NamedTuple):
    start: int | None
    end: int | None


def read_stream(
    service: Service,
    scope: Scope,
    group: str,
    stream: str,
    *,
    start: int | None = None,
    end: int | None = None,
    after: EventPlace | None = None,
    before: EventPlace | None = None,
    from_head: bool = False,
    limit: int,
) -> list[LogEvent]:
    """Events of a stream with start <= timestamp < end, by time.

    Those that follow `after`, or those that lead up to `before`; with neither the first ones or the last.
    """
    with service.store.read() as store:
        require_stream(store, scope, group, stream)
        bounds = _visible(require_group(store, scope, group).oldest(service.now_ms()), start, end)
        backward = before is not None or (after is None and not from_head)
        found = store.logs.events(
            scope,
            group,
            streams=[stream],
            start=bounds.start,
            end=bounds.end,
            after=before if backward else after,
            descending=backward,
            limit=limit,
            max_bytes=MOST_BYTES,
        )
    return found[::-1] if backward else found


class EventSearch(NamedTuple):
    """What a search found, and how far it came: None where nothing is left to look at."""

    events: list[LogEvent]
    reached: EventPlace | None


def search_events(
    service: Service,
    scope: Scope,
    group: str,
    *,
    pattern: str = "",
    streams: Collection[str] | None = None,
    stream_prefix: str = "",
    start: int | None = None,
    end: int | None = None,
    after: EventPlace | None = None,
    descending: bool = False,
    limit: int,
) -> EventSearch:
    """Events of a group that a pattern matches, start <= timestamp < end, by time (FP-11)."""
    compiled = FilterPattern.parse(pattern)
    matches = None if isinstance(compiled.tree, tree.All) else compiled.matches
    found: list[LogEvent] = []
    size = examined = 0
    reached = after
    with service.store.read() as store:
        bounds = _visible(require_group(store, scope, group).oldest(service.now_ms()), start, end)
        if stream_prefix:
            streams = [one.name for one in store.logs.streams(scope, group, prefix=stream_prefix)]
        while examined < _MOST_EXAMINED:
            step = store.logs.events(
                scope,
                group,
                streams=streams,
                start=bounds.start,
                end=bounds.end,
                after=reached,
                descending=descending,
                limit=min(_STEP, limit + 1) if matches is None else _STEP,
            )
            if not step:
                return EventSearch(found, None)
            examined += len(step)
            for event in step:
                if matches is None or matches(event.message):
                    size += len(event.message.encode())
                    if found and (len(found) == limit or size > MOST_BYTES):
                        return EventSearch(found, reached)
                    found.append(event)
                reached = event.place
    return EventSearch(found, reached)


def _visible(oldest: int | None, start: int | None, end: int | None) -> _Bounds:
    if oldest is not None:
        start = oldest if start is None else max(start, oldest)
    return _Bounds(start, end)
