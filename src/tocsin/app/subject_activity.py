"""What an actor did, what came from an address, what happened to a resource. Spec: CON-4.6, CON-4.0 (X2, X5).

Rule: calls are counted from sums by the hour where there are any, so a count costs the same however much there was;
records are read up to a number, and what was not read is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.event_filter import EventFilters
from tocsin.app.event_search import FoundEvent, Retention
from tocsin.core.activity import COMPANIONS, HOUR_MS, Companions, Outcomes
from tocsin.core.event import Event
from tocsin.core.log_event import EventPlace, Sighting, Term
from tocsin.core.notification.call import DENIED, FAILED
from tocsin.core.record_category import is_read
from tocsin.core.record_term import event_terms, record_terms
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader

MOST_ROWS: Final = 1_000
"""Records of a span that are read; of further ones it is known how many there are."""

MOST_BLOCKS: Final = 50
"""Blocks that are opened for them."""

MOST_COMPANIONS: Final = 20

# So many of the newest records are looked at for alarms that count them.
_MOST_COUNTED = 500


class ActivityRow(msgspec.Struct, frozen=True):
    """A record of a subject, whether it tells of reading alone, and the alarms that count it."""

    found: FoundEvent
    is_read: bool
    alarms: tuple[str, ...] = ()


class SubjectActivity(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a subject in since <= time < until, milliseconds since the epoch.

    `rows` are its records, newest first; `is_complete` says that they are all. `outcomes` are of the whole span where
    `are_counted`, else of the rows. `companions` is what it was seen with, by kind of term.
    """

    scope: Scope
    term: Term
    seen: Sighting
    since: int
    until: int
    rows: tuple[ActivityRow, ...]
    is_complete: bool
    outcomes: Outcomes
    are_counted: bool
    companions: dict[str, Companions]

    @property
    def alarm_names(self) -> list[str]:
        """The alarms that count any of the rows."""
        return sorted({name for row in self.rows for name in row.alarms})


def find_subject(service: Service, scopes: Sequence[Scope], term: Term) -> tuple[Scope, Sighting] | None:
    """The first of these scopes in which a record has a term, and when it was seen there; None where none has."""
    with service.store.read() as store:
        for scope in scopes:
            seen = store.logs.sighting(scope, term)
            if seen is not None:
                return scope, seen
    return None


def names_like(service: Service, scopes: Sequence[Scope], term: Term, *, limit: int = 5) -> list[str]:
    """Values of the same kind that hold the last part of a value that no record has."""
    part = term.value.rpartition("/")[2].rpartition(":")[2] or term.value
    with service.store.read() as store:
        found = [
            value for scope in scopes for value in store.logs.term_values(scope, term.kind, holding=part, limit=limit)
        ]
    return list(dict.fromkeys(found))[:limit]


def read_activity(
    service: Service, scope: Scope, term: Term, seen: Sighting, *, since: int, until: int, most: int = MOST_ROWS
) -> SubjectActivity:
    """The activity of a subject in a span, at `most` so many rows of it.

    Sums are of whole hours: a span that is to be counted begins with one.
    """
    with service.store.read() as store:
        rows, is_complete = _rows(service, store, scope, term, since=since, until=until, limit=most)
        is_summed = term.kind in COMPANIONS and since % HOUR_MS == 0
        if is_complete or not is_summed:
            outcomes = _outcomes(rows)
        else:
            outcomes = Outcomes()
            for hour in store.logs.activity(scope, term, since=since, until=until):
                outcomes = outcomes.plus(hour.outcomes)
        companions = {
            kind: store.logs.companions(scope, term, kind, since=since, until=until, limit=MOST_COMPANIONS)
            for kind in COMPANIONS.get(term.kind, ())
        }
    return SubjectActivity(
        scope=scope,
        term=term,
        seen=seen,
        since=since,
        until=until,
        rows=tuple(rows),
        is_complete=is_complete,
        outcomes=outcomes,
        are_counted=is_complete or is_summed,
        companions=companions,
    )


def subject_events(
    service: Service, scope: Scope, term: Term, *, before: EventPlace | None = None, limit: int
) -> tuple[list[FoundEvent], EventPlace | None]:
    """Records of a subject, newest first, and where the next ones begin; None where these were the last."""
    with service.store.read() as store:
        found = store.logs.look_up(scope, [term], before=before, limit=limit, blocks=MOST_BLOCKS)
        retention = Retention(service, store)
        alive = [event for event in found.events if retention.keeps(scope, event)]
    rows = [FoundEvent(scope, event, record_terms(event.message)) for event in alive]
    return rows, found.searched_back_to


def _rows(
    service: Service, store: StoreReader, scope: Scope, term: Term, *, since: int, until: int, limit: int
) -> tuple[list[ActivityRow], bool]:
    found = store.logs.look_up(scope, [term], start=since, end=until, limit=limit, blocks=MOST_BLOCKS)
    retention = Retention(service, store)
    filters = service.part(EventFilters)
    rows: list[ActivityRow] = []
    for kept in found.events:
        if not retention.keeps(scope, kept):
            continue
        event = Event(kept.message)
        alarms = filters.counted_in(store, scope, kept.group, event) if len(rows) < _MOST_COUNTED else ()
        value = event.value
        reads = is_read(value) if isinstance(value, dict) else None
        rows.append(ActivityRow(FoundEvent(scope, kept, event_terms(event), event), reads is True, alarms))
    return rows, found.searched_back_to is None


def _outcomes(rows: Sequence[ActivityRow]) -> Outcomes:
    results = [row.found.terms.result for row in rows]
    return Outcomes(len(results), results.count(DENIED), results.count(FAILED))
