"""Many events in few lines: equal ones folded, the rest counted.

Rule: nothing is dropped without being counted, and the answer does not depend on the order in which
the events come. First stand calls that took effect, then those that were refused; among each the newest
first. Frequency is printed, but does not order: otherwise a flood of one harmless call, which costs an
attacker nothing, would push the one call that matters out of the mail. Spec: AL-19.1, R-1.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tocsin.core.notification.call import DONE
from tocsin.core.notification.event import EventSummary

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_EVENTS = 50
"""The largest value of `alarm.events_in_message` (AL-19.1)."""

_Key = TypeVar("_Key", str, tuple[str, str, str])

# Ids of the records of one fold that are told.
_MOST_IDS = 3

# Lines that count what is not shown.
_MOST_COUNTED = 5


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are equal but for their time, id and wording: the newest of them, and how many.

    `first` and `last` are seconds since the epoch, `event_ids` the newest three ids. `varying` names
    what is not the same in all of them: `user_agent`, `error_message`, `access_key`.
    """

    event: EventSummary
    count: int
    first: int
    last: int
    event_ids: tuple[str, ...]
    varying: frozenset[str] = frozenset()


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """Events that are not shown: what they were, and how many."""

    event_name: str
    actor: str
    result: str
    count: int


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of the events behind an alarm.

    `total` counts all of them, `known` those that were at hand. Of those in no fold `tails` counts the
    most frequent kinds and `others` the rest, among them events that were not kept. `actors` are who
    called, most often first, each with a number. `first` and `last` are seconds since the epoch, None
    where no event is known.
    """

    folds: tuple[Fold, ...] = ()
    total: int = 0
    known: int = 0
    tails: tuple[Tail, ...] = ()
    others: int = 0
    actors: tuple[tuple[str, int], ...] = ()
    first: int | None = None
    last: int | None = None


def fold_events(events: Iterable[EventSummary], *, limit: int = 10, total: int | None = None) -> Folding:
    """Fold equal events; `limit` folds are shown (0 to 50), the others counted (AL-19.1).

    `total` is the number of events where more happened than are given; a smaller one than are given
    is not believed.
    """
    groups: dict[tuple[object, ...], list[EventSummary]] = {}
    for event in events:
        groups.setdefault(_sameness(event), []).append(event)
    known = sum(map(len, groups.values()))
    folds = sorted(map(_fold, groups.values()), key=_rank)
    shown = folds[: max(0, min(limit, MOST_EVENTS))]
    actors = _count((fold.event.actor, fold.count) for fold in folds)
    rest = _count(
        ((fold.event.event_name, fold.event.actor, fold.event.result), fold.count) for fold in folds[len(shown) :]
    )
    tails = tuple(
        Tail(event_name=name, actor=actor, result=result, count=count)
        for (name, actor, result), count in rest[:_MOST_COUNTED]
    )
    whole = max(known, total or 0)
    return Folding(
        folds=tuple(shown),
        total=whole,
        known=known,
        tails=tails,
        others=whole - sum(fold.count for fold in shown) - sum(tail.count for tail in tails),
        actors=tuple(actors),
        first=min((fold.first for fold in folds), default=None),
        last=max((fold.last for fold in folds), default=None),
    )


def _sameness(event: EventSummary) -> tuple[object, ...]:
    """What makes two events equal in the eyes of a reader. Wording that varies from call to call takes no part."""
    return (
        *(event.event_name, event.event_source, event.result, event.error_code),
        *(event.identity_type, event.principal, event.role, event.session, event.note, event.mfa),
        *(event.account, event.region, event.source_address),
        *(event.resource, event.deed if event.result == DONE else "", event.changes),
    )


def _fold(group: list[EventSummary]) -> Fold:
    group.sort(key=_newest_first)
    return Fold(
        event=group[0],
        count=len(group),
        first=group[-1].second,
        last=group[0].second,
        event_ids=tuple(dict.fromkeys(event.event_id for event in group[: 2 * _MOST_IDS] if event.event_id))[
            :_MOST_IDS
        ],
        varying=frozenset(
            name
            for name in ("user_agent", "error_message", "access_key")
            if any(getattr(event, name) != getattr(group[0], name) for event in group)
        ),
    )


def _newest_first(event: EventSummary) -> tuple[object, ...]:
    return (-event.second, event.event_id, event.user_agent, event.error_message, event.access_key, event.deed)


def _rank(fold: Fold) -> tuple[object, ...]:
    return (fold.event.result != DONE, -fold.last, -fold.count, *map(str, _sameness(fold.event)))


def _count(pairs: Iterable[tuple[_Key, int]]) -> list[tuple[_Key, int]]:
    """The sums by key, the largest first."""
    counts: Counter[_Key] = Counter()
    for key, count in pairs:
        counts[key] += count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
