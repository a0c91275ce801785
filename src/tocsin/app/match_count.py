"""How often a pattern has matched what is in the store, counted back from now for as long as it may take.

Rule: a count holds for the whole stretch that is said to have been searched; where the budget ends before the stretch
does, it says how far it came.
Spec: CON-4.0 (B), CON-4.7, CON-4.10 (Rules).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.match_search import BLOCKS, SECONDS, search_matches
from tocsin.core.log_event import EventPlace, LogEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope

_NEWEST = 5


class MatchCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many events matched, by interval; `newest` are the last of them, the newest first.

    `searched_back_to` is the time in milliseconds down to which everything was looked at, None where all of it was.
    """

    counts: tuple[int, ...]
    newest: tuple[LogEvent, ...] = ()
    searched_back_to: EventPlace | None = None

    @property
    def total(self) -> int:
        """The matches of all intervals."""
        return sum(self.counts)


def count_matches(
    service: Service,
    scope: Scope,
    pattern: str,
    *,
    group: str,
    edges: Sequence[int],
    before: EventPlace | None = None,
    blocks: int = BLOCKS,
    seconds: float = SECONDS,
) -> MatchCount:
    """Count the events of a group that a pattern matches, newest first, until the budget is spent.

    `edges` are the bounds of the intervals in milliseconds, ascending: interval n is edges[n] <= time < edges[n + 1].
    `before` is where an earlier count ended. PatternError, or NotFoundError for a group that is not there.
    """
    found = search_matches(
        service,
        scope,
        pattern,
        group=group,
        start=edges[0],
        end=edges[-1],
        before=before,
        blocks=blocks,
        seconds=seconds,
    )
    counts = [0] * (len(edges) - 1)
    for event in found.events:
        counts[bisect_right(edges, event.timestamp) - 1] += 1
    newest = sorted(found.events, key=lambda event: event.place, reverse=True)[:_NEWEST]
    return MatchCount(counts=tuple(counts), newest=tuple(newest), searched_back_to=found.searched_back_to)
