"""What an actor or an address has done, hour by hour, and with what it was seen. Spec: CON-4.0 (X5).

Rule: counts are sums, so that those of blocks can be added, and taken back when a block goes. Times are those of the
log events, in milliseconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.notification.call import DENIED, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.core.log_event import Term
    from tocsin.core.record_term import RecordTerms

HOUR_MS: Final = 3_600_000

COMPANIONS: Final[dict[str, tuple[str, ...]]] = {"actor": ("address", "event_name", "key"), "address": ("actor",)}
"""Kinds of terms whose activity is counted, and what is noted beside each of them."""


class Outcomes(NamedTuple):
    """Calls, and how many of them were denied or failed otherwise."""

    calls: int = 0
    denied: int = 0
    failed: int = 0

    def plus(self, other: Outcomes) -> Outcomes:
        """Both together."""
        return Outcomes(self.calls + other.calls, self.denied + other.denied, self.failed + other.failed)


class ActiveHour(NamedTuple):
    """The calls of an hour; `start` is its beginning."""

    start: int
    outcomes: Outcomes


class Companion(msgspec.Struct, frozen=True, kw_only=True):
    """What something was seen with: the address of an actor, for example.

    `first` and `last` are when both stood in one record for the first and the last time at all; `outcomes` are of the
    hours that were asked for.
    """

    value: str
    first: int
    last: int
    outcomes: Outcomes


class Companions(msgspec.Struct, frozen=True, kw_only=True):
    """What something was seen with in some hours, last seen first. Of `total` the first are `shown`.

    Where there was too much to count, `is_complete` is false, and what is told is of the newest hours.
    """

    shown: tuple[Companion, ...] = ()
    total: int = 0
    is_complete: bool = True


class Counted(NamedTuple):
    """What some records come to. Terms are numbers here, their places in `terms`.

    `hours` has the outcomes of a term beside another one, by the hour since the epoch, and of a term beside itself for
    all that it did; `first` and `last` are when both were seen together.
    """

    terms: list[Term]
    hours: dict[tuple[int, int, int], Outcomes]
    first: dict[tuple[int, int], int]
    last: dict[tuple[int, int], int]


def count_activity(records: Iterable[tuple[int, RecordTerms]]) -> Counted:
    """The activity in some records, each with its time.

    It is done for every record that a store keeps, so two terms are one number while they are counted.
    """
    numbers: dict[Term, int] = {}
    pairs: list[int] = []
    times: list[int] = []
    alike: dict[tuple[int, str], list[int]] = {}
    for time, record in sorted(records, key=itemgetter(0)):
        named = {term.kind: numbers.setdefault(term, len(numbers)) for term in record.terms if term.kind in _NAMED}
        found = [named[kind] << _HALF | named[other] for kind, other in _pairs_of(tuple(named))]
        pairs += found
        times += [time] * len(found)
        alike.setdefault((time // HOUR_MS, record.result), []).extend(found)
    hours: dict[tuple[int, int, int], Outcomes] = {}
    for (hour, result), seen in alike.items():
        for pair, calls in Counter(seen).items():
            key = (pair >> _HALF, pair & _OTHER, hour)
            outcomes = _outcomes(calls, result)
            hours[key] = hours[key].plus(outcomes) if key in hours else outcomes
    return Counted(
        list(numbers),
        hours,
        _taken_apart(dict(zip(reversed(pairs), reversed(times), strict=True))),
        _taken_apart(dict(zip(pairs, times, strict=True))),
    )


@lru_cache(maxsize=256)
def _outcomes(calls: int, result: str) -> Outcomes:
    """Of calls that all came to the same."""
    return Outcomes(calls, calls if result == DENIED else 0, calls if result == FAILED else 0)


_HALF: Final = 32
_OTHER: Final = (1 << _HALF) - 1


def _taken_apart(times: dict[int, int]) -> dict[tuple[int, int], int]:
    return {(pair >> _HALF, pair & _OTHER): time for pair, time in times.items()}


_NAMED: Final = frozenset((*COMPANIONS, *(kind for kinds in COMPANIONS.values() for kind in kinds)))


@cache
def _pairs_of(kinds: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Of the kinds of terms that a record has: which is counted beside which."""
    return tuple(
        (kind, other)
        for kind, others in COMPANIONS.items()
        if kind in kinds
        for other in (kind, *others)
        if other in kinds
    )


class ActivityOfTerm:
    """The activity of one term: what a store has counted, and records that it has not, put together.

    `hours` are the first and the last hour, counted from the epoch, that are asked for.
    """

    def __init__(self, term: Term, uncounted: Iterable[tuple[int, RecordTerms]], hours: tuple[int, int]) -> None:
        require_counted(term.kind)
        self._term = term
        self._first, self._last = hours
        self._counted = count_activity(one for one in uncounted if term in one[1].terms)

    def by_hour(self, counted: Mapping[int, Outcomes]) -> list[ActiveHour]:
        """The hours in which there was any, oldest first."""
        found = dict(counted)
        for (number, other), hour, outcomes in self._hours():
            if number == other:
                found[hour] = found.get(hour, Outcomes()).plus(outcomes)
        return [ActiveHour(hour * HOUR_MS, found[hour]) for hour in sorted(found)]

    def values(self, kind: str) -> set[str]:
        """What of a kind stood beside it in the records that were not counted."""
        terms = self._counted.terms
        return {terms[other].value for (_, other), _, _ in self._hours() if terms[other].kind == kind}

    def companions(
        self, kind: str, counted: Mapping[str, Companion], *, limit: int, is_complete: bool = True
    ) -> Companions:
        """What of a kind it was seen with. `counted` has all `values`, even if not of these hours."""
        require_counted(self._term.kind, kind)
        terms, firsts, lasts = self._counted.terms, self._counted.first, self._counted.last
        found = dict(counted)
        for pair, _, outcomes in self._hours():
            term = terms[pair[1]]
            if term.kind == kind:
                known = found.get(term.value)
                found[term.value] = Companion(
                    value=term.value,
                    first=firsts[pair] if known is None else min(known.first, firsts[pair]),
                    last=lasts[pair] if known is None else max(known.last, lasts[pair]),
                    outcomes=outcomes if known is None else known.outcomes.plus(outcomes),
                )
        ordered = sorted(found.values(), key=lambda one: (-one.last, one.value))
        return Companions(shown=tuple(ordered[:limit]), total=len(found), is_complete=is_complete)

    def _hours(self) -> Iterator[tuple[tuple[int, int], int, Outcomes]]:
        """Pair, hour and outcomes of the hours that are asked for."""
        for (number, other, hour), outcomes in self._counted.hours.items():
            if self._counted.terms[number] == self._term and self._first <= hour <= self._last:
                yield (number, other), hour, outcomes


def require_counted(kind: str, companion: str | None = None) -> None:
    """Raise ValueError for a kind of term whose activity is not counted, alone or beside that of another kind."""
    if companion is None:
        if kind not in COMPANIONS:
            raise ValueError(f"no activity of a term of kind {kind!r} is counted")
    elif companion not in COMPANIONS.get(kind, ()):
        raise ValueError(f"no {companion!r} is counted beside a term of kind {kind!r}")


def hours_within(since: int, until: int) -> tuple[int, int]:
    """The first and the last hour, counted from the epoch, of since <= time < until in milliseconds."""
    return since // HOUR_MS, (until - 1) // HOUR_MS
