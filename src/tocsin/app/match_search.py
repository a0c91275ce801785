"""The events of a group that a pattern matches, searched back from now for as long as it may take.

Rule: what is found is all there is in the stretch that is said to have been searched; where the budget ends before the
stretch does, it says how far it came. A pattern that names events is asked of CloudTrail records alone, which the index
knows. Spec: CON-4.0 (B), CON-4.7, CON-4.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.log_group import require_group
from tocsin.core.log_event import EventPlace, LogEvent, Term
from tocsin.core.message_projection import MessageProjection
from tocsin.core.pattern import FilterPattern, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

BLOCKS = 150
SECONDS = 0.8
"""What one search may cost."""

# So many blocks are opened between two looks at the clock, where the index knows which. Where all events are looked
# at it is one, a thousand events at most.
_STEP_BLOCKS = 8
_BLOCK_EVENTS = 1_000
_ALL = 1_000_000


class Matches(NamedTuple):
    """The events that match, in no order; `searched_back_to` is the place down to which all of them are known.

    None where all of the stretch was looked at.
    """

    events: list[LogEvent]
    searched_back_to: EventPlace | None


def search_matches(
    service: Service,
    scope: Scope,
    pattern: str,
    *,
    group: str,
    start: int,
    end: int,
    before: EventPlace | None = None,
    blocks: int = BLOCKS,
    seconds: float = SECONDS,
) -> Matches:
    """The events with start <= time < end, in milliseconds, that a pattern matches, until the budget is spent.

    `before` is where an earlier search ended. PatternError, or NotFoundError for a group that is not there.
    """
    compiled = FilterPattern.parse(pattern)
    began = service.clock.monotonic()
    budget = _Budget(blocks, lambda: service.clock.monotonic() - began < seconds)
    with service.store.read() as store:
        oldest = require_group(store, scope, group).oldest(service.now_ms())
        search = _Search(
            store, scope, group, start=start if oldest is None else max(start, oldest), end=end, before=before
        )
        names = compiled.index_keys
        found, reached = _taken(search.everything() if names is None else search.named(sorted(names)), compiled, budget)
    # What lies below the place is not all known.
    return Matches([event for event in found if reached is None or event.place >= reached], reached)


class _Budget:
    def __init__(self, blocks: int, has_time: Callable[[], bool]) -> None:
        self._blocks = blocks
        self._has_time = has_time

    def spend(self, blocks: int) -> bool:
        """Note that so many blocks were opened; whether there may be more."""
        self._blocks -= blocks
        return self._blocks > 0 and self._has_time()


class _Step(NamedTuple):
    """The events that a step back has found in one of several searches, and how far that has come.

    `reached` is None where that search is at its end. `blocks` is what the step may have opened; `is_first_round` says
    that there are searches that were not begun.
    """

    search: str
    events: Sequence[LogEvent]
    reached: EventPlace | None
    blocks: int
    is_first_round: bool = False


def _taken(steps: Iterator[_Step], pattern: FilterPattern, budget: _Budget) -> tuple[list[LogEvent], EventPlace | None]:
    """The events that match, and the place down to which all of them are known."""
    found: list[LogEvent] = []
    reached: dict[str, EventPlace | None] = {}
    projection = MessageProjection([pattern]) if isinstance(pattern.tree, tree.Json) else None
    for step in steps:
        events = step.events
        if projection is not None:
            events = [events[place] for place in projection.candidates([event.message for event in events])]
        found += (event for event in events if pattern.matches(event.message))
        reached[step.search] = step.reached
        if not budget.spend(step.blocks) and not step.is_first_round:
            break
    return found, max((place for place in reached.values() if place is not None), default=None)


class _Search:
    """Steps back through the events of a group."""

    def __init__(
        self, store: StoreReader, scope: Scope, group: str, *, start: int, end: int, before: EventPlace | None
    ) -> None:
        self._store = store
        self._scope = scope
        self._group = group
        self._start = start
        self._end = end
        self._before = before

    def named(self, names: Sequence[str]) -> Iterator[_Step]:
        """The events of each name, by the index: a search for each, which end at about the same time."""
        places: dict[str, EventPlace | None] = dict.fromkeys(names, self._before)
        waiting = list(names)
        blocks = max(1, _STEP_BLOCKS // max(1, len(names)))
        while places:
            # First each of them once, then always the one that has come least far.
            name = waiting.pop() if waiting else max(places, key=lambda one: places[one] or _LATEST)
            found = self._store.logs.look_up(
                self._scope,
                [Term("event_name", name)],
                group=self._group,
                start=self._start,
                end=self._end,
                before=places[name],
                limit=_ALL,
                blocks=blocks,
            )
            places[name] = found.searched_back_to
            if found.searched_back_to is None:
                del places[name]
            yield _Step(name, found.events, found.searched_back_to, blocks, is_first_round=bool(waiting))

    def everything(self) -> Iterator[_Step]:
        """All events."""
        place = self._before
        while True:
            found = self._store.logs.events(
                self._scope,
                self._group,
                start=self._start,
                end=self._end,
                after=place,
                descending=True,
                limit=_BLOCK_EVENTS,
            )
            place = found[-1].place if len(found) == _BLOCK_EVENTS else None
            yield _Step("", found, place, 1)
            if place is None:
                return


_LATEST = EventPlace(2**62, 0)
